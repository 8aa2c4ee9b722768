"""What the journal asks of the place it lies in: private, local, and still the same file."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from loguru import logger

from ...domain.errors import JournalError
from ..private_folder import make_private_folder, sync_folder

MOUNT_TABLE = Path("/proc/mounts")
"""Where Linux lists what is mounted; on systems without it nothing is known and nothing refused."""
NETWORK_TYPES = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.ceph", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs",
        "fuse.sshfs", "gfs2", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb3", "smbfs",
    }
)  # fmt: skip
"""SQLite: "WAL does not work over a network filesystem"; and locks there are promises nobody keeps."""
VOLATILE_TYPES = frozenset({"ramfs", "tmpfs"})
_MODE = 0o600
_ESCAPE = re.compile(r"\\([0-7]{3})")


def make_folder(folder: Path) -> None:
    """Make the folder a journal will lie in, or see to it that the one there will do.

    Raises:
        JournalError: it lies on a network file system.
        OSError: the system refused.
    """
    make_private_folder(folder)
    _check_local(folder)


def make_file(journal: Path) -> None:
    """Make an empty private file, unless there is one.

    Raises:
        JournalError: something is there that is no regular file.
        OSError: the system refused.
    """
    try:
        fd = os.open(journal, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    except FileExistsError:
        # Looked at by name only: closing a descriptor of it would drop the locks SQLite may hold on it in this process.
        if not stat.S_ISREG(journal.stat().st_mode):
            raise JournalError(f"{journal} is not a regular file: give the journal a file of its own") from None
        return
    os.close(fd)
    sync_folder(journal.parent)


def make_private(journal: Path) -> None:
    """Take the rights of others on the journal and the files beside it away, with a warning in the log.

    Raises:
        OSError: the system refused.
    """
    for path in (journal, beside(journal, "-wal"), beside(journal, "-shm")):
        mode = path.stat().st_mode & 0o777 if path.exists() else _MODE
        if mode != _MODE:
            logger.warning("journal: {} had mode {:o}, it is made private", path, mode)
            path.chmod(_MODE)


def beside(journal: Path, tail: str) -> Path:
    """Return the path of a file that belongs to *journal*."""
    return journal.with_name(journal.name + tail)


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells one file from another that took its name; None when there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def file_system_type(folder: Path, mount_table: str) -> str | None:
    """Return the type of the file system that *folder*, an absolute path, lies on; None when the table does not say.

    The table has the form of ``/proc/mounts``.
    """
    found: tuple[int, str] | None = None
    for line in mount_table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        mounted = Path(_ESCAPE.sub(lambda escape: chr(int(escape[1], 8)), fields[1]))
        # The longest match wins; of two mounts on the same folder the later hides the earlier.
        if folder.is_relative_to(mounted) and (found is None or len(mounted.parts) >= found[0]):
            found = len(mounted.parts), fields[2]
    return None if found is None else found[1]


def _check_local(folder: Path) -> None:
    try:
        table = MOUNT_TABLE.read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        return
    kind = file_system_type(folder, table)
    if kind in NETWORK_TYPES:
        raise JournalError(
            f"{folder} lies on a network file system ({kind}), which cannot keep a journal safe: use a local disk"
        )
    if kind in VOLATILE_TYPES:
        logger.warning("journal: {} lies in memory ({}): it will not survive a restart of the machine", folder, kind)
