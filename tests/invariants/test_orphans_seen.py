"""I3 by what the living could see and do."""

import pytest

from surefill.adapters.wire.call import WireAnswer
from surefill.domain.alarm import Alarm, AlarmKind
from surefill.domain.events import Waived
from surefill.testing.invariants.row import Row
from tests.invariants.facts import LOST, Scene, algo_body, answer, claimed, intent, missing, order_body, position_body
from tests.invariants.rows import SYMBOL, algo, fill, order, our_id

GONE_MS = 20_000
DUE_MS = GONE_MS + 10_000


def left_over() -> Scene:
    """A target that rests although the stop closed the position at 20 s."""
    scene = Scene()
    scene.live(0)
    scene.keep(intent("E"))
    scene.keep(intent("T"))
    scene.add(
        *fill(10_000, our_id("E"), "BUY", "2", "2"),
        algo(10_100, "S", "SELL", "2"),
        algo(10_100, "T", "SELL", "2"),
        *fill(GONE_MS, our_id("S"), "SELL", "2", "0"),
        algo(GONE_MS, "S", "SELL", "2", status="FINISHED"),
    )
    scene.judge(20_001)
    return scene


def test_the_time_to_clean_runs_while_somebody_lives() -> None:
    """It starts anew with the next owner; what the dead one had left undone for too long is his."""
    scene = left_over()
    scene.live(25_000, alive=False)
    assert scene.times("I3", 99_000) == []
    scene.live(100_000, owner=2)
    assert scene.times("I3", 110_000) == []
    assert scene.times("I3", 110_001) == [110_000]

    idle = left_over()
    idle.live(31_000, alive=False)
    assert idle.times("I3", 99_000) == [DUE_MS]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_request_that_fails_starts_the_time_anew(method: str) -> None:
    """Neither a read nor a cancel that was lost can have cleaned up."""
    scene = left_over()
    scene.ask("algoOrder", LOST, 29_000, method=method, symbol=None, clientAlgoId=our_id("T"))

    assert scene.times("I3", 39_000) == []
    assert scene.times("I3", 39_001) == [39_000]


@pytest.mark.parametrize(
    "refusal",
    [
        answer({}, 307),
        answer({"code": -1003}, 400),
        answer({"code": -1021}, 400),
        answer({"code": -2015}, 401),
        answer("<html>", 400),
    ],
)
def test_a_refusal_that_is_not_about_the_order_is_a_failure(refusal: WireAnswer) -> None:
    """Whoever is turned away by the traffic, the clock or the key can clear nothing."""
    scene = left_over()
    scene.ask("algoOrder", refusal, 29_000, method="DELETE", symbol=None, clientAlgoId=our_id("T"))

    assert scene.times("I3", 39_000) == []
    assert scene.times("I3", 39_001) == [39_000]


def test_in_a_ban_nothing_can_be_cleared() -> None:
    """No request may leave before its end: the time to clean begins there."""
    scene = left_over()
    scene.ask("openOrders", answer({}, 418, Retry_After="60"), 25_000)
    scene.ask("openOrders", answer({}, 503), 24_900, owner=2)

    assert scene.times("I3", 95_000) == []
    assert scene.times("I3", 95_001) == [95_000]


def test_failures_elsewhere_are_no_excuse() -> None:
    """Another symbol's lost request says nothing of this one; one about all symbols does."""
    scene = left_over()
    scene.ask("positionRisk", LOST, 29_000, symbol="ETHUSDT")
    assert scene.times("I3", 31_000) == [DUE_MS]

    everywhere = left_over()
    everywhere.ask("openOrders", LOST, 29_000, symbol=None)
    assert everywhere.times("I3", 31_000) == []


def test_a_failure_after_the_time_was_up_comes_too_late() -> None:
    """Ten idle seconds are not undone by a failure afterwards."""
    scene = left_over()
    scene.ask("positionRisk", LOST, 36_000, sent_ms=31_000)

    assert scene.times("I3", 37_000) == [DUE_MS]


@pytest.mark.parametrize(
    ("path", "body"),
    [("openAlgoOrders", []), ("positionRisk", position_body("2")), ("openAlgoOrders", [algo_body("S", "2")])],
)
def test_a_reading_that_does_not_show_it_starts_the_time_anew(path: str, body: object) -> None:
    """Open orders without the leftover, or the old position, are what a lagging exchange shows."""
    scene = left_over()
    scene.ask(path, answer(body), 25_000)

    assert scene.times("I3", 35_000) == []
    assert scene.times("I3", 35_001) == [35_000]


@pytest.mark.parametrize(
    ("path", "body", "symbol"),
    [
        ("openAlgoOrders", [algo_body("T", "2")], SYMBOL),
        ("openOrders", [], SYMBOL),
        ("positionRisk", [], SYMBOL),
        ("positionRisk", position_body("-2"), SYMBOL),
        ("positionRisk", position_body("1.9"), SYMBOL),
        ("openAlgoOrders", [], "ETHUSDT"),
    ],
)
def test_a_reading_that_shows_it_does_not(path: str, body: object, symbol: str) -> None:
    """What shows the leftover, or is about something else, is no excuse."""
    scene = left_over()
    scene.ask(path, answer(body), 25_000, symbol=symbol)

    assert scene.times("I3", 31_000) == [DUE_MS]


def test_an_order_that_is_asked_for_and_not_shown_starts_the_time_anew() -> None:
    """-2013 for the leftover itself is what a lagging exchange answers; for another order it tells nothing of this."""
    scene, other = left_over(), left_over()
    scene.ask("algoOrder", missing(), 25_000, symbol=None, clientAlgoId=our_id("T"))
    other.ask("algoOrder", missing(), 25_000, symbol=None, clientAlgoId=our_id("T", 2))
    other.ask("algoOrder", answer(algo_body("T", "2")), 25_000, symbol=None, clientAlgoId=our_id("T"))

    assert scene.times("I3", 35_000) == []
    assert scene.times("I3", 35_001) == [35_000]
    assert other.times("I3", 31_000) == [DUE_MS]


def test_a_market_order_is_looked_for_among_the_regular_ones() -> None:
    """Its reading is openOrders."""
    seen, unseen = Scene(), Scene()
    for scene, body in ((seen, [order_body(our_id("E"), "0")]), (unseen, [])):
        scene.live(0)
        scene.add(order(10_000, our_id("E"), "BUY", "1", "NEW"))
        scene.judge(10_001)
        scene.ask("openOrders", answer(body), 15_000)

    assert seen.times("I3", 21_000) == [20_000]
    assert unseen.times("I3", 21_000) == []


def test_a_refusal_that_tells_what_is_not_there_is_an_answer() -> None:
    """-2011 on the cancel of an order that is not open: the exchange could be reached."""
    scene = left_over()
    scene.ask("algoOrder", missing(), 29_000, method="DELETE", symbol=None, clientAlgoId=our_id("X"))

    assert scene.times("I3", 31_000) == [DUE_MS]


def test_a_cancel_refused_although_the_order_stands_takes_its_time() -> None:
    """-2011 on the cancel of an order that stands open cannot have cleared it, whatever it says."""
    scene = left_over()
    scene.ask("algoOrder", missing(), 29_000, method="DELETE", symbol=None, clientAlgoId=our_id("T"))

    assert scene.times("I3", 31_000) == []
    assert scene.times("I3", 40_000) == [39_000]


def test_an_order_in_its_trigger_cannot_be_cancelled() -> None:
    """While TRIGGERING it is on its way out of our hands."""
    scene = left_over()
    scene.add(algo(21_000, "T", "SELL", "2", status="TRIGGERING"))

    assert scene.times("I3", 99_000) == []


def test_orders_of_a_lost_journal_are_spared_while_there_is_a_position() -> None:
    """They may protect what nobody remembers; once the position is gone, or the signal is claimed again, they count."""
    scene = Scene()
    scene.live(0)
    scene.keep(intent("E"))
    scene.add(*fill(10_000, our_id("E"), "BUY", "1", "1"), algo(10_100, "S", "SELL", "2"))
    scene.judge(10_200)
    scene.live(11_000, alive=False)
    scene.live(12_000, owner=2, lost=True)
    assert scene.times("I3", 90_000) == []
    scene.keep(claimed(), 100_000, owner=2)
    assert scene.times("I3", 110_001) == [110_000]

    flat = Scene()
    flat.live(0)
    flat.keep(intent("S"))
    flat.add(algo(10_100, "S", "SELL", "2"))
    flat.live(12_000, owner=2, lost=True)
    assert flat.times("I3", 90_000) == [22_000]


def test_a_caller_who_waived_protection_sees_to_its_orders_himself() -> None:
    """What of it turns up again stays while there is a position; without one it is an orphan like any other."""
    scene = Scene()
    scene.live(0)
    scene.keep(intent("E"))
    scene.add(*fill(10_000, our_id("E"), "BUY", "1", "1"))
    scene.keep(Waived(10_050, "s"), 10_050)
    scene.add(algo(10_100, "S", "SELL", "2"))
    assert scene.times("I3", 90_000) == []
    scene.add(*fill(100_000, our_id("X"), "SELL", "1", "0"))
    assert scene.times("I3", 110_001) == [110_000]


@pytest.mark.parametrize(("signal_id", "times"), [("s", []), ("another", [20_100])])
def test_whose_caller_was_asked_what_to_do_keeps_his_legs_as_they_are(signal_id: str, times: list[int]) -> None:
    """The smaller stop was cancelled by hand twice: the larger one stays, until the position is gone."""
    scene = Scene()
    scene.live(0)
    scene.keep(intent("E"))
    scene.add(*fill(10_000, our_id("E"), "BUY", "1", "1"), algo(10_100, "S", "SELL", "2"))
    scene.judge(10_200)
    scene.alarms.append(Alarm(AlarmKind.LEG_REMOVED, 11_000, "twice", SYMBOL, signal_id))

    assert scene.times("I3", 90_000) == times
    scene.add(*fill(100_000, our_id("X"), "SELL", "1", "0"))
    assert scene.times("I3", 110_001) == ([] if times else [110_000])


@pytest.mark.parametrize("rounds", [False, True])
def test_a_call_for_another_symbol_keeps_a_single_thread_from_cleaning(*, rounds: bool) -> None:
    """The time to clean goes on after it, also when it began with a round over everything."""
    scene = left_over()
    if rounds:
        scene.ask("openOrders", answer([]), 21_500)
    scene.ask("order", answer({}), 25_000, symbol="ETHUSDT")
    scene.call("execute_signal", 21_000, 35_000)

    assert scene.times("I3", 45_000) == []
    assert scene.times("I3", 45_001) == [45_000]


def test_what_was_cleaned_before_the_judge_looked_is_judged_alike() -> None:
    """The call that kept the host busy is known before the orders it left for too long are."""
    scene = left_over()
    scene.ask("order", answer({}), 25_000, symbol="ETHUSDT")
    scene.call("execute_signal", 21_000, 35_000)
    scene.add(algo(36_000, "T", "SELL", "2", status="CANCELED"))

    assert scene.times("I3", 37_000) == []


@pytest.mark.parametrize(("here_ms", "due_ms"), [(25_000, DUE_MS), (31_500, 33_460)])
def test_a_call_is_busy_elsewhere_until_it_comes_here(here_ms: int, due_ms: int) -> None:
    """From its first request here on it could have cleaned up: what was due before must be done at once."""
    scene = left_over()
    scene.ask("order", answer({}), 22_000, symbol="ETHUSDT")
    scene.ask("openOrders", answer([]), here_ms)
    scene.call("execute_signal", 21_000, 35_000)

    assert scene.times("I3", 45_000) == [due_ms]


def test_what_others_place_with_an_id_of_our_form_is_theirs() -> None:
    """An order placed by hand is nobody's of ours, whatever it is called."""
    scene = Scene()
    scene.live(0)
    hand: Row = {
        "kind": "request",
        "time_ms": 10_000,
        "method": "POST",
        "path": "/fapi/v1/algoOrder",
        "params": f'{{"clientAlgoId":"{our_id("S")}"}}',
    }
    scene.by_hand(hand, algo(10_000, "S", "SELL", "2"))
    scene.add(*fill(11_000, our_id("S"), "SELL", "2", "-2"))

    assert scene.judge(99_000) == []
