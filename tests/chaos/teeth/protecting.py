"""Broken builds: how a position is protected, and how its exits are sent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import attrs

from surefill.adapters.simulated import Fault
from surefill.adapters.wire.parameters import order_call
from surefill.application.desk import Desk
from surefill.application.execute import _protect
from surefill.application.protect import perform
from surefill.application.unprotected import tell_unprotected
from surefill.domain.actions import Action, PlaceStop, Raise
from surefill.domain.alarm import AlarmKind
from surefill.domain.bracket import Bracket, exit_order
from surefill.domain.instrument import Instrument
from surefill.domain.leg_state import Fate, LegState
from surefill.domain.leg_view import LegView, view
from surefill.domain.order import OrderKind, OrderRequest, OrderStatus
from surefill.domain.protection import _exact, _Look
from surefill.domain.reply import ReplyKind
from surefill.domain.side import Direction
from surefill.domain.signal_state import SignalState
from surefill.domain.snapshot import Snapshot
from surefill.domain.timings import Timings
from surefill.adapters.wire.call import Call
from tests.chaos.teeth import scenarios as told
from tests.chaos.teeth.broken_build import BrokenBuild
from tests.chaos.teeth.patch import attribute, function
from tests.chaos.teeth.probes import existing_tests, scenarios

_view, _missing_stop, _legs_to_clear = view, _Look._missing_stop, _Look._clear
_alarm, _perform, _bracket_stop, _exit_order, _order_call = Desk.alarm, perform, Bracket.stop, exit_order, order_call


def _logged_only(
    look: _Look, state: SignalState, plan: Bracket, legs: tuple[LegState, ...], *, naked: bool
) -> list[Action]:
    return [] if legs else _missing_stop(look, state, plan, legs, naked=naked)


def _quiet(desk: Desk, symbol: str) -> None:
    del desk, symbol


def _uncovered_quietly(look: _Look, state: SignalState, live: list[LegState]) -> list[Action]:
    return [action for action in _cover(look, state, live) if not isinstance(action, Raise)]


_cover = _Look._cover


def _acknowledged_is_live(leg: LegState, snapshot: Snapshot, now_ms: int, timings: Timings) -> LegView:
    if leg.reply is not None and leg.reply.kind is ReplyKind.ACCEPTED and leg.fate is Fate.OPEN:
        return LegView.LIVE
    return _view(leg, snapshot, now_ms, timings)


def _triggering_is_live(leg: LegState, snapshot: Snapshot, now_ms: int, timings: Timings) -> LegView:
    seen = _view(leg, snapshot, now_ms, timings)
    return LegView.LIVE if seen in (LegView.TRIGGERING, LegView.STUCK) else seen


def _targets_stay(look: _Look, state: SignalState) -> list[Action]:
    kept = {leg.client_id for leg in state.legs.values() if leg.intent.request.kind is OrderKind.TARGET}
    state = attrs.evolve(state, legs={name: leg for name, leg in state.legs.items() if name not in kept})
    return _legs_to_clear(look, state)


def _to_nearest(instrument: Instrument, direction: Direction, price: Decimal) -> Decimal:
    up, down = _stop_price(instrument, Direction.LONG, price), _stop_price(instrument, Direction.SHORT, price)
    del direction
    return up if up - price <= price - down else down


_stop_price = Instrument.stop_price


def _on_the_entrys_side(plan: Bracket, quantity: Decimal, attempt: int) -> OrderRequest:
    return attrs.evolve(_bracket_stop(plan, quantity, attempt), side=plan.direction.entry_side)


def _any_size_will_do(live: list[LegState], quantity: Decimal) -> LegState | None:
    return next((leg for leg in live if leg.quantity >= quantity), None)
