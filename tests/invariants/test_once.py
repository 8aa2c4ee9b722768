from surefill.domain.alarm import AlarmKind
from surefill.testing.invariants import Violation, check
from surefill.testing.invariants.row import Row
from tests.invariants.facts import ASKED, LOST, Scene, intent
from tests.invariants.rows import STEM, SYMBOL, fill, our_id, request, unprotected


def entry(at_ms: int, quantity: str, order_id: str, number: int = 1, amount: str = "9") -> list[Row]:
    """A fill of an entry, and the position after it."""
    first, *rest = fill(at_ms, our_id("E", number), "BUY", quantity, amount)
    return [{**first, "order_id": order_id}, *rest]


def of_once(violations: tuple[Violation, ...]) -> list[tuple[int, str | None]]:
    return [(each.time_ms, each.signal_id) for each in violations if each.invariant == "I1"]


def test_one_order_that_fills_in_parts_is_one_entry() -> None:
    """Several fills of one order add up to what was asked for, and a second order that fills nothing is no entry."""
    rows = [*entry(1, "1.5", "7"), *entry(2, "0.5", "7")]

    assert of_once(check(rows, now_ms=9, asked={STEM: ASKED})) == []


def test_a_second_order_that_fills_is_found_once() -> None:
    """The smallest fill of a second order breaks the promise, whatever its attempt number and however late it comes."""
    rows = [*entry(1, "1", "7"), *entry(99_000, "0.001", "8", number=2), *entry(99_001, "0.001", "9", number=3)]

    assert of_once(check(rows, now_ms=99_999, asked={STEM: ASKED})) == [(99_000, "s")]


def test_a_market_orders_id_that_is_used_again_is_found() -> None:
    """The exchange takes the id of a filled order again: two orders of one client id are two entries."""
    rows = [*entry(1, "1", "7"), *entry(2, "1", "8")]

    assert of_once(check(rows, now_ms=9, asked={STEM: ASKED})) == [(2, "s")]


def test_more_than_was_asked_for_is_found() -> None:
    """One order may not fill more than the caller's size; without his word, than the size of the first request."""
    over = [*entry(1, "2", "7"), *entry(2, "0.001", "7")]
    first = request("E", quantity="1.5")

    assert of_once(check(over, now_ms=9, asked={STEM: ASKED})) == [(2, "s")]
    assert of_once(check([first, *entry(1, "1.5", "7")], now_ms=9)) == []
    assert of_once(check([first, *entry(1, "1.501", "7")], now_ms=9)) == [(1, None)]
    assert of_once(check(entry(1, "99", "7"), now_ms=9)) == []


def test_exits_and_other_people_may_fill_as_often_as_they_like() -> None:
    """Only entries of ours are counted."""
    rows = [*entry(1, "2", "7"), *fill(2, our_id("X"), "SELL", "1", "1"), *fill(3, our_id("X", 2), "SELL", "1", "0")]
    rows += [*fill(4, "mine", "BUY", "9", "9"), *fill(5, "mine", "BUY", "9", "18")]

    assert of_once(check(rows, now_ms=9, asked={STEM: ASKED})) == []


def test_each_signal_counts_for_itself() -> None:
    """Two signals enter twice."""
    other = "sf-" + "b" * 28
    rows = [*entry(1, "2", "7"), *fill(2, our_id("E", stem=other), "BUY", "2", "4")]

    assert of_once(check(rows, now_ms=9, asked={STEM: ASKED})) == []


def delivered_twice(**params: str) -> Scene:
    """One entry whose bytes arrived twice; both orders filled."""
    scene = Scene()
    scene.live(0)
    scene.keep(intent("E"), 900)
    sent = request("E", quantity="2", timestamp="1000")
    scene.add(sent, *entry(1000, "2", "7", amount="2"))
    scene.add({**sent, **({"params": request("E", quantity="2", **params)["params"]} if params else {})})
    scene.add(*entry(2000, "2", "8", amount="4"))
    return scene


def test_what_the_network_delivers_twice_is_alarmed_and_closed() -> None:
    """A middlebox's second copy is no second entry when EXCESS_FILL rings in time and the excess is closed in time."""
    scene = delivered_twice()
    assert scene.times("I1", 11_000) == []
    scene.alarms.append(unprotected(11_900, kind=AlarmKind.EXCESS_FILL))
    assert scene.times("I1", 50_000) == []
    scene.keep(intent("X", closes={"s": "2"}), 50_000)
    scene.add(*fill(51_000, our_id("X"), "SELL", "2", "2"))

    assert scene.times("I1", 999_999) == []


def test_an_alarm_that_rang_before_the_judge_looked_counts() -> None:
    """The fill and its alarm may come to the judge together; one from before the fill does not count."""
    scene, early = delivered_twice(), delivered_twice()
    scene.alarms.append(unprotected(3_000, kind=AlarmKind.EXCESS_FILL))
    early.alarms.append(unprotected(1_999, kind=AlarmKind.EXCESS_FILL))

    assert scene.times("I1", 30_000) == []
    assert early.times("I1", 30_000) == [12_000]


def test_a_second_copy_without_an_alarm_is_found() -> None:
    """Ten seconds without EXCESS_FILL are too long; an alarm of another kind or symbol does not count."""
    scene = delivered_twice()
    scene.alarms += [unprotected(3_000), unprotected(3_000, "ETHUSDT", AlarmKind.EXCESS_FILL)]

    assert scene.times("I1", 12_000) == []
    assert scene.times("I1", 12_001) == [12_000]
    assert scene.times("I1", 99_999) == []


def test_a_second_copy_that_stays_open_is_found() -> None:
    """A minute after it filled the excess must be closed."""
    scene = delivered_twice()
    assert scene.times("I1", 2_500) == []
    scene.alarms.append(unprotected(3_000, kind=AlarmKind.EXCESS_FILL))

    assert scene.times("I1", 62_000) == []
    assert scene.times("I1", 62_001) == [62_000]


def test_nobody_is_blamed_for_an_excess_he_could_not_see() -> None:
    """While nobody lives, or reads fail, the clock does not run."""
    scene = delivered_twice()
    scene.live(2_100, alive=False)
    assert scene.times("I1", 60_000) == []
    scene.live(60_000, owner=2)
    scene.ask("positionRisk", LOST, 68_000, sent_ms=63_000, owner=2)
    assert scene.times("I1", 78_000) == []
    assert scene.times("I1", 78_001) == [78_000]


def test_the_dead_owner_had_his_time() -> None:
    """An owner who lived for more than ten seconds with the excess is judged though he died before the look."""
    scene = delivered_twice()
    scene.live(20_000, alive=False)

    assert scene.times("I1", 60_000) == [12_000]


def test_an_order_that_we_sent_twice_is_no_fault_of_the_network() -> None:
    """Another timestamp means that we signed it anew: nothing excuses that."""
    assert delivered_twice(timestamp="1001").times("I1", 2_500) == [2_000]


def test_copies_explain_no_more_orders_than_there_were_copies() -> None:
    """Two copies excuse two orders, not a third one, and none that filled more than was sent."""
    scene = delivered_twice()
    scene.add(*entry(2_100, "2", "9"))
    assert scene.times("I1", 2_500) == [2_100]

    larger = delivered_twice()
    larger.add(*entry(2_100, "0.5", "8"))
    assert larger.times("I1", 2_500) == [2_100]


def test_lost_journals_and_restarts_forget_no_entry() -> None:
    """A second entry after a restart on an empty journal is still a second entry."""
    scene = Scene()
    scene.live(0)
    scene.add(request("E", timestamp="1000"), *entry(1000, "1", "7"))
    scene.live(1500, alive=False)
    scene.judge(1800)
    scene.live(2000, owner=2, lost=True)
    scene.add(request("E", timestamp="3000"), *entry(3000, "1", "8"))

    assert scene.times("I1", 4000) == [3000]


def test_the_symbol_of_a_violation_is_told() -> None:
    """A person finds the position by the symbol and the signal by its id."""
    (found,) = [each for each in delivered_twice(timestamp="1001").judge(2_500) if each.invariant == "I1"]

    assert (found.symbol, found.signal_id) == (SYMBOL, "s")
