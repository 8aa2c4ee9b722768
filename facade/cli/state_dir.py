"""A state directory as its owner left it: what the journal knows, and the exchange behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import attrs
import click

from surefill.cli.option_types import FOLDER
from surefill.cli.paper_file import PaperFile
from surefill.domain.book import Book
from surefill.domain.errors import ConfigurationError
from surefill.ports.exchange import Exchange
from surefill.ports.journal import Journal
from surefill.wiring import audit_files, audit_folder, journal_path, read_audit, read_journal

F = TypeVar("F", bound=Callable[..., object])

PAPER: Final = "paper"


class NoExchangeError(Exception):
    """The verb needs an exchange, and there is none to be reached from here."""


@attrs.frozen
class Known:
    """What the journal knows of everything that is open.

    Attributes:
        book: every signal not closed.
        last_ms: when its newest event was written; None for an empty journal.
    """

    book: Book
    last_ms: int | None


@attrs.frozen
class StateDir:
    """A state directory, looked into without owning it: its owner may be running.

    Attributes:
        path: the folder.
    """

    path: Path

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """Open the journal for reading.

        Raises:
            ConfigurationError: there is none.
            JournalError: it cannot be read.
        """
        journal = read_journal(self.path)
        try:
            yield journal
        finally:
            journal.close()

    def known(self) -> Known:
        """Return what the journal knows.

        Raises:
            ConfigurationError, JournalError: as `journal` does.
        """
        with self.journal() as journal:
            book = Book.of(journal.scan_open())
            times = [event.at_ms for event in journal.scan_open()]
            times += [event.at_ms for signal_id in journal.signal_ids()[-1:] for event in journal.events_of(signal_id)]
        return Known(book, max(times, default=None))

    @property
    def environment(self) -> str:
        """Where its owner traded: ``paper``, ``local``, ``testnet``, ``live``, or ``unknown``."""
        if PaperFile(self.path).read() is not None:
            return PAPER
        folder = audit_folder(self.path)
        if not folder.is_dir() or not audit_files(folder):
            return "unknown"
        return str(next(iter(read_audit(folder)), {}).get("environment", "unknown"))

    def check(self) -> None:
        """Refuse a folder that is no state directory.

        Raises:
            ConfigurationError: it has no journal.
        """
        if not journal_path(self.path).is_file():
            raise ConfigurationError(f"{self.path} is no state directory: {journal_path(self.path)} is missing")


def exchange_for(state_dir: Path, environment: str) -> Exchange:
    """Return the exchange that the owner of *state_dir* trades on: the one place where verbs meet exchanges.

    Raises:
        NoExchangeError: none can be reached from another process.
    """
    if environment == PAPER:
        raise NoExchangeError(
            f"{state_dir} belongs to a paper exchange, which lives in the process that runs it and ended with it: "
            "ask the manager there, or read on here with `surefill position`, `orders` and `audit explain`"
        )
    raise NoExchangeError(
        f"{state_dir} belongs to the environment {environment!a}; this version reaches no exchange over the network"
    )


def state_dir_option(command: F) -> F:
    """Add ``--state-dir``."""
    return click.option(
        "--state-dir",
        type=FOLDER,
        required=True,
        envvar="SUREFILL_STATE_DIR",
        show_envvar=True,
        help="The folder with journal and audit log.",
    )(command)


def json_option(command: F) -> F:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")(command)
