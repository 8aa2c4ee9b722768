"""What the exchange shows at one moment."""

from __future__ import annotations

from decimal import Decimal

import attrs

from .numbers import magnitude
from .order import ZERO, Order, Trade
from .side import Direction, MarginType, PositionMode, PositionSide


@attrs.frozen
class Position:
    """An open position.

    Attributes:
        symbol: as the exchange lists it.
        amount: signed base units: positive is long, negative is short; never zero.
        entry_price: average entry, quote units per base unit.
        position_side: BOTH on one-way accounts.
        mark_price: at the time of reading; None when not shown.
        unrealized_pnl: quote units, at mark; None when not shown.
        liquidation_price: None when there is none.
    """

    symbol: str
    amount: Decimal
    entry_price: Decimal
    position_side: PositionSide = PositionSide.BOTH
    mark_price: Decimal | None = None
    unrealized_pnl: Decimal | None = None
    liquidation_price: Decimal | None = None

    @property
    def direction(self) -> Direction:
        """LONG or SHORT."""
        return Direction.LONG if self.amount > ZERO else Direction.SHORT

    @property
    def quantity(self) -> Decimal:
        """The size without its sign."""
        return magnitude(self.amount)


@attrs.frozen
class Balance:
    """One asset of the futures wallet: `wallet` without, `available` with open positions and orders reckoned in."""

    asset: str
    wallet: Decimal
    available: Decimal
    unrealized: Decimal


@attrs.frozen
class Snapshot:
    """Position and open orders of one symbol.

    Attributes:
        at_ms: exchange time at the *start* of the reading: nothing in it is older.
        mode: how the account keeps positions.
        positions: open positions on the symbol; empty when flat.
        orders: open regular orders, anybody's.
        conditionals: open conditional orders, anybody's.
    """

    symbol: str
    at_ms: int
    mode: PositionMode
    positions: tuple[Position, ...] = ()
    orders: tuple[Order, ...] = ()
    conditionals: tuple[Order, ...] = ()

    def position(self, side: PositionSide) -> Position | None:
        """Return the position kept under *side*, or None when it is flat."""
        return next((held for held in self.positions if held.position_side is side), None)

    def held(self, direction: Direction, side: PositionSide) -> Decimal:
        """Return the size held in *direction*, base units; zero when flat or the other way round."""
        found = self.position(side)
        return found.quantity if found is not None and found.direction is direction else ZERO

    def open_order(self, client_id: str) -> Order | None:
        """Return the open order, regular or conditional, with that client id."""
        return next((order for order in (*self.conditionals, *self.orders) if order.client_id == client_id), None)


@attrs.frozen
class Reference:
    """Prices to judge a signal by: the mark, the last trade, and how old they are in milliseconds."""

    symbol: str
    mark: Decimal
    last: Decimal
    at_ms: int
    age_ms: int


@attrs.frozen
class Watermark:
    """The newest order and trade seen, so that "anything new?" becomes a cheap question."""

    order_id: int = 0
    trade_id: int = 0


@attrs.frozen
class History:
    """Regular orders and fills newer than a watermark, oldest first, and the watermark after them."""

    orders: tuple[Order, ...]
    trades: tuple[Trade, ...]
    watermark: Watermark


@attrs.frozen
class SymbolSettings:
    """Leverage and margin type in force on one symbol."""

    symbol: str
    leverage: int
    margin_type: MarginType


@attrs.frozen
class CancelOutcome:
    """What became of one cancel: `order` is what the exchange showed afterwards, when it showed anything."""

    client_id: str
    cancelled: bool
    order: Order | None = None
    text: str = ""
