"""What the exchange does of its own accord, on command."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest

from surefill.adapters.venue import Venue
from surefill.adapters.venue.acts import AUTO_DELEVERAGE, AUTOCLOSE, SETTLEMENT
from tests.venue.desk import ALGO, BTC, ETH, ORDER, Desk


def balance(desk: Desk) -> Decimal:
    """What the ledger's rows add up to."""
    changes = (row.get("balance_change") for row in desk.venue.ledger.rows)
    return sum((Decimal(str(change)) for change in changes if change is not None), Decimal(0))


@pytest.mark.parametrize("by", [AUTOCLOSE, AUTO_DELEVERAGE, SETTLEMENT])
@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_the_exchange_closes_a_position(by: str, side: str) -> None:
    """At the mark price, under a client id that says who; what lived with the position expires, a liquidation costs."""
    desk = Desk()
    desk.buy(side=side)
    sign = 1 if side == "BUY" else -1
    closing = {"side": "SELL" if side == "BUY" else "BUY", "triggerPrice": str(60000 - sign * 1000)}
    desk.ok("POST", ALGO, **desk.close_terms(clientAlgoId="sl", **closing))
    before = desk.wallet()

    desk.venue.acts.close_position(BTC, by=by)

    fill = desk.fills()[-1]
    assert (fill["client_order_id"], fill["price"], fill["quantity"]) == (f"{by}1", "60000", "0.01")
    assert (Decimal(str(fill["fee"])) > 0) == (by == AUTOCLOSE)
    assert (desk.amount(), desk.algo("sl")["algoStatus"]) == (0, "EXPIRED")
    assert desk.wallet() - before == Decimal(str(fill["realized_pnl"])) - Decimal(str(fill["fee"]))


def test_deleveraging_may_take_a_part() -> None:
    """And never more than is held."""
    desk = Desk()
    desk.buy()

    desk.venue.acts.close_position(BTC, by=AUTO_DELEVERAGE, quantity=Decimal("0.004"))
    assert desk.amount() == Decimal("0.006")
    desk.venue.acts.close_position(BTC, by=AUTO_DELEVERAGE, quantity=Decimal(1))
    assert desk.amount() == 0
    assert [row["client_order_id"] for row in desk.fills()][1:] == ["adl_autoclose1", "adl_autoclose2"]


@pytest.mark.parametrize("status", ["EXPIRED", "CANCELED", "REJECTED"])
def test_the_exchange_ends_a_waiting_stop(status: str) -> None:
    """Nobody asked for it; its id is free again."""
    desk = Desk()
    desk.buy()
    desk.stop()

    desk.venue.acts.end_conditional("sl", status, "maintenance")

    assert desk.algo("sl")["algoStatus"] == status
    assert desk.rows("algo")[-1]["reason"] == "maintenance"
    desk.stop()


def test_stuck_orders_can_be_released() -> None:
    """What was kept TRIGGERING reaches the book; what waits for its trigger goes on waiting."""
    desk = Desk()
    desk.buy()
    desk.stop()
    desk.target()
    desk.venue.stick_triggers("sl")
    desk.last("58990")
    desk.wait(10_000)
    assert desk.algo("sl")["algoStatus"] == "TRIGGERING"

    desk.venue.acts.release_stuck()

    assert (desk.algo("sl")["algoStatus"], desk.algo("tp")["algoStatus"], desk.amount()) == ("FINISHED", "NEW", 0)


def test_a_forgotten_stop_is_as_if_it_had_never_been() -> None:
    """No query finds it, no price triggers it, its id and its place are free; the ledger remembers."""
    desk = Desk()
    desk.buy()
    desk.stop()

    desk.venue.acts.forget_conditional("sl")
    desk.last("58990")
    desk.wait(100)

    assert desk.code("GET", ALGO, clientAlgoId="sl") == -2013
    assert desk.ok("GET", "/fapi/v1/allAlgoOrders", symbol=BTC) == []
    assert desk.amount() == Decimal("0.010")
    assert [row["status"] for row in desk.rows("algo")] == ["NEW", "LOST"]


def entry_price(desk: Desk) -> str:
    rows = desk.ok("GET", "/fapi/v3/positionRisk", symbol=BTC)
    return rows[0]["entryPrice"] if rows else "0"


@pytest.mark.parametrize(
    "newest",
    [
        lambda desk: desk.buy("0.005", newClientOrderId="x"),
        lambda desk: desk.sell("0.004", newClientOrderId="x"),
        lambda desk: desk.sell("0.010", newClientOrderId="x"),
        lambda desk: desk.sell("0.017", newClientOrderId="x"),
    ],
    ids=["more", "less", "none", "turned round"],
)
def test_an_order_undone_leaves_no_trace_but_in_the_ledger(newest: Callable[[Desk], object]) -> None:
    """Position, entry price and wallet are what they were; order and trades are not found; the ledger adds up."""
    desk = Desk()
    desk.buy("0.007")
    desk.last("60300")
    desk.buy("0.003")
    desk.last("61000")
    before = (desk.amount(), entry_price(desk), desk.wallet())
    newest(desk)
    desk.wait(1)
    desk.stop("younger", side="BUY", triggerPrice="62000", quantity="0.001", reduceOnly=None)

    desk.venue.acts.undo_order(BTC, "x")

    assert (desk.amount(), entry_price(desk), desk.wallet()) == before
    assert balance(desk) == desk.wallet()
    assert desk.code("GET", ORDER, symbol=BTC, origClientOrderId="x") == -2013
    assert len(desk.ok("GET", "/fapi/v1/userTrades", symbol=BTC)) == 2
    assert desk.ok("GET", "/fapi/v1/openAlgoOrders") == []
    assert [row["kind"] for row in desk.venue.ledger.rows if row["kind"] == "rollback"] == ["rollback"]


def test_what_came_before_an_undone_order_stays() -> None:
    """An older stop goes on resting, unless it lived only as long as the position."""
    desk = Desk()
    desk.buy("0.010")
    desk.stop("older")
    desk.wait(1)
    desk.buy("0.005", newClientOrderId="x")

    desk.venue.acts.undo_order(BTC, "x")

    assert desk.algo("older")["algoStatus"] == "NEW"


@pytest.mark.parametrize(("side", "paid"), [("BUY", Decimal("0.06")), ("SELL", Decimal("-0.06"))])
def test_funding_is_paid_by_longs_and_got_by_shorts(side: str, paid: Decimal) -> None:
    """Notional at the mark times the rate, as a row of income and of the ledger."""
    desk = Desk()
    desk.buy(side=side)
    before = desk.wallet()

    desk.venue.acts.pay_funding(BTC, Decimal("0.0001"))
    desk.venue.acts.pay_funding(ETH, Decimal("0.0001"))

    assert desk.wallet() - before == -paid
    assert balance(desk) == desk.wallet()
    income = desk.ok("GET", "/fapi/v1/income", incomeType="FUNDING_FEE")
    assert [Fraction(row["income"]) for row in income] == [Fraction(-paid)]
    assert len(desk.rows("funding")) == 1


def test_money_comes_and_goes() -> None:
    """A transfer is a deposit row, out of the wallet when it is below zero."""
    desk = Desk()

    desk.venue.acts.transfer("USDT", Decimal("-9999.5"))

    assert (desk.wallet(), balance(desk)) == (Decimal("0.5"), Decimal("0.5"))
    assert desk.code("POST", ORDER, **desk.order_terms()) == -2019


def test_other_limits_are_in_force_at_once() -> None:
    """The listing shows them, what was used stays used, and limits not named are the documented ones."""
    desk = Desk()
    limits = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 3}]

    desk.venue.acts.change_rate_limits(limits)

    assert desk.ok("GET", "/fapi/v1/exchangeInfo")["rateLimits"] == limits
    assert desk.ok("GET", "/fapi/v1/rateLimit/order")[0]["limit"] == 300
    assert desk.call("GET", "/fapi/v1/ping").status == 200
    assert desk.call("GET", "/fapi/v1/ping").status == 429


def isolated(desk: Desk) -> Desk:
    desk.ok("POST", "/fapi/v1/marginType", symbol=BTC, marginType="ISOLATED")
    return desk


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        (lambda venue: venue.acts.close_position(BTC), "holds no position"),
        (lambda venue: venue.acts.close_position("NONE"), "is not listed"),
        (lambda venue: venue.acts.close_position(BTC, by="somebody"), "by must be"),
        (lambda venue: venue.acts.end_conditional("sl"), "is waiting"),
        (lambda venue: venue.acts.end_conditional("sl", "FILLED"), "status must be one of"),
        (lambda venue: venue.acts.forget_conditional("sl"), "is waiting"),
        (lambda venue: venue.acts.undo_order(BTC, "x"), "no finished order"),
        (lambda venue: venue.acts.transfer("USDT", Decimal("NaN")), "amount must be a finite Decimal"),
        (lambda venue: venue.acts.transfer("USDT", 1.5), "amount must be a finite Decimal"),
        (lambda venue: venue.show_before(on=True), "nothing was remembered"),
    ],
)
def test_what_cannot_be_done_is_refused(act: Callable[[Venue], object], problem: str) -> None:
    """With nothing there that it could be done to, an act says so."""
    with pytest.raises(ValueError, match=problem):
        act(Desk().venue)


@pytest.mark.parametrize("quantity", [Decimal(0), Decimal(-1), Decimal("0.0000000001"), Decimal("Infinity")])
def test_a_size_that_cannot_be_closed_is_refused(quantity: Decimal) -> None:
    """Sizes are above zero and no finer than the units."""
    desk = Desk()
    desk.buy()

    with pytest.raises(ValueError, match="quantity must be"):
        desk.venue.acts.close_position(BTC, quantity=quantity)


def test_isolated_fills_cannot_be_undone() -> None:
    """Their margin was set apart, and nobody could say how much of it."""
    desk = isolated(Desk())
    desk.buy(newClientOrderId="x")

    with pytest.raises(ValueError, match="isolated margin"):
        desk.venue.acts.undo_order(BTC, "x")


def test_reads_from_before() -> None:
    """Orders, trades and positions are those of the moment remembered; prices are not, and what changes, changes."""
    desk = Desk()
    desk.venue.remember()
    desk.buy(newClientOrderId="e")
    desk.stop()
    desk.last("60500")

    desk.venue.show_before(on=True)

    assert (desk.amount(), desk.ok("GET", "/fapi/v1/openAlgoOrders")) == (0, [])
    assert desk.code("GET", ORDER, symbol=BTC, origClientOrderId="e") == -2013
    assert desk.ok("GET", "/fapi/v1/userTrades", symbol=BTC) == []
    assert Decimal(desk.ok("GET", "/fapi/v1/ticker/price", symbol=BTC)["price"]) == 60500
    assert desk.code("POST", ALGO, **desk.algo_terms(clientAlgoId="sl")) == -4116
    desk.sell("0.004")
    assert desk.amount() == 0
    desk.venue.show_before(on=False)
    assert desk.amount() == Decimal("0.006")


def test_a_replica_changes_nothing() -> None:
    """An exchange that remembered leaves the ledger of one that did not."""
    ledgers = []
    for remembers in (False, True):
        desk = Desk()
        desk.buy()
        desk.stop()
        if remembers:
            desk.venue.remember()
        desk.last("58990")
        desk.wait(100)
        ledgers.append(list(desk.venue.ledger.to_jsonl()))

    assert ledgers[0] == ledgers[1]
