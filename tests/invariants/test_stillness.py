"""A world that comes to rest is left alone while nothing happens in it, and only then."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from surefill.adapters.venue.quotes import Quote
from surefill.domain.halt import HaltLevel
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal
from surefill.testing.world import World
from surefill.testing.world.notebook import Notebook
from surefill.testing.world.stillness import Stillness
from surefill.testing.world.world import CONVERGE_MS, LAST_LOOKS_MS

LONG = Signal(
    id="a", symbol="AAAUSDT", type=SignalType.LONG_ENTRY, stop_loss=Decimal(59000), take_profit=Decimal(62000)
)
SIZE = Decimal("0.01")


def looks(world: World, since_ms: int) -> list[int]:
    """When the position was looked at from then on, in milliseconds after it."""
    asked = [row for row in world.exchange.ledger.rows if "positionRisk" in str(row.get("path"))]
    return [int(str(row["time_ms"])) - since_ms for row in asked if int(str(row["time_ms"])) >= since_ms]


def test_an_owner_with_nothing_to_do_looks_at_first_and_in_the_end() -> None:
    """With an open position that nothing happens to there are looks early and late, and none in between."""
    world = World()
    world.execute(LONG, SIZE)
    began_ms = world.now_ms

    assert world.settle() == ()
    found = looks(world, began_ms)
    early = [each for each in found if each < CONVERGE_MS - LAST_LOOKS_MS]
    assert world.now_ms - began_ms >= CONVERGE_MS
    assert len(early) >= 3
    assert max(early) < 15_000
    assert len(found) - len(early) >= 2


def test_whatever_happens_meanwhile_is_looked_at() -> None:
    """A stop that closes the position in the quiet time wakes the owner, who clears the target away within seconds."""
    world = World()
    world.execute(LONG, SIZE)
    world.exchange.venue.load([Quote(at_ms=world.now_ms + 35_000, symbol="AAAUSDT", last=Decimal(58_900))])

    assert world.settle() == ()
    rows = world.exchange.ledger.rows
    closed_ms = [int(str(row["time_ms"])) for row in rows if row["kind"] == "fill"][-1]
    cleared_ms = [int(str(row["time_ms"])) for row in rows if row["kind"] == "request" and row["method"] == "DELETE"]
    assert 0 < cleared_ms[0] - closed_ms < 3_000


def test_words_and_deeds_end_the_stillness() -> None:
    """Reads do not, by whomever; what somebody does by hand, and what the owner writes down, does."""
    world = World()
    stillness = Stillness(world.notebook)
    counted: list[int] = []
    acts: tuple[Callable[[], object], ...] = (
        world.reconcile,
        world.reconcile,
        lambda: world.by_hand("DELETE", "/fapi/v1/allOpenOrders", {"symbol": "AAAUSDT"}),
        world.reconcile,
        lambda: world.by_hand("GET", "/fapi/v1/order", {"symbol": "AAAUSDT"}),
        world.reconcile,
        lambda: world.execute(LONG, SIZE),
        world.reconcile,
        lambda: world.call(lambda manager: manager.halt(HaltLevel.NO_ENTRIES, reason="the drill"), "halt"),
    )
    for act in acts:
        act()
        stillness.note()
        counted.append(stillness.rounds)

    assert counted == [1, 2, 0, 1, 0, 1, 0, 1, 0]


def test_a_notebook_of_no_exchange_is_still() -> None:
    """Without an exchange there is nothing that could happen."""
    stillness = Stillness(Notebook())
    stillness.note()

    assert stillness.rounds == 1
