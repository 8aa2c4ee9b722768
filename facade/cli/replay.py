"""``surefill replay``: signals of one's own on recorded market data."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Final

import click

from surefill.cli.console import console, progress, say_json
from surefill.cli.market_data import MarketData
from surefill.cli.option_types import FILE, FOLDER, amount
from surefill.cli.output_files import OutputFiles
from surefill.cli.paper_file import PaperFile
from surefill.cli.plot import draw, require_matplotlib
from surefill.cli.replay_run import Replayed, ReplayOrder, check_inputs
from surefill.cli.replay_run import replay as run_replay
from surefill.cli.replay_summary import say_summary

_EPILOG: Final = """\b
Signals are JSON Lines, or CSV with the columns
  id, at, symbol, type, quantity, stop_loss, take_profit
at is ISO 8601 with a time zone, or milliseconds; type is LONG_ENTRY, SHORT_ENTRY, CLOSE_LONG or CLOSE_SHORT;
quantity is in base units, and may be empty for closes. Lines are sorted by at. A tick comes before a signal
of the same millisecond. A signal before the first or after the last market data is REFUSED with NO_DATA.

\b
--json prints one object in which every number is text and every moment ISO 8601 in UTC. realized_pnl is before
fees and goes to entries first in, first out; the sums over signals are those of the ledger. The same input gives
the same bytes, in the ledger too; names of audit files carry the process id.

\b
Exit codes: 0 done, 1 violations found, 2 bad input (nothing is written), 3 a defect of surefill.

\b
Example (after `surefill demo`, which leaves these files behind):
  surefill replay --exchange-info var/surefill-demo-1/sample/exchangeInfo.json --symbol AAAUSDT \\
    --candles var/surefill-demo-1/sample/candles.csv --signals var/surefill-demo-1/sample/signals.csv
"""


@click.command(epilog=_EPILOG)
@click.option("--exchange-info", type=FILE, required=True, help="The body of GET /fapi/v1/exchangeInfo.")
@click.option("--symbol", required=True, help="What is traded.")
@click.option("--candles", type=FILE, help="Candles as CSV: data.binance.vision's layout, or any with named columns.")
@click.option("--stream", type=FILE, help="Raw market stream: lines of local nanoseconds and JSON. Plain or gzipped.")
@click.option("--signals", type=FILE, required=True, help="The signals, JSON Lines or CSV.")
@click.option(
    "--balance", callback=amount, metavar="AMOUNT", default="10000", show_default=True, help="The opening wallet."
)
@click.option("--leverage", type=click.IntRange(1, 125), default=5, show_default=True, help="Set at the start.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the exchange's ids.")
@click.option("--state-dir", type=FOLDER, help="Keep journal and audit log there; it must hold no journal yet.")
@click.option("--audit-dir", type=FOLDER, help="Keep the audit log there.")
@click.option("--ledger", type=FILE, help="Write everything that happened at the exchange, one JSON object a line.")
@click.option("--plot", type=FILE, help="Draw price, orders and equity as PNG; needs the extra `plot`.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def replay(
    *,
    exchange_info: Path,
    symbol: str,
    candles: Path | None,
    stream: Path | None,
    signals: Path,
    balance: Decimal,
    leverage: int,
    seed: int,
    state_dir: Path | None,
    audit_dir: Path | None,
    ledger: Path | None,
    plot: Path | None,
    as_json: bool,
) -> int:
    """Replay recorded data with signals of your own."""
    source = stream if candles is None else candles
    if source is None or (candles is not None and stream is not None):
        raise click.UsageError("give either --candles or --stream")
    OutputFiles.check(ledger, plot)
    if plot is not None:
        require_matplotlib()
    order = ReplayOrder(
        exchange_info=exchange_info,
        market=MarketData(source, symbol, is_stream=candles is None),
        signals=signals,
        balance=balance,
        leverage=leverage,
        seed=seed,
        state_dir=state_dir,
        audit_dir=audit_dir,
        keep_prices=plot is not None,
    )
    replayed = _carry_out(order)
    _write(replayed, ledger, plot)
    if state_dir is not None:
        PaperFile(state_dir).write(replayed.result)
    if as_json:
        say_json(replayed.result.to_json())
    else:
        say_summary(console(), replayed.result)
    return 1 if replayed.result.violations else 0


def _carry_out(order: ReplayOrder) -> Replayed:
    with progress("reading") as tell:
        inputs = check_inputs(order, tell)
    first_ms, last_ms = inputs.summary.first_ms, inputs.summary.last_ms
    with progress("replaying") as tell:
        return run_replay(
            order, inputs, None if tell is None else lambda now_ms: tell(now_ms - first_ms, last_ms - first_ms)
        )


def _write(replayed: Replayed, ledger: Path | None, plot: Path | None) -> None:
    outputs = OutputFiles()
    try:
        if ledger is not None:
            outputs.lines(ledger, (json.dumps(row, separators=(",", ":")) for row in replayed.ledger))
        if plot is not None:
            outputs.drawn(plot, lambda part: draw(replayed, part))
        outputs.commit()
    finally:
        outputs.discard()
