"""Who owns a journal, asked from outside."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from .filesystem import beside


def holder_of(journal: Path) -> str | None:
    """Return the process id of the owner of *journal*, as far as its lock file tells; None when it has none.

    An owner that starts in the very moment of the question may be refused once.

    Raises:
        OSError: the lock file cannot be looked at.
    """
    try:
        fd = os.open(beside(journal, ".lock"), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        # Shared, so that two who ask do not take each other for owners.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
    finally:
        os.close(fd)
    return None
