"""POST algoOrder refuses what Binance refuses, with its code."""

import pytest

from surefill.adapters.venue import VenueSettings
from tests.venue.desk import ALGO, BTC, ETH, Desk, filters, symbol_info

REFUSALS: list[tuple[str, dict[str, object], int]] = [
    ("no algo type", {"algoType": None}, -1102),
    ("other algo type", {"algoType": "VP"}, -1130),
    ("no symbol", {"symbol": None}, -1102),
    ("no side", {"side": None}, -1102),
    ("wrong side", {"side": "LONG"}, -1117),
    ("no type", {"type": None}, -1102),
    ("market", {"type": "MARKET"}, -1116),
    ("trailing", {"type": "TRAILING_STOP_MARKET"}, -1116),
    ("no trigger", {"triggerPrice": None, "stopPrice": "59000"}, -1102),
    ("garbled trigger", {"triggerPrice": "5.9e4"}, -1100),
    ("no quantity", {"quantity": None}, -1102),
    ("with price", {"price": "59000"}, -1106),
    ("with callback", {"callbackRate": "1"}, -1106),
    ("response type", {"newOrderRespType": "FULL"}, -1136),
    ("position side", {"positionSide": "UP"}, -4060),
    ("working type", {"workingType": "INDEX_PRICE"}, -4031),
    ("time in force", {"timeInForce": "DAY"}, -1115),
    ("flag", {"priceProtect": "TRUE!"}, -1130),
    ("unknown symbol", {"symbol": "NOPEUSDT"}, -1121),
    ("fine quantity", {"quantity": "0.0101"}, -1111),
    ("zero quantity", {"quantity": "0"}, -4003),
    ("fine trigger", {"triggerPrice": "59000.001"}, -1111),
    ("zero trigger", {"triggerPrice": "0"}, -4006),
    ("negative trigger", {"triggerPrice": "-59000"}, -4006),
    ("trigger between ticks", {"triggerPrice": "59000.05"}, -4014),
    ("low trigger", {"triggerPrice": "499.90"}, -4013),
    ("high trigger", {"triggerPrice": "4500000.10"}, -4007),
    ("large quantity", {"quantity": "120.001"}, -4005),
    ("small entry", {"quantity": "0.001", "symbol": "SMALLUSDT", "triggerPrice": "900", "reduceOnly": None}, -4164),
    ("hedge side", {"positionSide": "LONG"}, -4061),
    ("crossed", {"triggerPrice": "60000"}, -2021),
    ("not quoted", {"symbol": ETH}, -1112),
    ("long id", {"clientAlgoId": "a" * 37}, -4015),
    ("taken id", {"clientAlgoId": "taken"}, -4116),
    ("quantity and close", {"closePosition": "true"}, -4137),
    ("reduce only and close", {"closePosition": "true", "quantity": None}, -1106),
    ("close while flat", {"closePosition": "true", "quantity": None, "reduceOnly": None}, -4509),
    ("good till expire while flat", {"timeInForce": "GTE_GTC"}, -4509),
]


@pytest.mark.parametrize(("name", "changes", "code"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_refusal_of_a_conditional_order(name: str, changes: dict[str, object], code: int) -> None:
    """Each defect of a conditional order has Binance's code and HTTP 400, and no order comes of it."""
    desk = Desk(symbol_info(BTC), symbol_info(ETH), symbol_info("SMALLUSDT"))
    desk.last("1000", "SMALLUSDT")
    desk.stop("taken")

    answer = desk.call("POST", ALGO, **desk.algo_terms(**changes))

    assert (answer.status, answer.body["code"]) == (400, code)
    assert len(desk.ok("GET", "/fapi/v1/openAlgoOrders")) == 1


def test_the_parameter_that_is_missing_is_named_in_lower_case() -> None:
    """Sending stopPrice for triggerPrice is answered by naming 'triggerprice'."""
    desk = Desk()

    answer = desk.call("POST", ALGO, **desk.algo_terms(triggerPrice=None, stopPrice="59000"))

    assert "'triggerprice' was not sent" in answer.body["msg"]


def test_a_bound_of_zero_is_none() -> None:
    """A price filter whose minimum and maximum are 0 bounds nothing, and the tick counts from zero."""
    rules = filters()
    rules[0] = {"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0", "tickSize": "0.10"}
    desk = Desk(symbol_info(filters=rules))

    assert desk.code("POST", ALGO, **desk.algo_terms(triggerPrice="0.10")) == 0
    assert desk.code("POST", ALGO, **desk.algo_terms(side="BUY", triggerPrice="99999999.90")) == 0
    assert desk.code("POST", ALGO, **desk.algo_terms(triggerPrice="0.15")) == -4014


def test_the_tick_counts_from_the_least_price() -> None:
    """With a minimum off the multiples of the tick, the grid starts at the minimum."""
    rules = filters()
    rules[0] = {"filterType": "PRICE_FILTER", "minPrice": "500.03", "maxPrice": "0", "tickSize": "0.10"}
    desk = Desk(symbol_info(filters=rules))

    assert desk.code("POST", ALGO, **desk.algo_terms(triggerPrice="59000.03")) == 0
    assert desk.code("POST", ALGO, **desk.algo_terms(triggerPrice="59000.00")) == -4014


def test_the_cap_counts_over_the_account() -> None:
    """One order too many is refused with -4045 whatever its symbol; a cancelled one makes room."""
    desk = Desk(settings=VenueSettings(open_algo_orders_max=2))
    desk.last("60000", ETH)
    desk.stop("a")
    desk.stop("b", symbol=ETH)

    assert desk.code("POST", ALGO, **desk.algo_terms()) == -4045
    desk.ok("DELETE", ALGO, clientAlgoId="b")
    assert desk.code("POST", ALGO, **desk.algo_terms()) == 0


def test_the_cap_can_count_per_symbol() -> None:
    """The other reading of the change log: every symbol has the cap for itself."""
    desk = Desk(settings=VenueSettings(open_algo_orders_max=1, algo_cap_per_symbol=True))
    desk.last("60000", ETH)
    desk.stop("a")

    assert desk.code("POST", ALGO, **desk.algo_terms()) == -4045
    assert desk.code("POST", ALGO, **desk.algo_terms(symbol=ETH)) == 0


def test_an_id_is_free_again_when_its_order_is_gone() -> None:
    """Client ids are unique among open orders; a query by a reused id answers the newest."""
    desk = Desk()
    desk.buy()
    first = desk.stop("same")
    desk.ok("DELETE", ALGO, clientAlgoId="same")
    second = desk.stop("same")
    assert desk.code("POST", ALGO, **desk.algo_terms(clientAlgoId="same")) == -4116
    desk.last("59000")
    assert desk.code("POST", ALGO, **desk.algo_terms(clientAlgoId="same", triggerPrice="58000")) == -4116
    desk.wait(20)
    third = desk.stop("same", triggerPrice="58000")

    assert first["algoId"] < second["algoId"] < third["algoId"]
    assert desk.algo("same")["algoId"] == third["algoId"]
    assert desk.ok("GET", ALGO, algoId=first["algoId"])["algoStatus"] == "CANCELED"


def test_the_two_services_keep_their_ids_apart() -> None:
    """An open conditional order does not occupy its id for regular orders."""
    desk = Desk()
    desk.stop("same", side="BUY", triggerPrice="61000", reduceOnly=None)

    assert desk.buy(newClientOrderId="same")["status"] == "FILLED"


def test_an_order_without_a_client_id_is_given_one() -> None:
    """The exchange makes up a client id and a rising algo id of sixteen digits."""
    desk = Desk()

    first, second = desk.stop(None), desk.stop(None)

    assert first["clientAlgoId"] != second["clientAlgoId"]
    assert first["algoId"] < second["algoId"]
    assert len(str(first["algoId"])) == 16
