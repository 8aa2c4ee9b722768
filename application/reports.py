"""Writing reports: what the evidence shows, and no more."""

from __future__ import annotations

from decimal import Decimal

import attrs

from ..domain.audit_record import AuditType
from ..domain.events import Closed, Reported
from ..domain.ids import Leg
from ..domain.leg_state import Fate, LegState
from ..domain.numbers import EXACT, ratio
from ..domain.order import ZERO, Order
from ..domain.refusal import Declined
from ..domain.report import POSITION_OPEN, ClosedBy, Correction, ExecutionReport, Outcome
from ..domain.signal import Signal
from ..domain.signal_state import SignalState
from ..domain.snapshot import Position
from .desk import Desk

THOUSAND = Decimal(1000)


def refused(desk: Desk, signal: Signal, declined: Declined) -> ExecutionReport:
    """Report that no order took effect; only the audit log keeps it, for the id is not used up."""
    desk.note(
        AuditType.SIGNAL_REFUSED,
        "execute_signal",
        symbol=signal.symbol,
        signal_id=signal.id,
        response={"reason": declined.refusal.name, "text": declined.text},
    )
    return ExecutionReport(
        signal_id=signal.id,
        symbol=signal.symbol,
        type=signal.type,
        outcome=Outcome.REFUSED,
        reason=declined.refusal,
        text=declined.text,
        at_ms=desk.now_ms(),
    )


def entry_report(desk: Desk, state: SignalState, *, position: Position | None = None) -> ExecutionReport:
    """Report how an entry signal stands by what the book knows now."""
    entry = _truest(state, Leg.ENTRY)
    stop, target = _in_force(state, Leg.STOP), _in_force(state, Leg.TARGET)
    outcome = entry_outcome(state)
    rejected = _rejected(state) if outcome is Outcome.REJECTED else None
    return ExecutionReport(
        signal_id=state.signal_id,
        symbol=state.symbol,
        type=state.claim.signal.type,
        outcome=outcome,
        reason=None if rejected is None else rejected.refusal,
        text="" if rejected is None or rejected.reply is None else rejected.reply.text,
        filled_quantity=state.executed(Leg.ENTRY),
        average_price=None if entry is None else entry.average_price,
        entry=entry,
        stop_loss=stop,
        take_profit=target,
        exit=_truest(state, Leg.EXIT),
        closed_by=state.closed_by,
        position=position,
        naked_seconds=_naked_seconds(state),
        provisional=_provisional(state),
        corrections=() if state.report is None else state.report.corrections,
        at_ms=desk.now_ms(),
    )


def entry_outcome(state: SignalState) -> Outcome:
    """Return how an entry stands; each line needs the evidence it claims."""
    if any(leg.fate is Fate.OPEN_QUESTION for leg in state.of(Leg.ENTRY)):
        return Outcome.UNKNOWN
    if state.executed(Leg.ENTRY) <= ZERO:
        last = state.last(Leg.ENTRY)
        if last is not None and last.fate is Fate.OPEN:
            return Outcome.UNKNOWN
        return Outcome.REJECTED if last is not None and last.refused_for_good else Outcome.NOT_FILLED
    if state.open_quantity <= ZERO:
        return Outcome.CLOSED
    if state.bracket is None or state.bracket.stop_price is None:
        return Outcome.OPEN
    if state.naked_since_ms is not None or state.waived:
        return Outcome.UNPROTECTED
    wants_target = state.bracket.target_price is not None
    targets = (leg for leg in state.of(Leg.TARGET) if leg.fate is Fate.OPEN and leg.sighted_ms)
    has_target = any(leg.quantity == state.open_quantity for leg in targets)
    return Outcome.PROTECTED if has_target or not wants_target else Outcome.PROTECTED_WITHOUT_TAKE_PROFIT


def correct(desk: Desk, state: SignalState, before: ExecutionReport) -> None:
    """Write a new report if the outcome changed since the one *before*, saying what changed."""
    report = entry_report(desk, state)
    if report.outcome is not before.outcome:
        desk.report(_corrected(before, report))


def close_signal(desk: Desk, state: SignalState, closed_by: ClosedBy) -> None:
    """Close the books of a signal and write its last report, together."""
    now = desk.now_ms()
    before = state.report
    events: list[Closed | Reported] = [Closed(now, state.signal_id, closed_by)]
    report = attrs.evolve(entry_report(desk, state), closed_by=closed_by)
    if before is None:  # a crash came before its first report; nothing will be left open to write it later
        events.append(Reported(now, state.signal_id, report))
    elif report.outcome is not before.outcome:
        events.append(Reported(now, state.signal_id, _corrected(before, report)))
    elif report.provisional is not before.provisional or (
        report.outcome is Outcome.CLOSED and before.closed_by is not closed_by
    ):
        events.append(Reported(now, state.signal_id, report))
    desk.record(*events, vital=True)


def average(legs: tuple[LegState, ...]) -> Decimal | None:
    """Return the quantity-weighted price of what *legs* filled; None without a fill, or while a price is unknown."""
    quantity = notional = ZERO
    for leg in legs:
        if leg.order is None or leg.executed <= ZERO:
            continue
        if leg.order.average_price is None:
            return None
        quantity = EXACT.add(quantity, leg.executed)
        notional = EXACT.add(notional, EXACT.multiply(leg.executed, leg.order.average_price))
    return ratio(notional, quantity) if quantity > ZERO else None


def _corrected(before: ExecutionReport, report: ExecutionReport) -> ExecutionReport:
    if before.outcome in POSITION_OPEN and report.outcome is Outcome.CLOSED:
        text = f"the position is gone: {'' if report.closed_by is None else report.closed_by.value}".rstrip(": ")
    else:
        text = f"was {before.outcome.value}"
    return attrs.evolve(report, corrections=(*before.corrections, Correction(report.at_ms, report.outcome, text)))


def _truest(state: SignalState, kind: Leg) -> Order | None:
    """Return the order of a leg that filled, or the newest one seen."""
    orders = [leg.order for leg in state.of(kind) if leg.order is not None]
    filled = [order for order in orders if order.executed_quantity > ZERO]
    return filled[-1] if filled else orders[-1] if orders else None


def _in_force(state: SignalState, kind: Leg) -> Order | None:
    """Return the leg's order that rests, or the one that filled, or the newest one seen."""
    resting = [leg.order for leg in state.of(kind) if leg.order is not None and not leg.order.final]
    exact = [order for order in resting if order.quantity == state.open_quantity]
    return exact[-1] if exact else resting[-1] if resting else _truest(state, kind)


def _rejected(state: SignalState) -> LegState | None:
    return next((leg for leg in state.of(Leg.ENTRY) if leg.refused_for_good), None)


def _naked_seconds(state: SignalState) -> Decimal | None:
    if state.fill_known_ms is None or state.covered_ms is None:
        return None
    return EXACT.divide(Decimal(state.covered_ms - state.fill_known_ms), THOUSAND)


def _provisional(state: SignalState) -> bool:
    return state.executed(Leg.ENTRY) <= ZERO and any(leg.fate is Fate.ABSENT for leg in state.of(Leg.ENTRY))
