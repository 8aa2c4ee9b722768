"""Pieces of the layers, small enough to be run for each broken build."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import TypeAlias

import attrs
import pytest

from surefill.testing.invariants import Violation
from surefill.testing.world import Lifeline, World
from tests.chaos.teeth.broken_build import Claim, Finding, Probe

Scenario: TypeAlias = Callable[[World], None]
"""Lets things happen in a world; its first process is alive."""


def scenarios(*played: tuple[Callable[[], World], Scenario]) -> Probe:
    """Play scenarios, each in a world of its own, and let the judge speak after each."""

    def run() -> Iterator[Sequence[Finding]]:
        for make, scenario in played:
            yield judged(make, scenario)

    return Probe(layer="judged scenario", unit="scenario", run=run)


def crash_points(make: Callable[[], World], scenario: Scenario, *, at: str = "") -> Probe:
    """Play a scenario once for each of its points named *at* where the process can die, dying there."""

    def run() -> Iterator[Sequence[Finding]]:
        world = make()
        world.restart()
        scenario(world)
        for point, name in enumerate(world.lifeline.points, 1):
            if at in name:
                yield judged(make, _dying_at(scenario, point))

    return Probe(layer="crash enumeration", unit="point", run=run)


def by_test(name: str) -> Claim:
    """Claim for a test of the suite, called as pytest calls it."""

    def run() -> Iterator[Sequence[Finding]]:
        listener = _Listener()
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            status = pytest.main(["-q", "-p", "no:cacheprovider", "--timeout=0", name], plugins=[listener])
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            raise RuntimeError(f"{name}: pytest ended with {status!r}")
        yield listener.findings

    return Claim({name.rpartition("::")[2]}, Probe(layer="unit tests", unit="test", run=run))


def judged(make: Callable[[], World], scenario: Scenario) -> tuple[Finding, ...]:
    """Play one scenario, heal everything, and return what the judge found."""
    world = make()
    try:
        scenario(world)
        found = world.settle()
    except Exception as error:  # noqa: BLE001 - a broken build may raise anything; that is a finding, and nobody's claim
        world.look()
        found = tuple(world.violations)
        return (*map(_finding, found), Finding(by=type(error).__name__, text=str(error)))
    return tuple(map(_finding, found))


def _finding(violation: Violation) -> Finding:
    return Finding(by=violation.invariant, text=violation.text)


def _dying_at(scenario: Scenario, point: int) -> Scenario:
    def dying(world: World) -> None:
        world.restart(Lifeline(point))
        scenario(world)

    return dying


@attrs.define
class _Listener:
    """A pytest plugin that notes which tests fail."""

    findings: list[Finding] = attrs.field(factory=list[Finding])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure."""
        if report.failed:
            name = report.nodeid.partition("[")[0].rpartition("::")[2]
            self.findings.append(Finding(by=name, text=report.longreprtext[-300:]))
