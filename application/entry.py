"""Sending the entry: once, and again only what is known not to have been executed."""

from __future__ import annotations

import attrs

from ..domain.alarm import AlarmKind
from ..domain.audit_record import AuditType
from ..domain.bracket import Bracket
from ..domain.errors import AuthenticationError, JournalError, OrderExecutionError, RateLimitedError
from ..domain.ids import Leg
from ..domain.instrument import Instrument
from ..domain.leg_state import Fate, LegState
from ..domain.order import ZERO
from ..domain.refusal import Declined, Refusal
from ..domain.reply import ReplyKind
from ..domain.signal_state import SignalState
from ..domain.snapshot import Watermark
from .desk import Desk, Started
from .observe import inquire, refresh_rules, unanswered
from .preflight import reading_in_time
from .protect import protect
from .resolve import resolve
from .submit import Wanted, submit
from .unprotected import pause


@attrs.frozen
class Window:
    """Until when attempts may begin: as long as the call lasts, and the signal is valid."""

    until_ms: int
    valid_ms: int | None

    @property
    def end_ms(self) -> int:
        """The earlier of both."""
        return self.until_ms if self.valid_ms is None else min(self.until_ms, self.valid_ms)


def enter(
    desk: Desk, state: SignalState, plan: Bracket, *, until_ms: int, valid_ms: int | None = None
) -> Declined | None:
    """Bring the entry of *state* to a known fate, or to an open question; nothing is sent from *valid_ms* on.

    Returns:
        why no order took effect; None when one did, or may have.
    """
    try:
        with reading_in_time(desk, desk.timings.preflight_ms // 4):
            watermark = None if state.took_effect else desk.exchange.history(plan.symbol).watermark
    except (OrderExecutionError, AuthenticationError) as error:
        return declined_by(desk, plan.symbol, error)
    if not state.took_effect:
        try:
            declined = _attempts(desk, state, plan, watermark, Window(until_ms, valid_ms))
        except JournalError as error:
            return Declined(Refusal.STORE_FAILED, str(error))
        if declined is not None:
            return declined
    for leg in state.of(Leg.ENTRY):
        if leg.fate is Fate.OPEN_QUESTION:
            _find_out(desk, leg)
    return None


def _find_out(desk: Desk, leg: LegState) -> None:
    """Resolve what became of an entry; other brackets on its symbol are looked after now and then meanwhile."""
    symbol, end_ms = leg.intent.request.symbol, desk.now_ms() + desk.timings.verdict_ms
    others = [state for state in desk.symbol_book(symbol).brackets if state.signal_id != leg.intent.signal_id]
    while leg.fate is Fate.OPEN_QUESTION and desk.now_ms() < end_ms:
        if others:
            protect(desk, symbol, until_ms=desk.now_ms(), done=lambda: True, exits_until_ms=end_ms)
        soon_ms = desk.now_ms() + desk.timings.protect_soft_ms
        resolve(desk, leg, until_ms=min(end_ms, soon_ms) if others else end_ms)


def declined_by(desk: Desk, symbol: str, error: OrderExecutionError | AuthenticationError) -> Declined:
    """Return why an entry cannot start when a read before it failed."""
    unanswered(desk, error, symbol)
    if isinstance(error, AuthenticationError):
        tell_not_allowed(desk, str(error))
        return Declined(Refusal.NOT_ALLOWED, str(error))
    if error.refusal is not None:
        return Declined(error.refusal, str(error))
    fallback = Refusal.RATE_LIMITED if isinstance(error, RateLimitedError) else Refusal.UNREACHABLE
    return Declined(fallback, str(error))


def tell_not_allowed(desk: Desk, problem: str) -> None:
    """The exchange refuses the key: say so, and what stands at the exchange that we may not be able to protect."""
    held = ", ".join(
        f"{state.open_quantity} {state.symbol} of signal {state.signal_id!r}"
        for symbol in desk.symbols()
        for state in desk.symbol_book(symbol).brackets
        if state.open_quantity > ZERO
    )
    text = f"the exchange refuses the key or what it asks for: {problem}; open positions of ours: {held or 'none'}"
    desk.alarm(AlarmKind.NOT_ALLOWED, text)


def _attempts(
    desk: Desk, state: SignalState, plan: Bracket, watermark: Watermark | None, window: Window
) -> Declined | None:
    failures, regridded = 0, False
    while True:
        if window.valid_ms is not None and desk.now_ms() >= window.valid_ms:
            return Declined(Refusal.STALE, "valid_until passed before the entry could be sent")
        leg = _send(desk, state, plan, watermark)
        if leg.fate is not Fate.NOTHING:
            return None
        if leg.refusal is Refusal.NOT_ALLOWED:
            tell_not_allowed(desk, leg.reply.text if leg.reply is not None else "")
        if leg.refusal is Refusal.OFF_GRID and not regridded:
            regridded = True
            refreshed = _on_grid(plan, refresh_rules(desk, plan.symbol))
            if refreshed is not None and refreshed != plan:
                plan = refreshed
                continue
        failures += 1
        if not _again(desk, state, leg, failures, window):
            return _not_executed(leg)
        if _shown_after_all(leg):
            return None


def _shown_after_all(leg: LegState) -> bool:
    """Whether the look before another attempt found what the refusal had denied."""
    return leg.fate is not Fate.NOTHING


def _send(desk: Desk, state: SignalState, plan: Bracket, watermark: Watermark | None) -> LegState:
    attempt = state.next_attempt(Leg.ENTRY)
    (leg,) = submit(
        desk,
        Wanted(
            signal_id=state.signal_id, leg=Leg.ENTRY, attempt=attempt, request=plan.entry(attempt), watermark=watermark
        ),
    )
    desk.entry_sent(
        Started(
            at_ms=desk.now_ms(),
            signal_id=state.signal_id,
            symbol=plan.symbol,
            direction=plan.direction,
            quantity=plan.quantity,
        )
    )
    return leg


def _on_grid(plan: Bracket, instrument: Instrument | None) -> Bracket | None:
    """Round the entry's size down to rules that changed under way; None when they are unknown, or nothing is left."""
    if instrument is None:
        return None
    size = instrument.floor_quantity(plan.quantity, market=True)
    return attrs.evolve(plan, quantity=size) if size > 0 else None


def _again(desk: Desk, state: SignalState, leg: LegState, failures: int, window: Window) -> bool:
    """Whether to send the entry once more; waits as asked, then looks once before saying yes."""
    reply = leg.reply
    if reply is None or leg.refused_for_good or failures >= desk.retry.attempts_max:
        return False
    wait_ms = max(int(desk.retry.delay_seconds(failures) * 1000), reply.retry_after_ms or 0)
    if desk.now_ms() + wait_ms >= window.end_ms:
        return False
    desk.note(
        AuditType.RETRY_ATTEMPT,
        "entry",
        symbol=state.symbol,
        signal_id=state.signal_id,
        client_id=leg.client_id,
        response={"attempt": failures + 1, "wait_ms": wait_ms, "why": reply.kind.value},
    )
    pause(desk, wait_ms)
    if reply.kind is ReplyKind.NOT_SENT:
        return True
    try:
        inquire(desk, [leg])  # the refusal is believed; but a look costs little, and a double fill much
    except (OrderExecutionError, AuthenticationError) as error:
        unanswered(desk, error, state.symbol)
        return False
    return True


def _not_executed(leg: LegState) -> Declined:
    refusal = leg.refusal or Refusal.UNREACHABLE
    return Declined(refusal, leg.reply.text if leg.reply is not None and leg.reply.text else refusal.value)
