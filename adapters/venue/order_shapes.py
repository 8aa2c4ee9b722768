"""The JSON shapes of orders, trades and conditional orders (Binance docs: New Order, Query Order, New Algo Order)."""

from typing import Any, Final

from .algo_order import AlgoOrder
from .exact import text_of
from .order import Order, Trade
from .state import State
from .symbol_rules import SymbolRules

Shape = dict[str, Any]
STP_MODE: Final = "EXPIRE_MAKER"
_UNTRIGGERED: Final = {"tpTriggerPrice": "0.000", "tpPrice": "0.000", "slTriggerPrice": "0.000", "slPrice": "0.000"}


def price_text(rules: SymbolRules, units: int) -> str:
    """Return a price with at least the decimals of the symbol's price precision."""
    return text_of(units, rules.price_decimals, rules.price_precision)


def quantity_text(rules: SymbolRules, units: int) -> str:
    """Return a quantity with at least the decimals of the symbol's quantity precision."""
    return text_of(units, rules.quantity_decimals, rules.quantity_precision)


def placed_order(state: State, order: Order, *, acknowledged_only: bool) -> Shape:
    """Return the answer of POST and DELETE order.

    *acknowledged_only* (ACK) shows the order as it was accepted, NEW and without a fill, whatever it became since.
    """
    rules = state.listing.rules(order.symbol)
    executed = "0" if acknowledged_only else quantity_text(rules, order.executed)
    shape = {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": "NEW" if acknowledged_only else order.status,
        "clientOrderId": order.client_order_id,
        "price": price_text(rules, order.price),
        "origQty": quantity_text(rules, order.quantity),
        "executedQty": executed,
        "cumQty": executed,
        **_order_terms(rules, order),
        "updateTime": order.created_ms if acknowledged_only else order.updated_ms,
    }
    if state.settings.average_price_in_answers:
        shape["avgPrice"] = "0.00" if acknowledged_only else _average(rules, order)
        shape["cumQuote"] = "0" if acknowledged_only else text_of(order.cost, rules.money_decimals)
    return shape


def queried_order(state: State, order: Order) -> Shape:
    """Return the answer of GET order, openOrder and openOrders."""
    rules = state.listing.rules(order.symbol)
    return {
        "avgPrice": _average(rules, order),
        "clientOrderId": order.client_order_id,
        "cumQuote": text_of(order.cost, rules.money_decimals),
        "executedQty": quantity_text(rules, order.executed),
        "orderId": order.order_id,
        "origQty": quantity_text(rules, order.quantity),
        "price": price_text(rules, order.price),
        "status": order.status,
        "symbol": order.symbol,
        "time": order.created_ms,
        **_order_terms(rules, order),
        "updateTime": order.updated_ms,
    }


def listed_order(state: State, order: Order) -> Shape:
    """Return one row of allOrders, which also names the pair and the base quantity."""
    rules = state.listing.rules(order.symbol)
    return {**queried_order(state, order), "pair": rules.pair, "cumBase": quantity_text(rules, order.executed)}


def listed_trade(trade: Trade) -> Shape:
    """Return one row of userTrades; the commission is positive when it was paid."""
    return {
        "buyer": trade.side == "BUY",
        "commission": trade.fee,
        "commissionAsset": trade.fee_asset,
        "id": trade.trade_id,
        "maker": False,
        "orderId": trade.order_id,
        "price": trade.price,
        "qty": trade.quantity,
        "quoteQty": trade.quote_quantity,
        "baseQty": trade.quantity,
        "marginAsset": trade.fee_asset,
        "realizedPnl": trade.realized_pnl,
        "side": trade.side,
        "positionSide": trade.position_side,
        "symbol": trade.symbol,
        "pair": trade.pair,
        "time": trade.time_ms,
    }


def placed_algo(state: State, algo: AlgoOrder) -> Shape:
    """Return the answer of POST algoOrder."""
    rules = state.listing.rules(algo.symbol)
    return {
        **_algo_identity(rules, algo),
        "triggerPrice": price_text(rules, algo.trigger_price),
        "price": price_text(rules, 0),
        "icebergQuantity": None,
        **_algo_terms(algo),
        "activatePrice": "",
        "callbackRate": "",
        **_algo_times(algo),
    }


def queried_algo(state: State, algo: AlgoOrder) -> Shape:
    """Return the answer of GET algoOrder and the rows of its lists; `actualOrderId` is a text, empty before trigger."""
    rules = state.listing.rules(algo.symbol)
    child = state.orders.find(algo.symbol, algo.child_id, None, algo.updated_ms) if algo.child_id else None
    return {
        **_algo_identity(rules, algo),
        "actualOrderId": "" if child is None else str(child.order_id),
        "actualPrice": "0.00000" if child is None else child.average_price_text(rules.price_decimals, 5),
        "actualQty": "" if child is None else quantity_text(rules, child.executed),
        "actualType": "" if child is None else child.type,
        "triggerPrice": price_text(rules, algo.trigger_price),
        "price": price_text(rules, 0),
        "icebergQuantity": None,
        **_UNTRIGGERED,
        "tpOrderType": "",
        **_algo_terms(algo),
        **_algo_times(algo),
    }


def _average(rules: SymbolRules, order: Order) -> str:
    return order.average_price_text(rules.price_decimals, rules.price_precision)


def _order_terms(rules: SymbolRules, order: Order) -> Shape:
    return {
        "timeInForce": order.time_in_force,
        "type": order.type,
        "origType": order.original_type,
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side,
        "positionSide": order.position_side,
        "stopPrice": price_text(rules, order.stop_price),
        "workingType": order.working_type,
        "priceProtect": order.price_protect,
        "priceMatch": "NONE",
        "selfTradePreventionMode": STP_MODE,
        "goodTillDate": 0,
    }


def _algo_identity(rules: SymbolRules, algo: AlgoOrder) -> Shape:
    return {
        "algoId": algo.algo_id,
        "clientAlgoId": algo.client_algo_id,
        "algoType": "CONDITIONAL",
        "orderType": algo.type,
        "symbol": algo.symbol,
        "side": algo.side,
        "positionSide": algo.position_side,
        "timeInForce": algo.time_in_force,
        "quantity": quantity_text(rules, algo.quantity),
        "algoStatus": algo.status,
    }


def _algo_terms(algo: AlgoOrder) -> Shape:
    return {
        "selfTradePreventionMode": STP_MODE,
        "workingType": algo.working_type,
        "priceMatch": "NONE",
        "closePosition": algo.close_position,
        "priceProtect": algo.price_protect,
        "reduceOnly": algo.reduce_only,
    }


def _algo_times(algo: AlgoOrder) -> Shape:
    return {
        "createTime": algo.created_ms,
        "updateTime": algo.updated_ms,
        "triggerTime": algo.triggered_ms,
        "goodTillDate": 0,
    }
