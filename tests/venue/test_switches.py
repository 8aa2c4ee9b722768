"""What Binance does now and then, switched on by hand."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from surefill.adapters.venue import Curb, Switches
from tests.venue.desk import ALGO, BTC, ORDER, Desk


def everything(client_id: str) -> bool:
    return bool(client_id)


def only(name: str) -> Callable[[str], bool]:
    return lambda client_id: client_id == name


def test_a_curbed_order_fills_in_part_and_expires() -> None:
    """Of 0.010 a third is filled, rounded down to the lot; the rest is gone for want of a counterparty."""
    desk = Desk()
    desk.venue.switches.curb = Curb(concerns=everything, most=Decimal("0.0039"))

    answer = desk.buy()

    assert (answer["status"], answer["executedQty"]) == ("EXPIRED", "0.003")
    assert desk.amount() == Decimal("0.003")
    assert [row["expiry_reason"] for row in desk.rows("order")] == [0, 9]
    assert desk.venue.switches.struck == 1


@pytest.mark.parametrize("ends_as", ["EXPIRED", "EXPIRED_IN_MATCH"])
def test_a_curbed_order_may_fill_nothing(ends_as: str) -> None:
    """It ends as told, is final, and is gone after three days like every order without a fill."""
    desk = Desk()
    desk.venue.switches.curb = Curb(concerns=everything, ends_as=ends_as)

    desk.buy(newClientOrderId="e")

    found = desk.ok("GET", ORDER, symbol=BTC, origClientOrderId="e")
    assert (found["status"], found["executedQty"], desk.amount()) == (ends_as, "0.000", 0)
    assert desk.ok("GET", "/fapi/v1/openOrders") == []
    desk.wait(3 * 86_400_000 + 1)
    assert desk.code("GET", ORDER, symbol=BTC, origClientOrderId="e") == -2013


def test_the_rest_may_fill_later() -> None:
    """Until then the order is open and PARTIALLY_FILLED, its id taken; then it is FILLED by a second trade."""
    desk = Desk()
    desk.venue.switches.curb = Curb(concerns=everything, most=Decimal("0.004"), rest_after_ms=500)

    answer = desk.buy(newClientOrderId="e")
    desk.venue.switches.reset()
    taken = desk.code("POST", ORDER, **desk.order_terms(newClientOrderId="e"))
    desk.wait(499)
    before = desk.ok("GET", ORDER, symbol=BTC, origClientOrderId="e")
    desk.wait(1)
    after = desk.ok("GET", ORDER, symbol=BTC, origClientOrderId="e")

    assert (answer["status"], before["status"], after["status"]) == ("PARTIALLY_FILLED", "PARTIALLY_FILLED", "FILLED")
    assert taken == -4116
    assert [row["quantity"] for row in desk.fills()] == ["0.004", "0.006"]


def test_a_rest_that_was_cancelled_fills_nothing() -> None:
    """Its time comes, and it is gone."""
    desk = Desk()
    desk.venue.switches.curb = Curb(concerns=everything, rest_after_ms=500)
    desk.buy(newClientOrderId="e")

    desk.ok("DELETE", ORDER, symbol=BTC, origClientOrderId="e")
    desk.wait(1_000)

    assert desk.amount() == 0
    assert [row["status"] for row in desk.rows("order")] == ["NEW", "CANCELED"]


def test_a_stop_whose_child_is_curbed_is_finished_with_it() -> None:
    """The conditional order stays TRIGGERED until its child has filled the rest."""
    desk = Desk()
    desk.buy()
    desk.stop()
    desk.venue.switches.curb = Curb(concerns=everything, most=Decimal("0.004"), rest_after_ms=500)

    desk.last("58990")
    desk.wait(20)
    assert desk.algo("sl")["algoStatus"] == "TRIGGERED"
    desk.wait(500)

    assert (desk.algo("sl")["algoStatus"], desk.amount()) == ("FINISHED", 0)


def test_other_orders_are_not_curbed() -> None:
    """It concerns the ids it names."""
    desk = Desk()
    desk.venue.switches.curb = Curb(concerns=only("other"))

    assert desk.buy()["status"] == "FILLED"
    assert desk.venue.switches.struck == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"most": Decimal("NaN")},
        {"most": Decimal(-1)},
        {"most": 0.5},
        {"ends_as": "FILLED"},
        {"rest_after_ms": 0},
    ],
)
def test_a_curb_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    """Sizes are Decimals of 0 or more, ends are ends, times lie ahead."""
    with pytest.raises(ValueError, match=r"most|ends_as|rest_after_ms"):
        Curb(concerns=everything, **wrong)


def test_a_stop_rejected_when_it_triggers() -> None:
    """No margin is checked before the trigger; the position stays open, and the reason is told."""
    desk = Desk()
    desk.buy()
    desk.stop()
    desk.venue.switches.rejects = only("sl")

    desk.last("58990")
    desk.wait(20)

    assert (desk.algo("sl")["algoStatus"], desk.amount()) == ("REJECTED", Decimal("0.010"))
    assert desk.rows("algo")[-1]["reason"] == "Margin is insufficient."


def test_a_hidden_conditional_order_works_unseen() -> None:
    """Neither query nor lists show it, cancels do not find it, and it triggers all the same."""
    desk = Desk()
    desk.buy()
    desk.stop()
    desk.target()
    desk.venue.switches.hides = only("sl")

    assert desk.code("GET", ALGO, clientAlgoId="sl") == -2013
    assert desk.code("DELETE", ALGO, clientAlgoId="sl") == -2011
    shown = [desk.ok("GET", f"/fapi/v1/{path}", symbol=BTC) for path in ("openAlgoOrders", "allAlgoOrders")]
    assert [[row["clientAlgoId"] for row in rows] for rows in shown] == [["tp"], ["tp"]]
    desk.last("58990")
    desk.wait(20)
    assert desk.amount() == 0
    desk.venue.switches.reset()
    assert desk.algo("sl")["algoStatus"] == "FINISHED"


def test_a_hidden_regular_order_is_not_found() -> None:
    """Its fill and the position are shown."""
    desk = Desk()
    desk.venue.switches.hides = only("e")
    desk.buy(newClientOrderId="e")

    assert desk.code("GET", ORDER, symbol=BTC, origClientOrderId="e") == -2013
    assert desk.ok("GET", "/fapi/v1/allOrders", symbol=BTC) == []
    assert len(desk.ok("GET", "/fapi/v1/userTrades", symbol=BTC)) == 1


def test_fills_may_be_listed_late() -> None:
    """For a second userTrades does not know of the fill that the order shows."""
    desk = Desk()
    desk.venue.switches.trades_late_ms = 1_000
    desk.buy()

    desk.wait(999)
    assert desk.ok("GET", "/fapi/v1/userTrades", symbol=BTC) == []
    desk.wait(1)
    assert len(desk.ok("GET", "/fapi/v1/userTrades", symbol=BTC)) == 1
    assert desk.venue.switches.struck == 1


@pytest.mark.parametrize(("regime", "closing_passes"), [(-4109, False), (-4192, True), (-4400, True)])
def test_a_regime_refuses_what_opens(regime: int, *, closing_passes: bool) -> None:
    """An inactive account takes no order at all; the others let close and protect."""
    desk = Desk()
    desk.buy()
    desk.venue.switches.regime = regime

    assert desk.code("POST", ORDER, **desk.order_terms()) == regime
    assert desk.code("POST", ALGO, **desk.algo_terms()) == (0 if closing_passes else regime)
    assert desk.code("POST", ALGO, **desk.algo_terms(side="BUY", triggerPrice="61000", reduceOnly=None)) == regime
    closing = desk.order_terms(side="SELL", reduceOnly="true")
    assert desk.code("POST", ORDER, **closing) == (0 if closing_passes else regime)


def test_only_known_regimes() -> None:
    """Another code is a mistake of the test that sets it."""
    with pytest.raises(ValueError, match="regime must be None or one of"):
        Switches(regime=-1)


def test_a_key_that_lost_its_right_to_trade_reads_on() -> None:
    """Whatever changes something is refused with -2015; reads pass, and tell."""
    desk = Desk()
    desk.venue.switches.may_trade = False

    assert desk.call("POST", ORDER, **desk.order_terms()).status == 401
    assert desk.code("DELETE", ALGO, clientAlgoId="sl") == -2015
    assert desk.ok("GET", "/fapi/v1/accountConfig")["canTrade"] is False
    assert desk.ok("GET", "/fapi/v1/time")


def test_reset_puts_everything_back() -> None:
    """All but the count."""
    switches = Switches(
        curb=Curb(concerns=everything),
        sticks=everything,
        rejects=everything,
        hides=everything,
        trades_late_ms=1,
        regime=-4400,
        may_trade=False,
        struck=7,
    )

    switches.reset()

    assert switches == Switches(struck=7)


def test_multi_assets_mode_is_a_setting() -> None:
    """It can be set once each way, and is shown by both reads."""
    desk = Desk()
    path = "/fapi/v1/multiAssetsMargin"

    assert desk.ok("POST", path, multiAssetsMargin="true") == {"code": 200, "msg": "success"}
    assert desk.code("POST", path, multiAssetsMargin="true") == -4171
    assert desk.ok("GET", path) == {"multiAssetsMargin": True}
    assert desk.ok("GET", "/fapi/v1/accountConfig")["multiAssetsMargin"] is True
    assert desk.ok("POST", path, multiAssetsMargin="false")
    assert [row["value"] for row in desk.rows("setting")] == ["multi", "single"]
