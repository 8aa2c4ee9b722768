"""Carrying out a close: the position first, then its orders; the stop protects until the position is gone."""

from __future__ import annotations

from decimal import Decimal

from ..domain.errors import AuthenticationError, OrderExecutionError
from ..domain.events import Allotment, Closed
from ..domain.ids import Leg
from ..domain.leg_state import Fate
from ..domain.numbers import EXACT
from ..domain.order import ZERO
from ..domain.refusal import Declined, Refusal
from ..domain.reply import ReplyKind
from ..domain.report import ClosedBy, ExecutionReport, Outcome
from ..domain.side import position_side
from ..domain.signal import Signal
from ..domain.signal_state import SignalState
from ..domain.snapshot import Snapshot
from . import reports
from .adopt import adopt_exits, may_be_older
from .decide import glance
from .desk import Desk
from .entry import declined_by
from .execute import claim, release
from .exits import ExitOrder, ExitResult, exit_position
from .observe import book_for
from .protect import Watched, protect
from .resolve import resolve
from .settle import settle
from .takeover import half_known, shown

LAST_LOOK_MS = 3_000
"""How much of a call's time is kept for its last look: a slow exchange takes a second for each of its three reads."""


def execute_close(desk: Desk, signal: Signal, quantity: Decimal | None, digest: str) -> ExecutionReport:
    """Carry out a close signal, new or interrupted; the caller holds the signal's turn and its symbol's.

    Closes never need the gate: nothing that stops entries stops an exit. They close min(what was asked, what is ours,
    what is held), oldest bracket first.
    """
    if signal.valid_until_ms is not None and desk.now_ms() >= signal.valid_until_ms and desk.state(signal.id) is None:
        return reports.refused(desk, signal, Declined(Refusal.STALE, f"valid_until {signal.valid_until} has passed"))
    began_ms = desk.now_ms()
    claim(desk, signal, quantity, digest)
    state = desk.known_state(signal.id)
    for leg in state.of(Leg.EXIT):
        if leg.fate is Fate.OPEN_QUESTION:
            resolve(desk, leg, until_ms=desk.now_ms() + desk.timings.verdict_ms)
    if state.took_effect:
        return conclude_close(desk, state, None)
    try:
        if may_be_older(desk, signal) and adopt_exits(desk, state):
            return conclude_close(desk, state, None)
        snapshot = glance(desk, signal.symbol)
    except (OrderExecutionError, AuthenticationError) as error:
        return release(desk, signal, declined_by(desk, signal.symbol, error))
    order = _order(desk, signal, quantity, snapshot)
    if order is None:
        question = _entry_question(desk, signal) or _unknown_of_ours(desk, signal, snapshot)
        if question is not None:
            return release(desk, signal, question)
        return _already_flat(desk, state)
    until_ms = began_ms + desk.timings.accepted_call_ms - LAST_LOOK_MS
    result = _exit(desk, order, until_ms)
    if result.refusal is Refusal.REDUCE_ONLY:
        rest = _rest(desk, signal, quantity, order)
        result = result if rest is None else _exit(desk, rest, until_ms)
    if not state.took_effect and result.refusal is not Refusal.REDUCE_ONLY and not _refused_for_good(state):
        return release(desk, signal, Declined(result.refusal or Refusal.UNREACHABLE, result.text))
    unknown = any(leg.reply is None or leg.reply.kind is ReplyKind.UNKNOWN for leg in state.of(Leg.EXIT))
    call_ms = desk.timings.unknown_call_ms if unknown else desk.timings.accepted_call_ms
    return conclude_close(desk, state, result, end_ms=began_ms + call_ms)


def _exit(desk: Desk, order: ExitOrder, until_ms: int) -> ExitResult:
    def meanwhile() -> None:
        protect(desk, order.symbol, until_ms=desk.now_ms(), done=lambda: True)

    unknown_until_ms = desk.now_ms() + desk.timings.accepted_call_ms
    return exit_position(desk, order, until_ms=until_ms, unknown_until_ms=unknown_until_ms, meanwhile=meanwhile)


def _rest(desk: Desk, signal: Signal, quantity: Decimal | None, refused: ExitOrder) -> ExitOrder | None:
    """Return what is left to close after an exit of more than is held was refused; None when that is no less.

    A stop or target may have closed a part right before it.
    """
    protect(desk, signal.symbol, until_ms=desk.now_ms(), done=lambda: True)
    try:
        order = _order(desk, signal, quantity, glance(desk, signal.symbol))
    except (OrderExecutionError, AuthenticationError):
        return None  # nobody knows what is left; the guard goes on
    return order if order is not None and order.quantity < refused.quantity else None


def conclude_close(
    desk: Desk, state: SignalState, result: ExitResult | None, *, end_ms: int | None = None
) -> ExecutionReport:
    """Bring the legs of what was closed in order, and report; what is not done by *end_ms* is a duty."""
    signal = state.claim.signal
    touched = {each.signal_id for leg in state.of(Leg.EXIT) for each in leg.intent.allotments}
    soon_ms = desk.now_ms() + desk.timings.settle_ms
    last_ms = soon_ms if end_ms is None else end_ms - LAST_LOOK_MS
    soon_ms = min(soon_ms, last_ms)
    work = protect(
        desk,
        signal.symbol,
        until_ms=soon_ms,
        done=lambda: all(_in_order(desk, signal_id) for signal_id in touched),
    )
    exits = tuple(state.of(Leg.EXIT))
    for leg in exits:
        if leg.fate is Fate.ENDED:
            settle(desk, leg, until_ms=max(soon_ms, desk.now_ms()))
    snapshot = _last_look(desk, signal.symbol, work, last_ms)
    outcome = _outcome(desk, state, result, snapshot)
    newest = next((leg.order for leg in reversed(exits) if leg.order is not None), None)
    report = ExecutionReport(
        signal_id=state.signal_id,
        symbol=state.symbol,
        type=signal.type,
        outcome=outcome,
        reason=None if outcome is not Outcome.REJECTED or not exits else exits[-1].refusal,
        text="" if result is None else result.text,
        filled_quantity=state.executed(Leg.EXIT),
        average_price=reports.average(exits),
        exit=newest,
        closed_by=ClosedBy.EXIT if outcome is Outcome.CLOSED else None,
        position=None if snapshot is None else snapshot.position(position_side(snapshot.mode, signal.type.direction)),
        provisional=any(leg.fate is Fate.ABSENT for leg in exits),
        corrections=() if state.report is None else state.report.corrections,
        at_ms=desk.now_ms(),
    )
    if state.open_questions:
        return desk.report(report)
    desk.report(report, Closed(desk.now_ms(), state.signal_id, ClosedBy.EXIT))
    desk.forget(state.signal_id)
    return report


def _order(desk: Desk, signal: Signal, quantity: Decimal | None, snapshot: Snapshot) -> ExitOrder | None:
    direction = signal.type.direction
    book = desk.symbol_book(signal.symbol)
    ours = book.open_quantity(direction)
    held = snapshot.held(direction, position_side(snapshot.mode, direction))
    # one reading that shows nothing is no proof against fills of ours: the exchange's own check of the exit is
    bound = min(ours, held) if held > ZERO else ours
    size = bound if quantity is None else min(quantity, bound)
    if size <= ZERO:
        return None
    left = size
    allotments: list[Allotment] = []
    for each in book.holding(direction):
        share = min(left, each.open_quantity)
        if share > ZERO:
            allotments.append(Allotment(each.signal_id, share))
            left = EXACT.subtract(left, share)
    return ExitOrder(
        signal_id=signal.id,
        symbol=signal.symbol,
        direction=direction,
        mode=snapshot.mode,
        quantity=size,
        allotments=tuple(allotments),
        seen=snapshot,
    )


def _entry_question(desk: Desk, signal: Signal) -> Declined | None:
    """Return why nobody can say that nothing of ours is open: an entry in that direction may have been executed."""
    for leg in desk.symbol_book(signal.symbol).questions:
        if leg.intent.leg is Leg.ENTRY and leg.intent.request.side is signal.type.direction.entry_side:
            text = f"nobody knows yet whether {leg.client_id} was executed; close again once reconcile() has found out"
            return Declined(Refusal.FROZEN, text)
    return None


def _unknown_of_ours(desk: Desk, signal: Signal, snapshot: Snapshot | None) -> Declined | None:
    """Return why nobody can say that nothing of ours is open: there are traces of signals the journal does not know."""
    direction = signal.type.direction
    if snapshot is None or snapshot.held(direction, position_side(snapshot.mode, direction)) <= ZERO:
        return None
    strays = book_for(desk, signal.symbol, snapshot, flatten=False).unknown_ids
    traces = [
        each.client_id for each in shown(snapshot) if each.client_id in strays and each.side is direction.exit_side
    ]
    if not traces:
        return None
    text = (
        f"the journal does not know all of ours on {signal.symbol} ({', '.join(traces)}); execute the signals "
        "that opened it again, then close"
    )
    return Declined(Refusal.FROZEN, text)


def _outcome(desk: Desk, state: SignalState, result: ExitResult | None, snapshot: Snapshot | None) -> Outcome:
    if state.open_questions:
        return Outcome.UNKNOWN
    unknown = _unknown_of_ours(desk, state.claim.signal, snapshot) is not None
    if state.executed(Leg.EXIT) > ZERO:
        left = desk.symbol_book(state.symbol).open_quantity(state.claim.signal.type.direction)
        return Outcome.CLOSED if left <= ZERO and not unknown else Outcome.REDUCED
    if result is not None and result.refusal is Refusal.REDUCE_ONLY:
        return Outcome.ALREADY_FLAT
    return Outcome.REJECTED if _refused_for_good(state) else Outcome.NOT_FILLED


def _refused_for_good(state: SignalState) -> bool:
    last = state.last(Leg.EXIT)
    return last is not None and last.refused_for_good


def _in_order(desk: Desk, signal_id: str) -> bool:
    """Whether a bracket that lost size is closed, or has its smaller stop seen live."""
    state = desk.state(signal_id)
    if state is None or state.closed_by is not None or state.bracket is None:
        return True
    stops = [leg for leg in state.of(Leg.STOP) if leg.fate is Fate.OPEN]
    return state.open_quantity > ZERO and all(leg.quantity == state.open_quantity for leg in stops)


def _already_flat(desk: Desk, state: SignalState) -> ExecutionReport:
    report = ExecutionReport(
        signal_id=state.signal_id,
        symbol=state.symbol,
        type=state.claim.signal.type,
        outcome=Outcome.ALREADY_FLAT,
        text="nothing of ours is open in that direction",
        at_ms=desk.now_ms(),
    )
    desk.report(report, Closed(desk.now_ms(), state.signal_id, ClosedBy.NOT_FILLED))
    desk.forget(state.signal_id)
    return report


def _last_look(desk: Desk, symbol: str, work: Watched, until_ms: int) -> Snapshot | None:
    """Return what the symbol looks like in the end; without that the report says what is known.

    A symbol at rest was just seen. One that is not has one more round, in which what it shows to be left is done.
    """
    if work.rests or (work.seen is not None and desk.now_ms() >= until_ms):
        return work.seen
    if not half_known(desk, symbol):
        return protect(desk, symbol, until_ms=desk.now_ms(), done=lambda: True).seen
    try:
        return desk.exchange.snapshot(symbol)
    except (OrderExecutionError, AuthenticationError):
        return None
