"""What the host of a campaign wants, and how fast its world runs."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Final

import attrs

from surefill.adapters.clock.system import SystemClock, since_boot_ns
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal
from surefill.domain.timings import Timings

SPEED: Final = 5
"""How much faster than the machine's everybody's clock runs."""
NAMESPACE: Final = "killed"
TIMINGS: Final = Timings(
    quiet_ms=600,
    quiet_rounds=2,
    poll_ms=100,
    poll_max_ms=400,
    guard_ms=1_000,
    flat_confirm_ms=600,
    visibility_grace_ms=500,
)
BASES: Final = {"AAAUSDT": Decimal(60_000), "BBBUSDT": Decimal(2_500)}
"""Where prices come back to, quote units."""
SIZES: Final = {"AAAUSDT": "0.010", "BBBUSDT": "0.4"}
STOP: Final = Decimal("0.01")
TARGET: Final = Decimal("0.015")


@attrs.frozen(kw_only=True)
class Trade:
    """One thing the host wants.

    Attributes:
        signal: the decision.
        quantity: base units; None closes all of ours.
    """

    signal: Signal
    quantity: Decimal | None


def fast_clock() -> SystemClock:
    """Return the clock of a process: `SPEED` times as fast as the machine's, and so are its naps."""
    machine = SystemClock()
    return SystemClock(
        counter_ns=lambda: since_boot_ns() * SPEED, wait=lambda seconds: machine.sleep(max(0.0, seconds) / SPEED)
    )


def trades(seed: int, count: int) -> tuple[Trade, ...]:
    """Draw what is wanted: entries both ways, closes whole and in part."""
    random = Random(seed)
    wanted: list[Trade] = []
    for number in range(count):
        symbol = random.choice(tuple(BASES))
        is_long = random.random() < 0.5
        is_entry = number < 2 or random.random() < 0.6
        wanted.append(_entry(number, symbol, random, is_long=is_long) if is_entry else _close(number, symbol, random))
    return tuple(wanted)


def write(path: Path, wanted: tuple[Trade, ...]) -> None:
    """Keep *wanted* for the processes to come."""
    rows = [
        {
            "id": each.signal.id,
            "symbol": each.signal.symbol,
            "type": each.signal.type.value,
            "stop": None if each.signal.stop_loss is None else str(each.signal.stop_loss),
            "target": None if each.signal.take_profit is None else str(each.signal.take_profit),
            "quantity": None if each.quantity is None else str(each.quantity),
        }
        for each in wanted
    ]
    path.write_text(json.dumps(rows), encoding="utf-8")


def read(path: Path) -> tuple[Trade, ...]:
    """Return what was kept."""
    rows: list[dict[str, str | None]] = json.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Trade(
            signal=Signal(
                id=str(row["id"]),
                symbol=str(row["symbol"]),
                type=SignalType(row["type"]),
                stop_loss=_number(row["stop"]),
                take_profit=_number(row["target"]),
            ),
            quantity=_number(row["quantity"]),
        )
        for row in rows
    )


def _entry(number: int, symbol: str, random: Random, *, is_long: bool) -> Trade:
    base, sign = BASES[symbol], 1 if is_long else -1
    signal = Signal(
        id=f"s{number}",
        symbol=symbol,
        type=SignalType.LONG_ENTRY if is_long else SignalType.SHORT_ENTRY,
        stop_loss=base * (1 - sign * STOP),
        take_profit=base * (1 + sign * TARGET) if random.random() < 0.7 else None,
    )
    return Trade(signal=signal, quantity=Decimal(SIZES[symbol]))


def _close(number: int, symbol: str, random: Random) -> Trade:
    kind = random.choice((SignalType.CLOSE_LONG, SignalType.CLOSE_SHORT))
    part = Decimal(SIZES[symbol]) / 2 if random.random() < 0.5 else None
    return Trade(signal=Signal(id=f"s{number}", symbol=symbol, type=kind), quantity=part)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
