"""Whatever arrives at the gateway is answered."""

import json

from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.venue import Quote, VenueSettings
from tests.venue.desk import ALGO, BTC, ETH, ORDER, START_MS, Desk

PATHS = [
    *((method, path) for path in (ORDER, ALGO) for method in ("GET", "POST", "DELETE")),
    *(
        ("GET", f"/fapi/{path}")
        for path in (
            "v1/openOrder",
            "v1/openOrders",
            "v1/openAlgoOrders",
            "v1/allOrders",
            "v1/allAlgoOrders",
            "v1/userTrades",
            "v3/positionRisk",
            "v3/balance",
            "v3/account",
            "v1/symbolConfig",
            "v1/leverageBracket",
            "v1/commissionRate",
            "v1/income",
            "v1/premiumIndex",
            "v1/ticker/bookTicker",
            "v2/ticker/price",
            "v1/depth",
            "v1/exchangeInfo",
            "v1/rateLimit/order",
        )
    ),
    ("POST", "/fapi/v1/leverage"),
    ("POST", "/fapi/v1/marginType"),
    ("POST", "/fapi/v1/positionSide/dual"),
    ("DELETE", "/fapi/v1/allOpenOrders"),
    ("DELETE", "/fapi/v1/algoOpenOrders"),
]
PLAUSIBLE = {
    "symbol": [BTC, ETH, "", "NOPE", "币安人生USDT"],
    "side": ["BUY", "SELL", "HOLD"],
    "type": ["MARKET", "STOP_MARKET", "TAKE_PROFIT_MARKET", "LIMIT", "?"],
    "algoType": ["CONDITIONAL", "VP"],
    "quantity": ["0.010", "1000", "0", "-1", "1e5", "9" * 20, "0.00000000000000000001", ".", "١"],
    "triggerPrice": ["59000", "61000", "0.1", "9" * 20, "NaN", "59000.05"],
    "positionSide": ["BOTH", "LONG", "SHORT", "X"],
    "reduceOnly": ["true", "false", "maybe"],
    "closePosition": ["true", "false"],
    "timeInForce": ["GTC", "GTE_GTC", "GTD"],
    "workingType": ["MARK_PRICE", "CONTRACT_PRICE", "?"],
    "newOrderRespType": ["ACK", "RESULT", "FULL"],
    "newClientOrderId": ["a", "", "é", "a" * 40],
    "clientAlgoId": ["a", "b", "\ud800"],
    "origClientOrderId": ["a", "x y"],
    "orderId": ["1", "-1", "9" * 30, "0x1"],
    "algoId": ["1", "one"],
    "fromId": ["0", "1"],
    "startTime": ["0", str(START_MS), "9" * 19, "tomorrow"],
    "endTime": ["0", str(START_MS), "9" * 19],
    "limit": ["0", "5", "1000", "5000", "x"],
    "leverage": ["0", "5", "125", "500"],
    "marginType": ["ISOLATED", "CROSSED", "NONE"],
    "dualSidePosition": ["true", "false", "both"],
    "recvWindow": ["5000", "0", "99999", "x"],
    "timestamp": [str(START_MS), "0", "", "9" * 19],
    "incomeType": ["TRANSFER", "?"],
}


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, dict[str, str]]:
    method, path = draw(st.sampled_from(PATHS))
    names = draw(st.sets(st.sampled_from(sorted(PLAUSIBLE)), max_size=12))
    params = {name: draw(st.sampled_from(PLAUSIBLE[name]) | st.text(max_size=8)) for name in sorted(names)}
    if draw(st.booleans()):
        params = {"timestamp": str(START_MS + 1), "symbol": BTC, "side": "SELL", "quantity": "0.010", **params}
    return method, path, params


@given(st.lists(requests(), max_size=15), st.booleans())
def test_every_request_is_answered(sent: list[tuple[str, str, dict[str, str]]], hedge: bool) -> None:  # noqa: FBT001  # hypothesis passes by position
    """No request raises; every answer is JSON with a status of the API, and a refusal leaves the wallet alone."""
    desk = Desk(settings=VenueSettings(hedge_mode=hedge, enforce_limits=False))
    for method, path, params in sent:
        before = desk.venue.ledger.since(0)[-1]["seq"]
        answer = desk.venue.handle(method, path, params)

        json.dumps(answer.body)
        assert answer.status in {200, 400, 404}
        if answer.status != 200:
            kinds = [row["kind"] for row in desk.venue.ledger.since(int(before or 0))]
            assert kinds == ["request", "answer"]
            assert answer.body["code"] < 0
    assert all(line.isascii() for line in desk.venue.ledger.to_jsonl())


@given(st.decimals("0.00000001", "99999999", places=8), st.decimals("0.00000001", "99999999", places=8))
def test_every_price_is_taken(last: object, mark: object) -> None:
    """Prices of any size the units can hold move the market without harm to an open position's books."""
    desk = Desk()
    desk.buy()
    desk.venue.tick(Quote(START_MS + 2, BTC, last=last, mark=mark))  # type: ignore[arg-type]  # decimals, in fact

    assert desk.ok("GET", "/fapi/v3/account")["totalWalletBalance"]
    assert desk.wallet() >= 0
