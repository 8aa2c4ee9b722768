"""The durable journal: one SQLite file, one owner, every commit on the disk before it returns."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ...domain.events import Event
from .record import Record, claim_record, event_of, following_records, unclaimed
from .store import Store

_INSERT = "INSERT INTO event (seq, at_ms, signal_id, kind, body, hash) VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_CLAIM = "INSERT INTO signal (signal_id, claimed_seq, open) VALUES (?, ?, 1)"
_CLAIM = """
    SELECT event.kind, event.body FROM signal JOIN event ON event.seq = signal.claimed_seq WHERE signal.signal_id = ?
"""
_OPEN = """
    SELECT seq, kind, body FROM event WHERE signal_id IS NULL
    UNION ALL
    SELECT event.seq, event.kind, event.body
    FROM signal CROSS JOIN event ON event.signal_id = signal.signal_id WHERE signal.open = 1
    ORDER BY 1
"""


class SqliteJournal:
    """A journal in a SQLite file, in write-ahead mode with full sync; a missing folder is made, the file is 0600.

    One owner at a time: a lock file beside it, ``<path>.lock``, keeps out a second one, in this process or another.
    `read_only` takes no lock and writes nothing: it is how people look into a journal while its owner runs.

    After a failed write, sync or read the journal stays failed (`failed`): every call raises until it is closed and
    opened anew. The same when the file is deleted, replaced, or written by somebody else. What was wrong with the
    *caller's* event raises too, but fails nothing. Safe to use from many threads; in a process forked from the owner
    every call raises.

    Args:
        path: the file; local disks only.
        read_only: look without owning; the journal must exist.

    Raises:
        JournalError: it cannot be opened, has another owner, or does not say what was written: the text says what to
            do.
    """

    def __init__(self, path: str | os.PathLike[str], *, read_only: bool = False) -> None:
        self._store = Store(Path(path).resolve(), read_only=read_only)

    @property
    def durable(self) -> bool:
        """True: it survives the process, and a loss of power."""
        return True

    @property
    def failed(self) -> bool:
        """Whether it must be opened anew before it can be used."""
        return self._store.failed

    @property
    def path(self) -> Path:
        """The file, symbolic links resolved."""
        return self._store.path

    @property
    def created_ms(self) -> int | None:
        """The time of its first event; None while empty."""
        with self._store.reading() as connection:
            row = connection.execute("SELECT at_ms FROM event WHERE seq = 1").fetchone()
        return None if row is None else int(row[0])

    def claim(self, event: Event) -> Event | None:
        """Record *event* as the first of its signal, or return the claim that was there before.

        Raises:
            ValidationError: *event* is no claim.
            JournalError: it was not kept.
        """
        signal_id, record = claim_record(event)
        with self._store.writing() as (connection, seq, prev_hash):
            row = connection.execute(_CLAIM, (signal_id,)).fetchone()
            if row is None:
                _add(connection, [record], seq, prev_hash)
                connection.execute(_INSERT_CLAIM, (signal_id, seq + 1))
        return None if row is None else event_of(*row)

    def append(self, events: Sequence[Event]) -> None:
        """Record *events* together.

        Raises:
            ValidationError: one of them is a claim, or its signal was never claimed; none was recorded.
            JournalError: they were not kept for sure.
        """
        records = following_records(events)
        if not records:
            return
        with self._store.writing() as (connection, seq, prev_hash):
            for record in records:
                _mark(connection, record)
            _add(connection, records, seq, prev_hash)

    def scan_open(self) -> Iterator[Event]:
        """Yield the events of every open signal and of none, in order of recording, as of this call."""
        with self._store.reading() as connection:
            rows = connection.execute(_OPEN).fetchall()
        return iter([event_of(kind, body) for _, kind, body in rows])

    def events_of(self, signal_id: str) -> tuple[Event, ...]:
        """Return all events of one signal, in order of recording."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT kind, body FROM event WHERE signal_id = ? ORDER BY seq", (signal_id,)
            ).fetchall()
        return tuple(event_of(kind, body) for kind, body in rows)

    def signal_ids(self) -> tuple[str, ...]:
        """Return every signal id ever claimed, oldest first."""
        with self._store.reading() as connection:
            rows = connection.execute("SELECT signal_id FROM signal ORDER BY claimed_seq").fetchall()
        return tuple(row[0] for row in rows)

    def verify(self) -> int:
        """Check every page, every event and every derived row, as of now; return the number of events.

        It reads the file through a connection of its own, so that the owner can go on writing.

        Raises:
            JournalError: something is wrong, or it cannot be read.
        """
        return self._store.verify()

    def close(self) -> None:
        """Release the file and the lock; closing twice, or in a forked process, is harmless."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _mark(connection: sqlite3.Connection, record: Record) -> None:
    """Open or close the record's signal as the record says.

    Raises:
        ValidationError: the signal was never claimed.
    """
    if record.signal_id is None:
        return
    if connection.execute("SELECT 1 FROM signal WHERE signal_id = ?", (record.signal_id,)).fetchone() is None:
        raise unclaimed(record.signal_id)
    if record.signal_open is not None:
        opened = int(record.signal_open)
        connection.execute("UPDATE signal SET open = ? WHERE signal_id = ?", (opened, record.signal_id))


def _add(connection: sqlite3.Connection, records: Sequence[Record], seq: int, prev_hash: bytes) -> None:
    """Chain *records* to the last event, number *seq* with hash *prev_hash*."""
    rows: list[tuple[int, int, str | None, str, str, bytes]] = []
    for place, record in enumerate(records, start=seq + 1):
        prev_hash = record.hash(prev_hash, place)
        rows.append((place, record.at_ms, record.signal_id, record.kind, record.body, prev_hash))
    connection.executemany(_INSERT, rows)
