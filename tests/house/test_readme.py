"""The README's code is executed."""

import pathlib
import re

import pytest


def test_readme_examples_run(checkout: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python blocks of the README run as printed, one after the other, in an empty folder."""
    text = (checkout / "README.md").read_text(encoding="utf-8")
    blocks = [
        (match.start(), match.group(1))
        for match in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    ]
    monkeypatch.chdir(tmp_path)

    namespace: dict[str, object] = {"__name__": "readme"}
    for start, block in blocks:
        line = text.count("\n", 0, start) + 1
        exec(compile("\n" * line + block, str(checkout / "README.md"), "exec"), namespace)  # noqa: S102 our own README

    assert blocks, "the README shows no Python"
