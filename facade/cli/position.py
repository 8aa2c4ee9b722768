"""``surefill position``: what is held, and what protects it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

from surefill.cli.exchanges import Wanted
from surefill.cli.reading import Rows, find, reading_verb
from surefill.cli.result import position_json
from surefill.domain.book import Book, plan_of
from surefill.domain.ids import Leg
from surefill.domain.leg_state import Fate
from surefill.domain.numbers import plain
from surefill.domain.order import ZERO
from surefill.domain.signal_state import SignalState
from surefill.ports.exchange import Exchange

_COLUMNS: Final = {
    "exchange": ("symbol", "side", "quantity", "entry_price", "mark_price", "unrealized_pnl"),
    "journal": ("symbol", "side", "quantity", "entry_price", "stop", "target", "signal_id"),
}


@reading_verb
def position(*, wanted: Wanted, state_dir: Path | None, as_json: bool) -> None:
    """Show open positions.

    It is the exchange's word, or, where none can be reached, what the journal knows.
    """
    found = find(wanted, state_dir, "read the open positions", _of_exchange, _of_journal)
    found.say("positions", _COLUMNS[found.source], as_json=as_json)


def _of_exchange(exchange: Exchange) -> Rows:
    return [{"symbol": held.symbol, **position_json(held)} for held in exchange.positions()]


def _of_journal(book: Book) -> Rows:
    return [_row(state) for state in book.signals.values() if state.bracket and state.open_quantity > ZERO]


def _row(state: SignalState) -> dict[str, str | None]:
    entry = state.last(Leg.ENTRY)
    average = None if entry is None or entry.order is None else entry.order.average_price
    return {
        "symbol": state.symbol,
        "side": plan_of(state).direction.value,
        "quantity": plain(state.open_quantity),
        "entry_price": _text(average),
        "stop": _text(_resting(state, Leg.STOP)),
        "target": _text(_resting(state, Leg.TARGET)),
        "signal_id": state.signal_id,
    }


def _resting(state: SignalState, leg: Leg) -> Decimal | None:
    newest = state.last(leg)
    return newest.intent.request.trigger_price if newest is not None and newest.fate is Fate.OPEN else None


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
