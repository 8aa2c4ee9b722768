"""The steps and what leads through them."""

from __future__ import annotations

import attrs
import pytest

from surefill.adapters.simulated import Fault
from surefill.adapters.wire.call import Call, Result
from surefill.domain.report import Outcome
from surefill.testing.world import World
from tests.chaos.matrix.injections import MANY, RECURRING
from tests.chaos.matrix.scenario import SIGNAL, TRADES, scenario_of, world_of
from tests.chaos.matrix.steps import ALL, OPENING, PHASES, READS, REQUESTS, SENDS, Step


@attrs.define
class Ear:
    """Hears the requests that pass."""

    heard: list[Call] = attrs.field(factory=list[Call])

    def __call__(self, call: Call, result: Result) -> Result:
        """Hear one."""
        self.heard.append(call)
        return result


def walked(step: Step, seed: int = 0) -> tuple[World, list[Call]]:
    """Go through *step* without a fault; the requests made from where a fault would begin."""
    world, scenario, ear = world_of(step, seed), scenario_of(step, seed), Ear()
    scenario.before(world)
    world.notebook.mangle = ear
    scenario.during(world)
    return world, ear.heard


@pytest.mark.parametrize("step", Step, ids=lambda step: step.name)
def test_its_scenario_leads_through_it(step: Step) -> None:
    """Every step is met, those that recur as often as faults count on, and without a fault nothing is wrong."""
    world, calls = walked(step)

    met = sum(1 for call in calls if step.concerns(call))

    assert met >= (5 if step in MANY else 2 if step in RECURRING else 1)
    report = world.report(SIGNAL)
    assert report is not None
    assert report.outcome in (Outcome.CLOSED, Outcome.PROTECTED)
    assert world.settle() == ()


def test_a_step_concerns_what_its_faults_strike() -> None:
    """What `concerns` says of a request is what faults with the step's conditions say, whatever the request."""
    calls = [call for other in (Step.TIME, Step.CANCEL, Step.STARTUP) for call in walked(other)[1]]

    for step in Step:
        faults = [Fault.request_lost(**place) for place in step.places]
        told = [step.concerns(call) for call in calls]

        assert told == [any(fault.concerns(call) for fault in faults) for call in calls], step


@pytest.mark.parametrize("seed", range(len(TRADES)))
def test_each_seed_trades_something_else(seed: int) -> None:
    """Symbols and directions vary; stop and target lie on the grid and on their sides."""
    world, calls = walked(Step.ENTRY, seed)

    entries = [call.params for call in calls if Step.ENTRY.concerns(call)]
    assert [entry["symbol"] for entry in entries] == [TRADES[seed].symbol]
    assert [entry["side"] for entry in entries] == ["BUY" if TRADES[seed].long else "SELL"]
    assert world.settle() == ()


def test_the_sets_of_steps() -> None:
    """Fourteen steps; phases are no requests, and sends are no reads."""
    assert len(ALL) == 14
    assert REQUESTS | PHASES == ALL
    assert not REQUESTS & PHASES
    assert not SENDS & READS
    assert OPENING < REQUESTS
