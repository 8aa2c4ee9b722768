"""Steps of a script that happen to the owner: the market, other people, death, and the passing of time."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

import attrs

from surefill.domain.errors import SurefillError
from surefill.domain.halt import HaltLevel
from surefill.testing.invariants.row import leg_of
from surefill.testing.world import Lifeline, World


@attrs.frozen(kw_only=True)
class Move:
    """The price changes by so many percent, at once: a tick, or a jump through every stop."""

    symbol: str
    percent: Decimal

    def run(self, world: World) -> None:
        """Let it trade there."""
        world.move(self.symbol, self.percent)


@attrs.frozen(kw_only=True)
class Wait:
    """Time passes; a living owner works off what is due."""

    seconds: float

    def run(self, world: World) -> None:
        """Let it pass."""
        world.wait(self.seconds)


@attrs.frozen(kw_only=True)
class Down:
    """The process ends, and the next one starts after so many seconds: an outage, a night, a suspended machine."""

    seconds: float

    def run(self, world: World) -> None:
        """Stop, wait, start."""
        world.crash()
        world.wait(self.seconds)
        world.restart()


@attrs.frozen(kw_only=True)
class Die:
    """The process will end at its so-many-th touch of the outside from now on."""

    after: int

    def run(self, world: World) -> None:
        """Arm it."""
        world.lifeline.ends_at = len(world.lifeline.points) + self.after


@attrs.frozen(kw_only=True)
class Start:
    """The next process starts; it may itself end after so many touches of the outside."""

    dies_after: int | None = None

    def run(self, world: World) -> None:
        """Start it; whatever was alive is dead from now on."""
        world.restart(Lifeline(self.dies_after))


@attrs.frozen
class LoseJournal:
    """The process ends, and the next one finds an empty journal."""

    def run(self, world: World) -> None:
        """Lose it and start."""
        world.lose_journal()
        world.restart()


@attrs.frozen(kw_only=True)
class Trade:
    """Somebody trades by hand, and takes it back at once unless told otherwise."""

    symbol: str
    side: str
    quantity: Decimal
    takes_back: bool = True

    def run(self, world: World) -> None:
        """Send market orders that carry no mark of ours."""
        sides = [self.side, *(["SELL" if self.side == "BUY" else "BUY"] if self.takes_back else [])]
        for side in sides:
            order = {"symbol": self.symbol, "side": side, "type": "MARKET", "quantity": f"{self.quantity:f}"}
            if world.settings is not None and world.settings.hedge_mode:
                order["positionSide"] = "LONG" if self.side == "BUY" else "SHORT"
            world.by_hand("POST", "/fapi/v1/order", order)


@attrs.frozen(kw_only=True)
class CancelLeg:
    """Somebody cancels the so-many-th of our resting legs on a symbol by hand."""

    symbol: str
    place: int = 0

    def run(self, world: World) -> None:
        """Cancel it, if there is one."""
        shown = cast("list[Mapping[str, object]]", world.by_hand("GET", "/fapi/v1/openAlgoOrders", {}))
        ids = [str(order["clientAlgoId"]) for order in shown if order["symbol"] == self.symbol]
        legs = sorted(client_id for client_id in ids if leg_of(client_id) in ("S", "T"))
        if legs:
            chosen = legs[self.place % len(legs)]
            world.by_hand("DELETE", "/fapi/v1/algoOrder", {"clientAlgoId": chosen})


@attrs.frozen(kw_only=True)
class CancelAll:
    """The caller cancels the open orders on a symbol, his protection included."""

    symbol: str

    def run(self, world: World) -> None:
        """Cancel them; an exchange that does not answer is the weather's business."""
        try:
            world.call(lambda manager: manager.cancel_all_orders(self.symbol), "cancel_all_orders")
        except SurefillError:
            return


@attrs.frozen(kw_only=True)
class SetLeverage:
    """The caller changes the leverage on a symbol."""

    symbol: str
    leverage: int

    def run(self, world: World) -> None:
        """Set it; refusals are the exchange's business."""
        try:
            world.call(lambda manager: manager.set_leverage(self.symbol, self.leverage), "set_leverage")
        except SurefillError:
            return


@attrs.frozen(kw_only=True)
class Halt:
    """The kill switch is set, and released when the step is over and so many seconds have passed."""

    level: HaltLevel
    seconds: float = 0

    def run(self, world: World) -> None:
        """Set it, wait, release it."""
        world.call(lambda manager: manager.halt(self.level, reason="a drill"), "halt")
        world.wait(self.seconds)
        if not world.alive:
            world.restart()
        world.call(lambda manager: manager.resume(reason="the drill is over"), "resume")


@attrs.frozen(kw_only=True)
class Tighten:
    """The process ends, and the next one starts with a tighter limit on the notional of an order, quote units."""

    max_order_notional: Decimal

    def run(self, world: World) -> None:
        """Restart with it."""
        before = world.limits.max_order_notional
        tighter = self.max_order_notional if before is None else min(before, self.max_order_notional)
        world.limits = attrs.evolve(world.limits, max_order_notional=tighter)
        world.restart()
