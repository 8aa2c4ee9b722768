"""The layer of crashes: every point of every scenario, and as much of the rest as the time allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

import attrs

from tests.chaos.crash import stores
from tests.chaos.crash.crash import Crash, Run
from tests.chaos.crash.crash import run as crashed
from tests.chaos.crash.meanwhile import MEANWHILES
from tests.chaos.crash.reference import References
from tests.chaos.crash.scenario import Scenario
from tests.chaos.crash.scenarios import SCENARIOS
from tests.chaos.crash.verdict import judge
from tests.chaos.layer import Found

T = TypeVar("T")
LONG_RUN_SEEDS: Final = 5_000
"""From so many seeds on a run is a long one: nothing is left out."""


@attrs.frozen(kw_only=True)
class Effort:
    """How much is done for each scenario.

    Attributes:
        deaths: points at which the process dies; None means every one.
        every_read: whether points around reads are among them in every scenario, not only in those that say so.
        meanwhiles: of the states it may leave, how many find another market; None means every one, on every market.
        recoveries: of these states, at how many the next process dies as well; None means every one.
        stores: how many stores are torn, cut, or lied about; None means every one.
    """

    deaths: int | None = None
    every_read: bool = False
    meanwhiles: int | None = 4
    recoveries: int | None = 3
    stores: int | None = 4


DEFAULT: Final = Effort()
LONG: Final = Effort(every_read=True, meanwhiles=None, recoveries=None, stores=None)


def run(share: int, of: int, seeds: range, progress: Callable[[int, int], None]) -> Found:
    """Do one share of the scenarios."""
    mine = SCENARIOS[share::of]
    effort = LONG if len(seeds) >= LONG_RUN_SEEDS else DEFAULT
    return explore(mine, effort, f"{seeds.start} to {seeds.stop}", progress)


def explore(scenarios: tuple[Scenario, ...], effort: Effort, seed: str, progress: Callable[[int, int], None]) -> Found:
    """Crash each of *scenarios*; *seed* draws what is left out."""
    tally = Tally()
    for done, scenario in enumerate(scenarios):
        progress(done, len(scenarios))
        with TemporaryDirectory() as folder:
            explorer = Explorer(scenario, References.of(scenario), Random(f"{seed}, {scenario.name}"), Path(folder))
            for kind, result, violations in explorer.explore(effort):
                tally.take(kind, result, violations)
        tally.counts["scenarios"] += 1
    progress(len(scenarios), len(scenarios))
    return tally.found()


@attrs.define
class Tally:
    """What was done and found so far."""

    counts: Counter[str] = attrs.field(factory=Counter[str])
    violations: list[str] = attrs.field(factory=list[str])
    resolve_s: list[float] = attrs.field(factory=list[float])
    stop_s: list[float] = attrs.field(factory=list[float])
    naked_s: list[float] = attrs.field(factory=list[float])

    def take(self, kind: str, result: Run, violations: tuple[str, ...]) -> None:
        """Add one run."""
        self.counts[kind] += 1
        self.violations += violations
        watch = result.world.watch
        self.resolve_s += [each / 1000 for each in watch.durations.resolve_ms]
        self.stop_s += [each / 1000 for each in watch.durations.stop_ms]
        self.naked_s += [lived_ms / 1000 for lived_ms, _ in watch.naked.stretches]

    def found(self) -> Found:
        """Return it all."""
        return Found(
            layer="crash",
            counts=self.counts,
            violations=tuple(self.violations),
            resolve_s=tuple(self.resolve_s),
            stop_s=tuple(self.stop_s),
            naked_s=tuple(self.naked_s),
        )


@attrs.define
class Explorer:
    """Crashes one scenario."""

    scenario: Scenario
    references: References
    random: Random
    folder: Path

    def explore(self, effort: Effort) -> Iterator[tuple[str, Run, tuple[str, ...]]]:
        """Yield each run by the name it is counted under, with what was wrong with it."""
        everywhere = self.references.everywhere(reads=effort.every_read or self.scenario.every_read)
        passed: dict[int, int] = {}
        for point in self._some(everywhere, effort.deaths):
            result, found = judge(self.references, Crash(points=(point,)))
            passed[point] = result.passed if result.deaths else 0
            yield "crash_points", result, found
        changes = self.references.changes
        for point in self._some(changes, effort.meanwhiles):
            for meanwhile in self._some(MEANWHILES, None if effort.meanwhiles is None else 1):
                yield "crash_points", *judge(self.references, Crash(points=(point,), meanwhile=meanwhile))
        for point in self._some(changes, effort.recoveries):
            yield from self._again(point, passed.get(point))
        yield from self._stores(effort)

    def _again(self, point: int, passed: int | None) -> Iterator[tuple[str, Run, tuple[str, ...]]]:
        """Die at *point*, and once more while the next process sets it right, of which *passed* points are known."""
        if passed is None:
            result = crashed(self.scenario, Crash(points=(point,)))
            passed = result.passed if result.deaths else 0
        if passed:
            crash = Crash(points=(point, self.random.randrange(1, passed + 1)))
            yield "recovery_points", *judge(self.references, crash)

    def _stores(self, effort: Effort) -> Iterator[tuple[str, Run, tuple[str, ...]]]:
        if effort.stores == 0:
            return
        commits = stores.Commits.of(self.scenario, self.folder / "whole")
        cases = tuple(stores.cases(commits, self.random))
        for number, case in enumerate(self._some(cases, effort.stores)):
            yield "torn_stores", *stores.judge(self.references, case, self.folder / str(number))

    def _some(self, each: tuple[T, ...], count: int | None) -> tuple[T, ...]:
        if count is None or count >= len(each):
            return each
        chosen = sorted(self.random.sample(range(len(each)), count))
        return tuple(each[at] for at in chosen)
