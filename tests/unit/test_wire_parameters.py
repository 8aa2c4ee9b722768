"""Requests carry exactly what Binance takes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.wire import calls
from surefill.adapters.wire.call import Call
from surefill.adapters.wire.parameters import digest, order_call, stamped
from surefill.domain.ids import Leg
from surefill.domain.order import OrderKey, OrderKind, Purpose
from surefill.domain.side import MarginType, PositionSide, Side, TriggerPrice
from tests.wire_script import market_request, stop_request


def test_a_market_entry_asks_for_its_final_state() -> None:
    """An entry is a MARKET order with our id and newOrderRespType=RESULT, without any default spelled out."""
    request = market_request()

    call = order_call(request)

    assert (call.method, call.path, call.purpose) == ("POST", "/fapi/v1/order", Purpose.ENTRY)
    assert list(call.params.items()) == [
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("type", "MARKET"),
        ("quantity", "0.01"),
        ("newClientOrderId", request.client_id),
        ("newOrderRespType", "RESULT"),
    ]


def test_a_one_way_exit_is_reduce_only() -> None:
    """A one-way exit says reduceOnly=true and no positionSide."""
    params = order_call(market_request(Leg.EXIT, Side.SELL)).params

    assert (params["reduceOnly"], "positionSide" in params) == ("true", False)


def test_a_hedge_exit_names_its_position_and_is_never_reduce_only() -> None:
    """A hedge exit says positionSide=LONG and no reduceOnly, which Binance refuses there."""
    request = market_request(Leg.EXIT, Side.SELL, reduce_only=False, position_side=PositionSide.LONG)

    params = order_call(request).params

    assert (params["positionSide"], "reduceOnly" in params) == ("LONG", False)


def test_a_stop_goes_to_the_algo_service() -> None:
    """A stop is a CONDITIONAL STOP_MARKET with triggerPrice, workingType and clientAlgoId."""
    request = stop_request()

    call = order_call(request)

    assert (call.method, call.path, call.purpose) == ("POST", "/fapi/v1/algoOrder", Purpose.PROTECTION)
    assert list(call.params.items()) == [
        ("algoType", "CONDITIONAL"),
        ("symbol", "BTCUSDT"),
        ("side", "SELL"),
        ("type", "STOP_MARKET"),
        ("quantity", "0.01"),
        ("reduceOnly", "true"),
        ("triggerPrice", "63000"),
        ("workingType", "MARK_PRICE"),
        ("clientAlgoId", request.client_id),
    ]


def test_a_target_is_a_take_profit_and_may_watch_the_last_price() -> None:
    """A target is TAKE_PROFIT_MARKET; triggering on the last price is CONTRACT_PRICE."""
    params = order_call(stop_request(Leg.TARGET, trigger_on=TriggerPrice.LAST)).params

    assert (params["type"], params["workingType"]) == ("TAKE_PROFIT_MARKET", "CONTRACT_PRICE")


def test_numbers_never_carry_an_exponent() -> None:
    """Tiny and huge numbers are written out."""
    request = stop_request(quantity=Decimal("1E+9"), trigger_price=Decimal("1E-8"))

    params = order_call(request).params

    assert (params["quantity"], params["triggerPrice"]) == ("1000000000", "0.00000001")


def test_the_stamp_comes_last() -> None:
    """RecvWindow and timestamp follow the parameters and replace nothing."""
    assert list(stamped({"symbol": "BTCUSDT"}, 17, 3000).items()) == [
        ("symbol", "BTCUSDT"),
        ("recvWindow", "3000"),
        ("timestamp", "17"),
    ]


def test_the_digest_is_fixed() -> None:
    """A golden digest: journals written by one version are joined with ledgers read by another."""
    assert digest({"symbol": "测试USDT", "side": "BUY", "timestamp": "17"}) == "15ecc2be9d265f37b7d8d393179cd414"


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=5))
def test_the_digest_ignores_order_and_signature(params: dict[str, str]) -> None:
    """Shuffled parameters and an added signature give the same digest; any other change gives another."""
    unsigned = {name: value for name, value in params.items() if name != "signature"}
    reversed_params = dict(reversed(unsigned.items()))

    assert digest(unsigned) == digest({**reversed_params, "signature": "abc"})
    assert digest(unsigned) != digest({**unsigned, "one more": ""})


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (calls.exchange_info(), "GET /fapi/v1/exchangeInfo {} unsigned"),
        (calls.premium_index("X"), "GET /fapi/v1/premiumIndex {'symbol': 'X'} unsigned"),
        (calls.ticker_price("X"), "GET /fapi/v2/ticker/price {'symbol': 'X'} unsigned"),
        (
            calls.order_of(OrderKey("X", "id", conditional=False)),
            "GET /fapi/v1/order {'symbol': 'X', 'origClientOrderId': 'id'}",
        ),
        (calls.order_of(OrderKey("X", "id", conditional=True)), "GET /fapi/v1/algoOrder {'clientAlgoId': 'id'}"),
        (calls.order_by_id("X", "7"), "GET /fapi/v1/order {'symbol': 'X', 'orderId': '7'}"),
        (calls.open_orders("X"), "GET /fapi/v1/openOrders {'symbol': 'X'}"),
        (calls.open_orders(None), "GET /fapi/v1/openOrders {}"),
        (calls.open_algo_orders("X"), "GET /fapi/v1/openAlgoOrders {'symbol': 'X'}"),
        (calls.newest_order("X"), "GET /fapi/v1/allOrders {'symbol': 'X', 'limit': '1'}"),
        (calls.orders_from("X", 7), "GET /fapi/v1/allOrders {'symbol': 'X', 'orderId': '7', 'limit': '1000'}"),
        (calls.newest_trade("X"), "GET /fapi/v1/userTrades {'symbol': 'X', 'limit': '1'}"),
        (calls.trades_from("X", 7), "GET /fapi/v1/userTrades {'symbol': 'X', 'fromId': '7', 'limit': '1000'}"),
        (calls.trades_of_order("X", "7"), "GET /fapi/v1/userTrades {'symbol': 'X', 'orderId': '7', 'limit': '1000'}"),
        (calls.position_risk(None), "GET /fapi/v3/positionRisk {}"),
        (calls.balance(), "GET /fapi/v3/balance {}"),
        (calls.position_mode(), "GET /fapi/v1/positionSide/dual {}"),
        (calls.symbol_config("X"), "GET /fapi/v1/symbolConfig {'symbol': 'X'}"),
        (calls.set_leverage("X", 5), "POST /fapi/v1/leverage {'symbol': 'X', 'leverage': '5'}"),
        (
            calls.set_margin_type("X", MarginType.ISOLATED),
            "POST /fapi/v1/marginType {'symbol': 'X', 'marginType': 'ISOLATED'}",
        ),
        (
            calls.cancel_order(OrderKey("X", "id", conditional=False)),
            "DELETE /fapi/v1/order {'symbol': 'X', 'origClientOrderId': 'id'}",
        ),
        (calls.cancel_order(OrderKey("X", "id", conditional=True)), "DELETE /fapi/v1/algoOrder {'clientAlgoId': 'id'}"),
        (calls.cancel_open_orders("X"), "DELETE /fapi/v1/allOpenOrders {'symbol': 'X'}"),
        (calls.cancel_open_algo_orders("X"), "DELETE /fapi/v1/algoOpenOrders {'symbol': 'X'}"),
        (calls.income(5, 9), "GET /fapi/v1/income {'startTime': '5', 'endTime': '9', 'limit': '1000'}"),
    ],
)
def test_every_other_request_is_as_documented(call: Call, line: str) -> None:
    """Method, path and parameters of each read, cancel and setting; market data is not signed."""
    shown = f"{call.method} {call.path} {dict(call.params)}" + ("" if call.signed else " unsigned")

    assert shown == line
    assert call.changes == (call.method != "GET")


def test_a_kind_without_trigger_is_a_market_order() -> None:
    """Only STOP and TARGET can carry a trigger; the request type keeps the rest out."""
    with pytest.raises(ValueError, match="trigger_price"):
        stop_request(kind=OrderKind.MARKET)
