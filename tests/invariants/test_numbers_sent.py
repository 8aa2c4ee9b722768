from decimal import Decimal

import pytest

from surefill.domain.limits import RiskLimits
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal
from surefill.testing.invariants import Asked, check
from tests.exchange_info import made_exchange_info, made_symbol
from tests.invariants.facts import Scene, answer
from tests.invariants.rows import STEM, request

INFO = made_exchange_info(made_symbol("BTCUSDT", tick="0.05", step="0.003", price_precision=2, quantity_precision=3))
LONG = Asked(signal_id="s", is_long=True, quantity=Decimal("1.0"), stop=Decimal("90.02"), target=Decimal("110.02"))
SHORT = Asked(signal_id="s", is_long=False, quantity=Decimal("1.0"), stop=Decimal("110.02"), target=Decimal("90.02"))


def faults(leg: str, asked: Asked | None = None, **params: str) -> list[str]:
    rows = [request(leg, **params)]
    found = check(rows, now_ms=2000, exchange_info=INFO, asked={} if asked is None else {STEM: asked})
    assert all(violation.time_ms == 1000 and violation.symbol == "BTCUSDT" for violation in found)
    assert all(violation.signal_id == (None if asked is None else "s") for violation in found)
    return [violation.text for violation in found if violation.invariant == "I7"]


def test_numbers_on_the_grid_are_sound() -> None:
    """Sizes on the step and prices on the tick break nothing; both grids begin at their smallest value."""
    assert faults("E", quantity="0.999") == []
    assert faults("S", quantity="0.006", triggerPrice="90.05") == []


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"quantity": "1.000"}, "not on the step of 0.003"),
        ({"quantity": "0.0061"}, "not on the step"),
        ({"quantity": "1e-1"}, "no plain number"),
        ({"quantity": "-0.999"}, "no plain number"),
        ({"quantity": "0.999", "triggerPrice": "90.02"}, "not on the tick of 0.05"),
        ({"quantity": "0.999", "price": "90.051"}, "not on the tick"),
        ({"quantity": "0.999", "stopPrice": "NaN"}, "no plain number"),
    ],
)
def test_a_number_off_the_grid_is_found(params: dict[str, str], words: str) -> None:
    """Whatever is not on the filter in force, or not plain, is named."""
    (found,) = faults("S", None, **params)

    assert words in found


def test_more_decimals_than_the_precision_are_found() -> None:
    """A price or size may be on a fine grid and still have more decimals than the exchange takes."""
    fine = made_exchange_info(made_symbol("BTCUSDT", tick="0.01", step="0.01", price_precision=1, quantity_precision=1))
    found = check([request("S", quantity="0.11", triggerPrice="90.01")], now_ms=2000, exchange_info=fine)

    assert [violation.text.partition(": ")[2] for violation in found] == [
        "quantity: 0.11 has more than 1 decimals",
        "triggerPrice: 90.01 has more than 1 decimals",
    ]


def test_a_filter_without_a_step_is_no_grid() -> None:
    """A step of zero, or no filter at all, refuses nothing."""
    bare = {"symbols": [{"symbol": "BTCUSDT", "filters": [{"filterType": "MARKET_LOT_SIZE", "stepSize": "0"}]}]}

    assert check([request("S", quantity="0.1234", triggerPrice="9.0001")], now_ms=1, exchange_info=bare) == ()


@pytest.mark.parametrize(
    ("asked", "stop", "target", "sound"),
    [
        (LONG, "90.05", "110.00", True),
        (LONG, "90.00", "110.00", False),
        (LONG, "90.10", "110.00", False),
        (LONG, "90.05", "110.05", False),
        (LONG, "90.05", "109.95", False),
        (SHORT, "110.00", "90.05", True),
        (SHORT, "110.05", "90.05", False),
        (SHORT, "109.95", "90.05", False),
        (SHORT, "110.00", "90.00", False),
        (SHORT, "110.00", "90.10", False),
    ],
)
def test_rounding_goes_toward_the_entry_by_less_than_a_tick(
    *, asked: Asked, stop: str, target: str, sound: bool
) -> None:
    """A stop is never looser than asked, a target never farther, and neither moves by a whole tick."""
    found = faults("S", asked, quantity="0.999", triggerPrice=stop)
    found += faults("T", asked, quantity="0.999", triggerPrice=target)

    assert (found == []) is sound


def test_a_price_that_needs_no_rounding_is_sent_as_it_is() -> None:
    """A wish on the grid may not be moved by a tick, not even toward the entry."""
    exact = Asked(signal_id="s", is_long=True, quantity=Decimal(1), stop=Decimal("90.00"), target=None)

    assert faults("S", exact, quantity="0.999", triggerPrice="90.00") == []
    assert "whole step" in faults("S", exact, quantity="0.999", triggerPrice="90.05")[0]


def test_sizes_are_rounded_down_by_less_than_a_step() -> None:
    """An entry is not larger than asked, nor smaller by a whole step; its legs may be smaller, after a partial fill."""
    assert faults("E", LONG, quantity="0.999") == []
    assert "whole step" in faults("E", LONG, quantity="0.996")[0]
    assert "looser" in faults("E", LONG, quantity="1.002")[0]
    assert faults("S", LONG, quantity="0.003", triggerPrice="90.05") == []
    assert "looser" in faults("S", LONG, quantity="1.002", triggerPrice="90.05")[0]


def test_an_exit_may_be_larger_than_its_own_signal() -> None:
    """The exit of a flip closes what other signals hold."""
    assert faults("X", LONG, quantity="3.000") == []


def test_without_rules_only_the_notation_and_the_direction_are_judged() -> None:
    """A symbol whose filters are unknown has no grid, but a looser stop is looser on any grid."""
    rows = [request("S", quantity="1.0000001", triggerPrice="90.0199999")]
    found = check(rows, now_ms=2000, asked={STEM: LONG})

    assert [violation.text.partition(": ")[2] for violation in found] == [
        "the size 1.0000001 is looser than the 1.0 asked for",
        "the stop 90.0199999 is looser than the 90.02 asked for",
    ]


def test_a_leg_nobody_asked_for_has_nothing_to_be_held_against() -> None:
    """A target of a signal without one, or a price under another name, is only judged by the grid."""
    bare = Asked(signal_id="s", is_long=True, quantity=Decimal(1), stop=Decimal("90.02"), target=None)

    assert faults("T", bare, quantity="0.999", triggerPrice="120.00") == []
    assert faults("S", bare, quantity="0.999", price="120.00") == []


def test_what_is_no_order_of_ours_is_passed_over() -> None:
    """Reads, cancels, settings and other people's orders are not judged."""
    rows = [
        request("S", method="GET", quantity="1e5"),
        request("S", path="/fapi/v1/leverage", quantity="1e5"),
        request("S", quantity="1e5", clientAlgoId="mine"),
        request("E", quantity="1e5", newClientOrderId=""),
    ]

    assert check(rows, now_ms=2000, exchange_info=INFO) == ()


def test_what_was_asked_is_taken_from_the_signal() -> None:
    """Direction, stop and target of a signal become what its orders are held against."""
    signal = Signal(id="s", symbol="BTCUSDT", type=SignalType.SHORT_ENTRY, stop_loss="110.02", take_profit="90.02")

    assert Asked.of(signal, Decimal("1.0")) == SHORT


def lots(step: str) -> dict[str, object]:
    """An exchangeInfo with another step."""
    return made_exchange_info(made_symbol("BTCUSDT", tick="0.01", step=step, price_precision=2, quantity_precision=3))


def test_rules_are_the_ones_the_owner_was_shown_last() -> None:
    """A size on yesterday's grid and off today's is found as soon as an answer has shown today's."""
    scene = Scene(asked={})
    scene.add(request("X", quantity="0.003"))
    assert scene.found("I7", 2000) == []
    scene.ask("exchangeInfo", answer(lots("0.002")), 3000, symbol=None)
    scene.add(request("X", quantity="0.003"))
    assert len(scene.found("I7", 4000)) == 1
    scene.ask("exchangeInfo", answer(lots("0.003")), 5000, symbol=None)
    scene.add(request("X", quantity="0.003"))
    assert scene.found("I7", 6000) == []


@pytest.mark.parametrize(
    "body", ["<html>", {}, {"symbols": 7}, {"symbols": ["x"]}, {"symbols": [{"filters": [{"filterType": "LOT_SIZE"}]}]}]
)
def test_rubbish_is_no_rule(body: object) -> None:
    """An answer that is no exchangeInfo changes nothing that is in force, nor does a refusal."""
    scene = Scene(asked={})
    scene.ask("exchangeInfo", answer(body), 3000, symbol=None)
    scene.ask("exchangeInfo", answer(lots("1"), 503), 3100, symbol=None)
    scene.add(request("X", quantity="0.0015"))

    assert len(scene.found("I7", 4000)) == 1


@pytest.mark.parametrize("quantity", ["many", "NaN", "", "Infinity"])
def test_the_judge_survives_what_is_no_number(quantity: str) -> None:
    """A broken build may send anything; it is found here, and no other invariant stumbles over it."""
    scene = Scene(limits=RiskLimits(max_order_quantity=Decimal(1)))
    scene.add(request("E", quantity=quantity))

    assert len(scene.found("I7", 2000)) == 1
