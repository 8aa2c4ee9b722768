"""Prints which layer catches which broken build: ``python -m tests.chaos.teeth [part of a name ...]``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.chaos.teeth.builds import BUILDS
from tests.chaos.teeth.runner import Verdict, is_caught, judge_all

_WIDTH = 180
"""Columns where nobody watches: a file has room."""


def main(names: Sequence[str]) -> int:
    """Probe all builds, or those with one of *names* in theirs; return 1 when one survived."""
    builds = [build for build in BUILDS if not names or any(name in build.name for name in names)]
    console = Console(highlight=False) if sys.stdout.isatty() else Console(no_color=True, highlight=False, width=_WIDTH)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("broken builds", total=len(builds))
        judged = judge_all(builds, lambda done, planned: bar.update(task, completed=done, total=planned))
    console.print(_table([verdict for verdicts in judged for verdict in verdicts]))
    for complaint in (text for verdicts in judged for verdict in verdicts for text in verdict.complaints):
        console.print(complaint, style="bold red", markup=False)
    caught = sum(1 for verdicts in judged if is_caught(verdicts))
    console.print(f"{caught} of {len(judged)} broken builds were caught by everybody who claims to catch them.")
    return 0 if caught == len(judged) else 1


def _table(verdicts: Sequence[Verdict]) -> Table:
    table = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("build", "what is broken", "layer", "caught by", "after"):
        table.add_column(title, overflow="fold")
    named = ""
    for verdict in verdicts:
        build, catch, probe = verdict.build, verdict.catch, verdict.claim.probe
        by, after = ("nobody", "") if catch is None else (catch.by, _counted(catch.after, probe.unit))
        shown = ("", "") if build.name == named else (build.name, build.broken)
        table.add_row(*shown, probe.layer, by, after)
        named = build.name
    return table


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
