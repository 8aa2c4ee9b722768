"""Files for a first replay, left behind by the demonstration: rules, candles and signals, all invented."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Final

from surefill.cli.moments import iso
from surefill.cli.output_files import OutputFiles
from surefill.cli.signals_file import COLUMNS
from surefill.domain.numbers import EXACT, text
from surefill.wiring import demo_exchange_info

SYMBOL: Final = "AAAUSDT"
HOUR_MS: Final = 3_600_000
CANDLES: Final = 240

_TICK: Final = Decimal("0.10")
_SIGNAL_EVERY: Final = 16


def write_sample(folder: Path, *, start_ms: int, random: Random) -> None:
    """Write ``exchangeInfo.json``, ``candles.csv`` and ``signals.csv`` into *folder*, which is made."""
    folder.mkdir(exist_ok=True)
    start_ms -= start_ms % HOUR_MS
    opens, candles = _candles(start_ms, random)
    outputs = OutputFiles()
    try:
        outputs.lines(folder / "exchangeInfo.json", [json.dumps(demo_exchange_info(), indent=1)])
        outputs.lines(folder / "candles.csv", candles)
        outputs.lines(folder / "signals.csv", _signals(start_ms, opens))
        outputs.commit()
    finally:
        outputs.discard()


def _candles(start_ms: int, random: Random) -> tuple[list[int], list[str]]:
    """Return the opening prices in ticks, and the lines of the file."""
    lines, opens, price = ["open_time,open,high,low,close,volume"], list[int](), 600_000
    for hour in range(CANDLES):
        opens.append(price)
        close = price + random.randrange(-price // 125, price // 125 + 1)
        high = max(price, close) + random.randrange(price // 250)
        low = min(price, close) - random.randrange(price // 250)
        prices = ",".join(_price(ticks) for ticks in (price, high, low, close))
        lines.append(f"{start_ms + hour * HOUR_MS},{prices},{random.randrange(500, 5_000)}")
        price = close
    return opens, lines


def _signals(start_ms: int, opens: list[int]) -> Iterator[str]:
    yield ",".join(COLUMNS)
    for number, hour in enumerate(range(_SIGNAL_EVERY, CANDLES, _SIGNAL_EVERY)):
        price, is_long = opens[hour], number % 2 == 0
        away = price // 50 if is_long else -(price // 50)
        kind = "LONG_ENTRY" if is_long else "SHORT_ENTRY"
        at = iso(start_ms + hour * HOUR_MS)
        yield f"sample-{number:02},{at},{SYMBOL},{kind},0.100,{_price(price - away)},{_price(price + 2 * away)}"


def _price(ticks: int) -> str:
    return text(EXACT.multiply(_TICK, ticks))
