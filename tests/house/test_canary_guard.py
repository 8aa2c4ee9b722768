"""The search for canaries finds what escapes: in every sink, and nothing where nothing escaped."""

import ast
import os
import pathlib
import re
import subprocess
import sys

import pytest

from surefill.testing.http_venue_fixture import API_SECRET
from tests import canaries
from tests.house import leaky


@pytest.fixture(scope="module")
def outcomes(checkout: pathlib.Path) -> dict[str, list[str]]:
    """What became of each leaky test, run with the guard."""
    arguments = ["-m", "pytest", "-rA", "-p", "no:cacheprovider", "-p", "tests.canary_guard", "--noconftest", "-n0"]
    run = subprocess.run(
        [sys.executable, *arguments, "-W", "ignore", "--import-mode=importlib", str(pathlib.Path(leaky.__file__))],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found: dict[str, list[str]] = {}
    for outcome, name in re.findall(r"^(PASSED|ERROR|FAILED) \S+::(\w+)", run.stdout, re.MULTILINE):
        found.setdefault(name, []).append(outcome)
    return found


LEAKY = sorted(name for name in vars(leaky) if name.startswith("test_"))


@pytest.mark.parametrize("name", LEAKY)
def test_a_leak_is_found(outcomes: dict[str, list[str]], name: str) -> None:
    """Each test passes by itself, and the guard makes an error of those that leak, and of no other."""
    wanted = ["PASSED", "ERROR"] if name.startswith("test_leak") else ["PASSED"]

    assert sorted(outcomes[name]) == sorted(wanted)


def test_the_shipped_secret_is_watched() -> None:
    """The secret of the fixture that surefill ships is among those searched for."""
    assert canaries.SHIPPED_SECRET == API_SECRET
    assert API_SECRET in canaries.SECRETS


def test_canaries_are_named_in_one_place(checkout: pathlib.Path) -> None:
    """No other file of the tests spells out a key or a secret of its own: what is not named there is not searched."""
    spelled = {
        path.name
        for path in (checkout / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and re.search(r"canary-(key|secret)-\w", str(node.value))
    }

    assert spelled == {"canaries.py"}
