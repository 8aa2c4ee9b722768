"""Recorded market data of one symbol: read once to the end before it is played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import attrs

from surefill.wiring import (
    Candle,
    CandleCsv,
    FeedError,
    FeedSummary,
    LineReader,
    Quote,
    RawStream,
    candle_csv,
    check,
    raw_stream,
)

Progress = Callable[[int, int], None]
"""Told how much is done, of how much."""

_REPORT_EVERY = 1_000


@attrs.frozen
class MarketData:
    """A file of candles, or of raw stream messages.

    Attributes:
        path: the file, plain or gzipped.
        symbol: whose data is played; other symbols in a stream are left out.
        is_stream: whether it holds stream messages.
    """

    path: Path
    symbol: str
    is_stream: bool

    def feed(self) -> CandleCsv | RawStream:
        """Return a fresh pass over the file."""
        return raw_stream(self.path, self.symbol) if self.is_stream else candle_csv(self.path, self.symbol)

    def check(self, price_decimals: int, progress: Progress | None = None) -> FeedSummary:
        """Read the file to its end and say what it holds.

        Args:
            price_decimals: no price may be finer than the exchange can count.
            progress: told the bytes read and the size of the file now and then.

        Raises:
            FeedError: with file and line, for the first thing that cannot be used.
        """
        feed = self.feed()

        def watched() -> Iterator[Quote | Candle]:
            items: Iterator[Quote | Candle] = iter(feed)
            for count, item in enumerate(items, start=1):
                self._check_grain(item, price_decimals)
                if progress is not None and count % _REPORT_EVERY == 0:
                    progress(feed.bytes_read, feed.total_bytes)
                yield item

        summary = check(watched)
        return attrs.evolve(summary, lines=feed.line, skipped=dict(feed.skipped))

    def _check_grain(self, item: Quote | Candle, price_decimals: int) -> None:
        for price in _prices(item):
            if price is not None and _decimals(price) > price_decimals:
                reason = f"the price {price:f} is finer than the {price_decimals} decimals {self.symbol} is counted in"
                advice = "is this the right symbol, and the right exchangeInfo?"
                raise FeedError(self.path, _line_of(self.path, f"{price:f}"), reason, advice)


def _prices(item: Quote | Candle) -> tuple[Decimal | None, ...]:
    if isinstance(item, Candle):
        return item.open, item.high, item.low, item.close
    return item.last, item.bid, item.ask, item.mark


def _line_of(path: Path, text: str) -> int | None:
    """Return the first line that holds *text*: a feed may have read ahead of the item it gave last."""
    reader = LineReader(path)
    return next((reader.line for line in reader if text in line), None)


def _decimals(price: Decimal) -> int:
    """Return how many decimals a price needs; zeros at its end are not needed."""
    return len(f"{price:f}".partition(".")[2].rstrip("0"))
