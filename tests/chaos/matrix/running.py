"""Running one case at one step, and saying what was wrong."""

from __future__ import annotations

from typing import Final

import attrs

from surefill.domain.errors import JournalError
from surefill.domain.report import ExecutionReport, Outcome
from surefill.testing.world import PRICES, World
from tests.chaos.matrix.case import Aftermath, FaultCase
from tests.chaos.matrix.scenario import NEXT, SIGNAL, Scenario
from tests.chaos.matrix.steps import Step

_SOUND: Final = frozenset({Outcome.PROTECTED})


@attrs.frozen(kw_only=True)
class Ran:
    """One case at one step, with one seed.

    Attributes:
        name: id, words, step and seed.
        struck: how often the fault did.
        outcome: of the signal under test, at the end.
        wrong: what was not as it must be, in sentences; nothing when all was.
        world: as it ended.
    """

    name: str
    struck: int
    outcome: Outcome | None
    wrong: tuple[str, ...]
    world: World = attrs.field(repr=False)


def run_case(case: FaultCase, step: Step, seed: int = 0) -> Ran:
    """Run *case* at *step*: arm it, go through the step, judge, heal, settle, judge again, and go on trading."""
    world, scenario = case.world(step, seed), case.scenario(step, seed)
    scenario.before(world)
    wrong = [f"before the fault: {violation}" for violation in world.look()]
    armed_ms, heard = world.now_ms, len(world.alarms)
    armed = case.inject(world, step)
    scenario.during(world)
    struck = armed.struck()
    if not struck:
        wrong.append("the fault never struck")
    told = world.reports.get(SIGNAL)
    aftermath = Aftermath(
        world=world,
        step=step,
        report=_report(world),
        told=told,
        calls=tuple(world.notebook.carried),
        alarms=(*world.alarms[heard:], *world.notebook.alarms),
        armed_ms=armed_ms,
        struck=struck,
    )
    wrong += case.expect(aftermath)
    armed.heal()
    wrong += [str(violation) for violation in world.settle()]
    report = _report(world)
    if case.lives_on:
        wrong += _go_on(world, scenario)
    return Ran(
        name=f"{case.id} {case.what}{case.variant and ', '}{case.variant}, at {step.value}, seed {seed}",
        struck=struck,
        outcome=None if report is None else report.outcome,
        wrong=tuple(dict.fromkeys(wrong)),
        world=world,
    )


def _go_on(world: World, scenario: Scenario) -> list[str]:
    """Trade the same symbol once more, now that all is well."""
    trade = scenario.trade
    world.tick(trade.symbol, PRICES[trade.symbol])
    world.wait(1)
    report = world.execute(trade.entry(NEXT), trade.quantity)
    wrong = [str(violation) for violation in world.look()]
    if report is None or report.outcome not in _SOUND:
        wrong.append(f"the next signal ended as {report and (report.outcome.name, report.reason, report.text)}")
    return wrong


def _report(world: World) -> ExecutionReport | None:
    """Return the latest report of the signal under test; the last one given when the journal cannot be read."""
    try:
        return world.report(SIGNAL)
    except JournalError:
        return world.reports.get(SIGNAL)
