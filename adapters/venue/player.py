"""Plays a feed into the simulated exchange, one quote at a time, expanding candles only when they are due."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

import attrs

from .quotes import EXACT, Candle, Quote


class Market(Protocol):
    """What the player asks the simulated exchange while it plays."""

    @property
    def now_ms(self) -> int:
        """The clock of the exchange."""
        ...

    def net_sign(self, symbol: str) -> int:
        """Return the sign of the net position on *symbol*: -1, 0 or 1."""
        ...

    def first_trigger_between(self, symbol: str, from_price: Decimal, to_price: Decimal) -> Decimal | None:
        """Return the price of the first resting trigger that a move between the two prices would reach."""
        ...


class Player:
    """The quotes of *feed* in order: a `Quote` passes unchanged, a `Candle` becomes the path `CandlePath` describes.

    Items come one after the other: an item that starts before the previous one has ended is refused by `ValueError`.
    A quote due before the exchange's clock (the feed began before it was loaded) is played at the clock's time.

    Nothing is decided ahead: `peek_ms` and `pop` look at the market anew on each call, so `pop` returns what `peek_ms`
    announced only if no order or position changed between. Errors of the feed itself pass through.
    """

    def __init__(self, feed: Iterable[Quote | Candle], market: Market) -> None:
        self._items = iter(feed)
        self._market = market
        self._item: Quote | CandlePath | None = None
        self._end_ms = 0

    def peek_ms(self) -> int | None:
        """Return when the next quote is due, never before the exchange's clock; `None` when the feed is exhausted."""
        item = self._item or self._pull()
        if item is None:
            return None
        due_ms = item.due_ms() if isinstance(item, CandlePath) else item.at_ms
        return max(due_ms, self._market.now_ms)

    def pop(self) -> Quote:
        """Take the next quote; `LookupError` when the feed is exhausted."""
        item = self._item or self._pull()
        if item is None:
            raise LookupError("the feed is exhausted; peek_ms() says so by None")
        quote = item.pop() if isinstance(item, CandlePath) else item
        if item is quote or (isinstance(item, CandlePath) and item.has_ended):
            self._item = None
        now_ms = self._market.now_ms
        return quote if quote.at_ms >= now_ms else attrs.evolve(quote, at_ms=now_ms)

    def _pull(self) -> "Quote | CandlePath | None":
        """Take the next item of the feed as the one being played."""
        item = next(self._items, None)
        if item is None:
            return None
        start_ms, end_ms = (item.at_ms, item.at_ms) if isinstance(item, Quote) else (item.open_ms, item.close_ms)
        if start_ms < self._end_ms:
            raise ValueError(
                f"the feed went back in time: an item of {item.symbol} starts at {start_ms} ms, the one before it "
                f"ended at {self._end_ms} ms; sort the feed, and play one candle series at a time"
            )
        self._end_ms = end_ms
        self._item = item if isinstance(item, Quote) else CandlePath(item, self._market)
        return self._item


class CandlePath:
    """The way of the price through one candle: open, one extreme, the other extreme, close.

    The open is due at open_ms, the extremes after one and three quarters of the candle, the close at close_ms. The
    order of the extremes is decided when the price first leaves the open, by the net position at that moment: long,
    the low comes first; short, the high; so if stop and target lie in one candle, the stop is hit first. Without a
    position the extreme nearer to the open comes first (the low if both are equally near): the shorter way, which
    favours neither side.

    From the open on the price moves continuously: it stops at each resting trigger on its way with a quote of its own,
    at the time in proportion to the way. Between two candles it jumps: a stop in the gap is filled at the open.

    Only the open shows size (`Candle.liquidity`), so all orders in one candle share it. A price that equals the one
    before gives no quote, except the open.
    """

    def __init__(self, candle: Candle, market: Market) -> None:
        self._candle = candle
        self._market = market
        self._at_ms = candle.open_ms
        self._price: Decimal | None = None
        # The corners still ahead, the first away from the price; None until the price has left the open.
        self._ahead: list[tuple[int, Decimal]] | None = None

    @property
    def has_ended(self) -> bool:
        """Tell, once the open was taken, whether every other point was taken too."""
        return self._candle.low == self._candle.high if self._ahead is None else not self._ahead

    def due_ms(self) -> int:
        """Return the candle's own time of the next point as the market stands now."""
        if self._price is None:
            return self._candle.open_ms
        return self._next_point(self._price, self._corners(self._price) if self._ahead is None else self._ahead)[0]

    def pop(self) -> Quote:
        """Take the next point as the market stands now."""
        candle = self._candle
        if self._price is None:
            self._price = candle.open
            return Quote(candle.open_ms, candle.symbol, last=candle.open, liquidity=candle.liquidity)
        ahead = self._corners(self._price) if self._ahead is None else self._ahead
        self._at_ms, self._price = self._next_point(self._price, ahead)
        self._ahead = _away_from(self._price, ahead)
        return Quote(self._at_ms, candle.symbol, last=self._price, renews_size=False)

    def _corners(self, price: Decimal) -> list[tuple[int, Decimal]]:
        """Return the way after the open as the net position would have it now."""
        candle = self._candle
        sign = self._market.net_sign(candle.symbol)
        if sign == 0:
            low_first = EXACT.subtract(candle.open, candle.low) <= EXACT.subtract(candle.high, candle.open)
        else:
            low_first = sign > 0
        first, second = (candle.low, candle.high) if low_first else (candle.high, candle.low)
        span_ms = candle.close_ms - candle.open_ms
        corners = [
            (candle.open_ms + span_ms // 4, first),
            (candle.open_ms + span_ms * 3 // 4, second),
            (candle.close_ms, candle.close),
        ]
        return _away_from(price, corners)

    def _next_point(self, price: Decimal, ahead: list[tuple[int, Decimal]]) -> tuple[int, Decimal]:
        """Return the next corner, or a trigger strictly before it, so that the way always moves forward."""
        corner_ms, corner = ahead[0]
        stop = self._market.first_trigger_between(self._candle.symbol, price, corner)
        if stop is None or not min(price, corner) < stop < max(price, corner):
            return corner_ms, corner
        way, whole = EXACT.subtract(stop, price), EXACT.subtract(corner, price)
        passed_ms = EXACT.divide_int(EXACT.multiply(way, corner_ms - self._at_ms), whole)
        return self._at_ms + int(passed_ms), stop


def _away_from(price: Decimal, corners: list[tuple[int, Decimal]]) -> list[tuple[int, Decimal]]:
    """Return *corners* without the leading ones at *price*."""
    skipped = 0
    while skipped < len(corners) and corners[skipped][1] == price:
        skipped += 1
    return corners[skipped:]
