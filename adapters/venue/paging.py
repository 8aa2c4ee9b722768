"""Time windows and pages of the list endpoints."""

from collections.abc import Iterable
from typing import Final, TypeVar

from .parameters import Parameters
from .refusals import Refused

DAY_MS: Final = 86_400_000
SPAN_MOST_MS: Final = 7 * DAY_MS
"""The longest window of one call, and the default when no time is named (Binance docs: All Orders, Account Trades)."""

LIMIT_DEFAULT: Final = 500
LIMIT_MOST: Final = 1000

T = TypeVar("T")


def time_span(params: Parameters, now_ms: int) -> tuple[int, int]:
    """Return first and last millisecond of the window asked for, the last seven days by default.

    -1023 when it ends before it starts, -1130 when it is longer than seven days.
    """
    start_ms, end_ms = params.optional_integer("startTime"), params.optional_integer("endTime")
    if start_ms is None and end_ms is None:
        return now_ms - SPAN_MOST_MS, now_ms
    if start_ms is None:
        start_ms = max(int(end_ms or 0) - SPAN_MOST_MS, 0)
    if end_ms is None:
        end_ms = min(start_ms + SPAN_MOST_MS, now_ms)
        return start_ms, max(end_ms, start_ms)
    if start_ms > end_ms:
        raise Refused(-1023)
    if end_ms - start_ms > SPAN_MOST_MS:
        raise Refused(-1130, "startTime")
    return start_ms, end_ms


def oldest(rows: Iterable[T], limit: int) -> list[T]:
    """Return the first *limit* rows: what follows a given id is read forward."""
    return list(rows)[:limit]


def newest(rows: Iterable[T], limit: int) -> list[T]:
    """Return the last *limit* rows, still oldest first: what is asked by time ends at its end."""
    return list(rows)[-limit:]
