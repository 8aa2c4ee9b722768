"""Buying and selling, long and short, and how the exchange names a position's side."""

from __future__ import annotations

from enum import Enum


class Side(Enum):
    """What an order does."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> Side:
        """The side that undoes this one."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL: the factor by which a fill changes a signed position."""
        return 1 if self is Side.BUY else -1


class Direction(Enum):
    """What a position gains from: LONG from rising prices, SHORT from falling ones."""

    LONG = "LONG"
    SHORT = "SHORT"

    @property
    def opposite(self) -> Direction:
        """The other direction."""
        return Direction.SHORT if self is Direction.LONG else Direction.LONG

    @property
    def sign(self) -> int:
        """+1 for LONG, -1 for SHORT: the sign of the position's amount."""
        return 1 if self is Direction.LONG else -1

    @property
    def entry_side(self) -> Side:
        """The side that opens or enlarges such a position."""
        return Side.BUY if self is Direction.LONG else Side.SELL

    @property
    def exit_side(self) -> Side:
        """The side that reduces or closes such a position, and that of its stop and its target."""
        return self.entry_side.opposite


class PositionMode(Enum):
    """How the account keeps positions; read from the account, never set by us."""

    ONE_WAY = "ONE_WAY"
    """One net position a symbol."""
    HEDGE = "HEDGE"
    """A long and a short position a symbol, side by side."""


class PositionSide(Enum):
    """The exchange's `positionSide`: which of a symbol's positions an order belongs to."""

    BOTH = "BOTH"
    LONG = "LONG"
    SHORT = "SHORT"


class SignalType(Enum):
    """What a signal asks for."""

    LONG_ENTRY = "LONG_ENTRY"
    SHORT_ENTRY = "SHORT_ENTRY"
    CLOSE_LONG = "CLOSE_LONG"
    CLOSE_SHORT = "CLOSE_SHORT"

    @property
    def direction(self) -> Direction:
        """The direction of the position that is opened or closed."""
        is_long = self in (SignalType.LONG_ENTRY, SignalType.CLOSE_LONG)
        return Direction.LONG if is_long else Direction.SHORT

    @property
    def is_entry(self) -> bool:
        """True when the signal opens a position, False when it closes one."""
        return self in (SignalType.LONG_ENTRY, SignalType.SHORT_ENTRY)

    @property
    def side(self) -> Side:
        """The side of the market order that carries the signal out."""
        return self.direction.entry_side if self.is_entry else self.direction.exit_side


class MarginType(Enum):
    """Whether a position stands with its own margin or with the whole wallet."""

    ISOLATED = "ISOLATED"
    CROSSED = "CROSSED"


class TriggerPrice(Enum):
    """The price that stops and targets are compared with."""

    MARK = "MARK"
    """The exchange's fair price, which a single wild trade does not move."""
    LAST = "LAST"
    """The price of the last trade."""


def position_side(mode: PositionMode, direction: Direction) -> PositionSide:
    """Return the `positionSide` of every order that belongs to a position of *direction*, its exits included.

    One-way accounts know only BOTH; in hedge mode closing a long is a SELL with LONG (Binance docs: New Order).
    """
    if mode is PositionMode.ONE_WAY:
        return PositionSide.BOTH
    return PositionSide.LONG if direction is Direction.LONG else PositionSide.SHORT
