"""``surefill cancel-all``: take every order of ours on a symbol away."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from surefill.cli.console import console, say_json, table
from surefill.cli.state_dir import StateDir, exchange_for, json_option, state_dir_option
from surefill.domain.ids import parse_ours

_EPILOG: Final = """\b
It needs no lock, so it works while the owner runs; the owner then sees that its orders were removed by somebody else.
Exit codes: 0 all cancelled, 1 some were not, 4 no exchange can be reached.

\b
Example:
  surefill cancel-all AAAUSDT --state-dir var/surefill-demo-1
"""


@click.command("cancel-all", epilog=_EPILOG)
@click.argument("symbol")
@state_dir_option
@json_option
def cancel_all(*, symbol: str, state_dir: Path, as_json: bool) -> int:
    """Cancel our open orders on SYMBOL.

    Regular and conditional ones, stops too: positions are then unprotected.
    """
    folder = StateDir(state_dir)
    folder.check()
    exchange = exchange_for(state_dir, folder.environment)
    ours = [order for order in exchange.open_orders(symbol) if parse_ours(order.client_id, exchange.namespace)]
    outcomes = exchange.cancel([order.key for order in ours])
    rows = [(each.client_id, "cancelled" if each.cancelled else "not cancelled", each.text) for each in outcomes]
    if as_json:
        names = ("client_id", "outcome", "text")
        say_json({"symbol": symbol, "orders": [dict(zip(names, row, strict=True)) for row in rows]})
    else:
        console().print(table(f"{symbol}: orders of ours", ("order", "outcome", ""), rows))
    return 0 if all(each.cancelled for each in outcomes) else 1
