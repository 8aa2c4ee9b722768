"""Deciding with what has to be asked first, and noting what a look for something else gives away."""

from __future__ import annotations

import attrs

from ..domain.actions import Action, Inquire, MarkExposed
from ..domain.errors import AuthenticationError, OrderExecutionError
from ..domain.events import Exposed
from ..domain.protection import next_actions
from ..domain.snapshot import Snapshot
from ..domain.symbol_book import SymbolBook
from .desk import Desk
from .observe import inquire, look, looked

Failure = OrderExecutionError | AuthenticationError | None


def decided(desk: Desk, book: SymbolBook, snapshot: Snapshot) -> tuple[tuple[Action, ...], Failure]:
    """Return what to do now, having asked what the decision wanted to know first, and the last question's failure.

    A question without an answer does not keep the rest of the look from being done.
    """
    failure: Failure = None
    asked: list[Inquire] = []
    while True:
        actions = next_actions(book, snapshot, desk.protection, desk.now_ms(), desk.timings)
        asking = [action for action in actions if isinstance(action, Inquire)]
        if not asking or asking == asked:
            return tuple(action for action in actions if not isinstance(action, Inquire)), failure
        asked = asking
        for question in asking:
            legs = desk.known_state(question.signal_id).legs
            try:
                inquire(desk, [legs[client_id] for client_id in question.client_ids])
            except (OrderExecutionError, AuthenticationError) as error:
                failure = error
                book = attrs.evolve(book, silent=book.silent | frozenset(question.client_ids))


def glance(desk: Desk, symbol: str, *, patient: bool = False) -> Snapshot:
    """Look for the sake of something else; where it shows a stop to be gone, the clock of its alarm is started.

    *patient* may retry the read: only where nothing is unprotected meanwhile.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
    """
    snapshot = look(desk, symbol, patient=patient)
    for action in decided(desk, desk.symbol_book(symbol), snapshot)[0]:
        if isinstance(action, MarkExposed):
            desk.record(Exposed(action.since_ms, action.signal_id), vital=True)
            desk.due_ms[symbol] = desk.now_ms()
    looked(desk, symbol)
    return snapshot
