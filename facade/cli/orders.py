"""``surefill orders``: what rests at the exchange."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from surefill.cli.exchanges import Wanted
from surefill.cli.reading import Rows, find, reading_verb
from surefill.domain.book import Book
from surefill.domain.leg_state import Fate, LegState
from surefill.domain.numbers import plain
from surefill.domain.order import Order
from surefill.ports.exchange import Exchange

_COLUMNS: Final = ("symbol", "what", "side", "quantity", "trigger", "status", "signal_id", "client_id")


@reading_verb
def orders(*, wanted: Wanted, state_dir: Path | None, as_json: bool) -> None:
    """Show open orders.

    It is the exchange's word, or, where none can be reached, what the journal knows.
    """
    find(wanted, state_dir, "read the open orders", _of_exchange, _of_journal).say("orders", _COLUMNS, as_json=as_json)


def _of_exchange(exchange: Exchange) -> Rows:
    return [_of_order(order) for order in exchange.open_orders()]


def _of_journal(book: Book) -> Rows:
    """Return the orders that may be open: known to rest, or nobody knows."""
    legs = (leg for state in book.signals.values() for leg in state.legs.values())
    return [_of_leg(leg) for leg in legs if leg.fate in (Fate.OPEN, Fate.OPEN_QUESTION)]


def _of_order(order: Order) -> dict[str, str | None]:
    return {
        "symbol": order.symbol,
        "what": order.kind.value.lower(),
        "side": order.side.value,
        "quantity": plain(order.quantity),
        "trigger": None if order.trigger_price is None else plain(order.trigger_price),
        "status": order.status.value,
        "signal_id": None,
        "client_id": order.client_id,
    }


def _of_leg(leg: LegState) -> dict[str, str | None]:
    request = leg.intent.request
    return {
        "symbol": request.symbol,
        "what": leg.intent.leg.name.lower(),
        "side": request.side.value,
        "quantity": plain(request.quantity),
        "trigger": None if request.trigger_price is None else plain(request.trigger_price),
        "status": "UNKNOWN" if leg.order is None else leg.order.status.value,
        "signal_id": leg.intent.signal_id,
        "client_id": leg.client_id,
    }
