"""Steps of a script that hand a signal to the owner, or the same one again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import attrs

from surefill.domain.errors import SignalConflict
from surefill.domain.numbers import EXACT
from surefill.domain.report import Outcome
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal
from surefill.testing.invariants import Violation
from surefill.testing.world import World

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@attrs.frozen(kw_only=True)
class Enter:
    """An entry; its distances are percent of the price at that moment, its quantity base units.

    One that comes too late is no longer wanted when it is handed in.
    Whoever finds the process dead starts the next one first: that is what a supervisor is for.
    """

    id: str
    symbol: str
    is_long: bool
    quantity: Decimal
    stop_percent: Decimal
    target_percent: Decimal | None = None
    too_late: bool = False

    def run(self, world: World) -> None:
        """Hand it in."""
        _wake(world)
        loss, gain = (-1, 1) if self.is_long else (1, -1)
        target = None if self.target_percent is None else _beside(world, self.symbol, gain * self.target_percent)
        signal = Signal(
            id=self.id,
            symbol=self.symbol,
            type=SignalType.LONG_ENTRY if self.is_long else SignalType.SHORT_ENTRY,
            stop_loss=_beside(world, self.symbol, loss * self.stop_percent),
            take_profit=target,
            created_at=_now(world),
            valid_until=_now(world) - timedelta(seconds=1) if self.too_late else None,
        )
        world.execute(signal, self.quantity)


@attrs.frozen(kw_only=True)
class Close:
    """A close; without a quantity, of all that is ours."""

    id: str
    symbol: str
    is_long: bool
    quantity: Decimal | None = None

    def run(self, world: World) -> None:
        """Hand it in."""
        _wake(world)
        kind = SignalType.CLOSE_LONG if self.is_long else SignalType.CLOSE_SHORT
        world.execute(Signal(id=self.id, symbol=self.symbol, type=kind, created_at=_now(world)), self.quantity)


@attrs.frozen(kw_only=True)
class Again:
    """A signal that was handed in before, unchanged: a host that is not sure repeats itself."""

    id: str

    def run(self, world: World) -> None:
        """Hand it in again; nothing happens when it never was."""
        _wake(world)
        if self.id in world.signals:
            world.execute(*world.signals[self.id])


@attrs.frozen(kw_only=True)
class Conflict:
    """Another decision under the id of one that took effect: it must be refused."""

    id: str

    def run(self, world: World) -> None:
        """Hand it in, and write down when it was taken."""
        before = world.reports.get(self.id)
        if before is None or before.outcome in (Outcome.REFUSED, Outcome.UNKNOWN) or not world.alive:
            return
        if not world.journal.events_of(self.id):
            return  # the journal was lost: nobody can know any more what the id stood for
        signal, _ = world.signals[self.id]
        other = attrs.evolve(signal, symbol=next(each for each in world.prices if each != signal.symbol))
        try:
            report = world.call(lambda manager: manager.execute_signal(other, Decimal(1)), "execute_signal")
        except SignalConflict:
            return
        if report is not None:
            problem = f"other contents under the id {self.id} were answered with {report.outcome.name}"
            violation = Violation(
                invariant="I1", time_ms=world.now_ms, text=problem, symbol=other.symbol, signal_id=self.id
            )
            world.violations.append(violation)


def _wake(world: World) -> None:
    if not world.alive:
        world.restart()


def _beside(world: World, symbol: str, percent: Decimal) -> Decimal:
    return EXACT.multiply(world.prices[symbol], EXACT.add(Decimal(1), percent.scaleb(-2)))


def _now(world: World) -> datetime:
    return _EPOCH + timedelta(milliseconds=world.now_ms)
