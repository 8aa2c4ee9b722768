"""The matrix of faults: complete, honest about what it does not run, and green."""

from __future__ import annotations

import ast
import pathlib

import attrs
import pytest

from surefill.testing.world import World
from tests.chaos.matrix.case import IDS, Armed, Elsewhere, FaultCase, NotApplicable
from tests.chaos.matrix.runner import Job, run_listed, singles
from tests.chaos.matrix.running import run_case, run_pair
from tests.chaos.matrix.steps import ALL, Step
from tests.chaos.matrix.table import LISTED, Kind, cases, cells, counted

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIRST = (Step.ENTRY, Step.STOP, Step.EXIT, Step.CANCEL, Step.STOP_QUERY, Step.POSITION, *Step)
"""Where a fault is tried when it is tried at one step only: the first of these where it applies."""


def one_of_each() -> list[tuple[FaultCase, Step]]:
    """One case of every fault that is run, at one step."""
    first: dict[str, FaultCase] = {}
    for case in cases():
        first.setdefault(case.id, case)
    return [(case, next(step for step in FIRST if step in case.steps)) for case in first.values()]


def never(world: World, step: Step) -> Armed:
    """Arms nothing."""
    del world, step
    return Armed(lambda: 0)


def unheard(done: int, planned: int) -> None:
    """Hear of progress."""
    del done, planned


@pytest.mark.parametrize(("case", "step"), one_of_each(), ids=lambda value: getattr(value, "id", None) or value.name)
def test_the_promise_holds_under_each_fault(case: FaultCase, step: Step) -> None:
    """The fault strikes, what the catalogue asks for comes true, no invariant breaks, and trading goes on."""
    assert run_case(case, step).wrong == ()


def test_every_fault_is_accounted_for_at_every_step() -> None:
    """Each cell of the catalogue is exactly one of: run here, proved by a named test, not applicable for a reason."""
    odd = [f"{cell.fault_id} at {cell.step.value}: {cell.kinds}" for cell in cells() if cell.kind is Kind.MISSING]

    assert odd == []
    assert len(list(cells())) == len(IDS) * len(ALL) == 135 * 14


def test_nothing_is_listed_that_is_not_in_the_catalogue() -> None:
    """Ids are the catalogue's, and nothing is listed for no step at all."""
    assert [one for one in LISTED if one.id not in IDS or not one.steps] == []


def test_tests_that_are_named_exist() -> None:
    """A fault proved elsewhere names tests, and each of them is there."""
    named = [name for one in LISTED if isinstance(one, Elsewhere) for name in one.tests or ("none",)]
    files = {name.partition("::")[0] for name in named}
    functions = {f"{file}::{name}" for file in files for name in functions_of(ROOT / file)}

    assert set(named) - functions == set()


def test_reasons_are_given() -> None:
    """What cannot be says why, in words."""
    assert [one.id for one in LISTED if isinstance(one, NotApplicable) and len(one.reason.split()) < 5] == []


def test_a_fault_that_never_strikes_fails() -> None:
    """A case that arms nothing proves nothing, and is told so."""
    idle = FaultCase(id="A1", what="nothing", steps=ALL, inject=never)

    assert run_case(idle, Step.ENTRY).wrong == ("the fault never struck",)


def lasting(fault_id: str) -> FaultCase:
    """The first case of a fault that goes on for a while."""
    return next(case for case in cases() if case.id == fault_id and case.once is not None)


@pytest.mark.parametrize(
    ("fault_id", "step", "is_same"),
    [
        ("A2", Step.ENTRY, True),
        ("B1", Step.EXIT, True),
        ("C1", Step.POSITION, True),
        ("A1", Step.STOP, False),
        ("B10", Step.CANCEL, False),
        ("A1", Step.STARTUP, False),
    ],
    ids=str,
)
def test_one_run_shows_both_where_both_do_the_same(fault_id: str, step: Step, *, is_same: bool) -> None:
    """What was to go on and found nothing more to strike is, to the last row and event, what strikes once."""
    case = lasting(fault_id)
    assert case.once is not None

    ran, once = run_case(case, step), run_case(case.once, step)

    assert ran.as_once == is_same
    assert (history(ran.world) == history(once.world)) == is_same
    assert ran.struck == once.struck if is_same else ran.struck > once.struck


def test_one_run_that_shows_both_is_judged_as_both() -> None:
    """What must be so of the fault that strikes once is asked of the run that shows it, too, and said to be its."""
    case = lasting("A2")
    assert case.once is not None
    strict = attrs.evolve(case, once=attrs.evolve(case.once, expect=lambda aftermath: [aftermath.step.value]))

    assert run_case(strict, Step.ENTRY).wrong == ("as once: entry POST",)
    assert run_case(strict, Step.STARTUP).wrong == ()


def test_no_case_is_lost() -> None:
    """Each case at each step is run by itself, or by the job of the one that goes on."""
    listed = list(cases())
    jobs = singles(listed, range(1))
    done = [job.faults[0] for job in jobs]
    done += [(once, step) for case, step in done if (once := case.once_at(step)) is not None]

    assert sorted((IDS.index(case.id), case.what, case.variant, step.value) for case, step in done) == sorted(
        (IDS.index(case.id), case.what, case.variant, step.value) for case in listed for step in case.steps
    )


def test_a_job_runs_what_its_run_did_not_show() -> None:
    """The fault that strikes once has a run of its own only where it would do something else."""
    case = lasting("A1")

    assert [len(Job(((case, step),), 0).run()) for step in (Step.ENTRY, Step.STOP)] == [1, 2]


def history(world: World) -> tuple[object, ...]:
    """All that reached the exchange and all it did, and all that the judge was told of the client."""
    watch = world.watch
    return tuple(world.exchange.ledger.rows), world.alarms, world.reports, watch.durations.stop_ms, world.now_ms


def test_parts_add_up_to_the_whole() -> None:
    """Two halves count what one whole does, and every job is announced."""
    few = [
        attrs.evolve(next(case for case in cases() if case.id == fault_id), steps=frozenset({Step.ENTRY, Step.STOP}))
        for fault_id in ("A1", "A2")
    ]
    told: list[tuple[int, int]] = []

    whole = run_listed(few, 0, 1, range(1), lambda done, planned: told.append((done, planned)), pair_count=2)
    halves = [run_listed(few, share, 2, range(1), unheard, pair_count=2) for share in (0, 1)]

    assert told[-1][0] == told[-1][1] == len(told) == whole.counts["matrix_runs"]
    for name, count in whole.counts.items():
        assert count == sum(half.counts[name] for half in halves), name
    assert [whole.counts[name] for name in ("faults", "cells", "steps", "matrix_runs")] == [2, 4, 2, 6]


def test_a_job_that_cannot_be_run_keeps_no_other_from_it() -> None:
    """What raises is told by its name, as a violation: it proves nothing; the other cases are run."""

    def breaking(world: World, step: Step) -> Armed:
        raise ValueError(step.value)

    steps = frozenset({Step.ENTRY})
    broken = FaultCase(id="A1", what="nothing", steps=steps, inject=breaking)
    whole = attrs.evolve(next(case for case in cases() if case.id == "A2"), steps=steps)

    found = run_listed([broken, whole], 0, 1, range(1), unheard, pair_count=1)

    alone, pair = found.violations
    assert alone.startswith("A1 nothing, at entry POST, seed 0: raised:")
    assert ", and " in pair
    assert all(each.endswith("ValueError: entry POST\n") for each in found.violations)
    assert (found.counts["faults"], found.counts["matrix_runs"], found.counts["pairs"]) == (1, 1, 0)


@pytest.mark.parametrize("step", [Step.ENTRY, Step.POSITION])
@pytest.mark.parametrize("what", ["text for object", "list for object"])
def test_a_pair_whose_faults_meet_in_one_answer_is_run(what: str, step: Step) -> None:
    """An answer without any object, as one fault left it, has no rows that the other could change."""
    bare = next(case for case in cases() if case.id == "B2" and what in case.what)
    rows = next(case for case in cases() if case.what == "new fields")

    assert run_pair((bare, step), (rows, step)).wrong == ()


def test_the_table_counts_what_it_shows() -> None:
    """Faults, steps and cells add up."""
    found = list(cells())
    counts = counted(found)

    assert counts["cells"] + counts["cells_elsewhere"] + counts["cells_not_applicable"] == len(found)
    assert counts["faults"] == len({case.id for case in cases()})


def functions_of(path: pathlib.Path) -> set[str]:
    """The tests that a file holds; none when there is no such file."""
    if not path.is_file():
        return set()
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
