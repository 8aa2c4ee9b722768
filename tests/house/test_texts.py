"""The project's files speak of the project only."""

import pathlib
import re

import pytest

from tests.house.sources import own_files

_FOREIGN = {
    "a path of one machine": r"(?<![\w.])/(work|farm|root|home/\w+|Users/\w+)/",
    "the address of a package index": r"pythonhosted\.org|pypi\.org/simple|(extra-)?index-url\b|registry = \"http",
    "a document that is not here": r"\b(design|binance|reliability|style|packaging|performance)\.md\b",
    "how the work was organised": (
        r"(?i)\bthis session\b|\b(this|the|previous|next) prompt\b|\bthe session brief\b|\bissue #?\d+\b"
    ),
    "who typed it": r"(?i)\b(as an ai|language model|chatgpt|co-authored-by)\b",
}


@pytest.mark.parametrize("what", _FOREIGN)
def test_no_file_speaks_of_anything_else(checkout: pathlib.Path, what: str) -> None:
    """No file names what a stranger with a fresh clone cannot know."""
    pattern = re.compile(_FOREIGN[what])
    found = [
        f"{path.relative_to(checkout)}:{number}: {match.group(0)}"
        for path in own_files(checkout)
        if path != pathlib.Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in pattern.finditer(line)
    ]

    assert found == [], f"{what} was named"
