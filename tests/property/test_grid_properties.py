"""What holds on every grid, at every price and quantity, whatever decimal context the host has set.

The oracle reckons in fractions, which share nothing with the decimal arithmetic under test.
"""

import decimal
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from surefill.domain.grid import LotSize, TickSize
from surefill.domain.numbers import text
from tests.strategies import any_decimal_contexts, increments, lot_sizes, offsets, prices, tick_sizes


def _lowest_point(minimum: Decimal, increment: Decimal) -> Fraction:
    return Fraction(minimum) % Fraction(increment)


def _is_point(value: Decimal, minimum: Decimal, increment: Decimal) -> bool:
    return value >= 0 and (Fraction(value) - Fraction(minimum)) % Fraction(increment) == 0


@given(tick_sizes(), prices())
def test_floor_and_ceil_enclose_the_price(tick: TickSize, price: Decimal) -> None:
    """Floor is the highest point not above the price and ceil the lowest not below it: never to the looser side."""
    lowest, step = _lowest_point(tick.minimum, tick.increment), Fraction(tick.increment)
    below = lowest + (Fraction(price) - lowest) // step * step
    above = max(lowest, lowest - (lowest - Fraction(price)) // step * step)

    assert above == Fraction(tick.ceil(price))
    if price >= lowest:
        assert below == Fraction(tick.floor(price))


@given(tick_sizes(), prices())
def test_every_result_is_a_point_of_the_grid(tick: TickSize, price: Decimal) -> None:
    """Whatever rounds lands on the grid, and with the grid's own number of decimals."""
    price += tick.minimum

    for rounded in (tick.floor(price), tick.ceil(price), tick.nearest(price)):
        assert _is_point(rounded, tick.minimum, tick.increment)
        assert tick.is_on_grid(rounded)
        assert len(text(rounded).partition(".")[2]) == tick.decimals


@given(tick_sizes(), prices())
def test_rounding_moves_less_than_one_increment(tick: TickSize, price: Decimal) -> None:
    """Floor and ceil move by less than one increment, nearest by half of one at most, and up when it is a tie."""
    price += tick.minimum
    step = Fraction(tick.increment)

    assert 0 <= Fraction(price) - Fraction(tick.floor(price)) < step
    assert 0 <= Fraction(tick.ceil(price)) - Fraction(price) < step
    assert -step / 2 < Fraction(tick.nearest(price)) - Fraction(price) <= step / 2


@given(tick_sizes(), prices())
def test_rounding_twice_is_rounding_once(tick: TickSize, price: Decimal) -> None:
    """A rounded price stays where it is, whichever way it is rounded again."""
    price += tick.minimum

    for rounded in (tick.floor(price), tick.ceil(price), tick.nearest(price)):
        assert (rounded, rounded, rounded) == (tick.floor(rounded), tick.ceil(rounded), tick.nearest(rounded))


@given(tick_sizes(), prices(), prices())
def test_rounding_keeps_the_order(tick: TickSize, one: Decimal, other: Decimal) -> None:
    """Of two prices the higher never rounds below the lower."""
    low, high = sorted((one + tick.minimum, other + tick.minimum))

    assert tick.floor(low) <= tick.floor(high)
    assert tick.ceil(low) <= tick.ceil(high)
    assert tick.nearest(low) <= tick.nearest(high)


@given(tick_sizes(), prices(), st.integers(0, 10**6))
def test_floor_and_ceil_mirror_each_other(tick: TickSize, price: Decimal, increments_up: int) -> None:
    """Seen from any point of the grid above, rounding down is rounding up: long and short are treated alike."""
    price += tick.minimum
    mirror = tick.ceil(price) + tick.increment * increments_up + tick.ceil(Decimal(0))

    def mirrored(value: Decimal) -> Decimal:
        return mirror - value

    assert mirrored(tick.ceil(price)) == tick.floor(mirrored(price))
    assert mirrored(tick.floor(price)) == tick.ceil(mirrored(price))


@given(tick_sizes(), st.one_of(prices(), st.just(Decimal(0))))
def test_being_on_the_grid_is_what_the_filter_says(tick: TickSize, price: Decimal) -> None:
    """A price is on the grid when the exchange's own formula says so, with the minimum as the offset."""
    assert _is_point(price, tick.minimum, tick.increment) is tick.is_on_grid(price)


@given(tick_sizes(), prices())
def test_texts_read_back_as_the_price(tick: TickSize, price: Decimal) -> None:
    """A point's text has no exponent, the grid's number of decimals, and reads back as that very point."""
    point = tick.floor(price + tick.minimum)
    written = tick.text(point)

    assert Decimal(written) == point
    assert written.replace(".", "", 1).isdigit()
    assert len(written.partition(".")[2]) == tick.decimals


@given(increments(), offsets(), prices(), any_decimal_contexts())
def test_the_hosts_decimal_context_changes_nothing(
    increment: Decimal, minimum: Decimal, price: Decimal, context: decimal.Context
) -> None:
    """A precision of one digit, another rounding or any trap set by the host leaves every result digit for digit."""

    def everything() -> tuple[str, ...]:
        tick, lot = TickSize(increment, minimum), LotSize(increment, minimum)
        other = LotSize(Decimal("0.25"), Decimal("0.5"))
        moved = tick.ceil(price)
        return (
            repr(tick),
            text(moved),
            text(tick.floor(moved)),
            text(tick.nearest(price)),
            text(lot.floor(price)),
            tick.text(moved),
            str(tick.is_on_grid(price)),
            repr(lot.shared_with(other)),
            repr(tick.limited_to(3)),
        )

    expected = everything()
    with decimal.localcontext(context):
        found = everything()

    assert [value.casefold() for value in expected] == [value.casefold() for value in found]


@given(lot_sizes(), prices())
def test_quantities_never_round_up(lot: LotSize, quantity: Decimal) -> None:
    """A floored quantity is the largest point not above what was asked for, or 0 where there is none."""
    rounded = lot.floor(quantity)
    lowest, step = _lowest_point(lot.minimum, lot.step), Fraction(lot.step)

    assert len(text(rounded).partition(".")[2]) == lot.decimals
    if quantity < lowest:
        assert rounded == 0
    else:
        assert Fraction(rounded) == lowest + (Fraction(quantity) - lowest) // step * step
        assert lot.is_on_grid(rounded)
        assert lot.floor(rounded) == rounded


@given(lot_sizes(), lot_sizes(), prices())
def test_shared_sizes_are_those_that_both_accept(one: LotSize, other: LotSize, quantity: Decimal) -> None:
    """A quantity fits what two filters share exactly when it fits both of them, grid and bounds."""

    def fits(lot: LotSize | None, size: Decimal) -> bool:
        return lot is not None and (
            lot.is_on_grid(size) and lot.minimum <= size and (size <= lot.maximum or lot.maximum == 0)
        )

    shared = one.shared_with(other)
    candidates = [quantity, one.floor(quantity + one.minimum), other.floor(quantity + other.minimum)]
    if shared is not None:
        candidates += [shared.minimum, shared.minimum + shared.step, shared.floor(quantity + shared.minimum)]

    assert shared == other.shared_with(one)
    for size in candidates:
        assert fits(shared, size) is (fits(one, size) and fits(other, size))


@given(tick_sizes(), st.integers(0, 9), prices())
def test_limited_grids_are_the_points_with_few_decimals(tick: TickSize, decimals_max: int, price: Decimal) -> None:
    """A price is on the limited grid exactly when it is on the grid and has few enough decimals."""
    limited = tick.limited_to(decimals_max)
    candidates = [price, tick.ceil(price), *([] if limited is None else [limited.ceil(price)])]

    for candidate in candidates:
        few_enough = (Fraction(candidate) * 10**decimals_max).denominator == 1
        expected = tick.is_on_grid(candidate) and few_enough
        assert (limited is not None and limited.is_on_grid(candidate)) is expected
