"""Where a demonstration leaves its traces; an older one is cleared away, anything else is left alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

import attrs

from surefill.domain.errors import ConfigurationError

MARKER: Final = "demo.json"
_OURS: Final = frozenset({MARKER, "journal.sqlite", "audit", "paper.json", "sample", "HALT"})
_OURS_BEGIN: Final = ("journal.sqlite-", "journal.sqlite.")


@attrs.frozen
class DemoFolder:
    """The state directory of a demonstration, known by the marker file in it."""

    path: Path

    def prepare(self, seed: int) -> None:
        """Make the folder, or clear an older demonstration out of it.

        Raises:
            ConfigurationError: it holds anything that no demonstration left there, or cannot be written.
        """
        try:
            if self.path.exists():
                self._clear()
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / MARKER).write_text(json.dumps({"surefill": "demo", "seed": seed}) + "\n", encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be prepared: {error.strerror}") from error

    def _clear(self) -> None:
        names = sorted(entry.name for entry in self.path.iterdir())
        strange = [name for name in names if name not in _OURS and not name.startswith(_OURS_BEGIN)]
        if names and (strange or not self._is_marked()):
            what = f"it holds {strange[0]}" if strange else f"it has no {MARKER}"
            raise ConfigurationError(
                f"{self.path} was not left by a demonstration ({what}); name another folder with --state-dir"
            )
        for name in names:
            entry = self.path / name
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _is_marked(self) -> bool:
        try:
            marker: object = json.loads((self.path / MARKER).read_bytes())
        except (OSError, ValueError, RecursionError):
            return False
        return isinstance(marker, dict) and marker.get("surefill") == "demo"
