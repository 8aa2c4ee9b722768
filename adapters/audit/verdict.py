"""Whether an audit file is whole: every line there, in order, unchanged."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import cast

import attrs

from ...domain.errors import JournalError
from .line import FIELDS, FIRST_PREV_HASH, LINE_BYTES_MAX, hash_of


@attrs.frozen
class AuditVerdict:
    """What `verify` found in one file.

    Attributes:
        lines: sound lines, counted up to the first problem.
        first: timestamp of the first sound line; None when there is none.
        last: timestamp of the last sound line before the first problem.
        problem: what is wrong, for a person; None when the file is whole.
        line: number of the line with the problem, from 1.
    """

    lines: int
    first: str | None
    last: str | None
    problem: str | None = None
    line: int | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.problem is None


def verify(path: str | os.PathLike[str]) -> AuditVerdict:
    """Read one audit file from its first line to its first problem.

    A chain proves that nothing was changed, added or taken out *between* its lines; lines cut off at the end leave no
    trace in the file itself. A line that is being written at that very moment may look torn.

    Raises:
        JournalError: the file cannot be read.
    """
    lines, first, last, prev_hash = 0, None, None, FIRST_PREV_HASH
    try:
        with Path(path).open("rb") as file:
            while line := file.readline(LINE_BYTES_MAX + 1):
                problem, timestamp = _examined(line, lines + 1, prev_hash)
                if problem is not None:
                    return AuditVerdict(lines, first, last, problem, lines + 1)
                lines, first, last, prev_hash = lines + 1, first or timestamp, timestamp, hash_of(line[:-1])
    except OSError as error:
        raise JournalError(f"the audit file {path} cannot be read: {error}") from error
    return AuditVerdict(lines, first, last)


def _examined(line: bytes, number: int, prev_hash: str) -> tuple[str | None, str]:
    """Return what is wrong with *line*, or None, and its timestamp."""
    if len(line) > LINE_BYTES_MAX:
        return f"it is longer than {LINE_BYTES_MAX} bytes", ""
    if not line.endswith(b"\n"):
        return "it is torn: the newline at its end is missing", ""
    fields = fields_of(line)
    if fields is None:
        return "it is not a JSON object", ""
    if tuple(fields) != FIELDS:
        return f"its fields are not those of an audit line: {', '.join(map(ascii, list(fields)[:20]))}", ""
    if fields["seq"] != number:
        return f"its seq should be {number}, was {fields['seq']!a}: lines are missing or out of order", ""
    if fields["prev_hash"] != prev_hash:
        return "its prev_hash is not the hash of the line before: one of the two was changed", ""
    return None, str(fields["timestamp"])


def fields_of(line: bytes) -> dict[str, object] | None:
    """Return the JSON object that *line* holds, or None when it holds none."""
    try:
        found: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, object]", found) if isinstance(found, dict) else None
