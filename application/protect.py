"""Doing what `next_actions` decided, until there is nothing left to do now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

import attrs

from ..domain.actions import (
    Action,
    CancelLegs,
    CancelOrphans,
    Close,
    ExitNow,
    ExitWhy,
    Inquire,
    LookAgain,
    MarkCovered,
    MarkExposed,
    PlaceStop,
    PlaceTarget,
    Raise,
    WriteOff,
)
from ..domain.alarm import AlarmKind
from ..domain.audit_record import AuditType
from ..domain.book import plan_of
from ..domain.bracket import Bracket
from ..domain.errors import AuthenticationError, OrderExecutionError
from ..domain.events import Allotment, CancelAsked, Covered, Exposed, WrittenOff
from ..domain.halt import HaltLevel
from ..domain.ids import Leg
from ..domain.order import ZERO, OrderKey
from ..domain.protection import next_actions
from ..domain.refusal import Refusal
from ..domain.snapshot import CancelOutcome, Snapshot
from . import exits, reports
from .decide import decided
from .desk import Desk
from .excess import with_excess
from .losses import with_losses
from .observe import ask_prices, book_for, look, looked, refresh_rules, take_outcomes, unanswered
from .submit import Wanted, submit
from .takeover import half_known, take_over_tails
from .unprotected import deadlines_ms, patience_ms, pause_between_looks, tell_unprotected, unprotected

ROUNDS_MAX = 200
"""More rounds than any converging piece of work needs; reaching it is a defect, and is alarmed as one."""


@attrs.frozen
class Watched:
    """What was done on a symbol, what the last look saw, and whether the symbol came to rest: nothing followed it.

    *seen* is None when the exchange did not answer.
    """

    actions: tuple[Action, ...]
    seen: Snapshot | None
    rests: bool


def protect(
    desk: Desk, symbol: str, *, until_ms: int, done: Callable[[], bool], exits_until_ms: int | None = None
) -> Watched:
    """Bring *symbol* to what it should be, and return what was done.

    Works until nothing is left to do now and *done* holds, or until *until_ms*. What remains has its due time in
    `desk.due_ms`. What became of an exit is waited for until *exits_until_ms*, which is *until_ms* when None. An
    exchange that does not answer is asked again until *until_ms*; it is no error of this call, and alarms are raised
    while a position stays naked.
    """
    acted: list[Action] = []
    wait_ms = desk.timings.poll_ms
    for _ in range(ROUNDS_MAX):
        tell_unprotected(desk, symbol)
        began = desk.now_ms()
        actions, seen = _round(desk, symbol, until_ms if exits_until_ms is None else exits_until_ms)
        acted += [action for action in actions if not isinstance(action, LookAgain)]
        changed = any(_changes(desk, action, began) for action in actions)
        if changed:
            wait_ms = desk.timings.poll_ms
            if desk.now_ms() < until_ms:
                continue
        now = desk.now_ms()
        tell_unprotected(desk, symbol)  # the round may have taken long
        due = now if changed else min((each.at_ms for each in actions if isinstance(each, LookAgain)), default=None)
        _set_due(desk, symbol, now, due)
        if done() or now >= until_ms:
            return Watched(tuple(acted), seen, not changed and seen is not None)
        deadlines = (moment - now for moment in deadlines_ms(desk, symbol) if moment > now)
        pause_ms = wait_ms if due is None else min(max(1, due - now), wait_ms)
        pause_between_looks(desk, pause_ms, at_most_ms=min([until_ms - now, *deadlines]))
        wait_ms = min(wait_ms * 2, desk.timings.poll_max_ms)
    desk.alarm(AlarmKind.DUTY_OVERDUE, f"{symbol} does not come to rest after {ROUNDS_MAX} rounds", symbol=symbol)
    return Watched(tuple(acted), None, rests=False)


def perform(desk: Desk, symbol: str, actions: Sequence[Action], *, until_ms: int) -> None:
    """Carry out *actions* in order; stops and targets next to each other go out together, stop first.

    What becomes of an exit is waited for until *until_ms*; it is sent in any case.
    """
    placing: list[PlaceStop | PlaceTarget] = []
    for action in actions:
        if isinstance(action, (PlaceStop, PlaceTarget)):
            placing.append(action)
            continue
        _place(desk, placing)
        placing = []
        _perform_one(desk, symbol, action, until_ms)
    _place(desk, placing)


def _round(desk: Desk, symbol: str, until_ms: int) -> tuple[tuple[Action, ...], Snapshot | None]:
    """Look, decide, act: one round. Return what was done, and what was seen before."""
    snapshot = None
    if half_known(desk, symbol):
        take_over_tails(desk, symbol)
        if half_known(desk, symbol):
            return (LookAgain(desk.now_ms() + desk.timings.poll_max_ms),), None
    try:
        snapshot = look(desk, symbol)
        book = book_for(desk, symbol, snapshot, flatten=desk.book.halt_level >= HaltLevel.FLATTEN_OURS)
        book = with_excess(desk, with_losses(desk, book, snapshot), snapshot)
        actions, failure = decided(desk, book, snapshot)
        perform(desk, symbol, actions, until_ms=until_ms)
        looked(desk, symbol)
        if failure is not None:
            _unanswered(desk, symbol, failure)
    except (OrderExecutionError, AuthenticationError) as error:
        _unanswered(desk, symbol, error)
        return (LookAgain(desk.now_ms() + desk.timings.poll_max_ms),), snapshot
    return actions, snapshot


def _unanswered(desk: Desk, symbol: str, error: OrderExecutionError | AuthenticationError) -> None:
    """The exchange did not answer: tell about it."""
    unanswered(desk, error, symbol)
    kind = AlarmKind.NOT_ALLOWED if isinstance(error, AuthenticationError) else AlarmKind.EXCHANGE_UNREACHABLE
    desk.alarm(kind, f"{symbol}: {error}", symbol=symbol)


def _set_due(desk: Desk, symbol: str, now: int, due: int | None) -> None:
    """Note when the symbol must be looked at next; a symbol with nothing open needs no look.

    An open position is looked at every `guard_ms`, a naked one as often as polls are; a mere watch waits its time.
    """
    book = desk.symbol_book(symbol)
    if not book.signals and symbol not in desk.strayed:
        desk.due_ms.pop(symbol, None)
        return
    latest = now + (desk.timings.poll_max_ms if any(unprotected(desk, symbol)) else desk.timings.guard_ms)
    holding = symbol in desk.strayed or any(state.open_quantity > ZERO for state in book.brackets)
    wanted = latest if due is None else max(due, now + 1)
    if book.questions:
        wanted = min(wanted, now + desk.timings.poll_max_ms)
    wanted = max(min(wanted, latest) if holding else wanted, now + desk.exchange.capacity().spacing_ms)
    for state in book.signals:
        repeat_ms = desk.alarm_due_ms(AlarmKind.OUTCOME_UNKNOWN, symbol, state.signal_id)
        if state.open_questions and repeat_ms:
            wanted = min(wanted, max(now + 1, repeat_ms))  # the alarm goes on for as long as the question does
    desk.due_ms[symbol] = min([wanted, *(moment for moment in deadlines_ms(desk, symbol) if moment > now)])


def _changes(desk: Desk, action: Action, since_ms: int) -> bool:
    """Whether *action*, carried out since then, may have changed what a look shows; an exit must have been sent."""
    if isinstance(action, ExitNow):
        state = desk.state(action.signal_id)
        last = None if state is None else state.last(Leg.EXIT)
        return state is None or (last is not None and last.intent.at_ms >= since_ms)
    return not isinstance(action, (LookAgain, Raise))


def _place(desk: Desk, placing: Sequence[PlaceStop | PlaceTarget]) -> None:
    if not placing:
        return
    wanted = tuple(_wanted(desk, action) for action in placing)
    until_ms = desk.now_ms() + desk.timings.leg_send_ms
    with desk.exchange.attended(lambda: patience_ms(desk, until_ms=until_ms)):
        legs = submit(desk, *wanted)
    for leg in legs:
        if leg.refusal is Refusal.OFF_GRID:
            refresh_rules(desk, leg.intent.request.symbol)
        if leg.refusal is Refusal.STOP_CAP:
            _purge(desk)


def _wanted(desk: Desk, action: PlaceStop | PlaceTarget) -> Wanted:
    state = desk.known_state(action.signal_id)
    plan = plan_of(state)
    leg = Leg.STOP if isinstance(action, PlaceStop) else Leg.TARGET
    attempt = state.next_attempt(leg)
    plan = _on_grid(desk, plan)
    make = plan.stop if leg is Leg.STOP else plan.target
    return Wanted(signal_id=action.signal_id, leg=leg, attempt=attempt, request=make(action.quantity, attempt))


def _on_grid(desk: Desk, plan: Bracket) -> Bracket:
    """Round the plan's prices anew, toward the entry: on the same grid nothing changes, on a changed one they fit."""
    try:
        instrument = desk.exchange.instrument(plan.symbol)
    except (OrderExecutionError, AuthenticationError):
        return plan  # as planned is better than not at all
    stop, target = plan.stop_price, plan.target_price
    return attrs.evolve(
        plan,
        stop_price=None if stop is None else instrument.stop_price(plan.direction, stop),
        target_price=None if target is None else instrument.target_price(plan.direction, target),
    )


def _perform_one(desk: Desk, symbol: str, action: Action, until_ms: int) -> None:
    match action:
        case CancelLegs():
            _cancel(desk, action)
        case CancelOrphans():
            _cancel_orphans(desk, symbol, action.keys)
        case ExitNow():
            _exit(desk, action, until_ms)
        case Raise():
            once = action.kind in (AlarmKind.FOREIGN_CHANGE, AlarmKind.LEG_REMOVED)
            desk.alarm(action.kind, action.text, symbol=symbol, signal_id=action.signal_id, once=once)
        case MarkCovered():
            desk.record(Covered(desk.now_ms(), action.signal_id), vital=True)
            _note_covered(desk, action.signal_id)
        case MarkExposed():
            desk.record(Exposed(action.since_ms, action.signal_id), vital=True)
        case WriteOff():
            _write_off(desk, action)
        case Close():
            _close(desk, action)
        case PlaceStop() | PlaceTarget() | Inquire() | LookAgain():
            return
        case _ as unreachable:
            assert_never(unreachable)


def _cancel(desk: Desk, action: CancelLegs) -> None:
    state = desk.known_state(action.signal_id)
    now = desk.now_ms()
    desk.record(*(CancelAsked(now, action.signal_id, client_id) for client_id in action.client_ids), vital=True)
    keys = [state.legs[client_id].intent.request.key for client_id in action.client_ids]
    outcomes, failure = _cancel_each(desk, keys)
    take_outcomes(desk, state.symbol, outcomes)
    for outcome in outcomes:
        desk.note(
            AuditType.ORDERS_CANCELLED,
            "cancel",
            symbol=state.symbol,
            signal_id=action.signal_id,
            client_id=outcome.client_id,
            response={"cancelled": outcome.cancelled, "text": outcome.text},
        )
    if failure is not None:
        raise failure


def _cancel_each(
    desk: Desk, keys: Sequence[OrderKey]
) -> tuple[list[CancelOutcome], OrderExecutionError | AuthenticationError | None]:
    """Cancel one by one: an answer that is lost must not keep the other orders open. Return the last failure too."""
    outcomes: list[CancelOutcome] = []
    failure: OrderExecutionError | AuthenticationError | None = None
    for key in keys:
        try:
            outcomes += desk.exchange.cancel([key])
        except (OrderExecutionError, AuthenticationError) as error:
            failure = error
    return outcomes, failure


def _cancel_orphans(desk: Desk, symbol: str, keys: Sequence[OrderKey]) -> None:
    outcomes, failure = _cancel_each(desk, keys)
    for outcome in outcomes:
        desk.note(
            AuditType.ORPHAN_CANCELLED,
            "cancel",
            symbol=symbol,
            client_id=outcome.client_id,
            response={"cancelled": outcome.cancelled, "text": outcome.text},
        )
    if failure is not None:
        raise failure


def _exit(desk: Desk, action: ExitNow, until_ms: int) -> None:
    state = desk.known_state(action.signal_id)
    plan = plan_of(state)
    desk.note(
        AuditType.FLATTENED,
        "exit",
        symbol=state.symbol,
        signal_id=action.signal_id,
        order_data={"quantity": action.quantity, "why": action.why.value},
    )
    order = exits.ExitOrder(
        signal_id=action.signal_id,
        symbol=state.symbol,
        direction=plan.direction,
        mode=plan.mode,
        quantity=action.quantity,
        allotments=() if action.why is ExitWhy.EXCESS else (Allotment(action.signal_id, action.quantity),),
    )
    again_ms = min(until_ms, desk.now_ms() + desk.timings.protect_hard_ms)
    verdict_until_ms = min(until_ms, desk.now_ms() + desk.verdict_ms())
    result = exits.exit_position(desk, order, until_ms=again_ms, verdict_until_ms=verdict_until_ms)
    if result.refusal is Refusal.TOO_SMALL:
        text = f"{action.quantity} {state.symbol} of signal {action.signal_id!r} cannot be closed: {result.text}"
        desk.alarm(AlarmKind.UNPROTECTED, text, symbol=state.symbol, signal_id=action.signal_id, once=True)


def _write_off(desk: Desk, action: WriteOff) -> None:
    state = desk.known_state(action.signal_id)
    desk.record(WrittenOff(desk.now_ms(), action.signal_id, action.quantity), vital=True)
    desk.alarm(
        AlarmKind.FOREIGN_CHANGE,
        f"{action.quantity} {state.symbol} of signal {action.signal_id!r} is gone, by no order known to be for it: "
        "closed by hand, by another program, by an exit that a lost journal knew, or liquidated",
        symbol=state.symbol,
        signal_id=action.signal_id,
    )


def _close(desk: Desk, action: Close) -> None:
    state = desk.known_state(action.signal_id)
    ask_prices(desk, state)
    reports.close_signal(desk, state, action.closed_by)
    desk.note(
        AuditType.BRACKET_CLOSED,
        "close",
        symbol=state.symbol,
        signal_id=action.signal_id,
        response={"closed_by": action.closed_by.value},
    )
    desk.forget(action.signal_id)


def _note_covered(desk: Desk, signal_id: str) -> None:
    state = desk.known_state(signal_id)
    stop = state.last(Leg.STOP)
    desk.note(
        AuditType.PROTECTION_PLACED,
        "protect",
        symbol=state.symbol,
        signal_id=signal_id,
        client_id=None if stop is None else stop.client_id,
        order_data=None if stop is None else stop.intent.request,
    )


def _purge(desk: Desk) -> None:
    """Make room under the account's cap of conditional orders: take away what is ours and protects nothing."""
    try:
        for symbol in dict.fromkeys(order.symbol for order in desk.exchange.open_orders() if order.conditional):
            snapshot = desk.exchange.snapshot(symbol)
            book = book_for(desk, symbol, snapshot, flatten=False)
            keys = tuple(order.key for order in snapshot.conditionals if order.client_id in book.orphan_ids)
            if keys:
                _cancel_orphans(desk, symbol, keys)
            actions = next_actions(book, snapshot, desk.protection, desk.now_ms(), desk.timings)
            if any(not isinstance(action, (LookAgain, Raise)) for action in actions):
                desk.hasten(symbol)  # what this look gives away besides is seen to when its turn comes
    except (OrderExecutionError, AuthenticationError) as error:
        unanswered(desk, error, "")  # the next attempt will be refused, and purge, again
