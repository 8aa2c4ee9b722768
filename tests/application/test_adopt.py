"""A lost journal: what was traded is found at the exchange and taken over, never doubled."""

from __future__ import annotations

from decimal import Decimal

import pytest

from surefill.adapters.journal import MemoryJournal
from surefill.adapters.simulated import Fault
from surefill.adapters.venue import VenueSettings
from surefill.application.takeover import ADOPTED
from surefill.domain.alarm import AlarmKind
from surefill.domain.events import Planned
from surefill.domain.ids import Leg, stem
from surefill.domain.refusal import Refusal
from surefill.domain.report import ClosedBy, Outcome
from surefill.domain.retry_policy import RetryPolicy
from tests.papers import (
    ACME,
    FLAT,
    NAMESPACE,
    arrived,
    begun,
    close,
    entry,
    entry_orders_filled,
    events,
    held,
    intents,
    moment,
    names,
    paper_desk,
    restart,
    resting,
    rows,
    sent_of,
    stop_by_hand,
)


@pytest.mark.parametrize("hedge", [False, True])
@pytest.mark.parametrize("short", [False, True])
def test_a_replayed_signal_is_adopted_and_not_doubled(*, short: bool, hedge: bool) -> None:
    """Same account, empty journal, same signal: the entry is found by its id, its legs too; nothing is sent."""
    desk = paper_desk(venue=VenueSettings(hedge_mode=hedge))
    first = desk.execute(entry(short=short))

    after = restart(desk, MemoryJournal())
    again = after.execute(entry(short=short))
    after.guard(20)

    assert names(desk.exchange) == ["E1", "S1", "T1"]
    assert (again.outcome, again.filled_quantity) == (Outcome.PROTECTED, Decimal(1))
    assert again.average_price == first.average_price
    assert [intent.digest for intent in intents(after.journal, "s1")] == [ADOPTED] * 3
    plans = [events(each.journal, "s1", Planned)[0].bracket for each in (desk, after)]
    assert plans[0] == plans[1]
    assert resting(desk.exchange) == ["S1", "T1"]
    assert after.alarms == []
    assert after.execute(entry(short=short)) == again


def test_an_adopted_entry_without_legs_gets_them() -> None:
    """The crash came right after the fill, and the journal is gone too: the replay finds it and protects it."""
    desk = paper_desk(Fault.unreachable(leg="S"), Fault.unreachable(leg="T"))
    desk.execute(entry())
    desk.exchange.faults.clear()

    after = restart(desk, MemoryJournal())
    report = after.execute(entry())

    assert report.outcome is Outcome.PROTECTED
    assert entry_orders_filled(desk.exchange, "s1") == 1
    assert resting(desk.exchange) == ["S1", "T1"]


def test_what_happened_meanwhile_is_adopted_too() -> None:
    """Stopped out while nobody knew: the replay says so, clears the target, and enters nothing at today's price."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.tick(ACME, last="94")
    desk.wait(1)

    after = restart(desk, MemoryJournal())
    report = after.execute(entry())

    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.STOP_LOSS)
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert sent_of(desk.exchange, "s1") == ["E1", "S1", "T1"]


def test_legs_of_later_attempts_are_adopted_from_the_open_orders() -> None:
    """A stop that was replaced many times: what rests is taken over whatever its number."""
    desk = paper_desk()
    desk.execute(entry())
    for number in range(1, 6):
        desk.execute(close(f"c{number}"), "0.1")
    assert resting(desk.exchange) == ["S6", "T6"]

    after = restart(desk, MemoryJournal())
    report = after.execute(entry())
    after.guard(20)

    assert report.filled_quantity == 1
    assert held(desk.exchange) == Decimal("0.5")
    stops = [order.quantity for order in after.manager.open_orders(ACME)]
    assert stops == [Decimal("0.5"), Decimal("0.5")]


def test_a_flip_is_adopted_with_its_exit() -> None:
    """The exit that made way closed somebody else's bracket: it is no exit of the new position."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2", short=True), "2")

    after = restart(desk, MemoryJournal())
    report = after.execute(entry("s2", short=True), "2")
    after.guard(10)

    assert (report.outcome, report.filled_quantity) == (Outcome.PROTECTED, Decimal(2))
    assert held(desk.exchange) == -2
    assert resting(desk.exchange) == ["S1", "T1"]
    assert sent_of(desk.exchange, "s2") == ["X1", "E1", "S1", "T1"]


def test_a_flattened_entry_is_adopted_as_closed() -> None:
    """Its own exit is found with it and counted."""
    desk = paper_desk(Fault.refused(-2021, "Order would immediately trigger.", leg="S"))
    desk.execute(entry())
    desk.exchange.faults.clear()

    after = restart(desk, MemoryJournal())
    report = after.execute(entry())

    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.EXIT)
    assert held(desk.exchange) == 0
    assert sent_of(desk.exchange, "s1").count("E1") == 1
    assert "E2" not in sent_of(desk.exchange, "s1")


def test_a_replayed_close_is_not_carried_out_twice() -> None:
    """Its exit is found at the exchange: what is left of the position stays."""
    desk = paper_desk()
    desk.execute(entry())
    desk.execute(close(), "0.4")

    after = restart(desk, MemoryJournal())
    after.execute(entry())
    report = after.execute(close(), "0.4")
    after.guard(20)

    assert (report.outcome, report.filled_quantity) == (Outcome.REDUCED, Decimal("0.4"))
    assert held(desk.exchange) == Decimal("0.6")
    assert sent_of(desk.exchange, "c1") == ["X1"]
    assert [order.quantity for order in after.manager.open_orders(ACME)] == [Decimal("0.6")] * 2


def test_a_signal_younger_than_the_journal_costs_no_lookup() -> None:
    """It cannot have been traded before: the exchange is not asked for its ids."""
    desk = paper_desk()
    created = begun(desk)
    before = len(rows(desk.exchange, "request"))

    desk.execute(entry("s1", created_at=created))
    young = len(rows(desk.exchange, "request")) - before
    desk.execute(entry("s2", created_at=moment(desk, -3600)))
    old = len(rows(desk.exchange, "request")) - before - young

    asked = [row["path"] for row in rows(desk.exchange, "request")[before : before + young]]
    assert asked.index("/fapi/v1/premiumIndex") < asked.index("/fapi/v1/order")
    assert old >= young


def test_as_many_ids_are_asked_for_as_were_tried() -> None:
    """With a policy of eight attempts the eighth entry is found again."""
    retry = RetryPolicy(max_retries=7, initial_delay=0.1, backoff_factor=1.0)
    desk = paper_desk(retry=retry)
    desk.exchange.faults.add(*(Fault.unreachable(leg="E", nth=nth) for nth in range(1, 8)))
    desk.execute(entry())
    assert sent_of(desk.exchange, "s1") == ["E8", "S1", "T1"]

    after = paper_desk(exchange=desk.exchange, retry=retry)

    assert after.execute(entry()).outcome is Outcome.PROTECTED
    assert entry_orders_filled(desk.exchange, "s1") == 1


def test_a_lookup_that_fails_refuses_the_entry() -> None:
    """Nobody may enter who cannot ask first."""
    desk = paper_desk(Fault.unreachable(method="GET", path="order", nth=1))

    report = desk.execute(entry())

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.UNREACHABLE)
    assert arrived(desk.exchange) == []


def test_unknown_legs_are_spared_while_a_position_is_open() -> None:
    """Without a replay nobody knows whose they are: they may protect something. A person is told what to do."""
    desk = paper_desk()
    desk.execute(entry())

    after = restart(desk, MemoryJournal())
    after.manager.reconcile()

    assert resting(desk.exchange) == ["S1", "T1"]
    assert after.kinds() == [AlarmKind.FOREIGN_CHANGE]
    assert "execute those signals again" in after.alarms[0].text


def test_unknown_legs_are_orphans_when_flat() -> None:
    """No position, nothing to protect: they go, with the first reconcile."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.tick(ACME, last="94")
    desk.wait(1)

    after = restart(desk, MemoryJournal())
    report = after.manager.reconcile()

    assert resting(desk.exchange) == []
    assert [symbol for symbol, _ in report.actions] == [ACME]


def test_an_id_that_only_looks_like_ours_is_left_alone() -> None:
    """It begins like the signal's ids and ends in no leg: nobody's order of ours, neither adopted nor cancelled."""
    desk = paper_desk()
    desk.execute(entry())
    stop_by_hand(desk.exchange, f"{stem(NAMESPACE, 's1')}Q1")

    after = restart(desk, MemoryJournal())
    report = after.execute(entry())
    after.guard(10)

    assert report.outcome is Outcome.PROTECTED
    assert {intent.leg for intent in intents(after.journal, "s1")} == {Leg.ENTRY, Leg.STOP, Leg.TARGET}
    assert resting(desk.exchange) == ["?", "S1", "T1"]
