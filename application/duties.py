"""What outlives a call, and when it is due."""

from __future__ import annotations

from enum import Enum

import attrs

from ..domain.leg_state import Fate
from ..domain.order import ZERO
from ..domain.signal_state import SignalState
from .desk import Desk
from .unprotected import naked_since_ms


class DutyKind(Enum):
    """Why a symbol must be looked at again."""

    RESOLVE = "an order's outcome is unknown"
    PROTECT = "a position has no live stop"
    GUARD = "a position is open"
    LATE_WATCH = "an order that cannot be found is watched"
    CLEAR = "orders of a position that is gone are being taken away"


@attrs.frozen
class Duty:
    """One thing left to do: reconcile() works it off once it is due."""

    kind: DutyKind
    symbol: str
    signal_id: str
    due_ms: int


def duties(desk: Desk) -> tuple[Duty, ...]:
    """Return everything that is left to do, soonest first.

    A duty is not stored: it follows from the facts in the journal, so none can be lost, and after a restart every one
    is due at once.
    """
    now = desk.now_ms()
    found = [
        Duty(_kind(desk, state), state.symbol, state.signal_id, desk.due_ms.get(state.symbol, now))
        for symbol in desk.symbols()
        for state in desk.signals_on(symbol)
    ]
    watched = {duty.symbol for duty in found}
    found += [
        Duty(DutyKind.GUARD, symbol, "", desk.due_ms.get(symbol, now)) for symbol in sorted(desk.strayed - watched)
    ]
    return tuple(sorted(found, key=lambda duty: duty.due_ms))


def next_due_ms(desk: Desk) -> int | None:
    """Return the exchange time at which reconcile() should next be called; None when nothing is open."""
    open_duties = duties(desk)
    return open_duties[0].due_ms if open_duties else None


def due_symbols(desk: Desk) -> tuple[str, ...]:
    """Return the symbols with something due now."""
    now = desk.now_ms()
    return tuple(dict.fromkeys(duty.symbol for duty in duties(desk) if duty.due_ms <= now))


def _kind(desk: Desk, state: SignalState) -> DutyKind:
    if state.open_questions:
        return DutyKind.RESOLVE
    if state.open_quantity > ZERO:
        return DutyKind.GUARD if naked_since_ms(desk, state) is None else DutyKind.PROTECT
    if any(leg.fate is Fate.ABSENT or leg.missing_since_ms is not None for leg in state.legs.values()):
        return DutyKind.LATE_WATCH
    return DutyKind.CLEAR
