"""The process that is killed: ``python -m tests.chaos.kill.child``.

Its arguments are ``<url> <key> <secret> <folder> <halts at> <full at> <looks>``. It trades what the folder says, from
the beginning each time it is started, as a host does that cannot know how far it came. On its standard output it tells
that it trades, what became of each signal, and that it is done. At the point whose number it was given it says so and
waits to be killed; 0 is no point. No file of it may grow beyond *full at* bytes, as on a disk that is full; 0 is no
limit. Before it is done it guards: *looks* times at least it works off what is due.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

import attrs

from surefill.adapters.audit import JsonLinesAudit
from surefill.adapters.binance import BinanceFutures, Environment
from surefill.adapters.journal import SqliteJournal
from surefill.application.duties import DutyKind
from surefill.application.manager import OrderExecutionManager
from surefill.domain.alarm import Alarm
from surefill.domain.events import Event
from surefill.domain.order import OrderKey
from surefill.domain.reply import Reply
from surefill.domain.report import Outcome
from surefill.domain.snapshot import CancelOutcome
from surefill.ports.exchange import Prepared
from tests.chaos.kill.trades import NAMESPACE, TIMINGS, Trade, fast_clock, read

T = TypeVar("T")
TRIES_MAX: Final = 6
"""How often a refused signal is handed in again before its host gives up on it."""
PAUSE_S: Final = 0.5
REST: Final = (DutyKind.GUARD, DutyKind.LATE_WATCH)


@attrs.define
class Failpoints:
    """Counts the points at which the process touches the outside, and stands still at one of them."""

    halts_at: int
    passed: int = 0

    def touch(self, what: str) -> None:
        """Pass a point."""
        self.passed += 1
        if self.passed == self.halts_at:
            tell("halted", what)
            threading.Event().wait()

    def around(self, what: str, work: Callable[[], T]) -> T:
        """Do *work* between two points."""
        self.touch(f"before {what}")
        done = work()
        self.touch(f"after {what}")
        return done


@attrs.define
class PointedJournal:
    """A journal whose commits are points."""

    inner: SqliteJournal
    points: Failpoints

    @property
    def durable(self) -> bool:
        """What the journal says."""
        return self.inner.durable

    @property
    def created_ms(self) -> int | None:
        """What the journal says."""
        return self.inner.created_ms

    def claim(self, event: Event) -> Event | None:
        """Write a claim."""
        return self.points.around("claim", lambda: self.inner.claim(event))

    def append(self, events: Sequence[Event]) -> None:
        """Write events."""
        names = ",".join(type(event).__name__ for event in events)
        self.points.around(names, lambda: self.inner.append(events))

    def scan_open(self) -> Iterator[Event]:
        """Read."""
        return self.inner.scan_open()

    def events_of(self, signal_id: str) -> tuple[Event, ...]:
        """Read."""
        return self.inner.events_of(signal_id)

    def signal_ids(self) -> tuple[str, ...]:
        """Read."""
        return self.inner.signal_ids()

    def close(self) -> None:
        """Let go of the file."""
        self.inner.close()


class PointedFutures(BinanceFutures):
    """The real adapter, whose orders and cancels are points."""

    points: Failpoints

    def send(self, prepared: Prepared) -> Reply:
        """Send."""
        return self.points.around("send", lambda: super(PointedFutures, self).send(prepared))

    def send_together(self, prepared: Sequence[Prepared]) -> tuple[Reply, ...]:
        """Send several."""
        return self.points.around("send together", lambda: super(PointedFutures, self).send_together(prepared))

    def cancel(self, keys: Sequence[OrderKey]) -> tuple[CancelOutcome, ...]:
        """Cancel."""
        return self.points.around("cancel", lambda: super(PointedFutures, self).cancel(keys))


def tell(*words: str) -> None:
    """Say something to the parent, at once."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> None:
    """Trade until everything wanted has its report, and guard until that is all there is to do."""
    url, key, secret, where, halts_at, full_at, looks = arguments
    folder = Path(where)
    points = Failpoints(int(halts_at))
    clock = fast_clock()
    exchange = PointedFutures(key, secret, Environment.local(url), namespace=NAMESPACE, machine=clock, environ={})
    exchange.points = points
    manager = OrderExecutionManager(
        exchange,
        journal=PointedJournal(SqliteJournal(folder / "journal.db"), points),
        audit=JsonLinesAudit(folder / "audit"),
        alerts=Bell(folder / "alarms.jsonl"),
        timings=TIMINGS,
        host_guards=True,
    )
    if int(full_at):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(full_at), resource.RLIM_INFINITY))
    tell("trading")
    manager.reconcile()
    for trade in read(folder / "trades.json"):
        tell("report", trade.signal.id, carry_out(manager, trade, clock.sleep))
    guard(manager, int(looks), clock.sleep)
    tell("done")
    manager.close()
    exchange.close()


def carry_out(manager: OrderExecutionManager, trade: Trade, sleep: Callable[[float], None]) -> str:
    """Hand a signal in until it is taken, or its host gives up; return its outcome."""
    for _ in range(TRIES_MAX):
        report = manager.execute_signal(trade.signal, trade.quantity)
        if report.outcome is not Outcome.REFUSED:
            return report.outcome.name
        sleep(PAUSE_S)
        manager.reconcile_due()
    return Outcome.REFUSED.name


def guard(manager: OrderExecutionManager, looks: int, sleep: Callable[[float], None]) -> None:
    """Work off what is due *looks* times, and until nothing is left but to watch."""
    while looks > 0 or any(duty.kind not in REST for duty in manager.status().duties):
        sleep(PAUSE_S)
        manager.reconcile_due()
        looks -= 1


@attrs.frozen
class Bell:
    """Writes alarms down."""

    path: Path

    def __call__(self, alarm: Alarm, /) -> None:
        """Hear."""
        row = {"kind": alarm.kind.name, "at_ms": alarm.at_ms, "text": alarm.text, "symbol": alarm.symbol}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
