"""Every symbol of the recorded exchangeInfo answers. Counts are computed from the files, never written down here."""

import json
import pathlib
from decimal import Decimal
from typing import Any

import pytest

from surefill.adapters.wire.instruments import ExchangeInfo, parse_exchange_info, parse_instrument
from surefill.domain.errors import ValidationError
from surefill.domain.side import Direction

_WHOLE = ("mainnet-2021-09-06.json", "testnet-2025-03-06.json")


def _answer(recorded: pathlib.Path, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((recorded / "exchange-info" / name).read_text(encoding="utf-8"))
    return answer


def _filters(row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {listed["filterType"]: listed for listed in row["filters"]}


def _refusal(info: ExchangeInfo, symbol: str) -> ValidationError | None:
    try:
        info.instrument(symbol)
    except ValidationError as error:
        return error
    return None


@pytest.mark.parametrize("name", _WHOLE)
def test_every_symbol_is_read_or_refused_by_name(recorded: pathlib.Path, name: str) -> None:
    """Each symbol becomes an instrument or is refused by its name; those with whole rules all become one."""
    answer = _answer(recorded, name)
    info = parse_exchange_info(answer)

    assert info.symbols() == tuple(row["symbol"] for row in answer["symbols"])
    assert answer["symbols"]
    for row in answer["symbols"]:
        refusal = _refusal(info, row["symbol"])
        tick, step = _filters(row)["PRICE_FILTER"]["tickSize"], _filters(row)["LOT_SIZE"]["stepSize"]
        assert (refusal is None) is (Decimal(tick) > 0 and Decimal(step) > 0)
        assert refusal is None or refusal.field == row["symbol"]


@pytest.mark.parametrize("name", _WHOLE)
def test_what_does_not_trade_is_known(recorded: pathlib.Path, name: str) -> None:
    """Exactly the symbols whose status is TRADING may be opened."""
    answer = _answer(recorded, name)
    info = parse_exchange_info(answer)

    for row in answer["symbols"]:
        assert info.instrument(row["symbol"]).tradeable is (row["status"] == "TRADING")


@pytest.mark.parametrize("name", _WHOLE)
def test_the_exchanges_own_bounds_satisfy_its_rules(recorded: pathlib.Path, name: str) -> None:
    """Lowest and highest prices and quantities that the exchange names pass the checks, and rounding keeps them."""
    answer = _answer(recorded, name)
    info = parse_exchange_info(answer)

    for row in answer["symbols"]:
        instrument, filters = info.instrument(row["symbol"]), _filters(row)
        for bound in ("minPrice", "maxPrice"):
            price = Decimal(filters["PRICE_FILTER"][bound])
            assert instrument.price_violations(price) == ()
            for direction in Direction:
                assert instrument.stop_price(direction, price) == instrument.target_price(direction, price) == price
        for kind, market in (("LOT_SIZE", False), ("MARKET_LOT_SIZE", True)):
            quantity = Decimal(filters[kind]["minQty"])
            assert instrument.floor_quantity(quantity, market=market) == quantity
            if quantity:
                assert instrument.quantity_violations(quantity, market=market) == ()


@pytest.mark.parametrize("name", _WHOLE)
def test_every_grid_is_written_with_few_enough_decimals(recorded: pathlib.Path, name: str) -> None:
    """No text of a price or quantity has more decimals than the exchange accepts."""
    answer = _answer(recorded, name)
    info = parse_exchange_info(answer)

    for row in answer["symbols"]:
        instrument = info.instrument(row["symbol"])
        for written, decimals_max in (
            (instrument.format_price("123456.123456789"), row["pricePrecision"]),
            (instrument.format_quantity("123456.123456789"), row["quantityPrecision"]),
        ):
            assert len(written.partition(".")[2]) <= decimals_max


@pytest.mark.parametrize("name", _WHOLE)
def test_every_limiter_is_read(recorded: pathlib.Path, name: str) -> None:
    """All limiters of the answer are there, with their numbers."""
    answer = _answer(recorded, name)

    limits = parse_exchange_info(answer).rate_limits

    assert [limit["limit"] for limit in answer["rateLimits"]] == [limit.limit for limit in limits]
    assert [limit["rateLimitType"] for limit in answer["rateLimits"]] == [limit.kind for limit in limits]


def test_the_production_symbol_is_read_whole(recorded: pathlib.Path) -> None:
    """The recorded production row of a symbol, with every filter of today, becomes a tradeable instrument."""
    report = _answer(recorded, "production-btcusdt-2026-09-15.json")
    (row,) = [each["body"] for each in report["responses"] if "symbols[]" in each["request"]]
    (limits,) = [each["body"] for each in report["responses"] if "rateLimits" in each["request"]]
    filters = _filters(row)

    info = parse_exchange_info({"symbols": [row], "rateLimits": limits})
    instrument = info.instrument(row["symbol"])

    assert instrument == parse_instrument(row)
    assert instrument.tradeable
    assert instrument.tick.increment == Decimal(filters["PRICE_FILTER"]["tickSize"])
    assert instrument.tick.minimum == instrument.min_price == Decimal(filters["PRICE_FILTER"]["minPrice"])
    assert instrument.market_lot.maximum == Decimal(filters["MARKET_LOT_SIZE"]["maxQty"])
    assert instrument.min_notional == Decimal(filters["MIN_NOTIONAL"]["notional"])
    assert instrument.multiplier_up == Decimal(filters["PERCENT_PRICE"]["multiplierUp"])
    assert instrument.position_control_side == filters["POSITION_RISK_CONTROL"]["positionControlSide"]
    assert len(info.rate_limits) == len(limits)


def test_a_report_about_the_exchange_is_no_answer_of_it(recorded: pathlib.Path) -> None:
    """A file that merely contains exchangeInfo somewhere inside is refused with a clear message."""
    with pytest.raises(ValidationError, match="must be an object with a list under 'symbols'"):
        parse_exchange_info(_answer(recorded, "production-btcusdt-2026-09-15.json"))
