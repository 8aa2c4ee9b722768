"""Family K: many threads, several owners, callbacks that call back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Final

import attrs

from surefill.adapters.simulated import Fault
from surefill.application.manager import OrderExecutionManager
from surefill.domain.alarm import Alarm
from surefill.domain.errors import ConfigurationError
from surefill.domain.report import ExecutionReport, Outcome
from surefill.testing.world import World
from tests.chaos.matrix.case import Aftermath, Armed, Check, Listed
from tests.chaos.matrix.checks import both, ends, fill_told, flat, one_entry
from tests.chaos.matrix.events import (
    event,
    happens,
    keeping_late_fills,
    reaches_target,
    runs_through_live_stop,
)
from tests.chaos.matrix.family import Way, fault, proved
from tests.chaos.matrix.process import surviving
from tests.chaos.matrix.scenario import CLOSE, SIGNAL, TRADES, Closing, Scenario, Trade
from tests.chaos.matrix.steps import ALL, Step

THREADS: Final = 6
WAIT_SECONDS: Final = 60.0
Work = Callable[[], ExecutionReport | None]


@attrs.frozen(kw_only=True)
class Together(Scenario):
    """Several things are asked at once, each by a thread of its own.

    Attributes:
        hold: whether a position is open before.
        works: what is asked, of the world and its trade.
    """

    hold: bool = False
    works: Callable[[World, Trade], Iterable[Work]]

    def before(self, world: World) -> None:
        """Open a position, if there is to be one."""
        if self.hold:
            world.execute(self.trade.entry(), self.trade.quantity)

    def during(self, world: World) -> None:
        """Ask, and give it some time."""
        together(*self.works(world, self.trade))
        world.wait(12)


def together(*works: Work) -> list[ExecutionReport | None]:
    """Let threads that start together do the works; return what they gave.

    Raises:
        TimeoutError: one of them never came back.
        BaseException: what one of them raised.
    """
    start, results, raised = threading.Barrier(len(works)), dict[int, ExecutionReport | None](), list[BaseException]()

    def run(number: int, work: Work) -> None:
        start.wait(WAIT_SECONDS)
        try:
            results[number] = work()
        except BaseException as error:  # noqa: BLE001 - handed on to whoever started the threads
            raised.append(error)

    threads = [threading.Thread(target=run, args=each, daemon=True) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError("a thread never came back: a deadlock")
    if raised:
        raise raised[0]
    return [results[number] for number in range(len(works))]


def _same(world: World, trade: Trade) -> Iterable[Work]:
    """The same signal, many times."""
    return [lambda: world.execute(trade.entry(), trade.quantity)] * THREADS


def _one_symbol(world: World, trade: Trade) -> Iterable[Work]:
    """Different signals on one symbol."""
    names = (SIGNAL, *(f"beside-{number}" for number in range(1, THREADS)))
    return [lambda name=name: world.execute(trade.entry(name), trade.quantity) for name in names]


def _many_symbols(world: World, trade: Trade) -> Iterable[Work]:
    """Signals on every symbol, closes among them."""
    yield lambda: world.execute(trade.entry(), trade.quantity)
    for other in TRADES:
        yield lambda other=other: world.execute(other.entry(f"beside-{other.symbol}"), other.quantity)
        yield lambda other=other: world.execute(other.close(f"close-{other.symbol}"))


def _closes(world: World, trade: Trade) -> Iterable[Work]:
    """A close of everything, many times and under many ids, while somebody reconciles."""
    yield lambda: world.execute(trade.close(CLOSE))
    yield lambda: world.execute(trade.close(CLOSE))
    yield lambda: world.execute(trade.close("close-too"))
    yield lambda: world.call(lambda manager: manager.reconcile()) and None


def _scenario(
    works: Callable[[World, Trade], Iterable[Work]], *, hold: bool = False
) -> Callable[[Step, int], Scenario]:
    return lambda step, seed: Together(trade=TRADES[seed % len(TRADES)], works=works, hold=hold)


def _lost_answers(world: World, step: Step) -> Armed:
    """Let the first answer of the step get lost while they all wait."""
    world.break_with(*(Fault.reply_lost(nth=1, **place) for place in step.places))
    return Armed(struck=lambda: len(world.faults.log))


def _crowded(world: World, step: Step) -> Armed:
    """Count the requests of the step that were made while the threads stood in line."""
    return happens(world, step, lambda _: True)
