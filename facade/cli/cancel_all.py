"""``surefill cancel-all``: take every order of ours on a symbol away."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from surefill.cli.console import console, say_json, table
from surefill.cli.exchanges import Wanted, exchange_for, exchange_options, folder_of, optional_state_dir_option
from surefill.cli.state_dir import json_option
from surefill.domain.errors import AuthenticationError, OrderExecutionError, OutcomeUnknownError
from surefill.domain.ids import parse_ours
from surefill.domain.order import Order
from surefill.ports.exchange import Exchange

_EPILOG: Final = """\b
It needs no lock, so it works while the owner runs; the owner then sees that its orders were removed by somebody else,
and puts the stops of open positions back, halted or not. An owner that is to leave them away must cancel by itself:
manager.cancel_all_orders(SYMBOL).
Exit codes: 0 all cancelled, 1 some were not, or nobody knows, 2 the input cannot be used, 4 no exchange can be reached.

\b
Example (with BINANCE_API_KEY and BINANCE_API_SECRET set):
  surefill cancel-all BTCUSDT --environment testnet
"""
_DONE: Final = "cancelled"
_LEFT: Final = "not cancelled"


@click.command("cancel-all", epilog=_EPILOG)
@click.argument("symbol")
@optional_state_dir_option
@exchange_options
@json_option
def cancel_all(*, symbol: str, wanted: Wanted, state_dir: Path | None, as_json: bool) -> int:
    """Cancel our open orders on SYMBOL.

    Regular and conditional ones, stops too: positions are then unprotected. Ours are those of the namespace.
    """
    folder_of(wanted, state_dir)
    deed = f"cancel every open order of ours on {symbol}, stops included"
    with exchange_for(wanted, state_dir, deed) as reached:
        exchange = reached.exchange
        ours = [order for order in exchange.open_orders(symbol) if parse_ours(order.client_id, exchange.namespace)]
        rows = [_cancelled(exchange, order) for order in ours]
    if as_json:
        found = [dict(zip(("client_id", "outcome", "text"), row, strict=True)) for row in rows]
        say_json({"environment": reached.environment, "symbol": symbol, "orders": found})
    else:
        console().print(table(f"{reached.environment}: orders of ours on {symbol}", ("order", "outcome", ""), rows))
        if not rows:
            console().print("none")
    return 0 if all(outcome == _DONE for _, outcome, _ in rows) else 1


def _cancelled(exchange: Exchange, order: Order) -> tuple[str, str, str]:
    """Cancel one order; return its id, what came of it, and why. A lost answer must not keep the other orders open."""
    try:
        (outcome,) = exchange.cancel([order.key])
    except OutcomeUnknownError as error:
        return order.client_id, "unknown", str(error)
    except (OrderExecutionError, AuthenticationError) as error:
        return order.client_id, _LEFT, str(error)
    return outcome.client_id, _DONE if outcome.cancelled else _LEFT, outcome.text
