"""Brackets: the plan of an entry, exact before anything is sent."""

from decimal import Decimal
from typing import Any

import attrs
import pytest

from surefill.domain.bracket import Bracket, exit_order
from surefill.domain.grid import TickSize
from surefill.domain.order import OrderKind, OrderRequest, Purpose
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.refusal import Declined, Refusal
from surefill.domain.side import Direction, PositionMode, PositionSide, Side, SignalType, TriggerPrice
from surefill.domain.signal import Signal
from tests.doubles import MARK, NAMESPACE, ONE, SYMBOL, a_bracket, a_reference, a_signal, an_instrument

_STEM = "sf-xghnkw3rofgjygk3qznzqte7t5eo"
_LONG = {"type": SignalType.LONG_ENTRY}
_SHORT = {"type": SignalType.SHORT_ENTRY}


def _plan(signal: Signal | None = None, **changes: Any) -> Bracket | Declined:
    fields: dict[str, Any] = {
        "quantity": ONE,
        "instrument": an_instrument(),
        "reference": a_reference(),
        "mode": PositionMode.ONE_WAY,
        "namespace": NAMESPACE,
        "policy": ProtectionPolicy(),
    }
    return Bracket.plan(a_signal() if signal is None else signal, **(fields | changes))


def _planned(signal: Signal | None = None, **changes: Any) -> Bracket:
    plan = _plan(signal, **changes)
    assert isinstance(plan, Bracket), plan
    return plan


def _declined(signal: Signal | None = None, **changes: Any) -> Declined:
    plan = _plan(signal, **changes)
    assert isinstance(plan, Declined), plan
    return plan


def test_a_plan_is_exact() -> None:
    """Prices and size are on the grid, names are those of the signal, and the trigger is the policy's."""
    signal = a_signal(stop_loss="90.01", take_profit="119.99")
    policy = ProtectionPolicy(trigger_on=TriggerPrice.LAST)

    assert _planned(signal, quantity=Decimal("0.0129"), instrument=an_instrument(min_notional=ONE), policy=policy) == (
        Bracket(
            namespace=NAMESPACE,
            signal_id="s1",
            symbol=SYMBOL,
            direction=Direction.LONG,
            mode=PositionMode.ONE_WAY,
            quantity=Decimal("0.012"),
            stop_price=Decimal("90.1"),
            target_price=Decimal("119.9"),
            trigger_on=TriggerPrice.LAST,
        )
    )


@pytest.mark.parametrize(
    ("kind", "stop", "target", "planned_stop", "planned_target"),
    [
        (_LONG, "90.01", "119.99", "90.1", "119.9"),  # a long's stop up, its target down
        (_SHORT, "110.09", "80.01", "110.0", "80.1"),  # a short's stop down, its target up
        (_LONG, "90.1", "119.9", "90.1", "119.9"),
    ],
)
def test_prices_round_toward_the_entry(
    kind: dict[str, Any], stop: str, target: str, planned_stop: str, planned_target: str
) -> None:
    """The stop is never looser than asked and the target never farther; on the grid nothing changes."""
    plan = _planned(a_signal(**kind, stop_loss=stop, take_profit=target))

    assert (plan.stop_price, plan.target_price) == (Decimal(planned_stop), Decimal(planned_target))


@pytest.mark.parametrize(
    ("kind", "changes", "refusal"),
    [
        (_LONG, {"stop_loss": "100"}, Refusal.STOP_CROSSED),  # at the price it would trigger at once
        (_LONG, {"stop_loss": "100.5"}, Refusal.STOP_CROSSED),
        (_LONG, {"stop_loss": "99.95"}, Refusal.STOP_CROSSED),  # right as given, crossed once rounded up to 100
        (_LONG, {"take_profit": "100"}, Refusal.WRONG_SIDE),
        (_LONG, {"take_profit": "99.5", "stop_loss": "90"}, Refusal.WRONG_SIDE),
        (_LONG, {"take_profit": "100.05"}, Refusal.WRONG_SIDE),  # right as given, reached once rounded down to 100
        (_SHORT, {"stop_loss": "100", "take_profit": "80"}, Refusal.STOP_CROSSED),
        (_SHORT, {"stop_loss": "99.5", "take_profit": "80"}, Refusal.STOP_CROSSED),
        (_SHORT, {"stop_loss": "100.05", "take_profit": "80"}, Refusal.STOP_CROSSED),
        (_SHORT, {"stop_loss": "110", "take_profit": "100"}, Refusal.WRONG_SIDE),
        (_SHORT, {"stop_loss": "110", "take_profit": "99.95"}, Refusal.WRONG_SIDE),
    ],
)
def test_prices_on_the_wrong_side_are_declined(kind: dict[str, Any], changes: dict[str, Any], refusal: Refusal) -> None:
    """Stop and target must lie strictly on their sides of the price, as given and as rounded."""
    declined = _declined(a_signal(**kind, **changes))

    assert declined.refusal is refusal
    assert "mark 100, last 100" in declined.text


@pytest.mark.parametrize(
    ("kind", "mark", "last", "refusal"),
    [
        (_LONG, "90", "100", Refusal.STOP_CROSSED),  # at the stop's price it would trigger at once
        (_LONG, "100", "90", Refusal.STOP_CROSSED),
        (_LONG, "120", "100", Refusal.WRONG_SIDE),
        (_LONG, "100", "120", Refusal.WRONG_SIDE),
        (_SHORT, "110", "100", Refusal.STOP_CROSSED),
        (_SHORT, "100", "110", Refusal.STOP_CROSSED),
        (_SHORT, "80", "100", Refusal.WRONG_SIDE),
        (_SHORT, "100", "80", Refusal.WRONG_SIDE),
        (_LONG, "89.5", "100", Refusal.STOP_CROSSED),
        (_LONG, "100", "89.5", Refusal.STOP_CROSSED),
        (_LONG, "120.5", "100", Refusal.WRONG_SIDE),
        (_LONG, "100", "120.5", Refusal.WRONG_SIDE),
        (_SHORT, "110.5", "100", Refusal.STOP_CROSSED),
        (_SHORT, "100", "110.5", Refusal.STOP_CROSSED),
        (_SHORT, "79.5", "100", Refusal.WRONG_SIDE),
        (_SHORT, "100", "79.5", Refusal.WRONG_SIDE),
    ],
)
def test_both_mark_and_last_must_agree(kind: dict[str, Any], mark: str, last: str, refusal: Refusal) -> None:
    """One of the two prices beyond the stop or the target is enough to decline."""
    prices = {} if kind is _LONG else {"stop_loss": 110, "take_profit": 80}

    declined = _declined(a_signal(**kind, **prices), reference=a_reference(mark, last))

    assert declined.refusal is refusal
    assert f"mark {mark}, last {last}" in declined.text


def test_a_stop_is_required_unless_the_policy_says_otherwise() -> None:
    """Without a stop there is no plan, except for who asked for that; the text says how."""
    bare = a_signal(stop_loss=None)

    declined = _declined(bare)
    free = _planned(bare, policy=ProtectionPolicy(require_stop=False))

    assert declined.refusal is Refusal.NO_STOP
    assert "require_stop=False" in declined.text
    assert (free.stop_price, free.target_price) == (None, Decimal(120))


def test_a_target_is_never_required() -> None:
    """A plan without a target is a plan."""
    assert _planned(a_signal(take_profit=None)).target_price is None


@pytest.mark.parametrize(
    ("quantity", "rules", "refusal"),
    [
        ("0.0009", {}, Refusal.TOO_SMALL),  # less than the smallest size
        ("0.049", {}, Refusal.TOO_SMALL),  # 4.90 at mark, of at least 5
        ("1000.001", {}, Refusal.TOO_LARGE),
        ("1", {"status": "SETTLING"}, Refusal.SYMBOL_CLOSED),
    ],
)
def test_sizes_the_exchange_would_refuse_are_declined(quantity: str, rules: dict[str, Any], refusal: Refusal) -> None:
    """The entry itself is held to the exchange's rules before anything is sent."""
    assert _declined(quantity=Decimal(quantity), instrument=an_instrument(**rules)).refusal is refusal


@pytest.mark.parametrize(
    ("signal", "field"),
    [
        (a_signal(stop_loss="0.5"), "stop_loss"),
        (a_signal(take_profit="1000.1"), "take_profit"),
    ],
)
def test_prices_out_of_bounds_are_declined(signal: Signal, field: str) -> None:
    """A trigger outside the exchange's bounds would leave the position naked, so there is no entry."""
    declined = _declined(signal, instrument=an_instrument(min_price=ONE))

    assert declined.refusal is Refusal.PRICE_BAND
    assert declined.text.startswith(f"{field}: ")


def test_a_price_below_the_grid_is_declined() -> None:
    """A price under the grid's lowest point is declined, not an error in the middle of the work."""
    short = a_signal(**_SHORT, stop_loss=110, take_profit="0.2")
    offset = an_instrument(tick=TickSize("3", "1"))

    assert isinstance(_plan(short, instrument=offset), Bracket)
    assert _declined(a_signal(stop_loss="0.1", take_profit="0.2"), instrument=offset).refusal is Refusal.OFF_GRID


_MARKET: dict[str, Any] = {"trigger_price": None, "trigger_on": None, "kind": OrderKind.MARKET}


def _request(**fields: Any) -> OrderRequest:
    return OrderRequest(symbol=SYMBOL, quantity=ONE, **fields)


def test_requests_of_a_one_way_long_are_these() -> None:
    """Entry, stop, target and exit in full: what reduces is reduce-only, and nothing names a position side."""
    plan = a_bracket()
    one_way: dict[str, Any] = {"position_side": PositionSide.BOTH, "side": Side.SELL, "reduce_only": True}
    protection: dict[str, Any] = {"purpose": Purpose.PROTECTION, "trigger_on": TriggerPrice.MARK}

    assert plan.entry(1) == _request(
        **(one_way | _MARKET | {"side": Side.BUY, "reduce_only": False}), client_id=f"{_STEM}E1", purpose=Purpose.ENTRY
    )
    assert plan.stop(ONE, 2) == _request(
        **one_way, **protection, client_id=f"{_STEM}S2", kind=OrderKind.STOP, trigger_price=Decimal(90)
    )
    assert plan.target(ONE, 3) == _request(
        **one_way, **protection, client_id=f"{_STEM}T3", kind=OrderKind.TARGET, trigger_price=Decimal(120)
    )
    assert plan.exit(ONE, 4) == _request(**one_way, **_MARKET, client_id=f"{_STEM}X4", purpose=Purpose.EXIT)


@pytest.mark.parametrize("direction", Direction)
def test_requests_on_hedge_accounts_name_the_position(direction: Direction) -> None:
    """In hedge mode every order of a bracket names its position and none is reduce-only (Binance docs: New Order)."""
    plan = a_bracket(direction=direction, mode=PositionMode.HEDGE)

    for request in (plan.entry(1), plan.stop(ONE, 1), plan.target(ONE, 1), plan.exit(ONE, 1)):
        assert request.position_side is PositionSide[direction.value]
        assert not request.reduce_only


@pytest.mark.parametrize("mode", PositionMode)
def test_shorts_mirror_longs(mode: PositionMode) -> None:
    """A short sells to enter and buys to leave."""
    plan = a_bracket(direction=Direction.SHORT, mode=mode)

    assert plan.entry(1).side is Side.SELL
    assert {plan.stop(ONE, 1).side, plan.target(ONE, 1).side, plan.exit(ONE, 1).side} == {Side.BUY}


def test_legs_take_the_size_they_are_given() -> None:
    """Stop, target and exit are for what was executed, which may be less than was planned."""
    plan, part = a_bracket(), Decimal("0.4")

    assert {plan.stop(part, 1).quantity, plan.target(part, 1).quantity, plan.exit(part, 1).quantity} == {part}
    assert plan.entry(1).quantity == ONE


def test_the_trigger_follows_the_plan() -> None:
    """Both triggers are compared with the price the policy chose."""
    plan = a_bracket(trigger_on=TriggerPrice.LAST)

    assert plan.stop(ONE, 1).trigger_on is plan.target(ONE, 1).trigger_on is TriggerPrice.LAST


def test_legs_that_were_not_planned_cannot_be_made() -> None:
    """Asking a plan for a stop or a target it does not have is an error that names the signal."""
    plan = a_bracket(stop_price=None, target_price=None)

    with pytest.raises(ValueError, match="stop: the bracket of signal 's1' has none"):
        plan.stop(ONE, 1)
    with pytest.raises(ValueError, match="target: the bracket of signal 's1' has none"):
        plan.target(ONE, 1)


def test_an_exit_can_be_sent_in_another_signals_name() -> None:
    """A close signal's exit carries its own id and closes what is held, never more."""
    order = exit_order(
        namespace=NAMESPACE,
        signal_id="close-1",
        symbol=SYMBOL,
        direction=Direction.SHORT,
        mode=PositionMode.ONE_WAY,
        quantity=ONE,
        attempt=1,
    )

    assert (order.side, order.reduce_only, order.purpose) == (Side.BUY, True, Purpose.EXIT)
    assert order.client_id.endswith("X1")
    assert not order.client_id.startswith(_STEM)


@pytest.mark.parametrize(
    ("direction", "mark", "due"),
    [
        (Direction.LONG, "90.1", False),
        (Direction.LONG, "90", True),
        (Direction.LONG, "89", True),
        (Direction.SHORT, "109.9", False),
        (Direction.SHORT, "110", True),
        (Direction.SHORT, "111", True),
    ],
)
def test_a_stop_is_due_when_its_price_is_reached(direction: Direction, mark: str, *, due: bool) -> None:
    """At the stop's price and beyond the stop is due, before it is not."""
    assert a_bracket(direction=direction).beyond_stop(Decimal(mark)) is due


def test_without_a_stop_nothing_is_due() -> None:
    """A plan without a stop has no price beyond which to leave."""
    assert not attrs.evolve(a_bracket(), stop_price=None).beyond_stop(MARK)
