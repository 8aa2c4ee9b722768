"""The SQLite journal on a sound disk: who may open it, with which rights, and in which form."""

import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from loguru import logger

from surefill.adapters.journal import SqliteJournal, chain, connection, filesystem, schema
from surefill.adapters.journal.store import Store
from surefill.domain.errors import JournalError
from surefill.domain.events import Closed, Resumed
from surefill.domain.report import ClosedBy
from surefill.testing.sample_events import claim, remark

_OWNER = """
import sys
from surefill.adapters.journal import SqliteJournal
from surefill.testing.sample_events import claim
journal = SqliteJournal(sys.argv[1])
number = 0
while True:
    name = f"signal-{number}"
    if journal.claim(claim(name)) is None:
        print(name, flush=True)
    number += 1
"""
_FORKING = """
import os, sys
from surefill.adapters.journal import SqliteJournal
from surefill.domain.errors import JournalError
from surefill.testing.sample_events import claim
journal = SqliteJournal(sys.argv[1])
journal.claim(claim("before"))
child = os.fork()
if child == 0:
    try:
        journal.claim(claim("in the child"))
    except JournalError as error:
        journal.close()
        os._exit(0 if "forked" in str(error) else 2)
    os._exit(1)
_, status = os.waitpid(child, 0)
try:
    SqliteJournal(sys.argv[1])
except JournalError:
    journal.claim(claim("after"))
    journal.close()
    print(os.waitstatus_to_exitcode(status), SqliteJournal(sys.argv[1]).signal_ids())
"""


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    """Where the journal shall lie; neither folder nor file is there."""
    return tmp_path / "state" / "of bot 7?" / "journal.db"


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """What was logged at WARNING or above."""
    logger.enable("surefill")
    texts: list[str] = []
    logger.add(lambda message: texts.append(str(message)), level="WARNING", format="{message}")
    yield texts
    logger.remove()


@pytest.fixture
def careless_umask() -> Iterator[None]:
    """A process that leaves everything open to everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def _owner(path: pathlib.Path) -> subprocess.Popen[str]:
    """Another process that owns the journal and claims one signal after the other."""
    command = [sys.executable, "-c", _OWNER, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own interpreter and script


def _modes(path: pathlib.Path) -> dict[str, int]:
    return {found.name: found.stat().st_mode & 0o777 for found in path.parent.iterdir()}


@pytest.mark.usefixtures("careless_umask")
def test_everything_is_private(path: pathlib.Path) -> None:
    """Folder and files are the owner's alone, whatever the umask."""
    with SqliteJournal(path) as journal:
        journal.claim(claim("a"))

        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert path.parent.parent.stat().st_mode & 0o777 == 0o700
        assert _modes(path) == dict.fromkeys(
            ("journal.db", "journal.db-wal", "journal.db-shm", "journal.db.lock"), 0o600
        )


def test_an_open_file_is_made_private(path: pathlib.Path, warnings: list[str]) -> None:
    """A journal that others could read is taken from them, and the log says so."""
    SqliteJournal(path).close()
    path.chmod(0o644)

    SqliteJournal(path).close()

    assert path.stat().st_mode & 0o777 == 0o600
    assert [text for text in warnings if "had mode 644" in text]


def test_full_sync_is_in_force(path: pathlib.Path) -> None:
    """Commits go to the disk: write-ahead log with full sync, on the connection that is used."""
    with SqliteJournal(path) as journal, journal._store.reading() as used:
        assert used.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        for name, value in connection.SETTINGS:
            assert (name, used.execute(f"PRAGMA {name}").fetchone()[0]) == (name, value)
    assert ("synchronous", 2) in connection.SETTINGS


def test_a_setting_that_is_not_taken_is_no_secret(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When SQLite ignores a setting the journal does not open, and leaves no lock behind."""
    with monkeypatch.context() as patch:
        patch.setattr(connection, "SETTINGS", (("synchronous", 7),))
        with pytest.raises(JournalError, match="did not take the setting synchronous = 7"):
            SqliteJournal(path)

    SqliteJournal(path).close()


def test_an_old_sqlite_is_refused(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python built with a SQLite too old is told so."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))

    with pytest.raises(JournalError, match=r"needs SQLite 3\.37"):
        SqliteJournal(path)


def test_the_write_ahead_log_is_switched_on_again(path: pathlib.Path) -> None:
    """A journal that somebody switched to another mode writes ahead again once its owner has opened it."""
    SqliteJournal(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = DELETE")

    with SqliteJournal(path) as journal, journal._store.reading() as used:
        assert used.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_place_without_write_ahead_log_is_refused() -> None:
    """Where SQLite silently keeps another mode, the journal does not go on."""
    with (
        closing(sqlite3.connect(":memory:")) as nowhere,
        pytest.raises(JournalError, match="journal mode was memory"),
    ):
        connection.use_write_ahead_log(nowhere)


def _folder(path: pathlib.Path) -> None:
    path.mkdir()


def _pipe(path: pathlib.Path) -> None:
    os.mkfifo(path)


def _text(path: pathlib.Path) -> None:
    path.write_text("not a database, but long enough to look at " * 50)


def _foreign(path: pathlib.Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE mine (value)")


def _newer(path: pathlib.Path) -> None:
    SqliteJournal(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("prepare", "problem"),
    [
        (_folder, "not a regular file"),
        (_pipe, "not a regular file"),
        (_text, "it is no journal: name another file"),
        (_foreign, "a SQLite database of another program"),
        (_newer, r"newer surefill \(form 99.*install that version"),
    ],
)
def test_what_is_no_journal_is_refused(
    path: pathlib.Path, prepare: Callable[[pathlib.Path], None], problem: str
) -> None:
    """A path that names something else is refused with a reason, and what is there is not touched."""
    path.parent.mkdir(parents=True)
    prepare(path)
    before = path.read_bytes() if path.is_file() else b""

    with pytest.raises(JournalError, match=problem):
        SqliteJournal(path)

    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_folder_that_cannot_be_made_is_a_journal_error(path: pathlib.Path) -> None:
    """A file where the folder should be is reported, not raised as a system error."""
    path.parent.parent.mkdir(parents=True)
    path.parent.write_text("in the way")

    with pytest.raises(JournalError, match="cannot be opened"):
        SqliteJournal(path)


def test_an_empty_file_becomes_a_journal(path: pathlib.Path) -> None:
    """A process that died right after making the file left nothing that stands in the way."""
    path.parent.mkdir(parents=True)
    path.touch()

    with SqliteJournal(path) as journal:
        assert journal.claim(claim("a")) is None


def test_an_older_form_is_brought_up_to_date(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening an older file as its owner adds what it lacks and keeps what it holds; a reader has to wait for that."""
    with SqliteJournal(path) as journal:
        journal.claim(claim("a"))
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, ("CREATE TABLE later (value INTEGER) STRICT",)))

    with pytest.raises(JournalError, match="form 1, this version of surefill reads form 2"):
        SqliteJournal(path, read_only=True)
    with SqliteJournal(path) as journal, SqliteJournal(path, read_only=True) as reader:
        assert journal.signal_ids() == reader.signal_ids() == ("a",)


def test_a_failed_upgrade_leaves_the_old_form(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade that breaks off halfway changes nothing."""
    SqliteJournal(path).close()
    with monkeypatch.context() as patch:
        patch.setattr(schema, "STEPS", (*schema.STEPS, ("CREATE TABLE later (value INTEGER)", "NOT SQL")))
        with pytest.raises(JournalError, match="syntax error"):
            SqliteJournal(path)

    with SqliteJournal(path) as journal:
        assert journal.verify() == 0


def test_a_reader_looks_on_while_the_owner_writes(path: pathlib.Path) -> None:
    """Without the lock one reads what is there now, and writes nothing."""
    with SqliteJournal(path) as journal, SqliteJournal(path, read_only=True) as reader:
        journal.claim(claim("a", 5))

        assert (reader.created_ms, reader.signal_ids(), list(reader.scan_open())) == (5, ("a",), [claim("a", 5)])
        with pytest.raises(JournalError, match="read-only"):
            reader.claim(claim("b"))
        with pytest.raises(JournalError, match="read-only"):
            reader.append([remark("a", 2)])
        assert not reader.failed
        assert reader.events_of("a") == (claim("a", 5),)


@pytest.mark.parametrize("prepare", [lambda _: None, lambda path: path.touch()])
def test_a_reader_makes_no_journal(path: pathlib.Path, prepare: Callable[[pathlib.Path], None]) -> None:
    """Reading a journal that is not there, or not yet made, is an error and makes nothing."""
    path.parent.mkdir(parents=True)
    prepare(path)
    before = list(path.parent.iterdir())

    with pytest.raises(JournalError):
        SqliteJournal(path, read_only=True)

    assert list(path.parent.iterdir()) == before


def test_two_names_of_one_file_are_one_journal(path: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """A symbolic link does not open a second door for a second owner."""
    with SqliteJournal(path) as journal:
        link = tmp_path / "link.db"
        link.symlink_to(path)

        assert journal.path == path.resolve()
        with pytest.raises(JournalError, match="has an owner already"):
            SqliteJournal(link)


def test_a_killed_owner_loses_nothing_and_holds_nothing(path: pathlib.Path) -> None:
    """Another process's lock keeps us out and names it; after its SIGKILL every claim it acknowledged is there."""
    for _ in range(2):
        with _owner(path) as owner:
            assert owner.stdout is not None
            acknowledged = [owner.stdout.readline().strip() for _ in range(20)]
            with pytest.raises(JournalError, match=f"process {owner.pid}"):
                SqliteJournal(path)
            owner.send_signal(signal.SIGKILL)
            acknowledged += owner.stdout.read().split()

        with SqliteJournal(path) as journal:
            assert set(acknowledged) <= set(journal.signal_ids())
            assert journal.verify() == len(journal.signal_ids())


def test_a_dead_owners_journal_can_be_read(path: pathlib.Path) -> None:
    """What a killed owner left in its write-ahead log is read without becoming its owner."""
    with _owner(path) as owner:
        assert owner.stdout is not None
        first = owner.stdout.readline().strip()
        owner.kill()

    with SqliteJournal(path, read_only=True) as reader:
        assert first in reader.signal_ids()


def test_a_forked_child_is_kept_out(path: pathlib.Path) -> None:
    """A child can neither use nor unlock the journal of its parent, and the parent goes on undisturbed."""
    done = subprocess.run(  # noqa: S603  # our own interpreter, our own script
        [sys.executable, "-W", "ignore", "-c", _FORKING, path], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "0 ('before', 'after')"


def test_another_process_id_is_another_owner(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call is refused in a process that did not open the journal; closing there closes nothing."""
    journal = SqliteJournal(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)
        with pytest.raises(JournalError, match="forked"):
            journal.claim(claim("a"))
        with pytest.raises(JournalError, match="forked"):
            journal.signal_ids()
        with pytest.raises(JournalError, match="forked"):
            journal.verify()
        journal.close()

    assert journal.claim(claim("a")) is None
    journal.close()


@pytest.mark.parametrize(
    ("table", "folder", "kind"),
    [
        ("/dev/sda1 / ext4 rw 0 0\n", "/srv/state", "ext4"),
        ("/dev/sda1 / ext4 rw 0 0\nserver:/x /srv nfs4 rw 0 0\n", "/srv/state", "nfs4"),
        ("server:/x /srv nfs4 rw 0 0\n/dev/sda1 / ext4 rw 0 0\n", "/srv/state", "nfs4"),
        ("server:/x /srv nfs4 rw 0 0\n", "/srvstate", None),
        ("server:/x /my\\040disk cifs rw 0 0\n", "/my disk/state", "cifs"),
        ("/dev/sda1 /srv ext4 rw 0 0\nserver:/x /srv nfs rw 0 0\n", "/srv", "nfs"),
        ("torn\n\n", "/srv", None),
    ],
)
def test_the_mount_table_is_understood(table: str, folder: str, kind: str | None) -> None:
    """The deepest mount above a folder counts, the later one where two lie on each other, blanks unescaped."""
    assert filesystem.file_system_type(pathlib.Path(folder), table) == kind


def test_a_network_disk_is_refused(path: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal is not opened where locks and syncs are promises nobody keeps."""
    table = tmp_path / "mounts"
    table.write_text(f"server:/export {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr(filesystem, "MOUNT_TABLE", table)

    with pytest.raises(JournalError, match=r"network file system \(nfs4\).*use a local disk"):
        SqliteJournal(path)


def test_a_disk_in_memory_is_reported(
    path: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, warnings: list[str]
) -> None:
    """A journal in memory works, with a warning; a system without a mount table is taken as it is."""
    table = tmp_path / "mounts"
    table.write_text(f"tmpfs {tmp_path} tmpfs rw 0 0\n")
    monkeypatch.setattr(filesystem, "MOUNT_TABLE", table)
    SqliteJournal(path).close()
    assert [text for text in warnings if "will not survive a restart" in text]

    table.unlink()
    SqliteJournal(path).close()
    assert len(warnings) == 1


def test_a_journal_tells_what_it_is(path: pathlib.Path) -> None:
    """It is durable, not failed, counts its events when verified, and `with` closes it."""
    with SqliteJournal(path) as journal:
        journal.claim(claim("a"))
        journal.append([remark("a", 2), Resumed(3, "x"), Closed(4, "a", ClosedBy.EXIT)])

        assert (journal.durable, journal.failed, journal.verify()) == (True, False, 4)

    with pytest.raises(JournalError, match="was closed"):
        journal.signal_ids()


def test_a_long_journal_is_checked_where_it_matters(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past a length, opening looks at the open signals and the end only; a sound one opens."""
    monkeypatch.setattr(chain, "WHOLE_UP_TO", 0)
    SqliteJournal(path).close()
    with SqliteJournal(path) as journal:
        journal.claim(claim("a"))
        journal.claim(claim("b"))
        journal.append([Closed(2, "a", ClosedBy.EXIT), Resumed(3, "x"), remark("b", 4)])

    checked: list[int] = []
    monkeypatch.setattr(chain, "check_whole", lambda _: checked.append(1))
    with SqliteJournal(path) as journal:
        assert [event.at_ms for event in journal.scan_open()] == [1_000, 3, 4]
    assert checked == []


def test_a_store_that_cannot_close_still_gives_its_lock_back(
    path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever closing the database raises, the next owner can come."""

    class Stuck:
        def close(self) -> None:
            raise sqlite3.OperationalError("disk I/O error")

    store = Store(path.resolve(), read_only=False)
    sound = store._connection
    assert sound is not None
    monkeypatch.setattr(store, "_connection", Stuck())
    with pytest.raises(sqlite3.OperationalError):
        store.close()
    sound.close()

    SqliteJournal(path).close()
