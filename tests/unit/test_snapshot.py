"""What the exchange shows at one moment."""

from decimal import Decimal

import pytest

from surefill.domain.side import Direction, PositionMode, PositionSide
from tests.doubles import ONE, a_bracket, a_position, a_snapshot, an_order


@pytest.mark.parametrize(("amount", "direction"), [("1.5", Direction.LONG), ("-1.5", Direction.SHORT)])
def test_the_sign_of_a_position_is_its_direction(amount: str, direction: Direction) -> None:
    """A positive amount is long, a negative one short; the size has no sign."""
    position = a_position(amount)

    assert (position.direction, position.quantity) == (direction, Decimal("1.5"))


@pytest.mark.parametrize(
    ("mode", "held", "long", "short"),
    [
        (PositionMode.ONE_WAY, [], "0", "0"),
        (PositionMode.ONE_WAY, ["2"], "2", "0"),
        (PositionMode.ONE_WAY, ["-2"], "0", "2"),
    ],
)
def test_one_way_accounts_hold_one_direction(mode: PositionMode, held: list[str], long: str, short: str) -> None:
    """Flat or the other way round, nothing is held in a direction."""
    snapshot = a_snapshot(held=held, mode=mode)

    assert snapshot.held(Direction.LONG, PositionSide.BOTH) == Decimal(long)
    assert snapshot.held(Direction.SHORT, PositionSide.BOTH) == Decimal(short)


def test_hedge_accounts_hold_both() -> None:
    """A long and a short stand side by side, each under its own side."""
    snapshot = a_snapshot(held=["2", "-3"], mode=PositionMode.HEDGE)

    assert snapshot.held(Direction.LONG, PositionSide.LONG) == 2
    assert snapshot.held(Direction.SHORT, PositionSide.SHORT) == 3
    assert snapshot.held(Direction.LONG, PositionSide.BOTH) == 0
    assert snapshot.position(PositionSide.BOTH) is None


def test_open_orders_are_found_in_both_services() -> None:
    """An order is found by its client id, whether it rests in the conditional or the regular service."""
    stop, entry = an_order(), an_order(a_bracket().entry(1))
    snapshot = a_snapshot(orders=[stop, entry])

    assert (snapshot.conditionals, snapshot.orders) == ((stop,), (entry,))
    assert snapshot.open_order(stop.client_id) is stop
    assert snapshot.open_order(entry.client_id) is entry
    assert snapshot.open_order(a_bracket().target(ONE, 1).client_id) is None
