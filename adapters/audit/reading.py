"""Reading audit files back, for people and their tools."""

from __future__ import annotations

import heapq
import os
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from loguru import logger

from ...domain.errors import JournalError
from .line import LINE_BYTES_MAX
from .verdict import fields_of

_NAME = re.compile(r"audit-(\d{4}-\d{2}-\d{2})-[A-Za-z0-9_-]{1,64}(?:\.\d+)?\.jsonl")


def audit_files(folder: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Return the audit files in *folder*, oldest day first; empty when there are none.

    Raises:
        JournalError: the folder cannot be read.
    """
    try:
        found = [path for path in Path(folder).iterdir() if _NAME.fullmatch(path.name)]
    except OSError as error:
        raise JournalError(f"the audit folder {folder} cannot be read: {error}") from error
    return tuple(sorted(found, key=lambda path: path.name))


def read(folder: str | os.PathLike[str]) -> Iterator[dict[str, object]]:
    """Yield every record in *folder*, as the fields of its line, in order of time.

    Lines of one file keep their order. Files of different processes are merged by timestamp. A line that is no JSON
    object is passed over with a warning in the log: `verify` tells what is wrong with it.

    Raises:
        JournalError: the folder or a file cannot be read.
    """
    for _, paths in groupby(audit_files(folder), key=lambda path: path.name[:16]):
        yield from heapq.merge(*map(_records, paths), key=lambda fields: str(fields.get("timestamp")))


def _records(path: Path) -> Iterator[dict[str, object]]:
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LINE_BYTES_MAX + 1):
                number += 1
                fields = fields_of(line)
                if fields is None:
                    logger.warning("audit: line {} of {} is passed over: it is no JSON object", number, path)
                else:
                    yield fields
    except OSError as error:
        raise JournalError(f"the audit file {path} cannot be read: {error}") from error
