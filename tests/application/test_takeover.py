"""Orders of ours that the journal lost although it knows their signal: taken over, not doubled, not left behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import pytest

from surefill.adapters.journal import MemoryJournal
from surefill.adapters.simulated import Fault
from surefill.application.takeover import ADOPTED, AHEAD
from surefill.domain.alarm import AlarmKind
from surefill.domain.audit_record import AuditType
from surefill.domain.errors import ExchangeUnavailableError
from surefill.domain.events import Claimed, Event, Intent, Planned, WrittenOff
from surefill.domain.ids import Leg, parse_ours
from surefill.domain.order import Order, OrderKey
from surefill.domain.report import ClosedBy, Outcome
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


def test_an_adoption_is_one_write() -> None:
    """The plan, and each order with what is seen of it, are committed together: none of it, or all."""
    desk = paper_desk()
    desk.execute(entry())
    writes: list[list[str]] = []
    journal = TappedJournal(lambda written: writes.append([type(event).__name__ for event in written]))

    restart(desk, journal).execute(entry())

    (adoption,) = [written for written in writes if "Planned" in written]
    assert adoption == ["Planned", *["Intent", "Seen"] * 3]


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

    report = third.manager.report("s1")
    assert report is not None
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
    report = after.manager.report("s1")
    assert report is not None
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

    report = after.manager.report("s1")
    assert report is not None
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
    report = after.manager.report("s1")
    assert report is not None
    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.STOP_LOSS)
    assert AlarmKind.FOREIGN_CHANGE not in after.kinds()


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
    report = after.manager.report("c1")
    assert report is not None
    assert (report.outcome, report.filled_quantity) == (Outcome.CLOSED, Decimal(1))


class Asked:
    """Notes which ids the exchange was asked for, and fails as often as told."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.calls: list[list[str]] = []

    def __call__(
        self, itself: Callable[[Sequence[OrderKey]], Mapping[str, Order]], keys: Sequence[OrderKey]
    ) -> Mapping[str, Order]:
        ours = [parse_ours(key.client_id, NAMESPACE) for key in keys]
        self.calls.append([f"{each.leg.value}{each.attempt}" for each in ours if each is not None])
        if len(self.calls) <= self.failures:
            raise ExchangeUnavailableError("no answer")
        return itself(keys)


def ahead(leg: str, first: int) -> list[str]:
    """The ids that are asked for behind the last known one."""
    return [f"{leg}{attempt}" for attempt in range(first, first + AHEAD)]


def test_the_ids_behind_the_last_known_ones_are_asked_for_once() -> None:
    """Of a signal that an earlier process left open: at the first reconcile, and never again."""
    desk = paper_desk()
    desk.execute(entry())
    after = restart(desk)
    asked = Asked()
    desk.exchange.script["find"] = asked

    after.manager.reconcile()
    after.guard(20)

    assert asked.calls == [[*ahead("S", 2), *ahead("T", 2), *ahead("X", 1)]]


def test_the_ids_are_asked_for_until_there_is_an_answer() -> None:
    """The first question fails: the next reconcile asks the same again."""
    desk = paper_desk()
    desk.execute(entry())
    after = restart(desk)
    asked = Asked(failures=1)
    desk.exchange.script["find"] = asked

    after.manager.reconcile()
    after.manager.reconcile()
    after.manager.reconcile()

    assert asked.calls == [[*ahead("S", 2), *ahead("T", 2), *ahead("X", 1)]] * 2


def test_of_a_close_only_exits_are_asked_for() -> None:
    """It has no other legs."""
    desk = paper_desk()
    desk.execute(entry())
    desk.execute(close(), None)
    after = restart(desk, copy_of(desk.journal, lambda event: event.signal_id == "c1" and isinstance(event, Claimed)))
    asked = Asked()
    desk.exchange.script["find"] = asked

    after.manager.reconcile(ACME)

    assert asked.calls[0] == ahead("X", 1)


def test_signals_of_this_process_have_no_lost_tail() -> None:
    """What this process sent it knows: nothing behind it is asked for."""
    desk = paper_desk()
    asked = Asked()
    desk.execute(entry())
    desk.exchange.script["find"] = asked

    desk.manager.reconcile()

    assert asked.calls == []


def test_orders_of_others_are_not_taken_over() -> None:
    """Neither a foreign order nor one of a closed signal becomes a leg of the open one."""
    desk = paper_desk()
    desk.execute(entry("s0", BOLT, stop="1900", target=None))
    desk.execute(close("c0", BOLT), None)
    desk.execute(entry("s1"))
    for order_id in ("theirs", id_of("s0", Leg.STOP, 9)):
        by_hand(
            desk.exchange,
            "POST",
            "/fapi/v1/algoOrder",
            algoType="CONDITIONAL",
            symbol=ACME,
            side="SELL",
            type="STOP_MARKET",
            quantity="1",
            triggerPrice="50",
            reduceOnly="true",
            clientAlgoId=order_id,
        )

    desk.manager.reconcile()

    assert adopted_ids(desk) == []
    assert resting(desk.exchange) == ["?", "S1", "T1"]


def test_a_leg_of_a_later_attempt_is_followed_by_the_next() -> None:
    """A stop with the number nine was taken over: the next one is the tenth, for the ids between may be used."""
    desk = paper_desk()
    desk.execute(entry())
    by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=id_of("s1", Leg.STOP))
    by_hand(
        desk.exchange,
        "POST",
        "/fapi/v1/algoOrder",
        algoType="CONDITIONAL",
        symbol=ACME,
        side="SELL",
        type="STOP_MARKET",
        quantity="1",
        triggerPrice="95",
        reduceOnly="true",
        clientAlgoId=id_of("s1", Leg.STOP, 9),
    )
    desk.guard(6)
    assert adopted_ids(desk) == ["S9"]

    desk.execute(close(), "0.4")

    assert resting(desk.exchange) == ["S10", "T2"]
