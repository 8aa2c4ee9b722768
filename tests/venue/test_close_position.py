"""closePosition and good-till-expire: orders that live with the position."""

import pytest

from surefill.adapters.venue import VenueSettings
from tests.venue.desk import ALGO, BTC, ORDER, Desk, symbol_info


def status(desk: Desk, client_id: str) -> object:
    return desk.algo(client_id)["algoStatus"]


def test_close_position_closes_whatever_is_there_at_the_trigger() -> None:
    """The quantity is that of the position when the order triggers, also beyond the largest market lot."""
    desk = Desk(balance="100000000")
    desk.buy("100")
    desk.ok("POST", ALGO, **desk.close_terms(clientAlgoId="c"))
    desk.buy("100")
    desk.last("59000")
    desk.wait(20)

    assert desk.amount() == 0
    assert (status(desk, "c"), desk.algo("c")["actualQty"]) == ("FINISHED", "200.000")
    child = desk.ok("GET", ORDER, symbol=BTC, origClientOrderId="c")
    assert (child["closePosition"], child["reduceOnly"], child["origQty"]) == (True, True, "200.000")


def test_close_position_needs_a_position_of_the_right_side() -> None:
    """A SELL closes a long only: refused with -4509 while flat and while short."""
    desk = Desk()
    assert desk.code("POST", ALGO, **desk.close_terms()) == -4509
    desk.sell()
    assert desk.code("POST", ALGO, **desk.close_terms()) == -4509
    assert desk.code("POST", ALGO, **desk.close_terms(side="BUY", triggerPrice="61000")) == 0


def test_one_of_a_kind_and_direction() -> None:
    """A second closePosition stop is refused with -4130; a take-profit, or a plain stop, may stand beside it."""
    desk = Desk()
    desk.buy()
    desk.ok("POST", ALGO, **desk.close_terms(clientAlgoId="c"))

    assert desk.code("POST", ALGO, **desk.close_terms(triggerPrice="58000")) == -4130
    assert desk.code("POST", ALGO, **desk.close_terms(type="TAKE_PROFIT_MARKET", triggerPrice="61000")) == 0
    assert desk.code("POST", ALGO, **desk.algo_terms()) == 0
    desk.ok("DELETE", ALGO, clientAlgoId="c")
    assert desk.code("POST", ALGO, **desk.close_terms(triggerPrice="58000")) == 0


def test_it_expires_with_the_position() -> None:
    """When the position is closed by other means, closePosition and GTE_GTC orders expire, plain ones stay."""
    desk = Desk()
    desk.buy("0.020")
    desk.ok("POST", ALGO, **desk.close_terms(clientAlgoId="c"))
    desk.stop("gte", timeInForce="GTE_GTC")
    desk.stop("plain")

    desk.sell("0.010")
    assert [status(desk, name) for name in ("c", "gte", "plain")] == ["NEW", "NEW", "NEW"]
    desk.sell("0.010")

    assert [status(desk, name) for name in ("c", "gte", "plain")] == ["EXPIRED", "EXPIRED", "NEW"]


def test_it_expires_with_a_flip() -> None:
    """A flip ends the position it was bound to."""
    desk = Desk()
    desk.buy()
    desk.ok("POST", ALGO, **desk.close_terms(clientAlgoId="c"))

    desk.sell("0.020")

    assert status(desk, "c") == "EXPIRED"


def test_a_target_that_fills_expires_the_close_position_stop() -> None:
    """The mechanism that stands in for one-cancels-the-other: the sibling expires, it is not left over."""
    desk = Desk()
    desk.buy()
    desk.ok("POST", ALGO, **desk.close_terms(clientAlgoId="stop"))
    desk.ok("POST", ALGO, **desk.close_terms(clientAlgoId="target", type="TAKE_PROFIT_MARKET", triggerPrice="61000"))
    desk.last("61000")
    desk.wait(20)

    assert [status(desk, name) for name in ("stop", "target")] == ["EXPIRED", "FINISHED"]


def test_a_triggering_close_finds_the_position_gone() -> None:
    """When the position closes between trigger and book, the order is rejected, nothing is opened."""
    desk = Desk()
    desk.buy()
    desk.ok("POST", ALGO, **desk.close_terms(clientAlgoId="c"))
    desk.last("59000")
    desk.sell(reduceOnly="true")
    desk.wait(20)

    assert status(desk, "c") == "REJECTED"
    assert desk.amount() == 0


@pytest.mark.parametrize(
    ("side", "position_side", "trigger", "code"),
    [
        ("SELL", "LONG", "59000", 0),
        ("BUY", "SHORT", "61000", 0),
        ("BUY", "LONG", "61000", -1128),
        ("SELL", "SHORT", "59000", -1128),
    ],
)
def test_in_hedge_mode_it_closes_its_own_side_only(side: str, position_side: str, trigger: str, code: int) -> None:
    """SELL goes with LONG and BUY with SHORT; the other combinations are refused."""
    desk = Desk(settings=VenueSettings(hedge_mode=True))
    desk.buy("0.010", positionSide="LONG")
    desk.sell("0.010", positionSide="SHORT")

    terms = desk.close_terms(side=side, positionSide=position_side, triggerPrice=trigger)

    assert desk.code("POST", ALGO, **terms) == code


def test_the_other_side_of_a_hedge_keeps_its_orders() -> None:
    """Closing the long expires the orders bound to the long, not those of the short."""
    desk = Desk(settings=VenueSettings(hedge_mode=True))
    desk.buy("0.010", positionSide="LONG")
    desk.sell("0.010", positionSide="SHORT")
    desk.ok("POST", ALGO, **desk.close_terms(clientAlgoId="long", positionSide="LONG"))
    terms = desk.close_terms(clientAlgoId="short", positionSide="SHORT", side="BUY", triggerPrice="61000")
    desk.ok("POST", ALGO, **terms)

    desk.sell("0.010", positionSide="LONG")

    assert [status(desk, name) for name in ("long", "short")] == ["EXPIRED", "NEW"]


def test_a_closed_symbol_rejects_at_the_trigger() -> None:
    """A symbol that stopped trading meanwhile rejects the child."""
    desk = Desk(symbol_info(BTC))
    desk.buy()
    desk.ok("POST", ALGO, **desk.close_terms(clientAlgoId="c"))
    desk.venue.set_status(BTC, "SETTLING")
    desk.last("59000")
    desk.wait(20)

    assert desk.rows("algo")[-1]["reason"] == "Symbol is closed."
