"""One seed: a world of its own weather, a script, and what became of it."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Mapping, Sequence

import attrs

from surefill.testing.invariants import Violation
from surefill.testing.swarm.fingerprint import HashedNotebook
from surefill.testing.swarm.script import SIGNALS, Step, script_of
from surefill.testing.swarm.weather import Weather
from surefill.testing.world import World

SIGNALS_PER_SEED = 60


@attrs.frozen(kw_only=True)
class SeedResult:
    """What one seed did and found.

    Attributes:
        seed: the seed.
        hash: over every ledger row and journal event; the same seed gives the same hash.
        signals: handed in, replays and refusals included.
        outcomes: how many signals stand how at the end.
        deaths: processes that ended, restarts and outages included.
        faults: how often a fault struck.
        violations: every broken promise, the first in time first.
        failed_after: how many steps had been played when the first was seen; None when there is none.
        resolve_s: from each answer that left an outcome unknown to the verdict, exchange seconds.
        stop_s: from each fill to its resting stop, exchange seconds.
        naked_s: the longest time a position stood without its stop while somebody lived, exchange seconds.
    """

    seed: int
    hash: str
    signals: int
    outcomes: Mapping[str, int]
    deaths: int
    faults: int
    violations: tuple[Violation, ...]
    failed_after: int | None
    resolve_s: tuple[float, ...]
    stop_s: tuple[float, ...]
    naked_s: float


@attrs.define
class Play:
    """A script under way.

    Attributes:
        weather: the world's weather.
        script: what happens.
        notebook: what the judge is told from, hashed.
        world: the world.
        played: how many steps are over.
        failed_after: how many were over when the first violation was seen.
    """

    weather: Weather
    script: Sequence[Step]
    notebook: HashedNotebook = attrs.field(factory=HashedNotebook)
    world: World = attrs.field(init=False)
    played: int = 0
    failed_after: int | None = None

    def __attrs_post_init__(self) -> None:
        weather = self.weather
        self.world = World(
            seed=weather.seed,
            faults=weather.plan(),
            settings=weather.settings(),
            latency=weather.latency,
            protection=weather.protection,
            notebook=self.notebook,
        )

    @property
    def first(self) -> Violation | None:
        """The first broken promise in time."""
        return min(self.world.violations, key=lambda violation: violation.time_ms, default=None)

    def safety(self, *, stop_at_first: bool = False) -> None:
        """Play the script; every invariant is judged after each step."""
        for step in self.script:
            self._guarded(step)
            self.played += 1
            if self.failed_after is not None and stop_at_first:
                return

    def liveness(self) -> None:
        """Heal everything: the system must come to rest, and answer for all that happened."""
        try:
            self.world.settle()
        except Exception as error:  # noqa: BLE001 - whatever the owner throws at its host is a finding
            self._broke(error)
        self._note()

    def result(self, signals: int) -> SeedResult:
        """Return what became of it."""
        world, watch = self.world, self.world.watch
        return SeedResult(
            seed=self.weather.seed,
            hash=self.notebook.fingerprint,
            signals=signals,
            outcomes=Counter(report.outcome.name for report in world.reports.values()),
            deaths=self.notebook.deaths,
            faults=len(world.faults.log),
            violations=tuple(sorted(world.violations, key=lambda violation: violation.time_ms)),
            failed_after=self.failed_after,
            resolve_s=tuple(each / 1000 for each in watch.durations.resolve_ms),
            stop_s=tuple(each / 1000 for each in watch.durations.stop_ms),
            naked_s=max((total_ms for total_ms, _ in watch.naked.stretches), default=0) / 1000,
        )

    def _guarded(self, step: Step) -> None:
        try:
            step.run(self.world)
            self.world.look()
        except Exception as error:  # noqa: BLE001 - likewise
            self._broke(error)
        self._note()

    def _broke(self, error: Exception) -> None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        problem = f"{type(error).__name__}: {error} (line {last.lineno} of {last.filename.rpartition('/')[2]})"
        self.world.violations.append(
            Violation(invariant="I12", time_ms=self.world.now_ms, text=f"a call raised {problem}", symbol="")
        )

    def _note(self) -> None:
        if self.world.violations and self.failed_after is None:
            self.failed_after = self.played + 1


def run_seed(seed: int, signals: int = SIGNALS_PER_SEED) -> SeedResult:
    """Draw a weather and a script from *seed*, play it, heal everything, and judge all of it."""
    weather = Weather.of(seed)
    return run_script(weather, script_of(weather, signals))


def run_script(weather: Weather, script: Sequence[Step]) -> SeedResult:
    """Play *script* in *weather*; what a failure prints is called so."""
    play = Play(weather, script)
    play.safety()
    play.liveness()
    return play.result(sum(isinstance(step, SIGNALS) for step in script))
