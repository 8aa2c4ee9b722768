"""An instrument's rules, one by one."""

from decimal import Decimal
from typing import Any

import attrs
import pytest

from surefill.domain.errors import ValidationError
from surefill.domain.grid import LotSize, TickSize
from surefill.domain.instrument import Instrument
from surefill.domain.refusal import Refusal
from surefill.domain.side import Direction, Side

_BTC = Instrument(
    symbol="BTCUSDT",
    status="TRADING",
    contract_type="PERPETUAL",
    base_asset="BTC",
    quote_asset="USDT",
    margin_asset="USDT",
    tick=TickSize("0.10", "556.80"),
    min_price=Decimal("556.80"),
    max_price=Decimal(4529764),
    price_precision=2,
    lot=LotSize("0.001", "0.001", "1000"),
    market_lot=LotSize("0.001", "0.001", "120"),
    quantity_precision=3,
    min_notional=Decimal(50),
    multiplier_up=Decimal("1.05"),
    multiplier_down=Decimal("0.95"),
    max_open_orders=200,
    market_take_bound=Decimal("0.05"),
    trigger_protect=Decimal("0.05"),
    liquidation_fee=Decimal("0.0125"),
    order_types=frozenset({"LIMIT", "MARKET", "STOP_MARKET", "TAKE_PROFIT_MARKET"}),
)
_MARK = Decimal(60000)


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ("64210.5", []),
        ("556.80", []),
        ("4529764", []),
        ("64210.55", [(Refusal.OFF_GRID, "tickSize")]),
        ("64210.555", [(Refusal.OFF_GRID, "pricePrecision"), (Refusal.OFF_GRID, "tickSize")]),
        ("556.7", [(Refusal.PRICE_BAND, "minPrice")]),
        ("4529764.1", [(Refusal.PRICE_BAND, "maxPrice")]),
        ("0", [(Refusal.PRICE_BAND, "greater than zero"), (Refusal.PRICE_BAND, "minPrice")]),
        ("-0.1", [(Refusal.PRICE_BAND, "greater than zero"), (Refusal.PRICE_BAND, "minPrice")]),
    ],
)
def test_prices_are_held_to_every_rule(price: str, expected: list[tuple[Refusal, str]]) -> None:
    """Each broken rule of a price is named, in the exchange's order, with the field, the rule and the value."""
    found = _BTC.price_violations(Decimal(price), field="stop_loss")

    assert [refusal for refusal, _ in expected] == [violation.refusal for violation in found]
    for violation, (_, rule) in zip(found, expected, strict=True):
        assert violation.field == "stop_loss"
        assert rule in violation.text
        assert violation.text.endswith(f", was {price}")


@pytest.mark.parametrize(
    ("side", "price", "allowed"),
    [
        (Side.BUY, "63000", True),
        (Side.BUY, "63000.1", False),
        (Side.BUY, "1000", True),
        (Side.SELL, "57000", True),
        (Side.SELL, "56999.9", False),
        (Side.SELL, "90000", True),
    ],
)
def test_limit_prices_stay_within_the_band(side: Side, price: str, *, allowed: bool) -> None:
    """A BUY may not be priced above the band around the mark nor a SELL below it; the far side is free."""
    found = _BTC.price_violations(Decimal(price), mark=_MARK, side=side)

    assert [violation.refusal for violation in found] == ([] if allowed else [Refusal.PRICE_BAND])


def test_no_band_without_a_mark_or_a_filter() -> None:
    """The band is not checked without mark and side, nor where the exchange lists none."""
    bandless = attrs.evolve(_BTC, multiplier_up=None, multiplier_down=None)

    assert _BTC.price_violations(Decimal(90000)) == ()
    assert _BTC.price_violations(Decimal(90000), mark=_MARK) == ()
    assert bandless.price_violations(Decimal(90000), mark=_MARK, side=Side.BUY) == ()
    assert bandless.price_violations(Decimal(1000), mark=_MARK, side=Side.SELL) == ()


def test_zero_disables_a_price_bound() -> None:
    """A lowest or highest price of 0 is no bound (Binance docs: PRICE_FILTER)."""
    boundless = attrs.evolve(_BTC, min_price=Decimal(0), max_price=Decimal(0))

    assert boundless.price_violations(Decimal("0.1")) == ()
    assert boundless.price_violations(Decimal("99999999.9")) == ()


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("0.010", []),
        ("120", []),
        ("120.001", [(Refusal.TOO_LARGE, "maxQty")]),
        ("0.0015", [(Refusal.OFF_GRID, "quantityPrecision"), (Refusal.OFF_GRID, "stepSize")]),
        ("0", [(Refusal.TOO_SMALL, "greater than zero"), (Refusal.TOO_SMALL, "minQty")]),
        ("-1", [(Refusal.TOO_SMALL, "greater than zero"), (Refusal.TOO_SMALL, "minQty")]),
    ],
)
def test_market_quantities_are_held_to_every_rule(quantity: str, expected: list[tuple[Refusal, str]]) -> None:
    """Each broken rule of a market order's quantity is named, with the field, the rule and the value."""
    found = _BTC.quantity_violations(Decimal(quantity), market=True)

    assert [refusal for refusal, _ in expected] == [violation.refusal for violation in found]
    for violation, (_, rule) in zip(found, expected, strict=True):
        assert violation.field == "quantity"
        assert rule in violation.text
        assert violation.text.endswith(f", was {quantity}")


def test_only_market_orders_know_the_market_lot() -> None:
    """What is too large for a market order may be a fine limit order."""
    assert _BTC.quantity_violations(Decimal(500), market=False) == ()
    assert [found.refusal for found in _BTC.quantity_violations(Decimal(1001), market=False)] == [Refusal.TOO_LARGE]


def test_market_orders_are_held_to_both_lots() -> None:
    """Where the two lot filters differ, a market order fits both."""
    coarse = attrs.evolve(_BTC, lot=LotSize("0.005", "0.010", "50"), market_lot=LotSize("0.002", "0.002", "120"))

    assert coarse.floor_quantity(Decimal("0.0599")) == Decimal("0.050")
    assert coarse.floor_quantity(Decimal("0.0099")) == 0
    assert [found.refusal for found in coarse.quantity_violations(Decimal(60), market=True)] == [Refusal.TOO_LARGE]
    assert [found.refusal for found in coarse.quantity_violations(Decimal("0.012"), market=True)] == [Refusal.OFF_GRID]


def test_the_market_lot_decides_where_the_two_exclude_each_other() -> None:
    """When no quantity fits both lot filters, market orders keep their own, so that a position can be closed."""
    odd = attrs.evolve(_BTC, lot=LotSize("1", "0.5"), market_lot=LotSize("1", "1", "10"))

    assert odd.floor_quantity(Decimal("2.7")) == 2
    assert odd.quantity_violations(Decimal(2), market=True) == ()
    assert odd.floor_quantity(Decimal("2.7"), market=False) == Decimal("2.5")


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("0.0129", "0.012"), ("0.001", "0.001"), ("0.0009", "0.000"), ("0", "0.000"), ("5000.5", "5000.500")],
)
def test_quantities_are_floored_to_a_size_or_to_nothing(quantity: str, expected: str) -> None:
    """Dust below the minimum becomes 0; a size above the maximum stays, for the check to name it."""
    assert expected == str(_BTC.floor_quantity(Decimal(quantity)))


def test_a_minimum_quantity_above_the_first_steps_makes_dust() -> None:
    """With a minimum of 100 and a step of 1, as some symbols have, 99.9 is dust and 100.9 is 100."""
    thousand = attrs.evolve(_BTC, lot=LotSize("1", "100"), market_lot=LotSize("1", "100"), quantity_precision=0)

    assert thousand.floor_quantity(Decimal("99.9")) == 0
    assert thousand.floor_quantity(Decimal("100.9")) == 100


@pytest.mark.parametrize(
    ("direction", "stop", "target"),
    [(Direction.LONG, "60000.1", "60000.0"), (Direction.SHORT, "60000.0", "60000.1")],
)
def test_triggers_round_toward_the_entry(direction: Direction, stop: str, target: str) -> None:
    """A stop is never looser than asked and a target never further: both round toward the entry."""
    asked = Decimal("60000.05")

    assert stop == str(_BTC.stop_price(direction, asked))
    assert target == str(_BTC.target_price(direction, asked))


@pytest.mark.parametrize("price", ["0", "-1", "NaN"])
def test_triggers_are_prices(price: str) -> None:
    """A stop or target of zero, below, or of no value at all is a ValidationError, not something to round."""
    for round_trigger in (_BTC.stop_price, _BTC.target_price):
        with pytest.raises(ValidationError, match="price"):
            round_trigger(Direction.LONG, Decimal(price))


def test_a_tick_finer_than_the_precision_is_rounded_past() -> None:
    """Rounding keeps the most decimals accepted too, and a price on the tick with more of them is a violation."""
    fine = attrs.evolve(_BTC, tick=TickSize("0.0005"), price_precision=3)

    assert str(fine.stop_price(Direction.LONG, Decimal("60000.0005"))) == "60000.001"
    assert fine.format_price("60000.0005") == "60000.000"
    assert [found.text for found in fine.price_violations(Decimal("60000.0005"))] == [
        "must have at most 3 decimals (pricePrecision), was 60000.0005"
    ]


def test_a_precision_that_fits_no_point_is_named() -> None:
    """Where no point of the grid has few enough decimals, rounding keeps the tick, and the check says why not."""
    impossible = attrs.evolve(_BTC, tick=TickSize("0.5", "0.25"), min_price=Decimal(0), price_precision=1)
    stuck = attrs.evolve(_BTC, lot=LotSize("0.5", "0.25"), market_lot=LotSize("0.5", "0.25"), quantity_precision=1)

    rounded = impossible.stop_price(Direction.LONG, Decimal(1))
    assert str(rounded) == "1.25"
    assert "pricePrecision" in impossible.price_violations(rounded)[0].text
    assert str(stuck.floor_quantity(Decimal(1))) == "0.75"
    assert str(stuck.floor_quantity(Decimal(1), market=False)) == "0.75"
    assert "quantityPrecision" in stuck.quantity_violations(Decimal("0.75"), market=True)[0].text


@pytest.mark.parametrize(
    ("quantity", "reduce_only", "expected"),
    [
        ("0.001", False, []),
        ("0.001", True, []),
        ("120.001", True, [Refusal.TOO_LARGE]),
        ("0", False, [Refusal.TOO_SMALL, Refusal.TOO_SMALL, Refusal.TOO_SMALL]),
    ],
)
def test_market_orders_are_held_to_every_rule(quantity: str, expected: list[Refusal], *, reduce_only: bool) -> None:
    """A market order breaks the rules of its quantity and, unless it is reduce-only, the minimum notional at mark."""
    found = _BTC.order_violations(Side.BUY, Decimal(quantity), mark=_MARK, reduce_only=reduce_only)

    assert expected == [violation.refusal for violation in found]


@pytest.mark.parametrize(("mark", "expected"), [("50000", []), ("49999.9", [Refusal.TOO_SMALL])])
def test_the_notional_is_reckoned_at_the_mark(mark: str, expected: list[Refusal]) -> None:
    """Quantity times mark must reach the minimum exactly; a reduce-only order need not (Binance docs: MIN_NOTIONAL)."""
    quantity, price = Decimal("0.001"), Decimal(mark)

    assert expected == [
        found.refusal for found in _BTC.order_violations(Side.SELL, quantity, mark=price, reduce_only=False)
    ]
    assert _BTC.order_violations(Side.SELL, quantity, mark=price, reduce_only=True) == ()
    unlimited = attrs.evolve(_BTC, min_notional=None)
    assert unlimited.order_violations(Side.SELL, quantity, mark=price, reduce_only=False) == ()


def test_a_notional_too_small_is_explained() -> None:
    """The text says what the order is worth and what it must be worth."""
    (found,) = _BTC.order_violations(Side.BUY, Decimal("0.001"), mark=Decimal(10000), reduce_only=False)

    assert found.text == "BUY of 0.001 at mark 10000 is worth 10 USDT, must be worth at least 50"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "SETTLING"}, "only TRADING accepts new positions, the status was 'SETTLING'"),
        ({"status": "A_NEW_WORD"}, "the status was 'A_NEW_WORD'"),
        ({"position_control_side": "LONG"}, "the control side was 'LONG'"),
        ({"order_types": frozenset({"LIMIT", "STOP"})}, "the order types were LIMIT, STOP"),
    ],
)
def test_what_cannot_be_opened_can_be_closed(changes: dict[str, Any], reason: str) -> None:
    """A symbol that accepts no new position is refused by name for entries, and left to the exchange for exits."""
    closed = attrs.evolve(_BTC, **changes)

    assert not closed.tradeable
    assert reason in str(closed.untradeable_reason)
    (found,) = closed.order_violations(Side.BUY, Decimal("0.010"), mark=_MARK, reduce_only=False)
    assert (found.refusal, found.field) == (Refusal.SYMBOL_CLOSED, "symbol")
    assert found.text.startswith("BTCUSDT: ")
    assert reason in found.text
    assert closed.order_violations(Side.BUY, Decimal("0.010"), mark=_MARK, reduce_only=True) == ()


def test_tradeable_symbols_have_no_reason_not_to_be() -> None:
    """A trading symbol is tradeable, also where the exchange lists no order types."""
    assert _BTC.tradeable
    assert _BTC.untradeable_reason is None
    assert attrs.evolve(_BTC, order_types=frozenset()).tradeable


@pytest.mark.parametrize("mark", ["0", "-1", "NaN"])
def test_a_mark_is_a_price(mark: str) -> None:
    """A mark price that is no price is a ValidationError naming it, in whatever check it is needed."""
    for side in Side:
        with pytest.raises(ValidationError, match="mark"):
            _BTC.order_violations(side, Decimal(1), mark=Decimal(mark), reduce_only=False)
        with pytest.raises(ValidationError, match="mark"):
            _BTC.price_violations(Decimal(1), mark=Decimal(mark), side=side)


def test_numbers_are_formatted_downwards() -> None:
    """Prices and quantities are written rounded down with the grid's decimals, from any kind of number."""
    assert _BTC.format_price(Decimal("64210.5678")) == "64210.5"
    assert _BTC.format_price("64210.5678") == "64210.5"
    assert _BTC.format_price(64210) == "64210.0"
    assert _BTC.format_quantity(Decimal("0.01099")) == "0.010"
    assert _BTC.format_quantity("0.0001") == "0.000"
    with pytest.raises(ValidationError, match="price"):
        _BTC.format_price(64210.5)  # type: ignore[arg-type]  # a float is what must not pass
    with pytest.raises(ValidationError, match="quantity"):
        _BTC.format_quantity("-1")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"symbol": ""}, "symbol"),
        ({"symbol": "BTC\nUSDT"}, "symbol"),
        ({"symbol": "BTC\u202eUSDT"}, "symbol"),
        ({"symbol": None}, "symbol"),
        ({"status": None}, "status"),
        ({"margin_asset": 1}, "margin_asset"),
        ({"price_precision": -1}, "price_precision"),
        ({"price_precision": 31}, "price_precision"),
        ({"quantity_precision": "3"}, "quantity_precision"),
        ({"min_price": "556.80"}, "min_price"),
        ({"min_price": Decimal(-1)}, "min_price"),
        ({"max_price": Decimal("556.7")}, "max_price"),
        ({"min_notional": Decimal("NaN")}, "min_notional"),
        ({"multiplier_up": Decimal(0)}, "multiplier_up"),
        ({"multiplier_down": 1}, "multiplier_down"),
        ({"max_open_orders": -1}, "max_open_orders"),
        ({"max_open_orders": "200"}, "max_open_orders"),
    ],
)
def test_no_impossible_instrument_exists(changes: dict[str, Any], field: str) -> None:
    """An instrument with a nameless symbol, a wrong type or an impossible rule is refused, naming the field."""
    with pytest.raises(ValidationError) as caught:
        attrs.evolve(_BTC, **changes)

    assert caught.value.field == field
