"""Whole replays of recorded market data, with signals made from the data itself."""

import csv
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from surefill.adapters.venue.feeds import raw_stream
from surefill.cli import main

INFO = "exchange-info/mainnet-2021-09-06.json"
CANDLES = "market-data/atomusdt-1h-2020-2026.csv"
STREAM = "market-data/btcusdt-usdm-stream-2024-08-08.jsonl.gz"
ENTRIES = 260


def atom_signals(path: Path) -> Iterator[dict[str, object]]:
    """Entries all over the six years in both directions, every seventh closed by hand, one right before the crash."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    stride = len(rows) // ENTRIES
    crash = next(place for place, row in enumerate(rows) if row["datetime"] == "2025-10-10 21:00:00")
    places = sorted({*range(10, len(rows) - stride, stride), crash})
    for number, place in enumerate(places):
        price, is_long = Decimal(rows[place]["open"]), place == crash or number % 2 == 0
        stop, target = (Decimal("0.97"), Decimal("1.06")) if is_long else (Decimal("1.03"), Decimal("0.94"))
        kind = "LONG" if is_long else "SHORT"
        yield {
            "id": f"atom-{number}",
            "at": int(rows[place]["timestamp"]) + number,
            "symbol": "ATOMUSDT",
            "type": f"{kind}_ENTRY",
            "quantity": "40",
            "stop_loss": f"{price * stop:f}",
            "take_profit": f"{price * target:f}",
        }
        if number % 7 == 3:
            yield {
                "id": f"atom-{number}-close",
                "at": int(rows[place + 5]["timestamp"]),
                "symbol": "ATOMUSDT",
                "type": f"CLOSE_{kind}",
            }


def btc_signals(path: Path) -> Iterator[dict[str, object]]:
    """Entries a few seconds apart in both directions, with stops near enough to be reached."""
    quotes = [quote for quote in raw_stream(path, "BTCUSDT") if quote.last is not None]
    for number, quote in enumerate(islice(quotes, 200, None, len(quotes) // 32)):
        is_long, price = number % 3 != 0, quote.last or Decimal(0)
        away = Decimal(25) if is_long else Decimal(-25)
        yield {
            "id": f"btc-{number}",
            "at": quote.at_ms,
            "symbol": "BTCUSDT",
            "type": "LONG_ENTRY" if is_long else "SHORT_ENTRY",
            "quantity": "0.02",
            "stop_loss": f"{price - away:f}",
            "take_profit": f"{price + away:f}",
        }


def replay(folder: Path, arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[str, bytes]:
    """Run the verb; return what it printed and the ledger it wrote."""
    ledger = folder / "ledger.jsonl"
    code = main(["replay", *arguments, "--ledger", str(ledger), "--json"])
    captured = capsys.readouterr()
    assert (code, captured.err) == (0, "")
    return captured.out, ledger.read_bytes()


def check_account(printed: str, ledger: bytes) -> dict[str, Any]:
    """Hold the printed result against sums over the ledger that know nothing of how it was made."""
    result: dict[str, Any] = json.loads(printed)
    rows = [json.loads(line) for line in ledger.splitlines()]
    fills = [row for row in rows if row["kind"] == "fill"]

    assert result["violations"] == []
    wallet = sum((Decimal(row["balance_change"]) for row in rows if "balance_change" in row), Decimal(0))
    assert Decimal(result["balance"]["end"]) == wallet
    for field, column in (("realized_pnl", "realized_pnl"), ("fees", "fee")):
        of_signals = sum(Decimal(signal[field]) for signal in result["signals"])
        assert of_signals == sum(Decimal(fill[column]) for fill in fills), field
    signed = sum(Decimal(fill["quantity"]) * (1 if fill["side"] == "BUY" else -1) for fill in fills)
    held = result["open_position"]
    assert signed == (0 if held is None else Decimal(held["quantity"]) * (1 if held["side"] == "LONG" else -1))
    return result


def test_six_years_of_candles_replay_whole(recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Hundreds of signals over 55k candles, the crash included: equal bytes twice, no violation, exact sums."""
    signals = list(atom_signals(recorded / CANDLES))
    (tmp_path / "signals.jsonl").write_text("\n".join(map(json.dumps, signals)), encoding="utf-8")
    arguments = ["--exchange-info", str(recorded / INFO), "--symbol", "ATOMUSDT"]
    arguments += ["--candles", str(recorded / CANDLES), "--signals", str(tmp_path / "signals.jsonl")]

    first = replay(tmp_path, arguments, capsys)
    second = replay(tmp_path, arguments, capsys)

    assert first == second
    result = check_account(*first)
    ends = {signal["closed_by"] for signal in result["signals"]}
    taken = [signal for signal in result["signals"] if signal["outcome"] == "PROTECTED"]
    assert ends == {"STOP_LOSS", "TAKE_PROFIT", "EXIT", None}
    assert len(taken) >= 200
    assert {signal["type"] for signal in taken} == {"LONG_ENTRY", "SHORT_ENTRY"}


def test_the_crash_is_stopped_out_at_once(recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A long opened at the start of the hour that fell by 60 % leaves at its stop, not at the bottom."""
    with (recorded / CANDLES).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    place = next(place for place, row in enumerate(rows) if row[-1] == "2025-10-10 21:00:00")
    lines = [",".join(row) for row in (rows[0], *rows[place - 2 : place + 3])]
    (tmp_path / "candles.csv").write_text("\n".join(lines), encoding="utf-8")
    signal = f"{int(rows[place][0]) + 1},ATOMUSDT,LONG_ENTRY,40,3.6,5"
    (tmp_path / "signals.csv").write_text(
        f"id,at,symbol,type,quantity,stop_loss,take_profit\ncrash,{signal}\n", encoding="utf-8"
    )
    arguments = ["--exchange-info", str(recorded / INFO), "--symbol", "ATOMUSDT"]
    arguments += ["--candles", str(tmp_path / "candles.csv"), "--signals", str(tmp_path / "signals.csv")]

    result = check_account(*replay(tmp_path, arguments, capsys))

    (row,) = result["signals"]
    assert (row["outcome"], row["closed_by"]) == ("PROTECTED", "STOP_LOSS")
    assert Decimal("3.59") < Decimal(row["exit_price"]) <= Decimal("3.6")


def test_a_recorded_stream_replays_whole(recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Signals of both directions on the raw stream: equal bytes twice, no violation, exact sums."""
    signals = list(btc_signals(recorded / STREAM))
    (tmp_path / "signals.jsonl").write_text("\n".join(map(json.dumps, signals)), encoding="utf-8")
    arguments = ["--exchange-info", str(recorded / INFO), "--symbol", "BTCUSDT"]
    arguments += ["--stream", str(recorded / STREAM), "--signals", str(tmp_path / "signals.jsonl")]

    first = replay(tmp_path, arguments, capsys)
    second = replay(tmp_path, arguments, capsys)

    assert first == second
    result = check_account(*first)
    taken = [signal for signal in result["signals"] if signal["outcome"] == "PROTECTED"]
    assert len(signals) >= 20
    assert len(taken) >= 20
    assert {signal["type"] for signal in taken} == {"LONG_ENTRY", "SHORT_ENTRY"}
