"""The journal's file while it is open: who may use it, one thread at a time, and whether it can still be trusted."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from ...domain.errors import JournalError
from . import chain, filesystem, schema
from .connection import connect, use_write_ahead_log
from .lock import OwnerLock
from .record import FIRST_PREV_HASH

Head: TypeAlias = tuple[int, bytes]
"""Number and hash of the last event."""
_HEAD = "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"
_ADVICE = {
    sqlite3.SQLITE_BUSY: "another program holds a lock on it: end that program",
    sqlite3.SQLITE_CANTOPEN: "it does not exist, or the rights on it or its folder do not allow it",
    sqlite3.SQLITE_CORRUPT: "it is damaged: keep it, and put back a copy that is whole or begin a new journal",
    sqlite3.SQLITE_FULL: "make room on that disk",
    sqlite3.SQLITE_NOTADB: "it is no journal: name another file, or move this one away",
    sqlite3.SQLITE_READONLY: "the rights on it, or the way the disk is mounted, allow no writing",
}


class Store:
    """An open journal file.

    A failed write, sync or read makes it `failed` for good: after a failed sync the system may believe that lost
    pages are on the disk, so only opening the file anew tells what is there.

    Args:
        path: the file, symbolic links resolved.
        read_only: take no lock, write nothing.

    Raises:
        JournalError: it cannot be opened or believed; the text says what to do.
    """

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path = path
        self._read_only = read_only
        self._pid = os.getpid()
        self._guard = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._lock: OwnerLock | None = None
        self._failure: str | None = None
        try:
            connection = self._opened()
            chain.check_on_opening(connection)
            self._head: Head | None = head_of(connection)
            self._files = self._identities()
        except (sqlite3.Error, OSError) as error:
            self._release()
            raise JournalError(f"the journal {path} cannot be opened: {error}; {advice(error)}") from error
        except BaseException:
            self._release()
            raise

    @property
    def failed(self) -> bool:
        """Whether it must be opened anew before it can be used."""
        return self._failure is not None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection to this thread.

        Raises:
            JournalError: it was closed, failed before or failed now, or belongs to another process.
        """
        self._check_process()  # before the guard: a thread of the parent may have held it at the fork
        with self._guard:
            connection = self._usable()
            try:
                yield connection
            except (sqlite3.Error, OSError) as error:
                self._failure = str(error)
                raise JournalError(f"the journal {self.path} failed: {error}; {advice(error)}") from error

    @contextmanager
    def writing(self) -> Iterator[tuple[sqlite3.Connection, int, bytes]]:
        """Lend the connection for one transaction, with number and hash of the last event.

        After the block everything in it is on the disk; when it is left by an exception, nothing of it is.

        Raises:
            JournalError: as for `reading`; or the file was replaced, written by somebody else, or opened read-only.
        """
        with self.reading() as connection:
            if self._read_only:
                raise JournalError(f"the journal {self.path} was opened read-only")
            if self._identities() != self._files:
                raise self._distrusted("its file was deleted or replaced while in use")
            # Unknown during the transaction: an interrupt may arrive between the commit and the next line.
            expected, self._head = self._head, None
            try:
                connection.execute("BEGIN IMMEDIATE")
                found = self._checked_head(connection, expected)
                yield connection, *found
                connection.execute("COMMIT")
                self._head = head_of(connection)
            except BaseException as error:
                with suppress(sqlite3.Error):
                    connection.rollback()
                if isinstance(error, Exception):
                    self._head = expected
                raise

    def verify(self) -> int:
        """Check everything through a connection of its own, while the owner goes on; return the number of events.

        Raises:
            JournalError: something is wrong.
        """
        self._check_process()
        try:
            connection = connect(self.path, read_only=True)
            try:
                connection.execute("BEGIN")
                return chain.check_whole(connection)
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise chain.damaged(str(error)) from error

    def close(self) -> None:
        """Release file and lock; closing twice, or in a forked process, is harmless."""
        if os.getpid() != self._pid:
            return  # closing the parent's connection here would take away its locks
        with self._guard:
            self._release()

    def _opened(self) -> sqlite3.Connection:
        if self._read_only:
            connection = self._connection = connect(self.path, read_only=True)
            schema.check(connection)
            return connection
        filesystem.make_folder(self.path.parent)
        self._lock = OwnerLock(self.path)
        filesystem.make_file(self.path)
        connection = self._connection = connect(self.path, read_only=False)
        version = schema.version_of(connection)  # before anything is changed: it may be somebody else's file
        filesystem.make_private(self.path)
        use_write_ahead_log(connection)
        schema.bring_up_to_date(connection, version)
        return connection

    def _release(self) -> None:
        connection, self._connection = self._connection, None
        lock, self._lock = self._lock, None
        try:
            if connection is not None:
                connection.close()
        finally:
            if lock is not None:
                lock.release()

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            raise JournalError("the journal belongs to the process that opened it; a forked one must not use it")

    def _usable(self) -> sqlite3.Connection:
        if self._connection is None:
            raise JournalError(f"the journal {self.path} was closed")
        if self._failure is not None:
            raise JournalError(f"the journal {self.path} failed before ({self._failure}); close it and open it anew")
        return self._connection

    def _checked_head(self, connection: sqlite3.Connection, expected: Head | None) -> Head:
        found = head_of(connection)
        if expected is not None and found != expected:
            raise self._distrusted("somebody else wrote to it, or put back an older copy")
        return found

    def _distrusted(self, problem: str) -> JournalError:
        self._failure = problem
        return JournalError(f"the journal {self.path} failed: {problem}; find out who did it, then open it anew")

    def _identities(self) -> tuple[object, ...]:
        """Tell the database and its write-ahead log from other files that may take their names."""
        return tuple(filesystem.identity(filesystem.beside(self.path, tail)) for tail in ("", "-wal"))


def head_of(connection: sqlite3.Connection) -> Head:
    """Return number and hash of the last event."""
    row = connection.execute(_HEAD).fetchone()
    return (0, FIRST_PREV_HASH) if row is None else (int(row[0]), bytes(row[1]))


def advice(error: Exception) -> str:
    """Return what a person can do about *error*."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    usual = "check the disk and the rights on it"
    return usual if code is None else _ADVICE.get(code & 0xFF, usual)
