"""``surefill execute``: carry out one signal, now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs
import click

from surefill.cli.console import console, say_json
from surefill.cli.exchanges import Reached, Wanted, exchange_for, exchange_options, new_state_dir_option
from surefill.cli.report_output import AS_ASKED, report_json, report_table
from surefill.cli.signal_input import Asked, parse_asked, read_asked
from surefill.cli.state_dir import json_option
from surefill.domain.alarm import Alarm
from surefill.domain.report import POSITION_OPEN, ExecutionReport
from surefill.domain.side import SignalType
from surefill.settings import AUDIT_DIR_DEFAULT
from surefill.wiring import open_manager

GUARD_SECONDS: Final = 1.0

_EPILOG: Final = """\b
The signal is a JSON file, - for standard input, or the options. The same id never trades twice: repeated, the command
prints the report it has.
It takes the journal's lock: no other manager may run on that state directory.
Exit codes: 0 done as asked, 1 it is not as asked (rejected, refused, not filled, unprotected, unknown), 2 the input
cannot be used, 4 no exchange can be reached.

\b
Example (with BINANCE_API_KEY and BINANCE_API_SECRET set):
  surefill execute --id s7 --symbol BTCUSDT --type LONG_ENTRY --quantity 0.010 --stop-loss 60000 --take-profit 66000
"""


@click.command(epilog=_EPILOG)
@click.argument("signal", required=False, metavar="[SIGNAL_JSON]")
@click.option("--id", "signal_id", help="The signal's id: it never trades twice.")
@click.option("--symbol", help="As the exchange lists it.")
@click.option("--type", "kind", type=click.Choice([each.value for each in SignalType]), help="What to do.")
@click.option("--quantity", help="Base units; a close without one closes all of ours.")
@click.option("--stop-loss", help="Trigger price of the stop.")
@click.option("--take-profit", help="Trigger price of the target.")
@new_state_dir_option
@exchange_options
@json_option
def execute(
    *,
    signal: str | None,
    signal_id: str | None,
    symbol: str | None,
    kind: str | None,
    quantity: str | None,
    stop_loss: str | None,
    take_profit: str | None,
    wanted: Wanted,
    state_dir: Path | None,
    as_json: bool,
) -> int:
    """Carry out one signal.

    The position is opened at most once and protected, or the report says loudly why not. Without --environment it is
    Binance's test exchange.
    """
    options = {
        "id": signal_id,
        "symbol": symbol,
        "type": kind,
        "quantity": quantity,
        "stop_loss": stop_loss,
        "take_profit": take_profit,
    }
    asked = _asked(signal, options)
    with exchange_for(attrs.evolve(wanted, state_dir=state_dir), None, str(asked)) as reached:
        report, duties = _carry_out(reached, asked, named=state_dir is not None)
    if as_json:
        say_json({"environment": reached.environment, **report_json(report), "duties": duties})
    else:
        console().print(report_table(f"{reached.environment} at {reached.host}", report))
    if report.outcome in POSITION_OPEN or duties:
        folder = reached.settings.state_dir
        click.echo(
            f"surefill: nobody guards {folder} from now on. What is at the exchange stays there, and nothing is mended "
            f"until a manager runs on it, or: surefill reconcile --state-dir {folder}",
            err=True,
        )
    return 0 if report.outcome in AS_ASKED else 1


def _asked(source: str | None, options: Mapping[str, object]) -> Asked:
    given = [name for name, value in options.items() if value is not None]
    if source is None:
        return parse_asked(options, "the options")
    if given:
        raise click.UsageError(
            f"give the signal as JSON or as options, not both; there was --{given[0].replace('_', '-')}"
        )
    return read_asked(source)


def _carry_out(reached: Reached, asked: Asked, *, named: bool) -> tuple[ExecutionReport, int]:
    """Run a guarded manager for this one signal; return its report, and how many duties are left."""
    settings = reached.settings
    beside = None if named else AUDIT_DIR_DEFAULT
    with (
        open_manager(
            reached.exchange,
            state_dir=settings.state_dir,
            audit_dir=settings.audit_dir or beside,
            alerts=_say_alarm,
        ) as manager,
        manager.guarding(interval=GUARD_SECONDS),
    ):
        try:
            report = manager.execute_signal(asked.signal, asked.quantity)
        except KeyboardInterrupt:
            again = "the signal may have been carried out: the same command, given again, tells what became of it"
            click.echo(f"surefill: {again}", err=True)
            raise
        return report, len(manager.status().duties)


def _say_alarm(alarm: Alarm) -> None:
    click.echo(f"surefill: ALARM {alarm.kind.name}: {alarm.text}", err=True)
