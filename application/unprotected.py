"""Positions without a live stop: who they are, when their alarms are due, and raising them in time."""

from __future__ import annotations

from collections.abc import Iterator

from ..domain.alarm import AlarmKind
from ..domain.order import ZERO
from ..domain.signal_state import SignalState
from .desk import Desk

UNHURRIED_MS = 10_000
"""With so much time left a call need not bound its requests: none of them takes longer."""


def unprotected(desk: Desk, symbol: str) -> Iterator[tuple[SignalState, int]]:
    """Yield our positions on *symbol* without the live stop they should have, as far as is known, and since when."""
    for state in desk.signals_on(symbol):
        since_ms = naked_since_ms(state)
        if since_ms is not None:
            yield state, since_ms


def naked_since_ms(state: SignalState) -> int | None:
    """Return since when *state* has an open position without the live stop it should have; None when it has not.

    Read once: another thread may be protecting it right now.
    """
    since_ms, plan = state.naked_since_ms, state.bracket
    if since_ms is None or plan is None or plan.stop_price is None or state.waived:
        return None
    return since_ms if state.open_quantity > ZERO else None


def tell_unprotected(desk: Desk, symbol: str) -> None:
    """Raise the alarm for every position on *symbol* whose stop has not been seen live for too long.

    It asks nobody, so it keeps its time also while the exchange is slow or does not answer at all.
    """
    now = desk.now_ms()
    for state, since_ms in unprotected(desk, symbol):
        naked_ms = now - since_ms
        if naked_ms >= desk.timings.protect_soft_ms:
            text = (
                f"{state.open_quantity} {symbol} of signal {state.signal_id!r} has had no live stop for {naked_ms} ms; "
                f"placing it is tried again ({desk.protection.on_unprotected.value} at "
                f"{desk.timings.protect_hard_ms} ms)"
            )
            desk.alarm(AlarmKind.UNPROTECTED, text, symbol=symbol, signal_id=state.signal_id)


def pause(desk: Desk, wait_ms: int) -> None:
    """Wait *wait_ms*, and raise on the way what alarms fall due, on every symbol."""
    end_ms = desk.now_ms() + wait_ms
    while (now := desk.now_ms()) < end_ms:
        naked = [state for state in desk.naked() if naked_since_ms(state) is not None]
        alarms = [_alarm_ms(desk, state, now) for state in naked]
        desk.exchange.clock.sleep((min([end_ms, *(max(moment, now + 1) for moment in alarms)]) - now) / 1000)
        for symbol in dict.fromkeys(state.symbol for state in naked):
            tell_unprotected(desk, symbol)


def pause_between_looks(desk: Desk, wait_ms: int, *, at_most_ms: int) -> None:
    """Wait for the next look: longer when the request budget runs low, never longer than *at_most_ms*."""
    pause(desk, min(max(wait_ms, desk.exchange.capacity().spacing_ms), at_most_ms))


def patience_ms(desk: Desk, *, until_ms: int) -> int | None:
    """Raise what alarms are due, and return how long the next request may take so that the next ones come in time.

    Asked before each request: a slow exchange must not silence the bell, nor keep a call beyond *until_ms* for long.
    Before the first alarm the wait is cut short at its very moment; later there is room enough for a slow answer to
    come through. None while nothing presses.
    """
    naked = [state for state in desk.naked() if naked_since_ms(state) is not None]
    for symbol in dict.fromkeys([state.symbol for state in naked]):
        tell_unprotected(desk, symbol)
    now = desk.now_ms()
    if not naked and until_ms - now >= UNHURRIED_MS:
        return None
    left_ms = max(desk.timings.poll_ms, until_ms - now)
    return min([left_ms, *[_room_ms(desk, state, now) for state in naked]])


def _room_ms(desk: Desk, state: SignalState, now: int) -> int:
    least_ms = desk.timings.poll_ms if now < _first_ms(desk, state, now) else desk.timings.alarm_repeat_ms // 2
    return max(least_ms, _alarm_ms(desk, state, now) - now)


def _alarm_ms(desk: Desk, state: SignalState, now: int) -> int:
    """Return when the next alarm about *state*, which is naked, is due."""
    repeat_ms = desk.alarm_due_ms(AlarmKind.UNPROTECTED, state.symbol, state.signal_id)
    return max(_first_ms(desk, state, now), repeat_ms)


def _first_ms(desk: Desk, state: SignalState, now: int) -> int:
    since_ms = state.naked_since_ms  # read once: another thread may be protecting it right now
    return (now if since_ms is None else since_ms) + desk.timings.protect_soft_ms


def deadlines_ms(desk: Desk, symbol: str) -> Iterator[int]:
    """Yield when unprotected positions on *symbol* are due for an alarm, and for what the policy does then."""
    for state, since_ms in unprotected(desk, symbol):
        repeat_ms = desk.alarm_due_ms(AlarmKind.UNPROTECTED, symbol, state.signal_id)
        yield max(since_ms + desk.timings.protect_soft_ms, repeat_ms)
        yield since_ms + desk.timings.protect_hard_ms
