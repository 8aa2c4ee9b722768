"""Things that happen at a step: while the answer to one of its requests is on its way to us."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias, cast

import attrs

from surefill.adapters.simulated.fault import Conditions, leg_letter
from surefill.adapters.wire.call import Call, Result
from surefill.domain.protection_policy import OnLateFill, ProtectionPolicy
from surefill.testing.invariants.filters import filters_by_symbol
from surefill.testing.world import PRICES, World
from tests.chaos.matrix.case import Armed, nothing
from tests.chaos.matrix.scenario import TRADES, Closing, Scenario, Trade, scenario_of, world_of
from tests.chaos.matrix.steps import Step

Act: TypeAlias = Callable[[World], bool]
"""Lets something happen, and says whether it could: there may be no position to close yet."""

HUNDRED: Final = Decimal(100)


@attrs.define
class Event:
    """Lets something happen once an answer to a request of a step is there, before the client sees it.

    Attributes:
        times: how often it happens; each time with another request.
        happened: how often it has.
    """

    world: World
    step: Step
    act: Act
    times: int = 1
    happened: int = 0

    def __call__(self, call: Call, result: Result) -> Result:
        """Pass the answer on, after what happens meanwhile."""
        if self.happened < self.times and self.step.concerns(call) and self.act(self.world):
            self.happened += 1
        return result


def pass_through(world: World, mangle: Callable[[Call, Result], Result]) -> None:
    """Let every answer pass through *mangle* too, after what is there already."""
    before = world.notebook.mangle
    world.notebook.mangle = lambda call, result: mangle(call, before(call, result))


def happens(world: World, step: Step, act: Act, *, times: int = 1, heal: Callable[[], None] = nothing) -> Armed:
    """Let *act* happen at *step*."""
    event = Event(world, step, act, times)
    pass_through(world, event)
    return Armed(struck=lambda: event.happened, heal=heal)


def event(act: Act, *, times: int = 1) -> Callable[[World, Step], Armed]:
    """Return an injection of something that leaves nothing to heal."""
    return lambda world, step: happens(world, step, act, times=times)


def switched(world: World) -> Armed:
    """Watch the switches of the exchange, which were turned on by hand, and put them back at the end."""
    switches, before = world.exchange.venue.switches, world.exchange.venue.switches.struck
    return Armed(struck=lambda: switches.struck - before, heal=switches.reset)


def keeping_late_fills(step: Step, seed: int) -> World:
    """Return the world of *step*, whose owner protects a late fill instead of closing it."""
    if step is Step.LATE_WATCH:
        return World(seed=seed, protection=ProtectionPolicy(on_late_fill=OnLateFill.PROTECT))
    return world_of(step, seed)


class ClosingInPart(Closing):
    """A third of a protected position is closed on command: the stop is replaced by a smaller one."""

    def during(self, world: World) -> None:
        """Close it."""
        world.execute(self.trade.close(), on_step(world, self.trade.quantity / 3))
        world.wait(12)


def still_held(step: Step, seed: int) -> Scenario:
    """Return what is done at *step*, so that something is held there and afterwards."""
    if step in (Step.CANCEL, Step.EXIT):
        return ClosingInPart(trade=TRADES[seed % len(TRADES)])
    return scenario_of(step, seed)


def first_of(place: Conditions) -> Conditions:
    """Return the first request at *place*."""
    found = place.copy()
    found["nth"] = 1
    return found


def for_a_while(place: Conditions, from_ms: int, lasting_ms: int) -> Conditions:
    """Return every request at *place* for so long."""
    found = place.copy()
    found["from_ms"], found["until_ms"] = from_ms, from_ms + lasting_ms
    return found


def trade_of(world: World) -> Trade:
    """Return what this world trades."""
    return TRADES[world.seed % len(TRADES)]


def of_leg(letter: str) -> Callable[[str], bool]:
    """Return what says of a client id of ours whether it is that leg's."""
    return lambda client_id: leg_letter(client_id) == letter


def held(world: World) -> Decimal:
    """Return what the account holds of the traded symbol, signed, base units."""
    symbol = trade_of(world).symbol
    for row in reversed(world.exchange.ledger.rows):
        if row["kind"] == "position" and row["symbol"] == symbol:
            return Decimal(str(row["amount"]))
    return Decimal(0)


def resting(world: World, letter: str) -> tuple[str, ...]:
    """Return the client ids of waiting conditional orders of ours of one leg."""
    latest: dict[str, object] = {}
    for row in world.exchange.ledger.rows:
        if row["kind"] == "algo":
            latest[str(row["client_algo_id"])] = row["status"]
    return tuple(name for name, status in latest.items() if status == "NEW" and leg_letter(name) == letter)


def filled_entry(world: World) -> str | None:
    """Return the client id of the newest entry of ours that was filled."""
    for row in reversed(world.exchange.ledger.rows):
        if row["kind"] == "fill" and leg_letter(str(row["client_order_id"])) == "E":
            return str(row["client_order_id"])
    return None


def beyond(world: World, price: Decimal, percent: str = "1") -> None:
    """Let the market trade so many percent beyond *price*, on the side where a stop lies."""
    trade = trade_of(world)
    away = Decimal(percent) if trade.long else -Decimal(percent)
    world.tick(trade.symbol, on_tick(world, price * (HUNDRED - away) / HUNDRED))


def runs_through_stop(world: World) -> bool:
    """Let the market run through the stop, if anything is held."""
    if not held(world):
        return False
    beyond(world, trade_of(world).stop, "0.2")
    return True


def runs_through_live_stop(world: World) -> bool:
    """Let the market run through a stop that waits for it."""
    return bool(resting(world, "S")) and runs_through_stop(world)


def reaches_target(world: World) -> bool:
    """Let the market reach a target that waits for it."""
    if not resting(world, "T"):
        return False
    beyond(world, trade_of(world).target, "-0.2")
    return True


def by_hand_ok(world: World, method: str, path: str, params: Mapping[str, str]) -> bool:
    """Let somebody else act; say whether the exchange did it."""
    body = world.by_hand(method, path, {"timestamp": str(world.now_ms), **params})
    answer = cast("Mapping[str, object]", body) if isinstance(body, Mapping) else {}
    return "msg" not in answer or answer.get("code") in (200, "200")


def least_order(world: World, side: str, quantity: Decimal | None = None) -> dict[str, str]:
    """Return a market order of somebody else's; by default of the size of ours."""
    trade = trade_of(world)
    size = trade.quantity if quantity is None else quantity
    return {"symbol": trade.symbol, "side": side, "type": "MARKET", "quantity": format(size, "f")}


def least_stop(world: World, client_id: str) -> dict[str, str]:
    """Return a stop of somebody else's, far from the price, on another symbol than ours."""
    other = next(trade for trade in TRADES if trade.symbol != trade_of(world).symbol)
    price = on_tick(world, PRICES[other.symbol] / 2, other.symbol)
    return {
        "algoType": "CONDITIONAL",
        "symbol": other.symbol,
        "side": "SELL",
        "type": "STOP_MARKET",
        "quantity": format(other.quantity, "f"),
        "triggerPrice": format(price, "f"),
        "reduceOnly": "true",
        "clientAlgoId": client_id,
    }


def least_step(world: World) -> Decimal:
    """Return the step of what is traded, base units."""
    return filters_by_symbol(world.listing)[trade_of(world).symbol].quantity_grain


def on_step(world: World, quantity: Decimal) -> Decimal:
    """Return *quantity* on the step of what is traded, rounded down."""
    step = least_step(world)
    return quantity // step * step


def on_tick(world: World, price: Decimal, symbol: str = "") -> Decimal:
    """Return *price* on the tick of *symbol*, or of what is traded, rounded down."""
    tick = filters_by_symbol(world.listing)[symbol or trade_of(world).symbol].tick
    return price // tick * tick
