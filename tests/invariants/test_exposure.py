from decimal import Decimal

import pytest

from surefill.domain.limits import RiskLimits
from surefill.testing.invariants import Violation, check
from tests.invariants.facts import Scene
from tests.invariants.rows import fill, our_id, request


def of_exposure(violations: tuple[Violation, ...]) -> list[str]:
    return [violation.text for violation in violations if violation.invariant == "I10"]


def test_exits_that_shrink_are_sound() -> None:
    """Stops, targets and exits may take a position down to nothing, in parts."""
    rows = [
        *fill(1, our_id("E"), "BUY", "3", "3"),
        *fill(2, our_id("S"), "SELL", "1", "2"),
        *fill(3, our_id("T"), "SELL", "1", "1"),
        *fill(4, our_id("X"), "SELL", "1", "0"),
    ]

    assert of_exposure(check(rows, now_ms=5)) == []


@pytest.mark.parametrize("leg", ["S", "T", "X"])
@pytest.mark.parametrize(
    ("side", "quantity", "after"), [("BUY", "1", "3"), ("SELL", "3", "-1"), ("SELL", "4", "-2"), ("SELL", "5", "-3")]
)
def test_an_exit_that_enlarges_or_flips_is_found(leg: str, side: str, quantity: str, after: str) -> None:
    """An exit that leaves more, or the other direction, breaks the promise."""
    rows = [*fill(1, our_id("E"), "BUY", "2", "2"), *fill(2, our_id(leg), side, quantity, after)]

    assert of_exposure(check(rows, now_ms=3)) == [
        f"{our_id(leg)} took the position from 2 to {after}; an exit may only shrink it"
    ]


def test_an_exit_without_a_position_is_found() -> None:
    """An exit that opens a position is found though there was none to flip."""
    assert len(of_exposure(check(fill(1, our_id("X"), "SELL", "1", "-1"), now_ms=3))) == 1


def test_others_may_do_as_they_like() -> None:
    """Fills without our mark move the position and are not judged."""
    rows = [*fill(1, "mine", "BUY", "2", "2"), *fill(2, "mine", "SELL", "5", "-3")]

    assert of_exposure(check(rows, now_ms=3, max_position={"BTCUSDT": Decimal(1)})) == []


def test_an_entry_beyond_the_bound_is_found() -> None:
    """No entry of ours may take the position beyond what is allowed; an exit from beyond it may."""
    rows = [
        *fill(1, our_id("E"), "SELL", "2", "-2"),
        *fill(2, our_id("E", 2), "SELL", "1", "-3"),
        *fill(3, our_id("X"), "BUY", "0.5", "-2.5"),
    ]

    assert of_exposure(check(rows, now_ms=4, max_position={"BTCUSDT": Decimal(2)})) == [
        f"{our_id('E', 2)} took the position to -3; no more than 2 is allowed"
    ]
    assert of_exposure(check(rows, now_ms=4, max_position={"ETHUSDT": Decimal(1)})) == []


@pytest.mark.parametrize(
    ("params", "sound"),
    [
        ({}, True),
        ({"reduceOnly": "false"}, False),
        ({"reduceOnly": "false", "closePosition": "true"}, True),
        ({"reduceOnly": "false", "positionSide": "LONG"}, True),
        ({"reduceOnly": "false", "positionSide": "SHORT"}, False),
        ({"reduceOnly": "false", "positionSide": "SHORT", "side": "BUY"}, True),
        ({"reduceOnly": "false", "positionSide": "LONG", "side": "BUY"}, False),
    ],
)
def test_an_exit_must_say_that_it_only_reduces(*, params: dict[str, str], sound: bool) -> None:
    """An exit is sent reduce-only, or for the side of a hedge account's position that it closes."""
    found = of_exposure(check([request("X", **params)], now_ms=3))

    assert (found == []) is sound


def test_entries_need_not_reduce() -> None:
    """An entry is not reduce-only, and reads are not judged."""
    assert of_exposure(check([request("E"), request("X", method="GET", reduceOnly="false")], now_ms=3)) == []


LIMITS = RiskLimits(symbols={"BTCUSDT"}, max_order_quantity=Decimal("0.5"), max_position_notional=Decimal(1000))


@pytest.mark.parametrize(
    ("params", "sound"),
    [
        ({"quantity": "0.5"}, True),
        ({"quantity": "0.501"}, False),
        ({"quantity": "0.5", "symbol": "ETHUSDT"}, False),
    ],
)
def test_an_entry_beyond_the_risk_limits_is_found(*, params: dict[str, str], sound: bool) -> None:
    """Symbols that are not on the list, and orders larger than allowed, do not leave the house."""
    scene = Scene(asked={}, limits=LIMITS)
    scene.add(request("E", **params), request("X", quantity="9", symbol="ETHUSDT"))

    assert (scene.found("I10", 2000) == []) is sound


@pytest.mark.parametrize(("size", "sound"), [("10.2", True), ("10.201", False)])
def test_a_position_worth_more_than_allowed_is_found(*, size: str, sound: bool) -> None:
    """Everybody's size counts, at the price of the fill, with a little room for the price to move meanwhile."""
    scene = Scene(asked={}, limits=LIMITS)
    scene.add(*fill(1000, "mine", "BUY", "1", "1"), *fill(2000, our_id("E"), "BUY", str(Decimal(size) - 1), size))

    assert (scene.found("I10", 3000) == []) is sound


def test_what_the_exchange_says_is_held_is_held() -> None:
    """After a position changed without a fill, an exit is judged by what is there."""
    rows = [*fill(1, our_id("E"), "BUY", "2", "2"), fill(2, "", "BUY", "1", "0")[1]]

    assert len(of_exposure(check([*rows, *fill(3, our_id("X"), "SELL", "2", "-2")], now_ms=4))) == 1
