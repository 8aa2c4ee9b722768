"""Regular orders: place, query, cancel, list (Binance docs: Trade endpoints)."""

from collections.abc import Iterable
from typing import Final

import attrs

from .algo_order import CONTRACT_PRICE
from .answer import Json
from .gateway import recv_window
from .margin import check_affordable
from .matching import record_order, run_market_order
from .order import BOTH, BUY, LONG, SELL, SHORT, Order, direction_of
from .order_checks import (
    check_depth,
    check_lot,
    check_notional,
    check_position_side,
    check_reduces,
    check_regime,
    check_symbol,
    is_closing_side,
    quantity_units,
)
from .order_shapes import listed_order, listed_trade, placed_order, queried_order
from .paging import LIMIT_DEFAULT, LIMIT_MOST, newest, oldest, time_span
from .parameters import Parameters
from .refusals import Refused
from .routes import Route, Routes, with_or_without_symbol
from .state import State

SIDES: Final = (BUY, SELL)
POSITION_SIDES: Final = (BOTH, LONG, SHORT)
RESPONSE_TYPES: Final = ("ACK", "RESULT")
CONDITIONAL_TYPES: Final = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
_FOREIGN_TO_MARKET: Final = ("timeInForce", "price", "stopPrice", "closePosition", "activationPrice", "callbackRate")
_ALL_CANCELLED: Final = {"code": 200, "msg": "The operation of cancel all open order is done."}


@attrs.define
class TradeEndpoints:
    """The regular order service. MARKET is served; a LIMIT order is refused with -1116 and says so."""

    state: State

    def routes(self) -> Routes:
        """Return the paths of this service."""
        listed = with_or_without_symbol(1, 40)
        return {
            ("POST", "/fapi/v1/order"): Route(self.place, 0, orders=1),
            ("GET", "/fapi/v1/order"): Route(self.query, 1),
            ("DELETE", "/fapi/v1/order"): Route(self.cancel, 1),
            ("GET", "/fapi/v1/openOrder"): Route(self.query_open, 1),
            ("GET", "/fapi/v1/openOrders"): Route(self.list_open, listed),
            ("GET", "/fapi/v1/allOrders"): Route(self.list_all, 5),
            ("DELETE", "/fapi/v1/allOpenOrders"): Route(self.cancel_all, 1),
            ("GET", "/fapi/v1/userTrades"): Route(self.list_trades, 5),
        }

    def place(self, params: Parameters) -> Json:
        """POST order."""
        response_type = params.choice("newOrderRespType", RESPONSE_TYPES, -1136, "ACK")
        order = self._checked(params)
        run_market_order(self.state, order)
        return placed_order(self.state, order, acknowledged_only=response_type == "ACK")

    def query(self, params: Parameters) -> Json:
        """GET order; -2013 when there is none, or none any more."""
        return queried_order(self.state, self._found(params, -2013))

    def query_open(self, params: Parameters) -> Json:
        """GET openOrder; -2013 for a final order too."""
        order = self._found(params, -2013)
        if not order.is_open:
            raise Refused(-2013)
        return queried_order(self.state, order)

    def cancel(self, params: Parameters) -> Json:
        """DELETE order; -2011 when it is not open."""
        order = self._found(params, -2011)
        if not order.is_open:
            raise Refused(-2011)
        self._cancel(order)
        return placed_order(self.state, order, acknowledged_only=False)

    def cancel_all(self, params: Parameters) -> Json:
        """DELETE allOpenOrders: regular orders only, conditional ones stay."""
        symbol = self._symbol(params)
        for order in self.state.orders.open_orders(symbol):
            self._cancel(order)
        return dict(_ALL_CANCELLED)

    def list_open(self, params: Parameters) -> Json:
        """GET openOrders: no conditional orders."""
        symbol = self._symbol(params) if params.has("symbol") else None
        return [queried_order(self.state, order) for order in self._shown(self.state.orders.open_orders(symbol))]

    def list_all(self, params: Parameters) -> Json:
        """GET allOrders: from an id on, or within a window of at most seven days."""
        symbol, order_id = self._symbol(params), params.optional_integer("orderId")
        limit = params.limit(LIMIT_DEFAULT, LIMIT_MOST)
        orders = self._shown(self.state.orders.all_orders(symbol, self.state.now_ms))
        if order_id is not None:
            page = oldest((order for order in orders if order.order_id >= order_id), limit)
        else:
            start_ms, end_ms = time_span(params, self.state.now_ms)
            page = newest((order for order in orders if start_ms <= order.created_ms <= end_ms), limit)
        return [listed_order(self.state, order) for order in page]

    def list_trades(self, params: Parameters) -> Json:
        """GET userTrades: of an order, from a trade id on, or within a window of at most seven days."""
        symbol, limit = self._symbol(params), params.limit(LIMIT_DEFAULT, LIMIT_MOST)
        order_id, from_id = params.optional_integer("orderId"), params.optional_integer("fromId")
        if from_id is not None and (params.has("startTime") or params.has("endTime")):
            raise Refused(-1128)
        now_ms, is_late = self.state.now_ms, self.state.switches.is_late
        every = (trade for trade in self.state.orders.trades(symbol) if order_id in (None, trade.order_id))
        trades = [trade for trade in every if not is_late(trade.time_ms, now_ms)]
        if from_id is not None:
            page = oldest((trade for trade in trades if trade.trade_id >= from_id), limit)
        elif order_id is not None and not params.has("startTime") and not params.has("endTime"):
            page = oldest(trades, limit)
        else:
            start_ms, end_ms = time_span(params, self.state.now_ms)
            page = newest((trade for trade in trades if start_ms <= trade.time_ms <= end_ms), limit)
        return [listed_trade(trade) for trade in page]

    def _checked(self, params: Parameters) -> Order:
        """Pass a new order through every check, in the documented order, and return it unplaced."""
        state = self.state
        symbol, side = params.text("symbol"), params.choice("side", SIDES, -1117)
        _check_type(params.text("type"))
        params.refuse(*_FOREIGN_TO_MARKET)
        quantity_value = params.number("quantity")
        position_side = params.choice("positionSide", POSITION_SIDES, -4060, BOTH)
        reduce_only, client_id = params.flag("reduceOnly"), params.client_id("newClientOrderId")
        direction, market = direction_of(side), state.market(symbol)
        closing = is_closing_side(position_side, direction)
        check_symbol(market.rules, closing=reduce_only or closing)
        check_regime(state, closing=reduce_only or closing)
        quantity = quantity_units(market.rules, quantity_value)
        check_lot(market.rules.market_lot, quantity)
        check_depth(market, direction)
        if not (reduce_only or closing):
            check_notional(market.rules, quantity, market.mark)
        check_position_side(state, position_side, reduce_only_sent=params.has("reduceOnly"))
        position = state.account.position(symbol, position_side)
        check_reduces(position, direction, quantity, reduce_only=reduce_only)
        if client_id is not None and state.orders.is_taken(symbol, client_id):
            raise Refused(-4116)
        if not reduce_only:
            check_affordable(state, symbol, position, direction, quantity)
        self._check_engine_window(params)
        return Order(
            order_id=state.ids.order_id(symbol),
            client_order_id=client_id or state.ids.client_id(),
            symbol=symbol,
            side=side,
            position_side=position_side,
            type="MARKET",
            quantity=quantity,
            reduce_only=reduce_only,
            created_ms=state.now_ms,
            updated_ms=state.now_ms,
            working_type=CONTRACT_PRICE,
        )

    def _check_engine_window(self, params: Parameters) -> None:
        """The matching engine looks at the recvWindow again when the order arrives there (-5028)."""
        arrival_ms = self.state.now_ms + self.state.settings.engine_latency_ms
        if arrival_ms - params.integer("timestamp") > recv_window(params):
            raise Refused(-5028)

    def _cancel(self, order: Order) -> None:
        order.status = "CANCELED"
        order.updated_ms = self.state.now_ms
        self.state.orders.close(order)
        record_order(self.state, order)

    def _symbol(self, params: Parameters) -> str:
        return self.state.listing.rules(params.text("symbol")).symbol

    def _found(self, params: Parameters, code: int) -> Order:
        symbol = self._symbol(params)
        order_id, client_id = params.optional_integer("orderId"), params.optional("origClientOrderId")
        if order_id is None and client_id is None:
            raise Refused(-1102, "orderid")
        order = self.state.orders.find(symbol, order_id, client_id, self.state.now_ms)
        if order is None or self.state.switches.is_hidden(order.client_order_id):
            raise Refused(code)
        return order

    def _shown(self, orders: Iterable[Order]) -> list[Order]:
        return [order for order in orders if not self.state.switches.is_hidden(order.client_order_id)]


def _check_type(order_type: str) -> None:
    if order_type in CONDITIONAL_TYPES:
        raise Refused(-4120)
    if order_type == "LIMIT":
        raise Refused(-1116, hint="The simulated exchange does not serve LIMIT orders yet; send MARKET.")
    if order_type != "MARKET":
        raise Refused(-1116)
