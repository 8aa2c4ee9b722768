"""The books balance to the last digit, whatever happens."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.venue import FillModel, NoSlippage, VenueSettings
from surefill.adapters.venue.position import Position
from tests.venue.desk import BTC, ORDER, Desk
from tests.venue.scenario import Day, days, run

MONEY = ("fee", "realized_pnl", "balance_change")


def exact(value: object) -> Fraction:
    return Fraction(str(value))


@given(days())
def test_the_wallet_is_start_plus_profit_minus_fees(day: Day) -> None:
    """The end balance is exactly the opening one plus realised profits, minus fees, plus insurance."""
    desk = run(day)

    fills = desk.fills()
    given_back = sum((exact(row["balance_change"]) for row in desk.rows("insurance")), Fraction(0))
    earned = sum((exact(row["realized_pnl"]) - exact(row["fee"]) for row in fills), Fraction(0))
    last = [row["balance_after"] for row in desk.venue.ledger.rows if "balance_after" in row][-1]
    assert exact(last) == Fraction(day.balance) + earned + given_back


@given(days())
def test_every_change_of_the_wallet_is_accounted_for(day: Day) -> None:
    """Each row's balance_after is the one before plus its balance_change, starting from zero."""
    balance = Fraction(0)
    for row in run(day).venue.ledger.rows:
        if "balance_change" in row:
            balance += exact(row["balance_change"])
            assert exact(row["balance_after"]) == balance
            if row["kind"] == "fill":
                assert exact(row["balance_change"]) == exact(row["realized_pnl"]) - exact(row["fee"])


@given(days())
def test_a_position_is_the_sum_of_its_fills(day: Day) -> None:
    """The amount of each position row equals the signed sum of the fills up to it."""
    amounts: dict[object, Fraction] = {}
    for row in run(day).venue.ledger.rows:
        side = row.get("position_side")
        if row["kind"] == "fill":
            signed = exact(row["quantity"]) * (1 if row["side"] == "BUY" else -1)
            amounts[side] = amounts.get(side, Fraction(0)) + signed
        elif row["kind"] == "position":
            assert exact(row["amount"]) == amounts[side]


@given(days())
def test_a_closed_position_realised_its_sales_minus_its_purchases(day: Day) -> None:
    """From flat to flat the realised profits sum to sales minus purchases exactly, however it was scaled in and out."""
    books: dict[object, list[Fraction]] = {}
    for row in run(day).fills():
        book = books.setdefault(row["position_side"], [Fraction(0)] * 3)
        signed = exact(row["quantity"]) * (1 if row["side"] == "BUY" else -1)
        crossing = book[0] * (book[0] + signed) < 0
        book[0] += signed
        book[1] -= signed * exact(row["price"])
        book[2] += exact(row["realized_pnl"])
        if book[0] == 0 or crossing:
            # After a flip the open part was bought or sold at the price of this very fill.
            assert book[2] == book[1] + book[0] * exact(row["price"])


@given(days())
def test_the_available_balance_is_bounded(day: Day) -> None:
    """Available is never negative and never above wallet plus open profit; nothing is left off the books."""
    desk = run(day)

    row = desk.ok("GET", "/fapi/v3/balance")[0]
    backing = exact(row["crossWalletBalance"]) + exact(row["crossUnPnl"])
    assert 0 <= exact(row["availableBalance"]) <= max(backing, Fraction(0))
    assert exact(row["balance"]) >= exact(row["crossWalletBalance"])


@given(days())
def test_fees_are_half_a_per_mille_of_the_value(day: Day) -> None:
    """Every taker fee is 0.0005 times price times quantity, rounded half-even to eight decimals."""
    for row in run(day).fills():
        if not str(row["client_order_id"]).startswith("autoclose-"):
            value = exact(row["price"]) * exact(row["quantity"]) * Fraction("0.0005")
            assert exact(row["fee"]) == Fraction(round(value * 10**8), 10**8)


TRADES = st.lists(st.tuples(st.integers(-1000, 1000).filter(bool), st.integers(1, 10**9)), min_size=1, max_size=30)


@given(TRADES, st.sampled_from([1, 10, 10**6]))
def test_average_entry_accounting(trades: list[tuple[int, int]], step: int) -> None:
    """Adding averages the entry, reducing keeps it; the realised profit is exact up to the grain of each fill."""
    position = Position(BTC, "BOTH")
    entry, amount = Fraction(0), 0
    for delta, price in trades:
        closing = min(abs(delta), abs(amount)) if amount * delta < 0 else 0
        sign = 1 if amount > 0 else -1
        expected = sign * (price - entry) * closing
        realized = position.trade(delta, price, step)
        assert abs(realized - expected) <= Fraction(step) * len(trades)
        opened = abs(delta) - closing
        if opened and amount * delta >= 0:
            entry = (entry * abs(amount) + price * opened) / (abs(amount) + opened)
        elif opened:
            entry = Fraction(price)
        amount += delta
        assert position.amount == amount
        if amount == 0:
            assert position.cost == 0


def test_a_position_that_is_closed_leaves_no_cost_behind() -> None:
    """Closing everything realises the whole cost, whatever grain the parts were rounded to."""
    position = Position(BTC, "BOTH")
    position.trade(3, 101, cost_step=10)

    assert position.trade(-1, 200, cost_step=10) == 100
    assert position.trade(-2, 200, cost_step=10) == 197
    assert (position.amount, position.cost) == (0, 0)


def test_a_walk_through_add_reduce_and_flip() -> None:
    """Numbers a trader can check by hand: average 60500, then a profit of 2.5 and 7.5, then a short at 61000."""
    desk = Desk(
        balance="100000",
        settings=VenueSettings(
            fill=FillModel(slippage=NoSlippage(), synthetic_half_spread_ticks=0), taker_fee=Decimal(0)
        ),
    )
    desk.buy("0.010")
    desk.last("61000")
    desk.buy("0.010")
    desk.sell("0.005")
    desk.sell("0.025")

    assert [row["entry_price"] for row in desk.rows("position")] == ["60000", "60500", "60500", "61000"]
    assert [row["realized_pnl"] for row in desk.fills()] == ["0", "0", "2.5", "7.5"]
    assert desk.amount() == Decimal("-0.010")
    assert desk.wallet() == Decimal(100010)


def test_a_fill_with_a_rebate_adds_to_the_wallet() -> None:
    """A negative fee rate is a rebate: the fee is negative and the wallet grows."""
    desk = Desk(settings=VenueSettings(taker_fee=Decimal("-0.0001")))
    desk.buy()

    assert desk.fills()[0]["fee"] == "-0.0600002"
    assert desk.wallet() == Decimal("10000.0600002")


def test_income_tells_the_same_as_the_ledger() -> None:
    """The income rows sum to the wallet."""
    desk = Desk()
    desk.buy()
    desk.last("61000")
    desk.call("POST", ORDER, **desk.order_terms(side="SELL"))

    rows = desk.ok("GET", "/fapi/v1/income")
    assert sum(Decimal(row["income"]) for row in rows) == desk.wallet()
    assert [row["incomeType"] for row in rows] == ["TRANSFER", "COMMISSION", "COMMISSION", "REALIZED_PNL"]
