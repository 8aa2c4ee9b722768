"""A journal that can be tapped: to see what is written when, to fail as a broken disk does, and to crash in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from surefill.adapters.journal import MemoryJournal
from surefill.domain.errors import JournalError
from surefill.domain.events import Claimed, Event
from surefill.ports.journal import Journal
from tests.scripted import Crash

Tap = Callable[[Sequence[Event]], None]


def nothing(_: Sequence[Event]) -> None:
    """The tap that does nothing."""


class DurableMemory(MemoryJournal):
    """A memory journal that a live exchange takes for a durable one."""

    @property
    def durable(self) -> bool:
        return True


class TappedJournal:
    """A memory journal with a tap before and after each write.

    Once `broken` it stays so, for reads too, as the port says of a journal whose write failed.
    """

    def __init__(self, before: Tap = nothing, after: Tap = nothing) -> None:
        self.inner = MemoryJournal()
        self.before = before
        self.after = after
        self.broken = False

    @property
    def durable(self) -> bool:
        return self.inner.durable

    @property
    def created_ms(self) -> int | None:
        self._check()
        return self.inner.created_ms

    def claim(self, event: Event) -> Event | None:
        self._write([event])
        found = self.inner.claim(event)
        self.after([event])
        return found

    def append(self, events: Sequence[Event]) -> None:
        self._write(events)
        self.inner.append(events)
        self.after(events)

    def scan_open(self) -> Iterator[Event]:
        self._check()
        return self.inner.scan_open()

    def events_of(self, signal_id: str) -> tuple[Event, ...]:
        self._check()
        return self.inner.events_of(signal_id)

    def signal_ids(self) -> tuple[str, ...]:
        self._check()
        return self.inner.signal_ids()

    def close(self) -> None:
        self.inner.close()

    def _write(self, events: Sequence[Event]) -> None:
        self._check()
        try:
            self.before(events)
        except JournalError:
            self.broken = True
            raise

    def _check(self) -> None:
        if self.broken:
            raise JournalError("no space left on the device")


def breaking_at(wanted: Callable[[Event], bool]) -> TappedJournal:
    """A journal whose disk fills up at the first write that holds a *wanted* event."""

    def before(events: Sequence[Event]) -> None:
        if any(wanted(event) for event in events):
            raise JournalError("no space left on the device")

    return TappedJournal(before)


def crash_at(when: Callable[[Event], bool], *, after: bool = False) -> TappedJournal:
    """A journal on which the process dies at the first write that holds such an event."""

    def tap(events: Sequence[Event]) -> None:
        if any(when(event) for event in events):
            raise Crash

    return TappedJournal(after=tap) if after else TappedJournal(tap)


def copy_of(journal: Journal, keep: Callable[[Event], bool]) -> MemoryJournal:
    """A journal that lost what is not to be kept: an older copy, or a disk that lied about its last writes."""
    copy = MemoryJournal()
    events = [event for signal_id in journal.signal_ids() for event in journal.events_of(signal_id)]
    for event in sorted(filter(keep, events), key=lambda each: each.at_ms):
        if isinstance(event, Claimed):
            copy.claim(event)
        else:
            copy.append([event])
    return copy
