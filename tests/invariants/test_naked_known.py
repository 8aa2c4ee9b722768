"""I2 by what the living were shown."""

import attrs
import pytest

from surefill.domain.alarm import AlarmKind
from surefill.domain.events import Waived
from surefill.domain.reply import ReplyKind
from tests.invariants.facts import (
    ASKED,
    LOST,
    Scene,
    algo_body,
    answer,
    answered,
    claimed,
    intent,
    missing,
    order_body,
    position_body,
)
from tests.invariants.rows import STEM, SYMBOL, algo, fill, our_id, unprotected

FILLED_MS = 10_000
TRADE = {"symbol": SYMBOL, "orderId": "", "side": "BUY", "price": "100", "qty": "2"}


def bought() -> Scene:
    """An owner who sent an entry that filled at 10 s; nobody knows yet."""
    scene = Scene()
    scene.live(0)
    scene.keep(intent("E"), 9_900)
    scene.add(*fill(FILLED_MS, our_id("E"), "BUY", "2", "2"))
    return scene


def told(scene: Scene, at_ms: int) -> None:
    """The answer to the entry shows the fill, and the journal keeps it."""
    scene.ask("order", answer(order_body(our_id("E"), "2")), at_ms, method="POST")
    scene.keep(answered("E", ReplyKind.ACCEPTED, executed="2"), at_ms)


def test_the_clock_starts_with_the_answer_to_the_entry() -> None:
    """The answer that shows the fill is when it is known: four seconds later an alarm is due."""
    scene = bought()
    told(scene, 10_500)

    assert scene.times("I2", 14_500) == []
    assert scene.times("I2", 14_501) == [14_500]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("order", order_body(our_id("E"), "0.001")),
        ("allOrders", [order_body("mine", "9"), order_body(our_id("E"), "2")]),
        ("positionRisk", position_body("2.000")),
        ("userTrades", [TRADE]),
    ],
)
def test_every_answer_that_shows_the_fill_starts_it(path: str, body: object) -> None:
    """The order, the orders of the symbol, its fills and the position: whichever is received first."""
    scene = bought()
    scene.ask(path, answer(body), 20_000)

    assert scene.times("I2", 24_001) == [24_000]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("order", order_body(our_id("E"), "0")),
        ("order", order_body(our_id("S"), "2")),
        ("order", order_body(our_id("E", 2), "2")),
        ("order", order_body(our_id("E"), "NaN")),
        ("order", order_body(our_id("E"), "many")),
        ("order", [order_body(our_id("E"), "2")]),
        ("order", None),
        ("order", {**order_body(our_id("E"), "2"), "status": "FOO"}),
        ("order", {**order_body(our_id("E"), "2"), "status": None}),
        ("order", {**order_body(our_id("E"), "2"), "orderId": "many"}),
        ("order", {**order_body(our_id("E"), "2"), "symbol": "XYZUSDT"}),
        ("order", {"clientOrderId": our_id("E"), "executedQty": "2"}),
        ("allOrders", [order_body(our_id("E"), "2"), {**order_body("x", "2"), "status": "FOO"}]),
        ("positionRisk", [{**position_body("2")[0], "entryPrice": None}]),
        ("allOrders", ["rubbish", {"clientOrderId": 7}]),
        ("userTrades", [{**TRADE, "orderId": 8}]),
        ("userTrades", [{**TRADE, "symbol": "XYZUSDT"}]),
        ("userTrades", [{**TRADE, "qty": None}]),
        ("positionRisk", []),
        ("positionRisk", position_body("-2")),
        ("positionRisk", position_body("1.9")),
        ("positionRisk", [{**position_body("2")[0], "positionSide": "LONG"}]),
        ("openAlgoOrders", []),
    ],
)
def test_an_answer_that_does_not_show_it_starts_nothing(path: str, body: object) -> None:
    """A reading that lags, is about something else, or is rubbish, makes nobody know."""
    scene = bought()
    scene.ask("openOrders", answer([]), 10_200)
    scene.ask(path, answer(body), 20_000)

    assert scene.times("I2", 99_000) == []


def test_an_answer_about_another_order_is_not_believed() -> None:
    """Whoever asked for one order and is shown another has been shown nothing."""
    scene = bought()
    body = answer(order_body(our_id("E"), "2"))
    scene.ask("openOrders", answer([]), 10_100)
    scene.ask("order", body, 20_000, origClientOrderId=our_id("E", 2))
    assert scene.times("I2", 60_000) == []
    scene.ask("order", body, 61_000, origClientOrderId=our_id("E"))
    assert scene.times("I2", 65_001) == [65_000]


def test_a_position_alone_may_be_told_as_an_unknown_outcome() -> None:
    """While no answer says whose it is, OUTCOME_UNKNOWN is loud enough; after that only UNPROTECTED is."""
    scene = bought()
    scene.ask("positionRisk", answer(position_body("2")), 20_000)
    scene.alarms += [unprotected(at_ms, SYMBOL, AlarmKind.OUTCOME_UNKNOWN) for at_ms in (23_000, 32_000)]
    assert scene.times("I2", 40_000) == []
    told(scene, 41_000)
    scene.alarms.append(unprotected(44_900, SYMBOL, AlarmKind.OUTCOME_UNKNOWN))

    assert scene.times("I2", 45_000) == []
    assert scene.times("I2", 45_001) == [45_000]


def test_an_unknown_outcome_is_no_excuse_once_it_is_ours() -> None:
    """The answer to the entry says that it is ours: from then on UNPROTECTED must ring."""
    scene = bought()
    told(scene, 10_500)
    scene.alarms.append(unprotected(11_000, SYMBOL, AlarmKind.OUTCOME_UNKNOWN))

    assert scene.times("I2", 30_000) == [14_500]


def test_while_nobody_lives_nobody_is_silent() -> None:
    """The clock of a naked position stands still between two lives, and starts anew with the next owner's answer."""
    scene = bought()
    told(scene, 10_500)
    scene.live(11_000, alive=False)
    assert scene.times("I2", 70_000) == []
    scene.live(70_000, owner=2)
    scene.ask("openAlgoOrders", answer([]), 70_100, owner=2)
    assert scene.times("I2", 74_100) == []
    assert scene.times("I2", 74_101) == [74_100]
    assert scene.watch.naked.longest_ms == 64_101


def test_an_owner_who_dies_is_judged_by_his_time() -> None:
    """Dying does not undo four seconds of silence."""
    scene = bought()
    told(scene, 10_500)
    scene.live(15_000, alive=False)

    assert scene.times("I2", 70_000) == [14_500]


def test_the_next_owner_must_be_shown_what_the_journal_did_not_keep() -> None:
    """A fill whose answer died with its owner is known again when an answer shows it, not before."""
    scene = bought()
    scene.ask("order", answer(order_body(our_id("E"), "2")), 10_500, method="POST")
    scene.live(10_500, alive=False)
    scene.live(20_000, owner=2)
    scene.ask("openAlgoOrders", answer([]), 20_100, owner=2)
    scene.ask("order", missing(), 20_200, owner=2)
    scene.ask("order", answer(order_body(our_id("E"), "2")), 31_000, owner=2)

    assert scene.times("I2", 35_000) == []
    assert scene.times("I2", 35_001) == [35_000]


def test_who_never_looks_knows_all_the_same() -> None:
    """An owner who lives and asks nothing about the symbol is held to have known after a guard's round."""
    scene = bought()
    scene.ask("positionRisk", answer([]), 11_000, symbol="ETHUSDT")

    assert scene.times("I2", 20_000) == []
    assert scene.times("I2", 20_001) == [20_000]


def test_waiting_for_the_entrys_own_answer_is_no_neglect() -> None:
    """Who waits five seconds for an answer that never comes has looked away for no longer than that."""
    scene = bought()
    scene.ask("order", LOST, 15_000, method="POST", sent_ms=9_990)

    assert scene.times("I2", 25_000) == []
    assert scene.times("I2", 25_001) == [25_000]


@pytest.mark.parametrize("kind", [AlarmKind.OUTCOME_UNKNOWN, AlarmKind.EXCHANGE_UNREACHABLE, AlarmKind.UNPROTECTED])
def test_reads_in_vain_must_be_told_within_a_minute(kind: AlarmKind) -> None:
    """When every read fails nothing can be known, but an alarm must say so; a doorkeeper's answer is no read either."""
    scene = bought()
    for at_ms in range(11_000, 71_000, 5_000):
        scene.ask("positionRisk", LOST if at_ms % 2_000 else answer("busy", 503), at_ms)
    scene.ask("openAlgoOrders", answer({"code": -1003}, 429), 70_500)
    scene.ask("openAlgoOrders", answer("<html>"), 70_600)
    assert scene.times("I2", 71_000) == []
    loud = bought()
    loud.ask("positionRisk", LOST, 16_000)
    loud.alarms.append(unprotected(60_000, SYMBOL, kind))
    assert loud.times("I2", 99_000) == []

    assert scene.times("I2", 71_001) == [71_000]


def test_other_alarms_say_nothing_of_reads_in_vain() -> None:
    """A foreign change, or another symbol's trouble, does not tell that nothing can be seen here."""
    scene = bought()
    scene.ask("positionRisk", LOST, 16_000)
    scene.alarms += [
        unprotected(20_000, SYMBOL, AlarmKind.FOREIGN_CHANGE),
        unprotected(20_000, "ETHUSDT", AlarmKind.EXCHANGE_UNREACHABLE),
    ]

    assert scene.times("I2", 99_000) == [71_000]


def test_one_read_that_was_answered_ends_the_blindness() -> None:
    """A lagging reading is nobody's fault, however long the others fail."""
    scene = bought()
    scene.ask("positionRisk", LOST, 16_000)
    scene.ask("order", missing(), 17_000)

    assert scene.times("I2", 999_000) == []


def stopped() -> Scene:
    """A position that is known and was protected; its stop went at 30 s."""
    scene = bought()
    told(scene, 10_500)
    scene.add(algo(10_600, "S", "SELL", "2"))
    scene.ask("openAlgoOrders", answer([algo_body("S", "2")]), 29_000)
    assert scene.times("I2", 29_500) == []
    scene.add(algo(30_000, "S", "SELL", "2", status="CANCELED"))
    return scene


@pytest.mark.parametrize(
    "body", [[], [algo_body("S", "1.9")], [algo_body("S", "2", "TRIGGERING")], [algo_body("S", "2", side="BUY")]]
)
def test_a_stop_that_went_is_known_by_the_open_orders(body: object) -> None:
    """Open orders without enough of a live stop on the closing side show that it went."""
    scene = stopped()
    scene.ask("openAlgoOrders", answer(body), 33_000)

    assert scene.times("I2", 37_000) == []
    assert scene.times("I2", 37_001) == [37_000]


def test_a_list_of_every_symbol_is_no_look_at_one() -> None:
    """It is read for its length, or before the symbols are looked at one by one: it starts no clock."""
    scene = stopped()
    scene.ask("openAlgoOrders", answer([]), 33_000, symbol=None)

    assert scene.times("I2", 38_000) == []


def test_what_was_asked_before_or_is_not_about_stops_does_not_show_it() -> None:
    """An answer from before the stop went, one that still shows it, or the entry once more: none of them is news."""
    scene = stopped()
    scene.ask("openAlgoOrders", answer([algo_body("S", "2")]), 31_000)
    scene.ask("order", answer(order_body(our_id("E"), "2")), 32_000)
    scene.ask("positionRisk", answer(position_body("2")), 32_100)
    scene.ask("openAlgoOrders", answer([]), 33_000, symbol="ETHUSDT")

    assert scene.times("I2", 60_000) == []


def test_an_open_orders_answer_that_overtook_the_loss_is_old() -> None:
    """Only what was asked after the stop went can show it."""
    scene = stopped()
    scene.ask("openAlgoOrders", answer([]), 33_000)
    scene.carried[-1] = attrs.evolve(scene.carried[-1], first_seq=scene.seq - 1)

    assert scene.times("I2", 60_000) == []


def test_a_position_its_caller_stripped_himself_is_his() -> None:
    """After Waived nothing needs cover; another signal's size on the same symbol still does."""
    scene = stopped()
    scene.keep(Waived(30_000, "s"), 30_000)
    scene.ask("openAlgoOrders", answer([]), 33_000)
    assert scene.times("I2", 99_000) == []
    stem = "sf-" + "b" * 28
    scene.keep(intent("E", stem=stem, signal_id="t"), 99_000)
    scene.add(*fill(100_000, our_id("E", stem=stem), "BUY", "1", "3"))
    scene.ask("order", answer(order_body(our_id("E", stem=stem), "1")), 100_500, method="POST")

    assert scene.times("I2", 110_000) == [104_500]


def stripped() -> Scene:
    """A position whose stop its caller cancelled at 30 s; he was told, and the journal kept nothing of it."""
    scene = stopped()
    scene.alarms.append(attrs.evolve(unprotected(30_000, kind=AlarmKind.WAIVED), signal_id="s"))
    scene.ask("openAlgoOrders", answer([]), 33_000)
    return scene


def test_a_waiver_that_could_not_be_kept_holds_while_its_owner_lives() -> None:
    """The caller was told; the next process does not know of it, and owes a stop or an alarm again."""
    scene = stripped()
    assert scene.times("I2", 99_000) == []
    scene.live(100_000, alive=False)
    scene.live(101_000, owner=2)
    scene.ask("openAlgoOrders", answer([]), 102_000, owner=2)

    assert scene.times("I2", 106_000) == []
    assert scene.times("I2", 106_001) == [106_000]


def test_a_waiver_that_the_next_process_finds_was_kept() -> None:
    """A commit that failed may be on the disk nevertheless: what counts is what whoever comes next reads there."""
    scene = stripped()
    scene.live(100_000, alive=False)
    scene.live(101_000, owner=2)
    scene.find(Waived(30_000, "s"), 101_000, owner=2)
    scene.live(102_000, owner=3)
    scene.ask("openAlgoOrders", answer([]), 103_000, owner=3)

    assert scene.times("I2", 199_000) == []


def test_the_waiver_of_one_position_excuses_no_other() -> None:
    """An alarm about another signal leaves this one's position as naked as it is."""
    scene = stopped()
    scene.alarms.append(attrs.evolve(unprotected(30_000, kind=AlarmKind.WAIVED), signal_id="t"))
    scene.ask("openAlgoOrders", answer([]), 33_000)

    assert scene.times("I2", 37_001) == [37_000]


def test_size_that_asked_for_no_stop_needs_none() -> None:
    """The caller's own word, that he wants no stop, is at hand here."""
    scene = bought()
    scene.asked[STEM] = attrs.evolve(ASKED, stop=None)
    told(scene, 10_500)

    assert scene.times("I2", 99_000) == []


def test_a_lost_journal_is_no_knowledge() -> None:
    """What an owner on an empty journal was never told of is nobody's, until the same signal is claimed again."""
    scene = bought()
    told(scene, 10_500)
    scene.live(11_000, alive=False)
    scene.live(20_000, owner=2, lost=True)
    scene.ask("openAlgoOrders", answer([]), 20_100, owner=2, symbol=None)
    assert scene.times("I2", 99_000) == []
    scene.keep(claimed(at_ms=100_000), 100_000, owner=2)
    scene.ask("order", answer(order_body(our_id("E"), "2")), 100_500, owner=2)

    assert scene.times("I2", 104_500) == []
    assert scene.times("I2", 104_501) == [104_500]


def test_a_host_with_one_thread_cannot_guard_while_it_waits_elsewhere() -> None:
    """A long call for another symbol delays the alarm to its end; a long reconcile, or a call here, excuses nothing."""
    elsewhere, here, guard = bought(), bought(), bought()
    for scene in (elsewhere, here, guard):
        told(scene, 10_500)
    elsewhere.ask("order", answer(order_body("x", "0")), 20_000, symbol="ETHUSDT")
    elsewhere.call("execute_signal", 11_000, 25_000)
    here.ask("order", answer(order_body(our_id("E"), "2")), 20_000)
    here.call("execute_signal", 11_000, 25_000)
    guard.call("reconcile_due", 11_000, 25_000)

    assert elsewhere.times("I2", 26_000) == []
    assert elsewhere.times("I2", 26_001) == [26_000]
    assert here.times("I2", 26_000) == [14_500]
    assert guard.times("I2", 26_000) == [14_500]


def test_naked_time_is_measured_from_the_fill_and_from_its_being_known() -> None:
    """Stretches are counted in the time somebody lived."""
    scene = bought()
    told(scene, 10_500)
    scene.live(11_000, alive=False)
    scene.live(20_000, owner=2)
    scene.ask("openAlgoOrders", answer([]), 20_100, owner=2)
    scene.add(algo(20_300, "S", "SELL", "2"))

    assert scene.times("I2", 21_000) == []
    assert scene.watch.naked.stretches == [(1_300, 200)]
    assert scene.watch.durations.stop_ms == [1_300]


def test_two_owners_at_once_share_what_they_are_shown() -> None:
    """A second owner beside the first starts no new clock, and the first one's death ends none."""
    scene = bought()
    told(scene, 10_500)
    scene.live(11_000, owner=2)
    scene.live(12_000, alive=False)

    assert scene.times("I2", 14_501) == [14_500]
