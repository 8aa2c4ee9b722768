"""One owner a journal: a lock that the system takes back when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ...domain.errors import JournalError

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class OwnerLock:
    """An exclusive lock on ``<journal>.lock``, with the holder's process id written in it.

    It belongs to the open file, not to the process: a second journal in the same process is refused like one in
    another. The file stays when the lock is released, for a file that is removed could be locked twice.
    """

    def __init__(self, journal: Path) -> None:
        """Take the lock.

        Raises:
            JournalError: somebody else has it.
            OSError: the system refused.
        """
        path = journal.with_name(journal.name + ".lock")
        self._fd = os.open(path, _FLAGS, 0o600)
        try:
            self._take(journal, path)
        except BaseException:
            os.close(self._fd)
            raise

    def release(self) -> None:
        """Give the lock back, on behalf of forked children that inherited it too."""
        fcntl.flock(self._fd, fcntl.LOCK_UN)
        os.close(self._fd)

    def _take(self, journal: Path, path: Path) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise JournalError(
                f"{journal} has an owner already, process {holder}. Two owners would trade a signal twice: stop that "
                "one, or give this one a journal and namespace of its own. If that process is gone, a child it forked "
                f"still holds {path}. To look without owning, open it with read_only=True"
            ) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode("ascii"), 0)
