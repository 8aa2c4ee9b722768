"""An opposite entry on a one-way account: out, clear, seen flat, and only then in."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from surefill.adapters.simulated import Fault
from surefill.domain.ids import Leg
from surefill.domain.limits import RiskLimits
from surefill.domain.refusal import Refusal
from surefill.domain.report import ClosedBy, Outcome
from tests.papers import (
    ACME,
    FLAT,
    arrived,
    close,
    entry,
    filled,
    held,
    id_of,
    names,
    paper_desk,
    resting,
    sent_of,
)


def test_a_flip_leaves_clears_and_enters_exactly() -> None:
    """The old position is closed reduce-only, its legs are gone, then exactly the asked size is entered."""
    desk = paper_desk()
    desk.execute(entry("s1"))

    report = desk.execute(entry("s2", short=True), "3")

    assert (report.outcome, report.filled_quantity) == (Outcome.PROTECTED, Decimal(3))
    assert names(desk.exchange) == ["E1", "S1", "T1", "X1", "-S1", "-T1", "E1", "S1", "T1"]
    leaving, entering = arrived(desk.exchange)[3], arrived(desk.exchange)[6]
    assert (leaving.client_id, leaving.params["quantity"], leaving.params["reduceOnly"]) == (
        id_of("s2", Leg.EXIT),
        "1",
        "true",
    )
    assert (entering.params["side"], entering.params["quantity"]) == ("SELL", "3")
    assert held(desk.exchange) == -3
    first = desk.report()
    assert (first.outcome, first.closed_by) == (Outcome.CLOSED, ClosedBy.EXIT)


def test_several_brackets_are_left_together() -> None:
    """All of ours in the other direction goes, each bracket with its own legs."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2"), "2")

    report = desk.execute(entry("s3", short=True))

    assert report.outcome is Outcome.PROTECTED
    assert filled(desk.exchange, "s3", Leg.EXIT) == 3
    assert held(desk.exchange) == -1
    assert resting(desk.exchange) == ["S1", "T1"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.unreachable(leg="X"),
        Fault.refused(-2019, "Margin is insufficient.", leg="X"),
        Fault.unreachable(method="DELETE"),
    ],
    ids=["unreachable", "rejected", "legs linger"],
)
def test_an_unconfirmed_exit_forbids_the_entry(fault: Fault) -> None:
    """Not seen closed and cleared: no entry is sent, REFUSED, and the id stays free for another try."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.exchange.faults.add(fault)

    report = desk.execute(entry("s2", short=True))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.EXIT_UNCONFIRMED)
    assert "E1" not in sent_of(desk.exchange, "s2")
    desk.exchange.faults.clear()
    desk.guard(15)
    assert desk.execute(entry("s2", short=True)).outcome is Outcome.PROTECTED
    assert held(desk.exchange) == -1
    assert resting(desk.exchange) == ["S1", "T1"]


def test_an_exit_nobody_knows_of_forbids_the_entry() -> None:
    """The exit's fate is open: refused; the id is kept until that is known, so that nothing is doubled."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.exchange.faults.add(
        Fault.reply_lost(leg="X"), Fault.visibility_lag(50_000, trades=True, until_ms=desk.now_ms() + 60_000)
    )

    report = desk.execute(entry("s2", short=True))
    again = desk.execute(entry("s2", short=True))
    desk.guard(90)

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.EXIT_UNCONFIRMED)
    assert again.outcome is Outcome.REFUSED
    assert sent_of(desk.exchange, "s2") == ["X1"]
    assert held(desk.exchange) == 0
    desk.exchange.faults.clear()
    assert desk.execute(entry("s2", short=True)).outcome is Outcome.PROTECTED
    assert sent_of(desk.exchange, "s2") == ["X1", "E1", "S1", "T1"]


def test_the_plan_is_checked_before_the_position_is_left() -> None:
    """An entry that is impossible anyway does not cost the position that is there."""
    desk = paper_desk()
    desk.execute(entry("s1"))

    report = desk.execute(entry("s2", short=True, stop="99"))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.STOP_CROSSED)
    assert held(desk.exchange) == 1
    assert resting(desk.exchange) == ["S1", "T1"]


def test_the_plan_is_checked_again_after_the_position_was_left() -> None:
    """The price moved meanwhile: out is out, but no entry is sent that has no valid stop any more."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    looked = [0]

    def reference(itself: Callable[[str], object], symbol: str) -> object:
        looked[0] += 1
        if looked[0] == 2:
            desk.exchange.tick(ACME, last="106")
        return itself(symbol)

    desk.exchange.script["reference"] = reference
    report = desk.execute(entry("s2", short=True))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.STOP_CROSSED)
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert sent_of(desk.exchange, "s2") == ["X1"]


def test_limits_are_judged_after_the_position_was_left() -> None:
    """What was just closed counts neither as foreign nor into the limits."""
    desk = paper_desk(limits=RiskLimits(max_position_notional="100"))
    desk.execute(entry("s1"))

    assert desk.execute(entry("s2", short=True)).outcome is Outcome.PROTECTED


def test_leftovers_are_cleared_before_an_entry() -> None:
    """Orders of a position that is gone would reduce the new one: first they go."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.exchange.faults.add(Fault.unreachable(method="DELETE"))
    desk.execute(close("c1"), None)
    lingering = resting(desk.exchange)
    desk.exchange.faults.clear()

    report = desk.execute(entry("s2"))

    assert lingering == ["S1", "T1"]
    assert report.outcome is Outcome.PROTECTED
    order = names(desk.exchange)
    assert order.index("-S1") < len(order) - 3
    assert resting(desk.exchange) == ["S1", "T1"]
    assert {each.client_id for each in desk.exchange.open_orders(ACME)} == {
        id_of("s2", Leg.STOP),
        id_of("s2", Leg.TARGET),
    }


def test_leftovers_that_stay_forbid_the_entry() -> None:
    """They cannot be cleared: refused, the id free, and nothing entered under foreign triggers of our own."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.exchange.faults.add(Fault.unreachable(method="DELETE"))
    desk.execute(close("c1"), None)

    report = desk.execute(entry("s2"))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.FROZEN)
    assert sent_of(desk.exchange, "s2") == []
    desk.exchange.faults.clear()
    desk.guard(10)
    assert desk.execute(entry("s2")).outcome is Outcome.PROTECTED
