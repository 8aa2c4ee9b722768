"""One fault of the catalogue at the steps where it applies: how it is made to happen, and what is right then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

import attrs

from surefill.domain.alarm import Alarm
from surefill.domain.report import ExecutionReport
from surefill.testing.invariants.evidence import Carried
from surefill.testing.world import World
from tests.chaos.matrix.scenario import Scenario, scenario_of, world_of
from tests.chaos.matrix.steps import Step


def nothing() -> None:
    """Do nothing."""


def no() -> bool:
    """Say no."""
    return False


@attrs.frozen
class Armed:
    """A fault in place.

    Attributes:
        struck: how often it has struck so far.
        heal: takes away what `World.settle` does not (it switches the fault plan off and shows answers as they come).
        struck_as_once: whether, though it was to go on, it has struck the first request it concerned and met no other:
            then whatever strikes once has done the same.
    """

    struck: Callable[[], int]
    heal: Callable[[], None] = nothing
    struck_as_once: Callable[[], bool] = no


@attrs.frozen(kw_only=True)
class Aftermath:
    """What the scenario has come to while the fault was still there.

    Attributes:
        world: as it stands.
        step: where the fault was armed.
        report: the latest report of the signal under test; None when its id was given back, or nobody could give one.
        told: the last report of it that a caller was given.
        calls: every request of ours since the fault was armed, oldest first.
        alarms: raised since then.
        armed_ms: when, exchange time.
        struck: how often.
    """

    world: World
    step: Step
    report: ExecutionReport | None
    told: ExecutionReport | None
    calls: tuple[Carried, ...]
    alarms: tuple[Alarm, ...]
    armed_ms: int
    struck: int


Check: TypeAlias = Callable[[Aftermath], Iterable[str]]
"""Says in sentences what was not right; nothing when all was."""


def as_promised(aftermath: Aftermath) -> Iterable[str]:
    """Ask for no more than the invariants do."""
    del aftermath
    return ()


def at(checks: Mapping[Step, Check], otherwise: Check = as_promised) -> Check:
    """Return a check that asks something else at each step."""
    return lambda aftermath: checks.get(aftermath.step, otherwise)(aftermath)


@attrs.frozen(kw_only=True)
class FaultCase:
    """A fault that the matrix runs. Several cases may share an id: then they are variants of one fault.

    Attributes:
        id: in the catalogue.
        what: what happens, in a few words.
        steps: where it applies.
        inject: arms it; called when the scenario has come to where the step begins.
        expect: what must be so beyond the invariants, judged before anything is healed.
        world: makes the world of a step; takes the step and the seed.
        scenario: what is done there.
        lives_on: whether the next signal on the same symbol must end PROTECTED once all is healed.
        variant: tells cases of one id apart.
        once: the same fault striking once, of one that goes on. Where both do the same one run is judged as both.
    """

    id: str
    what: str
    steps: frozenset[Step]
    inject: Callable[[World, Step], Armed]
    expect: Check = as_promised
    world: Callable[[Step, int], World] = world_of
    scenario: Callable[[Step, int], Scenario] = scenario_of
    lives_on: bool = True
    variant: str = ""
    once: FaultCase | None = None

    def once_at(self, step: Step) -> FaultCase | None:
        """Return the same fault striking once at *step*, if there is such a case."""
        return self.once if self.once is not None and step in self.once.steps else None


@attrs.frozen(kw_only=True)
class Elsewhere:
    """A fault, or some steps of one, that another test proves: `tests/folder/file.py::test_name`."""

    id: str
    what: str
    steps: frozenset[Step]
    tests: tuple[str, ...]


@attrs.frozen(kw_only=True)
class NotApplicable:
    """A fault, or some steps of one, that cannot be; a sceptic must accept the reason."""

    id: str
    what: str
    steps: frozenset[Step]
    reason: str


Listed: TypeAlias = FaultCase | Elsewhere | NotApplicable
"""A family module offers ``CASES: Final[tuple[Listed, ...]]``; `table` joins them."""

FAMILIES: Final[Mapping[str, int]] = {
    "A": 16,
    "B": 15,
    "C": 17,
    "D": 7,
    "E": 22,
    "F": 12,
    "G": 10,
    "H": 11,
    "K": 10,
    "J": 15,
}
"""How many faults each family of the catalogue has."""
IDS: Final = tuple(f"{family}{number}" for family, count in FAMILIES.items() for number in range(1, count + 1))
"""The catalogue."""
