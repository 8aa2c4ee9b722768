"""What holds for every number, and for everything else that is handed in as one."""

import decimal
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from surefill.domain.errors import ValidationError
from surefill.domain.numbers import (
    EXACT,
    MAX_DIGITS,
    MAX_EXPONENT,
    decimal_of,
    decimal_places,
    magnitude,
    negated,
    non_negative,
    plain,
    positive,
    ratio,
    text,
    trimmed,
)
from tests.strategies import any_decimal_contexts, scaled_decimals


def _numbers() -> st.SearchStrategy[Decimal]:
    return scaled_decimals(-(10**18), 10**18, decimals_max=18, exponent_max=6)


def _anything() -> st.SearchStrategy[object]:
    number_like = st.text("0123456789.+-_eE \n١२３", max_size=45)
    odd = st.one_of(st.fractions(), st.complex_numbers(), st.binary(), st.dates(), st.lists(st.integers()), st.none())
    return st.one_of(
        st.decimals(allow_nan=True, allow_infinity=True),
        st.builds(lambda sign, digits, exponent: Decimal((sign, digits, exponent)), *_decimal_parts()),
        st.integers(),
        st.integers(0, 10**9).map(lambda exponent: 10 ** (exponent % 500)),
        st.text(),
        number_like,
        st.floats(),
        st.booleans(),
        odd,
    )


def _decimal_parts() -> tuple[st.SearchStrategy[int], st.SearchStrategy[tuple[int, ...]], st.SearchStrategy[int]]:
    digits = st.lists(st.integers(0, 9), min_size=1, max_size=60).map(tuple)
    return st.integers(0, 1), digits, st.integers(-(10**6), 10**6) | st.integers(-40, 40)


@given(_anything(), any_decimal_contexts())
def test_the_gate_lets_numbers_in_and_nothing_else(value: object, context: decimal.Context) -> None:
    """Whatever is handed in, in whatever context: a finite, bounded Decimal comes out, or a ValidationError."""
    number: Decimal | ValidationError
    with decimal.localcontext(context):
        try:
            number = decimal_of(value, "price")
        except ValidationError as error:
            number = error

    if isinstance(number, ValidationError):
        assert number.field == "price"
        assert str(number).isprintable()
        return

    _, digits, exponent = number.as_tuple()
    assert type(number) is Decimal
    assert isinstance(exponent, int)
    assert -MAX_EXPONENT <= exponent <= 0
    assert len(digits) <= MAX_DIGITS
    assert number or not number.is_signed()
    assert type(value) in {Decimal, int, str}
    assert number == (Decimal(value) if isinstance(value, str) else value)


@given(_numbers(), any_decimal_contexts())
def test_writing_and_reading_gives_the_number_again(number: Decimal, context: decimal.Context) -> None:
    """A number's texts have no exponent and read back as the number, in any context the host may have set."""
    with decimal.localcontext(context):
        written, shortest, places = text(number), plain(number), decimal_places(number)
        read, read_shortest, reduced = decimal_of(written, "x"), decimal_of(shortest, "x"), trimmed(number)

    assert number == read == read_shortest == reduced
    assert not set(written + shortest) - set("-.0123456789")
    assert len(shortest.partition(".")[2]) == places
    assert not (places and shortest.endswith("0"))


@given(_numbers(), _numbers(), any_decimal_contexts())
def test_exact_arithmetic_is_exact_in_any_context(one: Decimal, other: Decimal, context: decimal.Context) -> None:
    """Sums, differences, products and signs agree with fractions to the last digit, in any context."""
    with decimal.localcontext(context):
        added, taken, times = EXACT.add(one, other), EXACT.subtract(one, other), EXACT.multiply(one, other)
        turned, size = negated(one), magnitude(one)

    assert Fraction(added) == Fraction(one) + Fraction(other)
    assert Fraction(taken) == Fraction(one) - Fraction(other)
    assert Fraction(times) == Fraction(one) * Fraction(other)
    assert (Fraction(turned), Fraction(size)) == (-Fraction(one), abs(Fraction(one)))


@given(_numbers(), _numbers(), any_decimal_contexts())
def test_ratios_are_the_closest_there_are(numerator: Decimal, denominator: Decimal, context: decimal.Context) -> None:
    """A ratio is the exact quotient rounded once, half to even, and passes the gate again."""
    assume(denominator)
    with decimal.localcontext(context):
        found = ratio(numerator, denominator)

    exact = Fraction(numerator) / Fraction(denominator)
    leading = len(str(int(abs(exact)))) if abs(exact) >= 1 else _leading_place(exact)
    places = min(28 - leading, MAX_EXPONENT)
    assert Fraction(found) == Fraction(round(exact * Fraction(10) ** places)) / Fraction(10) ** places
    assert decimal_of(found, "x") == found


def _leading_place(exact: Fraction) -> int:
    """How many places before the point the first digit of a fraction below 1 stands: 0 for 0.5, -1 for 0.05."""
    place = 0
    while exact and abs(exact) < Fraction(1, 10) ** (1 - place):
        place -= 1
    return place


@given(_numbers(), any_decimal_contexts())
def test_signs_are_judged_exactly(number: Decimal, context: decimal.Context) -> None:
    """`positive` and `non_negative` accept exactly the numbers they are named after, in any context."""
    for gate, accepts in ((positive, number > 0), (non_negative, number >= 0)):
        with decimal.localcontext(context):
            try:
                passed = gate(number, "x") == number
            except ValidationError:
                passed = False
        assert passed is accepts
