"""Whether a journal still says what was written: its chain of hashes, and the table derived from it."""

from __future__ import annotations

import sqlite3

from ...domain.errors import JournalError
from .record import FIRST_PREV_HASH, chain_hash, event_of
from .schema import number

WHOLE_UP_TO = 10_000
"""A journal of so many events is still checked whole at opening; a longer one where signals are open, and its end."""
_ADVICE = (
    "The file was damaged or changed by hand. Keep it, put back a copy that is whole, or begin a new journal: open "
    "orders and positions are then found at the exchange by their ids"
)
_OPEN_PART = """
    WITH wanted AS (
        SELECT seq FROM event WHERE signal_id IS NULL
        UNION ALL
        SELECT event.seq FROM signal CROSS JOIN event ON event.signal_id = signal.signal_id WHERE signal.open = 1
        UNION
        SELECT max(seq) FROM event
    )
    SELECT this.seq, this.at_ms, this.signal_id, this.kind, this.body, this.hash, before.hash
    FROM wanted CROSS JOIN event AS this ON this.seq = wanted.seq LEFT JOIN event AS before ON before.seq = this.seq - 1
    ORDER BY this.seq
"""
_ALL = "SELECT seq, at_ms, signal_id, kind, body, hash FROM event ORDER BY seq"


def check_on_opening(connection: sqlite3.Connection) -> None:
    """Check a short journal as a whole, and of a long one what is about to be acted upon.

    Raises:
        JournalError: something is wrong.
    """
    if number(connection, "SELECT coalesce(max(seq), 0) FROM event") <= WHOLE_UP_TO:
        check_whole(connection)
        return
    for seq, at_ms, signal_id, kind, body, found, before in connection.execute(_OPEN_PART):
        prev_hash = FIRST_PREV_HASH if seq == 1 else before
        if prev_hash is None or found != chain_hash(prev_hash, seq, at_ms, signal_id, kind, body):
            raise damaged(f"event {seq} is not what was written")


def check_whole(connection: sqlite3.Connection) -> int:
    """Check every page, every event and every derived row; return the number of events.

    Raises:
        JournalError: something is wrong.
    """
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise damaged(f"SQLite says: {found}")
    signals: dict[str, tuple[int, int]] = {}
    expected, prev_hash = 0, FIRST_PREV_HASH
    for seq, at_ms, signal_id, kind, body, found in connection.execute(_ALL):
        expected += 1
        prev_hash = chain_hash(prev_hash, seq, at_ms, signal_id, kind, body)
        if seq != expected or found != prev_hash:
            raise damaged(f"event {expected} is missing or not what was written")
        event = event_of(kind, body)
        if event.at_ms != at_ms or event.signal_id != signal_id:
            raise damaged(f"event {seq} contradicts itself")
        if event.signal_open is not None and signal_id is not None:
            claimed_seq, _ = signals.get(signal_id, (seq, 1))
            signals[signal_id] = claimed_seq, int(event.signal_open)
    derived = {
        row[0]: (row[1], row[2]) for row in connection.execute("SELECT signal_id, claimed_seq, open FROM signal")
    }
    if derived != signals:
        raise damaged("the list of signals does not agree with the events")
    return expected


def damaged(problem: str) -> JournalError:
    """Return the error for a journal that cannot be believed."""
    return JournalError(f"the journal cannot be believed: {problem}. {_ADVICE}")
