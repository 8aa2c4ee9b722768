"""What the demonstration did, signal by signal, and whether it kept the promises."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import attrs

from surefill.cli.accounts import Accounts, SignalAccount
from surefill.cli.demo_market import Stage
from surefill.domain.alarm import Alarm
from surefill.domain.book import Book
from surefill.domain.ids import Leg, stem
from surefill.domain.numbers import plain
from surefill.domain.report import ExecutionReport
from surefill.domain.signal import Signal
from surefill.testing.invariants import Asked, Violation, check
from surefill.wiring import demo_exchange_info, read_journal


@attrs.frozen
class SignalRow:
    """One line of the closing table, all text."""

    signal: str
    asked: str
    happened: str
    entry: str | None
    exit: str | None
    realized: str
    fees: str
    naked_seconds: str | None


def signal_rows(stage: Stage) -> tuple[SignalRow, ...]:
    """Return a row for each signal of *stage*, in order."""
    accounts: dict[str, SignalAccount] = {}
    for symbol in dict.fromkeys(signal.symbol for signal, _ in stage.asked.values()):
        of_symbol = {
            stem(stage.exchange.namespace, name): name
            for name, (signal, _) in stage.asked.items()
            if signal.symbol == symbol
        }
        ledger = Accounts(of_symbol)
        ledger.read(row for row in stage.exchange.ledger.rows if row.get("symbol") == symbol)
        accounts |= ledger.accounts
    return tuple(
        _row(signal, quantity, stage.report(name), accounts[name]) for name, (signal, quantity) in stage.asked.items()
    )


def violations_of(stage: Stage, state_dir: Path, alarms: Sequence[Alarm]) -> tuple[Violation, ...]:
    """Judge the whole demonstration by its ledger."""
    namespace = stage.exchange.namespace
    asked = {
        stem(namespace, name): Asked.of(signal, quantity)
        for name, (signal, quantity) in stage.asked.items()
        if quantity is not None and signal.type.is_entry
    }
    return check(
        stage.exchange.ledger.rows,
        alarms,
        now_ms=stage.exchange.clock.now_ms(),
        exchange_info=demo_exchange_info(),
        asked=asked,
        known_ms=_known_ms(state_dir),
    )


def _known_ms(state_dir: Path) -> dict[str, int]:
    """Return when the fill of each entry became known: with a lost reply that is later than the fill."""
    known: dict[str, int] = {}
    with read_journal(state_dir) as journal:
        for signal_id in journal.signal_ids():
            state = Book.of(journal.events_of(signal_id)).signals[signal_id]
            if state.fill_known_ms is not None:
                known |= {leg.client_id: state.fill_known_ms for leg in state.of(Leg.ENTRY)}
    return known


def _row(signal: Signal, quantity: Decimal | None, report: ExecutionReport, account: SignalAccount) -> SignalRow:
    is_entry = signal.type.is_entry
    return SignalRow(
        signal=signal.id,
        asked=f"{signal.type.value} {'all' if quantity is None else plain(quantity)} {signal.symbol}",
        happened=_happened(report, quantity, account),
        entry=_price(account.entered.average),
        exit=_price(account.left.average if is_entry else account.exited.average),
        realized=plain(account.realized_pnl),
        fees=plain(account.fees),
        naked_seconds=None if report.naked_seconds is None else plain(report.naked_seconds),
    )


def _happened(report: ExecutionReport, quantity: Decimal | None, account: SignalAccount) -> str:
    words = [report.outcome.value]
    if report.reason is not None:
        words.append(report.reason.name)
    if account.closed_by is not None:
        words.append(f"by {account.closed_by}")
    filled = account.entered.quantity
    if filled and quantity is not None and filled != quantity:
        words.append(f"({plain(filled)} of {plain(quantity)} filled)")
    return " ".join(words)


def _price(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
