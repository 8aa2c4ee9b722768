"""An entry found after a lost journal whose other orders cannot be asked for yet: kept, told of, and left alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import attrs
import pytest

from surefill.adapters.journal import MemoryJournal
from surefill.adapters.simulated import Fault
from surefill.application.takeover import AHEAD
from surefill.domain.alarm import AlarmKind
from surefill.domain.events import Planned
from surefill.domain.ids import Leg
from surefill.domain.order import ZERO, Order, OrderKey, OrderStatus
from surefill.domain.refusal import Refusal
from surefill.domain.report import ClosedBy, Outcome
from surefill.domain.retry_policy import RetryPolicy
from surefill.domain.timings import Timings
from tests.application.test_takeover import Asked, adopted_ids, ahead
from tests.papers import (
    ACME,
    FLAT,
    Desk,
    arrived,
    by_hand,
    close,
    entry,
    entry_orders_filled,
    events,
    held,
    id_of,
    intents,
    names,
    paper_desk,
    restart,
    resting,
    sent_of,
    trade_by_hand,
)

TIMES = Timings()
SILENT: dict[str, Fault] = {
    "stops refuse": Fault.unreachable(method="GET", path="algoOrder"),
    "stops hang": Fault.request_lost(method="GET", path="algoOrder"),
    "exits refuse": Fault.unreachable(method="GET", path="order", leg="X"),
}
"""What keeps the other orders of an entry from being asked for, although the entry itself is found."""


def half_known(fault: Fault = SILENT["stops refuse"], *, price: str | None = None) -> Desk:
    """A manager on an empty journal that was handed a traded signal again, and got only half of the answers.

    At *price* somebody else's trade has moved the market in between.
    """
    desk = paper_desk()
    desk.execute(entry())
    if price is not None:
        desk.exchange.tick(ACME, last=price)
        desk.wait(1)
    desk.exchange.faults.add(fault)
    after = restart(desk, MemoryJournal())
    after.execute(entry())
    return after


# --- kept at once -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("silent", SILENT)
def test_an_entry_that_was_found_is_kept_whatever_the_next_question_meets(silent: str) -> None:
    """Not denied and not entered again; nothing is sent under ids that may be used, and later all is taken over."""
    after = half_known(SILENT[silent])
    report = after.report()
    found = adopted_ids(after)

    after.exchange.faults.clear()
    after.guard(10)

    assert (report.outcome, report.filled_quantity) == (Outcome.UNPROTECTED, 1)
    assert found == ["E1"]
    assert len(events(after.journal, "s1", Planned)) == 1
    assert adopted_ids(after) == ["E1", "S1", "T1"]
    assert after.report().outcome is Outcome.PROTECTED
    assert names(after.exchange) == ["E1", "S1", "T1"]
    assert entry_orders_filled(after.exchange, "s1") == 1


def test_the_alarm_of_a_half_known_position_is_in_time() -> None:
    """Nobody knows whether it has a stop: after three seconds, then again while that lasts; nothing else is done."""
    after = half_known()
    began = events(after.journal, "s1", Planned)[0].at_ms

    after.guard(30)

    rung = [alarm.at_ms - began for alarm in after.alarms_of(AlarmKind.UNPROTECTED)]
    assert TIMES.protect_soft_ms <= rung[0] <= TIMES.protect_soft_ms + 100
    assert max(later - sooner for sooner, later in itertools.pairwise(rung)) <= 10_000
    assert rung[-1] >= 30_000
    assert names(after.exchange) == ["E1", "S1", "T1"]
    assert adopted_ids(after) == ["E1"]


def test_a_half_known_position_that_is_gone_is_not_protected_anew() -> None:
    """Its stop filled while nobody knew; the price is back, and a stop under its id would be the second one."""
    after = half_known(price="94")
    after.guard(20)
    untouched = names(after.exchange)

    after.exchange.faults.clear()
    after.guard(10)

    assert untouched == ["E1", "S1", "T1"]
    report = after.report()
    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.STOP_LOSS)
    assert (held(after.exchange), resting(after.exchange)) == FLAT
    assert sent_of(after.exchange, "s1") == ["E1", "S1", "T1"]


@pytest.mark.parametrize("price", [None, "94"])
def test_the_next_process_asks_for_the_other_half(price: str | None) -> None:
    """The process ends in between: what it kept is not taken for the whole by the one after it."""
    after = half_known(price=price)
    third = restart(after)
    third.guard(15)
    untouched = names(after.exchange)

    third.exchange.faults.clear()
    third.guard(10)

    assert untouched == ["E1", "S1", "T1"]
    assert adopted_ids(third) == ["E1", "S1", "T1"]
    assert sent_of(third.exchange, "s1") == ["E1", "S1", "T1"]
    assert third.report().outcome is (Outcome.PROTECTED if price is None else Outcome.CLOSED)


def test_the_other_half_is_asked_for_as_long_as_the_call_lasts() -> None:
    """The answer comes after four seconds: the same call takes all of it over, and says that it is protected."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.unreachable(method="GET", path="algoOrder", until_ms=desk.now_ms() + 4_000))
    after = restart(desk, MemoryJournal())

    report = after.execute(entry())

    assert report.outcome is Outcome.PROTECTED
    assert adopted_ids(after) == ["E1", "S1", "T1"]
    assert [alarm.kind for alarm in after.alarms] == [AlarmKind.UNPROTECTED]


def test_a_bracket_whose_beginning_is_in_the_journal_is_not_half_known() -> None:
    """An ordinary restart: its legs stand in the journal. That the history is not answered keeps no stop from it."""
    desk = paper_desk()
    desk.execute(entry())
    by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=id_of("s1", Leg.STOP))
    desk.exchange.faults.add(Fault.unreachable(method="GET", path="allOrders"))

    after = restart(desk)
    after.manager.reconcile()

    assert resting(desk.exchange) == ["S2", "T1"]


def test_a_half_known_position_is_closed_although_nobody_can_look_afterwards() -> None:
    """The exit is out, its other orders are unknown still, and the last look fails: the report tells what it knows."""
    after = half_known()

    def send(itself: Callable[[object], object], prepared: object) -> object:
        after.exchange.faults.add(Fault.unreachable(method="GET", path="positionRisk"))
        return itself(prepared)

    after.exchange.script["send"] = send
    report = after.execute(close(), None)

    assert (report.outcome, report.filled_quantity, report.position) == (Outcome.CLOSED, 1, None)


def test_a_half_known_position_can_be_closed() -> None:
    """The exit asks for nothing but the position; what rests beside it goes once it is known."""
    after = half_known()

    report = after.execute(close(), None)
    flat = held(after.exchange)
    after.exchange.faults.clear()
    after.guard(10)

    assert (report.outcome, report.filled_quantity, flat) == (Outcome.CLOSED, 1, 0)
    assert resting(after.exchange) == []
    assert after.report().outcome is Outcome.CLOSED
    assert after.manager.status().duties == ()


def test_no_other_entry_is_taken_beside_the_half_that_is_known() -> None:
    """Nothing could be decided about its stop either: refused for now, nothing sent, and taken once all is known."""
    after = half_known()

    report = after.execute(entry("s2"))
    sent = names(after.exchange)
    after.exchange.faults.clear()
    after.guard(5)
    again = after.execute(entry("s2"))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.FROZEN)
    assert "its other orders are not known yet" in report.text
    assert sent == ["E1", "S1", "T1"]
    assert again.outcome is Outcome.PROTECTED
    assert resting(after.exchange) == ["S1", "S1", "T1", "T1"]


# --- in time ----------------------------------------------------------------------------------------------------------


def test_a_call_that_adopts_is_back_as_soon_as_one_that_enters() -> None:
    """A third of its time was gone before the entry was found, and the rest is not answered: 15 s, not 30."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.latency(4_500, method="GET", leg="E"), Fault.latency(2_000, method="GET", leg="S"))
    after = restart(desk, MemoryJournal())
    began = desk.now_ms()

    report = after.execute(entry())
    took_ms = desk.now_ms() - began
    after.guard(20)

    assert TIMES.protect_hard_ms < took_ms <= TIMES.accepted_call_ms + TIMES.poll_max_ms
    assert report.outcome is Outcome.UNPROTECTED
    assert names(desk.exchange) == ["E1", "S1", "T1"]


# --- what is asked for ------------------------------------------------------------------------------------------------


def asked_for(desk: Desk, *, retry: RetryPolicy | None = None) -> list[list[str]]:
    """Hand the signal in again on an empty journal, and return which ids are asked for together."""
    desk.exchange.script.clear()
    after = paper_desk(exchange=desk.exchange, retry=retry)
    asked = Asked(after)
    after.execute(entry())
    return asked.ids


def test_after_an_entry_that_may_hold_a_position_no_other_is_asked_for() -> None:
    """It filled: there was no second attempt; then the legs are asked for, all at once."""
    desk = paper_desk()
    desk.execute(entry())

    assert asked_for(desk) == [["E1"], [*ahead("S", 1), *ahead("T", 1), *ahead("X", 1)]]


def test_an_entry_in_part_is_the_last_one_too() -> None:
    """The rest of it expired: what it did fill is a position."""
    desk = paper_desk()
    desk.exchange.tick(ACME, bid="99.95", bid_quantity="9", ask="100", ask_quantity="0.4")
    desk.execute(entry())

    assert asked_for(desk)[0:2] == [["E1"], [*ahead("S", 1), *ahead("T", 1), *ahead("X", 1)]]


def test_an_entry_that_is_not_final_is_the_last_one_too() -> None:
    """It is accepted and shows no fill yet: it may hold a position any moment."""
    desk = paper_desk()
    desk.execute(entry())
    after = restart(desk, MemoryJournal())
    seen: list[list[str]] = []

    def find(
        itself: Callable[[Sequence[OrderKey]], Mapping[str, Order]], keys: Sequence[OrderKey]
    ) -> Mapping[str, Order]:
        found = itself(keys)
        seen.append([key.client_id for key in keys])
        if len(seen) == 1:
            return {
                key: attrs.evolve(order, status=OrderStatus.NEW, executed_quantity=ZERO) for key, order in found.items()
            }
        return found

    desk.exchange.script["find"] = find
    report = after.execute(entry())

    assert len(seen[1]) == 3 * AHEAD
    assert report.outcome is Outcome.PROTECTED
    assert names(desk.exchange) == ["E1", "S1", "T1"]


def test_after_an_entry_that_came_to_nothing_the_next_ones_are_asked_for() -> None:
    """The first was refused and is found nowhere, the second filled: it is found, and the third is not asked for."""
    desk = paper_desk(Fault.unreachable(leg="E", nth=1))
    desk.execute(entry())

    assert asked_for(desk)[0:3] == [["E1"], ["E2"], [*ahead("S", 1), *ahead("T", 1), *ahead("X", 1)]]


def test_an_entry_that_met_nobody_is_taken_over_as_it_is() -> None:
    """It expired without a fill, and another attempt might have filled: all are asked for; no new one is sent."""
    desk = paper_desk()
    desk.exchange.tick(ACME, bid="99.95", bid_quantity="9", ask="100", ask_quantity="1")
    trade_by_hand(desk.exchange, "BUY", "1")
    trade_by_hand(desk.exchange, "SELL", "1")
    desk.execute(entry())
    after = restart(desk, MemoryJournal())
    asked = Asked(after)

    report = after.execute(entry())

    assert asked.ids[:4] == [["E1"], ["E2"], ["E3"], ["E4"]]
    assert (report.outcome, report.filled_quantity) == (Outcome.NOT_FILLED, 0)
    assert [one.name for one in arrived(desk.exchange, "POST") if one.name != "?"] == ["E1"]
    assert [intent.leg for intent in intents(after.journal, "s1")] == [Leg.ENTRY]


def test_as_many_ids_of_a_leg_are_asked_for_as_may_have_been_tried() -> None:
    """With a policy of eight attempts eight of each kind."""
    desk = paper_desk()
    desk.execute(entry())

    asked = asked_for(desk, retry=RetryPolicy(max_retries=7))

    assert asked[1] == [f"{leg}{attempt}" for leg in "STX" for attempt in range(1, 9)]
