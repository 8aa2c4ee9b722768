"""``surefill position``: what is held, and what protects it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

import click

from surefill.cli.console import console, say_json, table
from surefill.cli.exchanges import (
    Wanted,
    exchange_for,
    exchange_options,
    folder_of,
    optional_state_dir_option,
    say_why_journal,
)
from surefill.cli.moments import iso
from surefill.cli.result import position_json
from surefill.cli.state_dir import Known, NoExchangeError, json_option
from surefill.domain.book import plan_of
from surefill.domain.ids import Leg
from surefill.domain.leg_state import Fate
from surefill.domain.numbers import plain
from surefill.domain.order import ZERO
from surefill.domain.signal_state import SignalState

_EPILOG: Final = """\b
Example (after `surefill demo`):
  surefill position --state-dir var/surefill-demo-1
Example (with BINANCE_API_KEY and BINANCE_API_SECRET set):
  surefill position --environment testnet
"""


@click.command(epilog=_EPILOG)
@optional_state_dir_option
@exchange_options
@json_option
def position(
    *, state_dir: Path | None, environment: str | None, key_file: Path | None, namespace: str | None, as_json: bool
) -> None:
    """Show open positions.

    It is the exchange's word, or, where none can be reached, what the journal knows.
    """
    wanted = Wanted(environment, key_file, namespace)
    folder = folder_of(wanted, state_dir)
    try:
        with exchange_for(wanted, state_dir) as reached:
            where, positions = reached.environment, reached.exchange.positions()
    except NoExchangeError as error:
        if folder is None:
            raise
        say_why_journal(folder, error)
        _say_known(folder.known(), folder.environment, as_json=as_json)
        return
    if as_json:
        found = [{"symbol": held.symbol, **position_json(held)} for held in positions]
        say_json({"environment": where, "source": "exchange", "positions": found})
        return
    rows = [(held.symbol, held.direction.value, plain(held.quantity), plain(held.entry_price)) for held in positions]
    console().print(table(f"{where}: open positions", ("symbol", "side", "quantity", "entry"), rows))
    if not rows:
        console().print("none")


def _say_known(known: Known, environment: str, *, as_json: bool) -> None:
    rows = [_row(state) for state in known.book.signals.values() if state.bracket and state.open_quantity > ZERO]
    last_seen = None if known.last_ms is None else iso(known.last_ms)
    if as_json:
        say_json({"environment": environment, "source": "journal", "last_seen": last_seen, "positions": rows})
        return
    columns = ("symbol", "side", "quantity", "entry_price", "stop", "target", "signal_id")
    title = f"{environment}: open positions as the journal knows them; last written {last_seen or 'never'}"
    console().print(table(title, columns, [tuple(row.values()) for row in rows]))
    if not rows:
        console().print("none")


def _row(state: SignalState) -> dict[str, str | None]:
    entry = state.last(Leg.ENTRY)
    average = None if entry is None or entry.order is None else entry.order.average_price
    return {
        "symbol": state.symbol,
        "side": plan_of(state).direction.value,
        "quantity": plain(state.open_quantity),
        "entry_price": _text(average),
        "stop": _text(_resting(state, Leg.STOP)),
        "target": _text(_resting(state, Leg.TARGET)),
        "signal_id": state.signal_id,
    }


def _resting(state: SignalState, leg: Leg) -> Decimal | None:
    newest = state.last(leg)
    return newest.intent.request.trigger_price if newest is not None and newest.fate is Fate.OPEN else None


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
