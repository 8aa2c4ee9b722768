"""A conditional order as the exchange keeps it, and what its statuses mean."""

from typing import Final

import attrs

from .order import direction_of

STOP_MARKET: Final = "STOP_MARKET"
TAKE_PROFIT_MARKET: Final = "TAKE_PROFIT_MARKET"
MARK_PRICE: Final = "MARK_PRICE"
CONTRACT_PRICE: Final = "CONTRACT_PRICE"
GTE_GTC: Final = "GTE_GTC"

NEW: Final = "NEW"
TRIGGERING: Final = "TRIGGERING"
TRIGGERED: Final = "TRIGGERED"
FINISHED: Final = "FINISHED"
CANCELED: Final = "CANCELED"
EXPIRED: Final = "EXPIRED"
REJECTED: Final = "REJECTED"
OPEN_STATUSES: Final = frozenset({NEW, TRIGGERING})
"""Statuses in which the order occupies its client id and the cap: it has no child order yet."""


@attrs.define
class AlgoOrder:
    """One conditional order; prices are price units, quantities quantity units.

    *reason* is the exchange's word for a rejection or expiry (`rm` of the stream event). *child_id* is the order that
    the trigger sent into the book, 0 before.
    """

    algo_id: int
    client_algo_id: str
    symbol: str
    side: str
    position_side: str
    type: str
    quantity: int
    trigger_price: int
    working_type: str
    time_in_force: str
    reduce_only: bool
    close_position: bool
    price_protect: bool
    created_ms: int
    updated_ms: int
    status: str = NEW
    reason: str = ""
    triggered_ms: int = 0
    child_id: int = 0

    @property
    def trigger_direction(self) -> int:
        """+1 when a price at or above the trigger fires it, -1 for at or below."""
        return trigger_direction(self.type, self.side)

    @property
    def is_open(self) -> bool:
        """Whether it still waits, or is on its way into the book."""
        return self.status in OPEN_STATUSES

    @property
    def depends_on_position(self) -> bool:
        """Whether it expires with the position: closePosition implies good-till-expire (GTE)."""
        return self.close_position or self.time_in_force == GTE_GTC


def trigger_direction(order_type: str, side: str) -> int:
    """Return +1 for a trigger from below, -1 for one from above (Binance docs: New Algo Order, condition rules).

    A stop buys at or above and sells at or below its trigger; a take-profit does the opposite.
    """
    return direction_of(side) if order_type == STOP_MARKET else -direction_of(side)
