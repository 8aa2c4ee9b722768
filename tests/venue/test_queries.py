"""Reading orders, trades and the account: shapes, pages, retention."""

from decimal import Decimal

import pytest

from surefill.adapters.venue import VenueSettings
from surefill.adapters.venue.order import Order
from tests.venue.desk import ALGO, BTC, ETH, ORDER, START_MS, Desk

DAY_MS = 86_400_000


def resting_order(desk: Desk, client_id: str, order_id: int = 5) -> Order:
    """Put a resting order into the book by hand: no order type that rests is served yet."""
    order = Order(
        order_id=order_id,
        client_order_id=client_id,
        symbol=BTC,
        side="BUY",
        position_side="BOTH",
        type="LIMIT",
        quantity=10**6,
        reduce_only=False,
        created_ms=desk.venue.now_ms,
        updated_ms=desk.venue.now_ms,
        price=50_000 * 10**8,
    )
    desk.venue._state.orders.add(order)
    return order


def test_the_shape_of_a_queried_order() -> None:
    """GET order has every field of the documentation, decimals as texts, ids and times as integers."""
    desk = Desk()
    placed = desk.buy(newClientOrderId="e-1")

    assert desk.ok("GET", ORDER, symbol=BTC, orderId=placed["orderId"]) == {
        "avgPrice": "60000.20",
        "clientOrderId": "e-1",
        "cumQuote": "600.002",
        "executedQty": "0.010",
        "orderId": placed["orderId"],
        "origQty": "0.010",
        "price": "0.00",
        "status": "FILLED",
        "symbol": BTC,
        "time": START_MS + 1,
        "timeInForce": "GTC",
        "type": "MARKET",
        "origType": "MARKET",
        "reduceOnly": False,
        "closePosition": False,
        "side": "BUY",
        "positionSide": "BOTH",
        "stopPrice": "0.00",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "updateTime": START_MS + 1,
    }


def test_the_shape_of_a_waiting_conditional_order() -> None:
    """GET algoOrder before the trigger: actualOrderId is an empty text, times are those of the placement."""
    desk = Desk()
    placed = desk.stop()

    found = desk.ok("GET", ALGO, algoId=placed["algoId"])
    assert {name: found[name] for name in ("actualOrderId", "actualPrice", "actualQty", "actualType")} == {
        "actualOrderId": "",
        "actualPrice": "0.00000",
        "actualQty": "",
        "actualType": "",
    }
    shared = set(placed) & set(found)
    assert {name: found[name] for name in shared} == {name: placed[name] for name in shared}
    assert set(placed) - set(found) == {"activatePrice", "callbackRate"}
    assert (found["triggerPrice"], found["quantity"], found["reduceOnly"]) == ("59000.00", "0.010", True)


def test_the_shape_of_a_trade() -> None:
    """A row of userTrades shows what was paid: the commission is positive for a cost."""
    desk = Desk()
    placed = desk.buy()
    desk.last("61000")
    desk.sell()

    bought, sold = desk.ok("GET", "/fapi/v1/userTrades", symbol=BTC)
    assert bought == {
        "buyer": True,
        "commission": "0.300001",
        "commissionAsset": "USDT",
        "id": bought["id"],
        "maker": False,
        "orderId": placed["orderId"],
        "price": "60000.20",
        "qty": "0.010",
        "quoteQty": "600.002",
        "baseQty": "0.010",
        "marginAsset": "USDT",
        "realizedPnl": "0",
        "side": "BUY",
        "positionSide": "BOTH",
        "symbol": BTC,
        "pair": BTC,
        "time": START_MS + 1,
    }
    assert (sold["realizedPnl"], sold["buyer"], sold["id"]) == ("9.996", False, bought["id"] + 1)


def test_the_shape_of_a_position() -> None:
    """v3/positionRisk shows open positions only, shorts negative, break-even with one fee."""
    desk = Desk()
    assert desk.ok("GET", "/fapi/v3/positionRisk", symbol=BTC) == []
    desk.sell("0.010")

    row = desk.ok("GET", "/fapi/v3/positionRisk")[0]
    assert (row["positionAmt"], row["notional"], row["entryPrice"]) == ("-0.010", "-600.00000000", "59999.8")
    assert row["breakEvenPrice"] == "59969.8001"
    assert (row["markPrice"], row["unRealizedProfit"]) == ("60000.00000000", "-0.00200000")
    assert (row["initialMargin"], row["maintMargin"]) == ("30.00000000", "2.40000000")
    assert (row["isolatedMargin"], row["isolatedWallet"]) == ("0", "0")
    desk.buy("0.010")
    assert desk.ok("GET", "/fapi/v3/positionRisk") == []


def test_orders_are_found_by_either_id_and_the_number_wins() -> None:
    """The order id goes before the client id; neither is -1102; an unknown one is -2013."""
    desk = Desk()
    one = desk.buy(newClientOrderId="one")
    desk.buy(newClientOrderId="two")

    assert desk.ok("GET", ORDER, symbol=BTC, orderId=one["orderId"], origClientOrderId="two")["clientOrderId"] == "one"
    assert desk.code("GET", ORDER, symbol=BTC) == -1102
    assert desk.code("GET", ORDER, symbol=BTC, orderId=1) == -2013
    assert desk.code("GET", ORDER, symbol=BTC, origClientOrderId="three") == -2013
    assert desk.code("GET", ORDER, symbol=ETH, orderId=one["orderId"]) == -2013
    assert desk.code("GET", ORDER, symbol=BTC, orderId="first") == -1100
    assert desk.code("GET", ALGO) == -1102
    assert desk.code("GET", ALGO, clientAlgoId="nope") == -2013
    assert desk.code("DELETE", ALGO, clientAlgoId="nope") == -2011


def test_a_final_order_is_neither_open_nor_cancellable() -> None:
    """A filled order answers -2013 to openOrder and -2011 to DELETE; so does one that never was."""
    desk = Desk()
    placed = desk.buy()

    assert desk.code("GET", "/fapi/v1/openOrder", symbol=BTC, orderId=placed["orderId"]) == -2013
    assert desk.code("DELETE", ORDER, symbol=BTC, orderId=placed["orderId"]) == -2011
    assert desk.code("DELETE", ORDER, symbol=BTC, orderId=1) == -2011
    assert desk.ok("GET", "/fapi/v1/openOrders") == []


def test_a_conditional_order_is_unknown_to_the_regular_service() -> None:
    """The order endpoints neither find nor cancel conditional orders."""
    desk = Desk()
    algo_id = desk.stop()["algoId"]

    assert desk.code("GET", ORDER, symbol=BTC, orderId=algo_id) == -2013
    assert desk.code("DELETE", ORDER, symbol=BTC, orderId=algo_id) == -2011
    assert desk.code("GET", ORDER, symbol=BTC, origClientOrderId="sl") == -2013


def test_a_resting_order_is_open_until_cancelled() -> None:
    """An open order is listed, occupies its client id, and is cancelled once."""
    desk = Desk()
    resting_order(desk, "rests")
    assert [row["clientOrderId"] for row in desk.ok("GET", "/fapi/v1/openOrders", symbol=BTC)] == ["rests"]
    assert desk.ok("GET", "/fapi/v1/openOrders", symbol=ETH) == []
    assert desk.ok("GET", "/fapi/v1/openOrder", symbol=BTC, orderId=5)["status"] == "NEW"
    assert desk.code("POST", ORDER, **desk.order_terms(newClientOrderId="rests")) == -4116

    assert desk.ok("DELETE", ORDER, symbol=BTC, orderId=5)["status"] == "CANCELED"

    assert desk.code("DELETE", ORDER, symbol=BTC, orderId=5) == -2011
    assert desk.rows("order")[-1]["status"] == "CANCELED"
    assert desk.code("POST", ORDER, **desk.order_terms(newClientOrderId="rests")) == 0


def test_cancelling_all_regular_orders() -> None:
    """DELETE allOpenOrders cancels every open order of the symbol and succeeds when there is none."""
    desk = Desk()
    resting_order(desk, "a", 5)
    resting_order(desk, "b", 6)

    done = {"code": 200, "msg": "The operation of cancel all open order is done."}
    assert desk.ok("DELETE", "/fapi/v1/allOpenOrders", symbol=BTC) == done
    assert desk.ok("GET", "/fapi/v1/openOrders") == []
    assert desk.ok("DELETE", "/fapi/v1/allOpenOrders", symbol=BTC) == done


def test_pages_of_orders() -> None:
    """By id from that id on, by time the newest within the limit, always oldest first."""
    desk = Desk()
    ids = []
    for _ in range(5):
        desk.wait(1000)
        ids.append(desk.buy("0.001")["orderId"])
    assert ids == sorted(ids)

    def page(**params: object) -> list[object]:
        return [row["orderId"] for row in desk.ok("GET", "/fapi/v1/allOrders", symbol=BTC, **params)]

    assert page() == ids
    assert page(limit=2) == ids[-2:]
    assert page(orderId=ids[1], limit=2) == ids[1:3]
    assert page(startTime=START_MS + 1001, endTime=START_MS + 2001) == ids[:2]
    assert page(startTime=START_MS + 4000) == ids[3:]
    assert page(endTime=START_MS + 1001) == ids[:1]
    row = desk.ok("GET", "/fapi/v1/allOrders", symbol=BTC, limit=1)[0]
    assert (row["pair"], row["cumBase"]) == (BTC, "0.001")


BAD_PAGES: list[tuple[dict[str, object], int]] = [
    ({"limit": 0}, -1130),
    ({"limit": 1001}, -1130),
    ({"limit": "ten"}, -1100),
    ({"startTime": 2, "endTime": 1}, -1023),
    ({"startTime": 0, "endTime": 7 * DAY_MS + 1}, -1130),
]


@pytest.mark.parametrize("path", ["/fapi/v1/allOrders", "/fapi/v1/userTrades", "/fapi/v1/allAlgoOrders"])
@pytest.mark.parametrize(("params", "code"), BAD_PAGES)
def test_pages_that_make_no_sense(path: str, params: dict[str, object], code: int) -> None:
    """Limits out of range and windows that end too early or last too long are refused."""
    assert Desk().code("GET", path, symbol=BTC, **params) == code


def test_pages_of_trades() -> None:
    """Trades are found by order, from an id on, or by time; an id and times together are refused."""
    desk = Desk()
    orders = []
    for _ in range(4):
        desk.wait(1000)
        orders.append(desk.buy("0.001")["orderId"])

    def page(**params: object) -> list[object]:
        return [row["orderId"] for row in desk.ok("GET", "/fapi/v1/userTrades", symbol=BTC, **params)]

    first_id = desk.ok("GET", "/fapi/v1/userTrades", symbol=BTC)[0]["id"]
    assert page() == orders
    assert page(limit=1) == orders[-1:]
    assert page(orderId=orders[2]) == [orders[2]]
    assert page(orderId=orders[2], startTime=START_MS, endTime=START_MS + 1) == []
    assert page(fromId=first_id + 1, limit=2) == orders[1:3]
    assert page(startTime=START_MS + 3000) == orders[2:]
    assert desk.code("GET", "/fapi/v1/userTrades", symbol=BTC, fromId=1, startTime=1) == -1128
    assert desk.ok("GET", "/fapi/v1/userTrades", symbol=ETH) == []


def test_pages_of_conditional_orders() -> None:
    """The same for conditional orders, final ones included; the open list can be asked for one id."""
    desk = Desk()
    ids = [desk.stop(f"s{index}")["algoId"] for index in range(4)]
    desk.ok("DELETE", ALGO, clientAlgoId="s1")

    def page(**params: object) -> list[object]:
        return [row["algoId"] for row in desk.ok("GET", "/fapi/v1/allAlgoOrders", symbol=BTC, **params)]

    assert page() == ids
    assert page(algoId=ids[1], limit=2) == ids[1:3]
    assert page(startTime=START_MS + 2) == []
    assert [row["algoId"] for row in desk.ok("GET", "/fapi/v1/openAlgoOrders", algoId=ids[2])] == [ids[2]]
    assert [row["algoId"] for row in desk.ok("GET", "/fapi/v1/openAlgoOrders", symbol=BTC)] == [*ids[:1], *ids[2:]]


def test_retention() -> None:
    """What ended without a fill can be queried for three days, anything else for ninety; a waiting order always."""
    desk = Desk()
    desk.buy(newClientOrderId="filled")
    desk.book("59990", "60010", ask_size="0")
    desk.buy(newClientOrderId="unfilled")
    desk.stop("cancelled")
    desk.ok("DELETE", ALGO, clientAlgoId="cancelled")
    desk.stop("waiting")

    def codes() -> list[int]:
        return [
            desk.code("GET", ORDER, symbol=BTC, origClientOrderId="filled"),
            desk.code("GET", ORDER, symbol=BTC, origClientOrderId="unfilled"),
            desk.code("GET", ALGO, clientAlgoId="cancelled"),
            desk.code("GET", ALGO, clientAlgoId="waiting"),
        ]

    desk.wait(3 * DAY_MS)
    assert codes() == [0, 0, 0, 0]
    desk.wait(1)
    assert codes() == [0, -2013, -2013, 0]
    desk.wait(87 * DAY_MS)
    assert codes() == [-2013, -2013, -2013, 0]


def test_account_configuration() -> None:
    """Mode, margin type, leverage and fees can be read."""
    desk = Desk(settings=VenueSettings(taker_fee_by_symbol={BTC: Decimal("0.0004")}))

    assert desk.ok("GET", "/fapi/v1/accountConfig")["dualSidePosition"] is False
    assert desk.ok("GET", "/fapi/v1/positionSide/dual") == {"dualSidePosition": False}
    assert desk.ok("GET", "/fapi/v1/multiAssetsMargin") == {"multiAssetsMargin": False}
    assert desk.ok("GET", "/fapi/v1/symbolConfig", symbol=BTC) == [
        {
            "symbol": BTC,
            "marginType": "CROSSED",
            "isAutoAddMargin": False,
            "leverage": 20,
            "maxNotionalValue": "1000000000000000",
        }
    ]
    assert [row["symbol"] for row in desk.ok("GET", "/fapi/v1/symbolConfig")] == [BTC, ETH]
    assert desk.ok("GET", "/fapi/v1/commissionRate", symbol=BTC) == {
        "symbol": BTC,
        "makerCommissionRate": "0.0002",
        "takerCommissionRate": "0.0004",
        "rpiCommissionRate": "0.00005",
    }
    assert desk.ok("GET", "/fapi/v1/commissionRate", symbol=ETH)["takerCommissionRate"] == "0.0005"


def test_brackets_are_shown_as_json_numbers() -> None:
    """The answer is a list with or without a symbol, and its ratios are numbers, as at Binance."""
    rows = [
        {
            "info": {
                "bracket": "1",
                "initialLeverage": "50",
                "notionalCap": "5000",
                "notionalFloor": "0",
                "maintMarginRatio": "0.01",
                "cum": "0.0",
            }
        }
    ]
    desk = Desk(brackets={"BTC/USDT:USDT": rows})

    assert desk.ok("GET", "/fapi/v1/leverageBracket", symbol=BTC) == [
        {
            "symbol": BTC,
            "brackets": [
                {
                    "bracket": 1,
                    "initialLeverage": 50,
                    "notionalCap": 5000,
                    "notionalFloor": 0,
                    "maintMarginRatio": 0.01,
                    "cum": 0.0,
                }
            ],
        }
    ]
    assert [row["symbol"] for row in desk.ok("GET", "/fapi/v1/leverageBracket")] == [BTC, ETH]


def test_income_can_be_filtered() -> None:
    """By symbol, by kind, by time; the newest within the limit."""
    desk = Desk()
    desk.buy()
    desk.wait(1000)
    desk.buy()

    def kinds(**params: object) -> list[object]:
        return [row["incomeType"] for row in desk.ok("GET", "/fapi/v1/income", **params)]

    assert kinds() == ["TRANSFER", "COMMISSION", "COMMISSION"]
    assert kinds(symbol=BTC) == ["COMMISSION", "COMMISSION"]
    assert kinds(incomeType="TRANSFER") == ["TRANSFER"]
    assert kinds(startTime=START_MS + 500) == ["COMMISSION"]
    assert kinds(limit=1) == ["COMMISSION"]
    assert desk.ok("GET", "/fapi/v1/income", limit=1)[0]["income"] == "-0.30000100"


def test_an_account_without_usdt() -> None:
    """The account totals are those of USDT, zero when there is none."""
    desk = Desk(balance="0")

    account = desk.ok("GET", "/fapi/v3/account")
    assert account["totalWalletBalance"] == "0.00000000"
    assert desk.wallet() == 0


def test_unknown_paths_and_methods() -> None:
    """A path that is not served answers 404 and says so."""
    answer = Desk().call("PUT", ORDER)

    assert (answer.status, answer.body) == (404, {"code": -5000, "msg": "Path /fapi/v1/order, Method PUT is invalid"})


def test_public_paths_need_no_timestamp() -> None:
    """Market data is not signed, so nothing dates it."""
    desk = Desk()
    public = ("time", "ping", "exchangeInfo", "premiumIndex", "ticker/bookTicker", "ticker/price")

    for path in public:
        assert desk.venue.handle("GET", f"/fapi/v1/{path}", {}).status == 200
    assert desk.venue.handle("GET", "/fapi/v3/balance", {}).body["code"] == -1102
