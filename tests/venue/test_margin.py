"""What positions bind and what is left for new ones."""

from decimal import Decimal

import pytest

from surefill.adapters.venue import FillModel, NoSlippage, VenueSettings
from tests.venue.desk import BTC, ETH, ORDER, Desk, symbol_info

PLAIN = VenueSettings(
    taker_fee=Decimal(0),
    fill=FillModel(slippage=NoSlippage(), synthetic_half_spread_ticks=0, cost_buffer=Decimal(0)),
    liquidate=False,
)


def test_the_available_balance() -> None:
    """Available is wallet plus open profit minus amount * mark / leverage."""
    desk = Desk(settings=PLAIN)
    desk.buy("0.100")
    assert desk.available() == Decimal(9700)
    desk.last("61000")
    assert desk.available() == Decimal(10000) + 100 - 305
    desk.last("50000")
    assert desk.available() == Decimal(10000) - 1000 - 250


def test_an_open_profit_cannot_be_withdrawn() -> None:
    """An open profit backs new positions, but what may be withdrawn is without it."""
    desk = Desk(settings=PLAIN)
    desk.buy("0.100")
    desk.last("61000")

    row = desk.ok("GET", "/fapi/v3/balance")[0]
    assert (row["availableBalance"], row["crossUnPnl"]) == ("9795.00000000", "100.00000000")
    assert row["maxWithdrawAmount"] == "9695.00000000"


def test_available_stops_at_zero() -> None:
    """A loss beyond the wallet shows as nothing available, not as a negative balance."""
    desk = Desk(balance="400", settings=PLAIN)
    desk.buy("0.100")
    desk.last("50000")

    assert desk.available() == 0
    assert desk.ok("GET", "/fapi/v3/balance")[0]["maxWithdrawAmount"] == "0.00000000"


def test_an_order_may_bind_exactly_what_is_available() -> None:
    """The last affordable step is accepted, the next one is refused with -2019."""
    desk = Desk(balance="300", settings=PLAIN)

    assert desk.code("POST", ORDER, **desk.order_terms(quantity="0.101")) == -2019
    assert desk.code("POST", ORDER, **desk.order_terms(quantity="0.100")) == 0


def test_the_fee_and_the_buffer_are_part_of_the_cost() -> None:
    """By default a buyer must afford the fee and a price a little above the best ask."""
    desk = Desk(balance="300")
    exact = Desk(balance="304")

    assert desk.code("POST", ORDER, **desk.order_terms(quantity="0.100")) == -2019
    assert exact.code("POST", ORDER, **exact.order_terms(quantity="0.100")) == -2019
    assert Desk(balance="307").buy("0.100")["status"] == "FILLED"


def test_an_open_loss_at_the_fill_is_part_of_the_cost() -> None:
    """Who buys above the mark price loses the difference at once, and must have it."""
    desk = Desk(balance="350", settings=PLAIN)
    desk.mark("60000")
    desk.book("59900", "60600")

    assert desk.code("POST", ORDER, **desk.order_terms(quantity="0.100")) == -2019
    desk.book("59900", "60300")
    assert desk.code("POST", ORDER, **desk.order_terms(quantity="0.100")) == 0


def test_a_seller_is_judged_at_the_mark_price() -> None:
    """A short sold below the mark price binds the margin of the mark price and the loss to it."""
    desk = Desk(balance="310", settings=PLAIN)
    desk.mark("60000")
    desk.book("59900", "60100")

    assert desk.code("POST", ORDER, **desk.order_terms(side="SELL", quantity="0.104")) == -2019
    assert desk.code("POST", ORDER, **desk.order_terms(side="SELL", quantity="0.103")) == 0


def test_closing_needs_no_margin() -> None:
    """With nothing available a position can still be reduced and closed."""
    desk = Desk(balance="300", settings=PLAIN)
    desk.buy("0.100")
    desk.last("59000")

    assert desk.available() == 0
    assert desk.code("POST", ORDER, **desk.order_terms(quantity="0.001")) == -2019
    assert desk.sell("0.040")["status"] == "FILLED"
    assert desk.sell("0.060", reduceOnly="true")["status"] == "FILLED"


@pytest.mark.parametrize("margin_type", ["CROSSED", "ISOLATED"])
def test_a_flip_may_use_what_it_sets_free(margin_type: str) -> None:
    """Turning a position round needs margin for the new side only, with the old side's margin back."""
    desk = Desk(balance="300", settings=PLAIN)
    if margin_type == "ISOLATED":
        desk.ok("POST", "/fapi/v1/marginType", symbol=BTC, marginType=margin_type)
    desk.buy("0.100")

    assert desk.code("POST", ORDER, **desk.order_terms(side="SELL", quantity="0.201")) == -2019
    assert desk.sell("0.200")["status"] == "FILLED"
    assert desk.amount() == Decimal("-0.100")


def test_leverage_decides_what_a_position_binds() -> None:
    """At twice the leverage half the margin is bound."""
    desk = Desk(settings=PLAIN)
    desk.buy("0.100")

    desk.ok("POST", "/fapi/v1/leverage", symbol=BTC, leverage=40)

    assert desk.available() == Decimal(9850)


def test_an_isolated_position_sets_its_margin_apart() -> None:
    """Isolated margin leaves the cross wallet; closing a part gives its share back, the loss falls on the wallet."""
    desk = Desk(settings=PLAIN)
    desk.ok("POST", "/fapi/v1/marginType", symbol=BTC, marginType="ISOLATED")
    desk.buy("0.100")
    row = desk.ok("GET", "/fapi/v3/positionRisk", symbol=BTC)[0]
    assert (row["isolatedWallet"], row["isolatedMargin"]) == ("300.00000000", "300.00000000")
    assert desk.available() == Decimal(9700)

    desk.last("59000")
    row = desk.ok("GET", "/fapi/v3/positionRisk", symbol=BTC)[0]
    assert (row["isolatedWallet"], row["isolatedMargin"]) == ("300.00000000", "200.00000000")
    assert desk.available() == Decimal(9700)
    desk.sell("0.040")
    assert desk.ok("GET", "/fapi/v3/positionRisk", symbol=BTC)[0]["isolatedWallet"] == "180.00000000"
    assert (desk.wallet(), desk.available()) == (Decimal(9960), Decimal(9780))
    desk.sell("0.060")
    assert (desk.wallet(), desk.available()) == (Decimal(9900), Decimal(9900))


def test_positions_of_other_symbols_bind_margin_too() -> None:
    """The available balance is one for all cross positions of an asset."""
    desk = Desk(settings=PLAIN)
    desk.last("2000", ETH)
    desk.buy("0.100")
    desk.buy("1", symbol=ETH)

    assert desk.available() == Decimal(10000) - 300 - 100
    account = desk.ok("GET", "/fapi/v3/account")
    assert (account["totalInitialMargin"], account["availableBalance"]) == ("400.00000000", "9600.00000000")
    assert [row["symbol"] for row in account["positions"]] == [BTC, ETH]


def test_an_asset_without_balance_affords_nothing() -> None:
    """A symbol margined in an asset the account lacks is refused with -2019."""
    desk = Desk(symbol_info(BTC, marginAsset="USDC"))

    assert desk.code("POST", ORDER, **desk.order_terms()) == -2019
