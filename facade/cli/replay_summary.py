"""A replay's result for people: what happened to the signals, the money, the promises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from rich.console import Console, RenderableType

from surefill.cli.accounts import ZERO
from surefill.cli.console import table
from surefill.cli.moments import iso
from surefill.cli.result import ReplayResult, SignalResult
from surefill.domain.numbers import EXACT, plain

_ROWS_MAX: Final = 30
"""More signals than that are counted, not listed."""


def say_summary(console: Console, result: ReplayResult) -> None:
    """Print *result*."""
    console.print(f"{result.symbol}  {iso(result.first_ms)} – {iso(result.last_ms)}  {result.events} events")
    console.print()
    console.print(_outcomes(result))
    if len(result.signals) <= _ROWS_MAX:
        console.print()
        console.print(_signals(result))
    console.print()
    _say_money(console, result)
    _say_promises(console, result)


def _say_money(console: Console, result: ReplayResult) -> None:
    pnl = _sum(signal.realized_pnl for signal in result.signals)
    fees = _sum(signal.fees for signal in result.signals)
    funding = _sum(signal.funding for signal in result.signals)
    rows = [
        ("balance at the start", plain(result.balance_start)),
        ("realised, before fees", plain(pnl)),
        ("fees", plain(fees.copy_negate())),
        ("funding", plain(funding)),
        ("balance at the end", plain(result.balance_end)),
        ("largest fall of the equity", plain(result.drawdown)),
    ]
    console.print(table(None, ("money", result.asset), rows, numbers=(result.asset,)))
    held = result.open_position
    if held is not None:
        unrealized = "" if held.unrealized_pnl is None else f", unrealised {plain(held.unrealized_pnl)}"
        console.print(
            f"open at the end: {held.direction.value} {plain(held.quantity)} from {plain(held.entry_price)}{unrealized}"
        )
    console.print()


def _say_promises(console: Console, result: ReplayResult) -> None:
    console.print(f"longest without a live stop: {result.longest_naked_ms / 1000:.3f} s   alarms: {result.alarms}")
    if not result.violations:
        console.print("violations: none of I2 (naked), I3 (orphans), I7 (numbers), I10 (exposure)")
        return
    rows = [(each.invariant, iso(each.time_ms), each.signal_id, each.text) for each in result.violations]
    console.print(table("violations", ("promise", "time", "signal", "what"), rows))


def _outcomes(result: ReplayResult) -> RenderableType:
    counts = Counter(_outcome(signal) for signal in result.signals)
    rows = [
        (outcome, count, plain(_sum(signal.realized_pnl for signal in result.signals if _outcome(signal) == outcome)))
        for outcome, count in counts.most_common()
    ]
    return table(None, ("outcome", "signals", "realised"), rows, numbers=("signals", "realised"))


def _outcome(signal: SignalResult) -> str:
    words = [signal.outcome.value, *([signal.reason] if signal.reason else [])]
    if signal.closed_by is not None:
        words.append(f"then {signal.closed_by}")
    return " ".join(words)


def _signals(result: ReplayResult) -> RenderableType:
    rows = [
        (
            signal.id,
            signal.type.value,
            _outcome(signal),
            plain(signal.filled_quantity),
            _price(signal.entry_price),
            _price(signal.exit_price),
            plain(signal.realized_pnl),
            plain(signal.fees),
        )
        for signal in result.signals
    ]
    columns = ("signal", "type", "outcome", "filled", "entry", "exit", "realised", "fees")
    return table(None, columns, rows, numbers=columns[3:])


def _price(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _sum(values: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for value in values:
        total = EXACT.add(total, value)
    return total
