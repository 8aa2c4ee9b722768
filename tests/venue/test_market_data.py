"""What anyone may read, and how quotes shape it."""

from decimal import Decimal

import pytest

from surefill.adapters.venue import Quote
from tests.venue.desk import BTC, ETH, ORDER, START_MS, Desk, symbol_info


def test_prices_of_a_quoted_symbol() -> None:
    """Best levels, last and mark price are shown with the decimals of the symbol, the mark with eight."""
    desk = Desk()
    desk.book("59990.1", "60010", bid_size="1.5")
    desk.mark("60001.12345678")
    at_ms = START_MS + 3

    assert desk.ok("GET", "/fapi/v1/ticker/bookTicker", symbol=BTC) == {
        "symbol": BTC,
        "bidPrice": "59990.10",
        "bidQty": "1.500",
        "askPrice": "60010.00",
        "askQty": "5.000",
        "time": at_ms,
        "lastUpdateId": 3,
    }
    assert desk.ok("GET", "/fapi/v2/ticker/price", symbol=BTC) == {"symbol": BTC, "price": "60000.00", "time": at_ms}
    premium = desk.ok("GET", "/fapi/v1/premiumIndex", symbol=BTC)
    assert (premium["markPrice"], premium["time"]) == ("60001.12345678", at_ms)
    assert premium["nextFundingTime"] > at_ms
    assert premium["nextFundingTime"] % 28_800_000 == 0
    depth = desk.ok("GET", "/fapi/v1/depth", symbol=BTC, limit=5)
    assert (depth["bids"], depth["asks"]) == ([["59990.10", "1.500"]], [["60010.00", "5.000"]])


def test_depth_knows_certain_limits_only() -> None:
    """A depth limit outside the list is refused with -4021."""
    answer = Desk().call("GET", "/fapi/v1/depth", symbol=BTC, limit=3)

    assert answer.body == {"code": -4021, "msg": "3 is not valid depth limit."}


def test_an_unquoted_symbol_shows_zeros() -> None:
    """Before the first quote prices are zero and the book is empty; lists leave the symbol out."""
    desk = Desk()

    assert desk.ok("GET", "/fapi/v1/ticker/price", symbol=ETH)["price"] == "0.00"
    depth = desk.ok("GET", "/fapi/v1/depth", symbol=ETH)
    assert (depth["bids"], depth["asks"]) == ([], [])
    assert [row["symbol"] for row in desk.ok("GET", "/fapi/v1/ticker/price")] == [BTC]


def test_a_book_without_bound_shows_the_largest_market_order() -> None:
    """A synthetic book without a size shows the most a market order may have."""
    assert Desk().ok("GET", "/fapi/v1/ticker/bookTicker", symbol=BTC)["askQty"] == "120.000"


def test_one_side_alone_may_be_quoted() -> None:
    """A quote of one side leaves the other as it is, unless it moved through it: then that side is unknown."""
    desk = Desk()
    desk.book("59990", "60010")
    at_ms = desk.venue.now_ms
    desk.venue.tick(Quote(at_ms, BTC, bid=Decimal(60000), bid_quantity=Decimal(1)))
    assert desk.ok("GET", "/fapi/v1/ticker/bookTicker", symbol=BTC)["askPrice"] == "60010.00"
    desk.venue.tick(Quote(at_ms, BTC, bid=Decimal(60020), bid_quantity=Decimal(1)))
    assert desk.ok("GET", "/fapi/v1/ticker/bookTicker", symbol=BTC)["askPrice"] == "0.00"
    assert desk.code("POST", ORDER, **desk.order_terms()) == -1112
    desk.venue.tick(Quote(at_ms, BTC, ask=Decimal(60010), ask_quantity=Decimal(1)))
    assert desk.ok("GET", "/fapi/v1/ticker/bookTicker", symbol=BTC)["bidPrice"] == "0.00"
    assert desk.code("POST", ORDER, **desk.order_terms(side="SELL")) == -1112


def test_a_trade_does_not_move_a_quoted_book() -> None:
    """Once a book was quoted, a last price alone leaves it."""
    desk = Desk()
    desk.book("59990", "60010")
    desk.last("50000")

    assert desk.ok("GET", "/fapi/v1/ticker/bookTicker", symbol=BTC)["askPrice"] == "60010.00"


def test_the_first_real_quote_replaces_the_synthetic_book() -> None:
    """No made-up side stays beside a quoted one."""
    desk = Desk()
    desk.venue.tick(Quote(desk.venue.now_ms, BTC, bid=Decimal(60000), bid_quantity=Decimal(1)))

    assert desk.ok("GET", "/fapi/v1/depth", symbol=BTC)["asks"] == []


def test_a_synthetic_bid_does_not_fall_below_zero() -> None:
    """Where the price is less than the spread there is no bid at all."""
    desk = Desk(last="0.05")

    assert desk.ok("GET", "/fapi/v1/depth", symbol=BTC)["bids"] == []


@pytest.mark.parametrize("field", ["last", "mark", "bid"])
def test_a_quote_finer_than_the_units_is_refused_whole(field: str) -> None:
    """A price with more decimals than the symbol's units raises, and nothing of the quote is taken over."""
    desk = Desk()
    fine = Decimal("59000.123456789")
    quote = {
        "last": Quote(desk.venue.now_ms, BTC, last=fine),
        "mark": Quote(desk.venue.now_ms, BTC, last=Decimal(1), mark=fine),
        "bid": Quote(desk.venue.now_ms, BTC, last=Decimal(1), bid=fine, bid_quantity=Decimal(1)),
    }[field]

    with pytest.raises(ValueError, match="more than 8 decimals"):
        desk.venue.tick(quote)
    assert desk.ok("GET", "/fapi/v1/ticker/bookTicker", symbol=BTC)["lastUpdateId"] == 1


def test_ticks_finer_than_eight_decimals_are_served() -> None:
    """The units follow the finest step of the symbol."""
    info = symbol_info(pricePrecision=10)
    info["filters"][0] = {"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0", "tickSize": "0.0000000001"}
    desk = Desk(info, last="0.0000012345")

    assert desk.ok("GET", "/fapi/v1/ticker/price", symbol=BTC)["price"] == "0.0000012345"
    assert desk.ok("GET", "/fapi/v1/ticker/bookTicker", symbol=BTC)["askPrice"] == "0.0000012346"
