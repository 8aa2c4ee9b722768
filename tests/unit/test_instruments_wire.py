"""Reading exchangeInfo: made-up symbols for everything that a recording does not show."""

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from surefill.adapters.wire.instruments import RateLimit, parse_exchange_info, parse_instrument
from surefill.domain.errors import ValidationError
from surefill.domain.grid import LotSize, TickSize
from surefill.domain.instrument import Instrument

_ROW: dict[str, Any] = {
    "symbol": "ODDUSDT",
    "pair": "ODDUSDT",
    "contractType": "PERPETUAL",
    "status": "TRADING",
    "baseAsset": "ODD",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 4,
    "quantityPrecision": 2,
    "triggerProtect": "0.0500",
    "liquidationFee": "0.012500",
    "marketTakeBound": "0.05",
    "somethingNew": {"deep": [1.5]},
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.25", "maxPrice": "1000", "tickSize": "0.050"},
        {"filterType": "LOT_SIZE", "minQty": "0.5", "maxQty": "1000", "stepSize": "0.25"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.5", "maxQty": "120", "stepSize": "0.25"},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.1", "multiplierDown": "0.9", "multiplierDecimal": "4"},
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
        {"filterType": "A_NEW_FILTER", "anything": None},
    ],
    "orderTypes": ["LIMIT", "MARKET", "STOP_MARKET"],
}


def _row(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(_ROW) | changes


def _with_filter(kind: str, **changes: Any) -> dict[str, Any]:
    row = _row()
    row["filters"] = [listed | changes if listed["filterType"] == kind else listed for listed in row["filters"]]
    return row


def _without_filter(kind: str) -> dict[str, Any]:
    return _row(filters=[listed for listed in _ROW["filters"] if listed["filterType"] != kind])


def test_every_known_field_is_read() -> None:
    """A full row becomes an instrument with every rule in it; what is not known is ignored."""
    assert parse_instrument(_row()) == Instrument(
        symbol="ODDUSDT",
        status="TRADING",
        contract_type="PERPETUAL",
        base_asset="ODD",
        quote_asset="USDT",
        margin_asset="USDT",
        tick=TickSize("0.05", "0.25"),
        min_price=Decimal("0.25"),
        max_price=Decimal(1000),
        price_precision=4,
        lot=LotSize("0.25", "0.5", "1000"),
        market_lot=LotSize("0.25", "0.5", "120"),
        quantity_precision=2,
        min_notional=Decimal(5),
        multiplier_up=Decimal("1.1"),
        multiplier_down=Decimal("0.9"),
        max_open_orders=200,
        market_take_bound=Decimal("0.05"),
        trigger_protect=Decimal("0.05"),
        liquidation_fee=Decimal("0.0125"),
        position_control_side="NONE",
        order_types=frozenset({"LIMIT", "MARKET", "STOP_MARKET"}),
    )


def test_what_is_optional_may_be_missing() -> None:
    """Without the optional fields and filters there is no such rule, and LOT_SIZE holds for market orders."""
    row = _row(filters=_ROW["filters"][:2])
    for name in ("contractType", "triggerProtect", "liquidationFee", "marketTakeBound", "orderTypes"):
        del row[name]

    found = parse_instrument(row)

    assert found.market_lot == found.lot
    assert found.contract_type == ""
    assert (found.min_notional, found.multiplier_up, found.multiplier_down, found.max_open_orders) == (None,) * 4
    assert (found.trigger_protect, found.liquidation_fee, found.market_take_bound) == (None,) * 3
    assert (found.position_control_side, found.order_types) == ("NONE", frozenset())
    assert found.tradeable


def test_optional_filters_may_be_filled_with_nulls() -> None:
    """A null in an optional filter, or as a bound of the price, is no rule."""
    nulls = {"limit": None, "notional": None, "multiplierUp": None, "multiplierDown": None, "positionControlSide": None}
    row = _row(filters=[listed | dict.fromkeys(nulls.keys() & listed.keys()) for listed in _ROW["filters"]])
    row["filters"][0] |= {"minPrice": None, "maxPrice": None}
    row["filters"][1] |= {"maxQty": None}

    found = parse_instrument(row)

    assert (found.min_notional, found.multiplier_up, found.multiplier_down, found.max_open_orders) == (None,) * 4
    assert (found.tick, found.min_price, found.max_price) == (TickSize("0.05"), Decimal(0), Decimal(0))
    assert (found.lot.maximum, found.position_control_side) == (Decimal(0), "NONE")


@pytest.mark.parametrize("status", ["PENDING_TRADING", "PRE_DELIVERING", "SETTLING", "CLOSE", "A_NEW_STATUS"])
def test_symbols_that_do_not_trade_are_read_and_say_so(status: str) -> None:
    """A position on such a symbol may need closing, so its rules are read; opening one is refused by name."""
    found = parse_instrument(_row(status=status))

    assert not found.tradeable
    assert status in str(found.untradeable_reason)


@pytest.mark.parametrize("contract_type", ["", "PERPETUAL DELIVERING", "TRADIFI_PERPETUAL", None])
def test_contract_types_are_taken_as_they_come(contract_type: str | None) -> None:
    """The contract type is the exchange's word, whatever it is; it decides nothing here."""
    assert parse_instrument(_row(contractType=contract_type)).contract_type == (contract_type or "")


def test_symbols_in_other_scripts_are_symbols() -> None:
    """Symbols are what the exchange lists, not what an alphabet allows."""
    assert parse_exchange_info({"symbols": [_row(symbol="测试USDT")]}).instrument("测试USDT").symbol == "测试USDT"


def test_the_order_types_have_been_spelt_otherwise() -> None:
    """Both spellings of the key that the documentation has shown are read, and words only."""
    row = _row(OrderType=["LIMIT", None, "MARKET"])
    del row["orderTypes"]

    assert parse_instrument(row).order_types == {"LIMIT", "MARKET"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (_with_filter("PRICE_FILTER", tickSize="0"), "PRICE_FILTER.tickSize: must be greater than zero, was 0"),
        (_with_filter("PRICE_FILTER", tickSize="0.00"), "PRICE_FILTER.tickSize: must be greater than zero"),
        (_with_filter("PRICE_FILTER", tickSize=None), "PRICE_FILTER.tickSize: "),
        (_with_filter("PRICE_FILTER", tickSize=0.05), "PRICE_FILTER.tickSize: must be a Decimal, an int or a str"),
        (_with_filter("PRICE_FILTER", tickSize="1e-2"), "PRICE_FILTER.tickSize: must be a number in plain"),
        (_with_filter("PRICE_FILTER", minPrice="-1"), "minimum: must not be negative, was -1"),
        (_with_filter("PRICE_FILTER", maxPrice="0.1"), "max_price: must be 0 or at least the lowest price 0.25"),
        (_with_filter("LOT_SIZE", stepSize="0"), "LOT_SIZE.stepSize: must be greater than zero"),
        (_with_filter("LOT_SIZE", minQty=None), "LOT_SIZE.minQty: "),
        (_with_filter("LOT_SIZE", maxQty="0.1"), "maximum: must be 0 or at least the minimum 0.5, was 0.1"),
        (_with_filter("MARKET_LOT_SIZE", stepSize="0"), "MARKET_LOT_SIZE.stepSize: must be greater than zero"),
        (_with_filter("MIN_NOTIONAL", notional="five"), "MIN_NOTIONAL.notional: "),
        (_with_filter("MAX_NUM_ORDERS", limit="many"), "MAX_NUM_ORDERS.limit: "),
        (_with_filter("PERCENT_PRICE", multiplierUp="0"), "multiplier_up: must be greater than zero"),
        (_with_filter("LOT_SIZE", filterType=None), "filters.filterType: "),
        (_without_filter("PRICE_FILTER"), "PRICE_FILTER: must be among the filters, was missing"),
        (_without_filter("LOT_SIZE"), "LOT_SIZE: must be among the filters, was missing"),
        (_row(filters=_ROW["filters"] + _ROW["filters"][:1]), "must list 'PRICE_FILTER' once, was listed twice"),
        (_row(filters=None), "filters: must be a JSON array"),
        (_row(filters=[None]), "filters: must be a JSON object"),
        (_row(status=None), "symbol.status: "),
        (_row(pricePrecision="4"), "symbol.pricePrecision: "),
        (_row(quantityPrecision=-1), "symbol.quantityPrecision: "),
        (_row(quantityPrecision=31), "quantity_precision: must be an int from 0 to 30, was 31"),
        (_row(triggerProtect="lots"), "symbol.triggerProtect: "),
    ],
)
def test_rules_nobody_can_keep_are_refused_by_name(row: dict[str, Any], reason: str) -> None:
    """A symbol whose rules are missing, contradictory or no numbers is refused, naming symbol and reason."""
    with pytest.raises(ValidationError) as caught:
        parse_instrument(row)

    assert caught.value.field == "ODDUSDT"
    assert reason in caught.value.problem


@pytest.mark.parametrize(
    ("symbol", "field"),
    [(None, "symbol"), (7, "symbol"), ("", "''"), ("BTC\r\nUSDT", "'BTC\\r\\nUSDT'"), ("BTC\u202eT", "'BTC\\u202eT'")],
)
def test_symbols_without_a_decent_name_are_refused(symbol: object, field: str) -> None:
    """A symbol that is no text, or a text that would disorder a log, is refused, and shown escaped."""
    with pytest.raises(ValidationError) as caught:
        parse_instrument(_row(symbol=symbol))

    assert caught.value.field == field
    assert str(caught.value).isprintable()


def test_rows_are_read_when_asked_for() -> None:
    """A broken row stops nobody but the one who asks for that symbol; a read instrument is kept."""
    info = parse_exchange_info({"symbols": [_row(), _without_filter("LOT_SIZE") | {"symbol": "BROKENUSDT"}]})

    assert info.symbols() == ("ODDUSDT", "BROKENUSDT")
    assert info.instrument("ODDUSDT") is info.instrument("ODDUSDT")
    with pytest.raises(ValidationError, match="BROKENUSDT: LOT_SIZE"):
        info.instrument("BROKENUSDT")


@pytest.mark.parametrize(
    ("symbol", "text"),
    [
        ("BTCUSDT", "must be one that the exchange lists, was 'BTCUSDT'"),
        ("oddusdt", "was 'oddusdt'; did you mean ODDUSDT?"),
        ("ODDUSDT&side=SELL\r\n", "was 'ODDUSDT&side=SELL\\r\\n'"),
    ],
)
def test_symbols_must_be_listed(symbol: str, text: str) -> None:
    """Membership in the list is the test of a symbol, to the letter; a wrong case gets a hint."""
    with pytest.raises(ValidationError) as caught:
        parse_exchange_info({"symbols": [_row()]}).instrument(symbol)

    assert caught.value.field == "symbol"
    assert caught.value.problem.endswith(text)


def test_rate_limits_are_read() -> None:
    """Windows are given in milliseconds; one whose interval is an unknown word is left out."""
    limits = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
        {"rateLimitType": "ORDERS", "interval": "FORTNIGHT", "intervalNum": 1, "limit": 1},
    ]

    assert parse_exchange_info({"symbols": [], "rateLimits": limits}).rate_limits == (
        RateLimit("REQUEST_WEIGHT", 60_000, 2400),
        RateLimit("ORDERS", 10_000, 300),
    )
    assert parse_exchange_info({"symbols": []}).rate_limits == ()


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ({"data": {"symbols": []}}, "was a wrapper around one; hand in what stands under its 'data'"),
        ({"data": []}, "was an object without one"),
        ({"code": -1003, "msg": "Too many requests."}, "was an object without one"),
        ({"symbols": {}}, "was an object without one"),
        ('{"symbols": []}', "was a 'str'; hand in the decoded JSON answer, not its text"),
        ([], "was a 'list'"),
        (None, "was a 'NoneType'"),
        ({"symbols": [None]}, "symbols[0]: must be a JSON object"),
        ({"symbols": [_row(), {"symbol": 1}]}, "symbols[1].symbol: must be a text"),
        ({"symbols": [_row(), _row()]}, "must list a symbol once, was 'ODDUSDT' twice or more"),
        ({"symbols": [], "rateLimits": [{"interval": "MINUTE"}]}, "rateLimits"),
        ({"symbols": [], "rateLimits": 1}, "rateLimits"),
    ],
)
def test_only_an_exchange_info_is_one(raw: object, text: str) -> None:
    """Anything but the decoded answer is refused, saying what it was and what to hand in."""
    with pytest.raises(ValidationError) as caught:
        parse_exchange_info(raw).symbols()

    assert caught.value.field == "exchangeInfo"
    assert text in caught.value.problem


@pytest.mark.parametrize("read", [parse_exchange_info, parse_instrument])
def test_reading_changes_nothing(read: Callable[[Any], object]) -> None:
    """The row that was handed in is left as it was."""
    row = _row(symbols=[_row()])
    before = copy.deepcopy(row)

    read(row)

    assert row == before
