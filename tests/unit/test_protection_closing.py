"""The end of a bracket: no orders left behind, and the right reason in the books."""

from decimal import Decimal

import pytest

from surefill.domain.actions import CancelLegs, Close, Inquire, LookAgain
from surefill.domain.events import Allotment, Released, Reported
from surefill.domain.ids import Leg
from surefill.domain.order import OrderStatus
from surefill.domain.protection import closed_by
from surefill.domain.reply import ReplyKind
from surefill.domain.report import ClosedBy, ExecutionReport, Outcome
from surefill.domain.timings import Timings
from tests.doubles import ONE, Tale, a_tale, decisions

_POLL, _GRACE = 250, 1_000
_HOUR = 3_600_000
_WATCH = Timings()


def _over() -> tuple[Tale, str, str]:
    """The position was closed by an exit; both legs still rest."""
    tale = a_tale()
    stop, target = tale.newest(Leg.STOP), tale.newest(Leg.TARGET)
    exit_id = tale.sends(Leg.EXIT)
    tale.seen(exit_id, OrderStatus.FILLED, executed=ONE)
    tale.exited(exit_id, ONE)
    return tale, stop, target


def test_legs_are_cancelled_before_the_books_are_closed() -> None:
    """When the position is gone both legs go, and only when both are known to be gone the signal is closed."""
    tale, stop, target = _over()
    assert decisions(tale) == (CancelLegs("s1", (stop, target)),)

    tale.cancel_asked(stop, 0)
    tale.cancel_asked(target, 0)
    assert decisions(tale, now_ms=_GRACE - 1) == (LookAgain(_GRACE - 1 + _POLL),)
    assert decisions(tale, now_ms=_GRACE) == (CancelLegs("s1", (stop, target)),)

    tale.seen(stop, OrderStatus.CANCELED)
    assert decisions(tale, now_ms=_GRACE) == (CancelLegs("s1", (target,)),)

    tale.seen(target, OrderStatus.CANCELED)
    assert decisions(tale, now_ms=_GRACE) == (Close("s1", ClosedBy.EXIT),)


def test_legs_not_shown_are_asked_for_before_closing() -> None:
    """A leg that is not listed may have filled or be hidden: it is asked for, and the other cancelled meanwhile."""
    tale, stop, target = _over()

    assert decisions(tale, now_ms=10, hidden=[stop]) == (Inquire("s1", (stop,)), CancelLegs("s1", (target,)))


@pytest.mark.parametrize("status", [OrderStatus.TRIGGERING, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED])
def test_a_leg_triggering_while_flat_is_waited_for(status: OrderStatus) -> None:
    """A trigger under way cannot be cancelled and must end before the books are closed, however long it takes."""
    tale, stop, target = _over()
    tale.seen(target, OrderStatus.CANCELED)
    tale.seen(stop, status)

    assert decisions(tale, now_ms=20) == (LookAgain(20 + _POLL),)
    assert decisions(tale, now_ms=_HOUR) == (LookAgain(_HOUR + _POLL),)


def test_a_leg_just_sent_is_waited_for() -> None:
    """A leg whose answer came after this look began may rest unseen: the books stay open."""
    tale, stop, target = _over()
    tale.seen(stop, OrderStatus.CANCELED)
    tale.seen(target, OrderStatus.CANCELED)
    tale.answered(tale.sends(Leg.STOP, at_ms=50), at_ms=50)

    assert decisions(tale, now_ms=40) == (LookAgain(40 + _POLL),)


def _with_a_lost_stop() -> tuple[Tale, str]:
    """The position is gone, and of a further stop nobody knows where it is."""
    tale, stop, target = _over()
    tale.seen(stop, OrderStatus.CANCELED)
    tale.seen(target, OrderStatus.CANCELED)
    lost = tale.sends(Leg.STOP)
    tale.missed(lost, 1_000)
    tale.missed(lost, 11_000)
    return tale, lost


def test_a_leg_that_cannot_be_found_is_cancelled_once_by_its_id() -> None:
    """A cancel reaches an order that no list shows yet; it is asked for once, and then the order is watched for."""
    tale, lost = _with_a_lost_stop()

    assert decisions(tale, now_ms=11_000) == (CancelLegs("s1", (lost,)),)

    tale.cancel_asked(lost, 11_000)
    assert decisions(tale, now_ms=14_000) == (LookAgain(1_000 + 15_000),)


def test_a_leg_shown_and_one_that_is_not_are_cancelled_together() -> None:
    """The one that rests and the one that cannot be found: neither waits for the other."""
    tale, stop, target = _over()
    tale.seen(stop, OrderStatus.CANCELED)
    lost = tale.sends(Leg.STOP)
    tale.missed(lost, 1_000)
    tale.missed(lost, 11_000)

    (cancel,) = decisions(tale, now_ms=11_000)

    assert isinstance(cancel, CancelLegs)
    assert set(cancel.client_ids) == {target, lost}


def test_a_leg_that_cannot_be_found_is_watched_for() -> None:
    """A lost stop may still rest somewhere: after the position is gone it is looked for at the ages of the watch."""
    tale, lost = _with_a_lost_stop()
    tale.cancel_asked(lost, 11_000)

    assert decisions(tale, now_ms=11_000) == (LookAgain(1_000 + 15_000),)
    assert decisions(tale, now_ms=16_000) == (Inquire("s1", (lost,)),)

    tale.missed(lost, 20_000)
    assert decisions(tale, now_ms=20_000) == (LookAgain(1_000 + 30_000),)

    tale.missed(lost, 1_000 + 24 * _HOUR)
    assert decisions(tale, now_ms=1_000 + 24 * _HOUR) == (Close("s1", ClosedBy.EXIT),)


def _absent() -> tuple[Tale, str]:
    """The entry's outcome was unknown, and at 1000 it was believed absent."""
    tale = Tale()
    entry = tale.sends(Leg.ENTRY)
    tale.answered(entry, ReplyKind.UNKNOWN)
    tale.absent(entry, 1_000)
    return tale, entry


@pytest.mark.parametrize(
    ("age_ms", "next_age_ms"),
    [
        (0, 5_000),  # at first the position is looked at as often as an open one
        (11_000, 15_000),  # the watch comes first
        (15_000, 20_000),
        (899_999, 900_000),
        (900_000, 900_000 + _HOUR),
        (24 * _HOUR - 1, 24 * _HOUR),
    ],
)
def test_an_absent_entry_is_watched_for_a_day(age_ms: int, next_age_ms: int) -> None:
    """Absence is provisional: the books stay open, and each look has its time."""
    tale, _ = _absent()

    assert decisions(tale, now_ms=1_000 + age_ms) == (LookAgain(1_000 + next_age_ms),)


def test_after_a_day_an_absent_entry_is_closed_as_not_filled() -> None:
    """After 24 h of silence the watch ends and the signal is closed."""
    tale, _ = _absent()

    assert decisions(tale, now_ms=1_000 + _WATCH.late_watch_until_ms) == (Close("s1", ClosedBy.NOT_FILLED),)


def test_the_soonest_watch_counts() -> None:
    """With two orders to watch for, the next look is the earlier one's."""
    tale, _ = _absent()
    tale.absent(tale.sends(Leg.ENTRY), 500)

    assert decisions(tale, now_ms=12_000) == (LookAgain(500 + 15_000),)


def test_an_absent_entry_that_filled_and_was_closed_is_watched_no_more() -> None:
    """Once the late fill was dealt with there is nothing left to wait for."""
    tale, entry = _absent()
    tale.seen(entry, OrderStatus.FILLED, executed=ONE)
    tale.covered()
    tale.exited("x", ONE)

    assert decisions(tale) == (Close("s1", ClosedBy.EXIT),)


def test_an_entry_that_ended_without_a_fill_is_closed() -> None:
    """An entry that expired unfilled leaves nothing to watch for."""
    tale = Tale()
    tale.entered(quantity=Decimal(0))

    assert decisions(tale) == (Close("s1", ClosedBy.NOT_FILLED),)


@pytest.mark.parametrize("kind", [None, ReplyKind.UNKNOWN, ReplyKind.ACCEPTED])
def test_an_open_question_keeps_the_books_open(kind: ReplyKind | None) -> None:
    """Before the entry's outcome is known nothing is closed, and nothing is decided here."""
    tale = Tale()
    entry = tale.sends(Leg.ENTRY)
    if kind is not None:
        tale.answered(entry, kind)

    assert decisions(tale) == ()


def test_a_close_under_way_keeps_the_books_open() -> None:
    """A close's exit that filled this bracket whole but may fill on is waited for."""
    tale, close = a_tale(), Tale("close")
    exit_id = close.sends(Leg.EXIT, ONE, for_others=(Allotment("s1", ONE),))
    close.seen(exit_id, OrderStatus.PARTIALLY_FILLED, executed=ONE)
    tale.exited(exit_id, ONE)

    assert decisions(tale, close) == ()


def test_a_signal_that_never_sent_anything_is_not_closed() -> None:
    """A plan without an order belongs to an entry that is about to start, or to be given back."""
    assert decisions(Tale()) == ()


def test_an_entry_between_two_attempts_is_not_closed() -> None:
    """Its first attempt came to nothing and nothing was reported: the next one may be about to be sent."""
    tale = Tale()
    tale.answered(tale.sends(Leg.ENTRY), ReplyKind.RETRYABLE)
    assert decisions(tale) == ()

    report = ExecutionReport(
        signal_id="s1",
        symbol=tale.plan.symbol,
        type=tale.state.claim.signal.type,
        outcome=Outcome.REJECTED,
        at_ms=1,
    )
    tale.tell(Reported(1, "s1", report))
    assert decisions(tale) == (Close("s1", ClosedBy.NOT_FILLED),)


def test_a_released_signal_is_not_closed() -> None:
    """An id that was given back is nobody's business any more."""
    tale = Tale()
    tale.answered(tale.sends(Leg.ENTRY), ReplyKind.REJECTED)
    tale.tell(Released(1, "s1"))

    assert decisions(tale) == ()


def test_a_naked_position_that_is_gone_is_closed_without_pretence() -> None:
    """A position that went before its stop was ever seen was never covered, and the books do not say so."""
    tale = Tale()
    tale.entered()
    tale.exited("x", ONE)

    assert decisions(tale, now_ms=99_999) == (Close("s1", ClosedBy.EXIT),)


@pytest.mark.parametrize(
    ("entry", "stop", "target", "exited", "written_off", "reason"),
    [
        ("0", "0", "0", "0", "0", ClosedBy.NOT_FILLED),
        ("1", "1", "0", "0", "0", ClosedBy.STOP_LOSS),
        ("1", "0", "1", "0", "0", ClosedBy.TAKE_PROFIT),
        ("1", "0", "0", "1", "0", ClosedBy.EXIT),
        ("1", "0", "0", "0", "1", ClosedBy.ELSEWHERE),
        ("1", "0.5", "0.5", "0", "0", ClosedBy.STOP_LOSS),  # the loss is the news
        ("1", "0", "0.5", "0.5", "0", ClosedBy.TAKE_PROFIT),
        ("1", "0", "0", "0.5", "0.5", ClosedBy.ELSEWHERE),
        ("1", "0.5", "0", "0", "0.5", ClosedBy.STOP_LOSS),
    ],
)
def test_what_ended_a_position(
    entry: str, stop: str, target: str, exited: str, written_off: str, reason: ClosedBy
) -> None:
    """The reason is the leg that filled, else our exit, else somebody else."""
    tale = Tale()
    tale.entered(quantity=entry)
    for leg, executed in ((Leg.STOP, stop), (Leg.TARGET, target)):
        tale.seen(tale.sends(leg, ONE), OrderStatus.EXPIRED, executed=executed)
    tale.exited("x", exited)
    tale.written_off(written_off)

    assert closed_by(tale.state) is reason
    assert decisions(tale)[-1] == Close("s1", reason)
