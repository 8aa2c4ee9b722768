"""Size of ours that is missing: what others' fills explain of it. A position read that lags behind explains nothing."""

from __future__ import annotations

from decimal import Decimal

import attrs

from ..domain.errors import AuthenticationError, OrderExecutionError
from ..domain.ids import Leg
from ..domain.numbers import EXACT
from ..domain.order import ZERO
from ..domain.side import Direction
from ..domain.snapshot import History, Snapshot, Watermark
from ..domain.symbol_book import SymbolBook
from .desk import Desk
from .observe import unanswered


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
        history = desk.exchange.history(book.symbol, _before_entries(book))
    except (OrderExecutionError, AuthenticationError) as error:
        unanswered(desk, error, book.symbol)
        return book
    return attrs.evolve(book, lost_elsewhere={each: _lost(desk, book, history, each) for each in due})


def _before_entries(book: SymbolBook) -> Watermark:
    """Return the newest order and trade before the oldest of our open entries; the very beginning when nobody knows."""
    marks = [leg.intent.watermark or Watermark() for state in book.brackets for leg in state.of(Leg.ENTRY)]
    return Watermark(
        min((mark.order_id for mark in marks), default=0), min((mark.trade_id for mark in marks), default=0)
    )


def _lost(desk: Desk, book: SymbolBook, history: History, direction: Direction) -> Decimal:
    """Return what orders that are none of the book's sold (bought, of a short) since all of ours was last seen."""
    ours = {leg.client_id for state in book.signals for leg in state.legs.values()}
    theirs = {order.exchange_id for order in history.orders if order.client_id not in ours}
    since_ms = desk.whole_ms.get((book.symbol, direction), 0)
    lost = ZERO
    for trade in history.trades:
        if trade.side is direction.exit_side and trade.exchange_order_id in theirs and trade.time_ms >= since_ms:
            lost = EXACT.add(lost, trade.quantity)
    return lost
