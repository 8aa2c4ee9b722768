"""``surefill halt`` and ``surefill resume``: the kill switch, from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from surefill.cli.console import console, say_json
from surefill.cli.state_dir import StateDir, json_option, state_dir_option
from surefill.domain.errors import ConfigurationError
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import checked_text
from surefill.wiring import remove_kill_file, write_kill_file

_LEVELS: Final = [level.name for level in HaltLevel if level is not HaltLevel.NONE]

_HALT_EPILOG: Final = """\b
NO_ENTRIES      no new entry starts; protection and exits go on
CANCEL_ENTRIES  and open entry orders are cancelled
FLATTEN_OURS    and every position of ours is closed

\b
It needs no lock: the owner obeys before its next entry and at its next reconcile.
Exit codes: 0 the kill file is there, 2 it could not be written; nobody is halted.

\b
Example (after `surefill demo`):
  surefill halt --state-dir var/surefill-demo-1 --reason "spreads are mad"
"""

_RESUME_EPILOG: Final = """\b
An owner that has obeyed goes on at its next entry or reconcile. A halt of its own, by manager.halt(), stands until it
calls manager.resume().
Exit codes: 0 no kill file is there any more, 2 it could not be removed.

\b
Example (after `surefill demo`):
  surefill resume --state-dir var/surefill-demo-1 --reason "spreads are sane again"
"""


@click.command(epilog=_HALT_EPILOG)
@state_dir_option
@click.option("--level", type=click.Choice(_LEVELS), default=_LEVELS[0], show_default=True, help="How much is stopped.")
@click.option("--reason", required=True, help="For whoever finds it halted.")
@json_option
def halt(*, state_dir: Path, level: str, reason: str, as_json: bool) -> None:
    """Halt the owner of a state directory.

    It writes the kill file, which the owner looks for.
    """
    StateDir(state_dir).check()
    try:
        path = write_kill_file(state_dir, HaltLevel[level], checked_text(reason, "reason"))
    except OSError as error:
        raise ConfigurationError(f"the kill file in {state_dir} could not be written: {error}") from error
    if as_json:
        say_json({"halted": level, "reason": reason, "file": str(path)})
        return
    console().print(f"halted at {level}: {reason}\n{path} is there until `surefill resume`", markup=False)


@click.command(epilog=_RESUME_EPILOG)
@state_dir_option
@click.option("--reason", required=True, help="For whoever asks later; printed, for the journal belongs to the owner.")
@json_option
def resume(*, state_dir: Path, reason: str, as_json: bool) -> None:
    """Release a halt from outside.

    It removes the kill file.
    """
    folder = StateDir(state_dir)
    folder.check()
    checked_text(reason, "reason")
    try:
        was_set = remove_kill_file(state_dir)
    except OSError as error:
        raise ConfigurationError(f"the kill file in {state_dir} could not be removed: {error}") from error
    book = folder.known().book
    if as_json:
        own_level = HaltLevel.NONE if book.own_halt is None else book.own_halt.level
        levels = {"journal_halt_level": book.halt_level.name, "own_halt_level": own_level.name}
        say_json({"removed": was_set, "reason": reason, **levels})
        return
    console().print(f"resumed: {reason}" if was_set else "there was no kill file", markup=False)
    if book.own_halt is not None:
        text = f"the journal is halted at {book.own_halt.level.name} ({book.own_halt.reason})"
        console().print(f"{text}: its owner must call manager.resume()", markup=False)
    elif book.halt_outside:
        console().print("the owner has obeyed, and goes on at its next entry or reconcile", markup=False)
