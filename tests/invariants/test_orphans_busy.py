"""I3 and a host with one thread: what it waits for, what it is busy with, what it forgot, and what it cannot know."""

import pytest

from surefill.adapters.wire.call import Result
from surefill.domain.events import Reclaimed, Released
from tests.invariants.facts import Scene, answer, claimed, intent, missing, order_body
from tests.invariants.rows import SYMBOL, algo, fill, our_id
from tests.invariants.test_orphans_seen import DUE_MS, GONE_MS, left_over

ELSEWHERE = "ETHUSDT"
NOTHING_HERE = answer([])
"""openOrders of the symbol: a request about it that says nothing of the leftover, which is conditional."""


def waiting(*waits: tuple[int, int, str | None], shows: Result = NOTHING_HERE) -> list[int]:
    """A leftover, and requests from when to when about which symbol; return when I3 was broken."""
    scene = left_over()
    for sent_ms, arrived_ms, symbol in waits:
        scene.ask("openOrders", shows, arrived_ms, sent_ms=sent_ms, symbol=symbol)
    return scene.times("I3", 90_000)


# --- a request that is long under way ---------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", [ELSEWHERE, None])
def test_the_clock_stands_still_while_a_long_request_about_others_is_under_way(symbol: str | None) -> None:
    """Four seconds of waiting are four seconds more, and not one beyond: then it is due."""
    scene = left_over()
    scene.ask("openOrders", NOTHING_HERE, 26_000, sent_ms=22_000, symbol=symbol)

    assert scene.times("I3", DUE_MS + 4_000) == []
    assert scene.times("I3", DUE_MS + 4_001) == [DUE_MS + 4_000]


@pytest.mark.parametrize(("took_ms", "more_ms"), [(500, 0), (501, 1), (4_000, 3_500)])
def test_a_slow_answer_about_the_symbol_itself_is_no_work(took_ms: int, more_ms: int) -> None:
    """Whoever waits for an answer about it is at work on it, for as long as an answer usually takes."""
    assert waiting((22_000, 22_000 + took_ms, SYMBOL)) == [DUE_MS + more_ms]


def test_a_slow_exchange_makes_every_step_late() -> None:
    """Three answers of a second each are one second and a half more."""
    slow = [(at_ms, at_ms + 1_000, SYMBOL) for at_ms in (21_000, 23_000, 25_000)]
    assert waiting(*slow) == [DUE_MS + 1_500]


@pytest.mark.parametrize(("took_ms", "due_ms"), [(999, DUE_MS), (1_000, DUE_MS + 1_000)])
def test_a_short_request_does_not_stop_the_clock(took_ms: int, due_ms: int) -> None:
    """A usual answer takes a part of a second, and many of them are no excuse."""
    assert waiting((22_000, 22_000 + took_ms, ELSEWHERE)) == [due_ms]


@pytest.mark.parametrize(("used", "due_ms"), [("2159", DUE_MS), ("2160", DUE_MS + 1_900), (None, DUE_MS)])
def test_the_clock_stands_still_while_reads_are_held_back(used: str | None, due_ms: int) -> None:
    """Hardly anything is left of the request weight: what is left comes in drops."""
    scene = left_over()
    told = answer({}) if used is None else answer({}, X_MBX_USED_WEIGHT_1M=used)
    for sent_ms in (22_000, 24_000):
        scene.ask("premiumIndex", told, sent_ms + 100, sent_ms=sent_ms, symbol=SYMBOL)

    assert scene.times("I3", 90_000) == [due_ms]


@pytest.mark.parametrize(
    ("sent_ms", "arrived_ms", "due_ms"),
    [
        (15_000, 25_000, DUE_MS + 5_000),  # only from the moment on at which it was left over
        (10_000, GONE_MS - 1_000, DUE_MS),  # over before
        (DUE_MS - 1, 33_000, DUE_MS + 3_001),
        (DUE_MS, 33_000, DUE_MS),  # begun when it was due already
    ],
)
def test_only_waits_before_it_is_due_count(sent_ms: int, arrived_ms: int, due_ms: int) -> None:
    """The clock cannot stand still before it runs, nor after it has run out."""
    assert waiting((sent_ms, arrived_ms, ELSEWHERE)) == [due_ms]


def test_several_waits_add_up() -> None:
    """The second begins in the time that the first has given; a third comes too late."""
    assert waiting((22_000, 26_000, ELSEWHERE), (32_000, 35_000, ELSEWHERE), (38_000, 42_000, ELSEWHERE)) == [37_000]


def test_a_request_without_an_end_was_nobodys_wait() -> None:
    """The process died in it: the next owner waits for nothing."""
    scene = left_over()
    scene.ask("openOrders", None, 26_000, sent_ms=22_000, symbol=ELSEWHERE)

    assert scene.times("I3", 90_000) == [DUE_MS]


def test_a_wait_is_reckoned_from_when_somebody_could_act() -> None:
    """A failed read here starts the time anew at 25 s; of a wait from 23 to 28 s three seconds are left."""
    scene = left_over()
    scene.ask("openOrders", answer({}, 503), 25_000)
    scene.ask("openOrders", NOTHING_HERE, 28_000, sent_ms=23_000, symbol=ELSEWHERE)

    assert scene.times("I3", 90_000) == [25_000 + 10_000 + 3_000]


# --- a call that is busy with other symbols ---------------------------------------------------------------------------


def busy(*visits: tuple[int, str], ended_ms: int = 35_000, verb: str = "execute_signal") -> list[int]:
    """A leftover, and a call since 21 s with requests: when sent, and about which symbol; return when I3 was broken."""
    scene = left_over()
    for sent_ms, symbol in visits:
        scene.ask("openOrders", NOTHING_HERE, sent_ms + 40, symbol=symbol)
    scene.call(verb, 21_000, ended_ms)
    return scene.times("I3", 90_000)


@pytest.mark.parametrize(
    ("visits", "due_ms"),
    [
        ([], 45_000),  # never here: ten seconds from its end on
        ([(22_000, ELSEWHERE)], 45_000),
        ([(30_500, ELSEWHERE)], 45_000),  # what it did before its first request was not here either
        ([(22_000, SYMBOL), (23_000, ELSEWHERE)], 45_000),  # left, and not come back
        ([(22_000, SYMBOL), (23_000, ELSEWHERE), (32_000, SYMBOL)], 34_000),  # come back: at once
        ([(22_000, ELSEWHERE), (32_000, SYMBOL), (32_500, ELSEWHERE), (38_000, SYMBOL)], 40_000),  # and left again
    ],
)
def test_what_falls_due_while_it_is_elsewhere_is_due_when_it_is_back(
    visits: list[tuple[int, str]], due_ms: int
) -> None:
    """Two seconds after it came back in the same call, ten after the call's end when it did not."""
    assert busy(*visits, ended_ms=40_000 if len(visits) == 4 else 35_000) == [due_ms]


@pytest.mark.parametrize(
    "visits",
    [
        [(22_000, SYMBOL)],
        [(22_000, SYMBOL), (33_000, SYMBOL)],  # here all the time, however long between two requests
        [(22_000, ELSEWHERE), (25_000, SYMBOL)],  # back before it was due
        [(22_000, SYMBOL), (30_500, SYMBOL), (30_600, ELSEWHERE)],  # left when it was due already
        [(22_000, SYMBOL), (30_500, SYMBOL), (30_600, ELSEWHERE), (33_000, SYMBOL)],  # and came back
        [(29_500, SYMBOL), (29_800, ELSEWHERE), (30_499, SYMBOL)],  # away for less than a second
    ],
)
def test_a_call_that_was_here_in_time_has_no_excuse(visits: list[tuple[int, str]]) -> None:
    """It could have cleaned up, and did not."""
    assert busy(*visits) == [DUE_MS]


@pytest.mark.parametrize("verb", ["reconcile", "reconcile_due"])
def test_a_reconcile_is_no_excuse(verb: str) -> None:
    """It is what should have cleaned up."""
    assert busy((22_000, ELSEWHERE), verb=verb) == [DUE_MS]


def test_a_short_call_is_no_excuse() -> None:
    """Of less than a second, at the moment at which it was due."""
    assert busy((21_100, ELSEWHERE), ended_ms=21_999) == [DUE_MS]


# --- a signal of a lost journal that is claimed and given back --------------------------------------------------------


def forgotten() -> Scene:
    """An owner on an empty journal, and a stop of two beside a position of one that the last owner left."""
    scene = Scene()
    scene.live(0)
    scene.keep(intent("E"))
    scene.add(*fill(10_000, our_id("E"), "BUY", "1", "1"), algo(10_100, "S", "SELL", "2"))
    scene.judge(10_200)
    scene.live(11_000, alive=False)
    scene.live(12_000, owner=2, lost=True)
    scene.judge(90_000)
    return scene


def test_a_signal_that_is_given_back_unfound_is_forgotten_again() -> None:
    """It was handed in and nobody answered: what the journal knows of it is its name, so its orders are spared."""
    scene = forgotten()
    scene.keep(claimed(), 100_000, owner=2)
    scene.keep(Released(101_000, "s"), 101_000, owner=2)

    assert scene.times("I3", 200_000) == []


def test_a_signal_whose_order_was_found_is_not_forgotten() -> None:
    """An order of it stands in the journal: whoever gives the signal back must still clean up behind it."""
    scene = forgotten()
    scene.keep(claimed(), 100_000, owner=2)
    scene.keep(intent("E"), 100_500, owner=2)
    scene.keep(Released(101_000, "s"), 101_000, owner=2)

    assert scene.times("I3", 200_000) == [110_000]


def test_a_signal_of_a_whole_journal_that_is_given_back_is_not_forgotten() -> None:
    """Nothing was lost: a released signal of this owner is known, and so is what it left behind."""
    scene = Scene()
    scene.live(0)
    scene.keep(claimed(), 9_000)
    scene.keep(intent("E"), 9_500)
    scene.add(*fill(10_000, our_id("E"), "BUY", "1", "1"), algo(10_100, "S", "SELL", "2"))
    scene.keep(Released(11_000, "s"), 11_000)

    assert scene.times("I3", 90_000) == [20_100]


def test_a_signal_that_is_claimed_once_more_counts_once_more() -> None:
    """Taken again after it was given back: from that moment on its orders must fit."""
    scene = forgotten()
    scene.keep(claimed(), 100_000, owner=2)
    scene.keep(Released(101_000, "s"), 101_000, owner=2)
    scene.keep(Reclaimed(120_000, "s"), 120_000, owner=2)
    scene.keep(intent("E"), 120_100, owner=2)

    assert scene.times("I3", 130_001) == [130_000]


# --- an exit that nobody can find -------------------------------------------------------------------------------------


def with_an_exit(**closes: str) -> Scene:
    """A leftover, and an exit that was about to be sent for what *closes* says."""
    scene = left_over()
    scene.keep(intent("X", closes=closes), 20_500)
    return scene


def test_while_an_exit_cannot_be_found_nobody_knows_what_to_clean() -> None:
    """Asked for by its id and not shown: how much is left to protect is not known, so the time starts anew."""
    scene = with_an_exit(s="2")
    scene.ask("order", missing(), 25_000, origClientOrderId=our_id("X"))

    assert scene.times("I3", 35_000) == []
    assert scene.times("I3", 35_001) == [35_000]


@pytest.mark.parametrize(
    ("exit_id", "shown", "at_ms", "symbol"),
    [
        (our_id("X", 2), missing(), 25_000, SYMBOL),  # no exit of that id was ever about to be sent
        (our_id("E"), missing(), 25_000, SYMBOL),  # no exit
        (our_id("X"), answer(order_body(our_id("X"), "2")), 25_000, SYMBOL),  # found
        (our_id("X"), missing(), 36_000, SYMBOL),  # too late
        (our_id("X"), missing(), 25_000, ELSEWHERE),  # on another symbol
    ],
)
def test_what_tells_nothing_of_an_open_exit_is_no_excuse(exit_id: str, shown: Result, at_ms: int, symbol: str) -> None:
    """Another order, an exit that is shown, and a question after the time was up."""
    scene = with_an_exit(s="2")
    scene.ask("order", shown, at_ms, sent_ms=at_ms - 40, symbol=symbol, origClientOrderId=exit_id)

    assert scene.times("I3", 90_000) == [DUE_MS]


def test_an_exit_that_closes_nobodys_size_is_no_excuse() -> None:
    """It was for what is not ours to count: what is left to protect does not depend on it."""
    scene = with_an_exit()
    scene.ask("order", missing(), 25_000, origClientOrderId=our_id("X"))

    assert scene.times("I3", 90_000) == [DUE_MS]
