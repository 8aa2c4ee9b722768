"""Requests through real HTTP are answered as Binance answers them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from email.utils import parsedate_to_datetime

import pytest

from surefill.adapters.http_venue import VenueServer
from surefill.testing.http_venue_fixture import HttpVenue, running_venue
from tests.http_venue.client import ALGO, MARKET, ORDER, Client, encoded, exchange_bytes, head, host_of, signature


def test_an_order_fills(client: Client, server: VenueServer) -> None:
    """A signed order in the query string is filled, counted in the headers, and there is a position."""
    placed = client.buy(newClientOrderId="first")

    assert (placed.status, placed.body["status"], placed.body["executedQty"]) == (200, "FILLED", "0.010")
    assert placed.body["clientOrderId"] == "first"
    assert placed.headers["X-MBX-ORDER-COUNT-10S"] == placed.headers["X-MBX-ORDER-COUNT-1M"] == "1"
    held = client.call("GET", "/fapi/v3/positionRisk", symbol="AAAUSDT")
    assert [row["positionAmt"] for row in held.body] == ["0.010"]
    assert held.headers["X-MBX-USED-WEIGHT-1M"] == "5"
    assert [row["kind"] for row in server.ledger.rows].count("fill") == 1


def test_parameters_may_stand_in_the_body(client: Client) -> None:
    """The same order as a form in the body."""
    assert client.post(ORDER, **MARKET).body["status"] == "FILLED"


def test_query_and_body_are_signed_together(client: Client) -> None:
    """Parameters in both are one text without anything between, the signature at the end of the body."""
    query = encoded({"symbol": "AAAUSDT", "side": "BUY", "type": "MARKET"})
    body = encoded(client.dated({"quantity": "0.010", "newOrderRespType": "RESULT"}))

    placed = client.raw("POST", f"{ORDER}?{query}", f"{body}&signature={signature(query + body)}")

    assert (placed.status, placed.body["status"]) == (200, "FILLED")


def test_the_query_string_wins(client: Client) -> None:
    """A name that stands in both counts as the query string has it."""
    query = encoded({"quantity": "0.010"})
    body = encoded(client.dated({**MARKET, "quantity": "0.020"}))

    placed = client.raw("POST", f"{ORDER}?{query}", f"{body}&signature={signature(query + body)}")

    assert (placed.status, placed.body["executedQty"]) == (200, "0.010")


def test_a_symbol_may_be_chinese(client: Client) -> None:
    """A symbol outside ASCII travels as percent-encoded UTF-8, and comes back as it is."""
    placed = client.buy(symbol="测试USDT", quantity="100")

    assert (placed.status, placed.body["symbol"]) == (200, "测试USDT")
    assert [row["symbol"] for row in client.call("GET", "/fapi/v3/positionRisk").body] == ["测试USDT"]


def test_a_stop_goes_to_the_algo_service(client: Client, running: HttpVenue) -> None:
    """A conditional order rests, triggers when the price comes, and leaves the account flat."""
    client.buy()
    stop = {"algoType": "CONDITIONAL", "symbol": "AAAUSDT", "side": "SELL", "type": "STOP_MARKET", "quantity": "0.010"}
    stop |= {"triggerPrice": "59000", "reduceOnly": "true", "workingType": "MARK_PRICE", "clientAlgoId": "s"}

    assert client.call("POST", ALGO, **stop).body["algoStatus"] == "NEW"
    running.move("AAAUSDT", Decimal(58_900))
    with running.server.timeline:
        running.server.timeline.advance_to(running.server.timeline.now_ms + 1_000)

    assert client.call("GET", ALGO, clientAlgoId="s").body["algoStatus"] == "FINISHED"
    assert client.call("GET", "/fapi/v3/positionRisk").body == []


def test_what_is_public_needs_no_key(server: VenueServer) -> None:
    """Time and listing are there for anyone, dated by the exchange's clock."""
    with Client(server, key=None) as stranger:
        shown = stranger.raw("GET", "/fapi/v1/time")
        listed = stranger.raw("GET", "/fapi/v1/exchangeInfo")

    assert shown.body == {"serverTime": server.timeline.now_ms}
    assert parsedate_to_datetime(shown.headers["Date"]).timestamp() == server.timeline.now_ms // 1000
    assert [row["symbol"] for row in listed.body["symbols"]] == ["AAAUSDT", "BBBUSDT", "测试USDT"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("POST", "/fapi/v1/time"), ("GET", "/fapi/v1/%6frder"), ("PUT", ORDER)]
)
def test_an_unknown_path_is_404(client: Client, method: str, path: str) -> None:
    """A path, or a method there, that the API does not have is 404 with an error body; no spelling gets around it."""
    answer = client.call(method, path)

    assert (answer.status, answer.code) == (404, -5000)
    assert path in answer.body["msg"]


def test_a_refusal_has_code_and_text(client: Client) -> None:
    """An error is HTTP 400 with code and msg, nothing else."""
    answer = client.buy(quantity="100")

    assert (answer.status, answer.body) == (400, {"code": -2019, "msg": "Margin is insufficient."})


def test_a_date_out_of_the_window_is_refused(client: Client, server: VenueServer) -> None:
    """A request older than its recvWindow is -1021, whatever its signature."""
    query = encoded({**MARKET, "recvWindow": "1000", "timestamp": str(server.timeline.now_ms - 1_001)})

    answer = client.raw("POST", f"{ORDER}?{query}&signature={signature(query)}")

    assert (answer.status, answer.code) == (400, -1021)


def test_too_many_requests_are_429_then_418(client: Client) -> None:
    """Past the weight of a minute comes 429 with Retry-After; going on leads to a ban, with its end in the text."""
    statuses = [client.call("GET", "/fapi/v1/positionSide/dual").status for _ in range(81)]
    assert statuses == [200] * 80 + [429]
    limited = client.call("GET", "/fapi/v1/positionSide/dual")
    assert (limited.status, limited.code) == (429, -1003)
    assert int(limited.headers["Retry-After"]) > 0

    answers = [client.call("GET", "/fapi/v1/time") for _ in range(20)]

    assert answers[-1].status == 418
    assert "banned until" in answers[-1].body["msg"]
    assert int(answers[-1].headers["Retry-After"]) == 120


def test_the_connection_is_kept(client: Client, server: VenueServer) -> None:
    """Request after request travels on one connection."""
    client.raw("GET", "/fapi/v1/ping")
    first = client.connection.sock

    answers = [client.raw("GET", "/fapi/v1/ping") for _ in range(5)]

    assert client.connection.sock is first
    assert {answer.headers["Connection"] for answer in answers} == {"keep-alive"}


@pytest.mark.parametrize(
    "lines", [("GET /fapi/v1/ping HTTP/1.1", "Connection: close"), ("GET /fapi/v1/ping HTTP/1.0",)]
)
def test_the_client_may_end_the_connection(server: VenueServer, lines: tuple[str, ...]) -> None:
    """Asked to close, and for HTTP/1.0 that does not ask to stay, the server answers and closes."""
    answer = exchange_bytes(server, head(*lines, host=host_of(server)))

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Connection: close\r\n" in answer
    assert answer.endswith(b"\r\n\r\n{}")


def test_requests_may_follow_without_waiting(server: VenueServer) -> None:
    """Pipelined requests are answered in order, an empty line between them is forgiven."""
    first = head("GET /fapi/v1/ping HTTP/1.1", host=host_of(server))
    last = head("GET /fapi/v1/time HTTP/1.1", "Connection: close", host=host_of(server))

    answer = exchange_bytes(server, first + b"\r\n" + first + last)

    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert json.loads(answer.rpartition(b"\r\n\r\n")[2]) == {"serverTime": server.timeline.now_ms}


def test_many_clients_trade_at_once(running: HttpVenue) -> None:
    """Orders on many connections at the same time are each executed once."""

    def trade(client: int) -> list[int]:
        with Client(running.server) as trader:
            return [trader.buy(newClientOrderId=f"{client}-{order}", quantity="0.001").status for order in range(10)]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for done in pool.map(trade, range(8)) for status in done]

    assert statuses == [200] * 80
    fills = [str(row["client_order_id"]) for row in running.ledger.rows if row["kind"] == "fill"]
    assert sorted(fills) == sorted(f"{client}-{order}" for client in range(8) for order in range(10))


def test_the_bytes_received_can_be_looked_at(client: Client, server: VenueServer) -> None:
    """Each request is kept as it came, with the status it got; the signature is over those very bytes."""
    client.buy(quantity="0.010")
    client.post("/fapi/v1/leverage", symbol="AAAUSDT", leverage="7")

    bought, set_leverage = server.received
    query, _, given = bought.request.query.decode().rpartition("&signature=")
    assert (bought.request.method, bought.request.path, bought.status) == ("POST", ORDER, 200)
    assert signature(query) == given
    assert b"leverage=7" in set_leverage.request.body
    assert set_leverage.request.header("x-mbx-apikey") == client.key
    assert "sim-" not in repr(server.received)


def test_the_exchange_keeps_real_time() -> None:
    """Without being asked anything the exchange lets a stop fire when its latency is over."""
    with running_venue() as running, Client(running.server) as client:
        client.buy()
        stop = {"algoType": "CONDITIONAL", "symbol": "AAAUSDT", "side": "SELL", "type": "STOP_MARKET"}
        client.call("POST", ALGO, **stop, quantity="0.010", triggerPrice="59000", reduceOnly="true", clientAlgoId="s")
        requests = len(running.server.received)
        running.move("AAAUSDT", Decimal(58_900))

        deadline_ms = running.server.timeline.now_ms + 10_000
        while not (flat := sum(1 for row in running.ledger.rows if row["kind"] == "fill") == 2):
            if running.server.timeline.now_ms > deadline_ms:
                break

        assert (flat, len(running.server.received)) == (True, requests)
