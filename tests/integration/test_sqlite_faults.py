"""The SQLite journal on a disk that fails: nothing is claimed that was not kept, and nothing is used that failed."""

import pathlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from surefill.adapters.journal import SqliteJournal, store
from surefill.adapters.journal.connection import connect
from surefill.domain.errors import JournalError, ValidationError
from surefill.domain.events import Closed, Event, Halted, Resumed
from surefill.domain.halt import HaltLevel
from surefill.domain.report import ClosedBy
from surefill.testing.sample_events import claim, remark

_FAILURES: dict[str, Callable[[], BaseException]] = {
    "disk full": lambda: sqlite3.OperationalError("database or disk is full"),
    "fsync": lambda: sqlite3.OperationalError("disk I/O error"),
    "damaged": lambda: sqlite3.DatabaseError("database disk image is malformed"),
    "system": lambda: OSError("input/output error"),
    "interrupt": KeyboardInterrupt,
}


class _Faulty:
    """A connection that fails at one statement, counted from when it is told to: before it, or after it took effect."""

    def __init__(self, sound: sqlite3.Connection) -> None:
        self.sound = sound
        self.countdown = 0
        self.after = False
        self.failure: Callable[[], BaseException] = KeyboardInterrupt

    def execute(self, *arguments: object) -> object:
        return self._run(self.sound.execute, *arguments)

    def executemany(self, *arguments: object) -> object:
        return self._run(self.sound.executemany, *arguments)

    def rollback(self) -> None:
        self.sound.rollback()

    def close(self) -> None:
        self.sound.close()

    def _run(self, statement: Callable[..., object], *arguments: object) -> object:
        self.countdown -= 1
        if self.countdown != 0:
            return statement(*arguments)
        if self.after:
            statement(*arguments)
        raise self.failure()


def _everything(journal: SqliteJournal) -> list[tuple[Event, ...]]:
    return [tuple(journal.scan_open()), *(journal.events_of(name) for name in journal.signal_ids())]


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> list[_Faulty]:
    """The connections of the journals opened in this test, oldest first."""
    made: list[_Faulty] = []

    def connect_faulty(path: pathlib.Path, *, read_only: bool) -> _Faulty:
        made.append(_Faulty(connect(path, read_only=read_only)))
        return made[-1]

    monkeypatch.setattr(store, "connect", connect_faulty)
    return made


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", _FAILURES)
def test_each_statement_may_fail(tmp_path: pathlib.Path, faulty: list[_Faulty], kind: str, moment: str) -> None:
    """Whichever statement fails, and with whatever: a batch is there as a whole or not at all, and the file is sound.

    After an error of the store every call raises until it is opened anew; after an interrupt the journal can be used.
    """
    first, second = claim("a"), claim("b", 5)
    allowed = [[first], [first, second], [second, remark("b", 6), Resumed(7, "x")]]
    failed = 0
    for number in range(1, 100):
        journal = SqliteJournal(tmp_path / f"{number}.db")
        journal.claim(first)
        fault = faulty[-1]
        fault.failure, fault.after, fault.countdown = _FAILURES[kind], moment == "after", number
        outcome = _attempt(journal)
        if outcome is KeyboardInterrupt:
            assert journal.claim(claim("c")) is None
            journal.append([Closed(9, "c", ClosedBy.EXIT)])
        elif outcome is JournalError:
            with pytest.raises(JournalError, match="failed before"):
                journal.claim(claim("c"))
            with pytest.raises(JournalError, match="failed before"):
                journal.signal_ids()
        journal.close()
        with SqliteJournal(tmp_path / f"{number}.db") as again:
            assert list(again.scan_open()) in allowed
            assert again.verify() > 0
        if outcome is None:
            break
        failed += 1
        assert (outcome is KeyboardInterrupt) == (kind == "interrupt")

    assert 10 < failed < 90


def _attempt(journal: SqliteJournal) -> type[BaseException] | None:
    try:
        journal.claim(claim("b", 5))
        journal.append([remark("b", 6), Resumed(7, "x"), Closed(8, "a", ClosedBy.EXIT)])
    except (JournalError, KeyboardInterrupt) as error:
        return type(error)
    return None


def test_a_failed_read_fails_the_journal(tmp_path: pathlib.Path, faulty: list[_Faulty]) -> None:
    """What cannot be read is an error, not an empty answer, and nothing is written after it."""
    with SqliteJournal(tmp_path / "journal.db") as journal:
        journal.claim(claim("a"))
        faulty[-1].failure, faulty[-1].countdown = _FAILURES["damaged"], 1

        with pytest.raises(JournalError, match="malformed"):
            journal.events_of("a")
        with pytest.raises(JournalError, match="failed before"):
            journal.claim(claim("b"))


@pytest.mark.parametrize("page_count", range(9, 30, 2))
def test_a_full_disk_keeps_whole_batches(tmp_path: pathlib.Path, page_count: int) -> None:
    """When SQLite runs out of room the journal fails, keeps what it acknowledged, and opens again."""
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path)
    with journal._store.reading() as used:
        used.execute(f"PRAGMA max_page_count = {page_count}")
    acknowledged: list[int] = []

    def fill() -> None:
        for number in range(1_000):
            journal.append([Halted(number, HaltLevel.NO_ENTRIES, "x" * 500), Resumed(number, "y")])
            acknowledged.append(number)

    with pytest.raises(JournalError, match=r"database or disk is full; make room on that disk"):
        fill()
    with pytest.raises(JournalError, match="failed before"):
        journal.append([Resumed(1, "z")])
    journal.close()

    with SqliteJournal(path) as again:
        assert again.verify() == len(list(again.scan_open())) == 2 * len(acknowledged)


def test_a_bad_event_fails_nothing(tmp_path: pathlib.Path) -> None:
    """The caller's mistakes are refused without harm to the journal."""
    with SqliteJournal(tmp_path / "journal.db") as journal:
        journal.claim(claim("a"))
        with pytest.raises(ValidationError):
            journal.append([remark("never claimed", 1)])
        with pytest.raises(ValidationError):
            journal.append([claim("b")])
        with pytest.raises(ValidationError):
            journal.claim(Resumed(1, "x"))
        for outside in (-1, 2**63):
            with pytest.raises(JournalError, match="needs a time"):
                journal.append([Resumed(outside, "x")])
        with pytest.raises(JournalError, match="at most 262144 bytes"):
            journal.append([Resumed(1, "x" * 300_000)])

        assert not journal.failed
        assert _everything(journal) == [(claim("a"),), (claim("a"),)]


def test_what_would_come_back_changed_is_not_kept(tmp_path: pathlib.Path) -> None:
    """An event that the disk would not give back as it was is refused when it is written, not when it is needed."""
    with SqliteJournal(tmp_path / "journal.db") as journal:
        with pytest.raises(JournalError, match="cannot be kept: no JSON form for set"):
            journal.append([Resumed(1, {"a", "b"})])  # type: ignore[arg-type]  # the mistake itself
        with pytest.raises(JournalError, match="cannot be kept: expected str, was int"):
            journal.append([Resumed(1, 5)])  # type: ignore[arg-type]  # the mistake itself
        with pytest.raises(JournalError, match="come back changed"):
            journal.append([Halted(1, HaltLevel.NONE, _Shouting("x"))])
        with pytest.raises(JournalError, match="cannot be kept"):
            journal.append([remark("lone \ud800 surrogate", 1)])

        assert (journal.failed, journal.created_ms) == (False, None)


class _Shouting(str):
    """Text that is not equal to what it is written as."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


def _delete(path: pathlib.Path) -> None:
    path.unlink()


def _delete_log(path: pathlib.Path) -> None:
    path.with_name(path.name + "-wal").unlink()


def _replace(path: pathlib.Path) -> None:
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    copy.rename(path)


@pytest.mark.parametrize("harm", [_delete, _delete_log, _replace])
def test_a_file_taken_away_is_noticed(tmp_path: pathlib.Path, harm: Callable[[pathlib.Path], None]) -> None:
    """When the file or its log is deleted or replaced under its owner, nothing more is claimed."""
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path)
    journal.claim(claim("a"))
    harm(path)

    with pytest.raises(JournalError, match="deleted or replaced while in use"):
        journal.claim(claim("b"))
    with pytest.raises(JournalError, match="failed before"):
        journal.claim(claim("b"))
    journal.close()


def test_a_second_writer_is_noticed(tmp_path: pathlib.Path) -> None:
    """An owner whose lock file was deleted finds out before it writes over what the next owner wrote."""
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path)
    journal.claim(claim("a"))
    path.with_name(path.name + ".lock").unlink()
    with SqliteJournal(path) as second:
        second.claim(claim("b"))

        with pytest.raises(JournalError, match="somebody else wrote to it"):
            journal.claim(claim("c"))
        assert journal.failed
        journal.close()
        assert second.signal_ids() == ("a", "b")


def test_a_locked_file_fails_the_journal(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign program that holds SQLite's write lock too long makes the write fail, with a hint."""
    path = tmp_path / "journal.db"
    monkeypatch.setattr("surefill.adapters.journal.connection.SETTINGS", (("busy_timeout", 0),))
    with SqliteJournal(path) as journal, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(JournalError, match="another program holds a lock on it"):
            journal.claim(claim("a"))
        other.execute("ROLLBACK")


def test_what_is_written_cannot_be_changed_by_accident(tmp_path: pathlib.Path) -> None:
    """The tables themselves refuse to change or drop events, and to forget claims."""
    path = tmp_path / "journal.db"
    with SqliteJournal(path) as journal:
        journal.claim(claim("a"))
    with closing(sqlite3.connect(path)) as other:
        for statement in ("UPDATE event SET at_ms = 5", "DELETE FROM event", "DELETE FROM signal"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                other.execute(statement)
