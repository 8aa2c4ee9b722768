"""Small input files for replays, and a way to run the program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from surefill.cli import main
from tests.exchange_info import made_exchange_info, made_symbol

SYMBOL = "BTCUSDT"
HOUR_MS = 3_600_000
START_MS = 1_700_002_800_000
COLUMNS = "id,at,symbol,type,quantity,stop_loss,take_profit"

FLAT = ("100.0", "100.1", "99.9", "100.0")


@attrs.frozen
class Inputs:
    """A folder with exchangeInfo, candles and signals, and the options that name them."""

    folder: Path

    @classmethod
    def make(
        cls, folder: Path, candles: Sequence[tuple[str, str, str, str]], signals: Sequence[str], volume: str = "10000"
    ) -> Inputs:
        """Write hourly candles (open, high, low, close) and CSV lines of signals."""
        info = made_exchange_info(made_symbol(SYMBOL, tick="0.10", step="0.001", notional="5"))
        (folder / "info.json").write_text(json.dumps(info), encoding="utf-8")
        lines = ["open_time,open,high,low,close,volume"]
        lines += [f"{at(hour)},{','.join(prices)},{volume}" for hour, prices in enumerate(candles)]
        (folder / "candles.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "signals.csv").write_text("\n".join([COLUMNS, *signals]) + "\n", encoding="utf-8")
        return cls(folder)

    @property
    def info(self) -> Path:
        return self.folder / "info.json"

    @property
    def candles(self) -> Path:
        return self.folder / "candles.csv"

    @property
    def signals(self) -> Path:
        return self.folder / "signals.csv"

    @property
    def options(self) -> list[str]:
        options = ["--exchange-info", str(self.info), "--symbol", SYMBOL]
        return [*options, "--candles", str(self.candles), "--signals", str(self.signals)]


@attrs.frozen
class Ran:
    """What a run of the program left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        return json.loads(self.out)


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Ran:
    """Run the program as from the command line."""
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return Ran(code, captured.out, captured.err)


def at(hours: float, ms: int = 0) -> int:
    """The moment so many hours after the first candle opens."""
    return START_MS + int(Decimal(str(hours)) * HOUR_MS) + ms


def signal(
    name: str,
    hours: float,
    kind: str = "LONG_ENTRY",
    quantity: str = "1",
    stop: str = "",
    target: str = "",
    ms: int = 0,
) -> str:
    """One CSV line."""
    return f"{name},{at(hours, ms)},{SYMBOL},{kind},{quantity},{stop},{target}"
