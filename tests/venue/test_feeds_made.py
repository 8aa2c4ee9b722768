from decimal import Context, Decimal, localcontext
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.venue.feeds import FeedError, hand_ticks, random_walk
from surefill.adapters.venue.feeds.hand import Tick
from surefill.adapters.venue.quotes import Candle, Quote


def walk(**changes: Any) -> list[Quote]:
    arguments = {
        "seed": 1, "start_ms": 1_000, "steps": 200, "interval_ms": 250, "start_price": Decimal("100.0"),
        "tick": Decimal("0.1"), **changes,
    }  # fmt: skip
    return list(random_walk("BTCUSDT", **arguments))


def test_a_walk_is_a_function_of_its_seed() -> None:
    """Equal arguments give equal quotes, under any decimal context; another seed gives others."""
    with localcontext(Context(prec=1)):
        again = walk()

    assert again == walk()
    assert walk(seed=2) != again


def test_a_walk_is_the_same_on_every_platform() -> None:
    """The first steps of seed 1 are pinned: a change would silently change every demonstration and recorded run."""
    quotes = walk(steps=6, volatility_bps=50)

    assert [str(quote.last) for quote in quotes] == ["100.0", "99.9", "99.6", "99.4", "99.5", "98.8"]
    assert quotes[0] == Quote(
        1_000, "BTCUSDT", last=Decimal(100), bid=Decimal("99.9"), bid_quantity=Decimal(10), ask=Decimal("100.1"),
        ask_quantity=Decimal(10),
    )  # fmt: skip


@given(
    seed=st.integers(min_value=0, max_value=2**32),
    tick=st.sampled_from(["0.10", "0.05", "3", "0.00000001"]),
    start_ticks=st.integers(min_value=5, max_value=10**6),
    volatility_bps=st.integers(min_value=0, max_value=3_000),
    half_spread_ticks=st.integers(min_value=1, max_value=4),
)
def test_a_walk_stays_on_the_grid(
    seed: int, tick: str, start_ticks: int, volatility_bps: int, half_spread_ticks: int
) -> None:
    """Every price is a positive multiple of the tick, bid and ask stand around last, and time steps evenly."""
    size = Decimal(tick)
    quotes = walk(
        seed=seed, tick=size, start_price=size * start_ticks, volatility_bps=volatility_bps, steps=50,
        half_spread_ticks=half_spread_ticks,
    )  # fmt: skip

    assert [quote.at_ms for quote in quotes] == list(range(1_000, 1_000 + 50 * 250, 250))
    assert quotes[0].last == size * start_ticks
    for quote in quotes:
        assert quote.last is not None
        assert quote.bid is not None
        assert quote.ask is not None
        assert quote.bid > 0
        assert quote.last % size == quote.bid % size == 0
        assert quote.ask - quote.last == quote.last - quote.bid == size * half_spread_ticks


def test_a_walk_sways_as_much_as_asked() -> None:
    """The root mean square of the steps is the volatility asked for, also where a step is a fraction of a tick."""
    coarse = walk(steps=4_000, start_price=Decimal(1_000), tick=Decimal(1), volatility_bps=5)
    fine = walk(steps=4_000, start_price=Decimal(1_000), tick=Decimal("0.0001"), volatility_bps=5)

    def mean_square_bps(quotes: list[Quote]) -> Decimal:
        lasts = [quote.last for quote in quotes if quote.last is not None]
        moves = [(later - earlier) / earlier * 10_000 for earlier, later in pairwise(lasts)]
        return sum((move * move for move in moves), Decimal(0)) / len(moves)

    assert 23 < mean_square_bps(fine) < 27
    # A move of half a tick on average is a whole tick half the time: more sway, but the same drift.
    assert 30 < mean_square_bps(coarse) < 50
    assert coarse[-1].last is not None
    assert abs(coarse[-1].last - 1_000) < 150


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"steps": 0}, "steps must be at least 1, was 0"),
        ({"interval_ms": 0}, "interval_ms must be at least 1, was 0"),
        ({"volatility_bps": -1}, "volatility_bps must be at least 0, was -1"),
        ({"half_spread_ticks": 0}, "half_spread_ticks must be at least 1, was 0"),
        ({"start_price": Decimal("100.05")}, r"start_price must be a multiple of tick 0\.1, was 100\.05"),
        ({"start_price": Decimal("0.1")}, "start_price must be more than 1 ticks above 0"),
        ({"start_price": Decimal(0)}, "start_price must be above 0"),
        ({"tick": Decimal(0)}, "tick must be above 0"),
        ({"book_quantity": Decimal(-1)}, "book_quantity must not be negative"),
    ],
)
def test_a_senseless_walk_is_refused_at_once(changes: dict[str, Any], reason: str) -> None:
    """Arguments are checked when the walk is asked for, not at its first step."""
    arguments = {
        "seed": 1, "start_ms": 0, "steps": 1, "interval_ms": 1, "start_price": Decimal(100), "tick": Decimal("0.1"),
        **changes,
    }  # fmt: skip
    with pytest.raises(ValueError, match=reason):
        random_walk("BTCUSDT", **arguments)


def test_ticks_by_hand() -> None:
    """Tuples with and without symbol, quotes and candles stand side by side; numbers may be text, int or Decimal."""
    quote = Quote(30, "BTCUSDT", mark=Decimal(5))
    candle = Candle(40, 49, "BTCUSDT", *(Decimal(n) for n in (2, 3, 1, 2, 0)))

    ticks: list[Tick] = [(10, "1.50"), (20, "ETHUSDT", 2), (20, Decimal(3)), quote, candle, (49, 4)]

    assert list(hand_ticks(ticks, symbol="BTCUSDT")) == [
        Quote(10, "BTCUSDT", last=Decimal("1.50")),
        Quote(20, "ETHUSDT", last=Decimal(2)),
        Quote(20, "BTCUSDT", last=Decimal(3)),
        quote,
        candle,
        Quote(49, "BTCUSDT", last=Decimal(4)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ticks", "message"),
    [
        ([], "ticks: the list is empty — "),
        ([(10, "1"), (9, "1")], "ticks:2: it starts at 9 ms, before the one above ended at 10 ms — "),
        ([(10, "NaN")], "ticks:1: last must be a plain decimal"),
        ([(10, "0")], "ticks:1: last must be above 0"),
        ([(10, -1)], "ticks:1: last must be a plain decimal"),
        ([(10, 1.5)], "ticks:1: last must be a Decimal, int or text, was float"),
        ([(10, True)], "ticks:1: last must be a Decimal, int or text, was bool"),
        ([("10", "1")], "ticks:1: at_ms must be whole milliseconds"),
        ([(10, "", "1")], "ticks:1: symbol must be a non-empty text"),
    ],
)
def test_bad_ticks_by_hand_are_refused(ticks: list[Any], message: str) -> None:
    """A defect in a list made by hand is reported with its position."""
    with pytest.raises(FeedError) as caught:
        list(hand_ticks(ticks, symbol="BTCUSDT"))

    assert str(caught.value).startswith(message)


def test_a_tick_inside_a_candle_is_refused() -> None:
    """A candle takes until its close: a tick may follow there, not before."""
    candle = Candle(40, 49, "BTCUSDT", *(Decimal(n) for n in (2, 3, 1, 2, 0)))

    with pytest.raises(FeedError, match="ticks:2: it starts at 48 ms, before the one above ended at 49 ms"):
        list(hand_ticks([candle, (48, "1")], symbol="BTCUSDT"))


def test_a_tick_without_symbol_is_refused() -> None:
    """A bare price needs a symbol from the tuple or the argument."""
    with pytest.raises(FeedError, match="ticks:1: the tick names no symbol"):
        list(hand_ticks([(10, "1")]))
