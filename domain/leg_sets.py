"""Small questions about the stops and targets of one signal."""

from __future__ import annotations

from decimal import Decimal

from .ids import Leg
from .leg_state import LegState
from .order import ZERO, OrderStatus
from .refusal import Refusal
from .signal_state import SignalState


def given_up(legs: tuple[LegState, ...], quantity: Decimal) -> bool:
    """Whether a target of *quantity* was refused for good.

    Off the grid once is not: the rules are read anew, and it is rounded to them.
    """
    if not legs or not legs[-1].refused_for_good or legs[-1].quantity != quantity:
        return False
    off_grid = sum(1 for leg in legs if leg.refusal is Refusal.OFF_GRID)
    return legs[-1].refusal is not Refusal.OFF_GRID or off_grid > 1


def legs_of(state: SignalState) -> tuple[LegState, ...]:
    """Return the stops and targets of a signal."""
    return tuple(leg for leg in state.legs.values() if leg.intent.leg in (Leg.STOP, Leg.TARGET))


def of_size(live: list[LegState], quantity: Decimal) -> LegState | None:
    """Return one of exactly that size, or None."""
    return next((leg for leg in live if leg.quantity == quantity), None)


def covers(live: list[LegState], quantity: Decimal) -> bool:
    """Whether one of them is large enough."""
    return any(leg.quantity >= quantity for leg in live)


def removed_by_others(leg: LegState) -> bool:
    """Whether it was cancelled, without a fill, and not by us."""
    return (
        leg.order is not None
        and leg.order.status is OrderStatus.CANCELED
        and leg.executed <= ZERO
        and leg.cancel_asked_ms is None
    )
