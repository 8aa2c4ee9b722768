"""Prints which layer catches which broken build: ``python -m tests.chaos.teeth [part of a name ...]``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.chaos.teeth.builds import BUILDS
from tests.chaos.teeth.runner import Verdict, verdicts_of


def main(names: Sequence[str]) -> int:
    """Probe all builds, or those with one of *names* in theirs; return 1 when one survived."""
    builds = [build for build in BUILDS if not names or any(name in build.name for name in names)]
    console = Console()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("broken builds", total=len(builds))
        verdicts = verdicts_of(builds, lambda done, planned: bar.update(task, completed=done, total=planned))
    console.print(_table(verdicts), soft_wrap=not console.is_terminal)
    complaints = [complaint for verdict in verdicts for complaint in verdict.complaints]
    for complaint in complaints:
        console.print(complaint, style="bold red", markup=False, highlight=False)
    caught = sum(1 for verdict in verdicts if not verdict.complaints)
    console.print(f"{caught} of {len(verdicts)} broken builds were caught by who claims them.", highlight=False)
    return 1 if complaints else 0


def _table(verdicts: Sequence[Verdict]) -> Table:
    table = Table(box=SIMPLE)
    for title in ("build", "what is broken", "layer", "caught by", "after"):
        table.add_column(title, overflow="fold")
    for verdict in verdicts:
        build, catch = verdict.build, verdict.catch
        by, after = ("NOBODY", "") if catch is None else (catch.by, f"{catch.after} {build.probe.unit}")
        table.add_row(build.name, build.broken, build.probe.layer, by, after)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
