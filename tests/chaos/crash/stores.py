"""What a crash, a torn write or a lying disk leaves of the journal, and what the next process makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

import attrs

from tests.chaos.crash.crash import Crash, Run, run
from tests.chaos.crash.meanwhile import NOTHING, THERE_AND_BACK, THROUGH_STOP, Meanwhile
from tests.chaos.crash.reference import References
from tests.chaos.crash.scenario import Scenario
from tests.chaos.crash.store import (
    FRAME_BYTES,
    HEADER_BYTES,
    Damage,
    Disk,
    Failure,
    cut,
    flipped,
    nothing,
    without_index,
)
from tests.chaos.crash.verdict import problems, replay_all

MEANWHILES: Final = (NOTHING, THROUGH_STOP, THERE_AND_BACK)

FORGETFUL: Final = ("I11",)
"""What a process cannot keep that does not know what the one before it said: it tells what it finds out, anew."""


@attrs.frozen(kw_only=True)
class Case:
    """One way to lose something.

    Attributes:
        what: for a person.
        point: where the process dies; None lets it live on a failing disk until the end.
        damage: what becomes of its files.
        failure: from when on nothing more is kept.
        is_lie: whether commits are lost that the disk had acknowledged.
        meanwhile: what the market does.
    """

    what: str
    point: int | None = None
    damage: Damage = nothing
    failure: Failure | None = None
    is_lie: bool = False
    meanwhile: Meanwhile = NOTHING


@attrs.frozen(kw_only=True)
class Commits:
    """The commits of one scenario: the points right after each, and how long the log was before and after them."""

    points: tuple[int, ...]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, scenario: Scenario, folder: Path) -> Commits:
        """Live through it once."""
        disk = Disk(folder)
        result = run(scenario, Crash(), disk)
        disk.close()
        points = [at for at, name in enumerate(result.lifelines[0].points, 1) if is_commit(name)]
        return cls(points=tuple(points), sizes=tuple(disk.sizes))


def is_commit(point: str) -> bool:
    """Whether a point comes right after a commit."""
    when, _, what = point.partition(" ")
    return when == "after" and what.split(" ")[0] not in ("GET", "POST", "DELETE")


def cases(commits: Commits, random: Random) -> Iterator[Case]:
    """Yield every commit's crash and torn write, and what a disk may lie about; *random* chooses bytes."""
    for number, point in enumerate(commits.points, 1):
        before, after = commits.sizes[number - 1 : number + 1]
        place = f"commit {number}"
        yield Case(what=f"{place}, as it lies there", point=point)
        yield Case(what=f"{place}, without the index of its log", point=point, damage=without_index)
        for at in (*range(before, after, FRAME_BYTES), random.randrange(before, after)):
            yield Case(what=f"{place}, its log cut at byte {at}", point=point, damage=cut(at))
        at, bit = random.randrange(before, after), random.randrange(8)
        yield Case(what=f"{place}, bit {bit} of byte {at} turned over", point=point, damage=flipped("-wal", at, bit))
        yield from _lies(place, point, before, random)
        for is_kept in (False, True):
            how = "kept" if is_kept else "lost"
            failure = Failure(number, is_kept)
            yield Case(what=f"the disk fails from {place} on, that one {how}", failure=failure)


def _lies(place: str, point: int, before: int, random: Random) -> Iterator[Case]:
    frame = HEADER_BYTES + FRAME_BYTES * random.randrange((before - HEADER_BYTES) // FRAME_BYTES)
    for at in (0, frame, random.randrange(before)):
        yield Case(
            what=f"{place}, its log cut at byte {at} of {before} acknowledged",
            point=point,
            damage=cut(at),
            is_lie=True,
            meanwhile=random.choice(MEANWHILES),
        )
    at, bit = random.randrange(before), random.randrange(8)
    yield Case(
        what=f"{place}, bit {bit} of byte {at} of {before} acknowledged turned over",
        point=point,
        damage=flipped("-wal", at, bit),
        is_lie=True,
        meanwhile=random.choice(MEANWHILES),
    )


def judge(references: References, case: Case, folder: Path) -> tuple[Run, tuple[str, ...]]:
    """Play the case out in *folder*; return what came of it, and what is wrong with that."""
    disk = Disk(folder, damage=case.damage, failure=case.failure)
    points = () if case.point is None else (case.point,)
    crash = Crash(points=points, meanwhile=case.meanwhile)
    try:
        result = run(references.scenario, crash, disk)
        found = tuple(_problems(references, crash, case, result))
    finally:
        disk.close()
    where = f"{references.scenario.name}, meanwhile {case.meanwhile.name}, {case.what}"
    return result, tuple(f"store: {where}: {problem}" for problem in found)


def _problems(references: References, crash: Crash, case: Case, result: Run) -> Iterator[str]:
    world = result.world
    if case.failure is not None:
        world.restart()
    if case.failure is None and not case.is_lie:
        yield from problems(references, crash, result)
        return
    replay_all(world)
    for violation in world.settle():
        if violation.invariant not in (*references.scenario.excused, *FORGETFUL):
            yield f"{violation.invariant} at {violation.time_ms}: {violation.text}"
