"""The fault matrix as a layer of the proof: every case at every step, then pairs of them."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Final, TypeAlias

import attrs

from tests.chaos.layer import Found
from tests.chaos.matrix.case import IDS, FaultCase
from tests.chaos.matrix.running import PATH, Ran, named, pairable, run_case, run_pair
from tests.chaos.matrix.scenario import TRADES
from tests.chaos.matrix.steps import Step
from tests.chaos.matrix.table import cases

SEEDS_A_PAIR: Final = 4
"""One pair is drawn for so many seeds, of the hundred thousands there are."""
SEEDS_A_SYMBOL: Final = 6_000
"""Longer runs do every case with another symbol as well."""
SHOWN_MAX: Final = 50
"""So many violations are handed on."""

At: TypeAlias = tuple[FaultCase, Step]
"""A case at one of its steps."""


@attrs.frozen
class Job:
    """One case at one step with one seed, or two at once.

    Attributes:
        faults: one or two.
        seed: chooses what is traded.
    """

    faults: tuple[At, ...]
    seed: int

    def run(self) -> tuple[Ran, ...]:
        """Run it: a fault that goes on, and by itself the same one striking once, unless both did the same."""
        if len(self.faults) == 2:
            return (run_pair(*self.faults, self.seed),)
        ((case, step),) = self.faults
        ran, once = run_case(case, step, self.seed), case.once_at(step)
        return (ran,) if once is None or ran.as_once else (ran, run_case(once, step, self.seed))

    def attempt(self) -> tuple[tuple[Ran, ...], tuple[str, ...]]:
        """Run it, and return what was wrong, too; where it raises that is all there is to say: it proves nothing."""
        try:
            done = self.run()
        except Exception:  # noqa: BLE001 - whatever one job raises must not keep the others from being run
            return (), (f"{named(self.faults, self.seed)}: raised:\n{traceback.format_exc()}",)
        return done, tuple(f"{ran.name}: {each}" for ran in done for each in ran.wrong)


def singles(listed: Iterable[FaultCase], seeds: Sequence[int]) -> list[Job]:
    """Return every case at every step where it applies, in a fixed order; what strikes once is left to what goes on."""
    places = [one for case in listed for one in _places(case, frozenset(Step))]
    left = {(case.once_at(step), step) for case, step in places}
    return [Job((one,), seed) for one in places if one not in left for seed in seeds]


def pairs(listed: Iterable[FaultCase], seed: int, count: int) -> list[Job]:
    """Draw so many pairs of different faults on the way from the signal to the protected position."""
    places = [one for case in listed if pairable(case) for one in _places(case, PATH)]
    random, drawn = Random(seed), list[Job]()
    while len(drawn) < count:
        one, other = random.choice(places), random.choice(places)
        if one[0].id != other[0].id:
            drawn.append(Job((one, other), seed))
    return drawn


def run(share: int, of: int, seeds: range, progress: Callable[[int, int], None]) -> Found:
    """Run the *share*-th of *of* parts: every case of some of the faults, and some of the pairs.

    How long something stood naked or unknown here is what the faults were made to last, so it is not handed on.
    """
    symbols = min(len(TRADES), 1 + len(seeds) // SEEDS_A_SYMBOL)
    first = seeds.start if seeds else 0
    return run_listed(
        list(cases()),
        share,
        of,
        range(first, first + symbols),
        progress,
        pair_count=len(seeds) // SEEDS_A_PAIR,
    )


def run_listed(
    listed: Sequence[FaultCase],
    share: int,
    of: int,
    seeds: range,
    progress: Callable[[int, int], None],
    *,
    pair_count: int,
) -> Found:
    """Do what `run` says with these cases, each with each of *seeds*.

    A fault and its cells belong to one part only, so that the numbers of parts can be added up; steps are counted by
    the first part, which meets them all.
    """
    ids = frozenset(IDS[share::of])
    alone = singles([case for case in listed if case.id in ids], seeds)
    together = pairs(listed, seeds.start, pair_count)[share::of]
    planned = len(alone) + len(together)
    wrong: list[str] = []
    struck: set[tuple[str, Step]] = set()
    both, runs, shared = 0, 0, 0
    for done, job in enumerate((*alone, *together), 1):
        ran_now, problems = job.attempt()
        wrong += problems
        for ran in ran_now:
            runs, shared = runs + 1, shared + ran.as_once
            if len(job.faults) == 2:
                both += all(ran.struck)
            elif ran.struck[0]:
                struck.add((job.faults[0][0].id, job.faults[0][1]))
        progress(done, planned)
    return Found(
        layer="matrix",
        counts={
            "faults": len({fault_id for fault_id, _ in struck}),
            "steps": len({step for _, step in struck}) if share == 0 else 0,
            "cells": len(struck),
            "pairs": both,
            "matrix_runs": runs,
            "matrix_runs_judged_twice": shared,
        },
        violations=tuple(wrong[:SHOWN_MAX]),
    )


def _places(case: FaultCase, among: frozenset[Step]) -> list[At]:
    order = list(Step)
    return [(case, step) for step in sorted(case.steps & among, key=order.index)]
