"""The number gate and the exact arithmetic."""

import decimal
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from unittest.mock import Mock

import pytest

from surefill.domain.errors import ValidationError
from surefill.domain.numbers import (
    EXACT,
    MAX_DIGITS,
    decimal_of,
    decimal_places,
    magnitude,
    negated,
    non_negative,
    optional,
    plain,
    positive,
    ratio,
    text,
    trimmed,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("64210.50", "64210.50"),
        ("0", "0"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+7", "7"),
        ("-7.25", "-7.25"),
        ("007", "7"),
        (42, "42"),
        (-42, "-42"),
        (10**MAX_DIGITS - 1, "9" * MAX_DIGITS),
        (Decimal("64210.50"), "64210.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E+30"), "1" + "0" * 30),
        (Decimal("1E-30"), "0." + "0" * 29 + "1"),
        (Decimal("0E+5"), "0"),
        ("9" * MAX_DIGITS, "9" * MAX_DIGITS),
        ("0" * 60 + "1", "1"),
    ],
)
def test_numbers_keep_value_and_scale(value: object, expected: str) -> None:
    """A Decimal, an int or a plain text comes out as that very number, in fixed point."""
    assert expected == format(decimal_of(value, "price"), "f")


@pytest.mark.parametrize("zero", [Decimal("-0"), Decimal("-0.00"), Decimal("-0E+3"), "-0", "-0.0", 0])
def test_negative_zero_becomes_zero(zero: object) -> None:
    """No number that passes the gate is a negative zero, whose text would carry a sign."""
    assert not decimal_of(zero, "price").is_signed()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (Decimal("NaN"), "must be finite, was NaN"),
        (Decimal("-sNaN12"), "must be finite, was a signalling NaN"),
        (Decimal("-Infinity"), "must be finite, was infinite"),
        (Decimal("1E+31"), "must have an exponent within 30 of zero, was 31"),
        (Decimal("1E-31"), "must have an exponent within 30 of zero, was -31"),
        (Decimal("0E-31"), "must have an exponent within 30 of zero, was -31"),
        (Decimal("1E+999999"), "must have an exponent within 30 of zero, was 999999"),
        (Decimal("1.5E+30"), None),
        (Decimal("123456789012E+29"), "must have at most 40 significant digits, was 41 long"),
        (Decimal("1" * 41), "must have at most 40 significant digits, was 41 long"),
        ("0." + "1" * 31, "must have an exponent within 30 of zero, was -31"),
        ("1" * 41, "must have at most 40 significant digits, was 41 long"),
        ("1" * 101, "must have at most 100 characters, was 101 long"),
        (10**MAX_DIGITS, "must have at most 40 significant digits, was 41 long"),
        (-(10**1000), "must have at most 40 significant digits, was a larger int"),
        ("", "was ''"),
        (" 1", "was ' 1'"),
        ("1 ", "was '1 '"),
        ("1\n", "was '1\\n'"),
        ("1_000", "was '1_000'"),
        ("1,5", "was '1,5'"),
        ("1e5", "was '1e5'"),
        ("1E5", "was '1E5'"),
        ("１２", "was '\\uff11\\uff12'"),
        ("٣", "was '\\u0663'"),
        ("0x10", "was '0x10'"),
        ("NaN", "was 'NaN'"),
        ("Infinity", "was 'Infinity'"),
        (".", "was '.'"),
        ("--1", "was '--1'"),
        ("1.2.3", "was '1.2.3'"),
        ("\ud800", "was '\\ud800'"),
        (0.1, "was a 'float'; write it as text"),
        (True, "was a 'bool'"),
        (None, "was a 'NoneType'"),
        (b"1", "was a 'bytes'"),
        (1j, "was a 'complex'"),
        (Fraction(1, 2), "was a 'Fraction'"),
        ((0, (1,), 0), "was a 'tuple'"),
        ([], "was a 'list'"),
    ],
)
def test_everything_else_is_refused_by_name(value: object, problem: str | None) -> None:
    """What is not a finite, bounded, plainly written number raises, naming the field and what it was."""
    if problem is None:
        assert decimal_of(value, "stop_loss") == value
        return

    with pytest.raises(ValidationError) as caught:
        decimal_of(value, "stop_loss")

    assert caught.value.field == "stop_loss"
    assert problem in caught.value.problem


class _LyingDecimal(Decimal):
    def as_tuple(self) -> decimal.DecimalTuple:
        raise RuntimeError

    def is_finite(self) -> bool:
        raise RuntimeError


class _LyingText(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError


class _LyingInt(int):
    def bit_length(self) -> int:
        raise RuntimeError


def _raise(_: object) -> type:
    raise RuntimeError


def test_subclasses_become_plain_decimals() -> None:
    """A subclass of an accepted type counts by its value; nothing it overrides is asked, and nothing of it remains."""
    for value in (_LyingDecimal("1.50"), _LyingText("1.50"), _LyingInt(1)):
        number = decimal_of(value, "price")

        assert type(number) is Decimal
        assert number in (Decimal("1.50"), Decimal(1))


def test_pretending_to_be_a_number_is_not_enough() -> None:
    """An object that claims another class, as mocks do, is refused like any other object."""
    pretender = type("Pretender", (), {"__class__": property(_raise)})

    for value in (pretender(), Mock(spec=Decimal)):
        with pytest.raises(ValidationError, match="must be a Decimal, an int or a str"):
            decimal_of(value, "price")


@pytest.mark.parametrize(
    ("gate", "accepted", "refused"),
    [
        (positive, ["0.1", 1], [0, "0.00", Decimal("-0"), "-1"]),
        (non_negative, [0, "-0", "0.1"], ["-0.1", -1]),
    ],
)
def test_signs_are_checked(
    gate: Callable[[object, str], Decimal], accepted: list[object], refused: list[object]
) -> None:
    """`positive` refuses zero and below, `non_negative` anything below zero, each naming the field."""
    for value in accepted:
        assert gate(value, "quantity") == Decimal(str(value))
    for value in refused:
        with pytest.raises(ValidationError, match=r"^quantity: must .*, was ") as caught:
            gate(value, "quantity")
        assert caught.value.field == "quantity"


def test_optional_lets_none_through() -> None:
    """`optional` leaves None alone and holds everything else to the gate it wraps."""
    gate = optional(positive)

    assert gate(None, "take_profit") is None
    assert gate("1.5", "take_profit") == Decimal("1.5")
    with pytest.raises(ValidationError, match="take_profit"):
        gate(0, "take_profit")


@pytest.mark.parametrize(
    ("value", "as_text", "as_plain", "shortest", "places"),
    [
        ("64210.50", "64210.50", "64210.5", "64210.5", 1),
        ("0.00", "0.00", "0", "0", 0),
        ("-0.00", "-0.00", "0", "0", 0),
        ("100", "100", "100", "100", 0),
        ("1E+3", "1000", "1000", "1000", 0),
        ("1E-8", "0.00000001", "0.00000001", "0.00000001", 8),
        ("-1.50", "-1.50", "-1.5", "-1.5", 1),
        ("1E+119", "1" + "0" * 119, "1" + "0" * 119, "1" + "0" * 119, 0),
        ("1E-120", "0." + "0" * 119 + "1", "0." + "0" * 119 + "1", "0." + "0" * 119 + "1", 120),
    ],
)
def test_texts_are_fixed_point(value: str, as_text: str, as_plain: str, shortest: str, places: int) -> None:
    """`text` keeps the scale, `plain` and `trimmed` drop a fraction's trailing zeros, `decimal_places` counts."""
    number = Decimal(value)

    assert as_text == text(number)
    assert as_plain == plain(number)
    assert Decimal(shortest).as_tuple() == trimmed(number).as_tuple()
    assert places == decimal_places(number)


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "1E+120", "1E-121", "0E+200", "1" * 61 + "." + "1" * 60])
def test_no_text_is_made_without_end(value: str) -> None:
    """What is not finite, or needs more than 120 digits, has no text."""
    for write in (text, plain, trimmed, decimal_places):
        if write is plain and value == "0E+200":
            assert plain(Decimal(value)) == "0"
            continue
        with pytest.raises(ValidationError):
            write(Decimal(value))


def test_exact_raises_rather_than_rounds() -> None:
    """`EXACT` multiplies three numbers of the largest size exactly, and raises where a result would need rounding."""
    largest = 10**MAX_DIGITS - 1
    product = EXACT.multiply(EXACT.multiply(Decimal(largest), Decimal(largest)), Decimal(largest))

    assert int(product) == largest**3
    with pytest.raises(decimal.Inexact):
        EXACT.multiply(product, Decimal(11))
    with pytest.raises(decimal.Inexact):
        EXACT.divide(Decimal(1), Decimal(3))
    with pytest.raises(decimal.DivisionByZero):
        EXACT.divide(Decimal(1), Decimal(0))
    with pytest.raises(decimal.InvalidOperation):
        EXACT.add(Decimal("sNaN"), Decimal(1))
    with pytest.raises(decimal.FloatOperation):
        EXACT.create_decimal(0.5)


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        ("6", "3", "2"),
        ("1", "3", "0." + "3" * 28),
        ("2", "3", "0." + "6" * 27 + "7"),
        ("-2", "3", "-0." + "6" * 27 + "7"),
        ("0", "7", "0"),
        ("1E+3", "1", "1000"),
        ("10000000000000000000000000005", "10", "1000000000000000000000000000"),
        ("10000000000000000000000000015", "10", "1000000000000000000000000002"),
        # half of the last decimal: to even; the least bit more: up, which rounding twice would lose
        ("5", "1E+31", "0." + "0" * 30),
        ("5" + "0" * 69 + "1", "1E+101", "0." + "0" * 29 + "1"),
        ("1", "3E+9", "0." + "0" * 9 + "3" * 21),
    ],
)
def test_ratio_rounds_once(numerator: str, denominator: str, expected: str) -> None:
    """A quotient is rounded once, half to even, to 28 significant digits and at most 30 decimals."""
    assert expected == text(ratio(Decimal(numerator), Decimal(denominator)))


@pytest.mark.parametrize(
    ("numerator", "denominator", "field"),
    [
        ("1", "0", "denominator"),
        ("0", "0", "denominator"),
        ("NaN", "1", "numerator"),
        ("1", "Infinity", "denominator"),
        ("1E+200", "1", "numerator"),
        ("1E+39", "1E-30", "ratio"),
    ],
)
def test_ratio_refuses_by_name(numerator: str, denominator: str, field: str) -> None:
    """A zero denominator, operands without value and results beyond all bounds are refused, each named."""
    with pytest.raises(ValidationError) as caught:
        ratio(Decimal(numerator), Decimal(denominator))

    assert caught.value.field == field


def test_signs_change_without_rounding() -> None:
    """Negating and taking the magnitude keep all digits in a context of one digit, and make no negative zero."""
    with decimal.localcontext(decimal.Context(prec=1)):
        assert str(negated(Decimal("1.2345"))) == "-1.2345"
        assert str(negated(Decimal("-1.2345"))) == "1.2345"
        assert str(magnitude(Decimal("-1.2345"))) == "1.2345"
        assert str(negated(Decimal("0.00"))) == "0.00"
        assert str(magnitude(Decimal("-0.00"))) == "0.00"
