"""Broken builds: how a position is protected, and how what protects it is cleared away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, Never

import attrs

from surefill.adapters.simulated import Fault
from surefill.adapters.wire.call import Call
from surefill.adapters.wire.parameters import order_call
from surefill.application.desk import Desk
from surefill.application.protect import Watched, perform, protect
from surefill.application.reconcile import _late_watch
from surefill.application.unprotected import tell_unprotected
from surefill.domain.actions import Action, PlaceStop, Raise
from surefill.domain.alarm import AlarmKind
from surefill.domain.bracket import Bracket, exit_order
from surefill.domain.instrument import Instrument
from surefill.domain.leg_sets import of_size
from surefill.domain.leg_state import Fate, LegState
from surefill.domain.leg_view import LegView, view
from surefill.domain.order import OrderKind, OrderRequest
from surefill.domain.protection import _Look
from surefill.domain.reply import ReplyKind
from surefill.domain.side import Direction, PositionMode
from surefill.domain.signal_state import SignalState
from surefill.domain.snapshot import Snapshot
from surefill.domain.timings import Timings
from tests.chaos.matrix.steps import Step
from tests.chaos.teeth import scenarios as told
from tests.chaos.teeth.broken_build import BrokenBuild, Claim
from tests.chaos.teeth.layers import cell
from tests.chaos.teeth.patch import attribute, function
from tests.chaos.teeth.probes import by_test, scenarios

_view, _missing_stop, _clear, _cover = view, _Look._missing_stop, _Look._clear, _Look._cover
_alarm, _perform, _protect, _exit_order, _order_call = Desk.alarm, perform, protect, exit_order, order_call
_stop, _stop_price = Bracket.stop, Instrument.stop_price


def _tried_once(
    look: _Look, state: SignalState, plan: Bracket, legs: tuple[LegState, ...], *, naked: bool
) -> list[Action]:
    return [] if legs else _missing_stop(look, state, plan, legs, naked=naked)


def _uncovered_in_silence(look: _Look, state: SignalState, live: list[LegState]) -> list[Action]:
    return [action for action in _cover(look, state, live) if not isinstance(action, Raise)]


def _tell_nobody(desk: Desk, symbol: str) -> None:
    del desk, symbol


def _acknowledged_is_live(leg: LegState, snapshot: Snapshot, now_ms: int, timings: Timings) -> LegView:
    if leg.reply is not None and leg.reply.kind is ReplyKind.ACCEPTED and leg.fate is Fate.OPEN:
        return LegView.LIVE
    return _view(leg, snapshot, now_ms, timings)


def _triggering_is_live(leg: LegState, snapshot: Snapshot, now_ms: int, timings: Timings) -> LegView:
    seen = _view(leg, snapshot, now_ms, timings)
    return LegView.LIVE if seen in (LegView.TRIGGERING, LegView.STUCK) else seen


def _targets_stay(look: _Look, state: SignalState) -> list[Action]:
    legs = {name: leg for name, leg in state.legs.items() if leg.intent.request.kind is not OrderKind.TARGET}
    return _clear(look, attrs.evolve(state, legs=legs))


def _none(look: _Look) -> list[Never]:
    del look
    return []


def _to_nearest(instrument: Instrument, direction: Direction, price: Decimal) -> Decimal:
    del direction
    up, down = _stop_price(instrument, Direction.LONG, price), _stop_price(instrument, Direction.SHORT, price)
    return up if up - price < price - down else down


def _in_binary(request: OrderRequest) -> Call:
    call, steps = _order_call(request), int(request.quantity.scaleb(3))
    return attrs.evolve(call, params={**call.params, "quantity": repr(steps * 0.001)})


def _one_step_more(request: OrderRequest) -> Call:
    call = _order_call(request)
    return attrs.evolve(call, params={**call.params, "quantity": str(request.quantity + Decimal("0.001"))})


def _on_the_entrys_side(plan: Bracket, quantity: Decimal, attempt: int) -> OrderRequest:
    return attrs.evolve(_stop(plan, quantity, attempt), side=plan.direction.entry_side)


def _target_first(desk: Desk, symbol: str, actions: Sequence[Action], *, until_ms: int) -> None:
    _perform(desk, symbol, sorted(actions, key=lambda action: isinstance(action, PlaceStop)), until_ms=until_ms)


def _any_size_will_do(live: list[LegState], quantity: Decimal) -> LegState | None:
    return next((leg for leg in live if leg.quantity >= quantity), None)


def _not_reduce_only(
    *,
    namespace: str,
    signal_id: str,
    symbol: str,
    direction: Direction,
    mode: PositionMode,
    quantity: Decimal,
    attempt: int,
) -> OrderRequest:
    order = _exit_order(
        namespace=namespace,
        signal_id=signal_id,
        symbol=symbol,
        direction=direction,
        mode=mode,
        quantity=quantity,
        attempt=attempt,
    )
    return attrs.evolve(order, reduce_only=False)


def _alarm_once(
    desk: Desk,
    kind: AlarmKind,
    text: str,
    *,
    symbol: str | None = None,
    signal_id: str | None = None,
    once: bool = False,
) -> None:
    if (kind, symbol, signal_id) not in desk._alarmed_ms:
        _alarm(desk, kind, text, symbol=symbol, signal_id=signal_id, once=once)


def _unheard(desk: Desk, alarm: object) -> None:
    del desk, alarm


def _without_a_deadline(
    desk: Desk, symbol: str, *, until_ms: int, done: Callable[[], bool], exits_until_ms: int | None = None
) -> Watched:
    return _protect(desk, symbol, until_ms=until_ms + 70_000, done=done, exits_until_ms=exits_until_ms)


_NO_STOPS: Final = Fault.unreachable(leg="S")

BUILDS: Final = (
    BrokenBuild(
        name="stop errors only logged",
        broken="a stop that could not be placed is not tried again, and nobody is told",
        patches=(
            attribute(_Look, "_missing_stop", _tried_once),
            attribute(_Look, "_cover", _uncovered_in_silence),
            function(tell_unprotected, _tell_nobody),
        ),
        claims=(
            Claim({"I2"}, scenarios((told.made(Fault.refused(-1111, leg="S", nth=1)), told.entered))),
            cell("C5", Step.STOP),
        ),
    ),
    BrokenBuild(
        name="acknowledged as protected",
        broken="a stop protects from its acknowledgement on, whatever is shown later",
        patches=(function(view, _acknowledged_is_live),),
        claims=(Claim({"I2"}, scenarios((told.made(), told.stop_taken_away))), cell("E5", Step.STOP)),
    ),
    BrokenBuild(
        name="triggering as protected",
        broken="a stop that is TRIGGERING protects, however long",
        patches=(function(view, _triggering_is_live),),
        claims=(Claim({"I2"}, scenarios((told.made(), told.stop_stuck))), cell("E7", Step.STOP)),
    ),
    BrokenBuild(
        name="target forgotten",
        broken="when the stop has filled, its target stays",
        patches=(attribute(_Look, "_clear", _targets_stay), attribute(_Look, "orphans", _none)),
        claims=(Claim({"I3"}, scenarios((told.made(), told.stop_hit))),),
    ),
    BrokenBuild(
        name="stop not resized",
        broken="after a part was closed, the stop for all of it stays",
        patches=(function(of_size, _any_size_will_do),),
        claims=(Claim({"I3"}, scenarios((told.made(), told.closed_in_part))), cell("E20", Step.TRADES)),
    ),
    BrokenBuild(
        name="stop to the nearest tick",
        broken="a stop is rounded to the nearest tick, and not toward the entry",
        patches=(attribute(Instrument, "stop_price", _to_nearest),),
        claims=(Claim({"I7"}, scenarios((told.made(), told.entered_off_grid))),),
    ),
    BrokenBuild(
        name="size in binary",
        broken="sizes are computed in binary floating point",
        patches=(function(order_call, _in_binary),),
        claims=(Claim({"I7"}, scenarios((told.made(), told.entered_for_float))),),
    ),
    BrokenBuild(
        name="size rounded up",
        broken="a size is rounded up to the next step",
        patches=(function(order_call, _one_step_more),),
        claims=(Claim({"I7"}, scenarios((told.made(), told.entered_off_grid))),),
    ),
    BrokenBuild(
        name="stop on the wrong side",
        broken="the stop is on the entry's side",
        patches=(attribute(Bracket, "stop", _on_the_entrys_side),),
        claims=(by_test("tests/application/test_execute.py::test_what_is_sent"),),
    ),
    BrokenBuild(
        name="target before stop",
        broken="the target goes out before the stop",
        patches=(function(perform, _target_first),),
        claims=(by_test("tests/application/test_execute.py::test_the_stop_goes_out_before_the_target"),),
    ),
    BrokenBuild(
        name="exit without reduce-only",
        broken="an exit could open a position",
        patches=(function(exit_order, _not_reduce_only),),
        claims=(Claim({"I10"}, scenarios((told.made(), told.closed))),),
    ),
    BrokenBuild(
        name="alarm only once",
        broken="an alarm is raised once, and not again while it holds",
        patches=(attribute(Desk, "alarm", _alarm_once),),
        claims=(Claim({"I2"}, scenarios((told.made(_NO_STOPS), told.entered))), cell("A8", Step.STOP)),
    ),
    BrokenBuild(
        name="alarm unheard",
        broken="an alarm is written down, and the host's bell is never rung",
        patches=(attribute(Desk, "_ring", _unheard),),
        claims=(Claim({"I2"}, scenarios((told.made(_NO_STOPS), told.entered))), cell("A8", Step.STOP)),
    ),
    BrokenBuild(
        name="no deadline",
        broken="a call goes on protecting long after its deadline",
        patches=(function(protect, _without_a_deadline),),
        claims=(Claim({"I12"}, scenarios((told.made(_NO_STOPS), told.entered))),),
    ),
    BrokenBuild(
        name="no late watch",
        broken="an entry believed absent is never looked for again",
        patches=(function(_late_watch, _tell_nobody), attribute(_Look, "_absent_entries", _none)),
        claims=(
            Claim(
                {"I2", "I5", "I12"},
                scenarios(
                    (
                        told.made(
                            Fault.reply_lost(leg="E", nth=1), Fault.visibility_lag(40_000, trades=True, positions=True)
                        ),
                        told.entered,
                    )
                ),
            ),
            cell("A3", Step.ENTRY),
        ),
    ),
)
