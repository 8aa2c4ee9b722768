"""A halt from outside: a file that the owner process reads before every entry."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..domain.halt import HaltLevel
from ..ports.kill_switch import HaltOrder
from .private_folder import sync_folder

NAME = "HALT"
SIZE_MAX = 4096


class KillFile:
    """The kill switch as a file in the state directory: it needs no lock, so it works while the owner runs or hangs.

    The file holds one JSON object with `level` and `reason`. A file that cannot be read or understood counts as
    NO_ENTRIES.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.path = Path(folder) / NAME

    def __call__(self) -> HaltOrder | None:
        """Return the order in force, or None when there is no file."""
        try:
            with self.path.open("rb") as file:
                raw = file.read(SIZE_MAX + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            return HaltOrder(HaltLevel.NO_ENTRIES, f"{self.path} cannot be read: {error.strerror}")
        try:
            data = json.loads(raw)
            level = HaltLevel[data["level"]]
            reason = str(data["reason"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return HaltOrder(HaltLevel.NO_ENTRIES, f"{self.path} is there but cannot be understood")
        return HaltOrder(level, reason) if level is not HaltLevel.NONE else None

    def write(self, level: HaltLevel, reason: str) -> None:
        """Set the switch; the file appears whole or not at all, and is still there after a loss of power.

        An owner that has obeyed takes a file that is gone for a release.

        Raises:
            OSError: the folder cannot be written.
        """
        part = self.path.with_name(f"{NAME}.{os.getpid()}.part")
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump({"level": level.name, "reason": reason}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)
        sync_folder(self.path.parent)

    def remove(self) -> bool:
        """Release the switch; return whether it was set."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        return True
