"""The runner's own arithmetic: sums, shares, the line, and the README that shows it."""

from __future__ import annotations

import json
import math
import pathlib

import pytest

from surefill.testing.swarm import SIGNALS_PER_SEED
from tests.chaos import __main__ as command
from tests.chaos import pool, readme, scoreboard
from tests.chaos.layer import Found
from tests.chaos.plan import FULL_SEEDS, LAYERS, Layers, Part, load
from tests.chaos.pool import Crew

ONE = Found(layer="one", counts={"signals": 2, "faults": 3}, violations=(), stop_s=(0.5, 0.1), naked_s=(1.0,))
TWO = Found(layer="two", counts={"signals": 5, "kills": 1}, violations=("broken",), stop_s=(0.2,), naked_s=(4.0,))


def test_the_scoreboard_sums_what_was_measured() -> None:
    """Counts add up, the worst times stand, and every key is there even when nobody measured it."""
    board = scoreboard.scoreboard([ONE, TWO], {"commit": "c0ffee"})

    assert set(scoreboard.KEYS) <= set(board)
    assert (board["signals"], board["faults"], board["kills"], board["violations"]) == (7, 3, 1, 1)
    assert (board["p99_stop_s"], board["max_naked_s"], board["p99_resolve_s"]) == (0.5, 4.0, None)
    assert board["commit"] == "c0ffee"
    assert json.loads(scoreboard.line(board)) == board


@pytest.mark.parametrize(("values", "expected"), [([], None), ([3.0], 3.0), ([float(n) for n in range(1, 201)], 198.0)])
def test_p99_is_exceeded_by_one_in_a_hundred(values: list[float], expected: float | None) -> None:
    """Of 200 values two lie above it."""
    assert scoreboard.p99(values) == expected


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_every_layer_is_there(layer: Layers) -> None:
    """A layer that the plan names can be loaded: a proof without it would be none."""
    assert callable(load(layer.name))


def test_a_run_is_large_enough() -> None:
    """The default seeds make at least 100,000 signals, and the parts of a layer are all of it."""
    assert len(FULL_SEEDS) * SIGNALS_PER_SEED >= 100_000
    for layer in LAYERS:
        parts = layer.parts(ci=False, seeds=FULL_SEEDS)
        assert [part.share for part in parts] == list(range(parts[0].of))


def test_a_layer_that_breaks_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a part raises, a missing module included, ends in the violations and spares the other parts."""

    def missing(_: str) -> object:
        raise ImportError("no such layer")

    monkeypatch.setattr(pool, "load", missing)
    found, _ = pool._do(Part(layer="kill", share=0, of=2, seeds=range(1)))

    assert "kill, part 0 of 2" in found.violations[0]
    assert "no such layer" in found.violations[0]


def test_parts_that_were_not_begun_are_counted() -> None:
    """When the time is over no part is begun, and a whole run that was cut short fails."""
    crew = Crew(1, -math.inf, lambda *_: None)
    crew.work([Part(layer="swarm", share=share, of=3, seeds=range(3)) for share in range(3)])

    assert crew.left == {"swarm": 3}
    assert crew.found == []


def test_a_worker_does_its_part_and_says_how_far_it_is() -> None:
    """Parts run in processes of their own; results and progress come back."""
    said: list[tuple[str, float, int]] = []
    crew = Crew(1, math.inf, lambda *at: said.append(at))
    crew.work([Part(layer="swarm", share=0, of=2, seeds=range(1, 3))])

    assert crew.found[0].counts["seeds"] == 1
    assert said[-1] == ("swarm", 1.0, 1)


@pytest.mark.parametrize(("results", "status"), [([ONE], 0), ([ONE, TWO], 1)], ids=["held", "broken"])
def test_the_last_line_is_the_scoreboard(
    results: list[Found], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broken promise is printed and fails the run; the last line is the scoreboard either way."""
    written: list[object] = []
    monkeypatch.setattr(scoreboard, "write", written.append)
    crew = Crew(1, 0, lambda *_: None, found=results)

    assert command._conclude(crew, is_whole=True, seconds=1, share="full") == status

    lines = capsys.readouterr().out.splitlines()
    assert ("broken" in lines) == bool(status)
    assert json.loads(lines[-1].removeprefix("scoreboard ")) == written[0]


def test_the_readme_takes_the_scoreboard_of_a_run(tmp_path: pathlib.Path) -> None:
    """What was written to the file is what the README shows afterwards, and nothing else in it changes."""
    file, page = tmp_path / "scoreboard.json", tmp_path / "README.md"
    page.write_text("before\n<!-- scoreboard -->\nold\n<!-- /scoreboard -->\nafter\n", encoding="utf-8")
    board = scoreboard.scoreboard([ONE], {"commit": "c0ffee"})

    assert readme.paste(file, page) == 1
    scoreboard.write(board, file)
    assert readme.paste(file, page) == 0

    text = page.read_text(encoding="utf-8")
    assert readme.read(page) == board
    assert text.startswith("before\n<!-- scoreboard -->\n| Measured")
    assert text.endswith("<!-- /scoreboard -->\nafter\n")
    assert "old" not in text


@pytest.mark.skipif(not readme.README.exists(), reason="only the installed package and the tests are here")
def test_the_readme_shows_a_whole_scoreboard() -> None:
    """The README's figures are those of a run that did every layer, broke nothing and caught every broken build."""
    board = readme.read()

    assert all(isinstance(board[name], int) and board[name] for name in ("cells", "crash_points", "signals", "seeds"))
    assert (board["violations"], board["share"]) == (0, "full")
    assert board["broken_builds"] == board["broken_builds_caught"]
    assert board["commit"] != "unknown"
