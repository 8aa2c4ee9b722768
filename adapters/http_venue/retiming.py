"""Recorded market data, played as if it happened now, at its own pace or faster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import cast

import attrs

from ...domain.errors import ValidationError
from ..venue.quotes import Candle, Quote


def retimed(feed: Iterable[Quote | Candle], start_ms: int, speed: Decimal = Decimal(1)) -> Iterator[Quote | Candle]:
    """Return *feed* moved in time so that it begins at *start_ms* and passes *speed* times as fast.

    Only the market is hurried: the exchange's clock goes on with the world's, as signatures need it. Errors of the feed
    pass through.

    Raises:
        ValidationError: *speed* is not above 0; later, when a candle would last less than two milliseconds.
    """
    if not isinstance(cast("object", speed), Decimal) or not speed.is_finite() or speed <= 0:
        raise ValidationError("speed", f"must be a Decimal above 0, was {speed!r}")
    return _retimed(feed, start_ms, Fraction(speed))


def _retimed(feed: Iterable[Quote | Candle], start_ms: int, speed: Fraction) -> Iterator[Quote | Candle]:
    first_ms: int | None = None
    for item in feed:
        at_ms = item.at_ms if isinstance(item, Quote) else item.open_ms
        if first_ms is None:
            first_ms = at_ms
        moved_ms = start_ms + int((at_ms - first_ms) / speed)
        if isinstance(item, Quote):
            yield attrs.evolve(item, at_ms=moved_ms)
            continue
        close_ms = start_ms + int((item.close_ms + 1 - first_ms) / speed) - 1
        if close_ms <= moved_ms:
            raise ValidationError("speed", f"makes candles of less than 2 ms at {item.open_ms}; play it slower")
        yield attrs.evolve(item, open_ms=moved_ms, close_ms=close_ms)
