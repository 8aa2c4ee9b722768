"""Small questions about the stops and targets of one signal."""

from decimal import Decimal

import pytest

from surefill.domain.ids import Leg
from surefill.domain.leg_sets import covers, given_up, legs_of, of_size, removed_by_others
from surefill.domain.leg_state import LegState
from surefill.domain.order import OrderStatus
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from tests.doubles import ONE, Tale, a_tale


def _targets(*refusals: Refusal | None, kind: ReplyKind = ReplyKind.REJECTED) -> tuple[LegState, ...]:
    """Targets of one, each refused so; None was accepted."""
    tale = Tale()
    tale.entered()
    for refusal in refusals:
        answer = ReplyKind.ACCEPTED if refusal is None else kind
        tale.answered(tale.sends(Leg.TARGET), answer, refusal=refusal)
    return tuple(tale.state.of(Leg.TARGET))


@pytest.mark.parametrize(
    ("legs", "over"),
    [
        (_targets(), False),
        (_targets(Refusal.MARGIN), True),
        (_targets(None), False),
        (_targets(Refusal.MARGIN, None), False),  # the newest counts
        (_targets(Refusal.OFF_GRID), False),  # the rules are read anew first
        (_targets(Refusal.OFF_GRID, Refusal.OFF_GRID), True),
        (_targets(Refusal.OFF_GRID, Refusal.MARGIN), True),
        (_targets(Refusal.OVERLOADED, kind=ReplyKind.RETRYABLE), False),
    ],
)
def test_a_target_is_given_up_when_it_is_refused_for_good(legs: tuple[LegState, ...], *, over: bool) -> None:
    """By the last answer, for this size, and off the grid only the second time."""
    assert given_up(legs, ONE) is over
    assert given_up(legs, Decimal("0.5")) is False


def test_stops_and_targets_are_legs_and_others_are_not() -> None:
    """Neither the entry nor an exit is one."""
    tale = a_tale()
    tale.sends(Leg.EXIT)

    assert [leg.intent.leg for leg in legs_of(tale.state)] == [Leg.STOP, Leg.TARGET]


def test_sizes_are_compared_exactly_and_as_cover() -> None:
    """One of just that size is found; one that is larger covers as well; a smaller one does neither."""
    stops = list(a_tale().state.of(Leg.STOP))

    assert of_size(stops, Decimal("1.000")) is stops[0]
    assert of_size(stops, Decimal("0.999")) is None
    assert covers(stops, ONE)
    assert covers(stops, Decimal("0.5"))
    assert not covers(stops, Decimal("1.001"))
    assert not covers([], ONE)


@pytest.mark.parametrize(
    ("status", "executed", "asked", "removed"),
    [
        (OrderStatus.CANCELED, "0", False, True),
        (OrderStatus.CANCELED, "0", True, False),
        (OrderStatus.CANCELED, "0.5", False, False),
        (OrderStatus.EXPIRED, "0", False, False),
        (OrderStatus.NEW, "0", False, False),
    ],
)
def test_a_leg_cancelled_without_a_fill_and_not_by_us_was_removed(
    status: OrderStatus, executed: str, *, asked: bool, removed: bool
) -> None:
    """Everything else has another reason."""
    tale = a_tale()
    stop = tale.newest(Leg.STOP)
    if asked:
        tale.cancel_asked(stop, 5)
    tale.seen(stop, status, 10, executed=executed)

    assert removed_by_others(tale.state.legs[stop]) is removed


def test_a_leg_never_seen_was_not_removed() -> None:
    """Nobody knows that it was there."""
    tale = a_tale()
    stop = tale.sends(Leg.STOP)

    assert not removed_by_others(tale.state.legs[stop])
