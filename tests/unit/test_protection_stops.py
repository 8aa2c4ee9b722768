"""Stops: placed first, seen live, exactly of the open size, and put back."""

from decimal import Decimal
from typing import Any

import pytest

from surefill.domain.actions import (
    CancelLegs,
    ExitNow,
    ExitWhy,
    Inquire,
    LookAgain,
    MarkCovered,
    MarkExposed,
    PlaceStop,
    PlaceTarget,
    Raise,
)
from surefill.domain.alarm import AlarmKind
from surefill.domain.ids import Leg
from surefill.domain.order import OrderStatus
from surefill.domain.protection_policy import OnUnprotected, ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from surefill.domain.side import Direction, PositionMode
from tests.doubles import ONE, Tale, a_book, a_look, a_tale, decisions

_POLL, _GRACE, _SOFT, _HARD = 250, 1_000, 3_000, 10_000
_PLACE_STOP = PlaceStop("s1", ONE)
_PART = Decimal("0.4")


def _naked(**plan: Any) -> Tale:
    """Filled at 0 without a target to distract, and no stop sent yet."""
    tale = Tale(target_price=None, **plan)
    tale.entered()
    return tale


def _alarms(actions: object) -> list[AlarmKind]:
    assert isinstance(actions, tuple)
    return [action.kind for action in actions if isinstance(action, Raise)]


def test_the_stop_comes_before_the_target() -> None:
    """Right after the fill both legs are placed for what was executed, the stop first."""
    tale = Tale()
    tale.entered(quantity=_PART)

    assert decisions(tale) == (PlaceStop("s1", _PART), PlaceTarget("s1", _PART))


def test_when_all_is_well_nothing_is_done() -> None:
    """With an exact stop and an exact target live there is nothing to do, now or an hour later."""
    assert decisions(a_tale()) == ()
    assert decisions(a_tale(), now_ms=3_600_000) == ()


@pytest.mark.parametrize("mode", PositionMode)
@pytest.mark.parametrize("direction", Direction)
def test_every_kind_of_bracket_is_protected_alike(mode: PositionMode, direction: Direction) -> None:
    """Long or short, one-way or hedge: naked it gets its stop, protected it is left alone."""
    assert decisions(_naked(mode=mode, direction=direction)) == (_PLACE_STOP,)
    assert decisions(a_tale(mode=mode, direction=direction)) == ()


def test_a_bracket_without_a_stop_gets_none() -> None:
    """Where no stop was asked for, the target is placed and no alarm is ever raised."""
    tale = Tale(stop_price=None)
    tale.entered()

    assert decisions(tale, now_ms=99_999) == (PlaceTarget("s1", ONE),)


def test_nothing_is_placed_before_the_entry_is_filled() -> None:
    """A plan whose entry was sent but shows no fill has nothing to protect."""
    tale = Tale()
    tale.answered(tale.sends(Leg.ENTRY))

    assert decisions(tale) == ()


def test_a_stop_first_seen_live_covers_the_position() -> None:
    """The first sight of the live stop after the fill is noted, once."""
    tale = _naked()
    tale.rests(Leg.STOP)
    assert decisions(tale) == (MarkCovered("s1"),)

    tale.covered()
    assert decisions(tale) == ()


def test_a_stop_that_was_only_answered_covers_nothing() -> None:
    """Acknowledged is not protected: the position stays naked until the stop is seen."""
    tale = _naked()
    stop = tale.sends(Leg.STOP)
    tale.answered(stop, order=tale.order(stop))

    assert decisions(tale, now_ms=10, hidden=[stop]) == (Inquire("s1", (stop,)),)


def test_a_look_older_than_the_answer_is_waited_out() -> None:
    """What was sent after the look began cannot be missed by it."""
    tale = _naked()
    tale.answered(tale.sends(Leg.STOP, at_ms=50), at_ms=50)

    assert decisions(tale, now_ms=40) == (LookAgain(40 + _POLL),)


@pytest.mark.parametrize("kind", [ReplyKind.ACCEPTED, ReplyKind.UNKNOWN, ReplyKind.EXISTS, None])
def test_a_stop_that_cannot_be_found_is_followed_by_another(kind: ReplyKind | None) -> None:
    """Asked for, waited for within the grace, then sent anew: a doubled stop cannot hurt, a missing one can."""
    tale = _naked()
    stop = tale.sends(Leg.STOP)
    if kind is not None:
        tale.answered(stop, kind)
    assert decisions(tale, now_ms=10) == (Inquire("s1", (stop,)),)

    tale.missed(stop, 10)
    assert decisions(tale, now_ms=10) == (LookAgain(10 + _POLL),)
    assert decisions(tale, now_ms=_GRACE - 1) == (LookAgain(_GRACE - 1 + _POLL),)
    assert decisions(tale, now_ms=_GRACE) == (_PLACE_STOP,)


def test_a_stop_found_by_its_id_is_live() -> None:
    """A list that lags behind does not make a second stop where asking by id finds the first."""
    tale = _naked()
    stop = tale.sends(Leg.STOP)
    tale.answered(stop)
    tale.seen(stop, at_ms=10)

    assert decisions(tale, now_ms=10, hidden=[stop]) == (MarkCovered("s1"),)


def test_a_covered_position_that_lost_its_stop_is_exposed() -> None:
    """A stop that vanished is noted as exposure before another is placed, so that the clock runs."""
    tale = a_tale()
    tale.seen(tale.newest(Leg.STOP), OrderStatus.EXPIRED, 5_000)

    assert decisions(tale, now_ms=5_000) == (MarkExposed("s1", 5_000), _PLACE_STOP)


def test_a_position_is_exposed_since_the_look_that_shows_it_began() -> None:
    """Two seconds passed until all of it was read, and its lists are read first: the stop was gone when it began."""
    tale = a_tale()
    tale.seen(tale.newest(Leg.STOP), OrderStatus.EXPIRED, 5_000)

    actions = decisions(tale, snapshot=a_look(tale, at_ms=5_000), now_ms=7_000)

    assert actions == (MarkExposed("s1", 5_000), _PLACE_STOP)


@pytest.mark.parametrize(
    ("now_ms", "alarms"), [(0, 0), (_SOFT - 1, 0), (_SOFT, 1), (_SOFT + 1, 1), (_HARD, 1), (3_600_000, 1)]
)
def test_a_naked_position_is_alarmed_from_the_soft_deadline_on(now_ms: int, alarms: int) -> None:
    """From 3 s without a live stop every look raises UNPROTECTED, and placing goes on."""
    actions = decisions(_naked(), now_ms=now_ms)

    assert _alarms(actions) == [AlarmKind.UNPROTECTED] * alarms
    assert actions[-1] == _PLACE_STOP


def test_the_alarm_says_what_is_naked_for_how_long_and_what_is_done() -> None:
    """The alarm's sentence has size, symbol, signal, time and policy."""
    (alarm, _) = decisions(_naked(), now_ms=4_321)

    assert isinstance(alarm, Raise)
    assert alarm.signal_id == "s1"
    for words in ("1 BTCUSDT", "'s1'", "4321 ms", "ALARM at 10000 ms"):
        assert words in alarm.text


def test_the_alarm_policy_never_gives_up() -> None:
    """With ALARM a stop refused for good is tried again, ever more slowly, however long it takes."""
    policy = ProtectionPolicy(on_unprotected=OnUnprotected.ALARM)
    tale = _naked()
    for at_ms in (0, 20_000, 40_000):
        tale.answered(tale.sends(Leg.STOP, at_ms=at_ms), ReplyKind.REJECTED, at_ms, refusal=Refusal.STOP_CAP)

    actions = decisions(tale, now_ms=60_000, policy=policy)

    assert _alarms(actions) == [AlarmKind.UNPROTECTED]
    assert actions[-1] == _PLACE_STOP


@pytest.mark.parametrize("kind", [ReplyKind.RETRYABLE, ReplyKind.REJECTED, ReplyKind.NOT_SENT])
@pytest.mark.parametrize(
    ("failures", "wait_ms"), [(1, 250), (2, 500), (3, 1_000), (4, 2_000), (5, 4_000), (6, 5_000), (40, 5_000)]
)
def test_attempts_slow_down(kind: ReplyKind, failures: int, wait_ms: int) -> None:
    """After each refusal in a row the wait doubles, up to the time between two alarms."""
    tale = _naked()
    for _ in range(failures):
        tale.answered(tale.sends(Leg.STOP, at_ms=90), kind, 100)

    assert decisions(tale, now_ms=100 + wait_ms - 1)[-1] == LookAgain(100 + wait_ms)
    assert decisions(tale, now_ms=100 + wait_ms)[-1] == _PLACE_STOP


def test_a_stop_that_expires_again_and_again_slows_down_too() -> None:
    """A stop that the system takes away at once must not be sent in a hot loop; an old one is replaced at once."""
    tale = _naked()
    for at_ms in (100, 200):
        stop = tale.rests(Leg.STOP, at_ms=at_ms)
        tale.seen(stop, OrderStatus.EXPIRED, at_ms)

    assert decisions(tale, now_ms=699) == (LookAgain(700),)
    assert decisions(tale, now_ms=700) == (_PLACE_STOP,)


def test_a_crash_before_the_answer_counts_from_the_intent() -> None:
    """A stop lost before its answer was written is waited for from the moment it was intended."""
    tale = _naked()
    stop = tale.sends(Leg.STOP, at_ms=500)
    tale.missed(stop, 600)

    assert decisions(tale, now_ms=500 + _GRACE - 1) == (LookAgain(500 + _GRACE - 1 + _POLL),)
    assert decisions(tale, now_ms=500 + _GRACE) == (_PLACE_STOP,)


def _partly_closed() -> tuple[Tale, str]:
    """Protected for 1, then 0.6 of it was closed by an exit."""
    tale = _naked()
    stop = tale.rests(Leg.STOP)
    tale.covered()
    exit_id = tale.sends(Leg.EXIT, "0.6")
    tale.seen(exit_id, OrderStatus.FILLED, executed="0.6")
    tale.exited(exit_id, "0.6")
    return tale, stop


def test_a_smaller_stop_is_placed_before_the_larger_is_cancelled() -> None:
    """After a partial close: the smaller stop first, the larger goes only once the smaller is seen live."""
    tale, larger = _partly_closed()
    assert decisions(tale) == (PlaceStop("s1", _PART),)

    smaller = tale.sends(Leg.STOP)
    tale.answered(smaller)
    assert decisions(tale, now_ms=10) == (Inquire("s1", (smaller,)),)

    tale.missed(smaller, 10)
    assert decisions(tale, now_ms=10) == (LookAgain(10 + _POLL),)

    tale.seen(smaller, at_ms=20)
    assert decisions(tale, now_ms=20) == (CancelLegs("s1", (larger,)),)


def test_a_larger_stop_protects_while_the_smaller_is_refused() -> None:
    """Covered by the larger stop the position is not naked: no alarm, no exit, and the smaller is tried again."""
    tale, _ = _partly_closed()
    tale.answered(tale.sends(Leg.STOP), ReplyKind.REJECTED, refusal=Refusal.STOP_CROSSED)
    policy = ProtectionPolicy(on_unprotected=OnUnprotected.FLATTEN)

    assert decisions(tale, now_ms=_HARD, policy=policy, mark=80) == (PlaceStop("s1", _PART),)


def test_a_stop_smaller_than_the_position_leaves_it_naked() -> None:
    """A stop for less than is open does not cover: the rest is exposed until the exact one is live."""
    tale = _naked()
    small = tale.rests(Leg.STOP, _PART)
    tale.covered()
    assert decisions(tale) == (MarkExposed("s1", 0), _PLACE_STOP)

    tale.exposed(0)
    tale.rests(Leg.STOP, ONE)
    assert decisions(tale) == (MarkCovered("s1"), CancelLegs("s1", (small,)))


def test_of_two_exact_stops_one_is_cancelled() -> None:
    """When a stop believed lost comes back, the oldest exact one stays and the others go."""
    tale = a_tale(target_price=None)
    second, third = tale.rests(Leg.STOP), tale.rests(Leg.STOP)

    assert decisions(tale) == (CancelLegs("s1", (second, third)),)


def test_a_cancel_is_not_repeated_before_it_can_show() -> None:
    """A cancel that was asked for is waited for within the grace, then asked for again."""
    tale = a_tale(target_price=None)
    second = tale.rests(Leg.STOP)
    tale.cancel_asked(second, 100)

    assert decisions(tale, now_ms=100 + _GRACE - 1) == (LookAgain(100 + _GRACE - 1 + _POLL),)
    assert decisions(tale, now_ms=100 + _GRACE) == (CancelLegs("s1", (second,)),)


def _removed(times: int) -> Tale:
    """Protected, and so many times somebody else cancelled the stop, which was put back in between."""
    tale = a_tale()
    for number in range(times):
        tale.seen(tale.newest(Leg.STOP), OrderStatus.CANCELED, 10_000 * number)
        if number < times - 1:
            tale.rests(Leg.STOP, at_ms=10_000 * number)
    return tale


def test_a_stop_removed_by_hand_is_put_back_once() -> None:
    """The first time it may be a mistake, and the stop is replaced."""
    assert decisions(_removed(1), now_ms=10_000) == (MarkExposed("s1", 10_000), _PLACE_STOP)


def test_a_stop_removed_again_is_left_to_a_person() -> None:
    """The second time somebody means it: no fight, but an alarm that says what to do, and the naked alarm as ever."""
    tale = _removed(2)
    tale.exposed(10_000)

    unprotected, removed = decisions(tale, now_ms=20_000)

    assert _alarms((unprotected, removed)) == [AlarmKind.UNPROTECTED, AlarmKind.LEG_REMOVED]
    assert isinstance(removed, Raise)
    assert "the stop of signal 's1' was cancelled 2 times by somebody else" in removed.text
    assert "close the position, or cancel_all_orders" in removed.text


@pytest.mark.parametrize(("allowed", "removed", "placed"), [(0, 1, False), (1, 1, True), (3, 3, True), (3, 4, False)])
def test_how_often_is_the_callers_choice(allowed: int, removed: int, *, placed: bool) -> None:
    """The policy says how many removals are put back."""
    actions = decisions(_removed(removed), now_ms=99_999, policy=ProtectionPolicy(leg_replacements_max=allowed))

    assert (_PLACE_STOP in actions) is placed
    assert (AlarmKind.LEG_REMOVED in _alarms(actions)) is not placed


def test_stops_we_cancelled_ourselves_were_not_removed() -> None:
    """Our own cancels, and stops that had filled in part, are not counted against the replacements."""
    tale = _removed(1)
    for _ in range(5):
        mine = tale.rests(Leg.STOP)
        tale.cancel_asked(mine, 0)
        tale.seen(mine, OrderStatus.CANCELED)
    filled = tale.rests(Leg.STOP)
    tale.seen(filled, OrderStatus.CANCELED, executed=_PART)

    actions = decisions(tale, now_ms=99_999)

    assert AlarmKind.LEG_REMOVED not in _alarms(actions)
    assert PlaceStop("s1", Decimal("0.6")) in actions


def test_removed_too_often_still_obeys_the_hard_deadline() -> None:
    """Who wished to be flat rather than naked is flattened, also when a person took the stop away."""
    tale = _removed(2)
    tale.exposed(10_000)
    policy = ProtectionPolicy(on_unprotected=OnUnprotected.FLATTEN)

    actions = decisions(tale, now_ms=10_000 + _HARD, policy=policy)

    assert type(actions[-1]).__name__ == "ExitNow"


def test_waived_protection_is_not_put_back() -> None:
    """The caller's word beats the guard: nothing is placed and nothing alarmed any more."""
    tale = _naked()
    tale.waived()

    assert decisions(tale, now_ms=99_999) == ()


def test_waived_legs_are_still_looked_for() -> None:
    """A cancelled leg of which nobody has seen the end is asked for, so that the books can be closed one day."""
    tale = a_tale()
    stop, target = tale.newest(Leg.STOP), tale.newest(Leg.TARGET)
    tale.waived()

    assert decisions(tale, now_ms=10, hidden=[stop, target]) == (Inquire("s1", (stop, target)),)


def test_brackets_are_protected_each_for_itself() -> None:
    """Two brackets on one symbol: the naked one gets its own stop, the other is left alone."""
    protected, naked = a_tale("a"), Tale("b", target_price=None, quantity=_PART)
    naked.entered()

    assert decisions(protected, naked) == (PlaceStop("b", _PART),)
    assert decisions(naked, protected) == (PlaceStop("b", _PART),)


def test_brackets_are_served_oldest_first() -> None:
    """The actions follow the order of the claims."""
    tales = [Tale(name, target_price=None) for name in ("b", "a", "c")]
    for tale in tales:
        tale.entered()

    assert decisions(*tales) == tuple(PlaceStop(name, ONE) for name in ("b", "a", "c"))


def test_long_and_short_side_by_side() -> None:
    """On a hedge account both directions of a symbol are held and protected independently."""
    long = a_tale("long", mode=PositionMode.HEDGE)
    short = Tale("short", mode=PositionMode.HEDGE, direction=Direction.SHORT, target_price=None)
    short.entered()

    assert decisions(long, short) == (PlaceStop("short", ONE),)


@pytest.mark.parametrize("leg", [Leg.STOP, Leg.TARGET])
def test_legs_are_of_the_size_that_the_step_allows(leg: Leg) -> None:
    """The step grew: of one that is open 0.9 can be covered; a leg of 0.9 is placed, and then it is the right one."""
    tale = Tale()
    tale.entered()
    most = Decimal("0.9")
    book = a_book(tale, leg_sizes={"s1": most})

    placed = decisions(tale, book=book)
    tale.rests(Leg.STOP, most)
    tale.rests(Leg.TARGET, most)
    after = decisions(tale, book=book)

    assert (PlaceStop if leg is Leg.STOP else PlaceTarget)("s1", most) in placed
    assert after == ()


def test_a_rest_that_no_order_can_have_stays_naked() -> None:
    """A stop for less than is open is no cover: the alarm goes on."""
    tale = Tale()
    tale.entered()
    tale.rests(Leg.STOP, Decimal("0.9"))
    tale.rests(Leg.TARGET, Decimal("0.9"))

    (told,) = decisions(tale, book=a_book(tale, leg_sizes={"s1": Decimal("0.9")}), now_ms=3_000)

    assert isinstance(told, Raise)
    assert told.kind is AlarmKind.UNPROTECTED


def test_less_than_one_step_gets_no_leg() -> None:
    """No order can be of nothing: it is only looked at, as often as the alarm repeats."""
    tale = Tale()
    tale.entered()

    actions = decisions(tale, book=a_book(tale, leg_sizes={"s1": Decimal(0)}), now_ms=100)

    assert actions == (LookAgain(5_100), LookAgain(5_100))


def test_a_stop_that_nobody_answers_for_covers_nothing_and_is_not_replaced() -> None:
    """It may rest: no second one beside it; it may not: the position counts as naked, and is looked at soon."""
    tale = Tale()
    tale.entered()
    stop = tale.rests(Leg.STOP)
    target = tale.rests(Leg.TARGET)
    tale.covered()
    look: dict[str, Any] = {"now_ms": 5_000, "hidden": [stop]}

    asked = decisions(tale, **look)
    silent = decisions(tale, book=a_book(tale, silent=frozenset({stop})), **look)

    assert asked == (Inquire("s1", (stop,)),)
    assert silent == (MarkExposed("s1", 5_000), LookAgain(6_000))
    assert target in tale.state.legs


def test_a_stop_for_less_than_is_open_leaves_it_naked_whatever_the_step_allows() -> None:
    """One of 0.95 rests where 0.9 would be right: the position is naked, and at the hard deadline the policy acts."""
    tale = Tale()
    tale.entered()
    tale.rests(Leg.STOP, Decimal("0.95"))
    policy = ProtectionPolicy(on_unprotected=OnUnprotected.FLATTEN)

    actions = decisions(tale, book=a_book(tale, leg_sizes={"s1": Decimal("0.9")}), policy=policy, now_ms=10_000)

    assert ExitNow("s1", ONE, ExitWhy.UNPROTECTED) in actions
