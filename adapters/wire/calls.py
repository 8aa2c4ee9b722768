"""Every other request surefill makes: reads, cancels, settings. One function each, Binance's own names in one place."""

from __future__ import annotations

from ...domain.order import OrderKey
from ...domain.side import MarginType
from .call import Call
from .parameters import ALGO_ORDER_PATH, ORDER_PATH

PAGE_SIZE = 1000
"""The largest page of allOrders and userTrades (Binance docs: All Orders)."""

TICKER_PRICE_PATH = "/fapi/v2/ticker/price"
"""Its used-weight header is inaccurate and to be ignored (Binance docs: Symbol Price Ticker)."""


def exchange_info() -> Call:
    """Every symbol's rules, and the rate limits."""
    return Call("GET", "/fapi/v1/exchangeInfo", signed=False)


def premium_index(symbol: str) -> Call:
    """The mark price."""
    return Call("GET", "/fapi/v1/premiumIndex", {"symbol": symbol}, signed=False)


def ticker_price(symbol: str) -> Call:
    """The last price."""
    return Call("GET", TICKER_PRICE_PATH, {"symbol": symbol}, signed=False)


def order_of(key: OrderKey) -> Call:
    """One order by its client id, in the service that took it. The algo service wants no symbol."""
    if key.conditional:
        return Call("GET", ALGO_ORDER_PATH, {"clientAlgoId": key.client_id})
    return Call("GET", ORDER_PATH, {"symbol": key.symbol, "origClientOrderId": key.client_id})


def order_by_id(symbol: str, order_id: str) -> Call:
    """One regular order by the exchange's own id."""
    return Call("GET", ORDER_PATH, {"symbol": symbol, "orderId": order_id})


def open_orders(symbol: str | None) -> Call:
    """Open regular orders; the algo service's are not among them."""
    return Call("GET", "/fapi/v1/openOrders", _of(symbol))


def open_algo_orders(symbol: str | None) -> Call:
    """Open conditional orders."""
    return Call("GET", "/fapi/v1/openAlgoOrders", _of(symbol))


def newest_order(symbol: str) -> Call:
    """The newest regular order, whatever its state."""
    return Call("GET", "/fapi/v1/allOrders", {"symbol": symbol, "limit": "1"})


def orders_from(symbol: str, order_id: int) -> Call:
    """Regular orders with that id or a later one, oldest first."""
    return Call("GET", "/fapi/v1/allOrders", {"symbol": symbol, "orderId": str(order_id), "limit": str(PAGE_SIZE)})


def newest_trade(symbol: str) -> Call:
    """The account's newest fill."""
    return Call("GET", "/fapi/v1/userTrades", {"symbol": symbol, "limit": "1"})


def trades_from(symbol: str, trade_id: int) -> Call:
    """The account's fills with that id or a later one, oldest first."""
    return Call("GET", "/fapi/v1/userTrades", {"symbol": symbol, "fromId": str(trade_id), "limit": str(PAGE_SIZE)})


def trades_of_order(symbol: str, order_id: str) -> Call:
    """The fills of one order."""
    return Call("GET", "/fapi/v1/userTrades", {"symbol": symbol, "orderId": order_id, "limit": str(PAGE_SIZE)})


def position_risk(symbol: str | None) -> Call:
    """Open positions; flat symbols are left out or shown with amount 0."""
    return Call("GET", "/fapi/v3/positionRisk", _of(symbol))


def balance() -> Call:
    """The futures wallet."""
    return Call("GET", "/fapi/v3/balance")


def position_mode() -> Call:
    """Hedge or one-way; 30 units of weight, hence asked rarely."""
    return Call("GET", "/fapi/v1/positionSide/dual")


def symbol_config(symbol: str) -> Call:
    """Leverage and margin type."""
    return Call("GET", "/fapi/v1/symbolConfig", {"symbol": symbol})


def set_leverage(symbol: str, leverage: int) -> Call:
    """Set the leverage; saying what is already so succeeds."""
    return Call("POST", "/fapi/v1/leverage", {"symbol": symbol, "leverage": str(leverage)})


def set_margin_type(symbol: str, margin_type: MarginType) -> Call:
    """Set the margin type; saying what is already so is answered by -4046."""
    return Call("POST", "/fapi/v1/marginType", {"symbol": symbol, "marginType": margin_type.value})


def cancel_order(key: OrderKey) -> Call:
    """Cancel one order in the service that *key* names."""
    if key.conditional:
        return Call("DELETE", ALGO_ORDER_PATH, {"clientAlgoId": key.client_id})
    return Call("DELETE", ORDER_PATH, {"symbol": key.symbol, "origClientOrderId": key.client_id})


def cancel_open_orders(symbol: str) -> Call:
    """Cancel all open regular orders and triggered children of a symbol."""
    return Call("DELETE", "/fapi/v1/allOpenOrders", {"symbol": symbol})


def cancel_open_algo_orders(symbol: str) -> Call:
    """Cancel all untriggered conditional orders of a symbol."""
    return Call("DELETE", "/fapi/v1/algoOpenOrders", {"symbol": symbol})


def income(start_ms: int, end_ms: int) -> Call:
    """What was realised, paid in fees and in funding between two times, oldest first."""
    return Call("GET", "/fapi/v1/income", {"startTime": str(start_ms), "endTime": str(end_ms), "limit": str(PAGE_SIZE)})


def _of(symbol: str | None) -> dict[str, str]:
    return {} if symbol is None else {"symbol": symbol}
