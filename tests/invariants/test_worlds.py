"""The judge over whole worlds: clean where nothing is wrong, and not blind where something is."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest

from surefill.adapters.simulated import Fault
from surefill.adapters.wire.call import WireAnswer
from surefill.domain.report import Outcome
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal
from surefill.testing.invariants import EndState, Told, unmoved
from surefill.testing.world import Lifeline, World
from tests.invariants.facts import missing

LONG = Signal(
    id="a", symbol="AAAUSDT", type=SignalType.LONG_ENTRY, stop_loss=Decimal(59000), take_profit=Decimal(62000)
)
SHORT = attrs.evolve(LONG, id="b", type=SignalType.SHORT_ENTRY, stop_loss=Decimal(62000), take_profit=Decimal(59000))
CLOSE = Signal(id="c", symbol="AAAUSDT", type=SignalType.CLOSE_LONG)
SIZE = Decimal("0.01")


def entered(*faults: Fault) -> World:
    world = World()
    world.break_with(*faults)
    world.execute(LONG, SIZE)
    return world


def stopped_out(world: World) -> None:
    world.wait(5)
    world.move("AAAUSDT", Decimal(-3))
    world.wait(10)


def closed_in_part(world: World) -> None:
    world.execute(CLOSE, Decimal("0.004"))
    world.wait(5)


def flipped(world: World) -> None:
    world.execute(SHORT, SIZE)


def waived(world: World) -> None:
    world.call(lambda manager: manager.cancel_all_orders("AAAUSDT"), "cancel_all_orders")
    world.wait(30)


def swept(world: World) -> None:
    world.call(
        lambda manager: manager.cancel_all_orders("AAAUSDT", only_ours=False), "cancel_all_orders(only_ours=False)"
    )
    world.wait(30)


def sold_by_hand(world: World) -> None:
    order = {"symbol": "AAAUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.01", "timestamp": str(world.now_ms)}
    world.by_hand("POST", "/fapi/v1/order", order)
    world.wait(20)


def restarted(world: World) -> None:
    world.crash()
    world.wait(60)
    world.restart()


def forgotten(world: World) -> None:
    world.lose_journal()
    world.wait(60)
    world.restart()
    world.execute(LONG, SIZE)


STORIES = [stopped_out, closed_in_part, flipped, waived, swept, sold_by_hand, restarted, forgotten]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_healthy_world_is_clean(story: Callable[[World], None]) -> None:
    """Whatever callers, markets, hands and restarts do, no invariant is broken while nothing fails."""
    world = entered()
    story(world)

    assert world.settle() == ()


@pytest.mark.parametrize("leg", ["E", "S", "T"])
@pytest.mark.parametrize(
    "kind", [Fault.reply_lost, Fault.request_lost, Fault.unreachable], ids=lambda kind: kind.__name__
)
def test_a_world_that_copes_with_a_fault_is_clean(kind: Callable[..., Fault], leg: str) -> None:
    """A lost request or answer on the way to each leg is resolved, and the judge sees that it is."""
    world = entered(kind(leg=leg, nth=1))

    assert world.settle() == ()


def test_a_crash_at_any_point_of_an_entry_is_clean() -> None:
    """Wherever an entry touches the outside the process may end; the next one leaves nothing undone."""
    points = len(entered().lifeline.points)
    found = {}
    for point in range(1, points + 1, 3):
        world = World()
        world.restart(Lifeline(point))
        world.execute(LONG, SIZE)
        world.wait(5)
        violations = world.settle()
        if violations:
            found[point] = violations

    assert points > 60
    assert found == {}


def test_naked_time_is_measured_in_a_world() -> None:
    """The numbers that are published come from the same look: fill to stop, unclear to verdict, naked."""
    world = entered(Fault.reply_lost(leg="E", nth=1))
    world.look()

    assert [5_000 < each < 6_000 for each in world.watch.durations.stop_ms] == [True]
    assert [0 < each < 1_000 for each in world.watch.durations.resolve_ms] == [True]
    ((lasted_ms, known_ms),) = world.watch.naked.stretches
    assert 5_000 < lasted_ms < 6_000
    assert known_ms < 1_000


def test_a_restart_at_rest_moves_nothing_in_a_world() -> None:
    """I5 over two looks at one world: the second owner finds everything in order."""
    world = entered()
    world.settle()
    before = EndState.of(world.watch.standing, reports={"a": world.report("a")}, open_signals=["a"])
    seen = len(world.exchange.ledger.rows)
    world.restart()
    world.look()
    after = EndState.of(world.watch.standing, reports={"a": world.report("a")}, open_signals=["a"])

    assert unmoved(before, after, world.exchange.ledger.since(seen), now_ms=world.now_ms) == ()


def broken(world: World) -> set[str]:
    world.look()
    return {each.invariant for each in world.violations}


def test_a_stop_that_no_answer_shows_is_not_taken_for_protection() -> None:
    """A report of protection by somebody who was shown no stop is found out (I11)."""
    world = World()
    hidden = {"openAlgoOrders": WireAnswer(200, []), "algoOrder": missing()}
    world.notebook.mangle = lambda call, result: (
        hidden.get(call.path.rpartition("/")[2], result) if call.method == "GET" else result
    )
    report = world.execute(LONG, SIZE)
    assert report is not None
    assert report.outcome is not Outcome.PROTECTED
    assert "I11" not in broken(world)
    told = attrs.evolve(report, outcome=Outcome.PROTECTED)
    world.notebook.told.append(Told(report=told, at_ms=told.at_ms, after_seq=world.notebook.seq(), owner=world.owner))

    assert "I11" in broken(world)


def test_requests_that_nobody_wrote_down_are_found() -> None:
    """An entry that somebody sends past the journal breaks I4; its fill without a stop breaks I2; a second one I1."""
    world = World()
    for at in range(2):
        params = {
            "symbol": "AAAUSDT",
            "side": "BUY",
            "type": "MARKET",
            "quantity": "0.01",
            "newClientOrderId": f"sf-{'a' * 28}E1",
            "recvWindow": "3000",
            "timestamp": str(world.now_ms + at),
        }
        world.exchange.venue.handle("POST", "/fapi/v1/order", params)
    world.wait(30)

    assert broken(world) >= {"I1", "I2", "I4"}
