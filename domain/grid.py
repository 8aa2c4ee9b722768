"""The grids that prices and quantities must lie on, and rounding onto them.

What the operations return, for an increment of 0.10 with minimum 0, and of 3 with minimum 1:

=============  ==================  ==================
operation      0.10: 64210.57      3 from 1: 9
=============  ==================  ==================
`floor`        64210.5             7
`ceil`         64210.6             10
`nearest`      64210.6             10
`is_on_grid`   False               False
=============  ==================  ==================

A result lies on the grid and carries the grid's own number of decimals (0.10 has one, 3 has none, 1e-8 has eight). The
arithmetic is exact in any ambient decimal context. Rounding to a number of decimals would be wrong for every increment
that is not a bare power of ten.
"""

from __future__ import annotations

from decimal import Decimal
from math import gcd
from typing import Final

from attrs import Factory, field, frozen

from .errors import ValidationError
from .numbers import EXACT, MAX_DIGITS, Number, decimal_of, decimal_places, non_negative, plain, positive, trimmed
from .numbers import text as fixed_point

_ZERO: Final = Decimal(0)
_TOO_LARGE: Final = Decimal((0, (1,), MAX_DIGITS))
_add = EXACT.add
_divide_int = EXACT.divide_int
_multiply = EXACT.multiply
_subtract = EXACT.subtract


def _increment(value: Number) -> Decimal:
    return trimmed(positive(value, "increment"))


def _step(value: Number) -> Decimal:
    return trimmed(positive(value, "step"))


def _minimum(value: Number) -> Decimal:
    return trimmed(non_negative(value, "minimum"))


def _maximum(value: Number) -> Decimal:
    return trimmed(non_negative(value, "maximum"))


def _decimals_of_ticks(tick: TickSize) -> int:
    return max(decimal_places(tick.increment), decimal_places(tick.minimum))


def _lowest_of_ticks(tick: TickSize) -> Decimal:
    return _lowest_point(tick.minimum, tick.increment)


def _decimals_of_lots(lot: LotSize) -> int:
    return max(decimal_places(lot.step), decimal_places(lot.minimum))


def _lowest_of_lots(lot: LotSize) -> Decimal:
    return _lowest_point(lot.minimum, lot.step)


@frozen
class TickSize:
    """The grid of an instrument's prices: every p >= 0 with ``(p - minimum) % increment == 0``.

    The grid goes on below *minimum*, down to its lowest point that is not negative; whether a price lies within the
    exchange's bounds is the instrument's business (`Instrument.price_violations`). The operations take a price of zero
    or more, and raise `ValidationError` for what `numbers.non_negative` refuses.

    Attributes:
        increment: the distance of two neighbours, in quote units; any number greater than zero.
        minimum: one point of the grid, in quote units (Binance docs: PRICE_FILTER, minPrice).
        decimals: how many decimals the points of the grid need.
    """

    increment: Decimal = field(converter=_increment)
    minimum: Decimal = field(default=_ZERO, converter=_minimum)
    decimals: int = field(init=False, eq=False, repr=False, default=Factory(_decimals_of_ticks, takes_self=True))
    _offset: Decimal = field(init=False, eq=False, repr=False, default=Factory(_lowest_of_ticks, takes_self=True))

    def floor(self, price: Decimal) -> Decimal:
        """Return the highest point of the grid that is not above *price*.

        Raises:
            ValidationError: also when *price* is below the grid's lowest point; no negative price is made up for it.
        """
        price = _checked(price, "price")
        if not self._offset:
            return _multiply(_divide_int(price, self.increment), self.increment)
        if price < self._offset:
            problem = f"must not be below {plain(self._offset)}, the grid's lowest point, to be rounded down"
            raise ValidationError("price", f"{problem}, was {plain(price)}")
        return _floor_from(self._offset, decimal_of(price, "price"), self.increment)

    def ceil(self, price: Decimal) -> Decimal:
        """Return the lowest point of the grid that is not below *price*."""
        price = _checked(price, "price")
        if price < self._offset:
            return _with_decimals(self._offset, self.decimals)
        below = self.floor(price)
        return below if below == price else _add(below, self.increment)

    def nearest(self, price: Decimal) -> Decimal:
        """Return the point of the grid closest to *price*, the higher of two that are equally close."""
        price = non_negative(price, "price")
        above = self.ceil(price)
        if above in (price, self._offset):
            return above
        below = _subtract(above, self.increment)
        return below if _subtract(price, below) < _subtract(above, price) else above

    def is_on_grid(self, price: Decimal) -> bool:
        """Return True when *price* is a point of the grid; a negative price never is."""
        return _is_point(decimal_of(price, "price"), self._offset, self.increment)

    def text(self, price: Decimal) -> str:
        """Return *price*, a point of the grid, in fixed point with the grid's decimals: ``64210.50`` for 0.05.

        Raises:
            ValidationError: when *price* is not on the grid; round it first, with the method that says which way.
        """
        if not self.is_on_grid(price):
            problem = f"must lie on the grid of {plain(self.increment)} from {plain(self.minimum)}"
            raise ValidationError("price", f"{problem}, was {plain(decimal_of(price, 'price'))}; use floor or ceil")
        return fixed_point(_with_decimals(price, self.decimals))

    def limited_to(self, decimals_max: int) -> TickSize | None:
        """Return the grid of this grid's points with at most *decimals_max* decimals; None when there are none.

        For an exchange that also limits the decimals of a price (Binance docs: Exchange Information, pricePrecision).
        """
        shared = _shared_points(self.increment, self._offset, Decimal((0, (1,), -decimals_max)), _ZERO)
        return None if shared is None else TickSize(increment=shared[0], minimum=shared[1])


@frozen
class LotSize:
    """The grid of an instrument's quantities: every q >= 0 with ``(q - minimum) % step == 0``, and its bounds.

    `floor` and `is_on_grid` look at the grid alone; the bounds are applied by the instrument. *minimum* need not be a
    multiple of *step* (Binance docs: LOT_SIZE, MARKET_LOT_SIZE).

    Attributes:
        step: the distance of two neighbours, in base units; greater than zero.
        minimum: the smallest quantity accepted, and one point of the grid, in base units; may be 0.
        maximum: the largest quantity accepted, in base units; 0 when there is no limit.
        decimals: how many decimals the points of the grid need.
    """

    step: Decimal = field(converter=_step)
    minimum: Decimal = field(default=_ZERO, converter=_minimum)
    maximum: Decimal = field(default=_ZERO, converter=_maximum)
    decimals: int = field(init=False, eq=False, repr=False, default=Factory(_decimals_of_lots, takes_self=True))
    _offset: Decimal = field(init=False, eq=False, repr=False, default=Factory(_lowest_of_lots, takes_self=True))

    def __attrs_post_init__(self) -> None:
        if self.maximum and self.maximum < self.minimum:
            problem = f"must be 0 or at least the minimum {plain(self.minimum)}, was {plain(self.maximum)}"
            raise ValidationError("maximum", problem)

    def floor(self, quantity: Decimal) -> Decimal:
        """Return the largest quantity on the grid that is not above *quantity*; 0 when there is none.

        Raises:
            ValidationError: for what `numbers.non_negative` refuses.
        """
        quantity = _checked(quantity, "quantity")
        if not self._offset:
            return _multiply(_divide_int(quantity, self.step), self.step)
        if quantity < self._offset:
            return _with_decimals(_ZERO, self.decimals)
        return _floor_from(self._offset, decimal_of(quantity, "quantity"), self.step)

    def is_on_grid(self, quantity: Decimal) -> bool:
        """Return True when *quantity* is a point of the grid; a negative quantity never is."""
        return _is_point(decimal_of(quantity, "quantity"), self._offset, self.step)

    def text(self, quantity: Decimal) -> str:
        """Return *quantity*, a point of the grid, in fixed point with the grid's decimals: ``0.010`` for 0.001.

        Raises:
            ValidationError: when *quantity* is not on the grid; round it down first.
        """
        if not self.is_on_grid(quantity):
            problem = f"must lie on the grid of {plain(self.step)} from {plain(self.minimum)}"
            raise ValidationError("quantity", f"{problem}, was {plain(decimal_of(quantity, 'quantity'))}; use floor")
        return fixed_point(_with_decimals(quantity, self.decimals))

    def shared_with(self, other: LotSize) -> LotSize | None:
        """Return the quantities that both accept, within both bounds; None when there are none."""
        shared = _shared_points(self.step, self._offset, other.step, other._offset)
        if shared is None:
            return None
        points = TickSize(increment=shared[0], minimum=shared[1])
        minimum = points.ceil(max(self.minimum, other.minimum))
        maximum = min((bound for bound in (self.maximum, other.maximum) if bound), default=_ZERO)
        if maximum and maximum < minimum:
            return None
        return LotSize(step=points.increment, minimum=minimum, maximum=maximum)


def _checked(value: object, name: str) -> Decimal:
    """Return *value* through the gate, which a plain, finite Decimal of ordinary size need not pass.

    Rounding is on every order's path and the whole gate costs more than the division; it counts digits, which do no
    harm to a division.
    """
    if type(value) is Decimal and value.is_finite() and not value.is_signed() and value < _TOO_LARGE:
        return value
    return non_negative(value, name)


def _lowest_point(minimum: Decimal, increment: Decimal) -> Decimal:
    """Return the smallest point, zero or above, of the grid through *minimum*."""
    return trimmed(EXACT.remainder(minimum, increment))


def _floor_from(offset: Decimal, value: Decimal, increment: Decimal) -> Decimal:
    """Return the highest ``offset + n * increment`` that is not above *value*, which is at least *offset*."""
    whole_increments = _divide_int(_subtract(value, offset), increment)
    return _add(_multiply(whole_increments, increment), offset)


def _is_point(value: Decimal, offset: Decimal, increment: Decimal) -> bool:
    """Return True when *value* is ``offset + n * increment`` and not negative."""
    return value >= _ZERO and not EXACT.remainder(_subtract(value, offset), increment)


def _with_decimals(value: Decimal, decimals: int) -> Decimal:
    """Return *value*, which needs no more, with exactly that many decimals."""
    return EXACT.quantize(value, Decimal((0, (1,), -decimals)))


def _shared_points(
    increment: Decimal, offset: Decimal, other_increment: Decimal, other_offset: Decimal
) -> tuple[Decimal, Decimal] | None:
    """Return increment and lowest point of what two grids have in common; None when they never meet.

    In units of the finest decimal both are residue classes, and the Chinese remainder theorem joins them.
    """
    decimals = max(decimal_places(value) for value in (increment, offset, other_increment, other_offset))
    a, b, x, y = (int(EXACT.scaleb(value, decimals)) for value in (increment, other_increment, offset, other_offset))
    divisor = gcd(a, b)
    if (y - x) % divisor:
        return None
    increments_up = (y - x) // divisor * pow(a // divisor, -1, b // divisor) % (b // divisor)
    joint = a // divisor * b
    lowest = x + a * increments_up
    return EXACT.scaleb(Decimal(joint), -decimals), EXACT.scaleb(Decimal(lowest), -decimals)
