"""Exact numbers: decimal texts, integer units, and the few places where a rounding is part of the rules.

A price or a quantity is kept as an integer count of units of `10 ** -decimals`. Money is `Decimal` in the context
`EXACT`, which traps every inexact result: nothing here depends on the context of the host, and nothing rounds unseen.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Final

EXACT: Final = Context(prec=300, Emin=-9999, Emax=9999, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_ROUNDED: Final = Context(prec=300, rounding=ROUND_HALF_EVEN, Emin=-9999, Emax=9999, traps=[InvalidOperation])
MONEY_DECIMALS: Final = 8
_MONEY_GRAIN: Final = Decimal(1).scaleb(-MONEY_DECIMALS)
AVERAGE_DECIMALS: Final = 8
ZERO: Final = Decimal(0)


def units_of(value: Decimal, decimals: int) -> int:
    """Return *value* as a count of units of `10 ** -decimals`; `ValueError` when it is finer than one unit."""
    scaled = EXACT.scaleb(value, decimals)
    units = int(scaled)
    if units != scaled:
        raise ValueError(f"{value} has more than {decimals} decimals")
    return units


def units_below(value: Decimal, decimals: int) -> int:
    """Return the count of whole units in *value*, which is not negative; what is finer is cut off."""
    return int(EXACT.scaleb(value, decimals))


def decimal_of(units: int, decimals: int) -> Decimal:
    """Return the exact `Decimal` of a count of units."""
    return EXACT.scaleb(Decimal(units), -decimals)


def text_of(units: int, decimals: int, places_min: int = 0) -> str:
    """Return a count of units as fixed-point text without trailing zeros, but with at least *places_min* decimals."""
    if not units:
        return f"0.{'0' * places_min}" if places_min else "0"
    digits = str(abs(units)).zfill(decimals + 1)
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    fraction = fraction.rstrip("0").ljust(places_min, "0")
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def plain(value: Decimal, places_min: int = 0) -> str:
    """Return *value* as fixed-point text, never with an exponent, without trailing zeros past *places_min*."""
    whole, _, fraction = format(value, "f").partition(".")
    fraction = fraction.rstrip("0").ljust(places_min, "0")
    if not value:
        whole = "0"
    return f"{whole}.{fraction}" if fraction else whole


def total(values: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of *values*."""
    result = ZERO
    for value in values:
        result = EXACT.add(result, value)
    return result


def negative(value: Decimal) -> Decimal:
    """Return the exact opposite of *value*; the unary minus would round in the host's context."""
    return EXACT.subtract(ZERO, value)


def divide_half_even(numerator: int, denominator: int) -> int:
    """Return the nearest integer to the quotient, a tie going to the even one; *denominator* is positive."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient % 2 == 1):
        return quotient + 1
    return quotient


def divide_up(numerator: int, denominator: int) -> int:
    """Return the smallest integer not below the quotient; *denominator* is positive."""
    return -(-numerator // denominator)


def share_of(units: int, decimals: int, ratio: Decimal) -> Decimal:
    """Return `units * 10 ** -decimals * ratio` rounded half-even to `MONEY_DECIMALS`."""
    numerator, denominator = ratio.as_integer_ratio()
    rounded = divide_half_even(units * numerator * 10**MONEY_DECIMALS, denominator * 10**decimals)
    return decimal_of(rounded, MONEY_DECIMALS)


def part_of(value: Decimal, part: int, whole: int) -> Decimal:
    """Return `value * part / whole`, of a value with at most eight decimals, cut down to `MONEY_DECIMALS`."""
    return decimal_of(units_of(value, MONEY_DECIMALS) * part // whole, MONEY_DECIMALS)


def rounded_money(value: Decimal) -> Decimal:
    """Return *value* rounded half-even to `MONEY_DECIMALS`, for display only."""
    return _ROUNDED.quantize(value, _MONEY_GRAIN)


def decimals_of(text: str) -> int:
    """Return how many decimals the fixed-point *text* needs: trailing zeros do not count."""
    return len(text.partition(".")[2].rstrip("0"))
