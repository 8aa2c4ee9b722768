"""A price or an equity over time, kept small: the extremes of each of a fixed number of equal intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

import attrs

from surefill.wiring import Candle, Quote

INTERVALS: Final = 1_500
"""About as many as a picture has columns: more would draw the same."""


@attrs.define
class Interval:
    """What a value did in one interval; `at_ms` is when it ended it."""

    at_ms: int
    low: Decimal
    high: Decimal
    last: Decimal


@attrs.define
class Track:
    """A value from `first_ms` to `last_ms`; what lies beyond counts into the first or last interval.

    Attributes:
        first_ms: where the first interval begins.
        last_ms: where the last one ends.
    """

    first_ms: int
    last_ms: int
    _intervals: dict[int, Interval] = attrs.field(factory=dict[int, Interval])

    @property
    def intervals(self) -> Iterator[Interval]:
        """Yield the intervals that saw a value, in order of time."""
        return (self._intervals[place] for place in sorted(self._intervals))

    def add(self, at_ms: int, value: Decimal) -> None:
        """Take in that the value was *value* at a moment."""
        span_ms = max(1, self.last_ms - self.first_ms + 1)
        place = min(INTERVALS - 1, max(0, (at_ms - self.first_ms) * INTERVALS // span_ms))
        interval = self._intervals.get(place)
        if interval is None:
            self._intervals[place] = Interval(at_ms, value, value, value)
            return
        interval.at_ms, interval.last = at_ms, value
        interval.low, interval.high = min(interval.low, value), max(interval.high, value)

    def watch(self, feed: Iterable[Quote | Candle]) -> Iterator[Quote | Candle]:
        """Pass *feed* on, taking in its prices: the last one, or the bid."""
        for item in feed:
            if isinstance(item, Candle):
                middle_ms = (item.open_ms + item.close_ms) // 2
                self.add(item.open_ms, item.open)
                self.add(middle_ms, item.low)
                self.add(middle_ms, item.high)
                self.add(item.close_ms, item.close)
            elif item.last is not None:
                self.add(item.at_ms, item.last)
            elif item.bid is not None:
                self.add(item.at_ms, item.bid)
            yield item
