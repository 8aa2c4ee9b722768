"""Limits on files and functions, and bans of what ruff has no rule for.

Ruff holds the rest: bare `except` (E722, BLE001), `print` (T201), `assert` outside tests (S101), and by its table of
banned names the clock, randomness and ids of the machine (TID251), each with its replacement.
"""

import ast
import pathlib

from tests.house.sources import FACADE, LAYERS, parse, python_files

_FILE_LINES_MAX = 400
_FUNCTION_LINES_MAX = 60


def test_no_file_is_too_long(checkout: pathlib.Path) -> None:
    """A file holds one concept, in at most 400 lines."""
    lengths = {
        str(path.relative_to(checkout)): len(path.read_text(encoding="utf-8").splitlines())
        for path in python_files(checkout, *LAYERS, FACADE)
    }

    assert {name: lines for name, lines in lengths.items() if lines > _FILE_LINES_MAX} == {}, "split it by noun"


def test_no_function_is_too_long(checkout: pathlib.Path) -> None:
    """A function fits on a screen: at most 60 lines, its docstring included."""
    found = {
        f"{path.relative_to(checkout)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in python_files(checkout, *LAYERS, FACADE)
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {name: lines for name, lines in found.items() if lines > _FUNCTION_LINES_MAX} == {}, "split it by step"


def test_the_domain_makes_no_floats(checkout: pathlib.Path) -> None:
    """The domain converts nothing to a binary float."""
    found = [
        f"{path.relative_to(checkout)}:{node.lineno}"
        for path in python_files(checkout, "domain")
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
    ]

    assert found == [], "use Decimal in our own context"


def test_no_module_rebinds_a_global(checkout: pathlib.Path) -> None:
    """No function rebinds a name of its module: state belongs to objects that the host builds."""
    found = [
        f"{path.relative_to(checkout)}:{node.lineno}"
        for path in python_files(checkout, *LAYERS, FACADE)
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Global)
    ]

    assert found == [], "make it an attribute of an object that is handed in"


def test_type_ignores_carry_code_and_reason(checkout: pathlib.Path) -> None:
    """Each silenced type error names its code and says why."""
    mark = "# type: " + "ignore"
    found = [
        f"{path.relative_to(checkout)}:{number}"
        for path in python_files(checkout, *LAYERS, FACADE, "tests")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if mark in line and "  # " not in line.partition(mark + "[")[2]
    ]

    assert found == [], f"write `{mark}[code]  # because ...`"
