"""Exits: when a position is left without the caller asking, and when it is not."""

from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest

from surefill.domain.actions import ExitNow, ExitWhy, Inquire, LookAgain, MarkExposed, PlaceStop, PlaceTarget, Raise
from surefill.domain.events import Allotment, Closed, Seen
from surefill.domain.ids import Leg
from surefill.domain.order import OrderStatus
from surefill.domain.protection_policy import OnLateFill, OnUnprotected, ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from surefill.domain.report import ClosedBy
from surefill.domain.side import Direction, PositionMode, TriggerPrice
from tests.doubles import ONE, Tale, a_book, a_tale, decisions

_POLL, _SOFT, _HARD, _TRIGGERING_MAX = 250, 3_000, 10_000, 5_000
_FLATTEN = ProtectionPolicy(on_unprotected=OnUnprotected.FLATTEN)


def _exit(why: ExitWhy, quantity: Decimal = ONE) -> ExitNow:
    return ExitNow("s1", quantity, why)


def _naked() -> Tale:
    tale = Tale()
    tale.entered()
    return tale


def _refused(kind: ReplyKind = ReplyKind.REJECTED) -> Tale:
    """Naked, and the stop was refused because its price is already crossed."""
    tale = _naked()
    tale.answered(tale.sends(Leg.STOP), kind, refusal=Refusal.STOP_CROSSED)
    return tale


def _triggering(status: OrderStatus = OrderStatus.TRIGGERING) -> Tale:
    """Protected, and the stop was triggered at 100."""
    tale = a_tale()
    tale.seen(tale.newest(Leg.STOP), status, 100)
    return tale


def _rejected_at_trigger() -> Tale:
    tale = a_tale()
    tale.seen(tale.newest(Leg.STOP), OrderStatus.REJECTED, 100)
    return tale


def _late() -> Tale:
    """The entry was believed absent, then turned out filled."""
    tale = Tale()
    entry = tale.sends(Leg.ENTRY)
    tale.absent(entry, 0)
    tale.seen(entry, OrderStatus.FILLED, executed=ONE)
    return tale


@pytest.mark.parametrize("kind", [ReplyKind.REJECTED, ReplyKind.RETRYABLE])
def test_a_stop_refused_as_crossed_is_due(kind: ReplyKind) -> None:
    """A stop whose price is crossed already would have closed the position: it is closed now, and no target placed."""
    assert decisions(_refused(kind)) == (_exit(ExitWhy.STOP_DUE),)


@pytest.mark.parametrize("refusal", sorted(set(Refusal) - {Refusal.STOP_CROSSED}, key=str))
def test_no_other_refusal_closes_the_position(refusal: Refusal) -> None:
    """Whatever else keeps the stop from being placed, it is tried again: the caller asked for the position."""
    tale = _naked()
    tale.answered(tale.sends(Leg.STOP), ReplyKind.REJECTED, refusal=refusal)

    assert PlaceStop("s1", ONE) in decisions(tale, now_ms=_POLL)


@pytest.mark.parametrize(
    ("direction", "mark", "due"),
    [
        (Direction.LONG, "90.1", False),
        (Direction.LONG, "90", True),
        (Direction.LONG, "80", True),
        (Direction.SHORT, "109.9", False),
        (Direction.SHORT, "110", True),
    ],
)
def test_a_naked_position_beyond_its_stop_is_left(direction: Direction, mark: str, *, due: bool) -> None:
    """Without a live stop the mark itself decides: at the stop's price the position is closed."""
    tale = Tale(direction=direction)
    tale.entered()

    actions = decisions(tale, mark=mark)

    assert actions == ((_exit(ExitWhy.STOP_DUE),) if due else (PlaceStop("s1", ONE), PlaceTarget("s1", ONE)))


@pytest.mark.parametrize(("trigger_on", "mark"), [(TriggerPrice.LAST, "80"), (TriggerPrice.MARK, None)])
def test_a_price_that_does_not_count_closes_nothing(trigger_on: TriggerPrice, mark: str | None) -> None:
    """A stop compared with the last price is not due by the mark, and an unknown mark decides nothing."""
    tale = Tale(trigger_on=trigger_on)
    tale.entered()

    assert decisions(tale, mark=mark) == (PlaceStop("s1", ONE), PlaceTarget("s1", ONE))


def test_a_live_stop_is_trusted_with_its_price() -> None:
    """While the exact stop rests, the mark beyond it is the exchange's business, not ours."""
    assert decisions(a_tale(), mark="80") == ()


def test_a_stop_refused_when_it_triggered_is_due() -> None:
    """The price was reached and the stop did not get through: the position is closed."""
    assert decisions(_rejected_at_trigger(), now_ms=100) == (MarkExposed("s1", 100), _exit(ExitWhy.STOP_REJECTED))


def test_a_newer_stop_forgives_an_old_rejection() -> None:
    """Only the newest stop decides; with another one live the position is protected."""
    tale = _rejected_at_trigger()
    tale.rests(Leg.STOP)

    assert decisions(tale, now_ms=100) == ()


@pytest.mark.parametrize("status", [OrderStatus.TRIGGERING, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED])
def test_a_stop_stuck_in_its_trigger_protects_nothing(status: OrderStatus) -> None:
    """For 5 s a triggered stop is waited for, naked all the while; after that the position is closed at market."""
    tale = _triggering(status)
    waiting = decisions(tale, now_ms=100 + _TRIGGERING_MAX)
    tale.exposed(100)
    told = decisions(tale, now_ms=100 + _SOFT)
    stuck = decisions(tale, now_ms=101 + _TRIGGERING_MAX)

    assert waiting == (MarkExposed("s1", 100 + _TRIGGERING_MAX), LookAgain(100 + _TRIGGERING_MAX + _POLL))
    assert [type(action) for action in told] == [Raise, LookAgain]
    assert stuck == (_exit(ExitWhy.STOP_STUCK),)


def test_a_trigger_is_as_old_as_the_exchange_says() -> None:
    """It was triggered long before we looked: its time is over with the first sight, and nothing is waited for."""
    tale = a_tale()
    stop = tale.order(tale.newest(Leg.STOP), OrderStatus.TRIGGERING)
    tale.tell(Seen(9_000, "s1", stop.client_id, attrs.evolve(stop, triggered_ms=3_999)))

    assert decisions(tale, now_ms=9_000) == (_exit(ExitWhy.STOP_STUCK),)


@pytest.mark.parametrize(("now_ms", "leaves"), [(_SOFT, False), (_HARD - 1, False), (_HARD, True), (_HARD + 1, True)])
def test_at_the_hard_deadline_flatten_acts(now_ms: int, *, leaves: bool) -> None:
    """With FLATTEN a position naked for 10 s is closed, with its alarm; before that the stop is tried."""
    actions = decisions(_naked(), now_ms=now_ms, policy=_FLATTEN)

    assert isinstance(actions[0], Raise)
    rest = (_exit(ExitWhy.UNPROTECTED),) if leaves else (PlaceStop("s1", ONE), PlaceTarget("s1", ONE))
    assert actions[1:] == rest


def test_alarm_is_the_default_and_never_leaves() -> None:
    """Leg failures do not undo the entry the caller asked for, unless he says so."""
    actions = decisions(_naked(), now_ms=3_600_000)

    assert not any(isinstance(action, ExitNow) for action in actions)


def test_a_covered_position_has_no_deadline() -> None:
    """A position that was never naked, or is not any more, is not flattened by its age."""
    assert decisions(a_tale(), now_ms=3_600_000, policy=_FLATTEN) == ()


def test_a_late_fill_is_closed_by_default() -> None:
    """The caller was told that nothing was filled, so what was is closed, at once."""
    assert decisions(_late()) == (_exit(ExitWhy.LATE_FILL),)


def test_a_late_fill_is_protected_on_request() -> None:
    """Who wants to keep it gets it protected like any other fill."""
    policy = ProtectionPolicy(on_late_fill=OnLateFill.PROTECT)

    assert decisions(_late(), policy=policy) == (PlaceStop("s1", ONE), PlaceTarget("s1", ONE))


@pytest.mark.parametrize("tell", [Tale.entered, lambda tale: (tale.entered(), tale.protected(), tale.waived())])
def test_flattening_everything_closes_every_bracket(tell: Callable[[Tale], object]) -> None:
    """Under the strongest halt each bracket is closed for what is open of it, protected, naked or waived."""
    first, second = Tale("s1"), Tale("s2", quantity=Decimal("0.5"))
    tell(first)
    second.entered()
    book = a_book(first, second, flatten=True)

    assert decisions(first, second, book=book) == (
        _exit(ExitWhy.HALT),
        ExitNow("s2", Decimal("0.5"), ExitWhy.HALT),
    )


@pytest.mark.parametrize("kind", [None, ReplyKind.UNKNOWN, ReplyKind.ACCEPTED])
@pytest.mark.parametrize("make", [_refused, _late, a_tale])
def test_while_an_exit_is_in_flight_nothing_is_sent(make: Callable[[], Tale], kind: ReplyKind | None) -> None:
    """As long as nobody knows what the last exit did there is no second one, and no new leg either."""
    tale = make()
    exit_id = tale.sends(Leg.EXIT)
    if kind is not None:
        tale.answered(exit_id, kind)

    assert decisions(tale, book=a_book(tale, flatten=True)) == (LookAgain(_POLL),)


def test_an_exit_of_a_close_signal_counts_as_well() -> None:
    """An exit in flight in another signal's name is waited for just the same."""
    tale, close = a_tale(), Tale("close")
    close.sends(Leg.EXIT, ONE, for_others=(Allotment("s1", ONE),))

    assert decisions(tale, close) == (LookAgain(_POLL),)


def test_what_an_exit_left_is_exited_next() -> None:
    """An exit that filled in part and ended is followed by one for the rest."""
    tale = _late()
    exit_id = tale.sends(Leg.EXIT)
    tale.seen(exit_id, OrderStatus.EXPIRED, executed="0.3")
    tale.exited(exit_id, "0.3")

    assert decisions(tale) == (_exit(ExitWhy.LATE_FILL, Decimal("0.7")),)


def test_an_exit_known_not_to_have_happened_is_repeated() -> None:
    """A refused exit closed nothing: it is asked for again, after a moment."""
    tale = _late()
    tale.answered(tale.sends(Leg.EXIT), ReplyKind.REJECTED)

    assert decisions(tale, now_ms=_POLL - 1) == (LookAgain(_POLL),)
    assert decisions(tale, now_ms=_POLL) == (_exit(ExitWhy.LATE_FILL),)


@pytest.mark.parametrize(
    ("refused", "wait_ms"), [(1, 250), (2, 500), (3, 1_000), (4, 2_000), (5, 4_000), (6, 5_000), (9, 5_000)]
)
def test_exits_that_come_to_nothing_slow_down(refused: int, wait_ms: int) -> None:
    """Each refusal in a row doubles the wait, up to the alarm's; it counts from the answer to the last one."""
    tale = _late()
    for number in range(refused):
        tale.answered(tale.sends(Leg.EXIT, at_ms=number * 100), ReplyKind.REJECTED, at_ms=number * 100 + 50)
    due_ms = (refused - 1) * 100 + 50 + wait_ms

    assert decisions(tale, now_ms=due_ms - 1) == (LookAgain(due_ms),)
    assert decisions(tale, now_ms=due_ms) == (_exit(ExitWhy.LATE_FILL),)


def test_an_exit_that_filled_forgives_the_refusals_before_it() -> None:
    """Something was closed: the next one is sent at once."""
    tale = _late()
    for _ in range(4):
        tale.answered(tale.sends(Leg.EXIT, at_ms=100), ReplyKind.REJECTED, at_ms=100)
    exit_id = tale.sends(Leg.EXIT, at_ms=100)
    tale.seen(exit_id, OrderStatus.EXPIRED, 100, executed="0.3")
    tale.exited(exit_id, "0.3")

    assert decisions(tale, now_ms=101) == (_exit(ExitWhy.LATE_FILL, Decimal("0.7")),)


def test_a_paced_exit_does_not_hold_up_the_alarm() -> None:
    """While the next exit waits for its time, the naked position is told as before."""
    tale = _refused()
    tale.answered(tale.sends(Leg.EXIT, at_ms=_SOFT), ReplyKind.REJECTED, at_ms=_SOFT)

    actions = decisions(tale, now_ms=_SOFT + 10)

    assert [type(action) for action in actions] == [Raise, LookAgain]
    assert actions[1] == LookAgain(_SOFT + _POLL)


@pytest.mark.parametrize("held", [[], ["-1"]])
@pytest.mark.parametrize("make", [_refused, _rejected_at_trigger, _triggering, _late])
def test_nothing_held_leaves_nothing_to_exit(make: Callable[[], Tale], held: list[str]) -> None:
    """A position that is gone, turned, or not shown yet is looked at again instead of being exited over and over."""
    tale = make()

    actions = decisions(tale, now_ms=9_000, held=held)

    assert not any(isinstance(action, (ExitNow, PlaceStop, PlaceTarget)) for action in actions)
    assert LookAgain(9_000 + _POLL) in actions


def test_legs_are_asked_for_where_an_exit_is_pointless() -> None:
    """With nothing held a leg that is not shown is asked for: unanswered it would keep the books open for ever."""
    tale = a_tale()
    stop, target = tale.newest(Leg.STOP), tale.newest(Leg.TARGET)
    book = a_book(tale, flatten=True)

    actions = decisions(tale, book=book, held=[], hidden=[stop, target], now_ms=10)

    assert actions == (Inquire("s1", (stop, target)), LookAgain(10 + _POLL))


def test_a_flattened_hedge_account_looks_at_each_side() -> None:
    """The long is left where a long is held; the short beside it is none of its business."""
    tale = a_tale(mode=PositionMode.HEDGE)
    book = a_book(tale, flatten=True)

    assert _exit(ExitWhy.HALT) in decisions(tale, book=book, held=["1", "-1"])
    assert _exit(ExitWhy.HALT) not in decisions(tale, book=book, held=["-1"])


def test_closed_signals_are_left_alone() -> None:
    """Nothing is decided for a signal whose books are closed."""
    tale = _naked()
    tale.tell(Closed(0, "s1", ClosedBy.ELSEWHERE))

    assert decisions(tale, book=a_book(tale, flatten=True)) == ()
