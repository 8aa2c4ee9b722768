"""What a report claims, and on what evidence."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from surefill.adapters.simulated import Fault
from surefill.application import reports
from surefill.domain.audit_record import AuditType
from surefill.domain.events import Reported
from surefill.domain.ids import Leg
from surefill.domain.leg_state import LegState
from surefill.domain.order import OrderStatus
from surefill.domain.report import ClosedBy, Outcome
from tests.papers import (
    ACME,
    close,
    entry,
    events,
    id_of,
    intents,
    paper_desk,
    restart,
    rows,
)


def test_the_average_price_weighs_by_quantity() -> None:
    """Over several exit orders; unknown as long as one price is."""
    desk = paper_desk()
    desk.exchange.tick(ACME, bid="99.95", bid_quantity="0.4", ask="100.05", ask_quantity="9")
    desk.execute(entry())
    prices = iter(["99.95", "98.95", "97.95"])

    def snapshot(itself: object, symbol: str) -> object:
        price = next(prices, None)
        if price is not None:
            desk.exchange.tick(ACME, bid=price, bid_quantity="0.4")
        return itself(symbol)  # type: ignore[operator]  # the verb itself

    desk.exchange.script["snapshot"] = snapshot
    report = desk.execute(close(), None)

    fills = [row for row in rows(desk.exchange, "fill") if row["side"] == "SELL"]
    notional = sum(Decimal(str(row["quantity"])) * Decimal(str(row["price"])) for row in fills)
    assert len(fills) > 1
    assert report.average_price == notional / sum(Decimal(str(row["quantity"])) for row in fills)


def test_an_average_without_a_fill_is_none() -> None:
    """Nothing filled: no price; one price unknown: no price."""
    desk = paper_desk()
    desk.execute(entry())
    state = desk.manager._desk.known_state("s1")
    leg = state.last(Leg.ENTRY)
    assert leg is not None
    assert leg.order is not None
    unpriced = LegState(leg.intent)
    unpriced.order = attrs.evolve(leg.order, average_price=None)

    assert reports.average(()) is None
    assert reports.average((LegState(leg.intent),)) is None
    assert reports.average((leg, unpriced)) is None
    assert reports.average((leg,)) == leg.order.average_price


def test_a_report_is_readable_by_any_later_process() -> None:
    """Written, closed, restarted: the very same report."""
    desk = paper_desk()
    first = desk.execute(entry())
    desk.execute(close(), None)
    last = desk.manager.report("s1")

    after = restart(desk)

    assert after.manager.report("s1") == last
    assert last is not None
    assert last != first
    assert after.manager.report("c1") == desk.manager.report("c1")
    assert after.manager.report("never") is None


def test_every_change_is_a_correction() -> None:
    """The reports of a signal tell its story: nothing is changed in silence."""
    desk = paper_desk(Fault.unreachable(leg="S"))
    desk.execute(entry())
    desk.exchange.faults.clear()
    desk.guard(10)
    desk.exchange.tick(ACME, last="94")
    desk.guard(10)

    told = [event.report for event in events(desk.journal, "s1", Reported)]

    assert [report.outcome for report in told] == [Outcome.UNPROTECTED, Outcome.PROTECTED, Outcome.CLOSED]
    assert [len(report.corrections) for report in told] == [0, 1, 2]
    assert [each.text for each in told[-1].corrections] == [
        "was UNPROTECTED",
        "the position is gone: STOP_LOSS",
    ]
    assert [each.at_ms for each in told[-1].corrections] == [report.at_ms for report in told[1:]]
    assert told[-1].closed_by is ClosedBy.STOP_LOSS
    assert len(desk.lines(AuditType.REPORTED)) >= 2


def test_the_stop_in_force_is_reported() -> None:
    """Of several stops the one that rests for what is open now."""
    desk = paper_desk()
    desk.execute(entry())
    desk.execute(close(), "0.4")
    state = desk.manager._desk.known_state("s1")

    report = reports.entry_report(desk.manager._desk, state)

    assert report.stop_loss is not None
    assert (report.stop_loss.client_id, report.stop_loss.quantity) == (id_of("s1", Leg.STOP, 2), Decimal("0.6"))
    assert report.take_profit is not None
    assert report.take_profit.client_id == id_of("s1", Leg.TARGET, 2)


def test_a_larger_stop_is_still_a_stop() -> None:
    """While the smaller one cannot be had the larger one is what protects."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.unreachable(leg="S"))

    desk.execute(close(), "0.4")
    report = reports.entry_report(desk.manager._desk, desk.manager._desk.known_state("s1"))

    assert report.outcome is Outcome.PROTECTED
    assert report.stop_loss is not None
    assert report.stop_loss.quantity == 1


def test_a_filled_leg_outweighs_a_newer_one() -> None:
    """What closed the position is shown, not what was placed last."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.tick(ACME, last="94")
    desk.guard(10)

    report = desk.manager.report("s1")

    assert report is not None
    assert report.stop_loss is not None
    assert report.stop_loss.status is OrderStatus.FILLED
    assert report.take_profit is not None
    assert report.take_profit.status is OrderStatus.CANCELED
    assert report.average_price is not None


@pytest.mark.parametrize("quantity", ["1", "5000"])
def test_nothing_is_corrected_that_did_not_change(quantity: str) -> None:
    """Reconciling again and again leaves one report, unless something happens."""
    desk = paper_desk()
    desk.execute(entry(), quantity)
    before = len(events(desk.journal, "s1", Reported))

    desk.manager.reconcile()
    desk.guard(30)

    assert len(events(desk.journal, "s1", Reported)) == before
    assert len(intents(desk.journal, "s1", Leg.ENTRY)) == 1
