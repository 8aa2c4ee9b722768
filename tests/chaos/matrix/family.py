"""Writing down one fault of the catalogue: the ways it is run, and why it is not at the other steps."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from surefill.testing.world import World
from tests.chaos.matrix.case import (
    Armed,
    Check,
    Elsewhere,
    FaultCase,
    Listed,
    NotApplicable,
    as_promised,
)
from tests.chaos.matrix.scenario import Scenario, scenario_of, world_of
from tests.chaos.matrix.steps import ALL, Step


@attrs.frozen(kw_only=True)
class Way:
    """One way in which a fault is made to happen; the attributes are those of `FaultCase`."""

    steps: frozenset[Step]
    inject: Callable[[World, Step], Armed]
    expect: Check = as_promised
    world: Callable[[Step, int], World] = world_of
    scenario: Callable[[Step, int], Scenario] = scenario_of
    lives_on: bool = True
    variant: str = ""


def fault(id: str, what: str, *ways: Way, elsewhere: str = "") -> tuple[Listed, ...]:  # noqa: A002 - the catalogue's word
    """Return the cases of one fault; at the steps that no way names it cannot be, for the reason *elsewhere*."""
    cases = [
        FaultCase(
            id=id,
            what=what,
            steps=way.steps,
            inject=way.inject,
            expect=way.expect,
            world=way.world,
            scenario=way.scenario,
            lives_on=way.lives_on,
            variant=way.variant,
        )
        for way in ways
    ]
    left = ALL.difference(*(way.steps for way in ways))
    return (*cases, NotApplicable(id=id, what=what, steps=left, reason=elsewhere)) if left else tuple(cases)


def proved(id: str, what: str, *tests: str, steps: frozenset[Step] = ALL) -> Elsewhere:  # noqa: A002 - the catalogue's word
    """Return a fault that tests elsewhere prove, whatever the step."""
    return Elsewhere(id=id, what=what, steps=steps, tests=tests)
