"""What befalls an account, told once and played under many builds; after each, the judge speaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import attrs

from surefill.adapters.journal import MemoryJournal
from surefill.adapters.simulated import Fault, FaultPlan
from surefill.adapters.wire.call import Call, Result, WireAnswer
from surefill.domain.errors import JournalError
from surefill.domain.events import Event, Intent
from surefill.domain.ids import Leg, client_id
from surefill.domain.order import Purpose
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal
from surefill.testing.world import World
from surefill.testing.world.market import START_MS

A = "AAAUSDT"
AT_MS = START_MS
"""When every world begins, exchange time."""
SIZE = Decimal("0.01")
STOP, TARGET = Decimal(59_000), Decimal(62_000)


def made(*faults: Fault) -> Callable[[], World]:
    """How to make a world with faults, which count anew in each."""
    return lambda: World(seed=1, faults=FaultPlan(*faults))


def long(name: str = "a", *, stop: Decimal = STOP, target: Decimal | None = TARGET) -> Signal:
    """A long entry on AAAUSDT, which begins at 60,000."""
    return Signal(id=name, symbol=A, type=SignalType.LONG_ENTRY, stop_loss=stop, take_profit=target)


def close(name: str = "z") -> Signal:
    """A close of the long on AAAUSDT."""
    return Signal(id=name, symbol=A, type=SignalType.CLOSE_LONG)


def entered(world: World) -> None:
    """An entry, and half a minute of peace."""
    world.execute(long(), SIZE)
    world.wait(30)


def entered_off_grid(world: World) -> None:
    """An entry whose prices and size lie between two points of the grid."""
    world.execute(long(stop=Decimal("59000.04"), target=Decimal("61999.96")), Decimal("0.0149"))
    world.wait(5)


def entered_for_float(world: World) -> None:
    """An entry of 0.009, which is not what nine thousandths are in binary."""
    world.execute(long(), Decimal("0.009"))
    world.wait(5)


def asked_twice(world: World) -> None:
    """The caller, told that nothing was filled, repeats the signal."""
    world.execute(long(), SIZE)
    world.wait(1)
    world.execute(long(), SIZE)
    world.wait(60)


def shared() -> World:
    """A world where size of others keeps nobody from trading."""
    return World(seed=1, protection=ProtectionPolicy(allow_foreign_position=True))


def repeated_after_a_crash(world: World) -> None:
    """The process may die at any point; the caller, told nothing, repeats the signal to the next one."""
    world.execute(long(), SIZE)
    if not world.alive:
        world.restart()
    world.wait(1)
    world.execute(long(), SIZE)
    world.wait(5)


def restarted(world: World) -> None:
    """After an entry the stop is lost while nobody is alive, and a new process comes."""
    world.execute(long(), SIZE)
    world.crash()
    cancel_by_hand(world, Leg.STOP)
    world.restart()
    world.wait(20)


def stop_taken_away(world: World) -> None:
    """Somebody cancels the stop."""
    world.execute(long(), SIZE)
    cancel_by_hand(world, Leg.STOP)
    world.wait(30)


def stop_hit(world: World) -> None:
    """The price falls through the stop, which fills."""
    world.execute(long(), SIZE)
    world.wait(6)
    world.tick(A, Decimal(58_900))
    world.wait(30)


def stop_stuck(world: World) -> None:
    """The stop is triggered and hangs there for half a minute."""
    venue = world.exchange.venue
    world.execute(long(), SIZE)
    venue.switches.sticks = lambda _: True
    world.tick(A, Decimal(58_900))
    world.wait(30)
    venue.switches.sticks = None
    venue.acts.release_stuck()


def closed(world: World) -> None:
    """An entry, and a close of it by the caller."""
    world.execute(long(), SIZE)
    world.wait(6)
    world.execute(close())
    world.wait(20)


def closed_in_part(world: World) -> None:
    """An entry, and a close of half of it by the caller."""
    world.execute(long(), SIZE)
    world.wait(6)
    world.execute(close(), SIZE / 2)
    world.wait(30)


def closed_beside_foreign(world: World) -> None:
    """Somebody else holds five times as much beside ours when the caller closes."""
    world.execute(long(), SIZE)
    by_hand(world, side="BUY", quantity="0.05")
    world.wait(6)
    world.execute(close())
    world.wait(20)


def stop_hit_beside_foreign(world: World) -> None:
    """Somebody else has an order of his own on the symbol when ours are cleared away."""
    world.execute(long(), SIZE)
    by_hand(world, side="BUY", quantity="0.05")
    stop_by_hand(world, "55000")
    world.wait(6)
    world.execute(close())
    world.wait(30)


def entered_in_a_thin_book(world: World) -> None:
    """The book holds less than half of what is asked for; the rest of the order expires."""
    world.exchange.tick(A, bid=Decimal("59999.9"), ask=Decimal("60000.1"), ask_quantity=Decimal("0.004"))
    world.execute(long(), SIZE)
    world.wait(30)


def entered_when_little_is_left(world: World) -> None:
    """The host has spent nearly all of the minute's request weight on looking at its orders."""
    world.wait(60 - world.now_ms // 1000 % 60)
    for _ in range(28):
        world.call(lambda manager: manager.open_orders(), "open_orders")
    world.execute(long(), SIZE)
    world.wait(70)


def entered_in_a_ban(world: World) -> None:
    """Somebody else on this address has it banned."""
    world.execute(long(), SIZE)
    for _ in range(80):
        world.by_hand("GET", "/fapi/v1/openOrders", dated(world, {}))
    world.wait(20)
    world.execute(long("b"), SIZE)
    world.wait(200)


def shown_an_old_answer(world: World) -> None:
    """An entry is lost on its way, and what comes back is the answer to an earlier one."""
    answers: list[Result] = []

    def mangle(call: Call, result: Result) -> Result:
        if call.method == "POST" and call.purpose is Purpose.ENTRY:
            answers.append(result)
            return answers[0]
        return result

    world.notebook.mangle = mangle
    world.execute(long("old"), SIZE)
    world.execute(close())
    world.wait(10)
    world.break_with(Fault.request_lost(leg="E", nth=1))
    world.execute(long(), SIZE)
    world.wait(30)


def asked_for_a_pause(world: World) -> None:
    """The first entry is answered by "too many", with a pause of half a minute; the caller wishes for another."""

    def mangle(call: Call, result: Result) -> Result:
        if isinstance(result, WireAnswer) and result.status == 429:
            return attrs.evolve(result, headers={"Retry-After": "30"})
        return result

    world.notebook.mangle = mangle
    world.execute(long(), SIZE)
    world.execute(long("b"), SIZE)
    world.wait(10)


def by_hand(world: World, *, side: str, quantity: str) -> None:
    """Let somebody else trade at market."""
    world.by_hand(
        "POST", "/fapi/v1/order", dated(world, {"symbol": A, "side": side, "type": "MARKET", "quantity": quantity})
    )


def stop_by_hand(world: World, trigger: str) -> None:
    """Let somebody else place a stop against a long."""
    order = {"symbol": A, "side": "SELL", "type": "STOP_MARKET", "quantity": "0.05", "reduceOnly": "true"}
    more = {"algoType": "CONDITIONAL", "triggerPrice": trigger, "clientAlgoId": "somebody-else"}
    world.by_hand("POST", "/fapi/v1/algoOrder", dated(world, {**order, **more}))


def cancel_by_hand(world: World, leg: Leg, attempt: int = 1, name: str = "a") -> None:
    """Let somebody else cancel a stop or target of ours."""
    order_id = client_id(world.exchange.namespace, name, leg, attempt)
    world.by_hand("DELETE", "/fapi/v1/algoOrder", dated(world, {"clientAlgoId": order_id}))


def showing(
    name: str, leg: Leg, answer: Sequence[object], scenario: Callable[[World], None]
) -> Callable[[World], None]:
    """Play *scenario*, but let the client be shown *answer* (status and body) for the first such order of its own."""

    def mangled(world: World) -> None:
        order_id = client_id(world.exchange.namespace, name, leg, 1)

        def mangle(call: Call, result: Result) -> Result:
            ours = order_id in (call.params.get("newClientOrderId"), call.params.get("clientAlgoId"))
            return WireAnswer(int(str(answer[0])), answer[1]) if ours and call.method == "POST" else result

        world.notebook.mangle = mangle
        scenario(world)

    return mangled


class BrokenDisk(MemoryJournal):
    """A journal in memory that cannot take intents: the disk broke between the claim and the send."""

    def append(self, events: Sequence[Event]) -> None:
        """Write anything but an intent."""
        if any(isinstance(event, Intent) for event in events):
            raise JournalError("the disk is broken")
        super().append(events)


def on_a_broken_disk() -> World:
    """A world whose journal takes no intents."""
    disk = BrokenDisk()
    return World(seed=1, open_journal=lambda: disk)


def dated(world: World, params: dict[str, str]) -> dict[str, str]:
    """Add what a signed request needs."""
    return {**params, "timestamp": str(world.now_ms), "recvWindow": "5000"}
