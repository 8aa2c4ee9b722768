"""Plans, for any prices, grids and quantities."""

from decimal import Context, Decimal, localcontext

from hypothesis import assume, event, given
from hypothesis import strategies as st

from surefill.domain.bracket import Bracket
from surefill.domain.grid import TickSize
from surefill.domain.instrument import Instrument
from surefill.domain.numbers import EXACT
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.refusal import Declined
from surefill.domain.side import Direction, PositionMode, SignalType
from surefill.domain.signal import Signal
from surefill.domain.snapshot import Reference
from tests.doubles import NAMESPACE, SYMBOL, an_instrument
from tests.strategies import any_decimal_contexts, instruments, prices, tick_sizes

_ENTRIES = {Direction.LONG: SignalType.LONG_ENTRY, Direction.SHORT: SignalType.SHORT_ENTRY}
_TEN = Decimal(10)


def _plan(
    direction: Direction,
    quantity: Decimal,
    stop: Decimal,
    target: Decimal,
    mark: Decimal,
    last: Decimal,
    instrument: Instrument,
) -> Bracket | Declined:
    signal = Signal(id="s1", symbol=SYMBOL, type=_ENTRIES[direction], stop_loss=stop, take_profit=target)
    return Bracket.plan(
        signal,
        quantity=quantity,
        instrument=instrument,
        reference=Reference(SYMBOL, mark, last, 0, 0),
        mode=PositionMode.ONE_WAY,
        namespace=NAMESPACE,
        policy=ProtectionPolicy(),
    )


@st.composite
def _markets(draw: st.DrawFn, tick: TickSize) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """A lower trigger, mark, last and a higher trigger, a few or many ticks apart; mostly in that order, on no grid."""
    ticks = draw(st.integers(1, 10_000))
    distances = st.one_of(st.integers(0, 3), st.integers(0, 5_000))
    above = [draw(distances) for _ in range(3)]
    units = (ticks, ticks + above[0], ticks + above[1], ticks + max(above) + draw(st.integers(-1, 5_000)))
    fractions = st.integers(0, 9).map(lambda tenths: Decimal(tenths) / _TEN)
    offsets = [EXACT.add(Decimal(unit), draw(fractions)) for unit in units]
    low, mark, last, high = (EXACT.add(tick.minimum, EXACT.multiply(offset, tick.increment)) for offset in offsets)
    assume(low < high)
    return low, mark, last, high


@given(st.sampled_from(Direction), st.integers(1, 500), instruments(), any_decimal_contexts(), st.data())
def test_a_plan_keeps_every_promise(
    direction: Direction, tenth_steps: int, instrument: Instrument, context: Context, data: st.DataObject
) -> None:
    """Whatever is planned lies on the grid, is no looser and no larger than asked, and is on the right side."""
    grid = instrument.tick.limited_to(instrument.price_precision) or instrument.tick
    low, mark, last, high = data.draw(_markets(grid))
    sizes = instrument._market_sizes
    quantity = EXACT.add(sizes.minimum, EXACT.multiply(sizes.step, Decimal(tenth_steps) / _TEN))
    stop, target = (low, high) if direction is Direction.LONG else (high, low)

    with localcontext(context):
        plan = _plan(direction, quantity, stop, target, mark, last, instrument)

    event("planned" if isinstance(plan, Bracket) else plan.refusal.name)
    if isinstance(plan, Declined):
        assert plan.text
        return
    assert plan.stop_price is not None
    assert plan.target_price is not None
    lowest, highest = sorted((plan.stop_price, plan.target_price))
    assert low <= lowest < min(mark, last)
    assert max(mark, last) < highest <= high
    assert 0 < plan.quantity <= quantity
    for price in (plan.stop_price, plan.target_price):
        assert instrument.price_violations(price) == ()
    assert instrument.order_violations(plan.entry(1).side, plan.quantity, mark=mark, reduce_only=False) == ()


@given(prices(), tick_sizes(), st.data())
def test_long_and_short_are_mirror_images(quantity: Decimal, tick: TickSize, data: st.DataObject) -> None:
    """Where a long is planned, the short with stop and target exchanged is planned too, at the same two prices."""
    low, mark, last, high = data.draw(_markets(tick))
    instrument = an_instrument(tick=tick, price_precision=10, max_price=Decimal(0), min_notional=None)
    quantity = EXACT.add(quantity, instrument.market_lot.minimum)
    long = _plan(Direction.LONG, quantity, low, high, mark, last, instrument)
    short = _plan(Direction.SHORT, quantity, high, low, mark, last, instrument)

    assert isinstance(long, Bracket) == isinstance(short, Bracket)
    assume(isinstance(long, Bracket) and isinstance(short, Bracket))
    assert isinstance(long, Bracket)
    assert isinstance(short, Bracket)
    assert (long.stop_price, long.target_price) == (short.target_price, short.stop_price)
    assert long.entry(1).side is short.entry(1).side.opposite
    assert long.stop(quantity, 1).side is short.stop(quantity, 1).side.opposite
    assert long.exit(quantity, 1).side is short.exit(quantity, 1).side.opposite
