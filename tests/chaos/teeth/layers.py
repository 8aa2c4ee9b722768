"""Pieces of the larger layers: cells of the fault matrix, crashes of a scenario, seeds of the swarm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from surefill.testing.swarm import run_seed
from tests.chaos.crash.crash import Crash
from tests.chaos.crash.reference import References
from tests.chaos.crash.scenarios import SCENARIOS
from tests.chaos.crash.verdict import judge
from tests.chaos.matrix.case import FaultCase, Listed
from tests.chaos.matrix.running import run_case
from tests.chaos.matrix.steps import Step
from tests.chaos.teeth.broken_build import Finding, Probe


def cell(cases: Sequence[Listed], name: str, step: Step) -> Probe:
    """Run all variants of one fault of the matrix at one step."""

    def run() -> Iterator[Sequence[Finding]]:
        for case in cases:
            if isinstance(case, FaultCase) and case.id == name and step in case.steps:
                wrong = run_case(case, step).wrong
                yield tuple(Finding(by=f"{name} at {step.value}", text=text) for text in wrong)

    return Probe(layer="fault matrix", unit="variant", run=run)


def crashes(name: str) -> Probe:
    """Crash one scenario at each of its points in turn."""
    scenario = next(each for each in SCENARIOS if each.name == name)

    def run() -> Iterator[Sequence[Finding]]:
        references = References.of(scenario)
        for point in range(1, len(references.points) + 1):
            yield tuple(Finding(by=name, text=text) for text in judge(references, Crash(points=(point,))))

    return Probe(layer="crash enumeration", unit="point", run=run)


def seeds(first: int, last: int) -> Probe:
    """Play seeds of the swarm."""

    def run() -> Iterator[Sequence[Finding]]:
        for seed in range(first, last + 1):
            violations = run_seed(seed).violations
            yield tuple(Finding(by=violation.invariant, text=violation.text) for violation in violations)

    return Probe(layer="seeded swarm", unit="seed", run=run)
