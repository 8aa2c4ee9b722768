"""Pastes the last scoreboard into the README, so that its figures are those of a run and nobody's typing."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.chaos.scoreboard import FILE, KEYS, ROOT

README: Final = ROOT / "README.md"
BLOCK: Final = re.compile(r"(<!-- scoreboard -->\n).*?(<!-- /scoreboard -->)", re.DOTALL)


def paste(file: Path = FILE, readme: Path = README) -> int:
    """Put the scoreboard of the last whole run between the README's marks; 1 when there is none."""
    if not file.exists():
        sys.stderr.write("there is no scoreboard yet: run make chaos first\n")
        return 1
    board = json.loads(file.read_text(encoding="utf-8"))
    text = readme.read_text(encoding="utf-8")
    readme.write_text(BLOCK.sub(lambda found: found[1] + shown(board) + found[2], text), encoding="utf-8")
    sys.stdout.write(f"{readme.name} shows the scoreboard of commit {board['commit']}\n")
    return 0


def shown(board: Mapping[str, object]) -> str:
    """Return the block: a table for people, and the line as it was printed."""
    rows = "".join(f"| {meaning} | {_figure(board, names)} |\n" for meaning, *names in _ROWS)
    return f"| Measured | |\n|---|---|\n{rows}\n```json\n{json.dumps(board, ensure_ascii=False)}\n```\n"


def read(readme: Path = README) -> dict[str, object]:
    """Return the scoreboard that the README shows.

    Raises:
        ValueError: it shows none, or one that lacks a key.
    """
    block = BLOCK.search(readme.read_text(encoding="utf-8"))
    found = None if block is None else re.search(r"```json\n(.*?)\n```", block[0], re.DOTALL)
    if found is None:
        raise ValueError("the README shows no scoreboard")
    board: dict[str, object] = json.loads(found[1])
    lacking = [name for name in KEYS if name not in board]
    if lacking:
        raise ValueError(f"the README's scoreboard lacks {', '.join(lacking)}")
    return board


def _figure(board: Mapping[str, object], names: list[str]) -> str:
    return " / ".join(f"{board[name]:,}" if isinstance(board[name], int) else str(board[name]) for name in names)


_ROWS: Final = (
    (
        "kinds of fault / steps of the protocol they strike at / cells of that matrix",
        "faults",
        "steps",
        "cells",
    ),
    ("points at which the process was made to die / scenarios", "crash_points", "scenarios"),
    ("signals of the seeded swarm / seeds", "signals", "seeds"),
    ("broken promises", "violations"),
    ("deliberately broken builds / of them caught", "broken_builds", "broken_builds_caught"),
    ("seconds from a lost answer to the truth, 99 of 100 within", "p99_resolve_s"),
    ("seconds from a fill to its resting stop, 99 of 100 within", "p99_stop_s"),
    ("seconds a position stood without its stop, at most", "max_naked_s"),
)
