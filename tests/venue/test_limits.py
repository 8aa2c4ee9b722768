"""Request weight, order counts, and what comes of exceeding them."""

import pytest

from surefill.adapters.venue import VenueSettings
from surefill.adapters.venue.limits import Limits
from tests.venue.desk import ALGO, BTC, ORDER, START_MS, Desk

WEIGHT = "X-MBX-USED-WEIGHT-1M"
WEIGHTS = [
    ("POST", ORDER, {}, 0),
    ("GET", ORDER, {"symbol": BTC}, 1),
    ("DELETE", ORDER, {"symbol": BTC}, 1),
    ("GET", "/fapi/v1/openOrders", {}, 40),
    ("GET", "/fapi/v1/openOrders", {"symbol": BTC}, 1),
    ("GET", "/fapi/v1/openAlgoOrders", {}, 40),
    ("GET", "/fapi/v1/openAlgoOrders", {"symbol": BTC}, 1),
    ("GET", "/fapi/v1/allOrders", {"symbol": BTC}, 5),
    ("GET", "/fapi/v1/userTrades", {"symbol": BTC}, 5),
    ("GET", "/fapi/v3/positionRisk", {}, 5),
    ("GET", "/fapi/v3/balance", {}, 5),
    ("GET", "/fapi/v1/income", {}, 30),
    ("GET", "/fapi/v1/positionSide/dual", {}, 30),
    ("GET", "/fapi/v1/commissionRate", {"symbol": BTC}, 20),
    ("GET", "/fapi/v1/premiumIndex", {}, 10),
    ("GET", "/fapi/v1/ticker/bookTicker", {"symbol": BTC}, 2),
    ("GET", "/fapi/v1/depth", {"symbol": BTC, "limit": 5}, 2),
    ("GET", "/fapi/v1/depth", {"symbol": BTC, "limit": 100}, 5),
    ("GET", "/fapi/v1/depth", {"symbol": BTC}, 10),
    ("GET", "/fapi/v1/depth", {"symbol": BTC, "limit": 1000}, 20),
    ("GET", "/fapi/v1/depth", {"symbol": BTC, "limit": 5000}, 20),
    ("POST", "/fapi/v1/leverage", {"symbol": BTC, "leverage": 5}, 1),
    ("GET", "/fapi/v1/nonsense", {}, 0),
]


@pytest.mark.parametrize(("method", "path", "params", "weight"), WEIGHTS)
def test_the_weight_of_a_path(method: str, path: str, params: dict[str, object], weight: int) -> None:
    """Each path costs what the documentation says, whether it is answered or refused."""
    desk = Desk()

    assert desk.call(method, path, **params).headers[WEIGHT] == str(weight)


def test_orders_count_on_both_limiters_and_reads_on_none() -> None:
    """Orders of both services count one each, refused ones too; the counts are told on order paths only."""
    desk = Desk()
    desk.buy()
    desk.stop()
    answer = desk.call("POST", ORDER, **desk.order_terms(side="UP"))

    assert answer.headers["X-MBX-ORDER-COUNT-10S"] == "3"
    assert answer.headers["X-MBX-ORDER-COUNT-1M"] == "3"
    assert "X-MBX-ORDER-COUNT-10S" not in desk.call("GET", ALGO, clientAlgoId="sl").headers


def test_windows_start_anew() -> None:
    """The counters start anew with each window of the clock, ten seconds and a minute."""
    desk = Desk()
    desk.wait(60_000 - desk.venue.now_ms % 60_000)
    desk.buy()
    desk.ok("GET", "/fapi/v3/balance")
    desk.wait(9_999)
    assert desk.call("POST", ORDER, **desk.order_terms()).headers["X-MBX-ORDER-COUNT-10S"] == "2"
    desk.wait(1)
    headers = desk.call("POST", ORDER, **desk.order_terms()).headers
    assert (headers["X-MBX-ORDER-COUNT-10S"], headers["X-MBX-ORDER-COUNT-1M"], headers[WEIGHT]) == ("1", "3", "5")
    desk.wait(50_000)
    headers = desk.call("POST", ORDER, **desk.order_terms()).headers
    assert (headers["X-MBX-ORDER-COUNT-1M"], headers[WEIGHT]) == ("1", "0")


def test_too_many_orders() -> None:
    """The 301st order of ten seconds is refused with 429 and -1015, and told how long to wait."""
    desk = Desk()
    assert START_MS % 10_000 == 0
    for _ in range(300):
        assert desk.code("POST", ORDER, **desk.order_terms(side="UP")) == -1117

    answer = desk.call("POST", ORDER, **desk.order_terms())

    assert (answer.status, answer.body["code"]) == (429, -1015)
    assert answer.body["msg"] == "Too many new orders; current limit is 300 orders per TEN_SECONDS."
    assert answer.headers["Retry-After"] == "10"
    assert desk.fills() == []
    assert desk.code("GET", "/fapi/v3/balance") == 0
    desk.wait(10_000)
    assert desk.code("POST", ORDER, **desk.order_terms()) == 0


def test_too_many_orders_in_a_minute() -> None:
    """The minute has a limit of its own."""
    desk = Desk()
    desk.wait(60_000 - desk.venue.now_ms % 60_000)
    for _ in range(4):
        for _ in range(300):
            desk.call("POST", ORDER, **desk.order_terms(side="UP"))
        desk.wait(10_000)

    answer = desk.call("POST", ORDER, **desk.order_terms())

    assert answer.body["msg"] == "Too many new orders; current limit is 1200 orders per MINUTE."
    assert answer.headers["Retry-After"] == "20"


def spend(desk: Desk, weight: int = 2400) -> None:
    for _ in range(weight // 40):
        desk.call("GET", "/fapi/v1/openOrders")


def test_too_much_weight_is_429_and_then_a_ban() -> None:
    """Past the weight every request is 429 with -1003; who goes on is banned with 418 until a time that is named."""
    desk = Desk()
    spend(desk)
    answers = [desk.call("GET", "/fapi/v1/time") for _ in range(11)]

    assert [answer.status for answer in answers] == [429] * 10 + [418]
    assert answers[0].body["code"] == answers[-1].body["code"] == -1003
    assert int(answers[0].headers["Retry-After"]) <= 60
    until_ms = desk.venue.now_ms + 120_000
    assert answers[-1].body["msg"] == f"Way too many requests; IP banned until {until_ms}."
    assert answers[-1].headers["Retry-After"] == "120"
    desk.wait(119_999)
    assert desk.call("POST", ORDER, **desk.order_terms()).status == 418
    desk.wait(1)
    assert desk.call("POST", ORDER, **desk.order_terms()).status == 200


def test_bans_grow() -> None:
    """The second ban is twice as long as the first."""
    desk = Desk()
    for expected in ("120", "240", "480"):
        desk.wait(600_000)
        spend(desk)
        answers = [desk.call("GET", "/fapi/v1/time") for _ in range(11)]
        assert answers[-1].headers["Retry-After"] == expected


def test_limits_can_be_switched_off() -> None:
    """Without enforcement the counters still count, and nothing is refused."""
    desk = Desk(settings=VenueSettings(enforce_limits=False))
    spend(desk, 4800)

    answer = desk.call("GET", "/fapi/v1/time")

    assert (answer.status, answer.headers[WEIGHT]) == (200, "4801")


def test_the_listing_names_the_limits() -> None:
    """Limits in exchangeInfo replace the defaults, and rateLimit/order tells them."""
    limits = Limits(
        [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 600},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50},
        ],
        enforced=True,
    )

    assert [row["limit"] for row in limits.order_limits()] == [50, 600]
    assert [row["limit"] for row in Desk().ok("GET", "/fapi/v1/rateLimit/order")] == [300, 1200]
