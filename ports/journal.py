"""The durable memory: intent before action, and the truth after a restart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from ..domain.events import Event


class Journal(Protocol):
    """An append-only sequence of events with one owner.

    What a method returned from is on disk: a crash at any later moment cannot lose it. Safe to call from many
    threads. After a failed write or sync the journal stays failed until it is opened anew; every later call raises
    `JournalError`, so nothing is claimed that was not kept.
    """

    @property
    def durable(self) -> bool:
        """Whether it survives the process. A live exchange refuses one that does not."""
        ...

    @property
    def created_ms(self) -> int | None:
        """The time of its first event; None while empty.

        A signal older than that may have been traded before this journal began.
        """
        ...

    def claim(self, event: Event) -> Event | None:
        """Record *event* as the first of its signal, atomically.

        Returns:
            None when the claim is ours; otherwise the claim that was there before.

        Raises:
            JournalError: it could not be kept; nothing was claimed.
        """
        ...

    def append(self, events: Sequence[Event]) -> None:
        """Record *events* together: all or none.

        Raises:
            JournalError: none is kept for sure.
        """
        ...

    def scan_open(self) -> Iterator[Event]:
        """Yield the events of every open signal, and those that belong to no signal, in order of recording."""
        ...

    def events_of(self, signal_id: str) -> tuple[Event, ...]:
        """Return all events of one signal, in order of recording; empty when it was never claimed."""
        ...

    def signal_ids(self) -> tuple[str, ...]:
        """Return every signal id ever claimed, oldest first."""
        ...

    def close(self) -> None:
        """Release the store and its lock; closing twice is harmless."""
        ...
