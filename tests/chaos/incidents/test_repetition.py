"""Incidents and lessons about doing the same thing too often."""

from __future__ import annotations

from collections import Counter

from surefill.adapters.simulated import Fault, FaultPlan
from surefill.domain.limits import RiskLimits
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.report import ExecutionReport, Outcome
from surefill.testing.world import World
from tests.chaos.incidents.account import SIZE, A, bought, close, entry, held, resting, sent, told


def test_the_same_decision_under_new_ids_is_stopped() -> None:
    """Knight Capital, 1 August 2012: 212 orders of customers became millions of child orders within 45 minutes.

    Here: a host gone wild, with a new id every second for one and the same trade, gets one position a window.
    """
    world = World(limits=RiskLimits(duplicate_window_seconds=300))

    reports: list[ExecutionReport] = []
    for number in range(40):
        reports.append(told(world, entry(f"order {number}")))
        world.wait(1)

    assert Counter((report.outcome, report.reason) for report in reports) == {
        (Outcome.PROTECTED, None): 1,
        (Outcome.REFUSED, Refusal.LIMIT): 39,
    }
    assert bought(world) == held(world) == SIZE
    assert world.settle() == ()


def test_the_rate_of_entries_is_bounded() -> None:
    """Knight Capital again: nothing counted the orders a minute before they left.

    Here: of forty different decisions in a minute three are carried out, and exits are not counted.
    """
    world = World(limits=RiskLimits(max_orders_per_minute=3))

    reports = [told(world, entry(f"order {number}"), SIZE * (number + 1)) for number in range(40)]

    assert [report.outcome for report in reports].count(Outcome.PROTECTED) == 3
    assert {report.reason for report in reports[3:]} == {Refusal.LIMIT}
    assert len(sent(world, "E")) == 3
    assert world.settle() == ()


def test_a_repeated_signal_has_one_effect_and_one_report() -> None:
    """TigerBeetle's rule for clients: an id made and kept before the first send makes a repetition harmless.

    Here: a host that repeats each signal after each doubt, through a crash, gets the same answer and one position.
    """
    world = World(faults=FaultPlan(Fault.reply_lost(leg="E", nth=1)))

    first = told(world, entry())
    again = told(world, entry())
    world.crash()
    world.restart()
    after = told(world, entry())

    assert [report.outcome for report in (first, again, after)] == [Outcome.PROTECTED] * 3
    assert (len(sent(world, "E")), held(world)) == (1, SIZE)
    assert world.settle() == ()


def test_a_lost_journal_is_no_licence_to_trade_again() -> None:
    """What an outside audit of TigerBeetle taught: storage may be lost as a whole, and then memory proves nothing.

    Here: with an empty journal the repeated signal finds its own orders by their ids, and adopts them.
    """
    world = World()
    told(world, entry())
    world.lose_journal()
    world.restart()

    report = told(world, entry())

    assert report.outcome is Outcome.PROTECTED
    assert (len(sent(world, "E")), held(world)) == (1, SIZE)
    assert resting(world) == [f"S {SIZE}", f"T {SIZE}"]
    assert world.settle() == ()


def test_what_somebody_else_does_is_not_repaired() -> None:
    """Several bots on one account: each took the others' orders and size for its own errors.

    Here: size and orders of somebody else are left alone, beside ours and after ours is closed.
    """
    world = World(protection=ProtectionPolicy(allow_foreign_position=True))
    order = {"symbol": A, "side": "BUY", "type": "MARKET", "quantity": "0.05", "newClientOrderId": "theirs"}
    stop = {"symbol": A, "side": "SELL", "type": "STOP_MARKET", "quantity": "0.05", "reduceOnly": "true"}
    algo = {"algoType": "CONDITIONAL", "triggerPrice": "55000", "clientAlgoId": "theirs-too"}
    world.by_hand("POST", "/fapi/v1/order", {**order, "timestamp": str(world.now_ms)})
    world.by_hand("POST", "/fapi/v1/algoOrder", {**stop, **algo, "timestamp": str(world.now_ms)})

    told(world, entry())
    world.wait(30)
    assert held(world) == SIZE * 6
    assert len(resting(world)) == 3

    told(world, close(), None)
    world.wait(20)
    assert held(world) == SIZE * 5
    assert [order.client_id for order in world.exchange.open_orders(A)] == ["theirs-too"]
    assert world.settle() == ()
