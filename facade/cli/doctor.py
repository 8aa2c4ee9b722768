"""``surefill doctor``: a look at everything before money is put behind it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import click
from rich.table import Table
from rich.text import Text

from surefill.cli.console import console, say_json
from surefill.cli.exchanges import Wanted, ask_if_live, exchange_options, new_state_dir_option
from surefill.cli.state_dir import json_option
from surefill.settings import AUDIT_DIR_DEFAULT, Settings
from surefill.wiring import audit_folder

if TYPE_CHECKING:
    from surefill.doctor import Finding, Patient

_EPILOG: Final = """\b
It places no order and changes no setting; the only cancel it sends names an order that was looked for and not found, to
see whether the key may trade (that the answer shows it is unconfirmed). Without a key it looks at what can be seen
without one, without --environment at Binance's test exchange.
Exit codes: 0 all is well, 1 there are warnings, also for what was not checked, 2 there are problems: do not trade.

\b
Example:
  surefill doctor --symbol BTCUSDT
"""
_STYLES: Final = ("green", "yellow", "bold red")


@click.command(epilog=_EPILOG)
@click.option("--symbol", "symbols", multiple=True, help="Look at its filters, leverage and margin type; repeatable.")
@new_state_dir_option
@exchange_options
@json_option
def doctor(*, symbols: tuple[str, ...], wanted: Wanted, state_dir: Path | None, as_json: bool) -> int:
    """Look at everything that has to be right before trading.

    The clock, the key and its rights, the account's modes, orders against the cap, the symbols' filters, the request
    budget, and whether journal and audit log can be written.
    """
    from surefill.doctor import Place, admitted, examine, worst  # noqa: PLC0415 - it brings the HTTP client

    environ = attrs.evolve(wanted, state_dir=state_dir).over(os.environ)
    settings = Settings.from_env(environ)
    beside = AUDIT_DIR_DEFAULT if state_dir is None else audit_folder(state_dir)
    place = Place(state_dir=settings.state_dir, audit_dir=settings.audit_dir or beside)
    with admitted(environ) as patient:
        if patient.exchange is not None:
            ask_if_live(patient.environment, f"look at the account at {patient.host}", yes=wanted.yes)
        findings = examine(patient, place, tuple(dict.fromkeys(symbols)))
    verdict = worst(findings)
    if as_json:
        say_json(
            {
                "environment": patient.environment,
                "host": patient.host,
                "verdict": verdict.name,
                "findings": [
                    {"name": each.name, "verdict": each.verdict.name, "text": each.text, "advice": each.advice}
                    for each in findings
                ],
            }
        )
    else:
        _say(patient, findings)
    return int(verdict)


def _say(patient: Patient, findings: Sequence[Finding]) -> None:
    out = console()
    out.print(f"{patient.environment} at {patient.host}", markup=False)
    made = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for each in findings:
        words = Text(each.text)
        if each.advice:
            words.append(f"\n→ {each.advice}", style="italic")
        made.add_row(Text(each.verdict.name.lower(), style=_STYLES[each.verdict]), Text(each.name), words)
    out.print(made)
    counts = [sum(1 for each in findings if each.verdict == level) for level in range(3)]
    out.print(f"ok: {counts[0]}, warnings: {counts[1]}, problems: {counts[2]}", markup=False)
