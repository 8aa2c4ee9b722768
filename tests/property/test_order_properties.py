"""Sights of one order, in any order and as stale as may be."""

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from surefill.domain.order import ARCS, FINAL, Order, OrderStatus
from tests.doubles import an_order

_SIGHTS = st.builds(
    lambda status, tenths: an_order(status=status, executed_quantity=Decimal(tenths) / 10),
    st.sampled_from(OrderStatus),
    st.integers(0, 10),
)


def _believed(sights: list[Order]) -> list[Order]:
    truest = [sights[0]]
    for sight in sights[1:]:
        truest.append(truest[-1].seen_again(sight))
    return truest


@given(st.lists(_SIGHTS, min_size=1, max_size=12))
def test_no_fill_is_ever_lost(sights: list[Order]) -> None:
    """After any readings, as much is believed executed as the best of them showed: never less, never more."""
    believed = _believed(sights)

    for count, order in enumerate(believed, 1):
        assert order.executed_quantity == max(sight.executed_quantity for sight in sights[:count])


@given(st.lists(_SIGHTS, min_size=2, max_size=12))
def test_only_listed_arcs_are_taken(sights: list[Order]) -> None:
    """The believed status changes along listed arcs only, and an ended order never rests again."""
    believed = _believed(sights)

    for before, after in pairwise(believed):
        assert after.status is before.status or (before.status, after.status) in ARCS
        assert before.status not in FINAL or after.status in FINAL


@given(_SIGHTS, _SIGHTS)
def test_a_reading_repeated_tells_nothing_new(first: Order, second: Order) -> None:
    """Seeing the same twice changes nothing."""
    once = first.seen_again(second)

    assert once.seen_again(second) == once
    assert first.seen_again(first) == first
