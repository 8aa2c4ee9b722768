"""Targets: wanted, never at the stop's expense."""

from decimal import Decimal

import pytest

from surefill.domain.actions import CancelLegs, Inquire, LookAgain, MarkCovered, PlaceStop, PlaceTarget, Raise
from surefill.domain.alarm import AlarmKind
from surefill.domain.ids import Leg
from surefill.domain.order import OrderStatus
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from tests.doubles import ONE, Tale, a_tale, decisions

_POLL, _GRACE = 250, 1_000
_PLACE = PlaceTarget("s1", ONE)
_PART = Decimal("0.4")


def _stopped() -> Tale:
    """Filled at 0 and covered by its stop; no target yet."""
    tale = Tale()
    tale.entered()
    tale.rests(Leg.STOP)
    tale.covered()
    return tale


def _partly_closed() -> Tale:
    """Protected for 1, of which an exit closed 0.6; the stop is exact again."""
    tale = a_tale()
    exit_id = tale.sends(Leg.EXIT, "0.6")
    tale.seen(exit_id, OrderStatus.FILLED, executed="0.6")
    tale.exited(exit_id, "0.6")
    larger = tale.newest(Leg.STOP)
    tale.rests(Leg.STOP)
    tale.seen(larger, OrderStatus.CANCELED)
    return tale


def test_a_missing_target_is_placed() -> None:
    """A covered position without the target that was asked for gets it."""
    assert decisions(_stopped()) == (_PLACE,)


def test_no_target_was_asked_for() -> None:
    """Without a planned target the stop alone is enough."""
    assert decisions(a_tale(target_price=None)) == ()


def test_a_target_taken_away_by_the_caller_is_not_put_back_and_the_stop_is() -> None:
    """The caller cancelled both, and only the target went: nobody misses it, and the stop is looked after as ever."""
    tale = a_tale()
    target = tale.newest(Leg.TARGET)
    tale.cancel_asked(target, 5, for_good=True)
    tale.seen(target, OrderStatus.CANCELED)
    assert decisions(tale, now_ms=99_999) == ()

    tale.seen(tale.newest(Leg.STOP), OrderStatus.CANCELED)
    assert PlaceStop("s1", ONE) in decisions(tale, now_ms=99_999)


def test_a_stop_taken_away_by_the_caller_is_not_put_back() -> None:
    """From the moment on at which it is known to be gone, whether or not people were told yet."""
    tale = a_tale()
    stop = tale.newest(Leg.STOP)
    tale.cancel_asked(stop, 5, for_good=True)
    tale.seen(stop, OrderStatus.CANCELED)

    assert decisions(tale, now_ms=99_999) == ()


def test_a_target_that_cannot_be_found_is_followed_by_another() -> None:
    """As for stops: asked for, waited for, then sent again; it can only reduce."""
    tale = _stopped()
    target = tale.sends(Leg.TARGET)
    tale.answered(target)
    assert decisions(tale, now_ms=10) == (Inquire("s1", (target,)),)

    tale.missed(target, 10)
    assert decisions(tale, now_ms=10) == (LookAgain(10 + _POLL),)
    assert decisions(tale, now_ms=_GRACE) == (_PLACE,)


def test_a_target_refused_for_good_is_given_up() -> None:
    """The bracket lives on without its target: the stop stays and the target is not sent again."""
    tale = _stopped()
    tale.answered(tale.sends(Leg.TARGET), ReplyKind.REJECTED, refusal=Refusal.STOP_CROSSED)

    assert decisions(tale, now_ms=99_999) == ()


@pytest.mark.parametrize("kind", [ReplyKind.RETRYABLE, ReplyKind.NOT_SENT])
def test_a_target_refused_for_now_is_tried_again(kind: ReplyKind) -> None:
    """What may pass later is tried again, after a wait."""
    tale = _stopped()
    tale.answered(tale.sends(Leg.TARGET), kind, refusal=Refusal.OVERLOADED)

    assert decisions(tale, now_ms=_POLL - 1) == (LookAgain(_POLL),)
    assert decisions(tale, now_ms=_POLL) == (_PLACE,)


def test_a_target_refused_at_one_size_is_tried_at_another() -> None:
    """After a partial close the size is another, and so may the answer be."""
    tale = _stopped()
    tale.answered(tale.sends(Leg.TARGET), ReplyKind.REJECTED)
    tale.written_off("0.6")
    tale.rests(Leg.STOP)

    assert PlaceTarget("s1", _PART) in decisions(tale)


def test_a_smaller_target_replaces_the_larger() -> None:
    """After a partial close the smaller target is placed and seen before the larger is cancelled."""
    tale = _partly_closed()
    larger = tale.newest(Leg.TARGET)
    assert decisions(tale) == (PlaceTarget("s1", _PART),)

    tale.rests(Leg.TARGET)
    assert decisions(tale) == (CancelLegs("s1", (larger,)),)


def test_a_larger_target_goes_when_the_smaller_is_refused_for_good() -> None:
    """A target larger than its bracket would close a neighbour's size, so it does not stay."""
    tale = _partly_closed()
    larger = tale.newest(Leg.TARGET)
    tale.answered(tale.sends(Leg.TARGET), ReplyKind.REJECTED)

    assert decisions(tale) == (CancelLegs("s1", (larger,)),)


@pytest.mark.parametrize("status", [OrderStatus.TRIGGERING, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED])
@pytest.mark.parametrize("now_ms", [0, 99_999])
def test_a_triggered_target_is_waited_for(status: OrderStatus, now_ms: int) -> None:
    """However long a target takes, the stop protects meanwhile: nothing is done but to look again."""
    tale = a_tale()
    tale.seen(tale.newest(Leg.TARGET), status)

    assert decisions(tale, now_ms=now_ms) == (LookAgain(now_ms + _POLL),)


def test_a_target_removed_by_hand_is_put_back_once() -> None:
    """The first removal may be a mistake, the second is meant: alarm and no fight, while the stop stays."""
    tale = a_tale()
    tale.seen(tale.newest(Leg.TARGET), OrderStatus.CANCELED)
    assert decisions(tale, now_ms=99_999) == (_PLACE,)

    tale.seen(tale.rests(Leg.TARGET), OrderStatus.CANCELED)
    (alarm,) = decisions(tale, now_ms=99_999)
    assert isinstance(alarm, Raise)
    assert (alarm.kind, alarm.signal_id) == (AlarmKind.LEG_REMOVED, "s1")
    assert "the target of signal 's1' was cancelled 2 times" in alarm.text


def test_a_refused_stop_does_not_hold_up_the_target() -> None:
    """While the stop waits for its next attempt, the target may already be placed."""
    tale = Tale()
    tale.entered()
    tale.answered(tale.sends(Leg.STOP), ReplyKind.RETRYABLE)

    assert decisions(tale, now_ms=1) == (LookAgain(_POLL), _PLACE)


def test_both_legs_are_asked_for_together() -> None:
    """A look that shows neither leg asks for both at once."""
    tale = a_tale()
    stop, target = tale.newest(Leg.STOP), tale.newest(Leg.TARGET)

    assert decisions(tale, now_ms=10, hidden=[stop, target]) == (Inquire("s1", (stop,)), Inquire("s1", (target,)))


def test_a_filled_target_leaves_nothing_to_protect() -> None:
    """After the target took everything only the stop is left over, and cancelled."""
    tale = a_tale()
    tale.seen(tale.newest(Leg.TARGET), OrderStatus.FILLED, executed=ONE)

    assert decisions(tale) == (CancelLegs("s1", (tale.newest(Leg.STOP),)),)


def test_a_partly_filled_target_shrinks_the_stop() -> None:
    """What a target took and then expired leaves the rest to a stop of exactly that size."""
    tale = a_tale()
    tale.seen(tale.newest(Leg.TARGET), OrderStatus.EXPIRED, executed="0.6")

    assert decisions(tale) == (PlaceStop("s1", _PART), PlaceTarget("s1", _PART))


def test_the_policy_bounds_replacements_of_targets_too() -> None:
    """With no replacements allowed the first removal is already left to a person."""
    tale = a_tale()
    tale.seen(tale.newest(Leg.TARGET), OrderStatus.CANCELED)

    actions = decisions(tale, policy=ProtectionPolicy(leg_replacements_max=0))

    assert [type(action) for action in actions] == [Raise]


def test_a_covered_sight_and_a_target_come_together() -> None:
    """The first sight of the stop is noted in the same look that places the target."""
    tale = Tale()
    tale.entered()
    tale.rests(Leg.STOP)

    assert decisions(tale) == (MarkCovered("s1"), _PLACE)
