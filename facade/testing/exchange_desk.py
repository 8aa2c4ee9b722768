"""What the exchange contract needs from an adapter's author, and the desk from which its cases trade."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import TypeVar

import attrs

from surefill.domain.ids import Leg, client_id
from surefill.domain.numbers import EXACT
from surefill.domain.order import PURPOSE_OF_LEG, Order, OrderKey, OrderKind, OrderRequest
from surefill.domain.reply import Reply
from surefill.domain.side import Direction, PositionMode, PositionSide, Side, TriggerPrice, position_side
from surefill.ports.exchange import Exchange

Value = TypeVar("Value")

PATIENCE_SECONDS = 5
PAUSE_SECONDS = 0.05
_KINDS = {Leg.STOP: OrderKind.STOP, Leg.TARGET: OrderKind.TARGET}


def _nothing() -> None:
    """Close nothing."""


@attrs.frozen(kw_only=True)
class ExchangeHarness:
    """A fresh, flat account without open orders, and the market it trades on.

    Attributes:
        exchange: the adapter to be judged, connected to the account.
        symbol, price: an instrument that trades, and its price now.
        other_symbol, other_price: another one.
        move: lets last and mark price of a symbol become a price, with an ample book around it.
        change_tick: changes a symbol's tick size at the exchange; None when that cannot be arranged.
        taker_fee: the rate charged on fills, for the exact accounting; None when it is not known.
        close: called after each case.
    """

    exchange: Exchange
    symbol: str
    price: Decimal
    other_symbol: str
    other_price: Decimal
    move: Callable[[str, Decimal], None]
    change_tick: Callable[[str, Decimal], None] | None = None
    taker_fee: Decimal | None = None
    close: Callable[[], None] = _nothing


class Desk:
    """Makes the orders of the cases, each with an id of its own, in sizes that the instrument allows."""

    def __init__(self, harness: ExchangeHarness, mode: PositionMode) -> None:
        self.harness = harness
        self.exchange = harness.exchange
        self.symbol = harness.symbol
        self.mode = mode
        self._signals = count(1)

    @property
    def quantity(self) -> Decimal:
        """A size of twice the least notional or quantity, so that half of it can be closed."""
        rules = self.exchange.instrument(self.symbol)
        size = EXACT.multiply(rules.market_lot.minimum or rules.market_lot.step, Decimal(4))
        while EXACT.multiply(size, self.harness.price) < EXACT.multiply(rules.min_notional or Decimal(0), Decimal(4)):
            size = EXACT.multiply(size, Decimal(2))
        return size

    def at(self, percent: int) -> Decimal:
        """The price that many per cent above (below, when negative) the market's first, on the grid."""
        raw = EXACT.multiply(self.harness.price, EXACT.divide(Decimal(100 + percent), Decimal(100)))
        return self.exchange.instrument(self.symbol).tick.floor(raw)

    def move(self, percent: int) -> None:
        """Let the market stand that many per cent from its first price."""
        self.harness.move(self.symbol, self.at(percent))

    def market(
        self,
        side: Side = Side.BUY,
        quantity: Decimal | None = None,
        *,
        closing: bool = False,
        symbol: str | None = None,
    ) -> OrderRequest:
        """A market order; *closing* makes it reduce-only, or in hedge mode one of the closing side."""
        return self._request(Leg.EXIT if closing else Leg.ENTRY, side, quantity, None, symbol)

    def leg(
        self,
        leg: Leg,
        trigger: Decimal,
        *,
        side: Side = Side.SELL,
        quantity: Decimal | None = None,
        trigger_on: TriggerPrice = TriggerPrice.MARK,
        symbol: str | None = None,
    ) -> OrderRequest:
        """A stop or target that closes a position when its trigger price is reached; SELL closes a long."""
        return self._request(leg, side, quantity, trigger, symbol, trigger_on)

    def send(self, request: OrderRequest) -> Reply:
        """Prepare and send."""
        return self.exchange.send(self.exchange.prepare(request))

    def seen(self, key: OrderKey) -> Order | None:
        """Look the order up, once."""
        return self.exchange.find([key]).get(key.client_id)

    def eventually(self, read: Callable[[], Value], wanted: Callable[[Value], bool], what: str) -> Value:
        """Return what *read* gives as soon as it is *wanted*, waiting on the exchange's clock."""
        deadline_ms = self.exchange.clock.monotonic_ms() + PATIENCE_SECONDS * 1000
        value = read()
        while not wanted(value):
            if self.exchange.clock.monotonic_ms() > deadline_ms:
                raise AssertionError(f"{what}: not within {PATIENCE_SECONDS} s; the last reading was {value!r}")
            self.exchange.clock.sleep(PAUSE_SECONDS)
            value = read()
        return value

    def _request(
        self,
        leg: Leg,
        side: Side,
        quantity: Decimal | None,
        trigger: Decimal | None,
        symbol: str | None,
        trigger_on: TriggerPrice = TriggerPrice.MARK,
    ) -> OrderRequest:
        closing = leg is not Leg.ENTRY
        closed = Direction.LONG if (side is Side.SELL) == closing else Direction.SHORT
        held = position_side(self.mode, closed)
        return OrderRequest(
            client_id=client_id(self.exchange.namespace, f"contract-{next(self._signals)}", leg, 1),
            symbol=symbol or self.symbol,
            side=side,
            kind=_KINDS.get(leg, OrderKind.MARKET),
            quantity=quantity or self.quantity,
            purpose=PURPOSE_OF_LEG[leg],
            reduce_only=closing and held is PositionSide.BOTH,
            position_side=held,
            trigger_price=trigger,
            trigger_on=None if trigger is None else trigger_on,
        )


def expect(actual: object, wanted: object, what: str) -> None:
    """Fail the case, naming *what*, unless *actual* equals *wanted*.

    Raises:
        AssertionError: they differ.
    """
    if actual != wanted:
        raise AssertionError(f"{what}: should be {wanted!r}, was {actual!r}")


def expect_true(condition: object, what: str) -> None:
    """Fail the case, naming *what*, unless *condition* holds.

    Raises:
        AssertionError: it does not.
    """
    if not condition:
        raise AssertionError(what)


def present(value: Value | None, what: str) -> Value:
    """Return *value*; fail the case, naming *what*, when it is None.

    Raises:
        AssertionError: it is.
    """
    if value is None:
        raise AssertionError(f"{what}: was not there")
    return value
