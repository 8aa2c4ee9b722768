"""The caller's word beats the guard: what he cancels stays cancelled, and he is told once what it means."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import pytest

from surefill.adapters.simulated import Fault
from surefill.application.cancel_all import CancelReport
from surefill.domain.alarm import AlarmKind
from surefill.domain.audit_record import AuditType
from surefill.domain.errors import ConfigurationError, ExchangeUnavailableError, OutcomeUnknownError
from surefill.domain.events import CancelAsked, Event, Seen, Waived
from surefill.domain.ids import Leg, stem
from surefill.domain.order import OrderKey
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.report import ClosedBy, Outcome
from surefill.domain.snapshot import CancelOutcome, Snapshot
from tests.application.journals import breaking_at
from tests.papers import (
    ACME,
    BOLT,
    NAMESPACE,
    close,
    entry,
    events,
    held,
    id_of,
    name_of,
    open_now,
    paper_desk,
    restart,
    resting,
    stop_by_hand,
)
from tests.scripted import Crash, Line


def failing(name: str) -> Line:
    """Cancels of the order of that name never get through."""

    def cancel(itself: Callable[..., object], keys: Sequence[OrderKey]) -> object:
        if name_of(keys[0].client_id) == name:
            raise ExchangeUnavailableError("no answer")
        return itself(keys)

    return cancel


def test_only_ours_are_cancelled() -> None:
    """Stop and target go, others' orders stay, other symbols are not touched; the position is kept."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2", BOLT, stop="1900", target="2100"))
    stop_by_hand(desk.exchange, "theirs")

    report = desk.manager.cancel_all_orders(ACME)

    assert set(report.cancelled) == {id_of("s1", Leg.STOP), id_of("s1", Leg.TARGET)}
    assert (report.failed, report.still_open, report.unprotected) == ((), (), ("s1",))
    assert resting(desk.exchange) == ["?"]
    assert resting(desk.exchange, BOLT) == ["S1", "T1"]
    assert held(desk.exchange) == 1
    assert desk.lines(AuditType.ORDERS_CANCELLED)[-1].operation == "cancel_all_orders"


def test_everyones_are_cancelled_if_asked() -> None:
    """Both services, whoever placed them."""
    desk = paper_desk()
    desk.execute(entry())
    stop_by_hand(desk.exchange, "theirs")

    report = desk.manager.cancel_all_orders(ACME, only_ours=False)

    assert resting(desk.exchange) == []
    assert "theirs" in report.cancelled
    assert len(report.cancelled) == 3
    assert report.unprotected == ("s1",)


def test_what_was_cancelled_so_is_not_put_back() -> None:
    """Waived: one alarm, and the guard leaves it, also after a restart; the report says unprotected."""
    desk = paper_desk()
    desk.execute(entry())

    desk.manager.cancel_all_orders(ACME)
    desk.guard(60)
    after = restart(desk)
    after.manager.reconcile()
    after.guard(60)

    assert resting(desk.exchange) == []
    assert desk.kinds() == [AlarmKind.WAIVED]
    assert after.alarms == []
    assert len(events(desk.journal, "s1", Waived)) == 1
    report = after.report()
    assert report.outcome is Outcome.UNPROTECTED


def test_a_waived_position_can_still_be_closed() -> None:
    """The caller has the last word there too."""
    desk = paper_desk()
    desk.execute(entry())
    desk.manager.cancel_all_orders(ACME)

    assert desk.execute(close(), None).outcome is Outcome.CLOSED
    assert held(desk.exchange) == 0
    report = desk.report()
    assert report.closed_by is ClosedBy.EXIT


def test_a_new_signal_is_protected_again() -> None:
    """The waiver is that bracket's, not the symbol's."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.manager.cancel_all_orders(ACME)

    assert desk.execute(entry("s2")).outcome is Outcome.PROTECTED
    assert resting(desk.exchange) == ["S1", "T1"]


def test_nothing_to_cancel() -> None:
    """No order, no alarm, an empty report."""
    desk = paper_desk()

    report = desk.manager.cancel_all_orders(ACME)

    assert (report.cancelled, report.failed, report.still_open, report.unprotected) == ((), (), (), ())
    assert desk.alarms == []


def test_leftovers_of_a_flat_position_need_no_waiver() -> None:
    """Orders whose position is gone protect nothing: cancelled without an alarm."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.tick(ACME, last="94")
    desk.wait(1)

    report = desk.manager.cancel_all_orders(ACME)

    assert (report.cancelled, report.unprotected) == ((id_of("s1", Leg.TARGET),), ())
    assert resting(desk.exchange) == []
    assert desk.alarms == []
    desk.guard(10)
    closed = desk.report()
    assert closed.closed_by is ClosedBy.STOP_LOSS


def test_a_stop_that_fills_while_it_is_cancelled_is_counted() -> None:
    """It was faster: nothing is waived, the position is gone by its stop, and the bracket is closed as such."""
    desk = paper_desk()
    desk.execute(entry())

    def cancel(itself: Callable[..., object], keys: object) -> object:
        desk.exchange.tick(ACME, last="94")
        desk.wait(0.5)
        return itself(keys)

    desk.exchange.script["cancel"] = cancel
    told = desk.manager.cancel_all_orders(ACME)
    desk.exchange.script.clear()
    desk.guard(10)

    assert [name for name, _ in told.failed] == [id_of("s1", Leg.STOP)]
    assert (told.cancelled, told.still_open, told.unprotected) == ((id_of("s1", Leg.TARGET),), (), ())
    assert desk.alarms == []
    report = desk.report()
    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.STOP_LOSS)
    assert desk.manager.next_due() is None


def test_what_cannot_be_cancelled_is_said() -> None:
    """A stop that is triggering this very moment: refused, still open, with the exchange's words, and not waived."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.venue.stick_triggers(id_of("s1", Leg.STOP))
    desk.exchange.tick(ACME, last="94")

    report = desk.manager.cancel_all_orders(ACME)

    assert [name for name, _ in report.failed] == [id_of("s1", Leg.STOP)]
    assert report.failed[0][1]
    assert report.still_open == (id_of("s1", Leg.STOP),)
    assert (report.cancelled, report.unprotected) == ((id_of("s1", Leg.TARGET),), ())
    assert events(desk.journal, "s1", Waived) == []


def test_a_refused_cancel_keeps_nothing_else_open_and_waives_nothing() -> None:
    """The stop's cancel fails: the target goes all the same, and stays away; the stop is guarded as before."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.script["cancel"] = failing("S1")

    report = desk.manager.cancel_all_orders(ACME)
    desk.exchange.script.clear()

    assert report == CancelReport(
        cancelled=(id_of("s1", Leg.TARGET),),
        failed=((id_of("s1", Leg.STOP), "no answer"),),
        still_open=(id_of("s1", Leg.STOP),),
        unprotected=(),
    )
    desk.guard(30)
    assert (resting(desk.exchange), desk.alarms) == (["S1"], [])
    assert desk.report().outcome is Outcome.PROTECTED_WITHOUT_TAKE_PROFIT
    desk.exchange.cancel([order.key for order in open_now(desk.exchange)])
    desk.guard(10)
    assert resting(desk.exchange) == ["S2"]
    after = restart(desk)
    after.guard(10)
    assert resting(desk.exchange) == ["S2"]
    assert after.manager.cancel_all_orders(ACME).unprotected == ("s1",)
    after.guard(10)
    assert resting(desk.exchange) == []


def test_a_target_that_stays_is_left_to_the_next_call() -> None:
    """The stop is gone and waived, with one alarm; the same call again takes the target, and alarms nobody anew."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.script["cancel"] = failing("T1")

    first = desk.manager.cancel_all_orders(ACME)
    desk.exchange.script.clear()
    desk.guard(10)
    assert resting(desk.exchange) == ["T1"]
    again = desk.manager.cancel_all_orders(ACME)
    desk.guard(10)

    assert (first.cancelled, first.unprotected) == ((id_of("s1", Leg.STOP),), ("s1",))
    assert first.still_open == (id_of("s1", Leg.TARGET),)
    assert (again.cancelled, again.failed, again.unprotected) == ((id_of("s1", Leg.TARGET),), (), ("s1",))
    assert resting(desk.exchange) == []
    assert desk.kinds() == [AlarmKind.WAIVED]
    assert len(events(desk.journal, "s1", Waived)) == 1


def test_a_lost_answer_is_looked_after() -> None:
    """Cancelled, and the answer lost: a sight of the order by id says so, and it counts."""
    desk = paper_desk()
    desk.execute(entry())

    def cancel(itself: Callable[..., object], keys: object) -> object:
        itself(keys)
        raise OutcomeUnknownError("lost")

    desk.exchange.script["cancel"] = cancel
    report = desk.manager.cancel_all_orders(ACME)
    desk.exchange.script.clear()
    desk.guard(10)

    assert set(report.cancelled) == {id_of("s1", Leg.STOP), id_of("s1", Leg.TARGET)}
    assert (report.failed, report.still_open, report.unprotected) == ((), (), ("s1",))
    assert resting(desk.exchange) == []
    assert desk.kinds() == [AlarmKind.WAIVED]


def test_a_list_without_it_is_no_proof() -> None:
    """No answer, and neither list nor question shows the order: it failed, and its position is guarded."""
    desk = paper_desk()
    desk.execute(entry(target=None))
    desk.exchange.script["cancel"] = failing("S1")
    shown: list[int] = []

    def snapshot(itself: Callable[..., Snapshot], symbol: str) -> Snapshot:
        shown.append(0)
        now = itself(symbol)
        return now if len(shown) == 1 else attrs.evolve(now, conditionals=())

    desk.exchange.script.update(snapshot=snapshot, find=lambda *_: {})
    report = desk.manager.cancel_all_orders(ACME)
    desk.exchange.script.clear()
    desk.guard(10)

    assert (report.cancelled, report.still_open, report.unprotected) == ((), (), ())
    assert [name for name, _ in report.failed] == [id_of("s1", Leg.STOP)]
    assert resting(desk.exchange) == ["S1"]
    assert events(desk.journal, "s1", Waived) == []


@pytest.mark.parametrize("only_ours", [True, False])
def test_nobody_can_look_afterwards(*, only_ours: bool) -> None:
    """There is a report all the same: what was answered counts, and what was not may be open."""
    desk = paper_desk()
    desk.execute(entry())
    both = {id_of("s1", Leg.STOP), id_of("s1", Leg.TARGET)}
    shown: list[int] = []

    def snapshot(itself: Callable[..., Snapshot], symbol: str) -> Snapshot:
        shown.append(0)
        if len(shown) > 1:
            raise ExchangeUnavailableError("down")
        return itself(symbol)

    desk.exchange.script.update(snapshot=snapshot)
    if only_ours:
        desk.exchange.script.update(cancel=failing("T1"))
    report = desk.manager.cancel_all_orders(ACME, only_ours=only_ours)
    desk.exchange.script.clear()
    desk.guard(10)

    assert set(report.cancelled) == (both - {id_of("s1", Leg.TARGET)} if only_ours else both)
    assert report.still_open == ((id_of("s1", Leg.TARGET),) if only_ours else ())
    assert report.unprotected == ("s1",)
    assert resting(desk.exchange) == (["T1"] if only_ours else [])
    assert "down" in str(desk.lines(AuditType.API_ERROR)[-1].response)


def test_the_waiver_comes_with_the_stop() -> None:
    """The next cancel may hang, or the process die in it: what is gone by then is told and waived already."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2"))

    def cancel(itself: Callable[..., object], keys: Sequence[OrderKey]) -> object:
        if keys[0].client_id.startswith(stem(NAMESPACE, "s2")):
            assert [alarm.signal_id for alarm in desk.alarms_of(AlarmKind.WAIVED)] == ["s1"]
            raise Crash
        return itself(keys)

    desk.exchange.script["cancel"] = cancel
    with pytest.raises(Crash):
        desk.manager.cancel_all_orders(ACME)
    after = restart(desk)
    after.manager.reconcile()
    after.guard(20)

    assert resting(desk.exchange) == ["S1", "T1"]
    assert {order.client_id[:-2] for order in open_now(desk.exchange)} == {stem(NAMESPACE, "s2")}
    assert [after.report(each).outcome for each in ("s1", "s2")] == [Outcome.UNPROTECTED, Outcome.PROTECTED]


@pytest.mark.parametrize("price", ["100", "94"])
def test_a_crash_right_after_the_cancel_takes_nothing_back(price: str) -> None:
    """The stop is gone, and nobody could say so: the next owner finds out, tells it, and leaves it away."""
    desk = paper_desk()
    desk.execute(entry(target=None))

    def cancel(itself: Callable[..., object], keys: Sequence[OrderKey]) -> object:
        itself(keys)
        raise Crash

    desk.exchange.script["cancel"] = cancel
    with pytest.raises(Crash):
        desk.manager.cancel_all_orders(ACME)
    after = restart(desk)
    after.exchange.tick(ACME, last=price)
    after.guard(20)

    assert (resting(desk.exchange), held(desk.exchange)) == ([], 1)
    assert (after.kinds(), after.alarms[0].signal_id) == ([AlarmKind.WAIVED], "s1")
    assert after.report().outcome is Outcome.UNPROTECTED
    assert after.manager.cancel_all_orders(ACME).cancelled == ()


@pytest.mark.parametrize("silent", [False, True])
def test_a_crash_right_before_the_cancel_leaves_the_guard_on(*, silent: bool) -> None:
    """The wish is written, the stop rests: it is guarded as before, also when the next owner's first question fails."""
    desk = paper_desk()
    desk.execute(entry(target=None))

    def cancel(_: object, __: object) -> object:
        raise Crash

    def find(itself: Callable[..., object], keys: object) -> object:
        desk.exchange.script.clear()
        raise ExchangeUnavailableError("not now")

    desk.exchange.script["cancel"] = cancel
    with pytest.raises(Crash):
        desk.manager.cancel_all_orders(ACME)
    after = restart(desk)
    if silent:
        after.exchange.script["find"] = find
    after.guard(20)
    assert (resting(desk.exchange), after.alarms) == (["S1"], [])
    assert len(after.lines(AuditType.API_ERROR)) == silent
    after.exchange.verbs.clear()
    after.guard(20)
    assert "find" not in after.exchange.verbs  # it was heard of once, and that is that

    desk.exchange.cancel([order.key for order in open_now(desk.exchange)])
    after.guard(10)
    assert resting(desk.exchange) == ["S2"]


def test_everyones_and_the_answer_is_lost() -> None:
    """What a sight or the list no longer shows is gone; the rest failed, and is guarded if it is ours."""
    desk = paper_desk()
    desk.execute(entry())
    stop_by_hand(desk.exchange, "theirs")
    stop_by_hand(desk.exchange, "theirs2")

    def cancel(_: object, symbol: str) -> None:
        keys = {order.client_id: order.key for order in open_now(desk.exchange, symbol)}
        desk.exchange.cancel([keys["theirs"], keys[id_of("s1", Leg.TARGET)]])
        raise OutcomeUnknownError("lost")

    desk.exchange.script["cancel_everything"] = cancel
    report = desk.manager.cancel_all_orders(ACME, only_ours=False)
    desk.exchange.script.clear()
    desk.guard(10)

    assert set(report.cancelled) == {"theirs", id_of("s1", Leg.TARGET)}
    assert set(report.failed) == {("theirs2", "lost"), (id_of("s1", Leg.STOP), "lost")}
    assert set(report.still_open) == {"theirs2", id_of("s1", Leg.STOP)}
    assert report.unprotected == ()
    assert resting(desk.exchange) == ["?", "S1"]


def test_everyones_and_one_fills_before() -> None:
    """The exchange calls it done; the order that filled meanwhile was not cancelled, and its bracket is closed."""
    desk = paper_desk()
    desk.execute(entry())

    def cancel(itself: Callable[..., object], symbol: str) -> object:
        desk.exchange.tick(ACME, last="94")
        desk.wait(0.5)
        return itself(symbol)

    desk.exchange.script["cancel_everything"] = cancel
    report = desk.manager.cancel_all_orders(ACME, only_ours=False)
    desk.guard(10)

    assert (report.cancelled, report.still_open, report.unprotected) == ((id_of("s1", Leg.TARGET),), (), ())
    assert report.failed == ((id_of("s1", Leg.STOP), "it was FILLED before it could be cancelled"),)
    assert desk.report().closed_by is ClosedBy.STOP_LOSS


def test_a_target_without_a_stop_is_all_there_is() -> None:
    """Where no stop was asked for, the target is what is waived, and the position is named."""
    desk = paper_desk(protection=ProtectionPolicy(require_stop=False))
    desk.execute(entry(stop=None))

    report = desk.manager.cancel_all_orders(ACME)
    desk.guard(10)

    assert report.unprotected == ("s1",)
    assert resting(desk.exchange) == []


def test_no_answer_is_an_error() -> None:
    """Nobody could look, so nothing was cancelled: the caller is told."""
    desk = paper_desk(Fault.unreachable(method="GET", path="openAlgoOrders"))

    with pytest.raises(ExchangeUnavailableError):
        desk.manager.cancel_all_orders(ACME)


def test_a_callback_may_not_cancel_on_its_own_symbol() -> None:
    """It would wait for itself."""
    errors: list[Exception] = []

    def ring(_: object) -> None:
        try:
            desk.manager.cancel_all_orders(ACME)
        except ConfigurationError as error:
            errors.append(error)

    desk = paper_desk(Fault.refused(-1008, status=503, leg="S"), alerts=ring)
    desk.execute(entry())

    assert errors
    assert "callback" in str(errors[0])


def test_each_bracket_is_waived_for_its_own_legs() -> None:
    """A bracket without orders loses nothing and is not named."""
    desk = paper_desk(protection=ProtectionPolicy(require_stop=False))
    desk.execute(entry("s1", stop=None, target=None))
    desk.execute(entry("s2"))

    report = desk.manager.cancel_all_orders(ACME)

    assert report.unprotected == ("s2",)
    assert "s2" in desk.alarms[0].text
    assert "s1" not in desk.alarms[0].text


def test_strays_with_our_mark_are_ours() -> None:
    """An order of a closed signal of ours goes too; it belongs to no bracket any more."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(close("c1"), None)
    stop_by_hand(desk.exchange, id_of("s1", Leg.STOP, 7))

    assert desk.manager.cancel_all_orders(ACME).cancelled == (id_of("s1", Leg.STOP, 7),)
    assert resting(desk.exchange) == []
    assert desk.alarms == []


def test_a_cancel_that_shows_nothing_is_believed() -> None:
    """Cancelled, and the order is not shown any more: it counts as cancelled, and nobody asks for it for ever."""
    desk = paper_desk()
    desk.execute(entry())

    def cancel(itself: Callable[..., tuple[CancelOutcome, ...]], keys: object) -> tuple[CancelOutcome, ...]:
        return tuple(attrs.evolve(outcome, order=None) for outcome in itself(keys))

    desk.exchange.script["cancel"] = cancel
    desk.execute(close(), None)

    assert resting(desk.exchange) == []
    assert desk.manager.next_due() is None


def test_a_failed_cancel_that_shows_nothing_proves_nothing() -> None:
    """Neither cancelled nor shown: asked again, and settled when the exchange shows it."""
    desk = paper_desk()
    desk.execute(entry())

    def cancel(_: object, keys: Sequence[OrderKey]) -> tuple[CancelOutcome, ...]:
        return tuple(CancelOutcome(key.client_id, cancelled=False, text="Unknown order sent.") for key in keys)

    desk.exchange.script["cancel"] = cancel
    desk.execute(close(), None)
    assert resting(desk.exchange) == ["S1", "T1"]

    desk.exchange.script.clear()
    desk.guard(10)
    assert resting(desk.exchange) == []


def test_a_stop_that_was_never_found_does_not_keep_the_guard_on() -> None:
    """The first stop was lost on its way; the one that stood in for it is cancelled: nothing is put back."""
    desk = paper_desk(Fault.request_lost(leg="S", nth=1))
    desk.execute(entry())
    assert resting(desk.exchange) == ["S2", "T1"]

    report = desk.manager.cancel_all_orders(ACME)
    desk.guard(20)

    assert (report.unprotected, report.failed) == (("s1",), ())
    assert len(events(desk.journal, "s1", Waived)) == 1
    assert resting(desk.exchange) == []


def test_what_stays_under_guard_without_a_stop_is_looked_at_at_once() -> None:
    """The target went, the stop did not; whatever that was, the next look does not wait for its time."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.refused(-1000, method="DELETE", path="algoOrder", nth=1))

    desk.manager.cancel_all_orders(ACME)

    due_ms = desk.manager.next_due()
    assert due_ms is not None
    assert due_ms <= desk.now_ms()


@pytest.mark.parametrize(("lost", "knows"), [(CancelAsked, False), (Seen, True), (Waived, True)])
def test_a_wish_that_could_not_be_kept_is_told_so(lost: type[Event], *, knows: bool) -> None:
    """It holds while the process lives, and the alarm says what the next one does: it protects unless it finds it."""
    wished: list[bool] = []
    journal = breaking_at(lambda event: bool(wished) and isinstance(event, lost))
    desk = paper_desk(journal=journal)
    desk.execute(entry())

    wished.append(True)
    report = desk.manager.cancel_all_orders(ACME)
    desk.guard(60)

    assert report.unprotected == ("s1",)
    assert resting(desk.exchange) == []
    assert AlarmKind.STORE_FAILED in desk.kinds()
    (alarm,) = desk.alarms_of(AlarmKind.WAIVED)
    assert ("the next one may place it again" in alarm.text) is (lost is not Waived)
    after = restart(desk, journal.inner)
    after.manager.reconcile()
    after.guard(20)
    assert resting(after.exchange) == ([] if knows else ["S2", "T2"])
    assert after.kinds() == ([AlarmKind.WAIVED] if knows else [])
    assert after.report().outcome is (Outcome.UNPROTECTED if knows else Outcome.PROTECTED)
