"""The seeded swarm: a small share of its seeds, that a seed is one story, and that the swarm bites."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest

from surefill.domain.actions import Action, CancelLegs
from surefill.domain.halt import HaltLevel
from surefill.domain.protection import next_actions
from surefill.testing.swarm import FAULTS, Weather, run_script, run_seed, story
from surefill.testing.swarm.events import (
    CancelAll,
    CancelLeg,
    Die,
    Down,
    Halt,
    LoseJournal,
    Move,
    SetLeverage,
    Start,
    Tighten,
    Trade,
    Wait,
)
from surefill.testing.swarm.script import Step, script_of
from surefill.testing.swarm.shrink import shrink
from surefill.testing.swarm.signals import Again, Close, Conflict, Enter
from tests.chaos import swarm_runner

CALM = Weather(seed=1)
LONG = Enter(
    id="a", symbol="AAAUSDT", is_long=True, quantity=Decimal("0.01"), stop_percent=Decimal(1), target_percent=Decimal(2)
)
NAMES = {
    kind.__name__: kind
    for kind in (
        *(Again, Close, Conflict, Enter),
        *(CancelAll, CancelLeg, Die, Down, Halt, LoseJournal, Move, SetLeverage, Start, Tighten, Trade, Wait),
    )
} | {"Decimal": Decimal, "HaltLevel": HaltLevel}


def _forget_to_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    decide: Callable[..., tuple[Action, ...]] = next_actions

    def without_cancels(*facts: object) -> tuple[Action, ...]:
        return tuple(action for action in decide(*facts) if not isinstance(action, CancelLegs))

    monkeypatch.setattr("surefill.application.decide.next_actions", without_cancels)


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_seed_holds(seed: int) -> None:
    """Under the weather of the seed no promise is broken, and everything comes to rest."""
    result = run_seed(seed, signals=15)

    assert result.violations == ()
    assert result.failed_after is None
    assert result.signals == 15


def test_a_seed_is_one_story() -> None:
    """The same seed gives the same ledger and journal again, and another seed gives others."""
    first, second, other = run_seed(7, signals=12), run_seed(7, signals=12), run_seed(8, signals=12)

    assert first == second
    assert first.hash != other.hash


def test_scripts_and_weather_are_drawn_from_the_seed_alone() -> None:
    """Two drawings of one seed are equal, and a hundred seeds know every fault and every step."""
    seeds = range(1, 101)
    scripts = [script_of(Weather.of(seed), 40) for seed in seeds]

    assert scripts == [script_of(Weather.of(seed), 40) for seed in seeds]
    assert {name for seed in seeds for name in Weather.of(seed).faults} == set(FAULTS)
    drawn = {type(step).__name__ for script in scripts for step in script}
    assert drawn == set(NAMES) - {"Decimal", "HaltLevel", "Tighten"}


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([LONG, Move(symbol="AAAUSDT", percent=Decimal(3)), Wait(seconds=8)], id="target"),
        pytest.param([LONG, Down(seconds=30), Again(id="a"), Conflict(id="a")], id="outage"),
        pytest.param([LONG, Die(after=3), Wait(seconds=20), Close(id="b", symbol="AAAUSDT", is_long=True)], id="death"),
        pytest.param([Die(after=9), LONG, Start(dies_after=4), Again(id="a")], id="death in recovery"),
        pytest.param([LONG, SetLeverage(symbol="AAAUSDT", leverage=5), Halt(level=HaltLevel.NO_ENTRIES)], id="drill"),
        pytest.param([LONG, Tighten(max_order_notional=Decimal(10)), attrs.evolve(LONG, id="b")], id="limit"),
        pytest.param([LONG, CancelLeg(symbol="AAAUSDT"), Wait(seconds=12)], id="leg cancelled by hand"),
    ],
)
def test_a_script_can_be_played(script: list[Step]) -> None:
    """Each step does what it says in fair weather without breaking a promise."""
    assert run_script(CALM, script).violations == ()


def test_a_tighter_limit_is_in_force() -> None:
    """An entry above the limit that the next process was given is refused."""
    result = run_script(CALM, [Tighten(max_order_notional=Decimal(10)), LONG])

    assert result.outcomes == {"REFUSED": 1}


def test_other_contents_under_a_used_id_would_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A core that takes another decision under an old id is found by the step that tries it."""
    monkeypatch.setattr("surefill.domain.signal.Signal.digest", lambda *_: "the same")

    result = run_script(CALM, [LONG, Conflict(id="a")])

    assert [violation.invariant for violation in result.violations] == ["I1"]


def test_an_error_out_of_a_call_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a call throws at its host beyond its promise ends in the violations, with its place."""
    monkeypatch.setattr("surefill.application.decide.next_actions", lambda *_: 1 / 0)

    result = run_script(CALM, [LONG])

    assert result.failed_after == 1
    assert "ZeroDivisionError" in result.violations[0].text


def test_a_failing_seed_tells_its_story(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed, commit, first instant, both states and a shorter script that breaks the same promise when it is played."""
    _forget_to_cancel(monkeypatch)
    seed = next(seed for seed in range(1, 30) if run_seed(seed, signals=12).violations)

    told = story(seed, signals=12, commit="c0ffee", trials_max=60)

    assert told.startswith(f"seed {seed}, commit c0ffee\nfirst broken: I")
    assert "the exchange, by its ledger" in told
    assert "by its journal" in told
    lines = told.partition("script):\n")[2].partition("the exchange, by its ledger")[0]
    script = eval(f"[{lines}]", NAMES)  # noqa: S307 - our own text
    assert 0 < len(script) < len(script_of(Weather.of(seed), 12))
    assert run_script(Weather.of(seed), script).violations


def test_a_seed_that_holds_has_a_short_story() -> None:
    """Without a broken promise there is nothing to cut down or to show."""
    assert story(2, signals=3).endswith("nothing is broken")
    assert shrink(CALM, [LONG]) == ()


def test_the_layer_plays_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shares are disjoint and together are the seeds; a finding carries the seed that tells its story."""
    played: list[int] = []
    result = attrs.evolve(run_script(CALM, [LONG]), seed=3)

    def remembered(seed: int) -> object:
        played.append(seed)
        return attrs.evolve(result, seed=seed)

    monkeypatch.setattr(swarm_runner, "run_seed", remembered)
    told: list[tuple[int, int]] = []
    found = [swarm_runner.run(share, 3, range(1, 8), lambda *at: told.append(at)) for share in range(3)]

    assert sorted(played) == list(range(1, 8))
    assert sum(each.counts["seeds"] for each in found) == 7
    assert sum(each.counts["signals_traded"] for each in found) == 7
    assert (3, 3) in told
    assert swarm_runner.story_of("seed 12: I2 …", "c0ffee") is not None
    assert swarm_runner.story_of("cell A1", "c0ffee") is None
