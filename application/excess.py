"""One id of ours that was filled twice: a copy of the request arrived, and the id was free again by then."""

from __future__ import annotations

from decimal import Decimal

import attrs

from ..domain.book import plan_of
from ..domain.errors import AuthenticationError, OrderExecutionError
from ..domain.ids import Leg
from ..domain.leg_state import LegState
from ..domain.numbers import EXACT
from ..domain.order import ZERO
from ..domain.signal_state import SignalState, total
from ..domain.snapshot import History, Snapshot, Watermark
from ..domain.symbol_book import SymbolBook
from .desk import Desk
from .observe import unanswered


def with_excess(desk: Desk, book: SymbolBook, snapshot: Snapshot) -> SymbolBook:
    """Return *book* with what entries of ours filled beyond their one order, where size is shown that is not ours.

    Asked only while a copy of the request may still have been taken, and a while after.
    """
    foreign = book.foreign(snapshot)
    suspects = [
        (state, leg)
        for state in book.brackets
        if plan_of(state).direction in foreign
        for leg in state.of(Leg.ENTRY)
        if leg.executed > ZERO and desk.now_ms() < leg.intent.not_after_ms + desk.timings.loss_unexplained_ms
    ]
    if not suspects:
        return book
    marks = [leg.intent.watermark or Watermark() for _, leg in suspects]
    since = Watermark(min(mark.order_id for mark in marks), min(mark.trade_id for mark in marks))
    try:
        history = desk.exchange.history(book.symbol, since)
    except (OrderExecutionError, AuthenticationError) as error:
        unanswered(desk, error, book.symbol)
        return book
    found = {state.signal_id: _excess(state, leg, history) for state, leg in suspects}
    return attrs.evolve(book, excess={name: size for name, size in found.items() if size > ZERO})


def _excess(state: SignalState, leg: LegState, history: History) -> Decimal:
    """Return what orders with the id of *leg* filled together beyond the one that is known, less what was closed."""
    filled = total(tuple(o.executed_quantity for o in history.orders if o.client_id == leg.client_id))
    closed = total(tuple(each.executed for each in state.of(Leg.EXIT) if not each.intent.allotments))
    return EXACT.subtract(EXACT.subtract(filled, leg.executed), closed)
