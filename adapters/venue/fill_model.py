"""How a market order is filled where the market data does not say: spread, size and slippage, all named."""

from decimal import Decimal
from typing import Protocol

import attrs


class Slippage(Protocol):
    """How far beyond the best price a taker pays."""

    def worsened(self, price: int, tick: int, direction: int) -> int:
        """Return *price* moved against the taker and on the grid of *tick*.

        All are price units; *direction* is +1 for a buyer, -1 for a seller. The result is never better than *price*.
        """
        ...


def _not_negative(_: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    if value < 0:
        raise ValueError(f"{attribute.name} must not be negative, was {value}")


def _is_sensible(_: object, attribute: "attrs.Attribute[Decimal]", value: Decimal) -> None:
    if not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value < 10_000:
        raise ValueError(f"{attribute.name} must be a Decimal from 0 to below 10000, was {value!r}")


def _is_size(_: object, attribute: "attrs.Attribute[Decimal | None]", value: Decimal | None) -> None:
    if value is not None and (not isinstance(value, Decimal) or not value.is_finite() or value < 0):
        raise ValueError(f"{attribute.name} must be None or a Decimal of 0 or more, was {value!r}")


def _is_fraction(_: object, attribute: "attrs.Attribute[Decimal]", value: Decimal) -> None:
    if not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value < 1:
        raise ValueError(f"{attribute.name} must be a Decimal from 0 to below 1, was {value!r}")


@attrs.frozen
class NoSlippage:
    """The taker gets the best price as shown."""

    def worsened(self, price: int, tick: int, direction: int) -> int:
        """Return *price* unchanged."""
        return price


@attrs.frozen
class FixedTicks:
    """The taker pays a fixed number of *ticks* beyond the best price."""

    ticks: int = attrs.field(default=1, validator=_not_negative)

    def worsened(self, price: int, tick: int, direction: int) -> int:
        """Return *price* moved by the ticks; a price off the grid first goes to the worse neighbour."""
        return _onto_grid(price, tick, direction) + direction * self.ticks * tick


@attrs.frozen
class BasisPoints:
    """The taker pays *basis_points* (hundredths of a per cent) beyond the best price, up to the next tick."""

    basis_points: Decimal = attrs.field(validator=_is_sensible)

    def worsened(self, price: int, tick: int, direction: int) -> int:
        """Return *price* moved by the basis points and rounded away from the taker to the grid."""
        numerator, denominator = self.basis_points.as_integer_ratio()
        moved = price * (denominator * 10_000 + direction * numerator)
        scale = denominator * 10_000 * tick
        steps = -(-moved // scale) if direction > 0 else moved // scale
        return steps * tick


@attrs.frozen
class FillModel:
    """What a market order meets.

    Where bid and ask are quoted, the order takes the shown size at the shown price, worsened by *quoted_slippage*.
    Where only a last price is known, the book is synthetic: *synthetic_half_spread_ticks* to each side of the last
    price, *synthetic_size* (base units, `None`: without bound) on each side unless the quote brings its own liquidity,
    and *slippage* on top. *cost_buffer* is the fraction by which a buyer's margin is estimated above the best price
    (unconfirmed; the simulation's choice).

    The defaults are not optimistic: on a synthetic book a taker crosses a spread and slips one tick.
    """

    slippage: Slippage = FixedTicks(1)
    quoted_slippage: Slippage = NoSlippage()
    synthetic_half_spread_ticks: int = attrs.field(default=1, validator=attrs.validators.ge(0))
    synthetic_size: Decimal | None = attrs.field(default=None, validator=_is_size)
    cost_buffer: Decimal = attrs.field(default=Decimal("0.0005"), validator=_is_fraction)


def _onto_grid(price: int, tick: int, direction: int) -> int:
    return -(-price // tick) * tick if direction > 0 else price // tick * tick
