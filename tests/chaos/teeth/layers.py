"""Pieces of the larger layers: cells of the fault matrix, crashes of a scenario, seeds of the swarm.

The same piece is the same probe, so that it has to be seen green on the healthy build only once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from surefill.testing.swarm import run_seed
from tests.chaos.crash.crash import Crash
from tests.chaos.crash.reference import References
from tests.chaos.crash.scenarios import SCENARIOS
from tests.chaos.crash.stores import Case
from tests.chaos.crash.stores import judge as judge_store
from tests.chaos.crash.verdict import judge
from tests.chaos.matrix.case import FaultCase
from tests.chaos.matrix.running import run_case
from tests.chaos.matrix.steps import Step
from tests.chaos.matrix.table import cases
from tests.chaos.teeth.broken_build import Claim, Finding, Probe


def cell(name: str, step: Step, variant: str | None = None) -> Claim:
    """Claim for one fault of the matrix at one step, in one of its variants or in all of them."""
    return Claim({f"{name} at {step.value}"}, _cell(name, step, variant))


def crashes(name: str, *, at: str) -> Claim:
    """Claim for the crashes of one scenario at its points named *at*."""
    return Claim({f"a crash of {name}"}, _crashes(name, at))


def crashed_stores(name: str, *, at: str) -> Claim:
    """Claim for the same crashes with the journal on a disk, whose files are taken as they lie there."""
    return Claim({f"the store of {name}"}, _crashed_stores(name, at))


def seeds(*by: str, among: range = range(1, 4)) -> Claim:
    """Claim of these invariants in a few seeds of the swarm."""
    return Claim(by, _seeds(among))


@cache
def _cell(name: str, step: Step, variant: str | None) -> Probe:
    def run() -> Iterator[Sequence[Finding]]:
        for case in cases():
            if case.id == name and step in case.steps and variant in (None, case.variant):
                yield _told(f"{name} at {step.value}", partial(_wrong, case, step))

    return Probe(layer="fault matrix", unit="variant", run=run)


@cache
def _crashes(name: str, at: str) -> Probe:
    scenario = next(each for each in SCENARIOS if each.name == name)

    def run() -> Iterator[Sequence[Finding]]:
        references = References.of(scenario)
        for point, what in enumerate(references.points, 1):
            if at in what:
                crash = Crash(points=(point,))
                yield _told(f"a crash of {name}", partial(_unlike, references, crash))

    return Probe(layer="crash enumeration", unit="point", run=run)


@cache
def _crashed_stores(name: str, at: str) -> Probe:
    scenario = next(each for each in SCENARIOS if each.name == name)

    def run() -> Iterator[Sequence[Finding]]:
        references = References.of(scenario)
        for point, what in enumerate(references.points, 1):
            if at in what:
                case = Case(what=f"as it lies there {what}", point=point)
                with TemporaryDirectory() as folder:
                    place = Path(folder)
                    yield _told(f"the store of {name}", partial(_lost, references, case, place))

    return Probe(layer="crashed store", unit="point", run=run)


@cache
def _seeds(numbers: range) -> Probe:
    def run() -> Iterator[Sequence[Finding]]:
        for seed in numbers:
            violations = run_seed(seed).violations
            yield tuple(Finding(by=violation.invariant, text=violation.text) for violation in violations)

    return Probe(layer="seeded swarm", unit="seed", run=run)


def _wrong(case: FaultCase, step: Step) -> tuple[str, ...]:
    return run_case(case, step).wrong


def _unlike(references: References, crash: Crash) -> tuple[str, ...]:
    return judge(references, crash)[1]


def _lost(references: References, case: Case, folder: Path) -> tuple[str, ...]:
    return judge_store(references, case, folder)[1]


def _told(by: str, work: Callable[[], Iterable[str]]) -> tuple[Finding, ...]:
    """Return what *work* says is wrong; whatever it raises would end the layer that does it, and is wrong, too."""
    try:
        return tuple(Finding(by=by, text=text) for text in work())
    except Exception as error:  # noqa: BLE001 - a broken build may raise anything
        return (Finding(by=by, text=f"{type(error).__name__}: {error}"),)
