"""Incidents in which nobody knew whether an order had been executed."""

from __future__ import annotations

import pytest

from surefill.adapters.simulated import Fault, FaultPlan, Latency
from surefill.adapters.wire.call import AnswerLostError, Call, Result, WireAnswer
from surefill.domain.alarm import AlarmKind
from surefill.domain.report import Outcome
from surefill.testing.world import Lifeline, World
from tests.chaos.incidents.account import SIZE, A, alarms, bought, close, entry, held, resting, sent, show, told

_ABOUT_THE_SEND = ("claim", "Planned", "Intent", "POST order", "Answered", "GET order")
_BACKEND = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
_UNKNOWN = "Unknown error, please check your request or try again later."
_INTERNAL = "Internal error; unable to process your request. Please try again."


def test_a_backend_timeout_is_not_followed_by_a_second_order() -> None:
    """Nautilus #4215: after -1007 the order was sent again on a timer, although the exchange had taken the first.

    Here: one order, found by its id, and protected.
    """
    world = World(faults=FaultPlan(Fault.unclear(executed=True, code=-1007, text=_BACKEND, status=408, leg="E")))

    report = told(world, entry())

    assert report.outcome is Outcome.PROTECTED
    assert len(sent(world, "E")) == 1
    assert bought(world) == held(world) == SIZE
    assert world.settle() == ()


def test_a_503_whose_order_fills_seconds_later_is_no_failure() -> None:
    """Hummingbot #6033: a 503 was reported as a failed order, which then filled seconds later.

    Here: nothing is reported before it is known, and the fill that comes two and a half seconds later is protected.
    """
    world = World(faults=FaultPlan(Fault.latency(2_500, leg="E")), latency=Latency(timeout_ms=1_000))
    show(world, _busy_instead_of_nothing)

    report = told(world, entry())

    assert report.outcome is Outcome.PROTECTED
    assert bought(world) == held(world) == SIZE
    assert world.settle() == ()


def test_a_503_that_never_was_an_order_is_provisional() -> None:
    """Hummingbot #6033, the other half: the same 503, and the order never arrives.

    Here: it is believed absent only after evidence, and the report says that this is provisional.
    """
    world = World(faults=FaultPlan(Fault.unclear(executed=False, leg="E")))

    report = told(world, entry())

    assert (report.outcome, report.provisional) == (Outcome.NOT_FILLED, True)
    assert (sent(world, "E"), held(world)) == ([], 0)
    assert world.settle() == ()


@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize(("code", "text"), [(-1000, _UNKNOWN), (-1001, _INTERNAL)], ids=["-1000", "-1001"])
def test_a_closing_order_in_doubt_leaves_no_position_behind(code: int, text: str, *, executed: bool) -> None:
    """Hummingbot #5801: 503 and -1001 on the closing order; the bot went on, and the position stayed open.

    Here: the close ends flat, by the first order if it was executed and by another one if not, and never too far.
    """
    world = World()
    told(world, entry())
    world.break_with(Fault.unclear(executed=executed, code=code, text=text, leg="X", nth=1))

    report = told(world, close(), None)

    assert report.outcome is Outcome.CLOSED
    assert held(world) == 0
    assert resting(world) == []
    assert world.settle() == ()


@pytest.mark.parametrize("lag_ms", [4_000, 12_000, 25_000])
def test_an_order_that_cannot_be_found_for_long_is_not_given_up(lag_ms: int) -> None:
    """Ccxt #6615: one in 800 orders was "unknown" (-2013) for more than ten seconds although it had been placed.

    Here: however long that lasts, there is one order, and in the end its size is protected, or closed with an alarm.
    """
    slow = Fault.visibility_lag(lag_ms, trades=True, positions=True)
    world = World(faults=FaultPlan(Fault.reply_lost(leg="E", nth=1), slow))

    report = told(world, entry())
    world.wait(60)

    assert (len(sent(world, "E")), bought(world)) == (1, SIZE)
    if report.outcome is Outcome.PROTECTED:
        assert held(world) == SIZE
    else:
        assert (report.outcome, report.provisional) == (Outcome.NOT_FILLED, True)
        assert (held(world), alarms(world, AlarmKind.LATE_FILL)) == (0, 1)
    assert world.settle() == ()


def test_a_read_timeout_does_not_order_again() -> None:
    """Catalyst #317: the answer to an order timed out, the log said "ordering again", and it did.

    Here: the one order is looked for, found and protected.
    """
    world = World(faults=FaultPlan(Fault.reply_lost(leg="E")))

    report = told(world, entry())

    assert report.outcome is Outcome.PROTECTED
    assert len(sent(world, "E")) == 1
    assert bought(world) == held(world) == SIZE
    assert world.settle() == ()


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_no_error_makes_a_post_be_repeated(status: int) -> None:
    """Bennycode/trading-signals #1178: a client repeated every failed POST, twenty times or without end.

    Here: an order that was executed behind each of twenty errors was sent once, and so were its stop and its target.
    """
    world = World()
    world.break_with(*(Fault.unclear(executed=True, status=status, leg=leg) for leg in ("E", "S", "T")))

    report = told(world, entry())
    world.wait(20)

    assert report.outcome is Outcome.PROTECTED
    assert [len(sent(world, letter)) for letter in ("E", "S", "T")] == [1, 1, 1]
    assert bought(world) == SIZE
    assert world.settle() == ()


def test_an_id_makes_nothing_safe_to_send_again() -> None:
    """Orko #80: a common belief, that an exchange refuses a client id it has filled before.

    Here: the exchange fills it twice, as the real one does; so the id of a market order is never sent twice, not even
    by the next process after a crash around the send.
    """
    twice = World()
    order = {"symbol": A, "side": "BUY", "type": "MARKET", "quantity": "0.01", "newClientOrderId": "the-same"}
    for _ in range(2):
        twice.by_hand("POST", "/fapi/v1/order", {**order, "timestamp": str(twice.now_ms)})
    assert held(twice) == 2 * SIZE

    whole = World(faults=FaultPlan(Fault.reply_lost(leg="E", nth=1)))
    whole.restart()
    told(whole, entry())
    sending = [number for number, name in enumerate(whole.lifeline.points, 1) if name.endswith(_ABOUT_THE_SEND)]
    assert len(sending) >= 6
    for point in sending:
        world = World(faults=FaultPlan(Fault.reply_lost(leg="E", nth=1)))
        world.restart(Lifeline(point))
        world.execute(entry(), SIZE)
        world.restart()
        world.execute(entry(), SIZE)
        ids = sent(world, "E")
        assert len(ids) == len(set(ids)), f"an id was sent twice after a crash at point {point}"
        assert bought(world) <= SIZE, f"more was bought than asked after a crash at point {point}"


def _busy_instead_of_nothing(call: Call, result: Result) -> Result | None:
    """Answer 503 to the order whose answer did not come in time."""
    if call.method == "POST" and isinstance(result, AnswerLostError):
        return WireAnswer(503, {"code": -1000, "msg": _UNKNOWN})
    return None
