"""The files of a journal, as the crash layer copies, cuts and damages them."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from surefill.domain.errors import JournalError
from surefill.testing.sample_events import claim
from tests.chaos.crash.scenarios import SCENARIOS
from tests.chaos.crash.store import Disk, Failure, Files, WatchedJournal, cut, flipped, nothing, without_index
from tests.chaos.crash.stores import Commits, cases


def _scribbled(files: Files) -> Files:
    return {**files, "": b"no journal at all" * 300, "-wal": b""}


def _with_a_torn_tail(files: Files) -> Files:
    return {**files, "-wal": files["-wal"] + b"torn" * 700}


def test_the_next_process_finds_what_was_acknowledged(tmp_path: Path) -> None:
    """Files that are copied as they lie, with a torn tail or without their index, hold every commit that returned."""
    for damage in (nothing, without_index, _with_a_torn_tail):
        disk = Disk(tmp_path / damage.__name__)
        disk.open().claim(claim("a"))
        disk.damage = damage
        again = disk.open()

        assert (again.signal_ids(), disk.refused) == (("a",), [])
        disk.close()


def test_a_log_cut_short_gives_an_older_journal(tmp_path: Path) -> None:
    """A disk that lied about a commit gives a journal that does not know it; a bit turned over does the same."""
    for number in range(2):
        disk = Disk(tmp_path / str(number))
        journal = disk.open()
        before = disk.log_size()
        journal.claim(claim("a"))
        disk.damage = (cut(before + 100), flipped("-wal", before + 100, 3))[number]

        assert disk.open().signal_ids() == ()
        disk.close()


def test_a_damaged_page_is_refused(tmp_path: Path) -> None:
    """A journal that cannot be believed is not opened: a new one is begun, and why is written down."""
    disk = Disk(tmp_path)
    disk.open().claim(claim("a"))
    disk.damage = _scribbled

    assert (disk.open().signal_ids(), len(disk.refused)) == ((), 1)
    disk.close()


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_failing_disk_fails_for_good(tmp_path: Path, *, is_kept: bool) -> None:
    """From the chosen commit on every call raises; the next process finds that commit only if it was kept."""
    disk = Disk(tmp_path, failure=Failure(2, is_kept), is_watched=True)
    journal = disk.open()
    assert isinstance(journal, WatchedJournal)
    assert journal.claim(claim("a")) is None

    for again in range(2):
        with pytest.raises(JournalError, match="disk I/O error"):
            journal.claim(claim(f"b{again}"))
    with pytest.raises(JournalError, match="failed before"):
        journal.signal_ids()

    assert disk.open().signal_ids() == (("a", "b0") if is_kept else ("a",))
    disk.close()


@pytest.mark.chaos
def test_each_commit_is_torn_at_each_frame(tmp_path: Path) -> None:
    """The cases of a scenario cut its log at each frame of each commit, and lie about commits before it."""
    commits = Commits.of(SCENARIOS[0], tmp_path)
    found = tuple(cases(commits, Random(1)))

    frames = (commits.sizes[-1] - commits.sizes[0]) // 4_120
    assert len(commits.sizes) == len(commits.points) + 1
    assert sum(1 for case in found if "cut at" in case.what and not case.is_lie) >= frames
    assert sum(1 for case in found if case.is_lie) == 4 * len(commits.points)
    assert sum(1 for case in found if case.failure) == 2 * len(commits.points)
