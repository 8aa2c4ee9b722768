"""The audit log on disk: one line one write, one file a day and process, and nothing half-written."""

import errno
import fcntl
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from loguru import logger

from surefill.adapters.audit import JsonLinesAudit, MemoryAudit, audit_files, read, verify
from surefill.adapters.audit import json_lines as module
from surefill.domain.audit_record import AuditRecord, AuditType
from surefill.domain.errors import JournalError
from surefill.ports.audit import Audit

NOON_MS = 1_795_348_800_000  # 2026-11-22T12:00:00Z
MIDNIGHT_MS = NOON_MS + 43_200_000

_WRITER = """
import sys
from surefill.adapters.audit import JsonLinesAudit
from surefill.domain.audit_record import AuditRecord, AuditType
audit = JsonLinesAudit(sys.argv[1], tag="worker")
number = 0
while True:
    audit.write(AuditRecord(1_795_348_800_000 + number, AuditType.REPORTED, str(number), "paper"))
    print(number, flush=True)
    number += 1
"""


def _record(at_ms: int = NOON_MS, **named: Any) -> AuditRecord:  # any field of the record
    return AuditRecord(at_ms=at_ms, type=AuditType.REPORTED, operation="test", environment="paper", **named)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Where the audit log shall lie; it is not there yet."""
    return tmp_path / "logs" / "audit"


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """What was logged at WARNING or above."""
    logger.enable("surefill")
    texts: list[str] = []
    logger.add(lambda message: texts.append(str(message)), level="WARNING", format="{message}")
    yield texts
    logger.remove()


def _lines(path: pathlib.Path) -> list[str]:
    return path.read_text().splitlines()


def _names(folder: pathlib.Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_is_made_before_the_first_record(folder: pathlib.Path) -> None:
    """Opening and closing an audit log leaves no trace."""
    with JsonLinesAudit(folder) as audit:
        assert audit.path is None

    assert not folder.exists()


def test_a_line_is_in_the_file_when_write_returns(folder: pathlib.Path) -> None:
    """Nothing waits in a buffer: the file is whole after each record, and named after day and process."""
    with JsonLinesAudit(folder) as audit:
        for count in range(1, 4):
            audit.write(_record())

            assert verify(folder / f"audit-2026-11-22-{os.getpid()}.jsonl").lines == count


def test_a_line_is_one_write(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line goes to the system in one piece, newline last, so that lines cannot mix."""
    pieces: list[bytes] = []
    write = os.write

    def spy(fd: int, data: bytes) -> int:
        pieces.append(bytes(data))
        return write(fd, data)

    with JsonLinesAudit(folder, tag="a") as audit:
        monkeypatch.setattr(os, "write", spy)
        audit.write(_record())
        audit.write(_record(response={"text": "x" * 30_000}))
        monkeypatch.undo()

    assert [piece.count(b"\n") for piece in pieces] == [1, 1]
    assert b"".join(pieces) == (folder / "audit-2026-11-22-a.jsonl").read_bytes()


@pytest.mark.parametrize(("sync", "syncs"), [(True, 3), (False, 0)])
def test_syncing_is_as_asked(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, sync: object, syncs: int) -> None:
    """With `sync` each line and the file's name are on the disk when `write` returns; without it no time is spent."""
    folder.mkdir(parents=True)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with JsonLinesAudit(folder, sync=bool(sync)) as audit:
        audit.write(_record())
        audit.write(_record())

    assert len(synced) == syncs


def test_everything_is_private(folder: pathlib.Path) -> None:
    """Files are the owner's alone and so are folders that had to be made, whatever the umask."""
    before = os.umask(0)
    try:
        with JsonLinesAudit(folder, tag="a") as audit:
            audit.write(_record())
    finally:
        os.umask(before)

    assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent)] == [0o700, 0o700]
    assert (folder / "audit-2026-11-22-a.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_file_open_to_others_is_made_private(folder: pathlib.Path) -> None:
    """A file that was there before does not stay readable for everybody."""
    for _ in range(2):
        with JsonLinesAudit(folder, tag="a") as audit:
            audit.write(_record())
        (path,) = audit_files(folder)
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o666)


def test_a_new_day_is_a_new_file(folder: pathlib.Path) -> None:
    """The record's own UTC day decides, to the millisecond; a late record goes back to its day, and chains go on."""
    with JsonLinesAudit(folder, tag="a") as audit:
        for at_ms in (MIDNIGHT_MS - 1, MIDNIGHT_MS, MIDNIGHT_MS - 2, MIDNIGHT_MS + 1):
            audit.write(_record(at_ms))

    assert _names(folder) == ["audit-2026-11-22-a.jsonl", "audit-2026-11-23-a.jsonl"]
    assert [verify(path).lines for path in audit_files(folder)] == [2, 2]


def test_a_log_opened_again_goes_on(folder: pathlib.Path) -> None:
    """The same writer continues its file: numbers and chain go on."""
    for _ in range(3):
        with JsonLinesAudit(folder, tag="a") as audit:
            audit.write(_record())

    assert _names(folder) == ["audit-2026-11-22-a.jsonl"]
    assert verify(folder / "audit-2026-11-22-a.jsonl").lines == 3


def test_the_longest_lines_are_found_again(folder: pathlib.Path) -> None:
    """A chain goes on also after the longest line there can be, torn or not."""
    path = folder / "audit-2026-11-22-a.jsonl"
    for _ in range(2):
        with JsonLinesAudit(folder, tag="a") as audit:
            audit.write(_record(response={str(number): "x" * 2_048 for number in range(31)}))
            audit.write(_record(response={str(number): "x" * 2_048 for number in range(31)}))
        with path.open("ab") as file:
            file.write(path.read_bytes().splitlines()[0][:60_000])

    with JsonLinesAudit(folder, tag="a") as audit:
        audit.write(_record())

    assert max(map(len, path.read_bytes().splitlines())) > 60_000
    assert verify(path).lines == 5


@pytest.mark.parametrize("cut", [1, 2, 40, 10_000])
def test_a_torn_line_is_moved_aside(folder: pathlib.Path, warnings: list[str], cut: int) -> None:
    """What a crash left of the last line goes to a file beside it, loudly; the chain goes on with the whole ones."""
    path = folder / "audit-2026-11-22-a.jsonl"
    with JsonLinesAudit(folder, tag="a") as audit:
        audit.write(_record())
        audit.write(_record())
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    left = max(first, len(whole) - cut)
    torn = whole[first:left]
    path.write_bytes(whole[:left])

    with JsonLinesAudit(folder, tag="a") as audit:
        audit.write(_record())

    assert verify(path).lines == 2
    aside = path.with_name(path.name + ".torn")
    assert (aside.read_bytes() if aside.exists() else b"") == (torn + b"\n" if torn else b"")
    assert len(warnings) == (1 if torn else 0)
    assert not torn or aside.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "ending",
    [b"not json\n", b"[]\n", b"{}\n", b'{"seq":"1"}\n', b'{"seq":0}\n', b"\n", bytes(300_000), b"[" * 60_000 + b"\n"],
    ids=["text", "list", "no seq", "text seq", "seq 0", "blank", "zeros", "brackets"],
)
def test_a_damaged_file_is_left_alone(folder: pathlib.Path, warnings: list[str], ending: bytes) -> None:
    """A file whose end is no line of ours is evidence: it stays as it is, and the next file is begun, loudly."""
    path = folder / "audit-2026-11-22-a.jsonl"
    with JsonLinesAudit(folder, tag="a") as audit:
        audit.write(_record())
    damaged = path.read_bytes() + ending
    path.write_bytes(damaged)

    with JsonLinesAudit(folder, tag="a") as audit:
        audit.write(_record())
        audit.write(_record())

    assert path.read_bytes() == damaged
    assert verify(folder / "audit-2026-11-22-a.2.jsonl").lines == 2
    assert len(warnings) == 1
    assert len(list(read(folder))) >= 3


def test_two_owners_of_one_tag_do_not_mix(folder: pathlib.Path) -> None:
    """A second log with the same tag begins a file of its own; both stay whole."""
    with JsonLinesAudit(folder, tag="a") as first, JsonLinesAudit(folder, tag="a") as second:
        for _ in range(3):
            first.write(_record())
            second.write(_record())

    assert [(path.name, verify(path).lines) for path in audit_files(folder)] == [
        ("audit-2026-11-22-a.2.jsonl", 3),
        ("audit-2026-11-22-a.jsonl", 3),
    ]


def test_too_many_owners_are_an_error(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search for a free file has an end."""
    monkeypatch.setattr(module, "PARTS_MAX", 1)
    with JsonLinesAudit(folder, tag="a") as first, JsonLinesAudit(folder, tag="a") as second:
        first.write(_record())
        with pytest.raises(JournalError, match="none of the 1 files of 2026-11-22"):
            second.write(_record())


def test_threads_lose_and_mix_nothing(folder: pathlib.Path) -> None:
    """Threads that write at once make one sound chain that holds every record once."""
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        for step in range(25):
            audit.write(_record(signal_id=f"{number}-{step}"))

    with JsonLinesAudit(folder, tag="a") as audit:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert verify(folder / "audit-2026-11-22-a.jsonl").lines == 200
    assert len({fields["signal_id"] for fields in read(folder)}) == 200


def test_a_killed_writer_loses_nothing(folder: pathlib.Path) -> None:
    """After SIGKILL every record whose write had returned is there, and the next writer goes on in the same file."""
    seen = 0
    for _ in range(2):
        with subprocess.Popen(  # noqa: S603  # our own interpreter and script
            [sys.executable, "-c", _WRITER, str(folder)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            for _ in range(20):
                writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
            seen += 20 + len(writer.stdout.readlines())

        (path,) = audit_files(folder)
        assert verify(path).lines >= seen


def _failing(error: OSError) -> Callable[..., int]:
    def fail(*_: object) -> int:
        raise error

    return fail


def _short(fd: int, data: bytes) -> int:
    return _SYSTEM_WRITE(fd, data[: len(data) // 2])


_SYSTEM_WRITE = os.write
_FULL = OSError(errno.ENOSPC, "no space left on device")


@pytest.mark.parametrize(
    ("call", "failure"),
    [
        ("write", _failing(_FULL)),
        ("write", _failing(OSError(errno.EIO, "input/output error"))),
        ("write", _short),
        ("fsync", _failing(OSError(errno.EIO, "input/output error"))),
    ],
    ids=["full", "io", "short", "fsync"],
)
def test_a_failed_write_leaves_nothing_behind(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, call: str, failure: Callable[..., int]
) -> None:
    """A record that could not be kept raises and leaves no byte; the next one is kept as soon as the disk is well."""
    path = folder / "audit-2026-11-22-a.jsonl"
    with JsonLinesAudit(folder, tag="a", sync=True) as audit:
        audit.write(_record())
        whole = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failure)
            for _ in range(2):
                with pytest.raises(JournalError, match=r"cannot be written.*check space and rights"):
                    audit.write(_record())
                assert (audit.failed, audit.path, path.read_bytes()) == (True, None, whole)
        audit.write(_record())

        assert not audit.failed
    assert verify(path).lines == 2
    assert _names(folder) == [path.name]


def test_half_a_line_that_stays_is_repaired(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, warnings: list[str]
) -> None:
    """When even taking the half line back fails, opening the file anew repairs it."""
    path = folder / "audit-2026-11-22-a.jsonl"
    with JsonLinesAudit(folder, tag="a") as audit:
        audit.write(_record())
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", _short)
            patch.setattr(os, "ftruncate", _failing(OSError(errno.EIO, "input/output error")))
            with pytest.raises(JournalError):
                audit.write(_record())
        assert not verify(path).whole
        audit.write(_record())

    assert verify(path).lines == 2
    assert len(warnings) == 2


@pytest.mark.parametrize("make", [pathlib.Path.touch, lambda path: path.symlink_to("elsewhere")])
def test_a_folder_that_cannot_be_used_is_an_error(tmp_path: pathlib.Path, make: Callable[[pathlib.Path], None]) -> None:
    """A file, or a link to nowhere, in the folder's place is reported."""
    make(tmp_path / "logs")
    with JsonLinesAudit(tmp_path / "logs") as audit, pytest.raises(JournalError, match="cannot be written"):
        audit.write(_record())


def test_a_link_in_the_files_place_is_not_followed(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Nobody can make the log write into another file."""
    folder.mkdir(parents=True)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (folder / "audit-2026-11-22-a.jsonl").symlink_to(victim)

    with JsonLinesAudit(folder, tag="a") as audit, pytest.raises(JournalError):
        audit.write(_record())

    assert victim.read_text() == "mine"


def test_a_pipe_in_the_files_place_is_passed_over(folder: pathlib.Path) -> None:
    """What is no regular file cannot keep lines."""
    folder.mkdir(parents=True)
    os.mkfifo(folder / "audit-2026-11-22-a.jsonl")

    with JsonLinesAudit(folder, tag="a") as audit:
        audit.write(_record())

    assert verify(folder / "audit-2026-11-22-a.2.jsonl").lines == 1


def _rotate(path: pathlib.Path) -> None:
    path.rename(path.with_name("rotated"))


def _empty(path: pathlib.Path) -> None:
    path.write_bytes(b"")


def _add(path: pathlib.Path) -> None:
    with path.open("ab") as file:
        file.write(b"somebody else's half line")


@pytest.mark.parametrize(
    ("harm", "lines"),
    [(pathlib.Path.unlink, 1), (_rotate, 1), (_empty, 1), (_add, 2)],
    ids=["gone", "moved", "cut", "longer"],
)
def test_a_file_changed_under_us_is_opened_anew(
    folder: pathlib.Path, warnings: list[str], harm: Callable[[pathlib.Path], None], lines: int
) -> None:
    """When the file is deleted, rotated, cut or written to by others, records go on into a sound file, loudly."""
    path = folder / "audit-2026-11-22-a.jsonl"
    with JsonLinesAudit(folder, tag="a") as audit:
        audit.write(_record())
        harm(path)
        audit.write(_record())

    assert verify(path).lines == lines
    assert any("changed by somebody else" in text for text in warnings)


def test_a_closed_log_takes_nothing(folder: pathlib.Path) -> None:
    """Closing twice is harmless; writing afterwards is an error, and the file is free for others."""
    audit = JsonLinesAudit(folder, tag="a")
    audit.write(_record())
    audit.close()
    audit.close()

    with pytest.raises(JournalError, match="was closed"):
        audit.write(_record())
    with (folder / "audit-2026-11-22-a.jsonl").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_forked_process_needs_its_own(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another process the log takes nothing and closing it closes nothing."""
    audit = JsonLinesAudit(folder, tag="a")
    audit.write(_record())
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)
        with pytest.raises(JournalError, match="after a fork"):
            audit.write(_record())
        audit.close()
    audit.write(_record())
    audit.close()

    assert verify(folder / "audit-2026-11-22-a.jsonl").lines == 2


@pytest.mark.parametrize(
    "tag",
    ["", "a/b", "..", "a b", "ä", "x" * 65, "a\n"],
    ids=["empty", "slash", "dots", "blank", "umlaut", "long", "newline"],
)
def test_a_tag_is_part_of_a_file_name(folder: pathlib.Path, tag: str) -> None:
    """What does not belong in a file name is refused."""
    with pytest.raises(ValueError, match="tag: must be 1 to 64 letters"):
        JsonLinesAudit(folder, tag=tag)


def test_a_record_without_a_date_fails_nothing(folder: pathlib.Path) -> None:
    """The caller's mistake is refused; the log goes on."""
    with JsonLinesAudit(folder) as audit:
        with pytest.raises(JournalError, match="within the calendar"):
            audit.write(_record(10**18))

        assert not audit.failed
        audit.write(_record())


def test_the_short_ways_say_the_same(folder: pathlib.Path) -> None:
    """The convenience methods write ordinary records, in the file and in memory alike."""
    order = {"at_ms": NOON_MS, "environment": "paper", "symbol": "BTCUSDT", "signal_id": "s1", "client_order_id": "c1"}
    memory = MemoryAudit()
    with JsonLinesAudit(folder) as file:
        for audit in (file, memory):
            audit.log_order_placed(**order, order_data={"side": "BUY"}, response={"orderId": "7"})  # type: ignore[arg-type]  # a mixed dict
            audit.log_order_rejected(**order, order_data={"side": "BUY"}, response={"code": -2019})  # type: ignore[arg-type]  # likewise
            audit.log_retry_attempt(
                at_ms=NOON_MS, environment="paper", operation="snapshot", attempt=2, wait_ms=2_000, error="503"
            )

    assert [
        (
            f["event_type"],
            f["operation"],
            f["symbol"],
            f["order_data"],
            f["response"],
            f["signal_id"],
            f["client_order_id"],
        )
        for f in read(folder)
    ] == [
        ("order_placed", "place_order", "BTCUSDT", {"side": "BUY"}, {"orderId": "7"}, "s1", "c1"),
        ("order_rejected", "place_order", "BTCUSDT", {"side": "BUY"}, {"code": -2019}, "s1", "c1"),
        ("retry_attempt", "snapshot", None, {}, {"attempt": 2, "wait_ms": 2_000, "error": "503"}, None, None),
    ]
    assert [record.type.value for record in memory.records] == ["order_placed", "order_rejected", "retry_attempt"]


def test_the_log_in_memory_keeps_what_the_file_would(folder: pathlib.Path) -> None:
    """Both fill the same port: records in order, refusals alike, nothing after closing."""
    memory = MemoryAudit()
    audits: list[Audit] = [memory, JsonLinesAudit(folder)]
    for audit in audits:
        audit.write(_record())
        with pytest.raises(JournalError):
            audit.write(_record(10**18))
        audit.close()
        audit.close()
        with pytest.raises(JournalError, match="was closed"):
            audit.write(_record())

    assert (memory.records, memory.failed) == ((_record(),), False)
    assert [json.loads(line)["operation"] for path in audit_files(folder) for line in _lines(path)] == ["test"]
