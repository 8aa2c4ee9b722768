"""The one gate for numbers, and arithmetic that never rounds unasked.

Everything that is a price, a quantity or money is a finite, bounded `Decimal`. A host program may have changed the
global decimal context (precision, rounding, traps), so nothing here relies on it: sums and products go through
`EXACT`, which raises where a result would need rounding; `ratio` is the only operation that rounds.

Value objects pass a field through the gate with a named function, which mypy and pyright both follow::

    def _price(value: Number) -> Decimal:
        return positive(value, "price")

    @frozen
    class Quote:
        price: Decimal = field(converter=_price)     # Quote("64210.50") and Quote(Decimal("64210.50")) are equal
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import (
    ROUND_05UP,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
    Underflow,
)
from typing import Final, TypeAlias, cast

from .errors import ValidationError

Number: TypeAlias = Decimal | int | str

MAX_DIGITS: Final = 40
"""The most significant digits a number may carry, trailing zeros included."""
MAX_EXPONENT: Final = 30
"""The most decimals, and the largest positive exponent, a number may carry."""
MAX_TEXT_CHARACTERS: Final = 100
"""The longest text that is looked at; no number within the other two limits needs more, but for padding zeros."""
EXACT_DIGITS: Final = 120
"""Digits of `EXACT`: the product of three numbers of `MAX_DIGITS` digits fits."""
RATIO_DIGITS: Final = 28
"""Significant digits of `ratio`."""

EXACT: Final = Context(
    prec=EXACT_DIGITS,
    rounding=ROUND_HALF_EVEN,
    Emin=-999,
    Emax=999,
    capitals=1,
    clamp=0,
    traps=[Inexact, InvalidOperation, DivisionByZero, Overflow, Underflow, FloatOperation],
)
"""Context whose operations are exact or raise `decimal.DecimalException`: `EXACT.multiply(price, quantity)`.

It is shared and must not be changed.
"""

_PLAIN_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_MAX_INT_BITS: Final = (10**MAX_DIGITS).bit_length()
_SPECIAL_NAMES: Final = {"n": "NaN", "N": "a signalling NaN", "F": "infinite"}
_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)
_FINEST: Final = Decimal((0, (1,), -MAX_EXPONENT))
_scientific = EXACT.to_sci_string  # unlike str(), it does not depend on the ambient context
_RATIO: Final = Context(
    prec=RATIO_DIGITS, rounding=ROUND_HALF_EVEN, Emin=-999, Emax=999, capitals=1, clamp=0, traps=[InvalidOperation]
)
# Rounding with ROUND_05UP first, at more digits, leaves the result of any second rounding right.
_UNDECIDED: Final = Context(
    prec=2 * RATIO_DIGITS, rounding=ROUND_05UP, Emin=-999, Emax=999, capitals=1, clamp=0, traps=[InvalidOperation]
)


def decimal_of(value: object, field: str) -> Decimal:
    """Return *value* as a finite, bounded `Decimal` of type `Decimal` itself.

    Decimals and texts keep their scale (``"64210.50"`` stays so), a positive exponent is written out
    (``Decimal("1E+3")`` becomes 1000), a negative zero becomes zero. Text is plain ASCII decimal notation: digits, at
    most one point, an optional sign.

    Raises:
        ValidationError: naming *field*, for any other type (a float and a bool above all), NaN, an infinity,
            text that is not plain decimal notation (blanks, underscores, exponents, other scripts' digits), more than
            `MAX_DIGITS` significant digits, or an exponent beyond `MAX_EXPONENT` either way.
    """
    if type(value) is Decimal:
        return value if _is_ordinary(value) else _bounded(value, field)
    if type(value) is str and len(value) <= MAX_EXPONENT and _PLAIN_NUMBER.fullmatch(value) is not None:
        number = Decimal(value)  # too short to be beyond any limit
        return number or number.copy_abs()
    kind = type(value)  # not isinstance: an object may claim another class and be none of it
    if issubclass(kind, str):
        return _bounded(_decimal_of_text(str.__str__(cast("str", value)), field), field)
    if issubclass(kind, Decimal):
        return _bounded(Decimal(cast("Decimal", value)), field)
    if issubclass(kind, int) and kind is not bool:
        return _bounded(_decimal_of_int(cast("int", value), field), field)
    hint = "; write it as text, such as '0.1', for a float has no exact decimal value" if kind is float else ""
    raise ValidationError(field, f"must be a Decimal, an int or a str, was a {kind.__name__!a}{hint}")


def positive(value: object, field: str) -> Decimal:
    """Return *value* through `decimal_of`, greater than zero.

    Raises:
        ValidationError: naming *field*, also for zero and below.
    """
    number = decimal_of(value, field)
    if number <= _ZERO:
        raise ValidationError(field, f"must be greater than zero, was {text(number)}")
    return number


def non_negative(value: object, field: str) -> Decimal:
    """Return *value* through `decimal_of`, zero or greater.

    Raises:
        ValidationError: naming *field*, also for anything below zero.
    """
    number = decimal_of(value, field)
    if number < _ZERO:
        raise ValidationError(field, f"must not be negative, was {text(number)}")
    return number


def optional(convert: Callable[[object, str], Decimal]) -> Callable[[object, str], Decimal | None]:
    """Return *convert* with None let through: ``optional(positive)(None, "take_profit")`` is None."""

    def convert_unless_none(value: object, field: str) -> Decimal | None:
        return None if value is None else convert(value, field)

    return convert_unless_none


def text(value: Decimal) -> str:
    """Return *value* in fixed point with its own scale, never with an exponent: ``64210.50`` stays ``64210.50``.

    Raises:
        ValidationError: for NaN, an infinity, or more than `EXACT_DIGITS` digits, whose text could be of any length.
    """
    digits = _scientific(value)
    if value.is_finite() and "E" not in digits and len(digits) <= EXACT_DIGITS:
        return digits
    return format(_workable(value, "value"), "f")


def plain(value: Decimal) -> str:
    """Return *value* in fixed point without trailing zeros: ``64210.50`` becomes ``64210.5``, ``-0.00`` becomes ``0``.

    Raises:
        ValidationError: as `text` does.
    """
    digits = text(value) if value else "0"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def ratio(numerator: Decimal, denominator: Decimal) -> Decimal:
    """Return *numerator* / *denominator*, the only operation here that rounds; for averages and proportions.

    The exact quotient is rounded once, half to even, to `RATIO_DIGITS` significant digits and at most `MAX_EXPONENT`
    decimals, so that every result passes the gate again.

    Raises:
        ValidationError: when *denominator* is zero, an operand is not finite or as long as `text` refuses, or the
            result has more than `MAX_DIGITS` digits.
    """
    _workable(numerator, "numerator")
    if not _workable(denominator, "denominator"):
        raise ValidationError("denominator", "must not be zero, was 0")
    quotient = _UNDECIDED.divide(numerator, denominator)
    rounded = _RATIO.plus(quotient)
    if _exponent(rounded, "ratio") < -MAX_EXPONENT:
        rounded = _RATIO.quantize(quotient, _FINEST)
    return decimal_of(rounded, "ratio")


def trimmed(value: Decimal) -> Decimal:
    """Return *value* without trailing zeros behind the point: ``0.10`` becomes ``0.1``, ``3.0`` becomes ``3``.

    Two equal values so become the same digits; the integer part keeps its zeros (1000 stays 1000).

    Raises:
        ValidationError: for a value that is not finite, or as long as `text` refuses.
    """
    shortest = EXACT.normalize(_workable(value or value.copy_abs(), "value"))
    return EXACT.quantize(shortest, _ONE) if shortest == EXACT.to_integral_value(shortest) else shortest


def decimal_places(value: Decimal) -> int:
    """Return how many decimals *value* needs: 1 for ``0.10``, 0 for ``3.00`` and for 1000.

    Raises:
        ValidationError: for a value that is not finite, or as long as `text` refuses.
    """
    return len(text(value).partition(".")[2].rstrip("0"))


def negated(value: Decimal) -> Decimal:
    """Return -*value*, unrounded whatever the ambient context; zero stays positive zero."""
    return value.copy_negate() if value else value.copy_abs()


def magnitude(value: Decimal) -> Decimal:
    """Return the absolute value of *value*, unrounded whatever the ambient context."""
    return value.copy_abs()


def _is_ordinary(value: Decimal) -> bool:
    """Whether `_bounded` would return *value* as it is, told by its text: nearly always, and six times as fast."""
    if not value.is_finite() or (value.is_signed() and not value):
        return False
    digits = _scientific(value)
    return len(digits) <= MAX_EXPONENT and "E" not in digits


def _bounded(value: Decimal, field: str) -> Decimal:
    """Return *value*, of type `Decimal` itself, when finite and within the limits; see `decimal_of`."""
    negative, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValidationError(field, f"must be finite, was {_SPECIAL_NAMES[exponent]}")
    if not -MAX_EXPONENT <= exponent <= MAX_EXPONENT:
        raise ValidationError(field, f"must have an exponent within {MAX_EXPONENT} of zero, was {exponent}")
    if len(digits) > MAX_DIGITS:
        raise ValidationError(field, f"must have at most {MAX_DIGITS} significant digits, was {len(digits)} long")
    if exponent > 0:
        return _bounded(EXACT.quantize(value, _ONE), field)
    return value.copy_abs() if negative and not value else value


def _decimal_of_text(value: str, field: str) -> Decimal:
    """Return the number that *value* spells in plain ASCII notation."""
    if len(value) > MAX_TEXT_CHARACTERS:
        raise ValidationError(field, f"must have at most {MAX_TEXT_CHARACTERS} characters, was {len(value)} long")
    if _PLAIN_NUMBER.fullmatch(value) is None:
        raise ValidationError(field, f"must be a number in plain decimal notation, such as '0.015', was {value!a}")
    return Decimal(value)


def _decimal_of_int(value: int, field: str) -> Decimal:
    """Return *value* as a Decimal, unless it is too large to be worth converting."""
    if int.bit_length(value) > _MAX_INT_BITS:
        raise ValidationError(field, f"must have at most {MAX_DIGITS} significant digits, was a larger int")
    return Decimal(value)


def _workable(value: Decimal, field: str) -> Decimal:
    """Return *value* when it is finite and short enough to be written out and computed with."""
    if _is_ordinary(value):
        return value
    exponent = _exponent(value, field)
    leading = value.adjusted()
    if exponent < -EXACT_DIGITS or leading >= EXACT_DIGITS or leading - exponent >= EXACT_DIGITS:
        raise ValidationError(field, f"must be written in at most {EXACT_DIGITS} digits, was longer")
    return value


def _exponent(value: Decimal, field: str) -> int:
    """Return the power of ten of the last digit of *value*, refusing what has none."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValidationError(field, f"must be finite, was {_SPECIAL_NAMES[exponent]}")
    return exponent
