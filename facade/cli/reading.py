"""Verbs that show what is there: in the exchange's words or, where none can be reached, as the journal knows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import attrs
import click

from surefill.cli.console import console, say_json, table
from surefill.cli.exchanges import Wanted, exchange_for, exchange_options, folder_of, optional_state_dir_option
from surefill.cli.moments import iso
from surefill.cli.state_dir import PAPER, NoExchangeError, json_option
from surefill.domain.book import Book
from surefill.ports.exchange import Exchange

Rows: TypeAlias = Sequence[Mapping[str, object]]


@attrs.frozen
class Found:
    """What was found.

    Attributes:
        environment: where.
        source: whose word it is, ``exchange`` or ``journal``.
        last_seen: when the journal was last written, as text; None for the exchange's word, and for an empty journal.
        rows: one for each thing, by name; every row has the same names.
    """

    environment: str
    source: str
    last_seen: str | None
    rows: Rows

    def say(self, what: str, columns: Sequence[str], *, as_json: bool) -> None:
        """Print them: as JSON, or those *columns* of them as a table with the title open *what*."""
        if as_json:
            head = {"environment": self.environment, "source": self.source, "last_seen": self.last_seen}
            say_json({**head, what: self.rows})
            return
        known = f" as the journal knows them; last written {self.last_seen or 'never'}"
        title = f"{self.environment}: open {what}{known if self.source == 'journal' else ''}"
        console().print(table(title, columns, [[row[column] for column in columns] for row in self.rows]))
        if not self.rows:
            console().print("none")


def reading_verb(command: Callable[..., object]) -> click.Command:
    """Make a verb of a function that takes *wanted*, *state_dir* and *as_json*."""
    epilog = f"""\b
Exit codes: 0 shown, 2 the input cannot be used, 4 no exchange can be reached, and no journal was named instead.

\b
Example (after `surefill demo`):
  surefill {command.__name__} --state-dir var/surefill-demo-1
Example (with BINANCE_API_KEY and BINANCE_API_SECRET set):
  surefill {command.__name__} --environment testnet
"""
    options = optional_state_dir_option(exchange_options(json_option(command)))
    return click.command(epilog=epilog)(options)


def find(
    wanted: Wanted,
    state_dir: Path | None,
    deed: str,
    of_exchange: Callable[[Exchange], Rows],
    of_journal: Callable[[Book], Rows],
) -> Found:
    """Ask the exchange, or look into the journal of *state_dir* and say on stderr why.

    Raises:
        NoExchangeError: no exchange can be reached, and there is no journal to look into.
        ConfigurationError, click.UsageError: as `folder_of` and `exchange_for` say.
    """
    folder = folder_of(wanted, state_dir)
    try:
        with exchange_for(wanted, state_dir, deed) as reached:
            return Found(reached.environment, "exchange", None, of_exchange(reached.exchange))
    except NoExchangeError as error:
        if folder is None:
            raise
        if folder.environment != PAPER:  # that a paper exchange has ended surprises nobody
            click.echo(f"surefill: {error}. What follows is what the journal knows", err=True)
    known = folder.known()
    last_seen = None if known.last_ms is None else iso(known.last_ms)
    return Found(folder.environment, "journal", last_seen, of_journal(known.book))
