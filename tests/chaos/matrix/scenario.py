"""What is done at a step: how far things have come when a fault begins there, and what goes on under it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import attrs

from surefill.adapters.simulated import Fault
from surefill.domain.errors import AuthenticationError, JournalError, OrderExecutionError
from surefill.domain.report import ExecutionReport
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal
from surefill.testing.world import PRICES, Lifeline, World
from surefill.testing.world.lifeline import Killed
from tests.chaos.matrix.steps import OPENING, Step
from tests.chaos.matrix.timed import TimedWorld

SIGNAL: Final = "under-test"
CLOSE: Final = "close-it"
EARLIER: Final = "the-earlier-one"
NEXT: Final = "the-next-one"
HIDDEN_MS: Final = 25_000
"""How long the entry of the late watch cannot be seen: longer than its call takes, shorter than the second look."""


@attrs.frozen(kw_only=True)
class Trade:
    """What is traded: one of the made-up symbols, in one direction.

    Attributes:
        symbol: traded.
        long: whether it is bought.
        quantity: base units.
    """

    symbol: str
    long: bool
    quantity: Decimal

    @property
    def stop(self) -> Decimal:
        """The stop: a sixtieth from the entry."""
        return self._away(-1)

    @property
    def target(self) -> Decimal:
        """The target: twice as far."""
        return self._away(2)

    def entry(self, signal_id: str = SIGNAL) -> Signal:
        """The signal that opens it."""
        return Signal(
            id=signal_id,
            symbol=self.symbol,
            type=SignalType.LONG_ENTRY if self.long else SignalType.SHORT_ENTRY,
            stop_loss=self.stop,
            take_profit=self.target,
        )

    def close(self, signal_id: str = CLOSE) -> Signal:
        """The signal that closes it."""
        kind = SignalType.CLOSE_LONG if self.long else SignalType.CLOSE_SHORT
        return Signal(id=signal_id, symbol=self.symbol, type=kind)

    def against(self, percent: str) -> Decimal:
        """A move of the market of so many percent, bad for it."""
        return -Decimal(percent) if self.long else Decimal(percent)

    def _away(self, sixtieths: int) -> Decimal:
        price = PRICES[self.symbol]
        return price + price / 60 * sixtieths * (1 if self.long else -1)


TRADES: Final = (
    Trade(symbol="AAAUSDT", long=True, quantity=Decimal("0.01")),
    Trade(symbol="BBBUSDT", long=False, quantity=Decimal("0.3")),
    Trade(symbol="测试USDT", long=True, quantity=Decimal(600)),
)


@attrs.frozen(kw_only=True)
class Scenario:
    """What happens to one trade; the fault begins between `before` and `during`."""

    trade: Trade = TRADES[0]

    def before(self, world: World) -> None:
        """Come to where the step begins."""

    def during(self, world: World) -> None:
        """Do what leads through the step."""


class Opening(Scenario):
    """Leverage, entry, stop, target, some time, and a market that runs through the stop."""

    def during(self, world: World) -> None:
        """Do it all."""
        set_leverage(world, self.trade.symbol)
        world.execute(self.trade.entry(), self.trade.quantity)
        world.wait(12)
        world.move(self.trade.symbol, self.trade.against("2.5"))
        world.wait(12)


class Beginning(Opening):
    """The same from a cold start: a process that has to ask for everything, the time first."""

    def before(self, world: World) -> None:
        """End the process that is warm."""
        world.crash()

    def during(self, world: World) -> None:
        """Start anew, and do it all."""
        world.restart()
        super().during(world)


class Asking(Opening):
    """The answer to the entry is lost once, so that it has to be asked for."""

    def before(self, world: World) -> None:
        """Lose it."""
        world.break_with(Fault.reply_lost(leg="E", nth=1))


class Doubting(Opening):
    """After an earlier trade: the entry's answer is lost and the order shown late, so that fills are the witness."""

    def before(self, world: World) -> None:
        """Trade once, and lose the next answer."""
        world.execute(self.trade.entry(EARLIER), self.trade.quantity)
        world.execute(self.trade.close(CLOSE))
        world.wait(12)
        until_ms = world.now_ms + HIDDEN_MS
        world.break_with(
            Fault.reply_lost(leg="E", nth=1),
            *(Fault.visibility_lag(12_000, path=path, until_ms=until_ms) for path in ("order", "allOrders")),
        )


class Hoping(Scenario):
    """An entry, and a long time afterwards."""

    def during(self, world: World) -> None:
        """Do it, and wait."""
        world.execute(self.trade.entry(), self.trade.quantity)
        world.wait(90)


class Closing(Scenario):
    """A protected position is closed on command."""

    def before(self, world: World) -> None:
        """Open it."""
        world.execute(self.trade.entry(), self.trade.quantity)

    def during(self, world: World) -> None:
        """Close it."""
        world.execute(self.trade.close())
        world.wait(12)


class Watching(Scenario):
    """An entry of which nothing could be seen was reported as not filled; it shows itself under the late watch."""

    def before(self, world: World) -> None:
        """Have it reported as not filled."""
        until_ms = world.now_ms + HIDDEN_MS
        world.break_with(
            Fault.reply_lost(leg="E", until_ms=until_ms),
            Fault.visibility_lag(HIDDEN_MS, trades=True, positions=True, until_ms=until_ms),
        )
        world.execute(self.trade.entry(), self.trade.quantity)

    def during(self, world: World) -> None:
        """Watch on."""
        world.wait(60)


class Starting(Scenario):
    """The process dies with its entry sent and its answer unread; the next one starts."""

    def before(self, world: World) -> None:
        """Die."""
        world.restart(DiesAt(at="after POST order"))
        world.execute(self.trade.entry(), self.trade.quantity)

    def during(self, world: World) -> None:
        """Start the next process, and let it work."""
        world.restart()
        world.wait(20)


@attrs.define
class DiesAt(Lifeline):
    """Ends the process at the first point of that name."""

    at: str = ""

    def touch(self, what: str) -> None:
        """Pass a point, or die there."""
        if what == self.at and not self.dead:
            self.points.append(what)
            self.dead = True
            raise Killed(what)
        super().touch(what)


def set_leverage(world: World, symbol: str) -> None:
    """Set a leverage; whether the exchange lets us does not matter."""
    try:
        world.call(lambda manager: manager.set_leverage(symbol, 10), "set_leverage")
    except (OrderExecutionError, AuthenticationError):
        return


_SCENARIOS: Final[Mapping[Step, type[Scenario]]] = {
    Step.TIME: Beginning,
    Step.ENTRY_QUERY: Asking,
    Step.TRADES: Doubting,
    Step.LATE_WATCH: Watching,
    Step.STARTUP: Starting,
}


def scenario_of(step: Step, seed: int) -> Scenario:
    """Return what is done at *step*; the seed chooses what is traded."""
    trade = TRADES[seed % len(TRADES)]
    return _SCENARIOS.get(step, Opening if step in OPENING else Closing)(trade=trade)


def world_of(step: Step, seed: int) -> World:
    """Return the world of *step*: one whose client asks the exchange for the time where that is what can go wrong."""
    return TimedWorld(seed=seed) if step is Step.TIME else World(seed=seed)


def latest(world: World) -> ExecutionReport | None:
    """Return the latest report of the signal under test: the last one told when the journal cannot be read."""
    try:
        return world.report(SIGNAL)
    except JournalError:
        return world.reports.get(SIGNAL)
