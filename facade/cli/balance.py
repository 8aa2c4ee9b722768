"""``surefill balance``: what is in the wallet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

import click

from surefill.cli.console import console, say_json, table
from surefill.cli.exchanges import Wanted, exchange_for, exchange_options, folder_of, optional_state_dir_option
from surefill.cli.paper_file import PaperFile
from surefill.cli.state_dir import NoExchangeError, json_option
from surefill.domain.numbers import plain

_EPILOG: Final = """\b
Exit codes: 0 shown, 2 the input cannot be used, 4 no exchange can be reached, and no finished paper run left its
balances there.

\b
Example (after `surefill demo`):
  surefill balance --state-dir var/surefill-demo-1
Example (with BINANCE_API_KEY and BINANCE_API_SECRET set):
  surefill balance --environment testnet
"""


@click.command(epilog=_EPILOG)
@optional_state_dir_option
@exchange_options
@json_option
def balance(*, wanted: Wanted, state_dir: Path | None, as_json: bool) -> None:
    """Show the wallet.

    It is the exchange's word, or what a finished paper run left behind.
    """
    folder = folder_of(wanted, state_dir)
    try:
        with exchange_for(wanted, state_dir, "read the wallet") as reached:
            where, balances = reached.environment, reached.exchange.balance()
    except NoExchangeError:
        left_behind = None if folder is None else PaperFile(folder.path).read()
        if left_behind is None:
            raise
        _say_paper(left_behind, as_json=as_json)
        return
    names = ("asset", "wallet", "available", "unrealized")
    rows = [(each.asset, plain(each.wallet), plain(each.available), plain(each.unrealized)) for each in balances]
    if as_json:
        found = [dict(zip(names, row, strict=True)) for row in rows]
        say_json({"environment": where, "source": "exchange", "balances": found})
        return
    console().print(table(f"{where}: wallet", names, rows, numbers=names[1:]))


def _say_paper(left_behind: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        say_json({"source": "paper.json", **left_behind})
        return
    wallets = cast("Mapping[str, Mapping[str, str]]", left_behind["balances"])
    rows = [(asset, wallet["start"], wallet["end"]) for asset, wallet in wallets.items()]
    title = f"paper: the wallet as the run ended, {left_behind['at']}"
    console().print(table(title, ("asset", "start", "end"), rows, numbers=("start", "end")))
