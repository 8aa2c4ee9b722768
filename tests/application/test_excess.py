"""One id of ours that was filled twice: a copy of the request arrived, and the id was free again by then."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from surefill.adapters.simulated import Fault
from surefill.adapters.venue import VenueSettings
from surefill.domain.actions import ExitWhy
from surefill.domain.alarm import AlarmKind
from surefill.domain.audit_record import AuditType
from surefill.domain.ids import Leg
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.report import Outcome
from tests.papers import ACME, Desk, entry, filled, held, paper_desk, resting, rows, trade_by_hand


def kept(desk: Desk) -> tuple[Decimal, list[str]]:
    """What is held, and what rests."""
    return held(desk.exchange), resting(desk.exchange)


@pytest.mark.parametrize("hedge", [False, True])
@pytest.mark.parametrize("after_ms", [0, 2_000])
def test_what_a_copy_filled_is_closed(after_ms: int, *, hedge: bool) -> None:
    """The copy fills as much again: told as ours, closed at once, and the bracket itself stays as it was asked for."""
    desk = paper_desk(Fault.delivered_twice(after_ms, leg="E", nth=1), venue=VenueSettings(hedge_mode=hedge))

    desk.execute(entry())
    desk.guard(30)

    assert filled(desk.exchange, "s1", Leg.ENTRY) == 2
    assert kept(desk) == (Decimal(1), ["S1", "T1"])
    assert filled(desk.exchange, "s1", Leg.EXIT) == 1
    (alarm,) = desk.alarms_of(AlarmKind.EXCESS_FILL)
    assert alarm.text.startswith(f"1.000 {ACME} more than signal 's1' asked for was filled")
    assert [line.order_data["why"] for line in desk.lines(AuditType.FLATTENED)] == [ExitWhy.EXCESS.value]
    assert AlarmKind.FOREIGN_CHANGE not in desk.kinds()
    report = desk.report()
    assert (report.outcome, report.filled_quantity) == (Outcome.PROTECTED, Decimal(1))


def test_size_of_others_is_no_excess() -> None:
    """Somebody adds to the position right after our entry: the fills are not under our id, and it is left alone."""
    desk = paper_desk(protection=ProtectionPolicy(allow_foreign_position=True))
    desk.execute(entry())
    trade_by_hand(desk.exchange, "BUY", "2")

    desk.guard(30)

    assert kept(desk) == (Decimal(3), ["S1", "T1"])
    assert desk.kinds() == [AlarmKind.FOREIGN_CHANGE]
    assert filled(desk.exchange, "s1", Leg.EXIT) == 0


def test_fills_that_cannot_be_read_close_nothing() -> None:
    """Whose the size is cannot be known then; once it can, the excess is found and closed."""
    desk = paper_desk(Fault.delivered_twice(0, leg="E", nth=1))

    def send(itself: Callable[[object], object], prepared: object) -> object:
        desk.exchange.faults.add(Fault.unreachable(method="GET", path="allOrders", until_ms=desk.now_ms() + 20_000))
        return itself(prepared)

    desk.exchange.script["send"] = send
    desk.execute(entry())
    desk.exchange.script.clear()
    desk.guard(10)
    before = held(desk.exchange)
    desk.guard(20)

    assert before == 2
    assert kept(desk) == (Decimal(1), ["S1", "T1"])
    assert desk.alarms_of(AlarmKind.EXCESS_FILL)


def history_reads(desk: Desk) -> int:
    """How often the list of all orders was read."""
    return len([row for row in rows(desk.exchange, "request") if row["path"] == "/fapi/v1/allOrders"])


def test_a_copy_is_looked_for_only_as_long_as_it_may_arrive() -> None:
    """Long after the entry's window, size of others costs no more reads of the history."""
    desk = paper_desk()
    desk.execute(entry())
    desk.guard(70)
    before = history_reads(desk)
    trade_by_hand(desk.exchange, "BUY", "2")

    desk.guard(20)

    assert history_reads(desk) == before
    assert desk.kinds() == [AlarmKind.FOREIGN_CHANGE]


def test_what_was_closed_already_is_not_closed_again() -> None:
    """Right after the excess is gone somebody adds as much: that is his."""
    desk = paper_desk(Fault.delivered_twice(0, leg="E", nth=1))
    desk.execute(entry())
    desk.guard(10)
    assert filled(desk.exchange, "s1", Leg.EXIT) == 1
    trade_by_hand(desk.exchange, "BUY", "1")

    desk.guard(20)

    assert filled(desk.exchange, "s1", Leg.EXIT) == 1
    assert held(desk.exchange) == 2
    assert AlarmKind.FOREIGN_CHANGE in desk.kinds()


def test_size_in_the_other_direction_is_no_copy_of_ours() -> None:
    """On a hedge account somebody opens a short beside our long: the history is not even read for it."""
    desk = paper_desk(venue=VenueSettings(hedge_mode=True))
    desk.execute(entry())
    before = history_reads(desk)
    trade_by_hand(desk.exchange, "SELL", "1", positionSide="SHORT")

    desk.guard(20)

    assert history_reads(desk) == before
    assert desk.kinds() == [AlarmKind.FOREIGN_CHANGE]
