"""Before an entry: what we hold in the other direction is closed and seen flat, and leftovers are cleared away."""

from __future__ import annotations

from ..domain.events import Allotment
from ..domain.order import ZERO
from ..domain.refusal import Declined, Refusal
from ..domain.side import PositionMode
from ..domain.signal_state import SignalState, total
from ..domain.snapshot import Snapshot
from .desk import Desk
from .exits import ExitOrder, exit_position
from .protect import protect


def flip(desk: Desk, state: SignalState, snapshot: Snapshot) -> bool | Declined:
    """Make way for the entry of *state*.

    On a one-way account our position in the other direction is closed. On any account, orders left over from a
    position that is gone are cleared away first, for they would reduce the new one.

    Returns:
        False when there was nothing to do, True when it was done, and otherwise why no entry may follow.
    """
    symbol = state.symbol
    opposite = state.claim.signal.type.direction.opposite
    book = desk.symbol_book(symbol)
    holding = book.holding(opposite) if snapshot.mode is PositionMode.ONE_WAY else ()
    leftovers = tuple(each for each in book.brackets if each.open_quantity <= ZERO and not each.cleared)
    if not holding and not leftovers:
        return False
    order = ExitOrder(
        signal_id=state.signal_id,
        symbol=symbol,
        direction=opposite,
        mode=snapshot.mode,
        quantity=total(tuple(each.open_quantity for each in holding)),
        allotments=tuple(Allotment(each.signal_id, each.open_quantity) for each in holding),
    )
    result = exit_position(
        desk,
        order,
        until_ms=desk.now_ms() + desk.timings.protect_hard_ms,
        meanwhile=lambda: protect(desk, symbol, until_ms=desk.now_ms(), done=lambda: True),
    )
    leaving = (*holding, *leftovers)
    until_ms = desk.now_ms() + desk.timings.settle_ms
    protect(desk, symbol, until_ms=until_ms, done=lambda: all(each.cleared for each in leaving))
    if result.confirmed and all(each.cleared for each in leaving):
        return True
    if holding:
        return Declined(
            Refusal.EXIT_UNCONFIRMED,
            f"the opposite position of {order.quantity} {symbol} was not seen closed and cleared "
            f"({result.executed} closed); no entry was sent",
        )
    return Declined(Refusal.FROZEN, f"orders of a closed position on {symbol} could not be cleared away yet")
