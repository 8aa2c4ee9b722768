"""One line of the audit log: which fields, in which order, and never longer than a limit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from typing import cast

from ...domain.audit_record import AuditRecord
from ...domain.errors import JournalError

LINE_BYTES_MAX = 65_536
"""The longest line, its newline included. Longer values are cut, visibly."""
FIELDS = (
    "timestamp",
    "event_type",
    "operation",
    "symbol",
    "order_data",
    "response",
    "signal_id",
    "client_order_id",
    "environment",
    "seq",
    "prev_hash",
)
FIRST_PREV_HASH = "0" * 64
NAME_CHARACTERS_MAX = 512
DEPTH_MAX = 8
_CUTS = (LINE_BYTES_MAX, 2_048, 128)
_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, check_circular=False, separators=(",", ":"))
"""What it gets has been walked through, to a limited depth: it holds no circle."""
_ITSELF = frozenset({str, bool, type(None)})
"""What is its own JSON form, whatever its value; a class derived from one of these need not be."""
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_DAY_MS = 86_400_000


def day_of(at_ms: int) -> str:
    """Return the UTC day of a time, ``YYYY-MM-DD``; a time outside the calendar is a JournalError."""
    return _day(at_ms // _DAY_MS)


def timestamp_of(at_ms: int) -> str:
    """Return a time in ISO 8601, UTC, with milliseconds and a Z."""
    seconds, milliseconds = divmod(at_ms % _DAY_MS, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{day_of(at_ms)}T{minutes // 60:02}:{minutes % 60:02}:{seconds:02}.{milliseconds:03}Z"


def hash_of(line: bytes) -> str:
    """Return what the next line's ``prev_hash`` must be: SHA-256 of this line's bytes without the newline."""
    return sha256(line).hexdigest()


def line_of(record: AuditRecord, seq: int, prev_hash: str) -> bytes:
    """Return *record* as one line of ASCII, newline last.

    Everything beyond printable ASCII is escaped, so that no value can start a new line or reorder what is displayed.
    A line that would be longer than `LINE_BYTES_MAX` is made again with texts and lists cut shorter; each cut says
    what it took away.
    """
    if _is_plain(record.order_data, DEPTH_MAX) and _is_plain(record.response, DEPTH_MAX):
        line = _encoded(record, seq, prev_hash, record.order_data, record.response)
        if len(line) <= LINE_BYTES_MAX:
            return line
    line = b""
    for longest in _CUTS:
        line = _encoded(record, seq, prev_hash, _plain(record.order_data, longest), _plain(record.response, longest))
        if len(line) <= LINE_BYTES_MAX:
            return line
    cut = {"truncated": f"the record was {len(line)} bytes long"}
    return _encoded(record, seq, prev_hash, cut, cut)


def check_keepable(record: AuditRecord) -> None:
    """Raise what `line_of` would raise; what is plain JSON already is not written out for that."""
    day_of(record.at_ms)
    if not (_is_plain(record.order_data, DEPTH_MAX) and _is_plain(record.response, DEPTH_MAX)):
        line_of(record, 1, "")


def _encoded(record: AuditRecord, seq: int, prev_hash: str, order_data: object, response: object) -> bytes:
    names = (record.operation, record.symbol, record.signal_id, record.client_order_id, record.environment)
    operation, symbol, signal_id, client_order_id, environment = [
        name if name is None else _plain(name, NAME_CHARACTERS_MAX) for name in names
    ]
    values = (
        timestamp_of(record.at_ms),
        record.type.value,
        operation,
        symbol,
        order_data,
        response,
        signal_id,
        client_order_id,
        environment,
        seq,
        prev_hash,
    )
    return _ENCODER.encode(dict(zip(FIELDS, values, strict=True))).encode("ascii") + b"\n"


def _is_plain(value: object, depth: int) -> bool:
    """Whether *value* is a JSON object that `_plain` would leave as it is, but for the cuts; most records are."""
    if type(value) is not dict or depth == 0:
        return False
    for key, item in cast("dict[object, object]", value).items():
        kind = type(item)
        if type(key) is not str:
            return False
        if kind in _ITSELF or (kind is int and cast("int", item).bit_length() < 64):
            continue
        if not _is_plain(item, depth - 1):
            return False
    return True


def _plain(value: object, longest: int, depth: int = DEPTH_MAX) -> object:
    """Return *value* as JSON holds it exactly: numbers but small integers as text, unknown things by their type."""
    if type(value) is str:  # most are; an enum may be a text, too, and is not meant here
        return value if len(value) <= longest else _cut(value, longest)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, int):
        return int(value) if value.bit_length() < 64 else f"<integer of {value.bit_length()} bits>"
    if isinstance(value, (str, Decimal, float)):
        return _cut(str(value), longest)
    if depth == 0:
        return "<nested too deeply>"
    if isinstance(value, Mapping):
        return _plain_mapping(cast("Mapping[object, object]", value), longest, depth)
    if isinstance(value, (list, tuple)):
        items = cast("list[object] | tuple[object, ...]", value)
        kept = [_plain(item, longest, depth - 1) for item in items[:longest]]
        return kept if len(kept) == len(items) else [*kept, f"<truncated, {len(items)} items>"]
    # Its text might hold a secret or raise; its type is enough to find the caller's mistake.
    return f"<{type(value).__name__}>"


def _plain_mapping(value: Mapping[object, object], longest: int, depth: int) -> dict[str, object]:
    items = list(value.items())[:longest]
    kept = {
        _cut(key if isinstance(key, str) else f"<{type(key).__name__}>", longest): _plain(item, longest, depth - 1)
        for key, item in items
    }
    if len(value) > longest:
        kept["<truncated>"] = f"{len(value)} entries"
    return kept


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}<truncated, {len(text)} characters>"


@lru_cache(maxsize=16)
def _day(number: int) -> str:
    try:
        return date.fromordinal(_EPOCH_ORDINAL + number).isoformat()
    except (ValueError, OverflowError):
        raise JournalError(f"an audit record needs a time within the calendar, was on day {number}") from None
