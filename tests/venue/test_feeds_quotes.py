from decimal import Context, Decimal, localcontext
from typing import Any

import attrs
import pytest

from surefill.adapters.venue.quotes import Candle, Quote, check_participation

BOOK = {"bid": Decimal("99.9"), "bid_quantity": Decimal(3), "ask": Decimal(100), "ask_quantity": Decimal(0)}
NUMBERS = {
    "open": Decimal(100), "high": Decimal(110), "low": Decimal(90), "close": Decimal(105), "volume": Decimal(7),
}  # fmt: skip


def quote(**fields: Any) -> Quote:
    return Quote(**{"at_ms": 5, "symbol": "BTCUSDT", **fields})


def candle(**fields: Any) -> Candle:
    return Candle(**{"open_ms": 5, "close_ms": 9, "symbol": "BTCUSDT", **NUMBERS, **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"last": Decimal(1)},
        {"mark": Decimal("0.00000001")},
        BOOK,
        {"bid": Decimal(1), "bid_quantity": Decimal(1)},
        {"ask": Decimal(1), "ask_quantity": Decimal(1)},
        {"last": Decimal(1), "liquidity": Decimal(0)},
        {"last": Decimal("9" * 19)},
        {"last": Decimal("1E-18")},
    ],
)
def test_a_sound_quote_stands(fields: dict[str, Decimal]) -> None:
    """One price is enough for a quote; one side of a book may come alone; a size may be 0."""
    assert {name: getattr(quote(**fields), name) for name in fields} == fields


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "this one was empty"),
        ({"last": Decimal(0)}, "last must be above 0, was 0"),
        ({"last": Decimal(-1)}, "last must not be negative, was -1"),
        ({"last": Decimal("-0")}, "last must not be negative, was -0"),
        ({"mark": Decimal("NaN")}, "mark must be finite, was NaN"),
        ({"mark": Decimal("sNaN")}, "mark must be finite, was sNaN"),
        ({"last": Decimal("Infinity")}, "last must be finite, was Infinity"),
        ({"last": Decimal("1E+19")}, "last must lie between 1e-18 and 1e19"),
        ({"last": Decimal("1E-19")}, "last must lie between 1e-18 and 1e19"),
        ({"last": Decimal("1." + "0" * 39)}, "at most 40 characters"),
        ({"bid": Decimal(1)}, "bid and bid_quantity come together"),
        ({"ask_quantity": Decimal(1)}, "ask and ask_quantity come together"),
        ({"bid": Decimal(0), "bid_quantity": Decimal(1)}, "bid must be above 0"),
        ({"ask": Decimal(1), "ask_quantity": Decimal(-1)}, "ask_quantity must not be negative"),
        ({**BOOK, "bid": Decimal(100)}, "bid 100 was not below ask 100"),
        ({**BOOK, "last": Decimal(1), "liquidity": Decimal(1)}, "liquidity describes a synthetic book"),
        ({"mark": Decimal(1), "liquidity": Decimal(1)}, "liquidity describes a synthetic book"),
        ({"last": Decimal(1), "at_ms": -1}, "at_ms must be whole milliseconds since the epoch, was -1"),
        ({"last": Decimal(1), "at_ms": True}, "at_ms must be whole milliseconds since the epoch, was True"),
        ({"last": Decimal(1), "at_ms": 1.0}, "at_ms must be whole milliseconds since the epoch, was 1.0"),
        ({"last": Decimal(1), "symbol": ""}, "symbol must be a non-empty text, was ''"),
    ],
)
def test_an_unsound_quote_cannot_exist(fields: dict[str, Any], reason: str) -> None:
    """Whatever is wrong with a quote is named, with the field and its value."""
    with pytest.raises(ValueError, match=reason.replace("+", r"\+")):
        quote(**fields)


@pytest.mark.parametrize("value", [1.5, 1, "1"])
def test_a_number_that_is_no_decimal_is_refused(value: object) -> None:
    """Floats, ints and texts do not become prices by themselves."""
    with pytest.raises(TypeError, match=f"last must be a Decimal, was {type(value).__name__}"):
        quote(last=value)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"close_ms": 5}, "close_ms 5 was not after open_ms 5"),
        ({"open_ms": -5}, "open_ms must be whole milliseconds"),
        ({"close_ms": "9"}, "close_ms must be whole milliseconds"),
        ({"symbol": None}, "symbol must be a non-empty text, was None"),
        ({"high": Decimal(80)}, "high 80 was below low 90"),
        ({"open": Decimal(111)}, "open 111 was outside low 90 to high 110"),
        ({"open": Decimal(89)}, "open 89 was outside low 90 to high 110"),
        ({"close": Decimal(111)}, "close 111 was outside low 90 to high 110"),
        ({"close": Decimal(89)}, "close 89 was outside low 90 to high 110"),
        ({"low": Decimal(0)}, "low must be above 0"),
        ({"volume": Decimal(-1)}, "volume must not be negative"),
        ({"participation": Decimal("1.01")}, "participation must be at most 1, was 1.01"),
        ({"participation": Decimal("-0.1")}, "participation must not be negative"),
    ],
)
def test_an_unsound_candle_cannot_exist(fields: dict[str, Any], reason: str) -> None:
    """Whatever is wrong with a candle is named, with the field and its value."""
    with pytest.raises(ValueError, match=reason):
        candle(**fields)


@pytest.mark.parametrize(
    ("volume", "participation", "liquidity"),
    [
        ("78089.77", "0.10", "7808.97700000"),
        ("0.00000019", "0.10", "0.00000001"),
        ("0", "0.10", "0"),
        ("1234567890123456789.12345678", "0.99999999", "1234567877777777887.88888888"),
        ("7", "0", "0"),
        ("7", "1", "7"),
    ],
)
def test_liquidity_is_a_share_of_the_volume_rounded_down(volume: str, participation: str, liquidity: str) -> None:
    """The size of a candle is exact to 8 decimals, never more than its share, under any decimal context."""
    with localcontext(Context(prec=2)):
        size = candle(volume=Decimal(volume), participation=Decimal(participation)).liquidity

    assert size == Decimal(liquidity)


def test_liquidity_without_participation_is_unlimited() -> None:
    """No participation means no limit from the volume, not a limit of nothing."""
    assert candle(participation=None).liquidity is None


def test_the_default_share_of_the_volume_is_a_tenth() -> None:
    """A candle that says nothing else lets orders take 10 % of its volume on each side."""
    assert candle(volume=Decimal(50)).liquidity == Decimal(5)


def test_quotes_and_candles_do_not_change() -> None:
    """Both are values: changing one is an error, equal ones are equal and hash alike."""
    one, other = quote(last=Decimal(1)), quote(last=Decimal("1.0"))

    assert one == other
    assert hash(one) == hash(other)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        one.last = Decimal(2)  # type: ignore[misc]  # the refusal is the point
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        candle().volume = Decimal(2)  # type: ignore[misc]  # the refusal is the point


def test_participation_may_be_checked_ahead() -> None:
    """A share from 0 to 1 passes."""
    check_participation(Decimal(0))
    check_participation(Decimal(1))
