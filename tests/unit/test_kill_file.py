"""The kill switch as a file: read before every entry, written whole, and never an open road when it is broken."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from surefill.adapters.kill_file import NAME, SIZE_MAX, KillFile
from surefill.domain.halt import HaltLevel
from surefill.ports.kill_switch import HaltOrder


def test_no_file_no_halt(tmp_path: Path) -> None:
    """Nobody halted."""
    assert KillFile(tmp_path)() is None


@pytest.mark.parametrize("level", [HaltLevel.NO_ENTRIES, HaltLevel.CANCEL_ENTRIES, HaltLevel.FLATTEN_OURS])
def test_what_is_written_is_read(tmp_path: Path, level: HaltLevel) -> None:
    """Level and reason, whatever language it is in."""
    KillFile(tmp_path).write(level, "停止")

    assert KillFile(tmp_path)() == HaltOrder(level, "停止")


def test_the_file_is_private_and_whole(tmp_path: Path) -> None:
    """Only its owner may read or write it, no part is left behind, and it is plain JSON for a person in a hurry."""
    kill_file = KillFile(tmp_path)

    kill_file.write(HaltLevel.NO_ENTRIES, "a")
    kill_file.write(HaltLevel.FLATTEN_OURS, "b")

    assert stat.S_IMODE(kill_file.path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert json.loads(kill_file.path.read_text(encoding="utf-8")) == {"level": "FLATTEN_OURS", "reason": "b"}


def test_the_name_is_on_the_disk_before_anybody_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A halt that a loss of power took away would be taken for a release: the folder is synced with the file in it."""
    synced: list[list[str]] = []
    monkeypatch.setattr(
        "surefill.adapters.kill_file.sync_folder",
        lambda folder: synced.append([path.name for path in folder.iterdir()]),
    )

    KillFile(tmp_path).write(HaltLevel.NO_ENTRIES, "a")

    assert synced == [[NAME]]


def test_it_is_taken_away_once(tmp_path: Path) -> None:
    """The second time there is nothing to take away."""
    kill_file = KillFile(tmp_path)
    kill_file.write(HaltLevel.NO_ENTRIES, "a")

    assert kill_file.remove()
    assert not kill_file.remove()
    assert kill_file() is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"halt!",
        b"[]",
        b"null",
        b'"NO_ENTRIES"',
        b'{"level": "NO_ENTRIES"}',
        b'{"reason": "x"}',
        b'{"level": "SOMETIMES", "reason": "x"}',
        b'{"level": 1, "reason": "x"}',
        b'{"level": [], "reason": "x"}',
        b"\xff\xfe\x00",
        b"[" * SIZE_MAX,
        b'{"level": "NO_ENTRIES", "reason": "' + b"x" * SIZE_MAX + b'"}',
    ],
)
def test_a_file_that_cannot_be_understood_halts(tmp_path: Path, content: bytes) -> None:
    """`touch HALT` is enough, and so is any mistake: entries stop, and the reason names the file."""
    kill_file = KillFile(tmp_path)
    kill_file.path.write_bytes(content)

    order = kill_file()

    assert order is not None
    assert order.level is HaltLevel.NO_ENTRIES
    assert str(kill_file.path) in order.reason


def test_the_level_none_is_no_halt(tmp_path: Path) -> None:
    """Written by hand it says that nothing is halted."""
    KillFile(tmp_path).write(HaltLevel.NONE, "over")

    assert KillFile(tmp_path)() is None


def test_a_file_that_cannot_be_read_halts(tmp_path: Path) -> None:
    """A folder in its place, or no permission: a broken switch is never an open road."""
    kill_file = KillFile(tmp_path)
    kill_file.path.mkdir()

    order = kill_file()

    assert order is not None
    assert order.level is HaltLevel.NO_ENTRIES
    assert "cannot be read" in order.reason


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """Who wants to halt must know when he could not."""
    with pytest.raises(OSError, match="No such file"):
        KillFile(tmp_path / "none").write(HaltLevel.NO_ENTRIES, "a")


def test_a_half_written_file_of_a_dead_process_is_no_matter(tmp_path: Path) -> None:
    """Left from a crash in the middle of writing: it is not the switch, and the next write replaces it."""
    part = tmp_path / f"{NAME}.{os.getpid()}.part"
    part.write_text('{"level": "FLA', encoding="utf-8")

    assert KillFile(tmp_path)() is None
    KillFile(tmp_path).write(HaltLevel.NO_ENTRIES, "a")
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
