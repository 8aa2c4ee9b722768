"""An order: what we ask for, what the exchange shows of it, and the arcs its life may take."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import attrs

from .ids import Leg
from .numbers import decimal_of, positive
from .side import PositionSide, Side, TriggerPrice

ZERO = Decimal(0)


class OrderKind(Enum):
    """MARKET trades at once; STOP and TARGET rest until their trigger price is reached, then trade at market."""

    MARKET = "MARKET"
    STOP = "STOP"
    TARGET = "TARGET"
    OTHER = "OTHER"

    @property
    def conditional(self) -> bool:
        """Whether it rests in the exchange's conditional service until triggered."""
        return self in (OrderKind.STOP, OrderKind.TARGET)


class Purpose(Enum):
    """What a request is for: it decides which budget and which lane it may use."""

    ENTRY = "ENTRY"
    PROTECTION = "PROTECTION"
    EXIT = "EXIT"


PURPOSE_OF_LEG = {
    Leg.ENTRY: Purpose.ENTRY,
    Leg.STOP: Purpose.PROTECTION,
    Leg.TARGET: Purpose.PROTECTION,
    Leg.EXIT: Purpose.EXIT,
}


class OrderStatus(Enum):
    """One vocabulary for regular and conditional orders."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    TRIGGERING = "TRIGGERING"
    TRIGGERED = "TRIGGERED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


FINAL = frozenset({OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED})
"""Nothing of the order rests any more. It is not a promise that no fill will be reported late: see ARCS."""

CANCELLABLE = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.TRIGGERED})
"""TRIGGERING is left out: the exchange answers such a cancel with "unknown order" while the trigger is under way."""

_S = OrderStatus
ARCS: frozenset[tuple[OrderStatus, OrderStatus]] = frozenset(
    {
        (_S.NEW, _S.PARTIALLY_FILLED),
        (_S.NEW, _S.FILLED),
        (_S.NEW, _S.CANCELED),
        (_S.NEW, _S.EXPIRED),  # a market remainder that found no counterparty, or a system expiry
        (_S.NEW, _S.REJECTED),  # refused at the trigger: margin, reduce-only, filters
        (_S.NEW, _S.TRIGGERING),
        (_S.NEW, _S.TRIGGERED),  # the short moment in TRIGGERING was not seen
        (_S.TRIGGERING, _S.TRIGGERED),
        (_S.TRIGGERING, _S.REJECTED),
        (_S.TRIGGERING, _S.FILLED),  # the child's fill is often shown before TRIGGERED
        (_S.TRIGGERING, _S.PARTIALLY_FILLED),
        (_S.TRIGGERING, _S.EXPIRED),
        (_S.TRIGGERING, _S.CANCELED),
        (_S.TRIGGERED, _S.PARTIALLY_FILLED),
        (_S.TRIGGERED, _S.FILLED),
        (_S.TRIGGERED, _S.CANCELED),
        (_S.TRIGGERED, _S.EXPIRED),
        (_S.PARTIALLY_FILLED, _S.PARTIALLY_FILLED),  # more of it filled
        (_S.PARTIALLY_FILLED, _S.FILLED),
        (_S.PARTIALLY_FILLED, _S.CANCELED),
        (_S.PARTIALLY_FILLED, _S.EXPIRED),
        (_S.CANCELED, _S.FILLED),  # it really happens: the cancel was shown first, the fill was faster
        (_S.CANCELED, _S.CANCELED),  # the same, for a part: more filled than the first sight showed
        (_S.EXPIRED, _S.FILLED),  # late trades after an expiry was shown
        (_S.EXPIRED, _S.EXPIRED),
    }
)
"""Every arc an order may take from one sight to the next. What is not listed is a stale reading and is not believed."""


@attrs.frozen
class OrderRequest:
    """An order we want, complete before anything is written or sent.

    Attributes:
        client_id: made by `ids.client_id`.
        symbol: as the exchange lists it.
        side: BUY or SELL.
        kind: MARKET, STOP or TARGET.
        quantity: base units, on the grid.
        purpose: which budget and lane it uses.
        reduce_only: one-way accounts: may only shrink the position. Never set together with a LONG or SHORT position
            side.
        position_side: BOTH on one-way accounts, the position concerned on hedge accounts.
        trigger_price: conditional orders only.
        trigger_on: the price the trigger is compared with.
    """

    client_id: str
    symbol: str
    side: Side
    kind: OrderKind
    quantity: Decimal
    purpose: Purpose
    reduce_only: bool
    position_side: PositionSide
    trigger_price: Decimal | None = None
    trigger_on: TriggerPrice | None = None

    def __attrs_post_init__(self) -> None:
        positive(self.quantity, "quantity")
        if self.kind is OrderKind.OTHER:
            raise ValueError("kind: OTHER can be seen but not sent")
        conditional = self.kind.conditional
        if (self.trigger_price is None) is conditional or (self.trigger_on is None) is conditional:
            raise ValueError(f"trigger_price and trigger_on: belong to conditional orders, kind was {self.kind.value}")
        if self.trigger_price is not None:
            positive(self.trigger_price, "trigger_price")
        if self.reduce_only and self.position_side is not PositionSide.BOTH:
            raise ValueError("reduce_only: is refused on hedge accounts; the position side says it there")

    @property
    def key(self) -> OrderKey:
        """Where to look for it."""
        return OrderKey(self.symbol, self.client_id, conditional=self.kind.conditional)


@attrs.frozen
class OrderKey:
    """Where an order can be looked up: its symbol, its client id, and which of the two services took it."""

    symbol: str
    client_id: str
    conditional: bool = attrs.field(kw_only=True)


@attrs.frozen
class Order:
    """One order as the exchange shows it at some moment.

    Attributes:
        client_id: the id the caller gave; it need not be one of ours.
        exchange_id: the exchange's own id, as text.
        quantity: asked for, base units.
        executed_quantity: filled so far, base units.
        average_price: of the filled part; None while unknown.
        close_position: closes whatever the position is at the trigger; never sent by us.
        updated_ms: the exchange's time of the last change.
        triggered_ms: the exchange's time of its trigger; None before it, and when it is not shown.
        reason: the exchange's words for an expiry or rejection, else empty.
    """

    client_id: str
    exchange_id: str
    symbol: str
    side: Side
    kind: OrderKind
    status: OrderStatus
    quantity: Decimal
    executed_quantity: Decimal
    average_price: Decimal | None
    reduce_only: bool
    position_side: PositionSide
    trigger_price: Decimal | None = None
    trigger_on: TriggerPrice | None = None
    close_position: bool = False
    conditional: bool = False
    updated_ms: int = 0
    triggered_ms: int | None = None
    reason: str = ""

    def __attrs_post_init__(self) -> None:
        if decimal_of(self.executed_quantity, "executed_quantity") < ZERO:
            raise ValueError("executed_quantity: was negative")

    @property
    def final(self) -> bool:
        """Whether nothing of it rests any more."""
        return self.status in FINAL

    @property
    def resting(self) -> bool:
        """Whether it waits untouched: the only state in which a stop protects."""
        return self.status is OrderStatus.NEW

    @property
    def key(self) -> OrderKey:
        """Where to look for it."""
        return OrderKey(self.symbol, self.client_id, conditional=self.conditional)

    def seen_again(self, seen: Order) -> Order:
        """Return the truer of two sights of the same order.

        Reads of one order may be served by different replicas, so a later read can show an earlier state: such a
        reading is dropped. A legal arc is followed. A fill never shrinks, and is believed even from a stale reading.
        """
        if seen.executed_quantity < self.executed_quantity:
            return self
        if seen.status is self.status and seen.executed_quantity == self.executed_quantity:
            return seen if seen.average_price is not None or self.average_price is None else self
        if (self.status, seen.status) in ARCS:
            return seen
        if seen.executed_quantity == self.executed_quantity:
            return self
        return attrs.evolve(self, executed_quantity=seen.executed_quantity, average_price=seen.average_price)


@attrs.frozen
class Trade:
    """One fill of one order."""

    trade_id: int
    exchange_order_id: str
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    time_ms: int
    position_side: PositionSide = PositionSide.BOTH
