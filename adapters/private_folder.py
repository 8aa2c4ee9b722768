"""Folders that only their owner can enter, and that are still there after a loss of power."""

from __future__ import annotations

import os
from pathlib import Path

_MODE = 0o700


def make_private_folder(folder: Path) -> None:
    """Make *folder* and its missing parents with mode 0700; folders that exist keep theirs.

    Raises:
        OSError: the system refused, or something that is no folder has that name.
    """
    missing = [step for step in (folder, *folder.parents) if not step.exists()]
    for step in reversed(missing):
        step.mkdir(mode=_MODE, exist_ok=True)
        sync_folder(step.parent)
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")


def sync_folder(folder: Path) -> None:
    """Put the names in *folder* on the disk: a new file whose name is lost is lost."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
