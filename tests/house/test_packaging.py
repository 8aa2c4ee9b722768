"""The build ships all that is there, and installs what is pinned."""

import pathlib
import re
import tomllib
from typing import Any

import surefill
from tests.house.sources import FACADE, LAYERS

_PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==[0-9][A-Za-z0-9.!+]*( ; [a-z_]+ (<|<=|==|!=|>=|>) '[^']+')?")


def _pyproject(root: pathlib.Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def _normalised(requirement: str) -> str:
    name = re.split(r"[\s<>=!~;\[]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_package_directory_ships(checkout: pathlib.Path) -> None:
    """The list of packages in pyproject.toml is exactly what lies on the disk, in order."""
    packages = _pyproject(checkout)["tool"]["setuptools"]["packages"]

    on_disk = {
        "surefill." + ".".join(init.parent.relative_to(checkout).parts)
        for layer in LAYERS
        for init in (checkout / layer).rglob("__init__.py")
    }
    in_facade = {
        ".".join(("surefill", *init.parent.relative_to(checkout / FACADE).parts))
        for init in (checkout / FACADE).rglob("__init__.py")
    }

    assert sorted(on_disk | in_facade) == packages, "mend [tool.setuptools] packages in pyproject.toml"


def test_every_folder_with_modules_is_a_package(checkout: pathlib.Path) -> None:
    """A folder with modules but without `__init__.py` would stay out of the wheel."""
    folders = {path.parent for folder in (*LAYERS, FACADE) for path in (checkout / folder).rglob("*.py")}

    lacking = [str(folder.relative_to(checkout)) for folder in folders if not (folder / "__init__.py").exists()]

    assert sorted(lacking) == [], "add an __init__.py with one sentence"


def test_types_are_announced(checkout: pathlib.Path) -> None:
    """The marker file tells type checkers to trust our annotations, and it ships."""
    data = _pyproject(checkout)["tool"]["setuptools"]["package-data"]

    assert (checkout / FACADE / "py.typed").read_text(encoding="utf-8") == ""
    assert "py.typed" in data["surefill"]


def test_installed_package_is_typed() -> None:
    """The package under test carries its marker file, installed or linked."""
    assert (pathlib.Path(str(surefill.__file__)).parent / "py.typed").exists()


def test_constraints_are_bare_pins(checkout: pathlib.Path) -> None:
    """Each line pins one name to one version: no addresses, hashes or paths that tie it to a machine."""
    lines = (checkout / "constraints.txt").read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if not _PIN.fullmatch(line)] == []
    assert lines == sorted(set(lines), key=str.lower)


def test_every_direct_dependency_is_pinned(checkout: pathlib.Path) -> None:
    """What pyproject.toml asks for by name has its version in constraints.txt."""
    project = _pyproject(checkout)["project"]
    lines = (checkout / "constraints.txt").read_text(encoding="utf-8").splitlines()

    pinned = {_normalised(line) for line in lines}
    wanted = {_normalised(line) for line in project["dependencies"]}
    wanted |= {_normalised(line) for extra in project["optional-dependencies"].values() for line in extra}

    assert sorted(wanted - pinned - {"surefill"}) == []
