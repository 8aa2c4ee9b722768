"""POST order refuses what Binance refuses, with its code, and leaves nothing behind."""

from typing import Any

import pytest

from surefill.adapters.venue import VenueSettings
from tests.venue.desk import BTC, ORDER, Desk, filters, symbol_info, without_filter

STATELESS: list[tuple[str, dict[str, object], int, str]] = [
    ("no symbol", {"symbol": None}, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."),
    ("empty symbol", {"symbol": ""}, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."),
    ("no side", {"side": None}, -1102, "Mandatory parameter 'side' was not sent, was empty/null, or malformed."),
    ("no type", {"type": None}, -1102, "Mandatory parameter 'type' was not sent, was empty/null, or malformed."),
    (
        "no quantity",
        {"quantity": None},
        -1102,
        "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed.",
    ),
    (
        "no timestamp",
        {"timestamp": ""},
        -1102,
        "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.",
    ),
    ("wrong side", {"side": "buy"}, -1117, "Invalid side."),
    ("wrong type", {"type": "BANANA"}, -1116, "Invalid orderType."),
    ("exponent", {"quantity": "1E-2"}, -1100, "Illegal characters found in parameter 'quantity'"),
    ("blank in number", {"quantity": " 0.010"}, -1100, "Illegal characters found in parameter 'quantity'"),
    ("full-width digits", {"quantity": "０.010"}, -1100, "Illegal characters found in parameter 'quantity'"),
    ("underscore", {"quantity": "0.0_1"}, -1100, "Illegal characters found in parameter 'quantity'"),
    ("bad position side", {"positionSide": "UP"}, -4060, "Invalid position side."),
    ("bad response type", {"newOrderRespType": "FULL"}, -1136, "Invalid newOrderRespType."),
    ("bad flag", {"reduceOnly": "yes"}, -1130, "Data sent for parameter 'reduceOnly' is not valid."),
    ("empty flag", {"reduceOnly": ""}, -1105, "Parameter 'reduceOnly' was empty."),
    ("time in force", {"timeInForce": "GTC"}, -1106, "Parameter 'timeinforce' sent when not required."),
    ("price", {"price": "60000"}, -1106, "Parameter 'price' sent when not required."),
    ("stop price", {"stopPrice": "60000"}, -1106, "Parameter 'stopprice' sent when not required."),
    ("long id", {"newClientOrderId": "a" * 37}, -4015, "Client order id length should be less than 36 chars."),
    ("bad id", {"newClientOrderId": "a b"}, -1100, "Illegal characters found in parameter 'newClientOrderId'"),
    ("empty id", {"newClientOrderId": ""}, -1105, "Parameter 'newClientOrderId' was empty."),
    ("unknown symbol", {"symbol": "NOPEUSDT"}, -1121, "Invalid symbol."),
    ("too fine", {"quantity": "0.0101"}, -1111, "Precision is over the maximum defined for this asset."),
    ("zero", {"quantity": "0"}, -4003, "Quantity less than zero."),
    ("negative", {"quantity": "-0.010"}, -4003, "Quantity less than zero."),
    ("too much", {"quantity": "120.001"}, -4005, "Quantity greater than max quantity."),
    ("too little worth", {"quantity": "0.000"}, -4003, "Quantity less than zero."),
    (
        "min notional",
        {"quantity": "0.001", "symbol": "SMALLUSDT"},
        -4164,
        "Order's notional must be no smaller than 50",
    ),
    ("hedge side", {"positionSide": "LONG"}, -4061, "Order's position side does not match user's setting."),
    ("reduce nothing", {"reduceOnly": "true"}, -2022, "ReduceOnly Order is rejected."),
    ("no margin", {"quantity": "100"}, -2019, "Margin is insufficient."),
    ("window too wide", {"recvWindow": "60001"}, -1130, "Data sent for parameter 'recvWindow' is not valid."),
    ("garbled window", {"recvWindow": "5s"}, -1100, "Illegal characters found in parameter 'recvWindow'"),
    ("limit order", {"type": "LIMIT"}, -1116, "Invalid orderType. The simulated exchange does not serve LIMIT"),
]


@pytest.mark.parametrize(("name", "changes", "code", "message"), STATELESS, ids=[row[0] for row in STATELESS])
def test_refusal_of_a_market_order(name: str, changes: dict[str, object], code: int, message: str) -> None:
    """Each defect of a market order has Binance's code, HTTP 400 and a text that starts as Binance's does."""
    desk = Desk(symbol_info(BTC), symbol_info("SMALLUSDT"))
    desk.last("1000", "SMALLUSDT")

    answer = desk.call("POST", ORDER, **desk.order_terms(**changes))

    assert (answer.status, answer.body["code"]) == (400, code)
    assert answer.body["msg"].startswith(message)


@pytest.mark.parametrize(("name", "changes", "code", "message"), STATELESS, ids=[row[0] for row in STATELESS])
def test_a_refused_order_changes_nothing(name: str, changes: dict[str, object], code: int, message: str) -> None:
    """After a refusal there is no order, no fill, no position and no change of the wallet."""
    desk = Desk(symbol_info(BTC), symbol_info("SMALLUSDT"))
    desk.last("1000", "SMALLUSDT")
    before = desk.venue.ledger.effects()

    desk.call("POST", ORDER, **desk.order_terms(**changes))

    effects = desk.venue.ledger.effects()
    assert effects[:-1] == before
    assert (effects[-1]["kind"], effects[-1]["code"]) == ("refusal", code)
    assert desk.ok("GET", "/fapi/v1/allOrders", symbol=BTC) == []


@pytest.mark.parametrize("kind", ["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"])
def test_conditional_types_belong_to_the_algo_service(kind: str) -> None:
    """Since 2025-12-09 the order endpoint refuses every conditional type with -4120."""
    desk = Desk()

    answer = desk.call("POST", ORDER, **desk.order_terms(type=kind, stopPrice="59000"))

    assert answer.body["code"] == -4120
    assert "Algo Order API endpoints" in answer.body["msg"]


@pytest.mark.parametrize(
    ("offset_ms", "window_ms", "code"),
    [
        (999, 5000, 0),
        (1000, 5000, -1021),
        (-5000, None, 0),
        (-5001, None, -1021),
        (-60_000, 60_000, 0),
        (-101, 100, -1021),
    ],
)
def test_the_gateway_judges_the_timestamp(offset_ms: int, window_ms: int | None, code: int) -> None:
    """A request may be less than a second ahead and at most recvWindow (5 s by default) old."""
    desk = Desk()
    desk.wait(100_000)

    timestamp = desk.venue.now_ms + offset_ms

    assert desk.code("GET", "/fapi/v3/balance", timestamp=timestamp, recvWindow=window_ms) == code


@pytest.mark.parametrize(("age_ms", "code"), [(900, 0), (901, -5028)])
def test_the_engine_judges_the_timestamp_again(age_ms: int, code: int) -> None:
    """An order that grows too old on its way to the engine is refused there with -5028 and does not exist."""
    desk = Desk(settings=VenueSettings(engine_latency_ms=100))
    desk.wait(10_000)

    sent = desk.order_terms(timestamp=desk.venue.now_ms - age_ms, recvWindow=1000)

    assert desk.code("POST", ORDER, **sent) == code
    assert len(desk.fills()) == (0 if code else 1)


def test_an_unquoted_symbol_has_no_depth() -> None:
    """Before the first quote a market order is refused with -1112."""
    desk = Desk(last=None)

    assert desk.code("POST", ORDER, **desk.order_terms()) == -1112


def test_the_far_side_of_the_book_must_be_within_percent_price() -> None:
    """A best price more than the multiplier away from the mark price refuses a market order with -4131."""
    desk = Desk()
    desk.mark("60000")
    desk.book("56999.9", "63000.1")

    assert desk.code("POST", ORDER, **desk.order_terms()) == -4131
    assert desk.code("POST", ORDER, **desk.order_terms(side="SELL")) == -4131
    desk.book("57000", "63000")
    assert desk.code("POST", ORDER, **desk.order_terms()) == 0
    assert desk.code("POST", ORDER, **desk.order_terms(side="SELL")) == 0


def test_step_and_least_quantity() -> None:
    """A quantity is counted from the filter's minimum: -4023 off the step, -4004 below the least."""
    rules = filters(step="0.002", least="0.003")
    desk = Desk(symbol_info(filters=rules))

    assert desk.code("POST", ORDER, **desk.order_terms(quantity="0.004")) == -4023
    assert desk.code("POST", ORDER, **desk.order_terms(quantity="0.001")) == -4004
    assert desk.code("POST", ORDER, **desk.order_terms(quantity="0.005")) == 0


UNTRADEABLE: list[tuple[str, dict[str, Any], int]] = [
    ("no contract type", {"contractType": ""}, -4104),
    ("tick of zero", {"filters": filters(tick="0")}, -1122),
    ("step of zero", {"filters": filters(step="0")}, -1122),
    ("no price filter", {"filters": without_filter("PRICE_FILTER")}, -1122),
    ("no lot size", {"filters": without_filter("LOT_SIZE")[:1]}, -1122),
    ("no precision", {"pricePrecision": "two"}, -1122),
    ("no filters at all", {"filters": None}, -1122),
    ("no margin asset", {"marginAsset": ""}, -1122),
    ("a tick that is no number", {"filters": filters(tick="NaN")}, -1122),
    ("waiting", {"status": "PENDING_TRADING"}, -1122),
    ("settling", {"status": "SETTLING"}, -4141),
    ("delivering soon", {"status": "PRE_DELIVERING"}, -4140),
    (
        "controlled",
        {"filters": [*filters()[:-1], {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "BUY"}]},
        -4140,
    ),
]


@pytest.mark.parametrize(("name", "changes", "code"), UNTRADEABLE, ids=[row[0] for row in UNTRADEABLE])
def test_untradeable_symbols_load_and_are_refused(name: str, changes: dict[str, Any], code: int) -> None:
    """A symbol that cannot be traded is listed and quoted like any other, and refused by its code on order."""
    desk = Desk(symbol_info(**changes))

    assert desk.code("POST", ORDER, **desk.order_terms()) == code
    assert desk.ok("GET", "/fapi/v1/ticker/price", symbol=BTC)["price"].startswith("60000")


def test_a_symbol_about_to_be_delivered_can_still_be_closed() -> None:
    """Where only new positions are forbidden (-4140), a reduce-only order passes."""
    desk = Desk()
    desk.buy()
    desk.venue.set_status(BTC, "PRE_DELIVERING")

    assert desk.code("POST", ORDER, **desk.order_terms()) == -4140
    assert desk.sell(reduceOnly="true")["status"] == "FILLED"


def test_a_controlled_symbol_can_still_be_closed() -> None:
    """A position control forbids new positions (-4140), not the way out."""
    desk = Desk()
    desk.buy()
    control = {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "BUY"}
    desk.venue.change_filters(BTC, [control])

    assert desk.code("POST", ORDER, **desk.order_terms()) == -4140
    assert desk.sell(reduceOnly="true")["status"] == "FILLED"


def test_reduce_only_in_the_direction_of_the_position() -> None:
    """A reduce-only order that would add is refused with -2022."""
    desk = Desk()
    desk.buy()

    assert desk.code("POST", ORDER, **desk.order_terms(reduceOnly="true")) == -2022


def test_reduce_only_is_exempt_from_the_least_notional() -> None:
    """A remainder worth less than MIN_NOTIONAL can be closed by a reduce-only order only."""
    desk = Desk(symbol_info(filters=filters(notional="100")))
    desk.buy("0.002")
    desk.sell("0.001", reduceOnly="true")

    assert desk.code("POST", ORDER, **desk.order_terms(side="SELL", quantity="0.001")) == -4164
    assert desk.sell("0.001", reduceOnly="true")["status"] == "FILLED"


HEDGE_REFUSALS: list[tuple[str, dict[str, object], int]] = [
    ("no position side", {}, -4061),
    ("both sides", {"positionSide": "BOTH"}, -4061),
    ("reduce only", {"positionSide": "LONG", "reduceOnly": "false"}, -1106),
    ("closing nothing", {"positionSide": "SHORT"}, -2022),
    ("closing too much", {"positionSide": "LONG", "side": "SELL", "quantity": "0.011"}, -2022),
]


@pytest.mark.parametrize(("name", "changes", "code"), HEDGE_REFUSALS, ids=[row[0] for row in HEDGE_REFUSALS])
def test_refusals_in_hedge_mode(name: str, changes: dict[str, object], code: int) -> None:
    """In hedge mode an order names its side, carries no reduceOnly, and closes no more than there is."""
    desk = Desk(settings=VenueSettings(hedge_mode=True))
    desk.buy("0.010", positionSide="LONG")

    assert desk.code("POST", ORDER, **desk.order_terms(**changes)) == code


def test_the_brackets_bound_the_position_at_a_leverage() -> None:
    """A position beyond the largest bracket of the leverage is refused with -2027 before the margin is looked at."""
    rows = [
        {
            "bracket": 1,
            "initialLeverage": 50,
            "notionalCap": 1000,
            "notionalFloor": 0,
            "maintMarginRatio": "0.01",
            "cum": 0,
        },
        {
            "bracket": 2,
            "initialLeverage": 5,
            "notionalCap": 5000,
            "notionalFloor": 1000,
            "maintMarginRatio": "0.02",
            "cum": 10,
        },
    ]
    desk = Desk(brackets={BTC: rows})
    desk.buy("0.010")

    assert desk.code("POST", ORDER, **desk.order_terms(quantity="0.007")) == -2027
    desk.ok("POST", "/fapi/v1/leverage", symbol=BTC, leverage=5)
    assert desk.code("POST", ORDER, **desk.order_terms(quantity="0.007")) == 0


SEQUENCE: list[tuple[int, dict[str, object]]] = [
    (-1102, {"quantity": None}),
    (-1100, {"quantity": "x"}),
    (-1121, {"symbol": "NOPEUSDT"}),
    (-1111, {"quantity": "200.0001"}),
    (-4005, {"quantity": "200"}),
    (-4061, {"positionSide": "LONG", "quantity": "100"}),
    (-2022, {"reduceOnly": "true", "quantity": "100"}),
    (-2019, {"quantity": "100"}),
]


@pytest.mark.parametrize("earlier", range(len(SEQUENCE)))
def test_the_first_defect_in_the_documented_order_is_named(earlier: int) -> None:
    """With several defects at once, the refusal is the one that is checked first."""
    code, changes = SEQUENCE[earlier]
    merged: dict[str, object] = {}
    for _, later in reversed(SEQUENCE[earlier:]):
        merged.update(later)
    merged.update(changes)
    desk = Desk()

    assert desk.code("POST", ORDER, **desk.order_terms(**merged)) == code
