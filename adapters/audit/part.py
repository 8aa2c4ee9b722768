"""One open file of the audit log: appended to by whole lines, repaired when it is opened."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from pathlib import Path
from typing import cast

import attrs
from loguru import logger

from .line import FIRST_PREV_HASH, LINE_BYTES_MAX, hash_of

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_MODE = 0o600
_TAIL_BYTES = 2 * LINE_BYTES_MAX
"""Holds the last whole line and a torn one after it."""


class UnusableError(Exception):
    """This file is held by another owner, or damaged: it cannot be continued, but another beside it can be begun."""


@attrs.define
class Part:
    """A file of the audit log that this process alone writes to.

    Attributes:
        path: where it lies.
        seq: number of its last line; 0 while empty.
        prev_hash: what the next line must carry.
    """

    path: Path
    seq: int
    prev_hash: str
    _fd: int
    _size: int
    _identity: tuple[int, int]

    @classmethod
    def open(cls, path: Path) -> Part:
        """Open or create *path*, move a torn last line aside, and find the end of the chain.

        Raises:
            UnusableError: another owner holds it, or its end is not a line of the audit log.
            OSError: the system refused.
        """
        fd = os.open(path, _FLAGS, _MODE)
        try:
            _lock(fd, path)
            os.fchmod(fd, _MODE)  # a file that was there may be open to others
            status = os.fstat(fd)
            size = _without_torn_line(fd, path, status.st_size)
            seq, prev_hash = _end_of_chain(fd, path, size)
        except BaseException:
            os.close(fd)
            raise
        return cls(path, seq, prev_hash, fd, size, (status.st_dev, status.st_ino))

    @property
    def intact(self) -> bool:
        """Whether the path still names our file and nobody else changed its length."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) == self._identity and status.st_size == self._size

    def append(self, line: bytes, *, sync: bool) -> None:
        """Write *line*, newline last, with one system call; with *sync* down to the disk.

        Raises:
            OSError: it was not written. The file is as it was before, or is repaired when opened the next time: this
                part must not be used again.
        """
        try:
            _write_whole(self._fd, line)
            if sync:
                os.fsync(self._fd)
        except OSError:
            self._take_back()
            raise
        self._size += len(line)
        self.seq += 1
        self.prev_hash = hash_of(line[:-1])

    def close(self) -> None:
        """Release the file and its lock."""
        os.close(self._fd)

    def _take_back(self) -> None:
        try:
            os.ftruncate(self._fd, self._size)
        except OSError as error:
            logger.warning("audit: {} keeps a torn line until it is opened anew: {}", self.path, error)


def _write_whole(fd: int, line: bytes) -> None:
    written = os.write(fd, line)
    if written != len(line):
        raise OSError(f"only {written} of {len(line)} bytes were written")


def _lock(fd: int, path: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UnusableError(f"{path} is being written by another owner") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise UnusableError(f"{path} is not a regular file")


def _without_torn_line(fd: int, path: Path, size: int) -> int:
    """Move what stands after the last newline to a side file; return the size left."""
    start = max(0, size - _TAIL_BYTES)
    tail = os.pread(fd, size - start, start)
    keep = tail.rfind(b"\n") + 1
    if keep == len(tail):
        return size
    if keep == 0 and start > 0:
        raise UnusableError(f"{path} ends with more than {_TAIL_BYTES} bytes that are no line")
    torn = path.with_name(path.name + ".torn")
    logger.warning(
        "audit: the last line of {} was torn by a crash; its {} bytes were moved to {}", path, len(tail) - keep, torn
    )
    aside = os.open(torn, _FLAGS, _MODE)
    try:
        # Copied before it is cut off: a crash in between leaves it twice, never nowhere.
        os.write(aside, tail[keep:] + b"\n")
        os.fsync(aside)
    finally:
        os.close(aside)
    os.ftruncate(fd, start + keep)
    return start + keep


def _end_of_chain(fd: int, path: Path, size: int) -> tuple[int, str]:
    """Return number and hash of the last line of a file that is empty or ends with a newline."""
    if size == 0:
        return 0, FIRST_PREV_HASH
    start = max(0, size - LINE_BYTES_MAX)
    last = os.pread(fd, size - start, start)[:-1].rpartition(b"\n")[2]
    try:
        fields = json.loads(last)
    except (ValueError, RecursionError):
        fields = None
    seq = cast("dict[str, object]", fields).get("seq") if isinstance(fields, dict) else None
    if not isinstance(seq, int) or seq < 1:
        raise UnusableError(f"{path} does not end with a line of the audit log")
    return seq, hash_of(last)
