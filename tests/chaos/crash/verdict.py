"""Whether a crash came to a crash-free end, and stays there."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from surefill.domain.events import Missed
from surefill.domain.report import ExecutionReport
from surefill.testing.invariants import EndState, converged, unmoved
from surefill.testing.world import World
from tests.chaos.crash.crash import Crash, Run, run
from tests.chaos.crash.end import end_of
from tests.chaos.crash.reference import References

REST_S = 12
"""How long a restarted process is watched doing nothing."""


def judge(references: References, crash: Crash) -> tuple[Run, tuple[str, ...]]:
    """Crash *references*' scenario; return what came of it, and what is wrong with that."""
    scenario = references.scenario
    result = run(scenario, crash)
    where = f"{scenario.name}, meanwhile {crash.meanwhile.name}, died at {crash.points} {result.places}"
    return result, tuple(f"crash: {where}: {problem}" for problem in problems(references, crash, result))


def problems(references: References, crash: Crash, result: Run) -> Iterator[str]:
    """Yield every broken promise of a run: during it, at its end, and after it."""
    world = result.world
    for violation in world.settle():
        if violation.invariant not in references.scenario.excused:
            yield f"{violation.invariant} at {violation.time_ms}: {violation.text}"
    yield from _end(references, crash, result)
    yield from _rest(world)
    yield from _replay(world)


def _end(references: References, crash: Crash, result: Run) -> Iterator[str]:
    end, world = end_of(result.world), result.world
    step = result.deaths[0] if result.deaths else 0
    point = crash.points[0] if result.deaths else 1
    again = references.whatever_is_lost(point) if len(result.deaths) > 1 else ()
    variants = dict.fromkeys((*references.variants(point, step, crash.meanwhile), *again))
    undisturbed = (references.end(variant) for variant in variants)
    if crash.meanwhile.prices:
        end, undisturbed = blurred(end, world), (blurred(each, world) for each in undisturbed)
    yield from (violation.text for violation in converged(end, undisturbed, now_ms=world.now_ms))


def blurred(end: EndState, world: World) -> EndState:
    """Return *end* without what only a moment decides: whether the rest was gone when the close of a part was told."""
    reports = {
        name: ("REDUCED", filled, None, provisional)
        if outcome == "CLOSED" and not world.signals[name][0].type.is_entry
        else (outcome, filled, closed_by, provisional)
        for name, (outcome, filled, closed_by, provisional) in end.reports.items()
    }
    return attrs.evolve(end, reports=reports)


def _rest(world: World) -> Iterator[str]:
    """Restarting again changes nothing."""
    before, rows = end_of(world), len(world.exchange.ledger.rows)
    world.restart()
    world.wait(REST_S)
    kept = [type(each.event).__name__ for each in world.notebook.kept if not isinstance(each.event, Missed)]
    if kept:
        yield f"restarted again, it wrote {kept}"
    world.look()
    moved = unmoved(before, end_of(world), world.exchange.ledger.since(rows), now_ms=world.now_ms)
    yield from (violation.text for violation in moved)


def _replay(world: World) -> Iterator[str]:
    """Handing in every signal that was used up again gives the same report, and sends nothing."""
    end, rows = end_of(world), len(world.exchange.ledger.rows)
    for name, (signal, quantity) in tuple(world.signals.items()):
        before = world.report(name)
        if before is None:
            continue
        again = world.execute(signal, quantity)
        if again != before:
            yield f"handed in again, {name!r} was reported as {_told(again)}, before as {_told(before)}"
    moved = unmoved(end, end, world.exchange.ledger.since(rows), now_ms=world.now_ms)
    yield from (f"handed in again: {violation.text}" for violation in moved)


def replay_all(world: World) -> None:
    """Hand in every signal again, as a host does that cannot know what was carried out."""
    for signal, quantity in tuple(world.signals.values()):
        world.execute(signal, quantity)


def _told(report: ExecutionReport | None) -> str:
    return "nothing" if report is None else f"{report.outcome.name} ({report.at_ms})"
