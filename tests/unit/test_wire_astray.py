"""Answers that went astray: somebody else's order, or another symbol's, shown where ours was asked for."""

from __future__ import annotations

import pytest

from surefill.domain.errors import ExchangeUnavailableError
from tests.wire_script import Script, algo_row, market_request, order_row, stop_request, wire_exchange

ASTRAY = ("symbol", "id")
OTHER = {"symbol": "XYZUSDT"}


@pytest.mark.parametrize("what", ASTRAY)
def test_an_order_is_believed_only_under_its_own_name(what: str) -> None:
    """Asked for one of our orders, the exchange shows another: that is no sight of ours."""
    changes = OTHER if what == "symbol" else {"clientOrderId": "web_somebody"}
    exchange = wire_exchange(Script().body("GET", "/fapi/v1/order", order_row(**changes)))
    with pytest.raises(ExchangeUnavailableError, match="asked for sf-"):
        exchange.find([market_request().key])


@pytest.mark.parametrize("what", ASTRAY)
def test_a_conditional_order_is_believed_only_under_its_own_name(what: str) -> None:
    """The same for a stop: somebody else's must not count as our protection."""
    changes = OTHER if what == "symbol" else {"clientAlgoId": "web_somebody"}
    exchange = wire_exchange(Script().body("GET", "/fapi/v1/algoOrder", algo_row(**changes)))
    with pytest.raises(ExchangeUnavailableError, match="asked for sf-"):
        exchange.find([stop_request().key])


@pytest.mark.parametrize("conditional", [False, True])
def test_a_list_of_one_symbol_holds_no_other(*, conditional: bool) -> None:
    """Open orders of one symbol that show another symbol's are no answer; of all symbols, anything may be shown."""
    script = Script()
    script.body("GET", "/fapi/v1/openOrders", [] if conditional else [order_row(**OTHER)])
    script.body("GET", "/fapi/v1/openAlgoOrders", [algo_row(**OTHER)] if conditional else [])
    exchange = wire_exchange(script)
    with pytest.raises(ExchangeUnavailableError, match="asked for orders on"):
        exchange.open_orders(market_request().symbol)
    assert [order.symbol for order in exchange.open_orders()] == ["XYZUSDT"]
