"""Positions without a live stop, and those that may be: who they are, when their alarms are due, and raising them."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..domain.alarm import AlarmKind
from ..domain.leg_state import LegState
from ..domain.signal_state import SignalState
from .desk import Desk

UNHURRIED_MS = 10_000
"""With so much time left a call need not bound its requests: none of them takes longer."""


@attrs.frozen
class _Danger:
    """What an alarm is due about: since when a position of ours is naked, or may be.

    Attributes:
        since_ms: from when its time counts.
        doubtful: the entry that may have opened it; None when it is known to be ours.
    """

    state: SignalState
    since_ms: int
    doubtful: LegState | None = None

    @property
    def kind(self) -> AlarmKind:
        """Which alarm tells of it."""
        return AlarmKind.UNPROTECTED if self.doubtful is None else AlarmKind.OUTCOME_UNKNOWN


def unprotected(desk: Desk, symbol: str) -> Iterator[tuple[SignalState, int]]:
    """Yield our positions on *symbol* without the live stop they should have, as far as is known, and since when."""
    for state in desk.signals_on(symbol):
        since_ms = naked_since_ms(desk, state)
        if since_ms is not None:
            yield state, since_ms


def naked_since_ms(desk: Desk, state: SignalState) -> int | None:
    """Return since when *state* has an open position without the live stop it should have; None when it has not.

    A look that showed no such stop and has not come to its end counts. Read once: another thread may be protecting it
    right now.
    """
    since_ms = state.naked_since_ms
    since_ms = desk.unlisted_ms.get(state.signal_id) if since_ms is None else since_ms
    return None if since_ms is None or not state.needs_stop else since_ms


def tell_unprotected(desk: Desk, symbol: str) -> None:
    """Raise the alarm for every position on *symbol* whose stop has not been seen live for too long.

    So too for one that is shown while nobody knows whether an entry of ours opened it: it cannot be protected before
    that is known. It asks nobody, so it keeps its time also while the exchange is slow or does not answer at all.
    """
    now = desk.now_ms()
    for danger in _dangers(desk, symbol):
        state, naked_ms = danger.state, now - danger.since_ms
        if naked_ms < desk.timings.protect_soft_ms:
            continue
        if danger.doubtful is not None:
            tell_unknown(desk, danger.doubtful)
            continue
        held = f"{state.open_quantity} {symbol} of signal {state.signal_id!r}"
        if state.naked_since_ms is None:
            text = f"no live stop of {held} is listed for {naked_ms} ms, and what became of it cannot be read"
        else:
            text = (
                f"{held} has had no live stop for {naked_ms} ms; placing it is tried again "
                f"({desk.protection.on_unprotected.value} at {desk.timings.protect_hard_ms} ms)"
            )
        desk.alarm(AlarmKind.UNPROTECTED, text, symbol=symbol, signal_id=state.signal_id)


def tell_unknown(desk: Desk, leg: LegState) -> None:
    """Raise the alarm that nobody knows what became of an order."""
    desk.alarm(
        AlarmKind.OUTCOME_UNKNOWN,
        f"nobody knows whether {leg.intent.request.quantity} {leg.intent.request.symbol} ({leg.client_id}) was "
        "executed; "
        "the symbol takes no entries, and asking goes on with every reconcile()",
        symbol=leg.intent.request.symbol,
        signal_id=leg.intent.signal_id,
    )


def pause(desk: Desk, wait_ms: int) -> None:
    """Wait *wait_ms*, and raise on the way what alarms fall due, on every symbol."""
    end_ms = desk.now_ms() + wait_ms
    while (now := desk.now_ms()) < end_ms:
        dangers = tuple(_dangers(desk))
        alarms = [max(_alarm_ms(desk, danger), now + 1) for danger in dangers]
        desk.exchange.clock.sleep((min([end_ms, *alarms]) - now) / 1000)
        for symbol in dict.fromkeys(danger.state.symbol for danger in dangers):
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
    dangers = tuple(_dangers(desk))
    for symbol in dict.fromkeys([danger.state.symbol for danger in dangers]):
        tell_unprotected(desk, symbol)
    now = desk.now_ms()
    if not dangers and until_ms - now >= UNHURRIED_MS:
        return None
    left_ms = max(desk.timings.poll_ms, until_ms - now)
    return min([left_ms, *[_room_ms(desk, danger, now) for danger in dangers]])


def _dangers(desk: Desk, symbol: str | None = None) -> Iterator[_Danger]:
    """Yield what an alarm is, or falls, due about, on *symbol* or on all."""
    for state in desk.endangered():
        if symbol not in (None, state.symbol):
            continue
        since_ms, doubted_ms = naked_since_ms(desk, state), desk.doubted_ms.get(state.signal_id)
        if since_ms is not None:
            yield _Danger(state, since_ms)
        doubtful = None if doubted_ms is None else next(iter(state.doubtful_entries), None)
        if doubted_ms is not None and doubtful is not None:
            yield _Danger(state, doubted_ms, doubtful)


def _room_ms(desk: Desk, danger: _Danger, now: int) -> int:
    first_ms = danger.since_ms + desk.timings.protect_soft_ms
    least_ms = desk.timings.poll_ms if now < first_ms else desk.timings.alarm_repeat_ms // 2
    return max(least_ms, _alarm_ms(desk, danger) - now)


def _alarm_ms(desk: Desk, danger: _Danger) -> int:
    """Return when the next alarm about it is due."""
    repeat_ms = desk.alarm_due_ms(danger.kind, danger.state.symbol, danger.state.signal_id)
    return max(danger.since_ms + desk.timings.protect_soft_ms, repeat_ms)


def deadlines_ms(desk: Desk, symbol: str) -> Iterator[int]:
    """Yield when positions on *symbol* are due for an alarm, and for what the policy does about naked ones then."""
    for danger in _dangers(desk, symbol):
        yield _alarm_ms(desk, danger)
        if danger.doubtful is None:
            yield danger.since_ms + desk.timings.protect_hard_ms
