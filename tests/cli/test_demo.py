import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import attrs
import pytest

from surefill.cli.demo import demonstrate
from surefill.cli.demo_folder import DemoFolder
from surefill.cli.demo_market import Stage
from surefill.cli.demo_scenes import SCENES, Claim, Scene
from surefill.domain.errors import ConfigurationError
from tests.cli.files import run


def shown(capsys: pytest.CaptureFixture[str], folder: Path, *options: str) -> dict[str, Any]:
    ran = run(capsys, "demo", "--state-dir", folder, "--json", *options)
    assert (ran.code, ran.err) == (0, "")
    return cast("dict[str, Any]", ran.json)


@pytest.mark.parametrize("seed", ["1", "2", "77"])
def test_every_scene_ends_as_told(capsys: pytest.CaptureFixture[str], tmp_path: Path, seed: str) -> None:
    """Seven scenes, whatever the seed: each claim is what was found, and no promise is broken."""
    told = shown(capsys, tmp_path / "demo", "--seed", seed)

    titles = [scene["title"] for scene in told["scenes"]]
    assert titles == [
        "A stop-out",
        "A target",
        "A refused entry",
        "A partial fill",
        "A close",
        "A flip",
        "A lost reply",
    ]
    assert all(claim["told"] == claim["found"] for scene in told["scenes"] for claim in scene["claims"])
    assert (told["ended_as_told"], told["violations"]) == (True, [])
    happened = {row["signal"]: row["happened"] for row in told["signals"]}
    assert happened["demo-1-stop-out"] == "CLOSED by STOP_LOSS"
    assert happened["demo-3-wrong-side"] == "REFUSED STOP_CROSSED"
    assert happened["demo-3-too-large"] == "REJECTED MARGIN"
    assert happened["demo-4-partial"] == "CLOSED by EXIT (0.1 of 0.25 filled)"


def test_the_same_seed_tells_the_same_story(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A second run in the same folder clears the first away and prints the same bytes; another seed other prices."""
    first = run(capsys, "demo", "--state-dir", tmp_path / "demo")
    second = run(capsys, "demo", "--state-dir", tmp_path / "demo")
    other = run(capsys, "demo", "--state-dir", tmp_path / "demo", "--seed", "2")

    assert first == second
    assert first.code == other.code == 0
    assert first.out != other.out
    assert "7  A lost reply" in first.out
    assert f"surefill audit explain demo-7-lost-reply --state-dir {tmp_path / 'demo'}" in first.out
    assert "every scene ended as told; broken promises: none" in first.out


def test_what_it_points_to_works(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The files left behind are a replay that runs, and the journal and audit log are whole."""
    folder = tmp_path / "demo"
    shown(capsys, folder)
    sample = folder / "sample"
    replay: list[str | Path] = ["replay", "--exchange-info", sample / "exchangeInfo.json", "--symbol", "AAAUSDT"]
    ran = run(capsys, *replay, "--candles", sample / "candles.csv", "--signals", sample / "signals.csv", "--json")

    signals = cast("dict[str, Any]", ran.json)["signals"]
    assert ran.code == 0
    assert len(signals) == 14
    assert {signal["outcome"] for signal in signals} == {"PROTECTED"}
    assert run(capsys, "audit", "verify", "--state-dir", folder).code == 0


def test_without_a_folder_it_goes_to_var(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default place is var/surefill-demo-SEED in the current folder."""
    monkeypatch.chdir(tmp_path)

    assert run(capsys, "demo", "--seed", "3").code == 0
    assert (tmp_path / "var" / "surefill-demo-3" / "journal.sqlite").is_file()


def test_a_scene_that_does_not_end_as_told_is_an_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demonstration cannot lie: a claim that does not hold, or a broken promise, is said and is exit code 1."""

    def lie(_: Stage) -> Iterator[Claim]:
        yield Claim("the moon", "cheese", "stone")

    monkeypatch.setattr("surefill.cli.demo.SCENES", (Scene("A lie", "Not so.", lie),))
    monkeypatch.setattr(demonstrate, "__defaults__", ((Scene("A lie", "Not so.", lie),),))
    ran = run(capsys, "demo", "--state-dir", tmp_path / "demo")

    assert ran.code == 1
    assert "the moon: stone   BUT IT SHOULD BE cheese" in ran.out
    assert "NOT as told: scene 1" in ran.out


def test_a_broken_promise_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manager that places no stops is found out by the ledger, though alarms are silenced."""
    monkeypatch.setattr("surefill.application.protect._place", lambda *_: None)
    monkeypatch.setattr("surefill.application.desk.Desk.alarm", lambda *_, **__: None)
    monkeypatch.setattr(demonstrate, "__defaults__", (SCENES[:1],))
    ran = run(capsys, "demo", "--state-dir", tmp_path / "demo")

    assert ran.code == 1
    assert "BROKEN PROMISE I2" in ran.out


def test_only_the_traces_of_a_demonstration_are_cleared(tmp_path: Path) -> None:
    """A folder with anything else in it, or without the marker, is left alone; an empty one is taken."""
    folder = tmp_path / "demo"
    folder.mkdir()
    DemoFolder(folder).prepare(1)
    (folder / "audit").mkdir()
    (folder / "journal.sqlite-wal").write_text("x", encoding="utf-8")
    DemoFolder(folder).prepare(2)

    assert [path.name for path in folder.iterdir()] == ["demo.json"]
    assert json.loads((folder / "demo.json").read_text(encoding="utf-8"))["seed"] == 2

    (folder / "precious.txt").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"it holds precious\.txt"):
        DemoFolder(folder).prepare(1)
    (folder / "precious.txt").unlink()
    for marker in ("{}", "[]", "no json", "[" * 4_000):
        (folder / "demo.json").write_text(marker, encoding="utf-8")
        with pytest.raises(ConfigurationError, match=r"it has no demo\.json"):
            DemoFolder(folder).prepare(1)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A file in the way is named, with what the system says."""
    (tmp_path / "file").write_text("x", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="cannot be prepared"):
        DemoFolder(tmp_path / "file" / "demo").prepare(1)


def test_scenes_are_values() -> None:
    """What a scene told cannot be changed after it was found."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        cast("Any", SCENES[0]).title = "other"
