"""Whether journal and audit log can be written, and who is at work on them."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from surefill.adapters.journal import SqliteJournal
from surefill.adapters.journal.holder import holder_of
from surefill.doctor import Finding, Place, Verdict
from surefill.doctor import place_checks as checks
from surefill.domain.halt import HaltLevel
from surefill.state_stamp import StateStamp
from surefill.wiring import journal_path, write_kill_file
from tests.doctor.scripts import place


class Usage(NamedTuple):
    """What shutil returns."""

    total: int
    used: int
    free: int


@pytest.fixture
def made(tmp_path: Path) -> Place:
    """A state directory with a journal in it, and an audit log's folder."""
    where = place(tmp_path)
    SqliteJournal(journal_path(where.state_dir)).close()
    where.audit_dir.mkdir()
    return where


def test_folders_that_are_missing_are_not_made(tmp_path: Path) -> None:
    """What is missing will be made by the manager, where it can be; the doctor leaves no trace."""
    where = Place(state_dir=tmp_path / "a" / "b", audit_dir=tmp_path / "c")

    assert "will be made" in checks.check_state_dir(where, "testnet").text
    assert "will be made" in checks.check_journal(where).text
    assert "will be made" in checks.check_audit(where).text
    assert list(tmp_path.iterdir()) == []


def test_folders_that_are_there_are_written_to(made: Place) -> None:
    """That a folder can be written is tried, not guessed from its rights; nothing is left behind."""
    before = sorted(path.name for path in made.state_dir.iterdir())

    assert "can be written" in checks.check_state_dir(made, "testnet").text
    assert "can be written" in checks.check_audit(made).text
    assert sorted(path.name for path in made.state_dir.iterdir()) == before
    assert list(made.audit_dir.iterdir()) == []


@pytest.mark.parametrize("step", ["open", "write", "fsync"])
def test_a_disk_that_refuses_is_a_problem(made: Place, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """A full disk shows where it hurts: at the write, or not before the sync."""

    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"surefill.doctor.place_checks.os.{step}", refuse)

    finding = checks.check_audit(made)

    assert finding.verdict is Verdict.PROBLEM
    assert "No space left on device" in finding.text
    monkeypatch.undo()
    assert list(made.audit_dir.iterdir()) == []


def test_a_refusal_without_words_is_one_all_the_same(made: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the system that has no text is not taken for success."""

    def refuse(*_: object) -> int:
        raise OSError

    monkeypatch.setattr("surefill.doctor.place_checks.os.fsync", refuse)

    assert checks.check_audit(made).verdict is Verdict.PROBLEM


def test_a_parent_that_cannot_be_written_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is missing, and could not be made, is found before the first manager does."""
    monkeypatch.setattr("surefill.doctor.place_checks.os.access", lambda *_: False)

    finding = checks.check_audit(place(tmp_path))

    assert finding.verdict is Verdict.PROBLEM
    assert "cannot be written" in finding.text


def test_a_file_in_the_folders_place_is_a_problem(tmp_path: Path) -> None:
    """A file has the folder's name: nothing can be kept in it."""
    (tmp_path / "audit").write_text("", encoding="utf-8")

    assert "is no folder" in checks.check_audit(place(tmp_path)).text


@pytest.mark.parametrize(
    ("free", "verdict"),
    [
        (500_000_000, Verdict.OK),
        (499_999_999, Verdict.WARNING),
        (20_000_000, Verdict.WARNING),
        (19_999_999, Verdict.PROBLEM),
    ],
)
def test_a_disk_that_fills_up_is_found(
    made: Place, monkeypatch: pytest.MonkeyPatch, free: int, verdict: Verdict
) -> None:
    """There is a warning while there is time, and a problem when there is none."""
    monkeypatch.setattr("surefill.doctor.place_checks.shutil.disk_usage", lambda _: Usage(10**12, 0, free))

    assert checks.check_audit(made).verdict is verdict


@pytest.mark.parametrize(
    ("kind", "verdict"), [("ext4", Verdict.OK), ("tmpfs", Verdict.WARNING), ("nfs4", Verdict.PROBLEM)]
)
def test_the_kind_of_disk_matters(
    made: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, verdict: Verdict
) -> None:
    """Memory forgets, and locks on a network file system are promises nobody keeps."""
    table = tmp_path / "mounts"
    table.write_text(f"device / {kind} rw 0 0\n", encoding="utf-8")
    monkeypatch.setattr("surefill.doctor.place_checks.MOUNT_TABLE", table)

    assert checks.check_state_dir(made, "testnet").verdict is verdict


def test_where_no_table_of_mounts_is_nothing_is_refused(made: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """On systems that do not tell the kind of disk, the rest is looked at."""
    monkeypatch.setattr("surefill.doctor.place_checks.MOUNT_TABLE", made.state_dir / "none")

    assert checks.check_state_dir(made, "testnet").verdict is Verdict.OK


def test_the_folder_of_another_environment_is_a_problem(made: Place) -> None:
    """A journal of the test exchange is no memory for real money."""
    StateStamp(made.state_dir).bind("testnet")

    assert checks.check_state_dir(made, "testnet").verdict is Verdict.OK
    finding = checks.check_state_dir(made, "live")
    assert finding.verdict is Verdict.PROBLEM
    assert "belongs to the environment testnet" in finding.text


def test_a_journal_at_rest_has_no_owner(made: Place) -> None:
    """A sound journal that nobody holds is told so, with the number of its events."""
    finding = checks.check_journal(made)

    assert finding == Finding("journal", Verdict.OK, "0 events, sound; nobody owns it")


def test_the_owner_of_a_journal_is_named(made: Place) -> None:
    """While a manager holds the journal its process is told; asking does not take the lock from it."""
    path = journal_path(made.state_dir)
    with SqliteJournal(path):
        first, second = checks.check_journal(made), holder_of(path)

    assert first.verdict is Verdict.OK
    assert f"process {os.getpid()} owns it" in first.text
    assert second == str(os.getpid())
    assert holder_of(path) is None


def test_a_lock_without_a_name_in_it_is_held_all_the_same(made: Place) -> None:
    """A holder whose process id cannot be read is still a holder."""
    path = journal_path(made.state_dir)
    with SqliteJournal(path):
        Path(f"{path}.lock").write_text("", encoding="ascii")

        assert holder_of(path) == "unknown"


def test_two_who_ask_do_not_take_each_other_for_owners(made: Place) -> None:
    """A doctor that looks at the lock in the same moment is not the journal's owner."""
    path = journal_path(made.state_dir)
    with Path(f"{path}.lock").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)

        assert holder_of(path) is None


def test_a_journal_that_was_never_owned_has_no_owner(tmp_path: Path) -> None:
    """Without a lock file there is nobody."""
    assert holder_of(tmp_path / "journal.sqlite") is None


def test_a_damaged_journal_is_a_problem(made: Place) -> None:
    """A file that is no journal is told before a manager stumbles over it."""
    journal_path(made.state_dir).write_bytes(b"no database" * 100)

    assert checks.check_journal(made).verdict is Verdict.PROBLEM


def test_a_lock_that_cannot_be_looked_at_is_a_problem(made: Place) -> None:
    """Where the lock should be lies a link: that is no place to trust."""
    lock = Path(f"{journal_path(made.state_dir)}.lock")
    lock.unlink()
    lock.symlink_to(made.audit_dir)

    finding = checks.check_journal(made)

    assert finding.verdict is Verdict.PROBLEM
    assert "cannot be looked at" in finding.text


def test_the_kill_switch_is_a_warning(made: Place) -> None:
    """A halt from outside is told with its level and reason."""
    assert checks.check_halt(made).verdict is Verdict.OK
    write_kill_file(made.state_dir, HaltLevel.NO_ENTRIES, "the spreads are mad")

    finding = checks.check_halt(made)

    assert finding.verdict is Verdict.WARNING
    assert finding.text == "halted at NO_ENTRIES: the spreads are mad"
