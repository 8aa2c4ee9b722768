"""Whoever dies anywhere is followed by a process that sets it right: a sample; `make chaos` does every point."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest

from surefill.application.desk import Desk
from surefill.application.reconcile import ReconcileReport
from surefill.domain.alarm import AlarmKind
from surefill.domain.events import Event, Intent
from surefill.domain.ids import Leg
from surefill.domain.order import OrderStatus
from surefill.domain.report import ExecutionReport
from surefill.domain.signal_state import SignalState
from surefill.testing.world.witnesses import WitnessedJournal
from tests.chaos.crash import stores
from tests.chaos.crash.crash import Crash
from tests.chaos.crash.crash import run as run_once
from tests.chaos.crash.meanwhile import THROUGH_STOP
from tests.chaos.crash.reference import Loss, References
from tests.chaos.crash.runner import Effort, explore, run
from tests.chaos.crash.scenario import Scenario
from tests.chaos.crash.scenarios import ENDINGS, ENTRIES, SCENARIOS
from tests.chaos.crash.step import enter
from tests.chaos.crash.store import Failure
from tests.chaos.crash.stores import Case
from tests.chaos.crash.verdict import judge

SEED = "make test"


def _ignore(done: int, planned: int) -> None:
    """Nobody watches."""


@pytest.mark.chaos
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_death_anywhere_converges(scenario: Scenario) -> None:
    """Dead at a drawn point: no promise broken, an end as without the death, and nothing more to do after it."""
    found = explore((scenario,), Effort(deaths=1, meanwhiles=0, recoveries=0, stores=0), SEED, _ignore)

    assert found.violations == ()
    assert found.counts == {"crash_points": 1, "scenarios": 1}


@pytest.mark.chaos
@pytest.mark.parametrize("scenario", SCENARIOS[::6], ids=lambda scenario: scenario.name)
def test_a_death_while_the_market_moves_converges(scenario: Scenario) -> None:
    """The price runs through stop or target, or an hour passes, while nobody lives; and recoveries die as well."""
    found = explore((scenario,), Effort(deaths=0, meanwhiles=1, recoveries=1, stores=0), SEED, _ignore)

    assert found.violations == ()
    assert found.counts["crash_points"] == found.counts["recovery_points"] == 1


@pytest.mark.chaos
@pytest.mark.parametrize("scenario", [*ENTRIES[1:16:6], *ENDINGS[4:13:6]], ids=lambda scenario: scenario.name)
def test_a_torn_store_converges(scenario: Scenario) -> None:
    """The journal's files are cut, damaged, or lied about by their disk: nothing is entered twice, all is set right."""
    found = explore((scenario,), Effort(deaths=0, meanwhiles=0, recoveries=0, stores=1), SEED, _ignore)

    assert found.violations == ()
    assert found.counts["torn_stores"] == 1


@pytest.mark.chaos
def test_there_are_points_enough() -> None:
    """Every scenario has a name of its own, and there are more of them, with more points, than were asked for."""
    names = {scenario.name for scenario in SCENARIOS}
    read_too = [scenario for scenario in SCENARIOS if scenario.every_read]
    points = [len(References.of(scenario).everywhere(reads=True)) for scenario in read_too[:3]]

    assert len(names) == len(SCENARIOS) >= 30
    assert len(read_too) >= 12
    assert min(points) > 30


@pytest.mark.chaos
def test_shares_make_up_the_whole() -> None:
    """A share of the layer does its scenarios and no others, and tells how far it is."""
    told: list[tuple[int, int]] = []

    found = run(len(SCENARIOS), len(SCENARIOS) + 1, range(1, 2), lambda done, planned: told.append((done, planned)))

    assert (found.layer, found.violations, dict(found.counts), told) == ("crash", (), {}, [(0, 0)])


# --- the layer finds what it is there to find -------------------------------------------------------------------------

ENTRY = SCENARIOS[0]


def _blind(desk: Desk, symbols: Sequence[str], *, patient: bool) -> ReconcileReport:
    return ReconcileReport((), (), ())


def _unheard(desk: Desk, symbol: str) -> None:
    """Nobody asks what became of the caller's cancels."""


def _point(references: References, name: str) -> int:
    return references.points.index(name) + 1


@pytest.mark.chaos
def test_an_intent_that_is_kept_late_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that keeps an intent together with its answer is caught at the point after the order."""
    kept = WitnessedJournal.append
    held: dict[int, list[Event]] = {}

    def late(self: WitnessedJournal, events: Sequence[Event]) -> None:
        waiting = held.setdefault(self.owner, [])
        if any(isinstance(event, Intent) for event in events):
            waiting += events
        else:
            kept(self, [*waiting, *events])
            waiting.clear()

    references = References.of(ENTRY)
    point = _point(references, "after POST order")
    assert judge(references, Crash(points=(point,)))[1] == ()
    monkeypatch.setattr(WitnessedJournal, "append", late)

    _, found = judge(references, Crash(points=(point - 2,)))

    assert any("I4" in problem for problem in found)


@pytest.mark.chaos
def test_a_start_that_looks_at_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A core that takes up nothing after a crash does not come to a crash-free end."""
    references = References.of(next(each for each in SCENARIOS if each.name == "a stop-out"))
    assert judge(references, Crash(points=(1,)))[1] == ()
    monkeypatch.setattr("surefill.application.manager.reconcile", _blind)

    _, found = judge(references, Crash(points=(1,)))

    assert found


@pytest.mark.chaos
@pytest.mark.parametrize("tells", [True, False])
def test_a_naked_position_whose_waiver_was_not_kept_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tells: bool
) -> None:
    """On a failing disk a waiver must be told at once, and whoever comes next must protect, or tell it anew.

    One core tells nobody; the other takes every stop that was cancelled for one its caller gave up, as told before.
    """
    references = References.of(next(each for each in SCENARIOS if each.name.endswith("the position kept")))
    case = Case(what="the disk fails", failure=Failure(1, is_kept=False))
    assert stores.judge(references, case, tmp_path / "whole")[1] == ()
    told, waived = Desk.alarm, SignalState.waived

    def silent(self: Desk, kind: AlarmKind, text: str, **about: str) -> None:
        if kind is not AlarmKind.WAIVED:
            told(self, kind, text, **about)  # type: ignore[arg-type]  # handed on as it came

    def sure(self: SignalState) -> bool:
        stops = [leg.order for leg in self.of(Leg.STOP) if leg.order is not None]
        return waived.__get__(self) or any(order.status is OrderStatus.CANCELED for order in stops)

    if tells:
        monkeypatch.setattr(SignalState, "waived", property(sure))
        monkeypatch.setattr("surefill.application.reconcile.hear_of_cancels", _unheard)
    else:
        monkeypatch.setattr(Desk, "alarm", silent)

    _, found = stores.judge(references, case, tmp_path / "broken")

    assert any("I2" in problem for problem in found)


@pytest.mark.chaos
def test_two_losses_are_expected_only_where_two_were_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exit is lost with one process and the next stop with the other: the close stays provisional, else it may not.

    A core that calls every close provisional over which a process died is found where no exit was under way.
    """
    references = References.of(next(each for each in SCENARIOS if each.name == "a stop hit while half is closed"))
    points = [_point(references, name) for name in ("before POST order", "after Answered,Exited")]
    after = [run_once(references.scenario, Crash(points=(point,))).lifelines[-1].points for point in points]
    crashes = [
        Crash(points=(point, then.index("before POST algoOrder") + 1))
        for point, then in zip(points, after, strict=True)
    ]
    assert [judge(references, crash)[1] for crash in crashes] == [(), ()]
    kept = Desk.report

    def doubtful(self: Desk, report: ExecutionReport, *also: Event) -> ExecutionReport:
        is_old = self.known_state(report.signal_id).claim.at_ms < self.started_ms
        return kept(self, attrs.evolve(report, provisional=True) if is_old else report, *also)

    monkeypatch.setattr(Desk, "report", doubtful)

    _, found = judge(references, crashes[1])

    assert any("no undisturbed run" in problem for problem in found)


@pytest.mark.chaos
def test_what_was_under_way_is_known() -> None:
    """A death between intent and answer loses the request before it leaves, and the answer after it arrived."""
    references = References.of(ENTRY)

    assert references.underway(_point(references, "before Intent")) == ()
    assert references.underway(_point(references, "before POST order")) == (Loss(path="order", nth=1, executed=False),)
    assert references.underway(_point(references, "after POST order")) == (Loss(path="order", nth=1, executed=True),)
    assert references.underway(_point(references, "after Answered")) == ()
    assert len({*references.variants(_point(references, "after POST order"), 0, THROUGH_STOP)}) > 8


@pytest.mark.chaos
def test_a_signal_handed_in_again_is_the_very_same() -> None:
    """A step that is repeated after a crash hands in the signal of the first time, with its time of making."""
    world = ENTRY.make()
    step = enter("a")
    step.do(world)
    first = world.signals["a"]
    world.wait(5)
    step.do(world)

    assert world.signals["a"] == first
    assert first[0].created_at is not None
