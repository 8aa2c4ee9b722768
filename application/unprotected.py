"""Positions without a live stop: who they are, when their alarms are due, and raising them in time."""

from __future__ import annotations

from collections.abc import Iterator

from ..domain.alarm import AlarmKind
from ..domain.order import ZERO
from ..domain.signal_state import SignalState
from .desk import Desk


def unprotected(desk: Desk, symbol: str) -> Iterator[SignalState]:
    """Yield our positions on *symbol* that should have a live stop and have none, as far as is known."""
    return (state for state in desk.symbol_book(symbol).brackets if lacks_stop(state))


def lacks_stop(state: SignalState) -> bool:
    """Whether *state* has an open position that should have a live stop and, as far as is known, has none."""
    return (
        state.naked_since_ms is not None
        and not state.waived
        and state.open_quantity > ZERO
        and state.bracket is not None
        and state.bracket.stop_price is not None
    )


def tell_unprotected(desk: Desk, symbol: str) -> None:
    """Raise the alarm for every position on *symbol* whose stop has not been seen live for too long.

    It asks nobody, so it keeps its time also while the exchange is slow or does not answer at all.
    """
    now = desk.now_ms()
    for state in unprotected(desk, symbol):
        naked_ms = now - (state.naked_since_ms or 0)
        if naked_ms >= desk.timings.protect_soft_ms:
            text = (
                f"{state.open_quantity} {symbol} of signal {state.signal_id!r} has had no live stop for {naked_ms} ms; "
                f"placing it is tried again ({desk.protection.on_unprotected.value} at "
                f"{desk.timings.protect_hard_ms} ms)"
            )
            desk.alarm(AlarmKind.UNPROTECTED, text, symbol=symbol, signal_id=state.signal_id)


def deadlines_ms(desk: Desk, symbol: str) -> Iterator[int]:
    """Yield when unprotected positions on *symbol* are due for an alarm, and for what the policy does then."""
    for state in unprotected(desk, symbol):
        since = state.naked_since_ms or 0
        yield max(
            since + desk.timings.protect_soft_ms, desk.alarm_due_ms(AlarmKind.UNPROTECTED, symbol, state.signal_id)
        )
        yield since + desk.timings.protect_hard_ms
