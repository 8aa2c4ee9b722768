"""A connection to the journal's database on which every setting that matters is known to be in force."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from ...domain.errors import JournalError
from .schema import number

BUSY_MS = 5_000
"""How long a connection waits for another one's lock."""
SETTINGS = (
    ("busy_timeout", BUSY_MS),
    ("foreign_keys", 1),
    ("trusted_schema", 0),
    ("cell_size_check", 1),
    ("fullfsync", 1),  # macOS: a plain fsync does not reach the disk
    ("checkpoint_fullfsync", 1),
    ("synchronous", 2),  # FULL: a commit in WAL mode is on the disk before it returns
)
"""Set on every connection and read back; SQLite ignores what it does not know without a word."""
_SQLITE_MIN = (3, 37, 0)  # STRICT tables


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open an existing file, changing nothing in it; transactions are begun and ended by hand.

    Raises:
        JournalError: a setting could not be brought into force.
        sqlite3.Error: SQLite refused.
    """
    if sqlite3.sqlite_version_info < _SQLITE_MIN:
        raise JournalError(
            f"the journal needs SQLite 3.37 or later, this Python was built with {sqlite3.sqlite_version}"
        )
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={'ro' if read_only else 'rw'}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,  # the journal's own guard lets one thread in at a time
    )
    try:
        _bring_into_force(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file to SQLite's write-ahead log; one that cannot be switched any more must have it already.

    Raises:
        JournalError: it does not work here.
    """
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise JournalError(f"SQLite cannot use its write-ahead log here (journal mode was {mode}): use a local disk")


def _bring_into_force(connection: sqlite3.Connection) -> None:
    for name, value in SETTINGS:
        connection.execute(f"PRAGMA {name} = {value}")
        found = number(connection, f"PRAGMA {name}")
        if found != value:
            raise JournalError(
                f"SQLite did not take the setting {name} = {value}, it was {found}: the journal would not be safe"
            )
