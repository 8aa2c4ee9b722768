"""What a replay found: for machines as one JSON object, for people as attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import attrs

from surefill.cli.accounts import SignalAccount
from surefill.cli.moments import iso
from surefill.cli.replaying import Executed
from surefill.domain.numbers import plain
from surefill.domain.report import ExecutionReport, Outcome
from surefill.domain.side import SignalType
from surefill.domain.snapshot import Position
from surefill.testing.invariants import Violation

NO_DATA: Final = "NO_DATA"
"""The replay's own reason of a refusal: the signal lies before the first or after the last market data."""


@attrs.frozen(kw_only=True)
class SignalResult:
    """What became of one signal.

    Attributes:
        id: the signal's id.
        type: what it asked for.
        outcome: as `execute_signal` reported it.
        reason: why it was refused or rejected.
        filled_quantity: by its entry, or for closes by its exit, base units.
        entry_price: mean price of the entry.
        exit_price: mean price at which its position, or for closes what it closed, was left.
        closed_by: STOP_LOSS, TAKE_PROFIT, EXIT or LIQUIDATION; None while open, and for closes.
        realized_pnl: before fees; first in, first out.
        fees: paid.
        funding: received.
    """

    id: str
    type: SignalType
    outcome: Outcome
    reason: str | None
    filled_quantity: Decimal
    entry_price: Decimal | None
    exit_price: Decimal | None
    closed_by: str | None
    realized_pnl: Decimal
    fees: Decimal
    funding: Decimal

    @classmethod
    def of(cls, executions: Sequence[Executed], account: SignalAccount) -> SignalResult:
        """Put together every execution of one signal id and its account."""
        signal = executions[0].timed.signal
        report = deciding_report(executions)
        is_entry = signal.type.is_entry
        filled = account.entered if is_entry else account.exited
        return cls(
            id=signal.id,
            type=signal.type,
            outcome=Outcome.REFUSED if report is None else report.outcome,
            reason=_reason(report),
            filled_quantity=filled.quantity,
            entry_price=account.entered.average if is_entry else None,
            exit_price=(account.left if is_entry else account.exited).average,
            closed_by=account.closed_by if is_entry else None,
            realized_pnl=account.realized_pnl,
            fees=account.fees,
            funding=account.funding,
        )

    def to_json(self) -> dict[str, object]:
        """Return the fields as JSON values, numbers as text."""
        return {
            "id": self.id,
            "type": self.type.value,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "filled_quantity": plain(self.filled_quantity),
            "entry_price": _text(self.entry_price),
            "exit_price": _text(self.exit_price),
            "closed_by": self.closed_by,
            "realized_pnl": plain(self.realized_pnl),
            "fees": plain(self.fees),
            "funding": plain(self.funding),
        }


@attrs.frozen(kw_only=True)
class ReplayResult:
    """What a replay found.

    Attributes:
        symbol: what was traded.
        first_ms: the first moment of the market data, UTC milliseconds.
        last_ms: its last moment.
        events: candles, or quotes of the stream.
        signals: one a signal id, in order of the file.
        asset: what balances are counted in.
        balance_start: the wallet before, without open positions.
        balance_end: the wallet after.
        open_position: what is open at the end.
        violations: broken promises, in order of time.
        drawdown: the largest fall of the equity from a peak, open positions at mark.
        longest_naked_ms: the longest stretch a position was without a live stop.
        alarms: how many were raised.
    """

    symbol: str
    first_ms: int
    last_ms: int
    events: int
    signals: tuple[SignalResult, ...]
    asset: str
    balance_start: Decimal
    balance_end: Decimal
    open_position: Position | None
    violations: tuple[Violation, ...]
    drawdown: Decimal
    longest_naked_ms: int
    alarms: int

    def to_json(self) -> dict[str, object]:
        """Return the object that ``replay --json`` prints: every number is text, every moment ISO 8601 in UTC."""
        return {
            "symbol": self.symbol,
            "from": iso(self.first_ms),
            "to": iso(self.last_ms),
            "events": str(self.events),
            "signals": [signal.to_json() for signal in self.signals],
            "balance": {"start": plain(self.balance_start), "end": plain(self.balance_end)},
            "open_position": None if self.open_position is None else position_json(self.open_position),
            "violations": [violation_json(violation) for violation in self.violations],
        }


def deciding_report(executions: Sequence[Executed]) -> ExecutionReport | None:
    """Return the report that tells what became of a signal given once or more often.

    It is the first that was not refused, for later ones repeat it; if all were refused, the last.
    """
    reports = [executed.report for executed in executions if executed.report is not None]
    return next(
        (report for report in reports if report.outcome is not Outcome.REFUSED), reports[-1] if reports else None
    )


def position_json(position: Position) -> Mapping[str, object]:
    """Return an open position as JSON values, numbers as text."""
    return {
        "side": position.direction.value,
        "quantity": plain(position.quantity),
        "entry_price": plain(position.entry_price),
        "mark_price": _text(position.mark_price),
        "unrealized_pnl": _text(position.unrealized_pnl),
    }


def violation_json(violation: Violation) -> Mapping[str, object]:
    """Return a broken promise as JSON values."""
    return {
        "invariant": violation.invariant,
        "time_ms": str(violation.time_ms),
        "signal_id": violation.signal_id,
        "text": violation.text,
    }


def _reason(report: ExecutionReport | None) -> str | None:
    if report is None:
        return NO_DATA
    return None if report.reason is None else report.reason.name


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
