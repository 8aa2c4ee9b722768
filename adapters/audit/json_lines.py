"""The audit log on disk."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from loguru import logger

from ...domain.audit_record import AuditRecord
from ...domain.errors import JournalError
from ..private_folder import make_private_folder, sync_folder
from .line import day_of, line_of
from .part import Part, UnusableError
from .shorthand import Shorthand

_TAG = re.compile(r"[A-Za-z0-9_-]{1,64}")
PARTS_MAX = 64
"""Files one process may begin for one day before it gives up: each one stands for a file it found held or damaged."""


class JsonLinesAudit(Shorthand):
    """One JSON object a line, one file a UTC day and process: ``audit-2026-11-22-<tag>.jsonl``.

    The day is that of the record, not of the machine. Every line has ``seq``, one more than the line before, from 1;
    and ``prev_hash``, the SHA-256 of the line before without its newline (64 zeros in the first), so that a missing
    or changed line shows. A line is one write at the end of the file: it survives the death of the process at once,
    and a loss of power only with *sync* (one fsync a line). Files are 0600; folders that are made are 0700.

    A file found with a torn last line is repaired when it is opened: the torn bytes go to a ``.torn`` file beside it,
    the chain goes on. A file that another owner holds, or whose end is no line of ours, is left alone, and
    ``…-<tag>.2.jsonl`` is begun. A file deleted, replaced or cut under us is opened anew.

    Safe to use from many threads. A process forked from the owner must open its own: with the parent's it gets a
    JournalError.

    Args:
        folder: made when missing, with the first record.
        tag: names the writer in the file's name; the process id unless given. Letters, digits, ``_`` and ``-``, at
            most 64.
        sync: whether each line is on the disk before `write` returns.
    """

    def __init__(self, folder: str | os.PathLike[str], *, tag: str | None = None, sync: bool = False) -> None:
        self._pid = os.getpid()
        self._tag = str(self._pid) if tag is None else tag
        if _TAG.fullmatch(self._tag) is None:
            raise ValueError(f"tag: must be 1 to 64 letters, digits, '_' and '-', was {tag!a}")
        self._folder = Path(folder)
        self._sync = sync
        self._lock = threading.Lock()
        self._day = ""
        self._part: Part | None = None
        self._failed = False
        self._closed = False

    @property
    def failed(self) -> bool:
        """Whether the last record could not be kept. The next `write` tries again, on a file opened anew."""
        return self._failed

    @property
    def path(self) -> Path | None:
        """The file written to last; None before the first record and after a failure."""
        part = self._part
        return None if part is None else part.path

    def write(self, record: AuditRecord) -> None:
        """Keep one record.

        Raises:
            JournalError: it was not kept, and no part of it is left in the file; or the log was closed.
        """
        if os.getpid() != self._pid:
            raise JournalError("the audit log belongs to the process that opened it; open one of its own after a fork")
        with self._lock:
            if self._closed:
                raise JournalError("the audit log was closed; open a new one")
            day = day_of(record.at_ms)
            try:
                part = self._part_of(day)
                part.append(line_of(record, part.seq + 1, part.prev_hash), sync=self._sync)
            except OSError as error:
                self._failed = True
                self._release()
                raise JournalError(
                    f"the audit log in {self._folder} cannot be written: {error}; check space and rights on that disk"
                ) from error
            self._failed = False

    def close(self) -> None:
        """Release the file; closing twice is harmless."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            self._closed = True
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _part_of(self, day: str) -> Part:
        part = self._part
        if part is not None and day == self._day:
            if part.intact:
                return part
            logger.warning("audit: {} was deleted, replaced or changed by somebody else; it is opened anew", part.path)
        self._release()
        part = self._begin(day)
        self._part, self._day = part, day
        return part

    def _begin(self, day: str) -> Part:
        make_private_folder(self._folder)
        for number in range(1, PARTS_MAX + 1):
            suffix = "" if number == 1 else f".{number}"
            try:
                part = Part.open(self._folder / f"audit-{day}-{self._tag}{suffix}.jsonl")
            except UnusableError as problem:
                logger.warning("audit: {}; the next file is tried", problem)
                continue
            self._settle(part)
            return part
        raise OSError(f"none of the {PARTS_MAX} files of {day} with the tag {self._tag} could be used")

    def _settle(self, part: Part) -> None:
        """Put the name of a file on the disk, when every line is to be there."""
        try:
            if self._sync:
                sync_folder(self._folder)
        except OSError:
            part.close()
            raise

    def _release(self) -> None:
        part, self._part = self._part, None
        if part is not None:
            part.close()
