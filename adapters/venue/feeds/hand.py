"""Market data made by hand: a list of prices for a test or an example."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from ..quotes import Candle, Quote
from .errors import FeedError
from .numbers import parse_decimal

Tick = Quote | Candle | tuple[int, Decimal | int | str] | tuple[int, str, Decimal | int | str]


def hand_ticks(ticks: Iterable[Tick], *, symbol: str | None = None) -> Iterator[Quote | Candle]:
    """Yield *ticks* in order: a `Quote` or `Candle` as it is, `(at_ms, last)` of *symbol*, or `(at_ms, symbol, last)`.

    Raises `FeedError` with the position in the list (from 1) for a bad price, a tuple that lacks a symbol, time
    running backwards, or an empty list.
    """
    ended_ms = count = 0
    for count, tick in enumerate(ticks, start=1):
        try:
            item = tick if isinstance(tick, Quote | Candle) else _quote(tick, symbol)
        except (TypeError, ValueError) as error:
            raise FeedError("ticks", count, str(error), "correct this item of the list") from error
        start_ms = item.at_ms if isinstance(item, Quote) else item.open_ms
        if start_ms < ended_ms:
            raise FeedError(
                "ticks",
                count,
                f"it starts at {start_ms} ms, before the one above ended at {ended_ms} ms",
                "sort the list",
            )
        ended_ms = item.at_ms if isinstance(item, Quote) else item.close_ms
        yield item
    if not count:
        raise FeedError("ticks", None, "the list is empty", "give at least one tick")


def _quote(tick: tuple[int, Decimal | int | str] | tuple[int, str, Decimal | int | str], symbol: str | None) -> Quote:
    if len(tick) == 2:
        at_ms, last = tick
        if symbol is None:
            raise ValueError("the tick names no symbol; use (at_ms, symbol, last) or the argument symbol")
    else:
        at_ms, symbol, last = tick
    if isinstance(last, Decimal):
        return Quote(at_ms, symbol, last=last)
    if isinstance(last, bool) or not isinstance(last, int | str):
        raise TypeError(f"last must be a Decimal, int or text, was {type(last).__name__}")
    return Quote(at_ms, symbol, last=parse_decimal("last", str(last)))
