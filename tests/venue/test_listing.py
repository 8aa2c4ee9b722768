"""The listing: raw symbols in, rules out, and changes in the middle of a day."""

import json
from decimal import Decimal

import pytest

from tests.venue.desk import ALGO, BTC, ORDER, START_MS, Desk, filters, listing, symbol_info


def test_exchange_info_is_what_was_loaded() -> None:
    """The answer is the listing as given, with the time of the exchange."""
    info = listing()
    body = Desk().ok("GET", "/fapi/v1/exchangeInfo")

    assert body == {**info, "serverTime": START_MS + 1}


def test_the_answer_belongs_to_the_caller() -> None:
    """Changing an answer changes nothing at the exchange."""
    desk = Desk()
    desk.ok("GET", "/fapi/v1/exchangeInfo")["symbols"].clear()

    assert len(desk.ok("GET", "/fapi/v1/exchangeInfo")["symbols"]) == 2


def test_a_filter_changes_in_the_middle_of_a_day() -> None:
    """From the change on orders are judged by the new tick, and exchangeInfo shows it; other filters stay."""
    desk = Desk()
    assert desk.code("POST", ALGO, **desk.algo_terms(triggerPrice="59000.10")) == 0
    desk.venue.change_filters(
        BTC, [{"filterType": "PRICE_FILTER", "minPrice": "500", "maxPrice": "4500000", "tickSize": "0.50"}]
    )

    assert desk.code("POST", ALGO, **desk.algo_terms(triggerPrice="59000.10")) == -4014
    assert desk.code("POST", ALGO, **desk.algo_terms(triggerPrice="59000.50")) == 0
    shown = desk.ok("GET", "/fapi/v1/exchangeInfo")["symbols"][0]["filters"]
    assert {entry["filterType"]: entry for entry in shown}["PRICE_FILTER"]["tickSize"] == "0.50"
    assert len(shown) == len(filters())


def test_a_filter_may_become_finer_down_to_the_units() -> None:
    """A finer tick of up to eight decimals is accepted, a finer one is refused and changes nothing."""
    desk = Desk(symbol_info(pricePrecision=8))
    fine = {"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0", "tickSize": "0.00000001"}
    desk.venue.change_filters(BTC, [fine])
    assert desk.code("POST", ALGO, **desk.algo_terms(triggerPrice="59000.00000001")) == 0

    with pytest.raises(ValueError, match="may not be finer than 8 decimals"):
        desk.venue.change_filters(BTC, [{**fine, "tickSize": "0.000000001"}])
    assert desk.code("POST", ALGO, **desk.algo_terms(triggerPrice="59000.00000002")) == 0


def test_a_status_changes() -> None:
    """A halted symbol refuses orders and shows its status; it can come back."""
    desk = Desk()
    desk.venue.set_status(BTC, "SETTLING")
    assert desk.code("POST", ORDER, **desk.order_terms()) == -4141
    assert desk.ok("GET", "/fapi/v1/exchangeInfo")["symbols"][0]["status"] == "SETTLING"
    desk.venue.set_status(BTC, "TRADING")
    assert desk.code("POST", ORDER, **desk.order_terms()) == 0


def test_changing_an_unlisted_symbol_raises() -> None:
    """A symbol that is not listed cannot be changed."""
    desk = Desk()

    with pytest.raises(ValueError, match="not listed"):
        desk.venue.change_filters("NOPEUSDT", [])
    with pytest.raises(ValueError, match="not listed"):
        desk.venue.set_status("NOPEUSDT", "TRADING")


@pytest.mark.parametrize("tick", ["0.05", "3", "0.00000001", "0.25"])
def test_ticks_of_any_size(tick: str) -> None:
    """Fills and triggers keep to ticks that are no power of ten."""
    info = symbol_info(pricePrecision=8)
    info["filters"][0] = {"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0", "tickSize": tick}
    desk = Desk(info, last="60001")
    desk.buy()
    desk.sell()

    prices = [Decimal(str(row["price"])) for row in desk.fills()]
    assert all(price % Decimal(tick) == 0 for price in prices)
    assert prices[0] > 60001 > prices[1]


def test_integer_quantities_and_large_bounds() -> None:
    """A step of 1 with a precision of 0 and bounds of ten digits are served."""
    rules = filters(step="1", least="1", notional="5")
    rules[2] = {"filterType": "MARKET_LOT_SIZE", "minQty": "1", "maxQty": "60000000000", "stepSize": "1"}
    desk = Desk(symbol_info(quantityPrecision=0, filters=rules, pricePrecision=1), last="1000")

    assert desk.buy("7")["executedQty"] == "7"
    assert desk.code("POST", ORDER, **desk.order_terms(quantity="7.5")) == -1111


def test_a_market_lot_without_a_step_takes_that_of_the_lot() -> None:
    """MARKET_LOT_SIZE with a step of 0 falls back on LOT_SIZE."""
    rules = filters()
    rules[2] = {"filterType": "MARKET_LOT_SIZE", "minQty": "0", "maxQty": "120", "stepSize": "0"}
    desk = Desk(symbol_info(filters=rules, quantityPrecision=5))

    assert desk.code("POST", ORDER, **desk.order_terms(quantity="0.0105")) == -4023
    assert desk.code("POST", ORDER, **desk.order_terms(quantity="0.011")) == 0


def test_a_missing_market_lot_takes_the_lot() -> None:
    """Without MARKET_LOT_SIZE the bounds of LOT_SIZE hold."""
    rules = [entry for entry in filters() if entry["filterType"] != "MARKET_LOT_SIZE"]
    desk = Desk(symbol_info(filters=rules), balance="100000000")

    assert desk.code("POST", ORDER, **desk.order_terms(quantity="1000.001")) == -4005
    assert desk.code("POST", ORDER, **desk.order_terms(quantity="1000")) == 0


def test_numbers_of_any_json_type_are_read() -> None:
    """Filters given as whole numbers or parsed as Decimal are read like texts."""
    info = json.loads(json.dumps(symbol_info()), parse_float=Decimal)
    info["filters"][1] = {"filterType": "LOT_SIZE", "minQty": Decimal("0.001"), "maxQty": 1000, "stepSize": "0.001"}
    info["marketTakeBound"] = Decimal("0.05")
    desk = Desk(info)

    assert desk.code("POST", ORDER, **desk.order_terms()) == 0
