"""The tables of the journal, and how an older file is brought up to date.

::

    event   seq 1, 2, 3 …   what happened, append-only; hash = SHA-256(hash before, everything in the row)
    signal  signal_id       derived from event in the same transaction: which event claimed it, and whether it is open
"""

from __future__ import annotations

import sqlite3

from ...domain.errors import JournalError

APPLICATION_ID = 0x5346_4A4C
"""Marks the file as a journal of ours, in SQLite's own header field."""

_VERSION_1 = (
    """
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        signal_id TEXT REFERENCES signal (signal_id) DEFERRABLE INITIALLY DEFERRED,
        kind TEXT NOT NULL,
        body TEXT NOT NULL,
        hash BLOB NOT NULL CHECK (length(hash) = 32)
    ) STRICT
    """,
    """
    CREATE TABLE signal (
        signal_id TEXT PRIMARY KEY,
        claimed_seq INTEGER NOT NULL UNIQUE REFERENCES event (seq) DEFERRABLE INITIALLY DEFERRED,
        open INTEGER NOT NULL CHECK (open IN (0, 1))
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX event_by_signal ON event (signal_id)",
    "CREATE INDEX signal_open ON signal (signal_id) WHERE open = 1",
    "CREATE TRIGGER event_unchanged BEFORE UPDATE ON event BEGIN SELECT RAISE (ABORT, 'events are append-only'); END",
    "CREATE TRIGGER event_kept BEFORE DELETE ON event BEGIN SELECT RAISE (ABORT, 'events are append-only'); END",
    "CREATE TRIGGER signal_kept BEFORE DELETE ON signal BEGIN SELECT RAISE (ABORT, 'claims are append-only'); END",
)
STEPS: tuple[tuple[str, ...], ...] = (_VERSION_1,)
"""Statements that lead from version n to n + 1; a published step is never changed."""


def version_of(connection: sqlite3.Connection) -> int:
    """Return the form the journal has; 0 when the file is empty.

    Raises:
        JournalError: the file is something else, or of a newer form.
    """
    version = number(connection, "PRAGMA user_version")
    application_id = number(connection, "PRAGMA application_id")
    if application_id == 0 and version == 0 and number(connection, "SELECT count(*) FROM sqlite_schema") == 0:
        return 0
    if application_id != APPLICATION_ID:
        raise JournalError("the file is a SQLite database of another program: give the journal a file of its own")
    if version > len(STEPS):
        raise JournalError(
            f"the journal was written by a newer surefill (form {version}, this version knows {len(STEPS)}): "
            "install that version again; going back would lose what the newer one wrote"
        )
    return version


def check(connection: sqlite3.Connection) -> None:
    """See to it that the file is a journal in the form this version reads.

    Raises:
        JournalError: it is something else, newer, older, or empty.
    """
    version = version_of(connection)
    if version < len(STEPS):
        raise JournalError(
            f"the journal has form {version}, this version of surefill reads form {len(STEPS)}: "
            "let its owner open it once"
        )


def bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    """Make the tables of an empty file, or add to a file of form *version* what it lacks, in one transaction."""
    if version == len(STEPS):
        return
    connection.execute("BEGIN IMMEDIATE")
    for step in STEPS[version:]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(STEPS)}")
    connection.execute("COMMIT")


def number(connection: sqlite3.Connection, query: str) -> int:
    """Return the one integer that *query* asks for."""
    (found,) = connection.execute(query).fetchone()
    return int(found)
