"""When the margin no longer carries a position."""

from decimal import Decimal

import pytest

from surefill.adapters.venue import FillModel, NoSlippage, VenueSettings
from tests.venue.desk import ALGO, BTC, ETH, Desk, symbol_info

PLAIN = VenueSettings(
    taker_fee=Decimal(0), fill=FillModel(slippage=NoSlippage(), synthetic_half_spread_ticks=0, cost_buffer=Decimal(0))
)
BRACKETS = {
    BTC: [
        {
            "bracket": 1,
            "initialLeverage": 50,
            "notionalCap": 50000,
            "notionalFloor": 0,
            "maintMarginRatio": "0.004",
            "cum": "0",
        },
        {
            "bracket": 2,
            "initialLeverage": 20,
            "notionalCap": 10**9,
            "notionalFloor": 50000,
            "maintMarginRatio": "0.005",
            "cum": "50",
        },
    ]
}


def liquidation_price(desk: Desk, symbol: str = BTC) -> Decimal:
    return Decimal(desk.ok("GET", "/fapi/v3/positionRisk", symbol=symbol)[0]["liquidationPrice"])


def isolated(desk: Desk) -> Desk:
    desk.ok("POST", "/fapi/v1/marginType", symbol=BTC, marginType="ISOLATED")
    return desk


def test_the_liquidation_price_of_the_documentation() -> None:
    """Long 1 at 100000, isolated wallet 5000, ratio 0.005 with cum 50: liquidated at 95427.13567839."""
    desk = isolated(Desk(balance="100000", settings=PLAIN, brackets=BRACKETS, last="100000"))
    desk.buy("1")

    assert liquidation_price(desk) == Decimal("95427.13567839")


@pytest.mark.parametrize("margin_type", ["CROSSED", "ISOLATED"])
@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_a_position_stands_up_to_its_liquidation_price(margin_type: str, side: str) -> None:
    """One tick before the price that positionRisk shows nothing happens; beyond it the position is closed."""
    desk = Desk(balance="5000", settings=PLAIN, brackets=BRACKETS)
    if margin_type == "ISOLATED":
        isolated(desk)
    desk.buy("1", side=side)
    price = liquidation_price(desk)
    tick = Decimal("0.1") if side == "BUY" else Decimal("-0.1")
    edge = price.quantize(Decimal("0.1"))

    desk.last(str(edge + tick))
    assert desk.rows("liquidation") == []
    desk.last(str(edge - tick))

    assert len(desk.rows("liquidation")) == 1
    assert desk.amount() == 0
    assert str(desk.fills()[-1]["client_order_id"]).startswith("autoclose-")


def test_a_margin_ratio_of_one_liquidates() -> None:
    """Where what is left equals the maintenance margin exactly, the position falls; a tick before it stands."""
    desk = Desk(balance="10200", settings=PLAIN)
    desk.buy("1")
    desk.last("50000.1")
    assert desk.rows("liquidation") == []
    desk.last("50000")

    assert desk.rows("liquidation")[0]["margin_balance"] == desk.rows("liquidation")[0]["maintenance_margin"] == "200"


def test_the_liquidation_order_is_a_limit_that_takes() -> None:
    """It is a LIMIT IOC order with the reserved client id, found like any other, charged the liquidation fee."""
    desk = Desk(balance="5000", settings=PLAIN, brackets=BRACKETS)
    desk.buy("1")
    desk.last("55200")

    fill = desk.fills()[-1]
    order = desk.ok("GET", "/fapi/v1/order", symbol=BTC, orderId=fill["order_id"])
    assert (order["type"], order["timeInForce"], order["status"], order["price"]) == (
        "LIMIT",
        "IOC",
        "FILLED",
        "55200.00",
    )
    assert Decimal(str(fill["fee"])) == Decimal("0.0125") * 55200
    assert fill["realized_pnl"] == "-4800"


def test_the_insurance_fund_makes_good_a_wallet_below_zero() -> None:
    """A gap beyond bankruptcy leaves the wallet at zero; what was missing is an income of its own."""
    desk = Desk(balance="5000", settings=PLAIN, brackets=BRACKETS)
    desk.buy("1")
    desk.last("50000")

    assert desk.wallet() == 0
    assert [row["balance_change"] for row in desk.rows("insurance")] == ["5625"]
    income = desk.ok("GET", "/fapi/v1/income", incomeType="INSURANCE_CLEAR")
    assert [(row["income"], row["symbol"]) for row in income] == [("5625.00000000", BTC)]


def test_an_isolated_loss_ends_at_its_own_wallet() -> None:
    """An isolated liquidation costs what was set apart and leaves the rest of the wallet alone."""
    desk = isolated(Desk(balance="50000", settings=PLAIN, brackets=BRACKETS))
    desk.buy("1")
    desk.last("50000")

    assert desk.wallet() == Decimal(47000)


def test_cross_positions_of_an_asset_fall_together() -> None:
    """When the cross wallet is exhausted by one symbol, every cross position of the asset is closed."""
    desk = Desk(balance="5000", settings=PLAIN)
    desk.last("2000", ETH)
    desk.buy("1")
    desk.sell("2", symbol=ETH)
    desk.last("55000")

    assert [row["symbol"] for row in desk.rows("liquidation")] == [BTC, ETH]
    assert desk.ok("GET", "/fapi/v3/positionRisk") == []


def test_a_cross_liquidation_does_not_touch_isolated_margin() -> None:
    """Cross losses stop at what isolated positions have set apart."""
    desk = isolated(Desk(balance="5000", settings=PLAIN))
    desk.last("2000", ETH)
    desk.buy("0.100")
    desk.buy("10", symbol=ETH)
    desk.last("1000", ETH)

    assert [row["symbol"] for row in desk.rows("liquidation")] == [ETH]
    assert desk.wallet() == Decimal(300)
    assert desk.amount() == Decimal("0.100")


def test_resting_orders_of_the_account_expire() -> None:
    """A cross liquidation expires the conditional orders of the cross symbols, so nothing is opened behind it."""
    desk = Desk(balance="5000", settings=PLAIN)
    desk.last("2000", ETH)
    desk.buy("1")
    desk.stop("btc", triggerPrice="50000")
    desk.stop("eth", symbol=ETH, triggerPrice="1900")
    desk.last("55000")

    assert [desk.algo(name)["algoStatus"] for name in ("btc", "eth")] == ["EXPIRED", "EXPIRED"]


def test_an_isolated_liquidation_expires_its_own_orders_only() -> None:
    """Orders on other symbols stay."""
    desk = isolated(Desk(balance="5000", settings=PLAIN))
    desk.last("2000", ETH)
    desk.buy("1")
    desk.stop("btc", triggerPrice="50000")
    desk.stop("eth", symbol=ETH, triggerPrice="1900")
    desk.last("55000")

    assert [desk.algo(name)["algoStatus"] for name in ("btc", "eth")] == ["EXPIRED", "NEW"]


def test_a_stop_that_triggers_in_the_fatal_tick_does_nothing_more() -> None:
    """A stop reached by the tick that liquidates is expired on its way."""
    desk = Desk(balance="5000", settings=PLAIN)
    desk.buy("1")
    desk.stop("late", triggerPrice="58000", quantity="1")
    desk.last("55000")
    desk.wait(20)

    states = [row["status"] for row in desk.rows("algo")]
    assert states == ["NEW", "TRIGGERING", "EXPIRED"]
    assert len(desk.fills()) == 2


def test_liquidation_looks_at_the_mark_price() -> None:
    """A last price far away liquidates nothing while the mark price stands."""
    desk = Desk(balance="5000", settings=PLAIN)
    desk.mark("60000")
    desk.buy("1")
    desk.last("50000")
    assert desk.rows("liquidation") == []
    desk.mark("50000")
    assert len(desk.rows("liquidation")) == 1


def test_liquidation_can_be_switched_off() -> None:
    """With the switch off positions stand whatever happens."""
    desk = Desk(balance="5000", settings=VenueSettings(liquidate=False))
    desk.buy("1")
    desk.last("30000")

    assert desk.amount() == 1


def test_a_well_backed_long_has_no_liquidation_price() -> None:
    """A long whose wallet covers a price of zero shows "0", a short always has a price."""
    desk = Desk(balance="1000000", settings=PLAIN)
    desk.buy("1")
    assert liquidation_price(desk) == 0
    desk.last("0.1")
    assert desk.rows("liquidation") == []
    desk.last("60000")
    desk.sell("2")
    assert liquidation_price(desk) > 1_000_000


def test_both_sides_of_a_hedge_count() -> None:
    """A hedged pair of equal size has no liquidation price near the market and survives a crash."""
    desk = Desk(balance="5000", settings=VenueSettings(hedge_mode=True, taker_fee=Decimal(0), fill=PLAIN.fill))
    desk.buy("0.500", positionSide="LONG")
    desk.sell("0.500", positionSide="SHORT")
    desk.last("30000")

    assert desk.rows("liquidation") == []
    assert liquidation_price(desk) > 1_000_000


def test_closing_resets_what_was_remembered() -> None:
    """After one position is closed the next is judged by its own liquidation price."""
    desk = Desk(balance="5000", settings=PLAIN)
    desk.buy("0.010")
    desk.last("59000")
    desk.sell("0.010")
    desk.last("60000")
    desk.buy("1")
    desk.last("55000")

    assert len(desk.rows("liquidation")) == 1


def test_a_bracket_of_the_result_is_used() -> None:
    """The liquidation price lies in the smaller bracket although the position's value lies in the larger one."""
    desk = isolated(Desk(balance="100000", settings=PLAIN, brackets=BRACKETS, last="50500"))
    desk.buy("1")
    entry, wallet = Decimal(50500), Decimal(2525)

    assert liquidation_price(desk) == ((entry - wallet) / (1 - Decimal("0.004"))).quantize(Decimal("1e-8"))


def test_a_liquidated_close_position_order_expires() -> None:
    """GTE orders go with the liquidated position."""
    desk = Desk(balance="5000", settings=PLAIN)
    desk.buy("1")
    desk.ok("POST", ALGO, **desk.close_terms(clientAlgoId="c", triggerPrice="40000"))
    desk.last("55000")

    assert desk.algo("c")["algoStatus"] == "EXPIRED"


def test_a_perfect_hedge_without_maintenance_is_never_liquidated() -> None:
    """Equal sides and a maintenance ratio of zero: no mark price changes anything, so there is no such price."""
    settings = VenueSettings(hedge_mode=True, default_maintenance_ratio=Decimal(0))
    desk = Desk(balance="5000", settings=settings)
    desk.buy("0.500", positionSide="LONG")
    desk.sell("0.500", positionSide="SHORT")

    assert liquidation_price(desk) == 0


def test_a_cross_liquidation_leaves_orders_on_isolated_symbols() -> None:
    """Only the orders of cross symbols expire."""
    desk = Desk(balance="5000", settings=PLAIN)
    desk.last("2000", ETH)
    desk.ok("POST", "/fapi/v1/marginType", symbol=ETH, marginType="ISOLATED")
    desk.buy("1")
    desk.stop("eth", symbol=ETH, triggerPrice="1900")
    desk.last("55000")

    assert desk.algo("eth")["algoStatus"] == "NEW"


def test_what_the_liquidation_leaves_stays_in_the_wallet() -> None:
    """Closed before bankruptcy and with a small fee, the rest of the wallet is the trader's."""
    desk = Desk(symbol_info(liquidationFee="0.0001"), balance="5000", settings=PLAIN)
    desk.buy("1")
    desk.last("55200")

    assert desk.wallet() == Decimal("194.48")
    assert desk.rows("insurance") == []
