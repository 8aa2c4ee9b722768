"""Sides and directions, exhaustively: there are few of them."""

import pytest

from surefill.domain.side import Direction, PositionMode, PositionSide, Side, SignalType, position_side


@pytest.mark.parametrize("word", [*Side, *Direction])
def test_opposites_undo_each_other(word: Side | Direction) -> None:
    """The opposite of the opposite is the same again, and the two differ in name and in sign."""
    assert word.opposite.opposite is word
    assert word.opposite is not word
    assert word.opposite.sign == -word.sign


def test_signs_are_those_of_a_position() -> None:
    """Buying and being long count up, selling and being short count down."""
    assert [Side.BUY.sign, Side.SELL.sign, Direction.LONG.sign, Direction.SHORT.sign] == [1, -1, 1, -1]


@pytest.mark.parametrize("direction", Direction)
def test_exits_undo_entries(direction: Direction) -> None:
    """A position is left on the opposite side of its entry, and the two directions mirror each other."""
    assert direction.entry_side.sign == direction.sign
    assert direction.exit_side is direction.entry_side.opposite
    assert direction.opposite.entry_side is direction.exit_side


@pytest.mark.parametrize(
    ("signal_type", "side", "direction", "is_entry"),
    [
        (SignalType.LONG_ENTRY, Side.BUY, Direction.LONG, True),
        (SignalType.SHORT_ENTRY, Side.SELL, Direction.SHORT, True),
        (SignalType.CLOSE_LONG, Side.SELL, Direction.LONG, False),
        (SignalType.CLOSE_SHORT, Side.BUY, Direction.SHORT, False),
    ],
)
def test_signals_say_side_and_direction(
    signal_type: SignalType, side: Side, direction: Direction, *, is_entry: bool
) -> None:
    """Each of the four signal types means one side, one direction, and entering or leaving."""
    assert signal_type.side is side
    assert signal_type.direction is direction
    assert signal_type.is_entry is is_entry


@pytest.mark.parametrize(
    ("mode", "direction", "expected"),
    [
        (PositionMode.ONE_WAY, Direction.LONG, PositionSide.BOTH),
        (PositionMode.ONE_WAY, Direction.SHORT, PositionSide.BOTH),
        (PositionMode.HEDGE, Direction.LONG, PositionSide.LONG),
        (PositionMode.HEDGE, Direction.SHORT, PositionSide.SHORT),
    ],
)
def test_position_sides_follow_the_mode(mode: PositionMode, direction: Direction, expected: PositionSide) -> None:
    """One-way accounts name BOTH whatever the direction, hedge accounts name the direction."""
    assert position_side(mode, direction) is expected
