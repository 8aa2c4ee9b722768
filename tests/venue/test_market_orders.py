"""How market orders are filled: price, size, remainder, answer."""

from decimal import Decimal

import pytest

from surefill.adapters.venue import BasisPoints, FillModel, FixedTicks, NoSlippage, VenueSettings
from tests.venue.desk import BTC, ORDER, Desk, filters, symbol_info


def test_a_synthetic_book_costs_spread_and_slippage() -> None:
    """Around a bare last price a taker pays one tick of half spread and one of slippage by default."""
    desk = Desk()

    desk.buy()
    desk.sell()

    assert [row["price"] for row in desk.fills()] == ["60000.2", "59999.8"]


def test_an_off_grid_last_price_is_filled_on_the_grid() -> None:
    """Fills lie on the tick grid, rounded against the taker."""
    desk = Desk(last="60000.07")

    desk.buy()
    desk.sell()

    assert [row["price"] for row in desk.fills()] == ["60000.3", "59999.8"]


def test_a_quoted_book_is_filled_at_its_price() -> None:
    """Where bid and ask are quoted the taker gets exactly them, whatever the last price is."""
    desk = Desk()
    desk.book("59990.1", "60010.3")

    desk.buy()
    desk.sell()

    assert [row["price"] for row in desk.fills()] == ["60010.3", "59990.1"]


@pytest.mark.parametrize(
    ("slippage", "bought", "sold"),
    [
        (NoSlippage(), "60000.1", "59999.9"),
        (FixedTicks(5), "60000.6", "59999.4"),
        (FixedTicks(0), "60000.1", "59999.9"),
        (BasisPoints(Decimal(10)), "60060.2", "59939.9"),
    ],
)
def test_slippage_models(slippage: NoSlippage | FixedTicks | BasisPoints, bought: str, sold: str) -> None:
    """Each model moves the price against the taker and keeps it on the grid."""
    desk = Desk(settings=VenueSettings(fill=FillModel(slippage=slippage)))

    desk.buy()
    desk.sell()

    assert [row["price"] for row in desk.fills()] == [bought, sold]


def test_slippage_of_a_quoted_book_is_a_setting_of_its_own() -> None:
    """The slippage of quoted books is none by default and can be set."""
    desk = Desk(settings=VenueSettings(fill=FillModel(quoted_slippage=FixedTicks(2))))
    desk.book("59990", "60010")

    desk.buy()

    assert desk.fills()[0]["price"] == "60010.2"


def test_a_short_book_fills_partly_and_expires_the_rest() -> None:
    """An order larger than the shown size ends EXPIRED with what was there, for lack of liquidity (9)."""
    desk = Desk()
    desk.book("59990", "60010", ask_size="0.0049")

    answer = desk.buy("0.010")

    assert (answer["status"], answer["executedQty"], answer["origQty"]) == ("EXPIRED", "0.004", "0.010")
    assert desk.rows("order")[-1]["expiry_reason"] == 9
    assert desk.amount() == Decimal("0.004")


def test_what_was_taken_is_gone_until_that_side_is_quoted_anew() -> None:
    """The shown size is consumed; a new quote of the side brings a new one."""
    desk = Desk()
    desk.book("59990", "60010", ask_size="0.015")

    assert desk.buy("0.010")["executedQty"] == "0.010"
    assert desk.buy("0.010")["executedQty"] == "0.005"
    assert (desk.buy("0.010")["executedQty"], desk.rows("order")[-1]["status"]) == ("0.000", "EXPIRED")
    desk.book("59990", "60010", ask_size="0.015")
    assert desk.buy("0.010")["executedQty"] == "0.010"


def test_a_move_that_shows_no_new_size_leaves_the_taken_size_taken() -> None:
    """A quote with renews_size False moves a synthetic book without refilling it."""
    desk = Desk(last=None)
    desk.last("60000", liquidity=Decimal("0.012"))
    desk.buy("0.010")
    desk.last("60100", renews_size=False)

    assert desk.buy("0.010")["executedQty"] == "0.002"
    assert desk.fills()[-1]["price"] == "60100.2"
    desk.last("60100", liquidity=Decimal("0.012"))
    assert desk.buy("0.010")["executedQty"] == "0.010"


def test_no_liquidity_expires_the_whole_order() -> None:
    """A synthetic book of size zero fills nothing: EXPIRED with an executed quantity of zero, and no fee."""
    desk = Desk(last=None)
    desk.last("60000", liquidity=Decimal(0))

    answer = desk.buy()

    assert (answer["status"], answer["executedQty"]) == ("EXPIRED", "0.000")
    assert desk.wallet() == Decimal(10000)


def test_the_synthetic_size_is_a_setting() -> None:
    """Without liquidity of its own a synthetic book has the size of the fill model."""
    desk = Desk(settings=VenueSettings(fill=FillModel(synthetic_size=Decimal("0.004"))))

    assert desk.buy("0.010")["executedQty"] == "0.004"


def test_nothing_is_filled_beyond_the_take_bound() -> None:
    """A market order does not reach prices further from the mark than marketTakeBound: it expires."""
    desk = Desk(symbol_info(marketTakeBound="0.01"))
    desk.mark("60000")
    desk.book("59390", "60610")

    assert desk.buy()["status"] == "EXPIRED"
    assert desk.sell()["status"] == "EXPIRED"
    desk.book("59400", "60600")
    assert desk.buy()["status"] == "FILLED"
    assert desk.sell()["status"] == "FILLED"


def test_a_symbol_without_bounds_is_filled_anywhere() -> None:
    """Without marketTakeBound and PERCENT_PRICE no distance from the mark refuses or expires an order."""
    rules = [entry for entry in filters() if entry["filterType"] != "PERCENT_PRICE"]
    desk = Desk(symbol_info(marketTakeBound=None, filters=rules))
    desk.mark("60000")
    desk.book("30000", "90000")

    assert desk.buy()["status"] == "FILLED"


def test_reduce_only_is_capped_at_the_position() -> None:
    """A larger reduce-only order closes the position, not more; its rest expires (4)."""
    desk = Desk()
    desk.buy("0.010")

    answer = desk.sell("0.025", reduceOnly="true")

    assert (answer["status"], answer["executedQty"]) == ("EXPIRED", "0.010")
    assert desk.rows("order")[-1]["expiry_reason"] == 4
    assert desk.amount() == 0


def test_ack_shows_the_order_as_accepted() -> None:
    """ACK, the default, answers NEW with nothing executed although the order is filled already."""
    desk = Desk()

    answer = desk.ok("POST", ORDER, **desk.order_terms(newOrderRespType=None, newClientOrderId="e-1"))

    assert (answer["status"], answer["executedQty"], answer["cumQty"]) == ("NEW", "0", "0")
    assert desk.ok("GET", ORDER, symbol=BTC, origClientOrderId="e-1")["status"] == "FILLED"


def test_average_price_is_left_out_of_answers_by_default() -> None:
    """POST answers without avgPrice and cumQuote; the query has them."""
    desk = Desk()
    answer = desk.buy(newClientOrderId="e-1")

    found = desk.ok("GET", ORDER, symbol=BTC, orderId=answer["orderId"])

    assert "avgPrice" not in answer
    assert "cumQuote" not in answer
    assert (found["avgPrice"], found["cumQuote"]) == ("60000.20", "600.002")


@pytest.mark.parametrize(("kind", "average", "quote"), [("RESULT", "60000.20", "600.002"), ("ACK", "0.00", "0")])
def test_average_price_can_be_switched_on(kind: str, average: str, quote: str) -> None:
    """With the switch the answers carry them as they did before."""
    desk = Desk(settings=VenueSettings(average_price_in_answers=True))

    answer = desk.buy(newOrderRespType=kind)

    assert (answer["avgPrice"], answer["cumQuote"]) == (average, quote)


def test_a_filled_order_frees_its_client_id() -> None:
    """The same client id sent again is filled again: ids are unique among open orders only."""
    desk = Desk()
    first = desk.buy(newClientOrderId="same")
    second = desk.buy(newClientOrderId="same")

    assert second["orderId"] > first["orderId"]
    assert desk.amount() == Decimal("0.020")
    assert desk.ok("GET", ORDER, symbol=BTC, origClientOrderId="same")["orderId"] == second["orderId"]


def test_an_order_without_a_client_id_is_given_one() -> None:
    """The exchange makes up a client id, a different one each time."""
    desk = Desk()

    ids = {desk.buy()["clientOrderId"] for _ in range(5)}

    assert len(ids) == 5
    assert all(len(value) == 22 for value in ids)


def test_hedge_mode_holds_both_sides() -> None:
    """In hedge mode a long and a short of one symbol stand side by side and close apart."""
    desk = Desk(settings=VenueSettings(hedge_mode=True))
    desk.buy("0.010", positionSide="LONG")
    desk.sell("0.004", positionSide="SHORT")
    desk.sell("0.003", positionSide="LONG")

    assert (desk.amount("LONG"), desk.amount("SHORT")) == (Decimal("0.007"), Decimal("-0.004"))


def test_the_fee_is_the_rate_of_the_symbol() -> None:
    """The taker fee is five hundredths of a per cent, or the symbol's own rate, rounded half-even to eight decimals."""
    desk = Desk()
    other = Desk(settings=VenueSettings(taker_fee_by_symbol={BTC: Decimal("0.000123456789")}))

    desk.buy()
    other.buy()

    assert desk.fills()[0]["fee"] == "0.300001"
    assert other.fills()[0]["fee"] == "0.07407432"
