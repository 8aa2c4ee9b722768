"""What goes over the wire, beside what another client of the same exchange sends for the same thing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import attrs

from surefill.adapters.binance import BinanceFutures, Environment
from surefill.domain.errors import SurefillError
from surefill.domain.ids import Leg
from surefill.domain.order import OrderKey
from surefill.domain.side import PositionSide, Side
from tests.binance.wire_server import Received, WireServer, answers
from tests.canaries import API_KEY, API_SECRET
from tests.wire_script import market_request, stop_request

LTC_KEY = OrderKey("LTCUSDT", "myid123", conditional=False)
STOP_KEY = OrderKey("BTCUSDT", "stop-1", conditional=True)


def market(
    symbol: str, quantity: str, side: Side = Side.BUY, position_side: PositionSide = PositionSide.BOTH
) -> Callable[[BinanceFutures], object]:
    request = market_request(Leg.ENTRY, side, symbol=symbol, quantity=Decimal(quantity), position_side=position_side)
    return lambda exchange: exchange.send(exchange.prepare(request))


def stop(quantity: str, trigger: str) -> Callable[[BinanceFutures], object]:
    request = attrs.evolve(stop_request(quantity=Decimal(quantity), trigger_price=Decimal(trigger)), side=Side.BUY)
    return lambda exchange: exchange.send(exchange.prepare(request))


@attrs.frozen
class Alike:
    """The operation of ours that corresponds to a vector, and each parameter in which they differ, with the reason."""

    operation: Callable[[BinanceFutures], object]
    differences: Mapping[str, str] = attrs.field(factory=dict[str, str])


OUR_IDS = "we know our own id before the exchange knows the order"
ALIKE = {
    "Swap market buy order": Alike(market("LTCUSDT", "0.1")),
    "swap hedged reduceOnly market sell order": Alike(market("BTCUSDT", "0.01", Side.SELL, PositionSide.LONG)),
    "fetch order with clientOrderId": Alike(lambda exchange: exchange.find([LTC_KEY])),
    "cancel order with clientOrderId": Alike(lambda exchange: exchange.cancel([LTC_KEY])),
    "Swap cancelOrder": Alike(
        lambda exchange: exchange.cancel([LTC_KEY]), {"orderId": OUR_IDS, "origClientOrderId": OUR_IDS}
    ),
    "linear swap conditional cancelOrder": Alike(
        lambda exchange: exchange.cancel([STOP_KEY]),
        {"algoId": OUR_IDS, "clientAlgoId": OUR_IDS, "symbol": "the algo service takes none (docs: Cancel Algo Order)"},
    ),
    "Swap cancelAllOrders": Alike(lambda exchange: exchange.cancel_everything("LTCUSDT")),
    "linear swap conditional createOrder": Alike(
        stop("0.002", "100000"),
        {
            "type": "our legs trade at market: STOP_MARKET, where the vector has the limit form STOP",
            "price": "belongs to the limit form",
            "reduceOnly": "a leg never opens a position",
            "workingType": "said aloud: triggers on the mark price, while the exchange's default is the last one",
            "newOrderRespType": "without effect on an order that is only NEW",
            "clientAlgoId": "the algo service's own name for the client id (docs: New Algo Order)",
        },
    ),
}
NOT_OURS = {
    "edit order with clientOrderId": "we never edit an order",
    "edit swap order": "likewise",
    "swap limit buy with weird price/amount (1)": "we send no limit orders",
    "Swap limit buy with reduce only (closing short position)": "likewise",
    "swap limit bbo order": "likewise",
    "Swap limit buy with triggerPrice": "the same shape as the conditional order above",
    "Swap limit sell with takeProfitPrice (type 2)": "likewise",
    "Swap trailingPercent order": "we send no trailing stops",
    "Swap createOrders": "one order, one request: nothing is promised about the order within a batch",
    "cancelOrders with clientOrderIds": "we cancel one by one, each in the service that holds it",
}
WINDOWS = {"POST": "3000", "GET": "5000", "DELETE": "5000"}
"""Ours; the vectors have 10000, which would let a delayed copy of an order in for longer."""


def sent(operation: Callable[[BinanceFutures], object]) -> list[Received]:
    """The requests that an operation makes, apart from those that set the clock."""
    with WireServer(answers({"serverTime": 1_795_300_000_000})) as server:
        exchange = BinanceFutures(API_KEY, API_SECRET, Environment.local(server.url), namespace="test", environ={})
        with suppress(SurefillError):  # what the server says is no answer to it
            operation(exchange)
        exchange.close()
    return [request for request in server.received if request.path != "/fapi/v1/time"]


def travelling(query: str, body: str, skip: set[str]) -> dict[tuple[str, str], str]:
    """Parameters by where they travel and by name."""
    places = (("query", query), ("body", body))
    return {(place, name): value for place, text in places for name, value in parse_qsl(text) if name not in skip}


def test_another_client_sends_the_same_bytes_but_for_listed_differences(recorded: Path) -> None:
    """Method, path, place, name and value of each parameter agree; each that does not is listed with its reason."""
    raw = json.loads((recorded / "request-vectors" / "ccxt-usdm.json").read_text(encoding="utf-8"))
    skip = set(raw["skipKeys"])
    names = {str(vector["description"]) for vector in raw["vectors"]}
    assert names == ALIKE.keys() | NOT_OURS.keys()
    assert not ALIKE.keys() & NOT_OURS.keys()
    for vector in raw["vectors"]:
        alike, url = ALIKE.get(str(vector["description"])), urlsplit(str(vector["url"]))
        if alike is None:
            continue
        requests = [one for one in sent(alike.operation) if (one.method, one.path) == (vector["httpMethod"], url.path)]
        ours = travelling(requests[0].query, requests[0].body.decode(), skip)
        theirs = travelling(url.query, str(vector["output"] or ""), skip)
        different = {name for (_, name), _ in set(ours.items()) ^ set(theirs.items())}
        assert different == alike.differences.keys(), vector["description"]
        text = requests[0].query or requests[0].body.decode()
        assert dict(parse_qsl(text))["recvWindow"] == WINDOWS[requests[0].method]


def test_cancelling_everything_is_two_requests() -> None:
    """The one request of the vector does not touch conditional orders: they go first, in their own service."""
    paths = [(one.method, one.path) for one in sent(lambda exchange: exchange.cancel_everything("LTCUSDT"))]

    assert paths == [("DELETE", "/fapi/v1/algoOpenOrders"), ("DELETE", "/fapi/v1/allOpenOrders")]
