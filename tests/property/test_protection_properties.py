"""The one decision on a tiny exchange that lags, refuses and loses: applied again and again it comes to rest."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import event, given
from hypothesis import strategies as st

from surefill.domain.actions import (
    Action,
    CancelLegs,
    CancelOrphans,
    ExitNow,
    LookAgain,
    PlaceStop,
    PlaceTarget,
    Raise,
    WriteOff,
)
from surefill.domain.alarm import AlarmKind
from surefill.domain.ids import Leg, parse_ours
from surefill.domain.order import ZERO
from surefill.domain.protection_policy import OnLateFill, OnUnprotected, ProtectionPolicy
from surefill.domain.side import Direction, PositionMode
from tests.doubles import NAMESPACE
from tests.toy_exchange import ToyDesk, ToyFaults

_ROUNDS_MAX = 1_000

_FAULTS = st.builds(
    ToyFaults,
    lost=st.lists(st.booleans(), max_size=12).map(tuple),
    unheard=st.lists(st.booleans(), max_size=12).map(tuple),
    refused=st.lists(st.booleans(), max_size=12).map(tuple),
    lag_ms=st.sampled_from([0, 100, 700, 1_500]),
)
_POLICIES = st.builds(
    ProtectionPolicy,
    on_unprotected=st.sampled_from(OnUnprotected),
    on_late_fill=st.sampled_from(OnLateFill),
    leg_replacements_max=st.integers(0, 2),
)
_SIZES = st.integers(1, 20).map(lambda tenths: Decimal(tenths) / 10)


@st.composite
def _desks(draw: st.DrawFn) -> ToyDesk:
    """A desk with one to three filled brackets on one symbol, and faults to come."""
    mode = draw(st.sampled_from(PositionMode))
    desk = ToyDesk(mode, draw(_POLICIES), draw(_FAULTS))
    direction = draw(st.sampled_from(Direction))
    for number in range(draw(st.integers(1, 3))):
        if mode is PositionMode.HEDGE:
            direction = draw(st.sampled_from(Direction))
        desk.enter(
            f"s{number}",
            direction,
            draw(_SIZES),
            with_target=draw(st.booleans()),
            late=draw(st.integers(0, 4)) == 0,
        )
    return desk


_DELAYS = st.sampled_from([0, 300, 3_500, 6_000])


def _happens(desk: ToyDesk, data: st.DataObject) -> None:
    """One thing that the world does between two looks."""
    match data.draw(st.sampled_from(["nothing", "stop", "target", "by hand", "removed", "partly", "halt"])):
        case "stop":
            desk.trigger(Leg.STOP, data.draw(st.integers(0, 3)), data.draw(_DELAYS))
        case "target":
            desk.trigger(Leg.TARGET, data.draw(st.integers(0, 3)), data.draw(_DELAYS))
        case "by hand":
            desk.close_by_hand(data.draw(_SIZES))
        case "removed":
            desk.remove_a_leg()
        case "partly":
            desk.close_partly(data.draw(_SIZES))
        case "halt":
            desk.halt()
        case _:
            pass


def _at_rest(actions: tuple[Action, ...]) -> bool:
    return all(isinstance(action, (LookAgain, Raise)) for action in actions)


def _check_harmless(desk: ToyDesk, actions: tuple[Action, ...]) -> None:
    """Whatever is decided names our own orders, no more than is open, the stop first, and nothing after an exit."""
    open_sizes = {tale.signal_id: tale.state.open_quantity for tale in desk.tales}
    placed: set[tuple[str, type[Action]]] = set()
    for action in actions:
        if isinstance(action, (PlaceStop, PlaceTarget, ExitNow, WriteOff)):
            assert ZERO < action.quantity <= open_sizes[action.signal_id]
            assert (action.signal_id, ExitNow) not in placed
            placed.add((action.signal_id, type(action)))
        if isinstance(action, PlaceStop):
            assert (action.signal_id, PlaceTarget) not in placed
        if isinstance(action, ExitNow):
            assert desk.held(action.signal_id) > ZERO
        if isinstance(action, CancelLegs):
            assert set(action.client_ids) <= set(desk.tale(action.signal_id).state.legs)
        if isinstance(action, CancelOrphans):
            assert all(parse_ours(key.client_id, NAMESPACE) for key in action.keys)


def _come_to_rest(desk: ToyDesk) -> tuple[Action, ...]:
    """Look, decide and act until nothing is decided any more, or only waiting; the late watch is waited for."""
    quiet = idle = 0
    actions: tuple[Action, ...] = ()
    for _ in range(_ROUNDS_MAX):
        actions = desk.decide()
        _check_harmless(desk, actions)
        desk.perform(actions)
        quiet = quiet + 1 if _at_rest(actions) else 0
        idle = idle + 1 if not actions else 0
        watching = any(tale.state.open_quantity == ZERO and tale.state.closed_by is None for tale in desk.tales)
        if idle > 3 or (quiet > 90 and not watching):
            return actions
    raise AssertionError(f"no rest after {_ROUNDS_MAX} rounds, at last {actions}")


def _check_rest(desk: ToyDesk, actions: tuple[Action, ...]) -> None:
    """Every bracket is covered by exactly one exact stop, alarmed, waived or closed, and nothing is left behind."""
    alarmed = {
        action.signal_id
        for action in actions
        if isinstance(action, Raise) and action.kind in (AlarmKind.UNPROTECTED, AlarmKind.LEG_REMOVED)
    }
    for tale in desk.tales:
        live = desk.live_stops(tale.signal_id)
        size = tale.state.open_quantity
        if size > ZERO:
            assert live == [size] or tale.signal_id in alarmed, (tale.signal_id, live, size)
        else:
            assert desk.live_orders(tale.signal_id) == []
            assert tale.state.closed_by is not None
    assert desk.never_added_exposure
    assert desk.sums_agree()


@given(_desks(), st.data())
def test_applying_the_decisions_comes_to_rest(desk: ToyDesk, data: st.DataObject) -> None:
    """Under lag, loss and refusals, whatever the world does, the actions reach a fixed point that keeps the promise."""
    for _ in range(data.draw(st.integers(0, 6))):
        for _ in range(data.draw(st.integers(1, 6))):
            actions = desk.decide()
            _check_harmless(desk, actions)
            desk.perform(actions)
        _happens(desk, data)
    desk.heal()

    actions = _come_to_rest(desk)

    _check_rest(desk, actions)
    event("closed" if all(tale.state.closed_by for tale in desk.tales) else "open")


@given(_desks())
def test_a_stop_that_is_always_refused_is_alarmed_or_left(desk: ToyDesk) -> None:
    """Where no stop ever gets through, each position ends alarmed and open, or flat, as the policy says."""
    desk.refuse_every_stop()
    actions: tuple[Action, ...] = ()
    while desk.now_ms < 60_000:
        actions = desk.decide()
        _check_harmless(desk, actions)
        desk.perform(actions)

    alarmed = {action.signal_id for action in actions if isinstance(action, Raise)}
    for tale in desk.tales:
        leaves = desk.policy.on_unprotected is OnUnprotected.FLATTEN or (
            tale.late and desk.policy.on_late_fill is OnLateFill.FLATTEN
        )
        assert (tale.state.open_quantity == ZERO) is leaves
        assert leaves or tale.signal_id in alarmed
