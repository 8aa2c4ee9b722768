"""Checks of the machine: can journal and audit log be written, and is anybody at work on them? One function each."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from surefill.adapters.journal import SqliteJournal
from surefill.adapters.journal.filesystem import MOUNT_TABLE, NETWORK_TYPES, VOLATILE_TYPES, file_system_type
from surefill.adapters.journal.holder import holder_of
from surefill.adapters.kill_file import KillFile
from surefill.doctor.finding import Finding, ok, problem, warning
from surefill.doctor.patient import Place
from surefill.domain.errors import ConfigurationError, JournalError
from surefill.state_stamp import StateStamp
from surefill.wiring import journal_path

STATE: Final = "state directory"
JOURNAL: Final = "journal"
AUDIT: Final = "audit log"
HALT: Final = "kill switch"

FREE_WARNING_BYTES: Final = 500_000_000
FREE_PROBLEM_BYTES: Final = 20_000_000
_PROBE_BYTES: Final = 4096


def check_state_dir(place: Place, environment: str) -> Finding:
    """Whether the folder is on a local disk, can be written, and belongs to the environment in force."""
    folder = place.state_dir
    try:
        StateStamp(folder).check(environment)
    except ConfigurationError as error:
        return problem(STATE, str(error), "set SUREFILL_STATE_DIR, or --state-dir, to another folder")
    kind = _file_system(folder)
    if kind in NETWORK_TYPES:
        return problem(STATE, f"{folder} lies on a network file system ({kind})", "use a local disk: locks fail there")
    if kind in VOLATILE_TYPES:
        advice = "use a disk: what is in memory does not survive a restart of the machine"
        return warning(STATE, f"{folder} lies in memory ({kind})", advice)
    return _written(STATE, folder)


def check_journal(place: Place) -> Finding:
    """Whether the journal is whole, and who owns it."""
    path = journal_path(place.state_dir)
    if not path.exists():
        return ok(JOURNAL, f"{path} will be made by the first manager")
    try:
        holder = holder_of(path)
        with SqliteJournal(path, read_only=True) as journal:
            events = journal.verify()
    except JournalError as error:
        return problem(JOURNAL, str(error), "do as the text says; without a sound journal no entry starts")
    except OSError as error:
        return problem(JOURNAL, f"{path} cannot be looked at: {error.strerror}", "see to the rights on that folder")
    if holder is not None:
        advice = "nothing, if that is your manager: a second one is refused"
        return ok(JOURNAL, f"{events} events, sound; process {holder} owns it", advice)
    return ok(JOURNAL, f"{events} events, sound; nobody owns it")


def check_audit(place: Place) -> Finding:
    """Whether the audit log can be written."""
    return _written(AUDIT, place.audit_dir)


def check_halt(place: Place) -> Finding:
    """Whether somebody outside has pulled the kill switch."""
    order = KillFile(place.state_dir)()
    if order is None:
        return ok(HALT, "not set")
    return warning(HALT, f"halted at {order.level.name}: {order.reason}", "surefill resume, when the reason is gone")


def _written(name: str, folder: Path) -> Finding:
    """Write a file there and take it away again; a folder that is missing is only held against its parent's rights."""
    there = _nearest(folder)
    if not there.is_dir():
        return problem(name, f"{there} is no folder", "name another one")
    if there != folder.absolute():
        if not os.access(there, os.W_OK | os.X_OK):
            return problem(name, f"{folder} is missing, and {there} cannot be written", "make it, or name another one")
    else:
        refused = _probe(folder)
        if refused:
            return problem(name, f"{folder} cannot be written: {refused}", "see to space and rights on that disk")
    free = shutil.disk_usage(there).free
    text = f"{folder} {'can be written' if there == folder.absolute() else 'will be made'}; {free // 1_000_000} MB free"
    if free < FREE_PROBLEM_BYTES:
        return problem(name, text, "make room: with a full disk no entry starts")
    if free < FREE_WARNING_BYTES:
        return warning(name, text, "make room: with a full disk no entry starts")
    return ok(name, text)


def _probe(folder: Path) -> str:
    """Return why a file could not be written to the disk in *folder*; empty when it could."""
    path = folder / f".doctor-{os.getpid()}.probe"
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, bytes(_PROBE_BYTES))
            os.fsync(fd)
        finally:
            os.close(fd)
            path.unlink()
    except OSError as error:
        return error.strerror or "it was refused"
    return ""


def _nearest(folder: Path) -> Path:
    """Return *folder*, or the nearest of its parents that exists."""
    full = folder.absolute()
    return next(step for step in (full, *full.parents) if step.exists())


def _file_system(folder: Path) -> str | None:
    try:
        table = MOUNT_TABLE.read_text("utf-8", "surrogateescape")
    except OSError:
        return None
    return file_system_type(_nearest(folder).resolve(), table)
