"""The account's cap on conditional orders: an entry that could get no stop is not sent."""

from __future__ import annotations

import attrs

from ..domain.bracket import Bracket
from ..domain.refusal import Declined, Refusal
from .desk import Desk, Quota

COUNT_EVERY_MS = 60_000
"""How long a count is believed, with our own orders added since: one costs as much as a whole entry."""


def room_for_legs(desk: Desk, plan: Bracket) -> Declined | None:
    """Return why the stop and target of *plan* would find no room, or None.

    Everybody's open conditional orders count against the cap. It is counted anew before anything is refused.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
    """
    maximum = desk.exchange.capacity().conditionals_max
    wanted = sum(1 for price in (plan.stop_price, plan.target_price) if price is not None)
    if maximum is None or not wanted:
        return None
    now = desk.now_ms()
    quota, fresh = desk.quota, False
    if quota is None or now - quota.counted_ms >= COUNT_EVERY_MS:
        quota, fresh = _count(desk, now), True
    if quota.used + wanted > maximum and not fresh:
        quota = _count(desk, now)
    if quota.used + wanted > maximum:
        desk.quota = quota
        return Declined(
            Refusal.STOP_CAP,
            f"{quota.used} of the {maximum} conditional orders that the account may have open are there already; "
            "cancel what is not needed any more",
        )
    desk.quota = attrs.evolve(quota, used=quota.used + wanted)
    return None


def _count(desk: Desk, now_ms: int) -> Quota:
    return Quota(now_ms, sum(1 for order in desk.patient.open_orders() if order.conditional))
