"""What every test owes its reader."""

import ast
import pathlib

from tests.house.sources import parse, python_files


def test_every_test_states_its_fact(checkout: pathlib.Path) -> None:
    """Each test has a docstring whose first paragraph is a sentence."""
    found = [
        f"{path.relative_to(checkout)}:{node.lineno} {node.name}"
        for path in python_files(checkout, "tests")
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        if not (ast.get_docstring(node) or "").partition("\n\n")[0].rstrip().endswith((".", "!", "?"))
    ]

    assert found == [], "say in one sentence what the test proves"


def test_every_folder_of_tests_is_a_package(checkout: pathlib.Path) -> None:
    """Two files of one name in two folders stay two modules only inside packages."""
    folders = {path.parent for path in python_files(checkout, "tests")}

    assert [
        str(folder.relative_to(checkout)) for folder in sorted(folders) if not (folder / "__init__.py").exists()
    ] == []
