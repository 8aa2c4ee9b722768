from collections.abc import Callable, Iterator
from decimal import Context, Decimal, localcontext

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.venue.player import Player
from surefill.adapters.venue.quotes import Candle, Quote

OPEN_MS = 1_000_000
INTERVAL_MS = 4_000
CLOSE_MS = OPEN_MS + INTERVAL_MS - 1
FIRST_MS = OPEN_MS + (INTERVAL_MS - 1) // 4
SECOND_MS = OPEN_MS + (INTERVAL_MS - 1) * 3 // 4


@attrs.define
class Desk:
    """A market with a position and triggers that vanish when the price reaches them."""

    now_ms: int = 0
    sign: int = 0
    rising: list[Decimal] = attrs.Factory(list)
    falling: list[Decimal] = attrs.Factory(list)
    asked: int = 0

    def net_sign(self, symbol: str) -> int:
        assert symbol == "ATOMUSDT"
        return self.sign

    def first_trigger_between(self, symbol: str, from_price: Decimal, to_price: Decimal) -> Decimal | None:
        assert symbol == "ATOMUSDT"
        self.asked += 1
        if to_price > from_price:
            return min((price for price in self.rising if from_price < price <= to_price), default=None)
        return max((price for price in self.falling if to_price <= price < from_price), default=None)

    def see(self, quote: Quote) -> None:
        assert quote.last is not None
        assert quote.at_ms >= self.now_ms
        self.now_ms = quote.at_ms
        self.rising = [price for price in self.rising if price > quote.last]
        self.falling = [price for price in self.falling if price < quote.last]


def prices(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


def candle(opened: str, high: str, low: str, close: str, *, index: int = 0, volume: str = "500") -> Candle:
    open_ms = OPEN_MS + index * INTERVAL_MS
    numbers = (Decimal(text) for text in (opened, high, low, close, volume))
    return Candle(open_ms, open_ms + INTERVAL_MS - 1, "ATOMUSDT", *numbers)


def tick(at_ms: int, last: str = "1") -> Quote:
    return Quote(at_ms, "ATOMUSDT", last=Decimal(last))


def play(player: Player, desk: Desk, after: Callable[[Quote], None] = lambda _: None) -> list[tuple[int, str]]:
    """Play to the end; each quote comes exactly when it was announced."""
    seen = []
    while (due_ms := player.peek_ms()) is not None:
        assert due_ms >= desk.now_ms
        quote = player.pop()
        assert quote.at_ms == due_ms
        desk.see(quote)
        seen.append((quote.at_ms, str(quote.last)))
        after(quote)
    return seen


def lasts(seen: list[tuple[int, str]]) -> list[str]:
    return [last for _, last in seen]


@pytest.mark.parametrize(
    ("sign", "low", "path"),
    [
        (1, "90", ["100", "90", "110", "105"]),
        (-1, "90", ["100", "110", "90", "105"]),
        (0, "95", ["100", "95", "110", "105"]),
        (0, "85", ["100", "110", "85", "105"]),
        (0, "90", ["100", "90", "110", "105"]),
    ],
    ids=["long: low first", "short: high first", "flat: low nearer", "flat: high nearer", "flat: equally near"],
)
def test_the_order_of_the_extremes(sign: int, low: str, path: list[str]) -> None:
    """The extreme against the position comes first; without one, the nearer; the low if both are equally near."""
    desk = Desk(sign=sign)

    seen = play(Player([candle("100", "110", low, "105")], desk), desk)

    assert seen == list(zip([OPEN_MS, FIRST_MS, SECOND_MS, CLOSE_MS], path, strict=True))


def test_nearness_is_exact_under_any_decimal_context() -> None:
    """A host that rounds to one digit does not change the path."""
    desk = Desk()
    with localcontext(Context(prec=1)):
        seen = play(Player([candle("100.40", "101.26", "99.46", "100.40")], desk), desk)

    assert lasts(seen) == ["100.40", "101.26", "99.46", "100.40"]


def test_a_position_taken_after_the_open_decides_the_order() -> None:
    """The order is not fixed at the open: a signal of the same moment, seen after the open tick, counts."""
    desk = Desk()
    player = Player([candle("100", "101", "85", "100")], desk)
    desk.see(player.pop())
    assert player.peek_ms() == FIRST_MS
    desk.sign = 1

    assert player.pop().last == Decimal(85)


def test_the_order_once_begun_stays() -> None:
    """A position that is closed on the way to the first extreme does not turn the path around."""
    desk = Desk(sign=1, falling=prices("95"))

    def close_out(quote: Quote) -> None:
        if quote.last == Decimal(95):
            desk.sign = -1

    seen = play(Player([candle("100", "110", "90", "105")], desk), desk, close_out)

    assert lasts(seen) == ["100", "95", "90", "110", "105"]


def test_the_stop_is_reached_before_the_target() -> None:
    """When one candle spans stop and target of a position, long or short, the stop comes first."""
    long = Desk(sign=1, rising=prices("108"), falling=prices("92"))
    short = Desk(sign=-1, rising=prices("108"), falling=prices("92"))
    spanning = candle("100", "110", "90", "100")

    assert lasts(play(Player([spanning], long), long)) == ["100", "92", "90", "108", "110", "100"]
    assert lasts(play(Player([spanning], short), short)) == ["100", "108", "110", "92", "90", "100"]


def test_the_price_stops_at_each_trigger_in_proportion() -> None:
    """Triggers on the way get quotes of their own, at the time in proportion to the way, in the order of the way."""
    desk = Desk(sign=1, falling=prices("92.5", "97.5", "95"))

    seen = play(Player([candle("100", "100", "90", "90")], desk), desk)

    assert lasts(seen) == ["100", "97.5", "95", "92.5", "90", "100", "90"]
    assert [at_ms - OPEN_MS for at_ms, _ in seen[:5]] == [0, 249, 499, 749, 999]


def test_a_trigger_at_a_corner_gives_one_quote() -> None:
    """A trigger exactly at an extreme is reached by the extreme itself."""
    desk = Desk(sign=1, falling=prices("90"), rising=prices("110"))

    assert lasts(play(Player([candle("100", "110", "90", "105")], desk), desk)) == ["100", "90", "110", "105"]


def test_orders_placed_and_cancelled_on_the_way_count() -> None:
    """At each stop the player asks anew: a new trigger ahead is found, a cancelled one is not."""
    desk = Desk(sign=1, falling=prices("96", "93"))

    def trade(quote: Quote) -> None:
        if quote.last == Decimal(96):
            desk.falling = prices("94")

    seen = play(Player([candle("100", "100", "90", "100")], desk), desk, trade)

    assert lasts(seen) == ["100", "96", "94", "90", "100"]


@pytest.mark.parametrize("answer", ["100", "80", "90", "101"])
def test_an_answer_outside_the_way_is_no_stop(answer: str) -> None:
    """A market that names a price behind, at or beyond the end of the way cannot stop or turn the path."""

    class Odd(Desk):
        def first_trigger_between(self, symbol: str, from_price: Decimal, to_price: Decimal) -> Decimal | None:
            return Decimal(answer) if to_price == Decimal(90) else None

    desk = Odd(sign=1)

    assert lasts(play(Player([candle("100", "100", "90", "95")], desk), desk)) == ["100", "90", "100", "95"]


def test_a_gap_between_candles_is_a_jump() -> None:
    """Nothing is quoted between a close and the next open: what lies in the gap is filled at the open."""
    desk = Desk(sign=1, falling=prices("70"))
    gap = [candle("100", "100", "90", "90"), candle("60", "65", "50", "55", index=1)]

    assert lasts(play(Player(gap, desk), desk)) == ["100", "90", "100", "90", "60", "50", "65", "55"]


def test_equal_prices_collapse_except_the_open() -> None:
    """A candle that stands still shows its open once; a corner where the price stands already is left out."""
    desk = Desk(sign=1)
    still = candle("100", "100", "100", "100")
    on_low = candle("100", "110", "100", "110", index=1)

    seen = play(Player([still, on_low], desk), desk)

    assert seen == [(OPEN_MS, "100"), (OPEN_MS + INTERVAL_MS, "100"), (SECOND_MS + INTERVAL_MS, "110")]


def test_only_the_open_shows_size() -> None:
    """A candle offers its share of the volume once: later quotes move the price and renew nothing."""
    desk = Desk(sign=1, falling=prices("95"))
    player = Player([candle("100", "110", "90", "105", volume="123.456789019")], desk)
    quotes = []
    while player.peek_ms() is not None:
        quotes.append(player.pop())
        desk.see(quotes[-1])

    assert (quotes[0].liquidity, quotes[0].renews_size) == (Decimal("12.34567890"), True)
    assert [(quote.liquidity, quote.renews_size) for quote in quotes[1:]] == [(None, False)] * 4


def test_quotes_pass_unchanged_between_candles() -> None:
    """A feed may mix quotes and candles; a quote is handed on as it is."""
    desk = Desk(sign=1)
    before, after = tick(OPEN_MS - 1), tick(CLOSE_MS, "2")
    player = Player([before, candle("100", "100", "100", "100"), after], desk)

    assert player.pop() is before
    assert player.pop().last == Decimal(100)
    assert player.pop() is after


def test_a_late_feed_is_played_at_the_clock() -> None:
    """Quotes that were due before the exchange's clock come in their order, at the clock's time."""
    desk = Desk(now_ms=OPEN_MS + 2_000, sign=1)

    seen = play(Player([tick(5, "7"), candle("100", "110", "90", "105")], desk), desk)

    late_ms = OPEN_MS + 2_000
    assert seen == [
        (late_ms, "7"), (late_ms, "100"), (late_ms, "90"), (SECOND_MS, "110"), (CLOSE_MS, "105"),
    ]  # fmt: skip


def test_the_feed_is_read_only_when_due() -> None:
    """Items are pulled one at a time, so that a feed of any length takes constant memory."""
    pulled = []

    def feed() -> Iterator[Quote]:
        for at_ms in (10, 20, 30):
            pulled.append(at_ms)
            yield tick(at_ms)

    player = Player(feed(), Desk())
    assert pulled == []
    assert (player.peek_ms(), player.peek_ms()) == (10, 10)
    player.pop()

    assert pulled == [10]


def test_the_end_of_the_feed() -> None:
    """At its end the player announces nothing, and taking from it is an error."""
    player = Player([tick(10)], Desk())
    player.pop()

    assert player.peek_ms() is None
    with pytest.raises(LookupError, match="exhausted"):
        player.pop()


def test_a_feed_that_runs_backwards_is_refused() -> None:
    """An item that starts before the one before it has ended would turn the clock back."""
    player = Player([candle("100", "100", "100", "100"), tick(CLOSE_MS - 1)], Desk())
    player.pop()

    with pytest.raises(ValueError, match=f"starts at {CLOSE_MS - 1} ms, the one before it ended at {CLOSE_MS} ms"):
        player.peek_ms()


def test_without_triggers_the_market_is_asked_once_a_point() -> None:
    """The cost of a candle does not depend on what rests elsewhere: one question for each peek and pop of a corner."""
    desk = Desk(sign=1)
    play(Player([candle("100", "110", "90", "105")], desk), desk)

    assert desk.asked == 6


TICKS = st.integers(min_value=1, max_value=60)


@st.composite
def candles(draw: st.DrawFn) -> list[Candle]:
    items, open_ms = [], OPEN_MS
    for _ in range(draw(st.integers(min_value=1, max_value=4))):
        low, opened, close, high = sorted(draw(st.lists(TICKS, min_size=4, max_size=4)))
        if draw(st.booleans()):
            opened, close = close, opened
        span_ms = draw(st.integers(min_value=1, max_value=50))
        numbers = (Decimal(number) / 10 for number in (opened, high, low, close, 5))
        items.append(Candle(open_ms, open_ms + span_ms, "ATOMUSDT", *numbers))
        open_ms += span_ms + draw(st.integers(min_value=0, max_value=20))
    return items


@given(
    items=candles(),
    sign=st.sampled_from([-1, 0, 1]),
    rising=st.lists(TICKS, max_size=5),
    falling=st.lists(TICKS, max_size=5),
    now_ms=st.integers(min_value=0, max_value=OPEN_MS + 100),
)
def test_any_path_is_honest(items: list[Candle], sign: int, rising: list[int], falling: list[int], now_ms: int) -> None:
    """Time never runs back, no price leaves its candle, both extremes are seen, no trigger inside is skipped."""
    desk = Desk(now_ms, sign, [Decimal(n) / 10 for n in rising], [Decimal(n) / 10 for n in falling])
    seen: list[Decimal] = []
    player = Player(items, desk)
    while player.peek_ms() is not None:
        quote = player.pop()
        assert quote.last is not None
        if not quote.renews_size:
            # All that the move from the last quote reaches lies at its end: nothing strictly between was jumped over.
            between = desk.first_trigger_between("ATOMUSDT", seen[-1], quote.last)
            assert between in (None, quote.last)
        desk.see(quote)
        seen.append(quote.last)

    for item in items:
        assert item.high in seen
        assert item.low in seen
    assert seen[0] == items[0].open
    assert seen[-1] == items[-1].close
    assert min(seen) == min(item.low for item in items)
    assert max(seen) == max(item.high for item in items)
