"""One run of a scenario in which the process dies where it is told to."""

from __future__ import annotations

from collections import deque

import attrs

from surefill.testing.world import Lifeline, World
from tests.chaos.crash.meanwhile import NOTHING, Meanwhile
from tests.chaos.crash.scenario import Scenario
from tests.chaos.crash.step import Step
from tests.chaos.crash.store import Disk


@attrs.frozen(kw_only=True)
class Crash:
    """Where processes die, and what happens meanwhile.

    Attributes:
        points: of each process in turn, the point at which it dies, from 1; the one after the last lives.
        meanwhile: between each death and the next start.
    """

    points: tuple[int, ...] = ()
    meanwhile: Meanwhile = NOTHING


@attrs.define
class Run:
    """What came of it.

    Attributes:
        world: as the last step left it.
        lifelines: of every process from the first that may die on, in order.
        deaths: the step during which each died.
        passed: how many points the last of them had passed when everything had happened.
    """

    world: World
    lifelines: list[Lifeline] = attrs.field(factory=list[Lifeline])
    deaths: list[int] = attrs.field(factory=list[int])
    passed: int = 0

    @property
    def places(self) -> tuple[str, ...]:
        """What each of the dead was about to do, or had just done."""
        return tuple(line.points[-1] for line in self.lifelines if line.dead)


def run(scenario: Scenario, crash: Crash, disk: Disk | None = None) -> Run:
    """Play *scenario*; whoever dies is followed by the next process, and the host asks again for what died.

    With *disk* the journal lies there, instead of in memory.
    """
    world = scenario.make()
    if disk is not None:
        world.open_journal = disk.open
        world.restart()
    for step in scenario.before:
        step.do(world)
    result = Run(world)
    if disk is not None:
        disk.is_watched = True
    ends = deque(crash.points)
    _start(result, ends)
    _revive(result, ends, crash.meanwhile, None, 0)
    for index, step in enumerate(scenario.steps):
        step.do(world)
        _revive(result, ends, crash.meanwhile, step, index)
    result.lifelines[-1].ends_at = None
    result.passed = len(result.lifelines[-1].points)
    return result


def _revive(result: Run, ends: deque[int], meanwhile: Meanwhile, step: Step | None, index: int) -> None:
    """Let one process after the other start, until one lives and has done what its host asked for again."""
    while not result.world.alive:
        result.deaths.append(index)
        meanwhile.happen(result.world)
        _start(result, ends)
        if step is not None and step.is_asked_again:
            step.do(result.world)


def _start(result: Run, ends: deque[int]) -> None:
    lifeline = Lifeline(ends.popleft()) if ends else Lifeline()
    result.lifelines.append(lifeline)
    result.world.restart(lifeline)
