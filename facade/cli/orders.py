"""``surefill orders``: what rests at the exchange."""

from __future__ import annotations

from collections.abc import Iterable
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
from surefill.cli.state_dir import NoExchangeError, json_option
from surefill.domain.leg_state import Fate, LegState
from surefill.domain.numbers import plain
from surefill.domain.order import Order

_EPILOG: Final = """\b
Example (after `surefill demo`):
  surefill orders --state-dir var/surefill-demo-1
Example (with BINANCE_API_KEY and BINANCE_API_SECRET set):
  surefill orders --environment testnet
"""


@click.command(epilog=_EPILOG)
@optional_state_dir_option
@exchange_options
@json_option
def orders(
    *, state_dir: Path | None, environment: str | None, key_file: Path | None, namespace: str | None, as_json: bool
) -> None:
    """Show open orders.

    It is the exchange's word, or, where none can be reached, what the journal knows.
    """
    wanted = Wanted(environment, key_file, namespace)
    folder = folder_of(wanted, state_dir)
    source, last_seen = "exchange", None
    try:
        with exchange_for(wanted, state_dir) as reached:
            where, rows = reached.environment, [_of_order(order) for order in reached.exchange.open_orders()]
    except NoExchangeError as error:
        if folder is None:
            raise
        say_why_journal(folder, error)
        known, where = folder.known(), folder.environment
        source, last_seen = "journal", None if known.last_ms is None else iso(known.last_ms)
        rows = _of_legs(leg for state in known.book.signals.values() for leg in state.legs.values())
    if as_json:
        say_json({"environment": where, "source": source, "last_seen": last_seen, "orders": rows})
        return
    how = "" if source == "exchange" else f" as the journal knows them; last written {last_seen or 'never'}"
    columns = ("symbol", "what", "side", "quantity", "trigger", "status", "signal_id", "client_id")
    console().print(table(f"{where}: open orders{how}", columns, [tuple(row.values()) for row in rows]))
    if not rows:
        console().print("none")


def _of_order(order: Order) -> dict[str, str | None]:
    return {
        "symbol": order.symbol,
        "what": order.kind.value.lower(),
        "side": order.side.value,
        "quantity": plain(order.quantity),
        "trigger": None if order.trigger_price is None else plain(order.trigger_price),
        "status": order.status.value,
        "signal_id": None,
        "client_id": order.client_id,
    }


def _of_legs(legs: Iterable[LegState]) -> list[dict[str, str | None]]:
    """Return the orders that may be open: known to rest, or nobody knows."""
    rows: list[dict[str, str | None]] = []
    for leg in legs:
        if leg.fate not in (Fate.OPEN, Fate.OPEN_QUESTION):
            continue
        request = leg.intent.request
        rows.append(
            {
                "symbol": request.symbol,
                "what": leg.intent.leg.name.lower(),
                "side": request.side.value,
                "quantity": plain(request.quantity),
                "trigger": None if request.trigger_price is None else plain(request.trigger_price),
                "status": "UNKNOWN" if leg.order is None else leg.order.status.value,
                "signal_id": leg.intent.signal_id,
                "client_id": leg.client_id,
            }
        )
    return rows
