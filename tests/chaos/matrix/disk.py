"""A journal and an audit log on a disk that fails on command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Final

import attrs

from surefill.adapters.audit import MemoryAudit
from surefill.adapters.journal import MemoryJournal
from surefill.domain.audit_record import AuditRecord
from surefill.domain.errors import JournalError
from surefill.domain.events import Event
from surefill.testing.world import World
from tests.chaos.matrix.steps import Step
from tests.chaos.matrix.timed import TimedWorld

STALL_SECONDS: Final = 10.0
SLOW_SECONDS: Final = 1.0


def _no_time(seconds: float) -> None:
    """Let no time pass: there is no world yet."""
    del seconds


class Trouble(Enum):
    """What is wrong with the disk; the value is what the operating system would say."""

    FULL = "no space left on device"
    BROKEN = "input/output error"
    READ_ONLY = "read-only file system"
    SYNC_LOST = "fsync failed, and what was written is gone"
    SYNC_KEPT = "fsync failed, and what was written is there all the same"
    STALL = "one fsync takes ten seconds"
    SLOW = "every fsync takes a second"


@attrs.define
class Disk:
    """Where the owner's journal and audit log are kept; used as `World.open_journal` and `World.open_audit`.

    Attributes:
        journal_trouble, audit_trouble: what is wrong with either; None when all is well.
        struck: how many writes met it.
        kept: the journal's events, whoever owns it.
        sleep: lets the world's time pass.
    """

    journal_trouble: Trouble | None = None
    audit_trouble: Trouble | None = None
    struck: int = 0
    kept: MemoryJournal = attrs.field(factory=MemoryJournal)
    sleep: Callable[[float], None] = _no_time

    def open_journal(self) -> Journal:
        """Open the journal for the next process: a failed handle stays failed, a new one finds what is there."""
        return Journal(self)

    def open_audit(self) -> AuditLog:
        """Open an audit log."""
        return AuditLog(self)

    def write(self, trouble: Trouble | None, work: Callable[[], None]) -> None:
        """Do *work* as far as the trouble lets it.

        Raises:
            JournalError: what the disk said.
        """
        if trouble is None:
            work()
            return
        self.struck += 1
        if trouble in (Trouble.SLOW, Trouble.STALL):
            if trouble is Trouble.SLOW or self.struck == 1:
                self.sleep(SLOW_SECONDS if trouble is Trouble.SLOW else STALL_SECONDS)
            work()
            return
        if trouble is Trouble.SYNC_KEPT:
            work()
        raise JournalError(trouble.value)

    def heal(self) -> None:
        """Repair it."""
        self.journal_trouble = self.audit_trouble = None


@attrs.define
class Journal:
    """One handle on the journal of a disk; once a write failed, nothing works on it any more."""

    disk: Disk
    failed: bool = False
    durable: bool = False

    @property
    def created_ms(self) -> int | None:
        """What the journal says."""
        return self.disk.kept.created_ms

    def claim(self, event: Event) -> Event | None:
        """Write a claim."""
        found: list[Event | None] = []
        self._write(lambda: found.append(self.disk.kept.claim(event)))
        return found[0]

    def append(self, events: Sequence[Event]) -> None:
        """Write events."""
        self._write(lambda: self.disk.kept.append(events))

    def scan_open(self) -> Iterator[Event]:
        """Read."""
        self._check()
        return self.disk.kept.scan_open()

    def events_of(self, signal_id: str) -> tuple[Event, ...]:
        """Read."""
        self._check()
        return self.disk.kept.events_of(signal_id)

    def signal_ids(self) -> tuple[str, ...]:
        """Read."""
        self._check()
        return self.disk.kept.signal_ids()

    def close(self) -> None:
        """Leave the events to the next owner."""

    def _write(self, work: Callable[[], None]) -> None:
        self._check()
        try:
            self.disk.write(self.disk.journal_trouble, work)
        except JournalError:
            self.failed = True
            raise

    def _check(self) -> None:
        if self.failed:
            raise JournalError("the journal failed before; open it anew")


class AuditLog(MemoryAudit):
    """An audit log on a disk."""

    def __init__(self, disk: Disk) -> None:
        super().__init__()
        self._disk = disk

    def write(self, record: AuditRecord) -> None:
        """Keep one record, if the disk lets it."""
        self._disk.write(self._disk.audit_trouble, lambda: super(AuditLog, self).write(record))


def on_disk(step: Step, seed: int) -> World:
    """Return the world of *step*, whose owner keeps journal and audit log on a disk of its own."""
    disk = Disk()
    kind = TimedWorld if step is Step.TIME else World
    world = kind(seed=seed, open_journal=disk.open_journal, open_audit=disk.open_audit)
    disk.sleep = world.exchange.clock.sleep
    return world


def disk_of(world: World) -> Disk:
    """Return the disk under *world*.

    Raises:
        TypeError: it has none.
    """
    disk = getattr(world.open_journal, "__self__", None)
    if not isinstance(disk, Disk):
        raise TypeError("the world keeps its journal elsewhere; make it with on_disk")
    return disk
