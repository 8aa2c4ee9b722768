"""The matrix of faults: complete, honest about what it does not run, and green."""

from __future__ import annotations

import ast
import pathlib

import attrs
import pytest

from surefill.testing.world import World
from tests.chaos.matrix.case import IDS, Armed, Elsewhere, FaultCase, NotApplicable
from tests.chaos.matrix.runner import run_listed
from tests.chaos.matrix.running import run_case
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
