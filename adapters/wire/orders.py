"""Orders and fills as Binance shows them, in both services, made into the domain's (Binance docs: Query Order)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import attrs

from ...domain.errors import ValidationError
from ...domain.numbers import EXACT, ratio
from ...domain.order import ZERO, Order, OrderKind, OrderStatus, Trade
from ...domain.side import PositionSide, Side, TriggerPrice
from .fields import Fields, ParseError, rows

_SIDES = {side.value: side for side in Side}
_POSITION_SIDES = {side.value: side for side in PositionSide}
_TRIGGER_ON = {"MARK_PRICE": TriggerPrice.MARK, "CONTRACT_PRICE": TriggerPrice.LAST}
_ALGO_KINDS = {"STOP_MARKET": OrderKind.STOP, "TAKE_PROFIT_MARKET": OrderKind.TARGET}
_STATUSES = {
    "NEW": OrderStatus.NEW,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,  # by self-trade prevention
}
_FINISHED = "FINISHED"
_ALGO_STATUSES = {
    "NEW": OrderStatus.NEW,
    "TRIGGERING": OrderStatus.TRIGGERING,
    "TRIGGERED": OrderStatus.TRIGGERED,
    "CANCELED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.EXPIRED,
    "REJECTED": OrderStatus.REJECTED,
    _FINISHED: OrderStatus.EXPIRED,  # until a fill is shown: it says "child filled or cancelled", not which
}


@attrs.frozen
class AlgoOrder:
    """A conditional order, and where to read on when its row does not tell the whole story.

    Attributes:
        order: as far as the row tells it.
        child_id: the regular order it became, once triggered.
        complete: whether *order* already says how much was executed, and at what price.
    """

    order: Order
    child_id: str | None
    complete: bool


def parse_order(row: object) -> Order:
    """Return a regular order; `avgPrice` and `cumQuote` may be missing (Binance change log 2026-07-15).

    Raises:
        ParseError: a mandatory field was missing or ill-typed, or its status has a name we do not know.
    """
    fields = Fields(row, "order")
    executed = fields.decimal("executedQty")
    quantity = fields.decimal("origQty")
    _check_amounts(quantity, executed)
    return Order(
        client_id=fields.text("clientOrderId"),
        exchange_id=fields.identifier("orderId"),
        symbol=fields.text("symbol"),
        side=fields.word("side", _SIDES),
        kind=OrderKind.MARKET if fields.text("type") == "MARKET" else OrderKind.OTHER,
        status=fields.word("status", _STATUSES),
        quantity=quantity,
        executed_quantity=executed,
        average_price=_average(fields, executed),
        reduce_only=fields.flag("reduceOnly"),
        position_side=_position_side(fields),
        close_position=fields.flag("closePosition"),
        updated_ms=fields.integer_or("updateTime", 0),
    )


def parse_orders(body: object) -> tuple[Order, ...]:
    """Return a list of regular orders, in the order given."""
    return tuple(parse_order(row) for row in rows(body, "orders"))


def parse_algo_order(row: object) -> AlgoOrder:
    """Return a conditional order. FINISHED becomes FILLED when all of it was executed, else EXPIRED with what was.

    Raises:
        ParseError: a mandatory field was missing or ill-typed, or its status has a name we do not know.
    """
    fields = Fields(row, "algo order")
    quantity = fields.optional_decimal("quantity") or ZERO  # none with closePosition
    shown = fields.optional_decimal("actualQty")
    executed = shown or ZERO
    _check_amounts(quantity, executed)
    average = _above_zero(fields.optional_decimal("actualPrice")) if executed else None
    status = fields.word("algoStatus", _ALGO_STATUSES)
    finished = fields.text("algoStatus") == _FINISHED
    if finished and executed > ZERO and executed >= quantity:
        status = OrderStatus.FILLED
    child = fields.identifier("actualOrderId") if fields.has("actualOrderId") else None
    order = Order(
        client_id=fields.text("clientAlgoId"),
        exchange_id=fields.identifier("algoId"),
        symbol=fields.text("symbol"),
        side=fields.word("side", _SIDES),
        kind=_ALGO_KINDS.get(fields.text("orderType"), OrderKind.OTHER),
        status=status,
        quantity=quantity,
        executed_quantity=executed,
        average_price=average,
        reduce_only=fields.flag("reduceOnly"),
        position_side=_position_side(fields),
        trigger_price=_above_zero(fields.optional_decimal("triggerPrice")),
        trigger_on=_TRIGGER_ON.get(fields.optional_text("workingType")),
        close_position=fields.flag("closePosition"),
        conditional=True,
        updated_ms=fields.integer_or("updateTime", 0),
        triggered_ms=fields.integer_or("triggerTime", 0) or None,
        reason=fields.optional_text("rm"),
    )
    in_engine = finished or status is OrderStatus.TRIGGERED
    complete = not in_engine or (status is OrderStatus.FILLED and average is not None)
    return AlgoOrder(order, None if child == "0" else child, complete)


def parse_algo_orders(body: object) -> tuple[AlgoOrder, ...]:
    """Return a list of conditional orders; bots have also seen it inside an envelope, which the docs do not show."""
    if isinstance(body, dict) and "algoOrders" in body:
        body = body["algoOrders"]
    return tuple(parse_algo_order(row) for row in rows(body, "algo orders"))


def with_child(order: Order, child: Order) -> Order:
    """Return the conditional *order* with what its child in the order service really did."""
    return attrs.evolve(
        order,
        status=OrderStatus.TRIGGERED if child.status is OrderStatus.NEW else child.status,
        executed_quantity=child.executed_quantity,
        average_price=child.average_price,
        updated_ms=max(order.updated_ms, child.updated_ms),
    )


def parse_trades(body: object) -> tuple[Trade, ...]:
    """Return the account's fills, in the order given (Binance docs: Account Trade List)."""
    return tuple(_trade(row) for row in rows(body, "trades"))


def average_of(trades: tuple[Trade, ...]) -> Decimal | None:
    """Return the quantity-weighted average price of *trades*, rounded as `numbers.ratio` does; None without any."""
    quantity = _sum(trade.quantity for trade in trades)
    if not quantity:
        return None
    return _ratio(_sum(EXACT.multiply(trade.price, trade.quantity) for trade in trades), quantity)


def _trade(row: object) -> Trade:
    fields = Fields(row, "trade")
    return Trade(
        trade_id=fields.integer("id"),
        exchange_order_id=fields.identifier("orderId"),
        symbol=fields.text("symbol"),
        side=fields.word("side", _SIDES),
        price=fields.decimal("price"),
        quantity=fields.decimal("qty"),
        time_ms=fields.integer("time"),
        position_side=_position_side(fields),
    )


def _average(fields: Fields, executed: Decimal) -> Decimal | None:
    if not executed:
        return None
    shown = _above_zero(fields.optional_decimal("avgPrice"))
    if shown is not None:
        return shown
    quote = _above_zero(fields.optional_decimal("cumQuote"))
    return None if quote is None else _ratio(quote, executed)


def _ratio(quote: Decimal, quantity: Decimal) -> Decimal:
    try:
        return ratio(quote, quantity)
    except ValidationError as error:
        raise ParseError(f"average price: {error.problem}") from error


def _sum(values: Iterable[Decimal]) -> Decimal:
    total = ZERO
    try:
        for value in values:
            total = EXACT.add(total, value)
    except ArithmeticError as error:
        raise ParseError("trades: their sum has too many digits") from error
    return total


def _above_zero(value: Decimal | None) -> Decimal | None:
    return value if value is not None and value > ZERO else None


def _check_amounts(quantity: Decimal, executed: Decimal) -> None:
    if quantity < ZERO or executed < ZERO:
        raise ParseError("order: quantities must not be negative")


def _position_side(fields: Fields) -> PositionSide:
    return fields.word("positionSide", _POSITION_SIDES) if fields.has("positionSide") else PositionSide.BOTH
