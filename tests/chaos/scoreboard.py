"""The one line that says what was proved: summed up from what the layers measured, never typed."""

from __future__ import annotations

import json
import math
import platform
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
import hypothesis

import surefill
from tests.chaos.layer import Found

ROOT: Final = Path(__file__).resolve().parents[2]
FILE: Final = ROOT / "build" / "scoreboard.json"
KEYS: Final = (
    "faults",
    "steps",
    "cells",
    "crash_points",
    "scenarios",
    "signals",
    "seeds",
    "violations",
    "broken_builds",
    "broken_builds_caught",
    "p99_resolve_s",
    "p99_stop_s",
    "max_naked_s",
)
"""What every scoreboard has at least."""


def scoreboard(found: Iterable[Found], extra: Mapping[str, object]) -> dict[str, object]:
    """Return the scoreboard of a run; what no layer measured is 0 or null, never left out."""
    results = list(found)
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result.counts)
    counts["violations"] = sum(len(result.violations) for result in results)
    board: dict[str, object] = {name: counts[name] for name in KEYS if not name.endswith("_s")}
    board["p99_resolve_s"] = p99([each for result in results for each in result.resolve_s])
    board["p99_stop_s"] = p99([each for result in results for each in result.stop_s])
    board["max_naked_s"] = max((each for result in results for each in result.naked_s), default=None)
    return board | {name: counts[name] for name in sorted(set(counts) - set(board))} | dict(extra)


def p99(values: Sequence[float]) -> float | None:
    """Return the smallest of *values* that 99 of 100 do not exceed; None when there are none."""
    return sorted(values)[math.ceil(len(values) * 0.99) - 1] if values else None


def versions() -> dict[str, str]:
    """Return what it ran with."""
    return {
        "surefill": surefill.__version__,
        "python": platform.python_version(),
        "hypothesis": hypothesis.__version__,
        "attrs": attrs.__version__,
    }


def commit() -> str:
    """Return the commit that was tested, marked when the tree differs from it; "unknown" outside a repository."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return "unknown"
    head = _said(git, "rev-parse", "--short=12", "HEAD")
    return f"{head}+changes" if _said(git, "status", "--porcelain", "--untracked-files=no") else head


def write(board: Mapping[str, object], file: Path = FILE) -> None:
    """Keep the scoreboard for the README and for whoever compares runs."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(line(board) + "\n", encoding="utf-8")


def line(board: Mapping[str, object]) -> str:
    """Return the scoreboard as one line of JSON."""
    return json.dumps(board, ensure_ascii=False)


def _said(git: str, *words: str) -> str:
    done = subprocess.run([git, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()
