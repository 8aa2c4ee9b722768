"""One-way accounts: before an entry, what we hold in the other direction is closed, cleared and seen flat."""

from __future__ import annotations

from ..domain.events import Allotment
from ..domain.refusal import Declined, Refusal
from ..domain.side import PositionMode
from ..domain.signal_state import SignalState
from ..domain.snapshot import Snapshot
from .desk import Desk
from .exits import ExitOrder, exit_position
from .protect import protect


def flip(desk: Desk, state: SignalState, snapshot: Snapshot) -> bool | Declined:
    """Close our position opposite to the signal of *state*.

    Returns:
        False when there was none, True when it was closed and cleared, and otherwise why no entry may follow.
    """
    signal = state.claim.signal
    opposite = signal.type.direction.opposite
    book = desk.symbol_book(signal.symbol)
    holding = book.holding(opposite)
    if snapshot.mode is not PositionMode.ONE_WAY or not holding:
        return False
    order = ExitOrder(
        signal_id=signal.id,
        symbol=signal.symbol,
        direction=opposite,
        mode=snapshot.mode,
        quantity=book.open_quantity(opposite),
        allotments=tuple(Allotment(each.signal_id, each.open_quantity) for each in holding),
    )
    result = exit_position(desk, order, until_ms=desk.now_ms() + desk.timings.protect_hard_ms)
    protect(
        desk,
        signal.symbol,
        until_ms=desk.now_ms() + desk.timings.settle_ms,
        done=lambda: all(each.closed_by is not None for each in holding),
    )
    if result.confirmed and all(each.closed_by is not None for each in holding):
        return True
    return Declined(
        Refusal.EXIT_UNCONFIRMED,
        f"the opposite position of {order.quantity} {signal.symbol} was not seen closed and cleared "
        f"({result.executed} closed); "
        "no entry was sent",
    )
