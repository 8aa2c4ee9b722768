"""Making what is into what should be: at start, on the timer, after a gap; the same decisions as everywhere else."""

from __future__ import annotations

import attrs

from ..domain.actions import Action
from ..domain.alarm import Alarm
from ..domain.errors import AuthenticationError, OrderExecutionError
from ..domain.ids import Leg, parse_ours
from ..domain.leg_state import Fate, LegState
from ..domain.signal_state import SignalState
from . import reports
from .cancel_all import hear_of_cancels
from .close import conclude_close
from .desk import Desk
from .duties import Duty, duties
from .execute import conclude, give_back, rejected
from .gate import obey_kill_switch
from .observe import inquire, unanswered
from .protect import protect
from .resolve import resolve
from .settle import settle
from .takeover import take_over_tails
from .unprotected import unprotected


@attrs.frozen
class ReconcileReport:
    """What a reconcile did.

    Attributes:
        actions: what was done, by symbol, in order.
        alarms: raised during it.
        still_open: duties that remain.
    """

    actions: tuple[tuple[str, Action], ...]
    alarms: tuple[Alarm, ...]
    still_open: tuple[Duty, ...]


def reconcile(desk: Desk, symbols: tuple[str, ...], *, patient: bool) -> ReconcileReport:
    """Work through *symbols*, those with a naked position first; those not begun within `call_ms` stay due.

    An open question is asked one round, and the next one by the next call: whoever wants to trade or to close waits
    for this one. Only *patient* it is looked into for `verdict_ms`, if nothing is open on another symbol.
    """
    actions: list[tuple[str, Action]] = []
    until_ms = desk.now_ms() + desk.timings.call_ms - desk.timings.verdict_ms
    with desk.hearing() as heard:
        obey_kill_switch(desk)
        for symbol in sorted(symbols, key=lambda each: not any(unprotected(desk, each))):
            if desk.now_ms() >= until_ms:
                break
            with desk.turns.of(symbol):
                if desk.closed:
                    break  # its stores are shut: the next process goes on from what they hold
                actions += [(symbol, action) for action in _reconcile_symbol(desk, symbol, patient=patient)]
    return ReconcileReport(tuple(actions), tuple(heard), duties(desk))


def _reconcile_symbol(desk: Desk, symbol: str, *, patient: bool) -> tuple[Action, ...]:
    """Ask every open question on *symbol*, then protect, clear and report; the caller holds its turn."""
    take_over_tails(desk, symbol)
    until_ms = desk.now_ms() + (desk.verdict_ms() if patient else 0)
    for leg in desk.symbol_book(symbol).questions:
        resolve(desk, leg, until_ms=until_ms)
    for state in desk.symbol_book(symbol).signals:
        for leg in (leg for leg in state.open_questions if leg.fate is Fate.OPEN):
            settle(desk, leg, until_ms=min(until_ms, desk.now_ms() + desk.timings.settle_ms))
    _give_back_unsent(desk, symbol)
    hear_of_cancels(desk, symbol)
    _late_watch(desk, symbol)
    actions = protect(desk, symbol, until_ms=desk.now_ms() + desk.timings.settle_ms, done=lambda: True).actions
    for state in desk.symbol_book(symbol).signals:
        if state.bracket is None:
            if state.took_effect and not state.open_questions:
                conclude_close(desk, state, None)
        elif state.report is not None:
            reports.correct(desk, state, state.report)
        elif not _undecided(desk, state):
            conclude(desk, state)  # a crash came between the order and its report
    return actions


def _undecided(desk: Desk, state: SignalState) -> bool:
    """Whether a verdict on the entry may still come in time: until then there is nothing to report."""
    since_ms = desk.now_ms() - desk.timings.verdict_ms
    return any(leg.intent.leg is Leg.ENTRY and leg.intent.at_ms > since_ms for leg in state.open_questions)


def _give_back_unsent(desk: Desk, symbol: str) -> None:
    """Release signals of which no order took effect: a crash came before it, or before the report that said so."""
    for state in desk.symbol_book(symbol).signals:
        reported = state.bracket is not None and state.report is not None
        if not state.took_effect and not reported and not rejected(state):
            give_back(desk, state.signal_id)


def strays(desk: Desk) -> tuple[str, ...]:
    """Return symbols on which orders of ours are open although nothing of ours is known there."""
    try:
        orders = desk.exchange.open_orders()
    except (OrderExecutionError, AuthenticationError) as error:
        unanswered(desk, error, "")
        return ()
    known = set(desk.symbols())
    return tuple(
        dict.fromkeys(
            order.symbol
            for order in orders
            if order.symbol not in known and parse_ours(order.client_id, desk.namespace) is not None
        )
    )


def _late_watch(desk: Desk, symbol: str) -> None:
    """Look for orders believed absent, and for legs that could not be found, when their watch is due."""
    now = desk.now_ms()
    due = [
        leg
        for state in desk.symbol_book(symbol).signals
        for leg in state.legs.values()
        if leg.fate is Fate.ABSENT and _watch_due(desk, leg, now)
    ]
    if not due:
        return
    try:
        inquire(desk, due)
    except (OrderExecutionError, AuthenticationError) as error:
        unanswered(desk, error, symbol)


def _watch_due(desk: Desk, leg: LegState, now: int) -> bool:
    since = leg.absent_ms or now
    due = desk.timings.next_watch_ms(max(0, leg.inquired_ms - since))
    return due is not None and now >= since + due
