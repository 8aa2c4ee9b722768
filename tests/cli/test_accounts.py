"""Who earned what: the ledger of a replay, divided among its signals, and what a chart shows of it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.cli.accounts import Accounts, Row, SignalAccount
from surefill.cli.chart_marks import Level, levels_of, marks_of
from surefill.cli.equity import EquityCurve
from surefill.cli.track import INTERVALS, Track

STEMS = {f"sf-{letter * 28}": letter for letter in "abc"}


def fill(
    name: str, side: str, quantity: str, price: str = "100", pnl: str = "0", fee: str = "0", at_ms: int = 1
) -> Row:
    """A fill of the order called, for example, ``aE1``: signal a's first entry."""
    owner, leg = name[0], name[1:]
    client_id = name if leg.startswith("-") or len(name) > 3 else f"sf-{owner * 28}{leg}"
    return {
        "seq": 7,
        "time_ms": at_ms,
        "kind": "fill",
        "client_order_id": client_id,
        "side": side,
        "quantity": quantity,
        "price": price,
        "realized_pnl": pnl,
        "fee": fee,
    }


def assert_equal(found: object, expected: object) -> None:
    """Fail unless both are equal; typed as objects, so that a `Decimal` may be compared with an int."""
    assert found == expected


def accounts_after(*rows: Row) -> dict[str, SignalAccount]:
    accounts = Accounts(STEMS)
    accounts.read(rows)
    return accounts.accounts


def test_a_round_trip_belongs_to_its_signal() -> None:
    """Entry and stop of one signal: sizes, mean prices, profit, both fees and the end."""
    account = accounts_after(
        {"kind": "deposit", "balance_change": "5"},
        fill("aE1", "BUY", "2", "100", fee="0.10"),
        fill("aS1", "SELL", "2", "90", pnl="-20", fee="0.09"),
    )["a"]

    assert_equal((account.entered.average, account.left.average, account.closed_by), (100, 90, "STOP_LOSS"))
    assert_equal((account.realized_pnl, account.fees, account.open_quantity), (-20, Decimal("0.19"), 0))


def test_money_is_first_in_first_out_while_ends_follow_the_orders() -> None:
    """Two longs overlap and the younger is stopped out: its position ended, but the older one's size was realised."""
    after = accounts_after(
        fill("aE1", "BUY", "1"), fill("bE1", "BUY", "1", "110"), fill("bS1", "SELL", "1", "103", pnl="-2", fee="0.05")
    )

    assert_equal((after["a"].realized_pnl, after["a"].fees, after["a"].closed_by), (-2, Decimal("0.05"), None))
    assert_equal((after["b"].realized_pnl, after["b"].fees, after["b"].closed_by), (0, 0, "STOP_LOSS"))
    assert after["b"].left.average == 103


def test_an_exit_ends_the_oldest_first_and_is_shared_by_size() -> None:
    """A close over two entries: each bears its part of profit and fee, the last what rounding leaves."""
    after = accounts_after(
        fill("aE1", "SELL", "1"),
        fill("bE1", "SELL", "2"),
        fill("cX1", "BUY", "2.5", "90", pnl="1", fee="0.00000001"),
    )

    assert_equal((after["a"].realized_pnl, after["b"].realized_pnl), (Decimal("0.4"), Decimal("0.6")))
    assert_equal((after["a"].fees, after["b"].fees, after["c"].fees), (0, Decimal("1E-8"), 0))
    assert_equal((after["a"].closed_by, after["b"].closed_by, after["b"].open_quantity), ("EXIT", None, Decimal("0.5")))
    assert_equal(
        (after["c"].exited.quantity, after["c"].exited.average, after["c"].closed_by), (Decimal("2.5"), 90, None)
    )


def test_an_exit_of_a_bracket_ends_its_own_position_first() -> None:
    """When a signal's own bracket is flattened, it is that one that ended, not an older one."""
    after = accounts_after(fill("aE1", "BUY", "1"), fill("bE1", "BUY", "1"), fill("bX1", "SELL", "1"))

    assert_equal((after["a"].closed_by, after["b"].closed_by), (None, "EXIT"))


def test_a_liquidation_ends_everything() -> None:
    """The exchange's own order closes all, and says so, whatever came before."""
    after = accounts_after(
        fill("aE1", "BUY", "2"),
        fill("aS1", "SELL", "1", pnl="-1"),
        fill("bE1", "BUY", "1"),
        fill("autoclose-1", "SELL", "2", "50", pnl="-100", fee="2"),
    )

    assert_equal([after[name].closed_by for name in "ab"], ["LIQUIDATION", "LIQUIDATION"])
    assert sum(account.realized_pnl for account in after.values()) == -101


def test_a_fill_that_turns_a_position_is_split() -> None:
    """What closes goes to the old, what opens to the new, the fee to both by size."""
    after = accounts_after(fill("aE1", "BUY", "1"), fill("bE1", "SELL", "3", "120", pnl="20", fee="0.3"))

    assert_equal((after["a"].realized_pnl, after["a"].fees, after["a"].closed_by), (20, Decimal("0.1"), "EXIT"))
    assert_equal((after["b"].entered.quantity, after["b"].fees, after["b"].realized_pnl), (2, Decimal("0.2"), 0))


def test_funding_is_shared_by_open_size() -> None:
    """Funding goes to what is open at that moment; with nothing open there is nobody to share."""
    funding: Row = {"kind": "funding", "balance_change": "-0.3"}
    after = accounts_after(funding, fill("aE1", "BUY", "1"), fill("bE1", "BUY", "2"), funding)

    assert_equal([after[name].funding for name in "abc"], [Decimal("-0.1"), Decimal("-0.2"), 0])


def test_size_that_nobody_asked_for_is_an_error() -> None:
    """A fill that opens size for no signal of ours cannot be accounted for, and is not passed over."""
    with pytest.raises(ValueError, match="row 7: the fill of stranger opened size"):
        accounts_after(fill("stranger", "BUY", "1"))


NAMES = st.sampled_from(["aE1", "bE1", "cE1", "aS1", "bT1", "cX1", "autoclose-9"])
AMOUNTS = st.decimals(min_value="-50", max_value="50", places=9)
SIZES = st.decimals(min_value="0.001", max_value="5", places=3)


@given(st.lists(st.tuples(NAMES, st.sampled_from(["BUY", "SELL"]), SIZES, AMOUNTS, AMOUNTS), max_size=30))
def test_the_sums_over_signals_are_those_of_the_ledger(fills: list[tuple[str, str, Decimal, Decimal, Decimal]]) -> None:
    """Whatever fills there are, profits and fees of the signals add up to those of the fills, to the last digit."""
    accounts, net, rows = Accounts(STEMS), Decimal(0), list[Row]()
    for name, side, quantity, pnl, fee in fills:
        sign = 1 if side == "BUY" else -1
        closable = abs(net) if net * sign < 0 else Decimal(0)
        if "E" not in name and quantity > closable:
            continue  # only entries open
        net += sign * quantity
        rows.append(fill(name, side, f"{quantity:f}", "10", f"{pnl if closable else 0:f}", f"{fee:f}"))
    accounts.read(rows)

    for field, column in (("realized_pnl", "realized_pnl"), ("fees", "fee")):
        of_signals = sum((getattr(each, field) for each in accounts.accounts.values()), Decimal(0))
        assert of_signals == sum((Decimal(str(row[column])) for row in rows), Decimal(0))
    still_open = sum((each.open_quantity for each in accounts.accounts.values()), Decimal(0))
    assert still_open == abs(net)


def test_equity_is_wallet_plus_open_profit() -> None:
    """At every price equity is what the wallet holds and what the position would bring; the fall is from the peak."""
    curve = EquityCurve(Track(0, 100))
    curve.take([{"kind": "deposit", "balance_change": "1000"}, {"kind": "request"}])
    curve.mark(0, Decimal(0))
    curve.take([{**fill("aE1", "BUY", "2", "100", fee="1"), "balance_change": "-1"}])
    for at_ms, price in ((10, 110), (20, 90), (30, 95)):
        curve.mark(at_ms, Decimal(price))
    curve.take([{**fill("aS1", "SELL", "2", "95", pnl="-10", fee="1"), "balance_change": "-11"}])
    curve.mark(40, Decimal(7))

    assert_equal([interval.last for interval in curve.track.intervals], [1000, 1019, 979, 989, 988])
    assert curve.drawdown == 40


def test_a_track_keeps_the_extremes() -> None:
    """However many values an interval sees, low, high and last remain; what lies outside counts to the ends."""
    track = Track(1_000, 1_000 + INTERVALS * 100 - 1)
    for at_ms, value in ((0, 5), (1_050, 9), (1_099, 2), (1_100, 3), (9_999_999, 4)):
        track.add(at_ms, Decimal(value))

    found = [(each.at_ms, each.low, each.high, each.last) for each in track.intervals]
    assert_equal(found, [(1_099, 2, 9, 2), (1_100, 3, 3, 3), (9_999_999, 4, 4, 4)])


def stop(at_ms: int, status: str, algo_id: int = 1, kind: str = "STOP_MARKET") -> Row:
    return {
        "time_ms": at_ms,
        "kind": "algo",
        "algo_id": algo_id,
        "type": kind,
        "status": status,
        "trigger_price": "90",
    }


def test_levels_last_as_long_as_their_orders_rest() -> None:
    """A stop is a line from its birth to its first other state; one that rests at the end reaches the end."""
    rows: Iterable[Row] = [
        stop(1, "NEW"),
        stop(2, "NEW", 2, "TAKE_PROFIT_MARKET"),
        stop(3, "TRIGGERING"),
        stop(4, "FINISHED"),
        stop(5, "NEW", 3, "TRAILING_STOP_MARKET"),
        {"kind": "fill", "time_ms": 1},
    ]

    assert levels_of(rows, 9) == [Level("stop", Decimal(90), 1, 3), Level("target", Decimal(90), 2, 9)]


@pytest.mark.parametrize(
    ("name", "side", "what"),
    [
        ("aE1", "BUY", "long"),
        ("aE1", "SELL", "short"),
        ("aS1", "SELL", "stop"),
        ("aT1", "SELL", "target"),
        ("aX1", "SELL", "exit"),
        ("autoclose-1", "SELL", "liquidation"),
        ("stranger", "SELL", "other"),
    ],
)
def test_fills_are_marked_by_what_they_were(name: str, side: str, what: str) -> None:
    """Entries by direction, exits by what made them, and whatever is not ours as such."""
    rows: list[Any] = [fill(name, side, "1", at_ms=5), {"kind": "request"}]

    assert_equal([(mark.what, mark.at_ms, mark.price) for mark in marks_of(rows)], [(what, 5, 100)])
