"""Running cases at their steps, and saying what was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from surefill.domain.report import Outcome
from surefill.testing.world import PRICES, World
from tests.chaos.matrix.case import Aftermath, FaultCase
from tests.chaos.matrix.scenario import NEXT, SIGNAL, Opening, Scenario, latest, scenario_of
from tests.chaos.matrix.steps import Step

PATH: Final = frozenset({Step.POSITION, Step.ENTRY, Step.STOP, Step.STOP_QUERY, Step.TARGET})
"""From the last look before the entry to the protected position: where faults are also tried in pairs."""


@attrs.frozen(kw_only=True)
class Ran:
    """One case at one step, or two of them, with one seed.

    Attributes:
        name: ids, words, steps and seed: enough to run it again.
        struck: how often each fault did.
        outcome: of the signal under test, at the end.
        wrong: what was not as it must be, in sentences; nothing when all was.
        world: as it ended.
        as_once: whether it was judged as the same fault striking once, too: it did nothing else.
    """

    name: str
    struck: tuple[int, ...]
    outcome: Outcome | None
    wrong: tuple[str, ...]
    world: World = attrs.field(repr=False)
    as_once: bool = False


def run_case(case: FaultCase, step: Step, seed: int = 0) -> Ran:
    """Run *case* at *step*: arm it, go through the step, judge, heal, settle, judge again, and go on trading."""
    world, scenario = case.world(step, seed), case.scenario(step, seed)
    scenario.before(world)
    before = [f"before the fault: {violation}" for violation in world.look()]
    armed_ms, heard = world.now_ms, len(world.alarms)
    armed = case.inject(world, step)
    scenario.during(world)
    struck = armed.struck()
    aftermath = Aftermath(
        world=world,
        step=step,
        report=latest(world),
        told=world.reports.get(SIGNAL),
        calls=tuple(world.notebook.carried),
        alarms=(*world.alarms[heard:], *world.notebook.alarms),
        armed_ms=armed_ms,
        struck=struck,
    )
    wrong = [*before, *([] if struck else ["the fault never struck"]), *case.expect(aftermath)]
    once = case.once_at(step) if armed.struck_as_once() else None
    if once is not None:
        wrong += [f"as {once.variant}: {each}" for each in once.expect(aftermath)]
    armed.heal()
    wrong += _settled(world, scenario if case.lives_on else None)
    ran = _ran(named(((case, step),), seed), world, (struck,), wrong)
    return attrs.evolve(ran, as_once=once is not None)


def run_pair(first: tuple[FaultCase, Step], second: tuple[FaultCase, Step], seed: int = 0) -> Ran:
    """Run two cases at once on the way from the signal to the protected position; one may keep the other away."""
    world, scenario = World(seed=seed), Opening(trade=scenario_of(Step.ENTRY, seed).trade)
    armed = [case.inject(world, step) for case, step in (first, second)]
    scenario.during(world)
    struck = tuple(each.struck() for each in armed)
    for each in armed:
        each.heal()
    wrong = [] if any(struck) else ["neither fault ever struck"]
    wrong += _settled(world, scenario if first[0].lives_on and second[0].lives_on else None)
    return _ran(named((first, second), seed), world, struck, wrong)


def pairable(case: FaultCase) -> bool:
    """Whether *case* can be one of two: in an ordinary world, in the ordinary course of things."""
    plain = attrs.fields(FaultCase)
    ordinary = case.world is plain.world.default and case.scenario is plain.scenario.default
    return ordinary and bool(case.steps & PATH)


def _settled(world: World, scenario: Scenario | None) -> list[str]:
    """Heal all, let it come to rest, and trade the same symbol once more."""
    wrong = [str(violation) for violation in world.settle()]
    if scenario is None:
        return wrong
    trade = scenario.trade
    world.tick(trade.symbol, PRICES[trade.symbol])
    world.wait(1)
    report = world.execute(trade.entry(NEXT), trade.quantity)
    wrong += [str(violation) for violation in world.look()]
    if report is None or report.outcome is not Outcome.PROTECTED:
        wrong.append(f"the next signal ended as {report and (report.outcome.name, report.reason, report.text)}")
    return wrong


def _ran(name: str, world: World, struck: tuple[int, ...], wrong: Sequence[str]) -> Ran:
    report = latest(world)
    outcome = None if report is None else report.outcome
    return Ran(name=name, struck=struck, outcome=outcome, wrong=tuple(dict.fromkeys(wrong)), world=world)


def named(faults: Sequence[tuple[FaultCase, Step]], seed: int) -> str:
    """Return what a person calls these cases at these steps, with that seed."""
    each = (f"{case.id} {case.what}{case.variant and ', '}{case.variant}, at {step.value}" for case, step in faults)
    return f"{', and '.join(each)}, seed {seed}"
