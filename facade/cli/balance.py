"""``surefill balance``: what is in the wallet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

import click

from surefill.cli.console import console, say_json, table
from surefill.cli.paper_file import PaperFile
from surefill.cli.state_dir import NoExchangeError, StateDir, exchange_for, json_option, state_dir_option
from surefill.domain.numbers import plain

_EPILOG: Final = """\b
Exit code 4: no exchange can be reached, and no finished paper run left its balances there.

\b
Example (after `surefill demo`):
  surefill balance --state-dir var/surefill-demo-1
"""


@click.command(epilog=_EPILOG)
@state_dir_option
@json_option
def balance(*, state_dir: Path, as_json: bool) -> None:
    """Show the wallet.

    It is the exchange's word, or what a finished paper run left behind.
    """
    folder = StateDir(state_dir)
    folder.check()
    environment = folder.environment
    try:
        balances = exchange_for(state_dir, environment).balance()
    except NoExchangeError:
        left_behind = PaperFile(state_dir).read()
        if left_behind is None:
            raise
        _say_paper(left_behind, as_json=as_json)
        return
    names = ("asset", "wallet", "available", "unrealized")
    rows = [(each.asset, plain(each.wallet), plain(each.available), plain(each.unrealized)) for each in balances]
    if as_json:
        found = [dict(zip(names, row, strict=True)) for row in rows]
        say_json({"environment": environment, "source": "exchange", "balances": found})
        return
    console().print(table(f"{environment}: wallet", names, rows, numbers=names[1:]))


def _say_paper(left_behind: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        say_json({"source": "paper.json", **left_behind})
        return
    wallets = cast("Mapping[str, Mapping[str, str]]", left_behind["balances"])
    rows = [(asset, wallet["start"], wallet["end"]) for asset, wallet in wallets.items()]
    title = f"paper: the wallet as the run ended, {left_behind['at']}"
    console().print(table(title, ("asset", "start", "end"), rows, numbers=("start", "end")))
