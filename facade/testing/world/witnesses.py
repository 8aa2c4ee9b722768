"""Those who stand at the edges of the process that trades, write down what passes, and may end it there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import attrs

from surefill.adapters.wire.call import Call, Result
from surefill.domain.alarm import Alarm
from surefill.domain.audit_record import AuditRecord
from surefill.domain.events import Event, Waived
from surefill.ports.audit import Audit
from surefill.ports.journal import Journal
from surefill.testing.invariants.evidence import Carried, Kept
from surefill.testing.world.lifeline import Lifeline

if TYPE_CHECKING:
    from surefill.testing.world.notebook import Notebook


@attrs.define
class WitnessedJournal:
    """A journal whose writes are points where the process can die, and facts for the judge."""

    inner: Journal
    notebook: Notebook
    lifeline: Lifeline
    owner: int

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
        self.lifeline.touch("before claim")
        before = self.inner.claim(event)
        if before is None:
            self._keep([event])
        self.lifeline.touch("after claim")
        return before

    def append(self, events: Sequence[Event]) -> None:
        """Write events."""
        names = ",".join(type(event).__name__ for event in events)
        self.lifeline.touch(f"before {names}")
        self.inner.append(events)
        self._keep(events)
        self.lifeline.touch(f"after {names}")

    def scan_open(self) -> Iterator[Event]:
        """Read; note which waivers the process finds: a commit that failed may have kept one."""
        for event in self.inner.scan_open():
            if isinstance(event, Waived):
                self.notebook.found += self._of([event])
            yield event

    def events_of(self, signal_id: str) -> tuple[Event, ...]:
        """Read."""
        return self.inner.events_of(signal_id)

    def signal_ids(self) -> tuple[str, ...]:
        """Read."""
        return self.inner.signal_ids()

    def close(self) -> None:
        """Leave the store to the next owner: the world opens and closes it."""

    def _keep(self, events: Sequence[Event]) -> None:
        self.notebook.kept += self._of(events)

    def _of(self, events: Sequence[Event]) -> list[Kept]:
        now_ms, seq = self.notebook.now_ms(), self.notebook.seq()
        return [Kept(event=each, at_ms=now_ms, after_seq=seq, owner=self.owner) for each in events]


@attrs.define
class WitnessedAudit:
    """An audit log whose lines are points where the process can die."""

    inner: Audit
    notebook: Notebook
    lifeline: Lifeline

    def write(self, record: AuditRecord) -> None:
        """Write a line."""
        self.lifeline.touch(f"before audit {record.type.value}")
        self.inner.write(record)
        self.notebook.written.append(record)

    def close(self) -> None:
        """Close the log."""
        self.inner.close()


@attrs.define
class WitnessedWire:
    """A tap on the network: every request is two points where the process can die.

    A dead process sends nothing more: what it had in flight goes on without it.
    """

    notebook: Notebook
    lifeline: Lifeline
    owner: int
    _sent: dict[int, tuple[str, int, int]] = attrs.field(factory=dict[int, tuple[str, int, int]])

    def leaving(self, call: Call, at_ms: int) -> None:
        """Note the moment."""
        name = f"{call.method} {call.path.rpartition('/')[2]}"
        self.lifeline.touch(f"before {name}")
        self._sent[id(call)] = name, at_ms, self.notebook.seq()

    def arriving(self, call: Call, result: Result, at_ms: int) -> Result:
        """Note what came of it."""
        name, sent_ms, first_seq = self._sent.pop(id(call))
        mangled = self.notebook.mangle(call, result)
        carried = Carried(
            call=call,
            result=mangled,
            sent_ms=sent_ms,
            arrived_ms=at_ms,
            first_seq=first_seq,
            owner=self.owner,
            last_seq=self.notebook.seq(),
        )
        try:
            self.lifeline.touch(f"after {name}")
        except BaseException:
            self.notebook.carried.append(attrs.evolve(carried, result=None, arrived_ms=None))
            raise
        self.notebook.carried.append(carried)
        return mangled


@attrs.define
class WitnessedBell:
    """The host's alarm callback: notes what it hears; a dead process rings no bell."""

    notebook: Notebook
    lifeline: Lifeline

    def __call__(self, alarm: Alarm, /) -> None:
        """Hear."""
        self.lifeline.touch(f"before alarm {alarm.kind.name}")
        self.notebook.alarms.append(alarm)
