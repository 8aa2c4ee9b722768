"""The fault matrix as a layer of the proof: every case at every step, then pairs of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import attrs

from tests.chaos.layer import Found
from tests.chaos.matrix.case import FaultCase
from tests.chaos.matrix.running import Ran, run_case
from tests.chaos.matrix.steps import Step
from tests.chaos.matrix.table import cases, cells, counted

SHOWN_MAX: Final = 50
"""So many violations are handed on in full; the rest is only counted."""


@attrs.frozen
class Job:
    """One case at one step with one seed."""

    case: FaultCase
    step: Step
    seed: int

    def run(self) -> Ran:
        """Run it."""
        return run_case(self.case, self.step, self.seed)


def jobs(listed: Iterable[FaultCase], seeds: Sequence[int]) -> list[Job]:
    """Return everything there is to run, in a fixed order."""
    order = list(Step)
    return [Job(case, step, seed) for case in listed for step in sorted(case.steps, key=order.index) for seed in seeds]


def run(share: int, of: int, seeds: range, progress: Callable[[int, int], None]) -> Found:
    """Run the *share*-th of *of* equal parts of the matrix, once with each of *seeds*."""
    mine = jobs(cases(), seeds or range(1))[share::of]
    wrong: list[str] = []
    for done, job in enumerate(mine, 1):
        ran = job.run()
        wrong += [f"{ran.name}: {each}" for each in ran.wrong]
        progress(done, len(mine))
    # what the table holds is counted by one part only: numbers of different parts are added up
    table = counted(cells()) if share == 0 else {}
    return Found(
        layer="matrix",
        counts={"faults": 0, "steps": 0, "cells": 0, **table, "runs": len(mine)},
        violations=tuple(wrong[:SHOWN_MAX]),
    )
