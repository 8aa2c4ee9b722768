"""Size of ours that is missing: what fills explain of it. A position read that lags behind explains nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import attrs

from ..domain.book import plan_of
from ..domain.errors import AuthenticationError, OrderExecutionError
from ..domain.ids import Leg, parse_ours, stem
from ..domain.leg_state import LegState
from ..domain.numbers import EXACT
from ..domain.order import ZERO, Order
from ..domain.side import Direction, PositionSide, position_side
from ..domain.signal_state import SignalState, total
from ..domain.snapshot import History, Snapshot, Watermark
from ..domain.symbol_book import SymbolBook
from .desk import Desk
from .observe import inquire, signal_ids, unanswered


def with_losses(desk: Desk, book: SymbolBook, snapshot: Snapshot) -> SymbolBook:
    """Return *book* with what fills of others took from us, where size is missing for so long that it matters."""
    now = desk.now_ms()
    due = [
        direction
        for direction, since_ms in book.missing_since_ms.items()
        if direction in book.missing(snapshot) and now - since_ms >= desk.timings.flat_confirm_ms
    ]
    if not due:
        return book
    try:
        return attrs.evolve(book, lost_elsewhere=lost_elsewhere(desk, book, snapshot, due))
    except (OrderExecutionError, AuthenticationError) as error:
        unanswered(desk, error, book.symbol)
        return book


def lost_elsewhere(
    desk: Desk, book: SymbolBook, snapshot: Snapshot, directions: Iterable[Direction]
) -> dict[Direction, Decimal]:
    """Return what fills since our oldest entry took of ours and nobody wrote off, base units.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
    """
    mark = _before_entries(book)
    history = desk.exchange.history(book.symbol, mark)
    ours = _with_closed(desk, book, history)
    if _before_entries(ours) != mark:  # what an exit was to close of those that are closed by now, may have been gone
        history = desk.exchange.history(book.symbol, _before_entries(ours))
        ours = _with_closed(desk, book, history)
    _ask_for_more(desk, book, history)
    return {direction: _lost(ours, history, snapshot, direction) for direction in directions}


def _with_closed(desk: Desk, book: SymbolBook, history: History) -> SymbolBook:
    """Return *book* with the signals of ours that are closed by now, and had a part in *history*.

    Orders in it are theirs, and closed what was their own; or an exit in it was to close size of theirs.
    """
    parsed = (parse_ours(order.client_id, desk.namespace) for order in history.orders)
    open_stems = {stem(desk.namespace, state.signal_id) for state in book.signals}
    stems = {ours.stem for ours in parsed if ours is not None} - open_stems
    traded = _closed(desk, [name for name in signal_ids(desk) if stem(desk.namespace, name) in stems] if stems else [])
    known = {state.signal_id for state in (*book.signals, *traded)}
    exits = (leg for state in (*book.signals, *traded) for leg in state.of(Leg.EXIT))
    named = dict.fromkeys(each.signal_id for leg in exits for each in leg.intent.allotments)
    closed = (*traded, *_closed(desk, [name for name in named if name not in known]))
    return attrs.evolve(book, signals=(*closed, *book.signals)) if closed else book


def _closed(desk: Desk, names: Sequence[str]) -> tuple[SignalState, ...]:
    past = (desk.past_state_if_readable(name) for name in names)
    return tuple(state for state in past if state is not None and state.closed_by is not None)


def _ask_for_more(desk: Desk, book: SymbolBook, history: History) -> None:
    """Ask for orders of ours that filled more than is known: one that was refused may carry the id of one that was not.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
    """
    filled = {order.client_id: order.executed_quantity for order in history.orders}
    legs = (leg for state in book.signals for leg in (*state.of(Leg.ENTRY), *state.of(Leg.EXIT)))
    more = [leg for leg in legs if filled.get(leg.client_id, ZERO) > leg.executed]
    if more:
        inquire(desk, more)


def _before_entries(book: SymbolBook) -> Watermark:
    """Return the newest order and trade before the oldest of our entries; the very beginning when nobody knows.

    An entry that filled nothing is none: before it, a position may have been open that is closed and forgotten by now.
    """
    entries = (leg for state in book.brackets for leg in state.of(Leg.ENTRY) if leg.executed > ZERO)
    marks = [leg.intent.watermark or Watermark() for leg in entries]
    return Watermark(
        min((mark.order_id for mark in marks), default=0), min((mark.trade_id for mark in marks), default=0)
    )


def _accounted(leg: LegState | None, order: Order) -> bool:
    """Whether what *order* filled is in our books: an exit of which nobody knows whose size it was is in none."""
    if leg is None:
        return False
    if leg.intent.leg is Leg.EXIT:
        return bool(leg.intent.allotments)
    copied = leg.intent.leg is Leg.ENTRY and leg.order is not None and leg.order.exchange_id != order.exchange_id
    return not copied


def _lost(book: SymbolBook, history: History, snapshot: Snapshot, direction: Direction) -> Decimal:
    """Return what fills took away, on balance, that was not accounted for before.

    That is what others closed: all orders that no signal of ours accounts for. What they opened in our direction
    they may close again; not so what, on a one-way account, took a bracket of ours the other way. And it is what one
    bracket's orders closed of another's size.
    """
    legs = {leg.client_id: leg for state in book.signals for leg in state.legs.values()}
    theirs = {o.exchange_id: o.client_id for o in history.orders if not _accounted(legs.get(o.client_id), o)}
    side = position_side(snapshot.mode, direction)
    trades = [each for each in history.trades if each.exchange_order_id in theirs and each.position_side is side]
    closed = total(tuple([trade.quantity for trade in trades if trade.side is direction.exit_side]))
    opened = total(tuple([trade.quantity for trade in trades if trade.side is direction.entry_side]))
    names = frozenset(theirs.values())
    if side is PositionSide.BOTH:
        opened = max(ZERO, EXACT.subtract(opened, _given_up(book, names, direction.opposite)))
    overclosed = total(tuple([s.overclosed for s in book.brackets if plan_of(s).direction is direction]))
    left = EXACT.subtract(closed, EXACT.add(opened, _given_up(book, names, direction)))
    return max(ZERO, EXACT.add(left, overclosed))


def _given_up(book: SymbolBook, theirs: frozenset[str], direction: Direction) -> Decimal:
    """Return what was put down to fills of others before: written off, or closed by an exit that is *theirs* by now."""
    states = [state for state in book.brackets if plan_of(state).direction is direction]
    exits = (size for state in states for name, size in state.exits.items() if name in theirs)
    return total((*(state.written_off for state in states), *exits))
