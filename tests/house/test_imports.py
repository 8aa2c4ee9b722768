"""Who may import whom, as far as import-linter's contracts in pyproject.toml cannot say it."""

import pathlib
import sys

from tests.house.sources import FACADE, LAYERS, imports, parse, python_files

# No I/O, clock, randomness or concurrency: what is left of the standard library is pure.
_PURE = {
    "__future__", "abc", "attr", "attrs", "base64", "bisect", "collections", "contextlib", "copy", "dataclasses",
    "datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "itertools", "json", "math",
    "numbers", "operator", "re", "string", "textwrap", "types", "typing",
}  # fmt: skip


def _where(root: pathlib.Path, path: pathlib.Path, line: int) -> str:
    return f"{path.relative_to(root)}:{line}"


def test_layers_import_each_other_relatively(checkout: pathlib.Path) -> None:
    """Inside the layers no import names `surefill`: one spelling, so that every tool sees one class."""
    found = [
        _where(checkout, path, line)
        for path in python_files(checkout, *LAYERS)
        for line, level, module in imports(parse(path))
        if level == 0 and module.split(".")[0] == "surefill"
    ]

    assert found == [], "write `from ..domain.order import Order`"


def test_front_door_and_tests_import_absolutely(checkout: pathlib.Path) -> None:
    """In facade/ and tests/ no import is relative: beside facade/ there is no ./domain."""
    found = [
        _where(checkout, path, line)
        for path in python_files(checkout, FACADE, "tests")
        for line, level, _ in imports(parse(path))
        if level > 0
    ]

    assert found == [], "write `from surefill.domain.order import Order`"


def test_no_import_statement_uses_a_bare_layer_name(checkout: pathlib.Path) -> None:
    """`import domain` works by accident from the root and makes a second copy of every class."""
    found = [
        _where(checkout, path, line)
        for path in python_files(checkout, *LAYERS, FACADE, "tests", "tools", "bench")
        for line, level, module in imports(parse(path))
        if level == 0 and module.split(".")[0] in {*LAYERS, FACADE}
    ]

    assert found == [], "write `surefill.domain`, or a relative import inside the layers"


def test_layers_are_never_imported_by_their_bare_names() -> None:
    """Nothing that ran before this test has loaded a layer under a bare name."""
    assert set(sys.modules) & {*LAYERS, FACADE} == set()


def test_the_venue_imports_nothing_of_ours(checkout: pathlib.Path) -> None:
    """The judge shares no code with the accused: no relative import climbs out of adapters/venue."""
    venue = checkout / "adapters" / "venue"
    found = [
        _where(checkout, path, line)
        for path in python_files(checkout, "adapters/venue")
        for line, level, _ in imports(parse(path))
        if level > len(path.parent.relative_to(venue).parts) + 1
    ]

    assert found == [], "the venue has its own values, in integer ticks"


def test_domain_and_ports_import_only_what_is_pure(checkout: pathlib.Path) -> None:
    """The domain and the ports know attrs and the pure part of the standard library, by a written list."""
    found = [
        f"{_where(checkout, path, line)} {module}"
        for path in python_files(checkout, "domain", "ports")
        for line, level, module in imports(parse(path))
        if level == 0 and module.split(".")[0] not in _PURE
    ]

    assert found == [], "hand it in as an argument, or ask a port for it"
