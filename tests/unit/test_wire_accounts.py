"""Positions, wallet, settings and prices as Binance shows them become the domain's."""

from decimal import Decimal

import pytest

from surefill.adapters.wire.accounts import (
    parse_balances,
    parse_position_mode,
    parse_positions,
    parse_symbol_settings,
)
from surefill.adapters.wire.fields import Fields, ParseError, rows
from surefill.adapters.wire.prices import parse_last, parse_mark
from surefill.domain.side import Direction, MarginType, PositionMode, PositionSide
from tests.wire_script import NOW_MS


def position_row(**changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "symbol": "BTCUSDT",
        "positionSide": "BOTH",
        "positionAmt": "-0.010",
        "entryPrice": "64210.55",
        "markPrice": "64300.12000000",
        "unRealizedProfit": "-0.89570000",
        "liquidationPrice": "0",
    }
    return row | changes


def test_a_position_is_read_whole() -> None:
    """A short has a negative amount; a liquidation price of 0 means none."""
    (held,) = parse_positions([position_row()])

    assert (held.amount, held.direction, held.position_side) == (
        Decimal("-0.010"),
        Direction.SHORT,
        PositionSide.BOTH,
    )
    assert (held.entry_price, held.mark_price) == (Decimal("64210.55"), Decimal("64300.12000000"))
    assert (held.unrealized_pnl, held.liquidation_price) == (Decimal("-0.89570000"), None)
    (other,) = parse_positions([position_row(positionSide="LONG", liquidationPrice="51000.5")])
    assert (other.position_side, other.liquidation_price) == (PositionSide.LONG, Decimal("51000.5"))


@pytest.mark.parametrize("amount", ["0", "0.000", "-0.000"])
def test_flat_rows_are_left_out(amount: str) -> None:
    """Flat is an empty list or a row with amount 0, however many digits it has."""
    assert parse_positions([position_row(positionAmt=amount)]) == ()
    assert parse_positions([]) == ()


def test_balances_are_read() -> None:
    """One row per asset; the open profit may be missing."""
    row = {"asset": "USDT", "balance": "1500.12345678", "availableBalance": "1436.7", "crossUnPnl": "0.5"}
    full, bare = parse_balances([row, {**row, "crossUnPnl": None}])

    assert (full.asset, full.wallet, full.available) == ("USDT", Decimal("1500.12345678"), Decimal("1436.7"))
    assert (full.unrealized, bare.unrealized) == (Decimal("0.5"), Decimal(0))


def test_the_position_mode_is_read_and_never_guessed() -> None:
    """True is hedge, false one-way; a missing flag is refused."""
    assert parse_position_mode({"dualSidePosition": True}) is PositionMode.HEDGE
    assert parse_position_mode({"dualSidePosition": False}) is PositionMode.ONE_WAY
    with pytest.raises(ParseError, match="dualSidePosition"):
        parse_position_mode({})


def test_settings_of_one_symbol_are_picked_out() -> None:
    """SymbolConfig is a list; a symbol that is not in it has no settings."""
    body = [
        {"symbol": "ETHUSDT", "marginType": "CROSSED", "leverage": 3},
        {"symbol": "BTCUSDT", "marginType": "ISOLATED", "leverage": 21},
    ]

    found = parse_symbol_settings(body, "BTCUSDT")

    assert found is not None
    assert (found.symbol, found.leverage, found.margin_type) == ("BTCUSDT", 21, MarginType.ISOLATED)
    assert parse_symbol_settings(body, "XRPUSDT") is None


def test_prices_are_read_and_positive() -> None:
    """Mark and last price come with their time; a price of 0 is refused."""
    mark = parse_mark({"symbol": "BTCUSDT", "markPrice": "64300.12", "time": NOW_MS})
    last = parse_last({"symbol": "BTCUSDT", "price": "64299.9", "time": NOW_MS})

    assert (mark.price, last.price, last.at_ms) == (Decimal("64300.12"), Decimal("64299.9"), NOW_MS)
    with pytest.raises(ParseError, match="above 0"):
        parse_last({"symbol": "BTCUSDT", "price": "0", "time": NOW_MS})


@pytest.mark.parametrize(
    ("read", "value", "problem"),
    [
        ("integer", True, "was bool"),
        ("integer", 2**63, "was int"),
        ("integer", "7", "was '7'"),
        ("identifier", "7" * 20, "was '7"),
        ("identifier", "٧", "was '"),
        ("text", 7, "was int"),
        ("decimal", 1.5, "was a 'float'"),
        ("decimal", "1e5", "plain decimal notation"),
        ("flag", "yes", "was 'yes'"),
    ],
)
def test_each_field_has_one_type(read: str, value: object, problem: str) -> None:
    """A value of another type is refused, by a text that names field, expectation and value."""
    with pytest.raises(ParseError, match=r"row\.field") as caught:
        getattr(Fields({"field": value}, "row"), read)("field")

    assert problem in str(caught.value)


def test_lists_and_objects_are_told_apart() -> None:
    """A list where an object belongs, and the reverse, is refused."""
    with pytest.raises(ParseError, match="must be a JSON array, was dict"):
        rows({}, "rows")
    with pytest.raises(ParseError, match="must be a JSON object, was list"):
        Fields([], "row")


def test_flags_may_be_words() -> None:
    """Binance sends some booleans as texts."""
    assert [Fields({"field": value}, "row").flag("field") for value in ("true", "false", None, True)] == [
        True,
        False,
        False,
        True,
    ]
