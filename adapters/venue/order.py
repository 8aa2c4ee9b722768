"""A regular order as the exchange keeps it."""

from typing import Final

import attrs

from .exact import AVERAGE_DECIMALS, divide_half_even, text_of

BUY: Final = "BUY"
SELL: Final = "SELL"
BOTH: Final = "BOTH"
LONG: Final = "LONG"
SHORT: Final = "SHORT"
OPEN_STATUSES: Final = frozenset({"NEW", "PARTIALLY_FILLED"})


def direction_of(side: str) -> int:
    """Return +1 for BUY and -1 for SELL."""
    return 1 if side == BUY else -1


@attrs.define
class Order:
    """One regular order; quantities are quantity units, *cost* is the sum of price times quantity in money units.

    *stop_price* and *original_type* are those of the conditional order it came from, if any.
    """

    order_id: int
    client_order_id: str
    symbol: str
    side: str
    position_side: str
    type: str
    quantity: int
    reduce_only: bool
    created_ms: int
    updated_ms: int
    time_in_force: str = "GTC"
    original_type: str = "MARKET"
    stop_price: int = 0
    working_type: str = "CONTRACT_PRICE"
    price_protect: bool = False
    close_position: bool = False
    price: int = 0
    status: str = "NEW"
    executed: int = 0
    cost: int = 0

    @property
    def direction(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return direction_of(self.side)

    @property
    def is_open(self) -> bool:
        """Whether the order can still be filled."""
        return self.status in OPEN_STATUSES

    def average_price_text(self, price_decimals: int, places_min: int) -> str:
        """Return the mean price of the fills, rounded half-even to eight decimals; zero before the first."""
        if not self.executed:
            return text_of(0, 0, places_min)
        grain = 10 ** max(price_decimals - AVERAGE_DECIMALS, 0)
        mean = divide_half_even(self.cost, self.executed * grain)
        return text_of(mean, min(price_decimals, AVERAGE_DECIMALS), places_min)


@attrs.frozen
class Trade:
    """One fill as userTrades shows it; decimals are texts already."""

    trade_id: int
    order_id: int
    symbol: str
    pair: str
    side: str
    position_side: str
    price: str
    quantity: str
    quote_quantity: str
    fee: str
    fee_asset: str
    realized_pnl: str
    time_ms: int
