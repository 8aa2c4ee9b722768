"""A seeded random walk with a real book, for demonstrations and tests."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Final

from ..quotes import EXACT, Quote, check_price, check_quantity

_BITS: Final = 64
_DEVIATION: Final = 4
"""The number of ones among 64 random bits has a standard deviation of exactly 4: a bell curve out of integers."""

_BPS: Final = 10_000

DEFAULT_BOOK_QUANTITY: Final = Decimal(10)


def random_walk(
    symbol: str,
    *,
    seed: int,
    start_ms: int,
    steps: int,
    interval_ms: int,
    start_price: Decimal,
    tick: Decimal,
    volatility_bps: int = 5,
    half_spread_ticks: int = 1,
    book_quantity: Decimal = DEFAULT_BOOK_QUANTITY,
) -> Iterator[Quote]:
    """Return *steps* quotes, the first at *start_ms* and *start_price*, with last in the middle of bid and ask.

    Each step moves by about *volatility_bps* (one standard deviation, in 1/100 percent of the price) rounded at random
    to whole ticks, never below a bid of one tick. Equal arguments give equal quotes on every platform: no floating
    point is involved. mark is not quoted: it follows last.

    Raises `ValueError` when a number is out of range or *start_price* is not a multiple of *tick*.
    """
    check_price("start_price", start_price)
    check_price("tick", tick)
    check_quantity("book_quantity", book_quantity)
    for name, value, least in (
        ("steps", steps, 1),
        ("interval_ms", interval_ms, 1),
        ("volatility_bps", volatility_bps, 0),
        ("half_spread_ticks", half_spread_ticks, 1),
    ):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, was {value}")
    if EXACT.remainder(start_price, tick):
        raise ValueError(f"start_price must be a multiple of tick {tick}, was {start_price}")
    start_ticks = int(EXACT.divide_int(start_price, tick))
    if start_ticks <= half_spread_ticks:
        raise ValueError(f"start_price must be more than {half_spread_ticks} ticks above 0, was {start_price}")
    ticks = _walk(Random(seed), start_ticks, steps, volatility_bps, half_spread_ticks + 1)
    return (
        Quote(
            start_ms + step * interval_ms,
            symbol,
            last=EXACT.multiply(tick, last),
            bid=EXACT.multiply(tick, last - half_spread_ticks),
            bid_quantity=book_quantity,
            ask=EXACT.multiply(tick, last + half_spread_ticks),
            ask_quantity=book_quantity,
        )
        for step, last in enumerate(ticks)
    )


def _walk(random: Random, price: int, steps: int, volatility_bps: int, price_min: int) -> Iterator[int]:
    """Yield the prices of the walk in ticks."""
    scale = _BPS * _DEVIATION
    yield price
    for _ in range(steps - 1):
        sway = random.getrandbits(_BITS).bit_count() - _BITS // 2
        move, rest = divmod(price * volatility_bps * sway, scale)
        # Rounded up as often as the fraction is large: otherwise a cheap coin with a coarse tick would never move.
        move += random.randrange(scale) < rest
        price = max(price_min, price + move)
        yield price
