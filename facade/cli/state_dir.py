"""A state directory as its owner left it: what the journal knows, and the exchange behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import attrs
import click

from surefill.cli.option_types import FOLDER
from surefill.domain.book import Book
from surefill.domain.errors import ConfigurationError
from surefill.ports.journal import Journal
from surefill.state_stamp import StateStamp
from surefill.wiring import journal_path, read_journal

F = TypeVar("F", bound=Callable[..., object])

PAPER: Final = "paper"
UNKNOWN: Final = "unknown"


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
        """Where its owner trades: ``paper``, ``local``, ``testnet``, ``live``, or ``unknown`` when it does not say.

        Raises:
            ConfigurationError: the stamp cannot be read.
        """
        return StateStamp(self.path).read() or UNKNOWN

    def check(self) -> None:
        """Refuse a folder that is no state directory.

        Raises:
            ConfigurationError: it has no journal.
        """
        if not journal_path(self.path).is_file():
            raise ConfigurationError(f"{self.path} is no state directory: {journal_path(self.path)} is missing")


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
