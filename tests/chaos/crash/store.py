"""A journal on disk, and its files as a crash, or a disk that lies, may leave them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import attrs

from surefill.adapters.journal import SqliteJournal
from surefill.domain.errors import JournalError
from surefill.domain.events import Event

NAME: Final = "journal.db"
TAILS: Final = ("", "-wal", "-shm")
HEADER_BYTES: Final = 32
FRAME_BYTES: Final = 24 + 4096
"""SQLite's own file format: a write-ahead log is a header and frames of one page each."""

Files: TypeAlias = dict[str, bytes]
"""What lies on the disk, by the tail of its name."""
Damage: TypeAlias = Callable[[Files], Files]


def nothing(files: Files) -> Files:
    """Leave the files as they are."""
    return files


@attrs.frozen
class Failure:
    """The disk fails, and goes on failing until the next process opens it.

    Attributes:
        from_commit: the first commit that fails, counted from 1 over the process that is watched.
        is_kept: whether that one is on the disk nevertheless.
    """

    from_commit: int
    is_kept: bool


@attrs.define
class Disk:
    """Opens the journal of one process after the other, each on the files that the one before left.

    The last owner is never asked to close its files first: they are copied as they lie there. The lock is no part of
    them, for the system takes it back with the process.

    Attributes:
        folder: everything is kept below it.
        damage: what becomes of the files before the next process opens them; once.
        failure: what becomes of the commits of the process that is watched.
        is_watched: whether the next process is watched.
        sizes: how long the write-ahead log was when that process began, and after each commit of it.
        refused: why a store was not believed; a new one was begun instead.
    """

    folder: Path
    damage: Damage = nothing
    failure: Failure | None = None
    is_watched: bool = False
    sizes: list[int] = attrs.field(factory=list[int])
    refused: list[str] = attrs.field(factory=list[str])
    _owners: int = 0
    _journal: SqliteJournal | None = None

    def open(self) -> SqliteJournal | WatchedJournal:
        """Open the journal for the next process."""
        files: Files = {}
        if self._journal is not None:
            damage = nothing if self.is_watched else self.damage
            files = damage(self.files())
        self.close()
        try:
            journal = self._opened(files)
        except JournalError as error:
            self.refused.append(str(error))
            journal = self._opened({})
        self._journal = journal
        if not self.is_watched:
            self.damage = nothing
            return journal
        self.is_watched = False
        self.sizes.append(self.log_size())
        return WatchedJournal(journal, self)

    def files(self) -> Files:
        """Return what lies on the disk now."""
        place = self._place()
        return {tail: path.read_bytes() for tail in TAILS if (path := place.with_name(NAME + tail)).exists()}

    def log_size(self) -> int:
        """Return how long the write-ahead log is now, in bytes."""
        return self._place().with_name(NAME + "-wal").stat().st_size

    def close(self) -> None:
        """Let go of the files."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _opened(self, files: Files) -> SqliteJournal:
        self._owners += 1
        place = self._place()
        place.parent.mkdir(parents=True)
        for tail, content in files.items():
            place.with_name(NAME + tail).write_bytes(content)
        return SqliteJournal(place)

    def _place(self) -> Path:
        return self.folder / str(self._owners) / NAME


@attrs.define
class WatchedJournal:
    """The journal of the process that may die over it: tells the disk of each commit, and fails when the disk does."""

    inner: SqliteJournal
    disk: Disk
    is_failed: bool = False

    @property
    def durable(self) -> bool:
        """What the journal says."""
        return self.inner.durable

    @property
    def created_ms(self) -> int | None:
        """What the journal says."""
        self._check()
        return self.inner.created_ms

    def claim(self, event: Event) -> Event | None:
        """Write a claim."""
        return self._commit(lambda: self.inner.claim(event))

    def append(self, events: Sequence[Event]) -> None:
        """Write events."""
        self._commit(lambda: self.inner.append(events))

    def scan_open(self) -> Iterator[Event]:
        """Read."""
        self._check()
        return self.inner.scan_open()

    def events_of(self, signal_id: str) -> tuple[Event, ...]:
        """Read."""
        self._check()
        return self.inner.events_of(signal_id)

    def signal_ids(self) -> tuple[str, ...]:
        """Read."""
        self._check()
        return self.inner.signal_ids()

    def close(self) -> None:
        """Let go of the files."""
        self.inner.close()

    def _commit(self, write: Callable[[], Event | None]) -> Event | None:
        self._check()
        failure = self.disk.failure
        self.is_failed = failure is not None and len(self.disk.sizes) >= failure.from_commit
        if failure is None or not self.is_failed:
            before = write()
            self.disk.sizes.append(self.disk.log_size())
            return before
        if failure.is_kept:
            write()
        raise JournalError("the journal failed: disk I/O error")

    def _check(self) -> None:
        if self.is_failed:
            raise JournalError("the journal failed before (disk I/O error); close it and open it anew")


def cut(at: int) -> Damage:
    """Keep only so many bytes of the write-ahead log, and no index of it."""
    return lambda files: {"": files[""], "-wal": files["-wal"][:at]}


def flipped(tail: str, at: int, bit: int) -> Damage:
    """Turn one bit over."""

    def damage(files: Files) -> Files:
        content = bytearray(files[tail])
        content[at] ^= 1 << bit
        return {name: bytes(content) if name == tail else kept for name, kept in files.items() if name != "-shm"}

    return damage


def without_index(files: Files) -> Files:
    """Lose the index of the write-ahead log, which no sync ever wrote."""
    return {tail: content for tail, content in files.items() if tail != "-shm"}
