"""Orders of ours that the journal lost although it knows their signal: taken over, not doubled, not left behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import attrs
import pytest

from surefill.adapters.journal import MemoryJournal
from surefill.adapters.simulated import Fault
from surefill.application.takeover import ADOPTED, AHEAD, events_of_order
from surefill.domain.alarm import AlarmKind
from surefill.domain.audit_record import AuditType
from surefill.domain.errors import ExchangeUnavailableError
from surefill.domain.events import Answered, Claimed, Event, Intent, Planned, WrittenOff
from surefill.domain.ids import Leg, parse_ours, stem
from surefill.domain.order import Order, OrderKey
from surefill.domain.report import ClosedBy, Outcome
from surefill.domain.snapshot import History, Watermark
from tests.application.journals import TappedJournal, copy_of, crash_at
from tests.papers import (
    ACME,
    BOLT,
    FLAT,
    NAMESPACE,
    Desk,
    arrived,
    by_hand,
    close,
    entry,
    events,
    held,
    id_of,
    intents,
    names,
    paper_desk,
    restart,
    resting,
    sent_of,
    stop_by_hand,
)
from tests.scripted import Crash


def of_orders(*names: str) -> Callable[[Event], bool]:
    """Whether an event tells nothing of the orders of these legs and attempts; reports and ends are lost with them."""

    def kept(event: Event) -> bool:
        order_id = event.request.client_id if isinstance(event, Intent) else getattr(event, "client_id", "")
        ours = parse_ours(order_id, NAMESPACE)
        if ours is None:
            return type(event).__name__ not in ("Covered", "Reported", "Closed")
        return f"{ours.leg.value}{ours.attempt}" not in names

    return kept


def adopted_ids(desk: Desk, signal_id: str = "s1") -> list[str]:
    """The orders of a signal that were taken over, by their leg and attempt."""
    taken = (intent for intent in intents(desk.journal, signal_id) if intent.digest == ADOPTED)
    return [f"{intent.leg.value}{intent.attempt}" for intent in taken]


# --- a signal handed in again -----------------------------------------------------------------------------------------


def test_an_adoption_is_two_writes() -> None:
    """The plan is committed together with the entry as soon as that is found, and the rest of the bracket behind it."""
    desk = paper_desk()
    desk.execute(entry())
    writes: list[list[str]] = []
    journal = TappedJournal(lambda written: writes.append([type(event).__name__ for event in written]))

    restart(desk, journal).execute(entry())

    adoption = [written for written in writes if "Intent" in written]
    assert adoption == [["Planned", "Intent", "Seen"], ["Intent", "Seen"] * 2]


@pytest.mark.parametrize("after", [False, True])
def test_a_torn_adoption_is_done_anew(*, after: bool) -> None:
    """The process dies as it adopts, and the stop fills meanwhile: the next one finds out what ended the position."""
    desk = paper_desk()
    desk.execute(entry())
    journal = crash_at(lambda event: isinstance(event, Planned), after=after)
    with pytest.raises(Crash):
        restart(desk, journal).execute(entry())
    desk.exchange.tick(ACME, last="94")
    desk.wait(2)

    third = restart(desk, journal.inner)
    third.execute(entry())
    third.guard(10)

    report = third.report()
    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.STOP_LOSS)
    assert third.alarms == []
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert sent_of(desk.exchange, "s1") == ["E1", "S1", "T1"]


def test_what_is_adopted_is_told() -> None:
    """The audit log gets a line for each order taken over: resting ones as placed, ended ones as updated."""
    desk = paper_desk()
    desk.execute(entry())

    after = restart(desk, MemoryJournal())
    after.execute(entry())

    told = {line.client_order_id: line.type for line in after.lines(AuditType.ORDER_PLACED, AuditType.ORDER_UPDATED)}
    assert told == {
        id_of("s1", Leg.ENTRY): AuditType.ORDER_UPDATED,
        id_of("s1", Leg.STOP): AuditType.ORDER_PLACED,
        id_of("s1", Leg.TARGET): AuditType.ORDER_PLACED,
    }


# --- orders of an open signal that its journal lost -------------------------------------------------------------------


def test_a_stop_and_target_shown_are_taken_over() -> None:
    """They rest under the stem of an open signal and no intent knows them: no second pair is sent beside them."""
    desk = paper_desk()
    desk.execute(entry())

    after = restart(desk, copy_of(desk.journal, of_orders("S1", "T1")))
    after.manager.reconcile()
    after.guard(20)

    assert sorted(adopted_ids(after)) == ["S1", "T1"]
    assert names(desk.exchange) == ["E1", "S1", "T1"]
    assert resting(desk.exchange) == ["S1", "T1"]
    report = after.report()
    assert report.outcome is Outcome.PROTECTED
    assert after.alarms == []


def test_an_exit_that_filled_unrecorded_is_found() -> None:
    """Its own exit closed the position and was not kept: it is asked for, and none is sent into a flat account."""
    desk = paper_desk(Fault.refused(-2021, "Order would immediately trigger.", leg="S"))
    desk.execute(entry())
    assert names(desk.exchange)[-2:] == ["X1", "-T1"]

    after = restart(desk, copy_of(desk.journal, of_orders("S1", "T1", "X1")))
    sent = len(arrived(desk.exchange))
    after.manager.reconcile()
    after.guard(10)

    report = after.report()
    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.EXIT)
    assert len(arrived(desk.exchange)) == sent
    assert "X1" in adopted_ids(after)
    assert after.manager.status().duties == ()
    assert events(after.journal, "s1", WrittenOff) == []
    assert AlarmKind.UNPROTECTED not in after.kinds()


def test_legs_that_ended_unrecorded_are_found_before_anything_is_sent() -> None:
    """Stop and target were sent while the journal failed, and the stop filled: the next process sends nothing anew."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.tick(ACME, last="94")
    desk.guard(10)
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT

    after = restart(desk, copy_of(desk.journal, of_orders("S1", "T1")))
    sent = len(arrived(desk.exchange))
    after.manager.reconcile()
    after.guard(20)

    assert len(arrived(desk.exchange)) == sent
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    report = after.report()
    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.STOP_LOSS)
    assert AlarmKind.FOREIGN_CHANGE not in after.kinds()


def test_what_an_exit_of_nobodys_allotment_closed_is_a_loss() -> None:
    """The exit of a close was found and not whose size it took: the bracket is told of it, and ends with its orders."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.unreachable(method="DELETE"))
    desk.execute(close(), None)
    desk.exchange.faults.clear()
    kept = of_orders("X1")
    older = copy_of(desk.journal, lambda event: kept(event) and type(event).__name__ != "Exited")

    after = restart(desk, older)
    after.manager.reconcile()
    after.guard(15)

    report = after.report()
    assert report.outcome is Outcome.CLOSED
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert after.manager.status().duties == ()


def test_an_exit_of_a_close_is_found_behind_its_claim() -> None:
    """The claim of the close was kept and its exit was not: found and reported, and not sent a second time."""
    desk = paper_desk()
    desk.execute(entry())
    desk.execute(close(), None)
    kept = of_orders("X1")

    after = restart(desk, copy_of(desk.journal, lambda event: event.signal_id == "s1" or kept(event)))
    after.manager.reconcile()
    after.guard(10)

    assert adopted_ids(after, "c1") == ["X1"]
    assert sent_of(desk.exchange, "c1") == ["X1"]
    closed = after.report()
    assert closed.outcome is Outcome.CLOSED
    report = after.report("c1")
    assert (report.outcome, report.filled_quantity) == (Outcome.CLOSED, Decimal(1))


class Asked:
    """Notes what the exchange was asked for, and fails as often as told."""

    def __init__(self, desk: Desk, failures: int = 0) -> None:
        self.failures = failures
        self.ids: list[list[str]] = []
        self.histories: list[Watermark] = []
        desk.exchange.script.update(find=self._find, history=self._history)

    def _find(
        self, itself: Callable[[Sequence[OrderKey]], Mapping[str, Order]], keys: Sequence[OrderKey]
    ) -> Mapping[str, Order]:
        ours = [parse_ours(key.client_id, NAMESPACE) for key in keys]
        self.ids.append([f"{each.leg.value}{each.attempt}" for each in ours if each is not None])
        self._fail(len(self.ids))
        return itself(keys)

    def _history(self, itself: Callable[..., History], symbol: str, since: Watermark | None) -> History:
        if since is not None:
            self.histories.append(since)
            self._fail(len(self.histories))
        return itself(symbol, since)

    def _fail(self, calls: int) -> None:
        if calls <= self.failures:
            raise ExchangeUnavailableError("no answer")


def ahead(leg: str, first: int) -> list[str]:
    """The ids that are asked for behind the last known one."""
    return [f"{leg}{attempt}" for attempt in range(first, first + AHEAD)]


def test_the_history_since_the_first_order_is_asked_once() -> None:
    """Of signals that an earlier process left open: one question a symbol at the first reconcile, and no more."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2"))
    (first,) = intents(desk.journal, "s1", Leg.ENTRY)
    after = restart(desk)
    asked = Asked(desk)

    after.manager.reconcile()
    after.guard(20)
    after.manager.reconcile()

    assert (asked.histories, asked.ids) == ([first.watermark], [])


def test_the_history_is_asked_until_there_is_an_answer() -> None:
    """The first question fails: the next reconcile asks the same again, and the one after does not."""
    desk = paper_desk()
    desk.execute(entry())
    after = restart(desk)
    asked = Asked(desk, failures=1)

    after.manager.reconcile()
    after.manager.reconcile()
    after.manager.reconcile()

    assert len(asked.histories) == 2
    assert after.manager.status().duties[0].kind.name == "GUARD"


def test_without_a_known_beginning_the_next_ids_are_asked_for() -> None:
    """An entry that was taken over has no beginning: the ids behind the known ones are asked for, once."""
    desk = paper_desk()
    desk.execute(entry())
    second = restart(desk, MemoryJournal())
    second.execute(entry())
    after = restart(second)
    asked = Asked(desk)

    after.manager.reconcile()
    after.manager.reconcile()

    assert asked.ids == [[*ahead("S", 2), *ahead("T", 2), *ahead("X", 1)]]
    assert asked.histories == []


def test_of_a_close_without_a_beginning_only_exits_are_asked_for() -> None:
    """It has no other legs."""
    desk = paper_desk()
    desk.execute(entry())
    desk.execute(close(), None)
    after = restart(desk, copy_of(desk.journal, lambda event: event.signal_id == "c1" and isinstance(event, Claimed)))
    asked = Asked(desk)

    after.manager.reconcile(ACME)

    assert asked.ids[0] == ahead("X", 1)


def test_an_exit_behind_many_lost_ones_is_found_in_the_history() -> None:
    """However high its number: whatever was executed since the entry shows, and is taken over."""
    desk = paper_desk(Fault.refused(-2021, "Order would immediately trigger.", leg="S"))
    desk.exchange.faults.add(*(Fault.unreachable(leg="X", nth=nth) for nth in range(1, 6)))
    desk.execute(entry())
    desk.guard(30)
    assert sent_of(desk.exchange, "s1")[-1] == "X6"
    desk.exchange.faults.clear()

    after = restart(desk, copy_of(desk.journal, of_orders("S1", "T1", *(f"X{number}" for number in range(1, 7)))))
    sent = len(arrived(desk.exchange))
    after.manager.reconcile()
    after.guard(10)

    report = after.report()
    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.EXIT)
    assert "X6" in adopted_ids(after)
    assert len(arrived(desk.exchange)) == sent


def flattened_and_forgotten() -> Desk:
    """A process whose journal lost the exit that closed its position, while no list and no position shows it yet."""
    desk = paper_desk(Fault.refused(-2021, "Order would immediately trigger.", leg="S"))
    desk.execute(entry(target=None))
    assert held(desk.exchange) == 0
    until_ms = desk.now_ms() + 20_000
    desk.exchange.faults.add(
        Fault.visibility_lag(3_600_000, path="allOrders", until_ms=until_ms),
        Fault.visibility_lag(10_000, positions=True, path="positionRisk", until_ms=until_ms),
    )
    return restart(desk, copy_of(desk.journal, of_orders("S1", "X1")))


def test_an_exit_that_is_refused_asks_what_its_id_did_before() -> None:
    """The position still shows and the exit hears that there is nothing to reduce: its own id had closed it."""
    after = flattened_and_forgotten()

    after.manager.reconcile()
    after.guard(5)

    report = after.report()
    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.EXIT)
    assert len(intents(after.journal, "s1", Leg.EXIT)) == 1
    assert events(after.journal, "s1", WrittenOff) == []


def test_a_fill_under_a_refused_id_is_found_in_the_history() -> None:
    """Nobody answered when the exit was refused: what is missing is explained by the history, as our own exit."""
    after = flattened_and_forgotten()
    silent = Fault.unreachable(method="GET", path="order", leg="X", until_ms=after.now_ms() + 15_000)
    after.exchange.faults.add(silent)

    after.manager.reconcile()
    after.guard(40)

    report = after.report()
    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.EXIT)
    assert events(after.journal, "s1", WrittenOff) == []
    assert after.manager.status().duties == ()


def test_orders_of_closed_signals_in_the_history_are_not_asked_for() -> None:
    """An exit of a close that is over stands in the history too: it belongs to nobody who is open."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2"))
    desk.execute(close(), "1")
    after = restart(desk)
    asked = Asked(desk)

    after.manager.reconcile()

    assert len(asked.histories) == 1
    assert asked.ids == []


def test_what_the_history_shows_of_an_open_question_is_taken_at_once() -> None:
    """Dead between the send and its answer: the fill is known without a search, and protected."""
    journal = crash_at(lambda event: isinstance(event, Answered))
    desk = paper_desk(journal=journal)
    with pytest.raises(Crash):
        desk.execute(entry())

    after = restart(desk, journal.inner)
    after.manager.reconcile()

    report = after.report()
    assert report.outcome is Outcome.PROTECTED
    assert after.lines(AuditType.OUTCOME_UNKNOWN) == []
    assert names(desk.exchange) == ["E1", "S1", "T1"]


def test_a_fill_nobody_explains_beside_an_open_question_rings_at_once() -> None:
    """Dead between the send and its answer: the fill shows and its order does not yet; a person hears of it."""
    journal = crash_at(lambda event: isinstance(event, Answered))
    desk = paper_desk(journal=journal)
    with pytest.raises(Crash):
        desk.execute(entry())
    began = desk.now_ms()
    for path in ("order", "allOrders"):
        desk.exchange.faults.add(Fault.visibility_lag(9_000, path=path))

    after = restart(desk, journal.inner)
    after.manager.reconcile()
    after.guard(20)

    first = after.alarms_of(AlarmKind.OUTCOME_UNKNOWN)[0]
    assert first.at_ms - began <= 1_000
    assert "shows a fill that no order explains" in first.text
    assert first.signal_id == "s1"
    report = after.report()
    assert report.outcome is Outcome.PROTECTED


def test_signals_of_this_process_have_lost_nothing() -> None:
    """What this process sent it knows: neither the history nor ids are asked for."""
    desk = paper_desk()
    desk.execute(entry())
    asked = Asked(desk)

    desk.manager.reconcile()

    assert (asked.ids, asked.histories) == ([], [])


def test_orders_of_others_are_not_taken_over() -> None:
    """Neither a foreign order nor one of a closed signal becomes a leg of the open one."""
    desk = paper_desk()
    desk.execute(entry("s0", BOLT, stop="1900", target=None))
    desk.execute(close("c0", BOLT), None)
    desk.execute(entry("s1"))
    for order_id in ("theirs", id_of("s0", Leg.STOP, 9)):
        stop_by_hand(desk.exchange, order_id)

    desk.manager.reconcile()

    assert adopted_ids(desk) == []
    assert resting(desk.exchange) == ["?", "S1", "T1"]


@pytest.mark.parametrize("order_id", ["theirs", f"{stem(NAMESPACE, 's1')}Q1"])
def test_an_order_of_anybody_else_is_written_down_as_nothing(order_id: str) -> None:
    """Whatever the exchange shows under our question: what bears no mark of ours becomes neither intent nor sight."""
    desk = paper_desk()
    desk.execute(entry())
    inside = desk.manager._desk
    (stop,) = [order for order in desk.manager.open_orders(ACME) if order.client_id == id_of("s1", Leg.STOP)]

    assert len(events_of_order(inside, inside.known_state("s1"), stop)) == 2
    assert events_of_order(inside, inside.known_state("s1"), attrs.evolve(stop, client_id=order_id)) == ()


def test_a_leg_of_a_later_attempt_is_followed_by_the_next() -> None:
    """A stop with the number nine was taken over: the next one is the tenth, for the ids between may be used."""
    desk = paper_desk()
    desk.execute(entry())
    by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=id_of("s1", Leg.STOP))
    stop_by_hand(desk.exchange, id_of("s1", Leg.STOP, 9), trigger="95")
    desk.guard(6)
    assert adopted_ids(desk) == ["S9"]

    desk.execute(close(), "0.4")

    assert resting(desk.exchange) == ["S10", "T2"]


def test_stops_of_a_lost_journal_that_were_replaced_were_not_removed_by_others() -> None:
    """Two closes had each replaced the stop: after the loss nobody is asked about them, a third replaces it."""
    desk = paper_desk()
    desk.execute(entry())
    desk.execute(close("c1"), "0.3")
    desk.execute(close("c2"), "0.3")
    after = restart(desk, MemoryJournal())

    after.execute(entry())
    after.guard(20)
    after.execute(close("c3"), "0.1")

    assert after.alarms_of(AlarmKind.LEG_REMOVED) == []
    assert {order.quantity for order in after.manager.open_orders(ACME)} == {Decimal("0.3")}


def test_a_stop_of_a_lost_journal_that_is_cancelled_by_hand_after_it_was_removed() -> None:
    """It rested when it was taken over: it is put back once, and then somebody is asked."""
    desk = paper_desk()
    desk.execute(entry())
    after = restart(desk, MemoryJournal())
    after.execute(entry())

    for name in ("S1", "S2"):
        by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=id_of("s1", Leg.STOP, int(name[1])))
        after.guard(10)

    assert len(after.alarms_of(AlarmKind.LEG_REMOVED)) == 1
