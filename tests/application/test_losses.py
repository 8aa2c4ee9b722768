"""Size of ours that is missing: believed gone when somebody's fills explain it, and never because a read lags."""

from __future__ import annotations

from decimal import Decimal

import pytest

from surefill.adapters.simulated import Fault
from surefill.domain.alarm import AlarmKind
from surefill.domain.events import WrittenOff
from surefill.domain.report import ClosedBy, Outcome
from surefill.domain.timings import Timings
from tests.papers import ACME, FLAT, Desk, entry, events, held, paper_desk, resting, trade_by_hand

TIMES = Timings()


def sell_by_hand(desk: Desk, quantity: str) -> None:
    """Somebody else closes so much of the position."""
    trade_by_hand(desk.exchange, "SELL", quantity)


@pytest.mark.parametrize("lag_ms", [5_000, 20_000, 45_000])
def test_a_position_shown_late_is_not_given_up(lag_ms: int) -> None:
    """The position read shows nothing of our fill for so long: its stop stays, and nothing is written off."""
    desk = paper_desk(Fault.visibility_lag(lag_ms, positions=True, path="positionRisk"))
    desk.execute(entry("s1"))
    desk.guard(lag_ms // 1000 + 20)
    assert events(desk.journal, "s1", WrittenOff) == []
    assert (held(desk.exchange), resting(desk.exchange)) == (Decimal(1), ["S1", "T1"])
    assert desk.alarms_of(AlarmKind.FOREIGN_CHANGE) == []


def test_a_position_closed_by_hand_is_given_up_soon() -> None:
    """Somebody's fill explains it: the bracket is closed, its orders go, and a person is told."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.guard(6)
    sell_by_hand(desk, "1")
    desk.guard(12)
    report = desk.manager.report("s1")
    assert report is not None
    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.ELSEWHERE)
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert len(desk.alarms_of(AlarmKind.FOREIGN_CHANGE)) == 1


def test_a_part_closed_by_hand_is_written_off_once() -> None:
    """The fills that explain a loss explain it once: the rest keeps a stop of its own size."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.guard(6)
    sell_by_hand(desk, "0.3")
    desk.guard(30)
    sell_by_hand(desk, "0.2")
    desk.guard(30)
    assert [event.quantity for event in events(desk.journal, "s1", WrittenOff)] == [Decimal("0.3"), Decimal("0.2")]
    assert {order.quantity for order in desk.manager.open_orders(ACME)} == {Decimal("0.5")}


def test_a_loss_nobody_can_explain_is_believed_after_a_minute() -> None:
    """The fills cannot be read: what stays missing for a minute is believed gone all the same."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.guard(6)
    sell_by_hand(desk, "1")
    desk.exchange.faults.add(Fault.unreachable(method="GET", path="userTrades"))
    desk.guard(50)
    assert (events(desk.journal, "s1", WrittenOff), resting(desk.exchange)) == ([], ["S1", "T1"])
    desk.guard(30)
    assert len(events(desk.journal, "s1", WrittenOff)) == 1
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
