"""The shipped state machine: a small share of its examples, and that it bites."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from surefill.domain.actions import Action, CancelLegs, CancelOrphans
from surefill.domain.protection import next_actions
from surefill.domain.protection_policy import OnUnprotected, ProtectionPolicy
from surefill.testing import TradingStateMachine
from surefill.testing.world import World

QUICK = settings(
    max_examples=40,
    stateful_step_count=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=tuple(HealthCheck),
)

TestTheCore = TradingStateMachine.TestCase
TestTheCore.settings = settings(
    max_examples=max(5, (settings.default or settings()).max_examples // 10), stateful_step_count=20, deadline=None
)


class FairWeather(TradingStateMachine):
    """Only signals, ticks and time."""

    faults = crashes = losses = others = drills = jumps = False


class Jumpy(FairWeather):
    """And jumps through stops and targets."""

    jumps = True


def test_it_finds_a_core_that_forgets_to_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without cancellations an order outlives its position: the machine says since when, and shows both states."""
    decide: Callable[..., tuple[Action, ...]] = next_actions

    def without_cancels(*facts: object) -> tuple[Action, ...]:
        return tuple(action for action in decide(*facts) if not isinstance(action, CancelLegs | CancelOrphans))

    monkeypatch.setattr("surefill.application.decide.next_actions", without_cancels)

    with pytest.raises(AssertionError, match="I3 at") as caught:
        run_state_machine_as_test(Jumpy, settings=QUICK)

    assert "the exchange, by its ledger" in str(caught.value)
    assert "by its journal" in str(caught.value)


def test_a_subclass_chooses_the_world() -> None:
    """What `make_world` returns is what is traded on, once for each example."""
    made: list[World] = []

    class Ours(FairWeather):
        def make_world(self) -> World:
            made.append(World(protection=ProtectionPolicy(on_unprotected=OnUnprotected.FLATTEN)))
            return made[-1]

    run_state_machine_as_test(Ours, settings=settings(QUICK, max_examples=3))

    assert len(made) >= 3
    assert all(world.owner == 1 for world in made), "a rule that was switched off killed the process"
    assert not any(world.faults.log for world in made)
