"""What several invariants share: lives, sizes, durations."""

from decimal import Decimal

import attrs
import pytest

from surefill.domain.events import Absent, Allotment, Seen
from surefill.domain.reply import ReplyKind
from surefill.testing.invariants import INVARIANTS, Life, Violation
from surefill.testing.invariants.durations import Durations
from surefill.testing.invariants.lives import Lives
from surefill.testing.invariants.row import Row
from surefill.testing.invariants.sizes import Sizes
from tests.invariants.facts import ASKED, Scene, an_order, answered, claimed, intent
from tests.invariants.rows import STEM, SYMBOL, algo, fill, our_id

OTHER = "sf-" + "b" * 28
KEY = (SYMBOL, "BOTH")


def life(at_ms: int, *, alive: bool = True, owner: int = 1) -> Life:
    return Life(owner=owner, at_ms=at_ms, alive=alive)


def test_without_a_life_somebody_lives_always() -> None:
    """A bare ledger is judged as if there were always an owner."""
    lives = Lives()

    assert lives.alive
    assert not lives.told
    assert lives.living_ms(5, 25) == 20


def test_time_counts_while_somebody_lives() -> None:
    """Spans of several owners are one; an end of the dead changes nothing."""
    lives = Lives()
    for each in (
        life(10),
        life(15, owner=2),
        life(20, alive=False),
        life(30, alive=False, owner=2),
        life(35, alive=False),
        life(40, owner=3),
    ):
        lives.apply(each)

    assert (lives.alive, lives.owners, lives.since_ms) == (True, {3}, 40)
    assert lives.living_ms(0, 100) == 20 + 60
    assert lives.living_ms(25, 35) == 5
    assert lives.living_ms(31, 39) == 0
    lives.apply(life(50, alive=False, owner=3))
    assert (lives.alive, lives.living_ms(0, 100)) == (False, 30)


def sizes(*rows: Row, closes: dict[str, str] | None = None) -> Sizes:
    found = Sizes(asked={STEM: ASKED})
    found.keep(intent("E"))
    found.keep(intent("E", stem=OTHER, signal_id="t"))
    found.keep(intent("X", closes=closes or {}))
    for row in rows:
        if row["kind"] == "fill":
            found.fill(row)
    return found


TWO: list[Row] = [*fill(1, our_id("E"), "BUY", "2", "2"), *fill(2, our_id("E", stem=OTHER), "BUY", "3", "5")]


def test_stops_and_targets_close_their_own_signal() -> None:
    """Entries add, stops and targets take away, of their own stem and never below nothing."""
    found = sizes(*TWO, *fill(3, our_id("S"), "SELL", "0.5", "4"), *fill(4, our_id("T", stem=OTHER), "SELL", "9", "0"))

    assert (found.open(STEM), found.open(OTHER)) == (Decimal("1.5"), 0)
    assert list(found.holding(KEY)) == [STEM]
    assert (found.place(STEM), found.symbol(OTHER)) == (KEY, SYMBOL)
    assert found.place("unknown") is None


def test_an_exit_closes_what_it_was_meant_for() -> None:
    """In the order and up to the sizes of its allotments, over several fills; then the oldest."""
    found = sizes(*TWO, *fill(3, our_id("X"), "SELL", "2.5", "2.5"), closes={"t": "3", "s": "1"})
    assert (found.open(STEM), found.open(OTHER)) == (Decimal(2), Decimal("0.5"))
    for row in fill(4, our_id("X"), "SELL", "1.5", "1"):
        if row["kind"] == "fill":
            found.fill(row)

    assert (found.open(STEM), found.open(OTHER)) == (Decimal(1), Decimal(0))


def test_an_exit_that_nobody_wrote_down_closes_the_oldest() -> None:
    """Its own signal first, then whatever stands there."""
    found = sizes(*TWO, *fill(3, our_id("X", stem="sf-" + "c" * 28), "SELL", "2.5", "2.5"))

    assert (found.open(STEM), found.open(OTHER)) == (Decimal(0), Decimal("2.5"))


def test_an_exit_meant_for_a_signal_nobody_knows_is_lost_on_it() -> None:
    """What was allotted to an unknown signal is not taken from another."""
    found = sizes(*TWO, *fill(3, our_id("X"), "SELL", "1", "4"), closes={"unknown": "1"})

    assert (found.open(STEM), found.open(OTHER)) == (Decimal(2), Decimal(3))
    assert Allotment("unknown", Decimal(1)).quantity == 1


def test_what_the_exchange_lost_is_taken_back() -> None:
    """The fills of an order that was undone count no more, whoever's size they changed."""
    found = sizes(*TWO, *fill(3, our_id("X"), "SELL", "4", "1"), closes={"s": "2", "t": "2"})
    found.undo({"kind": "rollback", "client_order_id": our_id("X")})
    assert (found.open(STEM), found.open(OTHER)) == (Decimal(2), Decimal(3))
    found.undo({"kind": "rollback", "client_order_id": our_id("E")})
    found.undo({"kind": "rollback", "client_order_id": "mine"})

    assert (found.open(STEM), found.open(OTHER)) == (Decimal(0), Decimal(3))


def test_a_lost_order_leaves_nothing_naked() -> None:
    """The position that the exchange undid needs no stop, in the whole judge too."""
    scene = Scene()
    scene.live(0)
    scene.keep(intent("E"))
    scene.add(*fill(1000, our_id("E"), "BUY", "2", "2"))
    scene.add({"kind": "rollback", "time_ms": 1500, "symbol": SYMBOL, "client_order_id": our_id("E")})
    scene.add({"kind": "rollback", "time_ms": 1500, "symbol": SYMBOL, "client_order_id": "mine"})
    scene.add({**fill(1500, "", "BUY", "2", "0")[1]})
    scene.add(*fill(1600, "mine", "BUY", "2", "2"))

    assert scene.times("I2", 99_000) == []


def test_signals_asked_for_later_are_known_by_their_name() -> None:
    """The callers' words may grow while the judge watches."""
    asked = {STEM: ASKED}
    found = Sizes(asked=asked)
    assert found.stem_of("s") == STEM
    assert found.stem_of("t") is None
    asked[OTHER] = attrs.evolve(ASKED, signal_id="t")
    assert found.stem_of("t") == OTHER


def test_a_lost_journal_forgets_until_the_claim() -> None:
    """Forgotten size needs no cover; a claim of another signal brings nothing back."""
    found = sizes(*TWO)
    found.forget()
    found.keep(claimed("another"))
    assert found.uncovered(KEY) == 5
    found.keep(claimed("t"))
    assert found.uncovered(KEY) == 2
    assert found.uncovered((SYMBOL, "LONG")) == 0


def test_durations_are_measured_in_living_time() -> None:
    """From the fill to the first stop, and from the unclear answer to the verdict, without the time nobody lived."""
    lives = Lives()
    found = Durations(lives=lives)
    lives.apply(life(0))
    found.row(fill(1000, our_id("E"), "BUY", "2", "2")[0])
    found.keep(answered("E", ReplyKind.UNKNOWN), 1500)
    found.keep(answered("S", ReplyKind.UNKNOWN), 1500)
    lives.apply(life(2000, alive=False))
    lives.apply(life(5000, owner=2))
    found.keep(Seen(6000, "s", our_id("E"), an_order("E", "2")), 6000)
    found.keep(Seen(6500, "s", our_id("E"), an_order("E", "2")), 6500)
    found.keep(Absent(6500, "s", our_id("S")), 6500)
    found.row(algo(7000, "S", "SELL", "2", status="CANCELED"))
    found.row(algo(7000, "T", "SELL", "2"))
    found.row(algo(7500, "S", "SELL", "2"))
    found.row(algo(9000, "S", "SELL", "2", number=2))

    assert found.resolve_ms == [500 + 1000]
    assert found.stop_ms == [1000 + 2500]


def test_an_accepted_order_has_nothing_to_resolve() -> None:
    """Only an answer that left the outcome open starts a measurement; absence ends it, too."""
    found = Durations(lives=Lives())
    found.keep(answered("E", ReplyKind.ACCEPTED), 1500)
    found.keep(Seen(6000, "s", our_id("E"), an_order("E", "2")), 6000)
    found.keep(answered("X", ReplyKind.UNKNOWN), 7000)
    found.keep(Absent(9000, "s", our_id("X")), 9000)
    found.row(fill(1, our_id("S"), "SELL", "2", "0")[0])
    found.row(algo(2, "S", "SELL", "2"))

    assert found.resolve_ms == [2000]
    assert found.stop_ms == []


def test_violations_name_one_of_the_fourteen() -> None:
    """Anything else is a mistake of the judge."""
    assert INVARIANTS[0] == "I1"
    assert len(INVARIANTS) == 14
    with pytest.raises(ValueError, match=r"must be one of I1, .* I14, was 'I15'"):
        Violation(invariant="I15", time_ms=1, text="", symbol="")
