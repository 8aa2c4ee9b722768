"""The code in the documents is executed, and ARCHITECTURE.md knows every room."""

import pathlib
import re

import pytest

from tests.house.sources import FACADE, LAYERS


@pytest.mark.parametrize("page", ["README.md", "docs/state_machine.md"])
def test_examples_run(
    checkout: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    """The Python blocks of a page run as printed, one after the other, in an empty folder."""
    text = (checkout / page).read_text(encoding="utf-8")
    blocks = [
        (match.start(), match.group(1))
        for match in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    ]
    monkeypatch.chdir(tmp_path)

    namespace: dict[str, object] = {"__name__": "example"}
    for start, block in blocks:
        line = text.count("\n", 0, start) + 1
        exec(compile("\n" * line + block, str(checkout / page), "exec"), namespace)  # noqa: S102 our own page

    assert blocks, "the page shows no Python"


def test_the_map_shows_every_room(checkout: pathlib.Path) -> None:
    """ARCHITECTURE.md names each module of the layers and of the front door, and each package of the adapters."""
    text = (checkout / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = {
        f"{layer}/{entry.name}": entry.stem
        for layer in (*LAYERS, FACADE)
        for entry in (checkout / layer).iterdir()
        if (entry.suffix == ".py" or (entry / "__init__.py").exists()) and not entry.stem.startswith("_")
    }

    missing = [room for room, name in rooms.items() if not re.search(rf"\b{name}\b", text)]

    assert sorted(missing) == [], "say in ARCHITECTURE.md what it is for"


def test_the_map_shows_no_room_that_is_gone(checkout: pathlib.Path) -> None:
    """Every file that ARCHITECTURE.md names by its path is there."""
    text = (checkout / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"\b(?:domain|ports|adapters|application|facade|tests|bench|tools)/[\w/]+\.py\b", text)

    assert len(named) > 20
    assert [name for name in named if not (checkout / name).is_file()] == []
