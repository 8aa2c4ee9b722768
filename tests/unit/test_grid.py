"""The grids of prices and quantities, case by case; tests/property tries them on everything else."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from surefill.domain.errors import ValidationError
from surefill.domain.grid import LotSize, TickSize


@pytest.mark.parametrize(
    ("increment", "minimum", "price", "floor", "ceil", "nearest"),
    [
        ("0.10", "0", "64210.5678", "64210.5", "64210.6", "64210.6"),
        ("0.10", "0", "64210.50", "64210.5", "64210.5", "64210.5"),
        ("0.10", "556.80", "0.04", "0.0", "0.1", "0.0"),
        ("0.05", "0", "1.12", "1.10", "1.15", "1.10"),
        ("0.05", "0", "1.125", "1.10", "1.15", "1.15"),
        ("3", "0", "10", "9", "12", "9"),
        ("3", "1", "9", "7", "10", "10"),
        ("7", "0", "6.99", "0", "7", "7"),
        ("1E+2", "0", "1250", "1200", "1300", "1300"),
        ("1E-8", "0", "0.000000015", "0.00000001", "0.00000002", "0.00000002"),
        ("0.00025", "0", "0.0009", "0.00075", "0.00100", "0.00100"),
        ("0.1", "0.05", "9", "8.95", "9.05", "9.05"),
        ("1", "100.5", "0.5", "0.5", "0.5", "0.5"),
        ("1", "0", "1E+3", "1000", "1000", "1000"),
        ("0.1", "0", "-0.0", "0.0", "0.0", "0.0"),
    ],
)
def test_prices_round_onto_the_grid(
    increment: str, minimum: str, price: str, floor: str, ceil: str, nearest: str
) -> None:
    """Floor, ceil and nearest (ties up) give these very digits, on bare powers of ten and on every other increment."""
    tick = TickSize(Decimal(increment), Decimal(minimum))

    assert floor == f"{tick.floor(Decimal(price)):f}"
    assert ceil == f"{tick.ceil(Decimal(price)):f}"
    assert nearest == f"{tick.nearest(Decimal(price)):f}"


def test_no_price_is_made_up_below_the_lowest_point() -> None:
    """Below the grid's lowest point rounding up gives that point, and rounding down is refused by name."""
    tick = TickSize("0.1", "10.05")

    assert str(tick.ceil(Decimal("0.02"))) == "0.05"
    assert str(tick.nearest(Decimal("0.02"))) == "0.05"
    with pytest.raises(ValidationError, match=r"price: must not be below 0\.05, .* was 0\.02"):
        tick.floor(Decimal("0.02"))


def test_a_point_below_the_minimum_has_the_grids_decimals() -> None:
    """The lowest point is written with the decimals of the whole grid, also where it needs fewer itself."""
    assert str(TickSize("0.25", "100.5").ceil(Decimal("0.1"))) == "0.25"
    assert str(TickSize("1.25", "100.5").ceil(Decimal("0.1"))) == "0.50"


@pytest.mark.parametrize(
    ("tick", "decimals", "price", "written"),
    [
        (TickSize("0.10"), 1, "64210.500", "64210.5"),
        (TickSize("3"), 0, "9.0", "9"),
        (TickSize(Decimal("1E-8")), 8, "0.00000123", "0.00000123"),
        (TickSize("0.05"), 2, "1.1", "1.10"),
        (TickSize(Decimal("1E+1")), 0, "120", "120"),
        (TickSize("0.10", "0.05"), 2, "0.15", "0.15"),
    ],
)
def test_prices_are_written_with_the_grids_decimals(tick: TickSize, decimals: int, price: str, written: str) -> None:
    """The number of decimals is that of the increment and the minimum without trailing zeros: 0.10 has one."""
    assert decimals == tick.decimals
    assert written == tick.text(Decimal(price))


def test_only_points_of_the_grid_are_written() -> None:
    """A price or quantity between two points has no text: whoever wants one must round it, saying which way."""
    with pytest.raises(ValidationError, match=r"price: must lie on the grid of 0\.1 from 0, was 0\.15; use floor or"):
        TickSize("0.10").text(Decimal("0.15"))
    with pytest.raises(ValidationError, match=r"quantity: must lie on the grid of 0\.1 from 0, was 0\.15; use floor"):
        LotSize("0.10").text(Decimal("0.15"))


def test_equal_grids_are_equal() -> None:
    """Trailing zeros of an increment make no other grid, nor another hash."""
    assert TickSize("0.10", "1") == TickSize(Decimal("0.1"), Decimal("1.000"))
    assert hash(LotSize("0.10", "1", "2.0")) == hash(LotSize("0.1", "1.0", 2))
    assert TickSize("0.10") != TickSize("0.10", "0.05")


def test_a_number_as_text_rounds_like_the_number() -> None:
    """A price that slipped through as text or int is read as that number, never compared as something else."""
    tick, loosely_typed = TickSize("0.1"), "0.3"

    assert tick.ceil(loosely_typed) == Decimal("0.3")  # type: ignore[arg-type]  # the wrong type is the case at hand
    assert tick.nearest(2) == Decimal(2)  # type: ignore[arg-type]  # likewise
    assert LotSize("0.1").floor(2) == Decimal(2)  # type: ignore[arg-type]  # likewise


@pytest.mark.parametrize(
    "operation",
    [
        TickSize("0.1").floor,
        TickSize("0.1").ceil,
        TickSize("0.1").nearest,
        TickSize("0.1").text,
        TickSize("0.1", "0.05").floor,
        TickSize("0.1", "0.05").ceil,
        LotSize("0.1").floor,
        LotSize("0.1").text,
        LotSize("0.1", "0.05").floor,
    ],
)
@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-0.1", "1E+40", "1E+500"])
def test_rounding_takes_real_prices_only(operation: Callable[[Decimal], object], value: str) -> None:
    """What is not a finite number of zero or more, of a size that occurs, is refused by a ValidationError."""
    with pytest.raises(ValidationError):
        operation(Decimal(value))


def test_negative_values_are_never_on_a_grid() -> None:
    """A negative number is no point of a grid, even where it would be a whole number of increments."""
    assert not TickSize("0.1").is_on_grid(Decimal("-0.1"))
    assert not LotSize("0.1").is_on_grid(Decimal("-0.1"))
    assert TickSize("0.1").is_on_grid(Decimal("0.0"))


@pytest.mark.parametrize(
    ("step", "minimum", "quantity", "floor"),
    [
        ("0.001", "0.001", "0.0129", "0.012"),
        ("0.001", "0.001", "0.0009", "0.000"),
        ("1", "0", "0.4", "0"),
        ("1", "0.5", "2.2", "1.5"),
        ("1", "0.5", "0.2", "0.0"),
        ("1", "100", "250.7", "250"),
        ("0.025", "0.01", "0.05", "0.035"),
    ],
)
def test_quantities_round_down(step: str, minimum: str, quantity: str, floor: str) -> None:
    """A quantity rounds down to a point of the grid, or to 0 where there is none; a minimum of 0 is nothing special."""
    assert floor == str(LotSize(step, minimum).floor(Decimal(quantity)))


def test_quantities_are_written_with_the_grids_decimals() -> None:
    """A step of 0.001 writes three decimals, and a minimum between the steps counts too."""
    assert LotSize("0.0010").text(Decimal("0.01")) == "0.010"
    assert LotSize("1", "0.5").text(Decimal("1.5")) == "1.5"
    assert LotSize("1", "0.5").decimals == 1


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("0",), "step"),
        (("-1",), "step"),
        (("1", "-1"), "minimum"),
        (("1", "1", "-1"), "maximum"),
        (("1", "2", "1"), "maximum"),
        (("1", "NaN"), "minimum"),
    ],
)
def test_no_impossible_lot_size_exists(arguments: tuple[str, ...], field: str) -> None:
    """A step of 0, negative bounds and bounds that exclude each other are refused, each by its name."""
    with pytest.raises(ValidationError) as caught:
        LotSize(*arguments)

    assert caught.value.field == field


def test_a_lot_size_may_leave_one_size() -> None:
    """Bounds that meet leave that one quantity, which is no contradiction."""
    assert LotSize("1", "2", "2").maximum == LotSize("1", "2").minimum


@pytest.mark.parametrize(
    ("arguments", "field"), [(("0",), "increment"), (("-0.1",), "increment"), (("1", "-1"), "minimum")]
)
def test_no_impossible_tick_size_exists(arguments: tuple[str, ...], field: str) -> None:
    """An increment of 0 or below and a negative minimum are refused, each by its name."""
    with pytest.raises(ValidationError) as caught:
        TickSize(*arguments)

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("tick", "decimals_max", "expected"),
    [
        (TickSize("0.10"), 2, TickSize("0.10")),
        (TickSize("0.001"), 2, TickSize("0.01")),
        (TickSize("0.025"), 2, TickSize("0.05")),
        (TickSize("0.001", "0.005"), 2, TickSize("0.01")),
        (TickSize("3", "1"), 0, TickSize("3", "1")),
        (TickSize("0.5", "0.25"), 1, None),
        (TickSize("0.5", "0.25"), 0, None),
        (TickSize("1.5", "0.5"), 0, TickSize("3", "2")),
    ],
)
def test_grids_are_limited_to_some_decimals(tick: TickSize, decimals_max: int, expected: TickSize | None) -> None:
    """The points with few enough decimals form a coarser grid, or there are none."""
    assert expected == tick.limited_to(decimals_max)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (LotSize("0.001", "0.001", "1000"), LotSize("0.001", "0.001", "120"), LotSize("0.001", "0.001", "120")),
        (LotSize("0.1", "0.1", "10"), LotSize("0.1", "0.5", "0"), LotSize("0.1", "0.5", "10")),
        (LotSize("0.01", "0.01"), LotSize("0.025", "0.5", "100"), LotSize("0.05", "0.5", "100")),
        (LotSize("0.01", "0.51"), LotSize("0.025", "0.5"), LotSize("0.05", "0.55")),
        (LotSize("1", "0.5"), LotSize("1"), None),
        (LotSize("1", "1", "5"), LotSize("1", "6"), None),
        (LotSize("2", "1"), LotSize("3", "2"), LotSize("6", "5")),
    ],
)
def test_two_lot_sizes_share_what_both_accept(one: LotSize, other: LotSize, expected: LotSize | None) -> None:
    """What two filters accept at a time is one filter again, in either order, or nothing."""
    assert expected == one.shared_with(other)
    assert expected == other.shared_with(one)
