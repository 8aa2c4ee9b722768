"""Samples that others recorded: answers of the paths we use parse, requests of other clients are those we make."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from surefill.adapters.wire import calls
from surefill.adapters.wire.accounts import parse_balances, parse_position_mode, parse_positions, parse_symbol_settings
from surefill.adapters.wire.call import Call
from surefill.adapters.wire.fields import Fields
from surefill.adapters.wire.incomes import parse_income
from surefill.adapters.wire.instruments import parse_exchange_info
from surefill.adapters.wire.orders import (
    parse_algo_order,
    parse_algo_orders,
    parse_order,
    parse_orders,
    parse_trades,
)
from surefill.adapters.wire.parameters import order_call
from surefill.adapters.wire.prices import parse_last, parse_mark
from surefill.domain.ids import Leg
from surefill.domain.order import OrderKey
from surefill.domain.side import MarginType, PositionSide, Side
from tests.wire_script import market_request, stop_request


def done(body: object) -> int:
    """The answer of a bulk cancel or a setting: nothing of it is used, but it says 200."""
    return Fields(body, "done").integer("code")


PARSERS: dict[tuple[str, str], Callable[[object], object]] = {
    ("POST", "/fapi/v1/order"): parse_order,
    ("GET", "/fapi/v1/order"): parse_order,
    ("DELETE", "/fapi/v1/order"): parse_order,
    ("GET", "/fapi/v1/openOrders"): parse_orders,
    ("GET", "/fapi/v1/allOrders"): parse_orders,
    ("GET", "/fapi/v1/userTrades"): parse_trades,
    ("POST", "/fapi/v1/algoOrder"): parse_algo_order,
    ("GET", "/fapi/v1/algoOrder"): parse_algo_order,
    ("DELETE", "/fapi/v1/algoOrder"): parse_algo_order,
    ("GET", "/fapi/v1/openAlgoOrders"): parse_algo_orders,
    ("DELETE", "/fapi/v1/allOpenOrders"): done,
    ("DELETE", "/fapi/v1/algoOpenOrders"): done,
    ("GET", "/fapi/v3/positionRisk"): parse_positions,
    ("GET", "/fapi/v3/balance"): parse_balances,
    ("GET", "/fapi/v1/symbolConfig"): lambda body: parse_symbol_settings(body, "BTCUSDT"),
    ("GET", "/fapi/v1/positionSide/dual"): parse_position_mode,
    ("POST", "/fapi/v1/leverage"): lambda body: Fields(body, "leverage").integer("leverage"),
    ("POST", "/fapi/v1/marginType"): done,
    ("GET", "/fapi/v1/premiumIndex"): parse_mark,
    ("GET", "/fapi/v2/ticker/price"): parse_last,
    ("GET", "/fapi/v1/exchangeInfo"): parse_exchange_info,
    ("GET", "/fapi/v1/income"): parse_income,
}
"""What reads the answer of each request we make."""

WITHOUT_SAMPLE = {("GET", "/fapi/v1/positionSide/dual")}
"""Paths we use of which nobody recorded an answer."""

NOT_OURS = {
    "edit order with clientOrderId": "we never edit an order",
    "edit swap order": "we never edit an order",
    "swap limit buy with weird price/amount (1)": "we send no limit orders",
    "Swap limit buy with reduce only (closing short position)": "we send no limit orders",
    "swap limit bbo order": "we send no limit orders",
    "Swap limit buy with triggerPrice": "conditional limit order; ours trade at market, and are named by clientAlgoId",
    "Swap limit sell with takeProfitPrice (type 2)": "likewise",
    "linear swap conditional createOrder": "likewise",
    "Swap trailingPercent order": "we send no trailing stops",
    "Swap createOrders": "one order, one request: a batch has no order among its parts",
    "Swap cancelOrder": "we cancel by client id, which we know before the exchange's",
    "linear swap conditional cancelOrder": "likewise",
    "cancelOrders with clientOrderIds": "we cancel one by one, each in the service that holds it",
}
"""Requests of other clients that we do not make, and why."""


def samples(recorded: Path) -> Iterator[tuple[Path, str, str, object]]:
    for file in sorted((recorded / "response-samples" / "endpoints").rglob("*.txt")):
        method, path, _, body = file.read_text(encoding="utf-8").split("\n", 3)
        if (method.strip(), path.strip()) in PARSERS:
            yield file, method.strip(), path.strip(), json.loads(body)


def test_every_sample_of_the_paths_we_use_parses(recorded: Path) -> None:
    """Each recorded answer of each path we use is read without a ParseError; no path goes untested unnoticed."""
    seen = set()
    for _, method, path, body in samples(recorded):
        PARSERS[method, path](body)
        seen.add((method, path))

    assert set(PARSERS) - seen <= WITHOUT_SAMPLE


def test_a_finished_stop_captured_live_reads_as_filled(recorded: Path) -> None:
    """The live capture of a triggered stop: its size and price are what the child executed."""
    body = next(body for _, method, path, body in samples(recorded) if (method, path) == ("GET", "/fapi/v1/algoOrder"))

    algo = parse_algo_order(body)

    assert algo.complete
    assert (algo.order.status.value, algo.order.executed_quantity) == ("FILLED", Decimal("0.002"))
    assert (algo.order.average_price, algo.order.side) == (Decimal("69067.60000"), Side.BUY)


def vectors(recorded: Path) -> tuple[list[dict[str, object]], set[str]]:
    raw = json.loads((recorded / "request-vectors" / "ccxt-usdm.json").read_text(encoding="utf-8"))
    return raw["vectors"], set(raw["skipKeys"])


def shown(method: str, path: str, params: dict[str, str], skip: set[str]) -> tuple[str, str, dict[str, str]]:
    return method, path, {name: value for name, value in params.items() if name not in skip}


def as_sent(call: Call, skip: set[str]) -> tuple[str, str, dict[str, str]]:
    return shown(call.method, call.path, dict(call.params), skip)


def test_another_client_sends_the_same(recorded: Path) -> None:
    """For what both do, method, path and parameters are equal; what we do not do is listed with its reason."""
    listed, skip = vectors(recorded)
    key = OrderKey("LTCUSDT", "myid123", conditional=False)
    hedge_exit = market_request(
        Leg.EXIT,
        Side.SELL,
        quantity=Decimal("0.01"),
        reduce_only=False,
        position_side=PositionSide.LONG,
    )
    ours = {
        "Swap market buy order": order_call(market_request(symbol="LTCUSDT", quantity=Decimal("0.1"))),
        "swap hedged reduceOnly market sell order": order_call(hedge_exit),
        "fetch order with clientOrderId": calls.order_of(key),
        "cancel order with clientOrderId": calls.cancel_order(key),
        "Swap cancelAllOrders": calls.cancel_open_orders("LTCUSDT"),
    }
    for vector in listed:
        name, url = str(vector["description"]), urlsplit(str(vector["url"]))
        if name in NOT_OURS:
            continue
        params = dict(parse_qsl(url.query or str(vector["output"])))
        assert as_sent(ours.pop(name), skip) == shown(str(vector["httpMethod"]), url.path, params, skip), name

    assert ours == {}


def collection(recorded: Path) -> dict[tuple[str, str], dict[str, bool]]:
    """Parameter names by request, each with whether it is mandatory."""
    raw = json.loads((recorded / "request-vectors" / "official-postman-collection.json").read_text(encoding="utf-8"))
    found: dict[tuple[str, str], dict[str, bool]] = {}
    todo = list(raw["item"])
    while todo:
        item = todo.pop()
        todo.extend(item.get("item", []))
        if "request" in item:
            url = item["request"]["url"]
            names = {one["key"]: not one.get("disabled", False) for one in url.get("query", [])}
            found[item["request"]["method"], "/" + "/".join(url["path"])] = names
    return found


def test_every_request_is_in_the_official_collection(recorded: Path) -> None:
    """Each request we make exists under that method and path, takes our parameters, and misses no mandatory one."""
    documented = collection(recorded)
    key, stop_key = market_request().key, stop_request().key
    made = [
        order_call(market_request()),
        order_call(market_request(Leg.EXIT, Side.SELL)),
        order_call(stop_request()),
        order_call(stop_request(Leg.TARGET, reduce_only=False, position_side=PositionSide.SHORT)),
        *(calls.order_of(one) for one in (key, stop_key)),
        *(calls.cancel_order(one) for one in (key, stop_key)),
        calls.order_by_id("X", "1"),
        calls.open_orders("X"),
        calls.open_algo_orders(None),
        calls.newest_order("X"),
        calls.orders_from("X", 1),
        calls.newest_trade("X"),
        calls.trades_from("X", 1),
        calls.trades_of_order("X", "1"),
        calls.position_risk("X"),
        calls.balance(),
        calls.position_mode(),
        calls.symbol_config("X"),
        calls.set_leverage("X", 1),
        calls.set_margin_type("X", MarginType.ISOLATED),
        calls.cancel_open_orders("X"),
        calls.cancel_open_algo_orders("X"),
        calls.exchange_info(),
        calls.premium_index("X"),
        calls.ticker_price("X"),
        calls.income(1, 2),
    ]
    for call in made:
        names = documented[call.method, call.path]
        mandatory = {name for name, needed in names.items() if needed} - {"timestamp", "signature"}
        assert set(call.params) <= set(names), call
        assert mandatory <= set(call.params), call
        assert ("signature" in names) is call.signed, call
