"""What holds for every instrument."""

import decimal
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from surefill.domain.instrument import Instrument
from surefill.domain.refusal import Refusal
from surefill.domain.side import Direction
from tests.strategies import any_decimal_contexts, instruments, prices


@given(instruments(), prices(), st.sampled_from(Direction))
def test_stop_and_target_round_toward_the_entry(instrument: Instrument, price: Decimal, direction: Direction) -> None:
    """A stop never rounds to the looser side, nor a target to the further one, in either direction."""
    asked = price + instrument.tick.minimum + 10**6

    stop, target = instrument.stop_price(direction, asked), instrument.target_price(direction, asked)

    assert (stop - asked) * direction.sign >= 0
    assert (asked - target) * direction.sign >= 0
    assert stop == instrument.target_price(direction.opposite, asked)


@given(instruments(), prices(), st.sampled_from(Direction))
def test_a_rounded_trigger_is_accepted(instrument: Instrument, price: Decimal, direction: Direction) -> None:
    """A rounded stop lies on tick and precision both, unless no price does, and then the precision is named."""
    stop = instrument.stop_price(direction, price + instrument.tick.minimum + 10**6)

    texts = [found.text for found in instrument.price_violations(stop) if found.refusal is Refusal.OFF_GRID]
    if instrument.tick.limited_to(instrument.price_precision) is not None:
        assert texts == []
    else:
        assert ["pricePrecision" in violation for violation in texts] == [True]


@given(instruments(), prices(), st.booleans())
def test_a_floored_quantity_is_accepted_or_nothing(instrument: Instrument, quantity: Decimal, market: bool) -> None:  # noqa: FBT001  # hypothesis passes by position
    """A floored quantity is 0, or breaks no rule but the maximum, or the precision where no size satisfies it."""
    size = instrument.floor_quantity(quantity, market=market)

    assert 0 <= size <= quantity
    assert instrument.floor_quantity(size, market=market) == size
    if size:
        found = instrument.quantity_violations(size, market=market)
        assert all(each.refusal is Refusal.TOO_LARGE or "quantityPrecision" in each.text for each in found)


@given(instruments(), prices(), any_decimal_contexts())
def test_formatted_numbers_are_rounded_down_and_plain(
    instrument: Instrument, price: Decimal, context: decimal.Context
) -> None:
    """A formatted price or quantity has no exponent and is not above what was given, in any decimal context."""
    price += instrument.tick.minimum + 10**6
    with decimal.localcontext(context):
        written_price, written_quantity = instrument.format_price(price), instrument.format_quantity(price)

    for written in (written_price, written_quantity):
        assert not set(written) - set(".0123456789")
        assert Fraction(written) <= Fraction(price)
