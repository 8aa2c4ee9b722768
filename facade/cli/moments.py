"""Moments as people write them and as the exchange counts them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from surefill.domain.signal import utc_ms

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = re.compile(r"[0-9]{13}")
_SECONDS = re.compile(r"[0-9]{10}")


def iso(at_ms: int) -> str:
    """Return UTC milliseconds as ISO 8601 with milliseconds and a Z: ``2026-11-22T10:00:00.000Z``."""
    moment = _EPOCH + timedelta(milliseconds=at_ms)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def moment_of(at_ms: int) -> datetime:
    """Return UTC milliseconds as an aware datetime."""
    return _EPOCH + timedelta(milliseconds=at_ms)


def parse_moment(value: object) -> int:
    """Return UTC milliseconds from milliseconds since the epoch (an int or 13 digits) or from aware ISO 8601.

    Anything finer than a millisecond is cut off.

    Raises:
        ValueError: it was neither; the text says what was wrong.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f"must be milliseconds or ISO 8601, was a {type(value).__name__}")
    digits = str(value)
    if _MILLISECONDS.fullmatch(digits):
        return int(digits)
    if _SECONDS.fullmatch(digits):
        raise ValueError(f"must be milliseconds, was {digits}, which looks like seconds; multiply by 1000")
    try:
        moment = datetime.fromisoformat(digits)
    except ValueError:
        raise ValueError(f"must be milliseconds (13 digits) or ISO 8601, was {digits[:40]!a}") from None
    if moment.tzinfo is None:
        raise ValueError(f"must name its time zone, such as {digits[:40]}Z for UTC")
    at_ms = utc_ms(moment)
    if at_ms < 0:
        raise ValueError(f"must not lie before 1970, was {digits[:40]}")
    return at_ms
