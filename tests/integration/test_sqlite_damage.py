"""A SQLite journal that was damaged or tampered with: it says so, and never tells anything that was not written."""

import pathlib
import random
import shutil
import sqlite3
from contextlib import closing

import pytest

from surefill.adapters.journal import SqliteJournal, chain
from surefill.adapters.journal.record import FIRST_PREV_HASH, chain_hash
from surefill.domain.errors import JournalError
from surefill.domain.events import Event, Halted, Resumed
from surefill.domain.halt import HaltLevel
from surefill.testing.sample_events import claim, every_kind, remark

_FLIPS = 120


def _told(path: pathlib.Path) -> tuple[object, ...]:
    """Everything a reader of the journal is told."""
    with SqliteJournal(path) as journal:
        ids = journal.signal_ids()
        return journal.created_ms, ids, tuple(journal.scan_open()), tuple(journal.events_of(name) for name in ids)


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    """A closed journal with an open signal, a closed one, and events of none."""
    path = tmp_path / "journal.db"
    with SqliteJournal(path) as journal:
        journal.claim(claim("closed"))
        journal.append(every_kind("closed"))
        journal.claim(claim("open"))
        journal.append([remark("open", number) for number in range(40)])
        journal.append([Halted(50, HaltLevel.NO_ENTRIES, "x")])
    return path


def test_no_flipped_bit_changes_what_is_told(path: pathlib.Path) -> None:
    """A bit that flipped anywhere in the file is noticed, or it changes nothing that anybody is told."""
    sound, expected = path.read_bytes(), _told(path)
    chance = random.Random(20261122)
    noticed = 0
    for _ in range(_FLIPS):
        bent = bytearray(sound)
        bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
        path.write_bytes(bent)
        try:
            assert _told(path) == expected
        except JournalError:
            noticed += 1
        for tail in ("-wal", "-shm"):
            path.with_name(path.name + tail).unlink(missing_ok=True)

    assert noticed > _FLIPS // 10


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_cut_file_is_noticed(path: pathlib.Path, share: float) -> None:
    """A file that lost its end is not opened."""
    sound = path.read_bytes()
    path.write_bytes(sound[: int(len(sound) * share)])

    with pytest.raises(JournalError):
        _told(path)


def test_a_torn_log_loses_whole_batches_only(tmp_path: pathlib.Path) -> None:
    """Wherever a loss of power cut the write-ahead log, what is left is whole batches from the beginning."""
    path, copy = tmp_path / "journal.db", tmp_path / "copy" / "journal.db"
    copy.parent.mkdir()
    batches: list[list[Event]] = [
        [Resumed(number, "x"), Halted(number, HaltLevel.NO_ENTRIES, "y")] for number in range(12)
    ]
    with SqliteJournal(path) as journal:
        with journal._store.reading() as used:
            used.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for batch in batches:
            journal.append(batch)
        database, log = path.read_bytes(), path.with_name("journal.db-wal").read_bytes()
    kept: set[int] = set()
    for cut in range(0, len(log) + 1, 1_237):
        copy.write_bytes(database)
        copy.with_name("journal.db-wal").write_bytes(log[:cut])
        with SqliteJournal(copy) as left:
            events = list(left.scan_open())
            left.verify()
        count, rest = divmod(len(events), 2)
        kept.add(count)

        assert rest == 0
        assert events == [event for batch in batches[:count] for event in batch]

    assert {0, 5, 11} <= kept


def _tamper(path: pathlib.Path, *statements: str) -> None:
    """Change the tables as somebody could who has the file and knows SQL."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for trigger in ("event_unchanged", "event_kept", "signal_kept"):
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)


def _rechain(path: pathlib.Path) -> None:
    """Make the chain of hashes fit again, as somebody could who knows how it is made."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        before = FIRST_PREV_HASH
        for row in connection.execute("SELECT seq, at_ms, signal_id, kind, body FROM event ORDER BY seq").fetchall():
            before = chain_hash(before, *row)
            connection.execute("UPDATE event SET hash = ? WHERE seq = ?", (before, row[0]))


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE event SET body = replace(body, '0.010', '9.010') WHERE seq = 1", "event 1 is missing or not what"),
        ("UPDATE event SET at_ms = 77 WHERE seq = 30", "event 30 is missing or not what"),
        ("UPDATE event SET hash = zeroblob(32) WHERE seq = 30", "event 30 is missing or not what"),
        ("DELETE FROM event WHERE seq = 30", "event 30 is missing or not what"),
        ("UPDATE signal SET open = 0 WHERE signal_id = 'open'", "does not agree with the events"),
        ("UPDATE signal SET open = 1 WHERE signal_id = 'closed'", "does not agree with the events"),
        ("DELETE FROM signal WHERE signal_id = 'open'", "does not agree with the events"),
        ("INSERT INTO signal VALUES ('forged', 30, 1)", "does not agree with the events"),
    ],
)
def test_a_changed_table_is_noticed(path: pathlib.Path, statement: str, problem: str) -> None:
    """Whatever is changed in the tables, opening the journal says which event it was and what to do."""
    _tamper(path, statement)

    with pytest.raises(JournalError, match=f"{problem}.*begin a new journal"):
        SqliteJournal(path)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE event SET at_ms = 77 WHERE seq = 30", "event 30 contradicts itself"),
        ("UPDATE event SET kind = 'Unheard' WHERE seq = 30", "'Unheard' cannot be read"),
        ("UPDATE event SET body = '[]' WHERE seq = 30", "cannot be read"),
        ("UPDATE event SET body = '{' WHERE seq = 30", "cannot be read"),
    ],
)
def test_a_forged_event_is_noticed(path: pathlib.Path, statement: str, problem: str) -> None:
    """Also where the chain was mended, an event must make sense."""
    _tamper(path, statement)
    _rechain(path)

    with pytest.raises(JournalError, match=problem):
        SqliteJournal(path)


def test_one_forged_hash_is_not_enough(path: pathlib.Path) -> None:
    """Each hash covers the one before: whoever changes an event would have to change every later one too."""
    _tamper(path, "UPDATE event SET at_ms = 77, body = replace(body, '\"at_ms\":6,', '\"at_ms\":77,') WHERE seq = 30")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (before,) = connection.execute("SELECT hash FROM event WHERE seq = 29").fetchone()
        row = connection.execute("SELECT seq, at_ms, signal_id, kind, body FROM event WHERE seq = 30").fetchone()
        connection.execute("UPDATE event SET hash = ? WHERE seq = 30", (chain_hash(before, *row),))

    with pytest.raises(JournalError, match="event 31 is missing or not what was written"):
        SqliteJournal(path)


def test_a_long_journal_shows_the_rest_when_verified(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long journal opens although a closed signal's event was changed; `verify` finds it, and the journal goes on."""
    monkeypatch.setattr(chain, "WHOLE_UP_TO", 0)
    _tamper(path, "UPDATE event SET at_ms = 77 WHERE seq = 2")

    with SqliteJournal(path) as journal:
        with pytest.raises(JournalError, match="event 2 is missing or not what was written"):
            journal.verify()
        assert journal.claim(claim("next")) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET at_ms = 77 WHERE signal_id = 'open' AND seq = 30",
        "UPDATE event SET hash = zeroblob(32) WHERE seq = (SELECT max(seq) FROM event)",
        "UPDATE event SET body = '{}' WHERE signal_id IS NULL",
        "DELETE FROM event WHERE seq = 29",
    ],
)
def test_a_long_journal_is_checked_where_signals_are_open(
    path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    """Of a long journal, what is about to be acted upon, and its end, are checked at opening."""
    monkeypatch.setattr(chain, "WHOLE_UP_TO", 0)
    _tamper(path, statement)

    with pytest.raises(JournalError, match="is not what was written"):
        SqliteJournal(path)


def test_verify_sees_what_the_disk_lost(path: pathlib.Path) -> None:
    """`verify` reads the file itself: damage done since it was opened is found, also where nothing can be read."""
    with SqliteJournal(path) as journal:
        assert journal.verify() == len(every_kind("closed")) + 43
        sound = path.read_bytes()
        path.write_bytes(sound[:100] + bytes(3_996) + sound[4_096:])

        with pytest.raises(JournalError, match="cannot be believed"):
            journal.verify()
        path.write_bytes(sound)


def test_an_unknown_kind_of_event_is_not_passed_over(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that this version cannot read is an error: what is not understood must not be traded upon."""
    monkeypatch.setattr(chain, "check_on_opening", lambda _: None)
    _tamper(path, "UPDATE event SET kind = 'Unheard' WHERE seq = 30")

    with SqliteJournal(path) as journal, pytest.raises(JournalError, match="newer version may have written it"):
        journal.scan_open()


def test_a_copy_is_a_journal_too(path: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """A file copied while nobody owned it says the same, under its own lock."""
    copy = tmp_path / "restored.db"
    shutil.copy(path, copy)

    with SqliteJournal(path):
        assert _told(copy) == _told_read_only(path)


def _told_read_only(path: pathlib.Path) -> tuple[object, ...]:
    with SqliteJournal(path, read_only=True) as journal:
        ids = journal.signal_ids()
        return journal.created_ms, ids, tuple(journal.scan_open()), tuple(journal.events_of(name) for name in ids)
