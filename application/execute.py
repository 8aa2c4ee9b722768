"""From an entry signal to a position that is protected, closed, or loudly reported."""

from __future__ import annotations

from decimal import Decimal

import attrs

from ..domain.actions import Action, PlaceStop, PlaceTarget
from ..domain.audit_record import AuditType
from ..domain.book import plan_of
from ..domain.bracket import Bracket
from ..domain.errors import AuthenticationError, JournalError, OrderExecutionError
from ..domain.events import Claimed, Planned, Reclaimed, Released
from ..domain.ids import Leg
from ..domain.leg_sets import given_up
from ..domain.leg_state import Fate
from ..domain.order import ZERO
from ..domain.refusal import Declined, Refusal
from ..domain.reply import UNCLEAR
from ..domain.report import ExecutionReport, Outcome
from ..domain.signal import Signal
from ..domain.signal_state import SignalState
from ..domain.snapshot import Position
from . import reports
from .adopt import adopt_entry, may_be_older, traded_before
from .decide import glance
from .desk import Desk
from .entry import declined_by, enter
from .flip import flip
from .gate import Facts, admit, admit_plan
from .observe import peek
from .preflight import reading_in_time
from .protect import perform, protect
from .settle import settle
from .takeover import half_known
from .unprotected import patience_ms

BY_THE_RULES = frozenset({Refusal.SYMBOL_CLOSED, Refusal.TOO_SMALL, Refusal.TOO_LARGE, Refusal.OFF_GRID})
"""Refusals of our own that rest on trading rules, which may have changed since they were read."""
RULES_EVERY_MS = 60_000
UNASKED = frozenset({Refusal.CLOSING, Refusal.BANNED, Refusal.BREAKER, Refusal.STORE_FAILED, Refusal.UNGUARDED})
"""With these nothing can be taken over either: nobody would answer, keep it or look after it."""


def execute_entry(desk: Desk, signal: Signal, quantity: Decimal, digest: str) -> ExecutionReport:
    """Carry out an entry signal, new or interrupted; the caller holds the signal's turn and its symbol's."""
    began = desk.now_ms()
    until_ms = began + desk.timings.accepted_call_ms
    state = desk.state(signal.id)
    if state is None or not state.took_effect:
        barred = admit(desk, signal)
        if barred is not None and (barred.refusal in UNASKED or not traded_before(desk, signal)):
            return reports.refused(desk, signal, barred)
        declined = claim(desk, signal, quantity, digest)
        if declined is not None:
            return reports.refused(desk, signal, declined)
        state = desk.known_state(signal.id)
        declined = _plan(desk, state, quantity, barred)
        if declined is not None:
            return release(desk, signal, declined)
    unknown = any(leg.fate is Fate.OPEN_QUESTION for leg in state.of(Leg.ENTRY))
    declined = enter(desk, state, plan_of(state), until_ms=until_ms, valid_ms=signal.valid_until_ms)
    if declined is not None and not state.took_effect and not rejected(state):
        return release(desk, signal, declined)
    if unknown or any(leg.reply is not None and leg.reply.kind in UNCLEAR for leg in state.of(Leg.ENTRY)):
        until_ms = began + desk.timings.unknown_call_ms  # finding out what became of it took its time
    return conclude(desk, state, until_ms=until_ms)


def claim(desk: Desk, signal: Signal, quantity: Decimal | None, digest: str) -> Declined | None:
    """Take the signal's id in the journal, or take it again after a release.

    A close that cannot be kept is taken in memory: it can only reduce, and a broken disk must not keep anybody in.
    """
    now = desk.now_ms()
    claimed = Claimed(now, signal.id, digest, signal, quantity)
    try:
        if desk.state(signal.id) is not None:
            return None
        past, again = desk.past_state(signal.id), Reclaimed(now, signal.id)
        if past is None:
            desk.claim(claimed)
        else:
            desk.record(again)
            past.apply(again)
            desk.restore(past)
    except JournalError as error:
        desk.store_failed(journal=str(error))
        if signal.type.is_entry:
            return Declined(Refusal.STORE_FAILED, str(error))
        desk.absorb(claimed)
    desk.note(AuditType.SIGNAL_CLAIMED, "execute_signal", symbol=signal.symbol, signal_id=signal.id, order_data=signal)
    return None


def conclude(desk: Desk, state: SignalState, *, until_ms: int | None = None) -> ExecutionReport:
    """Settle and protect whatever the entry became, and report it; what is not done by *until_ms* is a duty."""
    end_ms = desk.now_ms() + desk.timings.call_ms if until_ms is None else until_ms
    with desk.exchange.attended(lambda: patience_ms(desk, until_ms=end_ms)):
        _conclude(desk, state, end_ms)
        position = _position(desk, state) if desk.now_ms() < end_ms else None
    return desk.report(reports.entry_report(desk, state, position=position))


def _conclude(desk: Desk, state: SignalState, end_ms: int) -> None:
    for leg in state.of(Leg.ENTRY):
        if leg.fate is Fate.OPEN:
            settle(desk, leg, until_ms=min(end_ms, desk.now_ms() + desk.timings.settle_ms))
    if state.open_quantity > ZERO:
        _protect(desk, state, end_ms)
    else:
        soon_ms = min(end_ms, desk.now_ms() + desk.timings.settle_ms)
        protect(desk, state.symbol, until_ms=soon_ms, done=lambda: True, exits_until_ms=end_ms)
    if desk.state(state.signal_id) is not None:  # a bracket that was closed meanwhile has told all it knows
        for leg in state.of(Leg.ENTRY):
            if leg.fate is Fate.ENDED:  # the answer to a send has no price; the stop came first, now there is time
                settle(desk, leg, until_ms=min(end_ms, desk.now_ms() + desk.timings.settle_ms))


def give_back(desk: Desk, signal_id: str) -> None:
    """Release a signal's id; not while the fate of an order that it closed something with is unknown."""
    if not desk.known_state(signal_id).open_questions:
        desk.record(Released(desk.now_ms(), signal_id), vital=True)
        desk.forget(signal_id)


def _plan(desk: Desk, state: SignalState, quantity: Decimal, barred: Declined | None) -> Declined | None:
    """Take over an entry the journal forgot; else read the facts, flip, fix the bracket, hold it against the limits.

    What was *barred* is only taken over: that is no new entry.
    """
    signal = state.claim.signal
    try:
        with reading_in_time(desk, desk.timings.preflight_ms):
            if may_be_older(desk, signal) and adopt_entry(desk, state, quantity):
                return None
            if barred is not None:
                return barred
            facts = Facts(
                instrument=desk.patient.instrument(signal.symbol),
                snapshot=glance(desk, signal.symbol, patient=True),
                reference=desk.patient.reference(signal.symbol),
            )
        bracket = _bracket(desk, signal, quantity, facts)
        if isinstance(bracket, Declined) and _may_be_outdated(desk, signal.symbol, bracket):
            facts = attrs.evolve(facts, instrument=desk.patient.instrument(signal.symbol, refresh=True))
            bracket = _bracket(desk, signal, quantity, facts)
        if isinstance(bracket, Declined):
            return bracket
        flipped = flip(desk, state, facts.snapshot)
        if isinstance(flipped, Declined):
            return flipped
        if flipped:
            with reading_in_time(desk, desk.timings.preflight_ms):
                facts = attrs.evolve(
                    facts,
                    snapshot=glance(desk, signal.symbol, patient=True),
                    reference=desk.patient.reference(signal.symbol),
                )
            bracket = _bracket(desk, signal, quantity, facts)
            if isinstance(bracket, Declined):
                return bracket
        declined = admit_plan(desk, signal, facts, bracket)
        if declined is None:
            desk.record(Planned(desk.now_ms(), signal.id, bracket))
    except (OrderExecutionError, AuthenticationError) as error:
        return declined_by(desk, signal.symbol, error)
    except JournalError as error:
        return Declined(Refusal.STORE_FAILED, str(error))
    return declined


def _may_be_outdated(desk: Desk, symbol: str, declined: Declined) -> bool:
    """Whether trading rules kept from earlier said so, and it is worth reading them anew: once a minute at most."""
    now = desk.now_ms()
    if declined.refusal not in BY_THE_RULES or now - desk.rules_read_ms.get(symbol, 0) < RULES_EVERY_MS:
        return False
    desk.rules_read_ms[symbol] = now
    return True


def _bracket(desk: Desk, signal: Signal, quantity: Decimal, facts: Facts) -> Bracket | Declined:
    return Bracket.plan(
        signal,
        quantity=quantity,
        instrument=facts.instrument,
        reference=facts.reference,
        mode=facts.snapshot.mode,
        namespace=desk.namespace,
        policy=desk.protection,
    )


def _protect(desk: Desk, state: SignalState, end_ms: int) -> None:
    """Stop first, target right behind it, then look until both are seen; an exit has until *end_ms*."""
    until_ms = min(end_ms, desk.now_ms() + desk.timings.protect_hard_ms)
    plan = state.bracket
    actions: list[Action] = []
    known = not half_known(desk, state.symbol) and not any(state.of(Leg.STOP))
    if plan is not None and known and not state.waived and not state.unexpected_fill:
        if plan.stop_price is not None:
            actions.append(PlaceStop(state.signal_id, state.open_quantity))
        if plan.target_price is not None:
            actions.append(PlaceTarget(state.signal_id, state.open_quantity))
    perform(desk, state.symbol, actions, until_ms=end_ms)
    protect(desk, state.symbol, until_ms=until_ms, done=lambda: _at_rest(state), exits_until_ms=end_ms)


def _at_rest(state: SignalState) -> bool:
    """Whether nothing more of this entry is to be waited for now."""
    if state.closed_by is not None:
        return True
    outcome = reports.entry_outcome(state)
    if outcome in (Outcome.PROTECTED_WITHOUT_TAKE_PROFIT, Outcome.OPEN):
        wanted = state.bracket is not None and state.bracket.target_price is not None
        targets = tuple(state.of(Leg.TARGET))
        return not wanted or given_up(targets, state.open_quantity) or any(leg.fate is Fate.OPEN for leg in targets)
    return outcome is Outcome.PROTECTED


def _position(desk: Desk, state: SignalState) -> Position | None:
    try:
        return peek(desk, state.symbol).position(plan_of(state).position_side)
    except (OrderExecutionError, AuthenticationError):
        return None  # the report says what is known without it


def rejected(state: SignalState) -> bool:
    """Whether the exchange refused the entry for good: that is the signal's end, equal on every replay."""
    return reports.entry_outcome(state) is Outcome.REJECTED


def release(desk: Desk, signal: Signal, declined: Declined) -> ExecutionReport:
    """No order took effect: give the id back, so that the same decision may be tried again."""
    give_back(desk, signal.id)
    return reports.refused(desk, signal, declined)
