"""Waiting for an order the exchange took to come to its end."""

from __future__ import annotations

from ..domain.errors import AuthenticationError, OrderExecutionError
from ..domain.leg_state import LegState
from ..domain.order import ZERO
from .desk import Desk
from .observe import inquire, unanswered
from .unprotected import pause_between_looks


def settle(desk: Desk, leg: LegState, *, until_ms: int) -> None:
    """Ask for *leg* until it is final and its average price is known, or until *until_ms*."""
    wait_ms = desk.timings.poll_ms
    while not settled(leg):
        try:
            inquire(desk, [leg])
        except (OrderExecutionError, AuthenticationError) as error:
            unanswered(desk, error, leg.intent.request.symbol)
        left_ms = until_ms - desk.now_ms()
        if settled(leg) or left_ms <= 0:
            return
        pause_between_looks(desk, wait_ms, at_most_ms=left_ms)
        wait_ms = min(wait_ms * 2, desk.timings.poll_max_ms)


def settled(leg: LegState) -> bool:
    """Whether nothing more is to be learnt: it ended, and if it was filled its price is known."""
    order = leg.order
    return order is not None and order.final and (order.executed_quantity <= ZERO or order.average_price is not None)
