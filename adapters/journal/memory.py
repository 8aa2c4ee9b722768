"""A journal that forgets everything with its process: for paper trading and tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from ...domain.errors import JournalError
from ...domain.events import Event
from .record import Record, claim_record, following_records, unclaimed


class MemoryJournal:
    """The Journal's contract without its durability; a live exchange refuses it.

    Events are encoded and decoded as on the disk, so nothing works here that would not survive there. Safe to use
    from many threads.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._records: list[Record] = []
        self._of_signal: dict[str, list[int]] = {}
        self._of_none: list[int] = []
        self._open: set[str] = set()
        self._closed = False

    @property
    def durable(self) -> bool:
        """False: it does not survive the process."""
        return False

    @property
    def failed(self) -> bool:
        """False: memory does not fail."""
        return False

    @property
    def created_ms(self) -> int | None:
        """The time of its first event; None while empty."""
        return self._records[0].at_ms if self._records else None

    def claim(self, event: Event) -> Event | None:
        """Record *event* as the first of its signal, or return the claim that was there before.

        Raises:
            ValidationError: *event* is no claim.
            JournalError: it cannot be kept, or the journal was closed.
        """
        signal_id, record = claim_record(event)
        with self._guard:
            self._check_usable()
            if signal_id in self._of_signal:
                return self._records[self._of_signal[signal_id][0]].event
            self._of_signal[signal_id] = []
            self._add(record)
        return None

    def append(self, events: Sequence[Event]) -> None:
        """Record *events* together.

        Raises:
            ValidationError: one of them is a claim, or its signal was never claimed; none was recorded.
            JournalError: one cannot be kept, or the journal was closed; none was recorded.
        """
        records = following_records(events)
        with self._guard:
            self._check_usable()
            for record in records:
                if record.signal_id is not None and record.signal_id not in self._of_signal:
                    raise unclaimed(record.signal_id)
            for record in records:
                self._add(record)

    def scan_open(self) -> Iterator[Event]:
        """Yield the events of every open signal and of none, in order of recording, as of this call."""
        with self._guard:
            self._check_usable()
            places = [place for signal_id in self._open for place in self._of_signal[signal_id]]
            found = [self._records[place] for place in sorted([*self._of_none, *places])]
        return iter([record.event for record in found])

    def events_of(self, signal_id: str) -> tuple[Event, ...]:
        """Return all events of one signal, in order of recording."""
        with self._guard:
            self._check_usable()
            found = [self._records[place] for place in self._of_signal.get(signal_id, ())]
        return tuple([record.event for record in found])

    def signal_ids(self) -> tuple[str, ...]:
        """Return every signal id ever claimed, oldest first."""
        with self._guard:
            self._check_usable()
            return tuple(self._of_signal)

    def close(self) -> None:
        """Refuse everything from now on; closing twice is harmless."""
        with self._guard:
            self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_usable(self) -> None:
        if self._closed:
            raise JournalError("the journal was closed")

    def _add(self, record: Record) -> None:
        place = len(self._records)
        self._records.append(record)
        if record.signal_id is None:
            self._of_none.append(place)
            return
        self._of_signal[record.signal_id].append(place)
        if record.signal_open is not None:
            (self._open.add if record.signal_open else self._open.discard)(record.signal_id)
