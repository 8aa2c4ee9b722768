"""Leverage, margin type and position mode: what they accept and what stands in the way."""

import pytest

from surefill.adapters.venue import VenueSettings
from tests.venue.desk import ALGO, BTC, ETH, Desk

LEVERAGE = "/fapi/v1/leverage"
MARGIN = "/fapi/v1/marginType"
MODE = "/fapi/v1/positionSide/dual"
ROWS = [
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
        "notionalCap": 9000,
        "notionalFloor": 1000,
        "maintMarginRatio": "0.02",
        "cum": 10,
    },
]


def test_setting_the_leverage() -> None:
    """The answer names the notional allowed; setting it again succeeds without a second effect."""
    desk = Desk(brackets={BTC: ROWS})

    expected = {"leverage": 5, "maxNotionalValue": "9000", "symbol": BTC}
    assert desk.ok("POST", LEVERAGE, symbol=BTC, leverage=5) == expected
    assert desk.ok("POST", LEVERAGE, symbol=BTC, leverage=5) == expected
    assert desk.ok("GET", "/fapi/v1/symbolConfig", symbol=BTC)[0]["leverage"] == 5
    assert [(row["setting"], row["value"]) for row in desk.rows("setting")] == [("leverage", "5")]


@pytest.mark.parametrize(("leverage", "code"), [("0", -4028), ("51", -4028), ("2.5", -1100), ("", -1102)])
def test_leverage_outside_the_brackets(leverage: str, code: int) -> None:
    """Leverage is a whole number from 1 to that of the first bracket."""
    assert Desk(brackets={BTC: ROWS}).code("POST", LEVERAGE, symbol=BTC, leverage=leverage) == code


def test_a_position_may_be_too_large_for_a_leverage() -> None:
    """Leverage whose brackets do not carry the position is refused with -2027."""
    desk = Desk(brackets={BTC: ROWS})
    desk.ok("POST", LEVERAGE, symbol=BTC, leverage=5)
    desk.buy("0.100")

    assert desk.code("POST", LEVERAGE, symbol=BTC, leverage=6) == -2027


def test_a_wallet_may_be_too_small_for_a_leverage() -> None:
    """Lowering the leverage beyond the free margin is refused with -2028 and changes nothing."""
    desk = Desk(balance="1000")
    desk.buy("0.100")

    assert desk.code("POST", LEVERAGE, symbol=BTC, leverage=5) == -2028
    assert desk.ok("GET", "/fapi/v1/symbolConfig", symbol=BTC)[0]["leverage"] == 20
    assert desk.code("POST", LEVERAGE, symbol=BTC, leverage=10) == 0


def test_an_isolated_position_keeps_its_leverage() -> None:
    """Lowering the leverage of an isolated position is refused with -4161, raising it is not."""
    desk = Desk()
    desk.ok("POST", MARGIN, symbol=BTC, marginType="ISOLATED")
    desk.buy()

    assert desk.code("POST", LEVERAGE, symbol=BTC, leverage=10) == -4161
    assert desk.code("POST", LEVERAGE, symbol=BTC, leverage=40) == 0


def test_setting_the_margin_type() -> None:
    """It changes once; what is so already answers -4046; an unknown word is refused."""
    desk = Desk()

    assert desk.code("POST", MARGIN, symbol=BTC, marginType="CROSSED") == -4046
    assert desk.ok("POST", MARGIN, symbol=BTC, marginType="ISOLATED") == {"code": 200, "msg": "success"}
    assert desk.code("POST", MARGIN, symbol=BTC, marginType="ISOLATED") == -4046
    assert desk.code("POST", MARGIN, symbol=BTC, marginType="CROSS") == -1130
    assert desk.ok("GET", "/fapi/v1/symbolConfig", symbol=BTC)[0]["marginType"] == "ISOLATED"
    assert desk.ok("GET", "/fapi/v1/symbolConfig", symbol=ETH)[0]["marginType"] == "CROSSED"


@pytest.mark.parametrize(("blocks", "code"), [(True, -4047), (False, 0)])
def test_orders_block_the_margin_type(*, blocks: bool, code: int) -> None:
    """Whether resting conditional orders count as open orders is a switch, on by default."""
    desk = Desk(settings=VenueSettings(algo_orders_block_settings=blocks))
    desk.stop()

    assert desk.code("POST", MARGIN, symbol=BTC, marginType="ISOLATED") == code


def test_a_position_blocks_the_margin_type() -> None:
    """With a position the margin type is refused with -4048."""
    desk = Desk()
    desk.buy()

    assert desk.code("POST", MARGIN, symbol=BTC, marginType="ISOLATED") == -4048


def test_setting_the_position_mode() -> None:
    """It changes while flat without orders: -4059 when so already, -4067 for orders, -4068 for positions."""
    desk = Desk()
    assert desk.code("POST", MODE, dualSidePosition="false") == -4059
    assert desk.code("POST", MODE) == -1102
    desk.stop()
    assert desk.code("POST", MODE, dualSidePosition="true") == -4067
    desk.ok("DELETE", ALGO, clientAlgoId="sl")
    desk.buy()
    assert desk.code("POST", MODE, dualSidePosition="true") == -4068
    desk.sell()

    assert desk.ok("POST", MODE, dualSidePosition="true") == {"code": 200, "msg": "success"}

    assert desk.ok("GET", MODE) == {"dualSidePosition": True}
    assert desk.rows("setting")[-1]["value"] == "hedge"
    assert desk.ok("POST", MODE, dualSidePosition="FALSE") == {"code": 200, "msg": "success"}
    assert desk.rows("setting")[-1]["value"] == "one-way"
