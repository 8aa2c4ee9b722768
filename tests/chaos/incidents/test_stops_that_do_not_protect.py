"""Incidents in which a position stood without its stop, or stops without their position."""

from __future__ import annotations

from decimal import Decimal

import pytest

from surefill.adapters.simulated import Fault, FaultPlan
from surefill.domain.alarm import AlarmKind
from surefill.domain.ids import Leg, client_id
from surefill.domain.protection_policy import OnUnprotected, ProtectionPolicy
from surefill.domain.report import Outcome
from surefill.testing.world import World
from tests.chaos.incidents.account import SIZE, A, alarms, close, entry, held, resting, sent, told

_WRONG_ENDPOINT = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."


def test_a_stop_stuck_in_its_trigger_is_left_behind() -> None:
    """Nautilus discussion 5378: a stop hung in TRIGGERING till the next day, was shown as accepted, and its cancel
    was refused (-2011); the position stood open without protection.

    Here: after the five seconds it may take, the position is closed at market, and the stuck stop is not believed.
    """  # noqa: D205 - the incident needs its second line
    world = World()
    told(world, entry())
    world.exchange.venue.switches.sticks = lambda _: True
    world.tick(A, Decimal(58_900))

    world.wait(20)

    assert held(world) == 0
    assert len(sent(world, "X")) == 1
    world.exchange.venue.acts.release_stuck()
    assert world.settle() == ()
    assert resting(world) == []


@pytest.mark.parametrize("lag_ms", [3_000, 20_000])
def test_a_stop_that_vanishes_after_its_acknowledgement_is_replaced_and_cleaned_up(lag_ms: int) -> None:
    """Freqtrade #12681: a stop was acknowledged with an id, and three seconds later it "did not exist"; every cycle
    sent a new one, and several of them lived on when the position was gone.

    Here: a stop that is not shown does not count, few others are sent while an alarm rings, and whatever shows up
    later is cleared away: one stop while the position stands, none when it is closed.
    """  # noqa: D205 - the incident needs its second line
    unseen = (Fault.visibility_lag(lag_ms, path=path, method="GET") for path in ("algoOrder", "openAlgoOrders"))
    world = World(faults=FaultPlan(*unseen))

    told(world, entry())
    world.wait(60)

    assert len(sent(world, "S")) <= 12
    assert [order for order in resting(world) if order.startswith("S")] == [f"S {SIZE}"]
    told(world, close(), None)
    world.wait(40)
    assert (held(world), resting(world)) == (0, [])
    assert world.settle() == ()


def test_a_stop_that_really_vanished_is_put_back() -> None:
    """Freqtrade #12681, the other half: the stop was acknowledged, and then was not there at all.

    Here: it is missed at the next look, and another one protects the position.
    """
    world = World()
    told(world, entry())
    order_id = client_id(world.exchange.namespace, "a", Leg.STOP, 1)
    world.by_hand("DELETE", "/fapi/v1/algoOrder", {"clientAlgoId": order_id, "timestamp": str(world.now_ms)})

    world.wait(10)

    assert resting(world) == [f"S {SIZE}", f"T {SIZE}"]
    assert world.settle() == ()


def test_stops_refused_after_a_migration_are_loud() -> None:
    """Freqtrade #12610: on the day stops moved to another endpoint, each was refused (-4120), and positions stood
    without one.

    Here: the alarm rings within seconds and goes on ringing; once stops are taken again, one is placed.
    """  # noqa: D205 - the incident needs its second line
    world = World(faults=FaultPlan(Fault.refused(-4120, _WRONG_ENDPOINT, leg="S")))

    report = told(world, entry())
    world.wait(60)

    assert report.outcome is Outcome.UNPROTECTED
    assert alarms(world, AlarmKind.UNPROTECTED) >= 12
    assert world.settle() == ()
    assert resting(world) == [f"S {SIZE}", f"T {SIZE}"]


def test_stops_refused_after_a_migration_end_flat_by_policy() -> None:
    """Freqtrade #12610 for a host who wishes no position without a stop.

    Here: at the hard deadline the position is closed.
    """
    world = World(
        faults=FaultPlan(Fault.refused(-4120, _WRONG_ENDPOINT, leg="S")),
        protection=ProtectionPolicy(on_unprotected=OnUnprotected.FLATTEN),
    )

    report = told(world, entry())
    world.wait(10)

    assert report.outcome is Outcome.CLOSED
    assert (held(world), resting(world)) == (0, [])
    assert world.settle() == ()


def test_many_trades_leave_no_stop_behind() -> None:
    """Freqtrade #7838: fifty stops of positions long gone were found open on one account.

    Here: after fifteen round trips, ended in three ways and with every fifth cancel lost, not one order is open.
    """
    world = World(faults=FaultPlan(Fault.request_lost(method="DELETE", probability=0.2), seed=7))
    for number in range(15):
        world.tick(A, Decimal(60_000))
        told(world, entry(f"in {number}"))
        if number % 3 == 0:
            told(world, close(f"out {number}"), None)
        else:
            world.tick(A, Decimal(58_900) if number % 3 == 1 else Decimal(62_100))
        world.wait(25)

    assert world.settle() == ()
    assert (held(world), resting(world)) == (0, [])
