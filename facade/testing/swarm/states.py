"""Both states of a world: what its ledger says should be, and what its journal believes."""

from __future__ import annotations

from collections.abc import Iterator

from surefill.domain.book import Book
from surefill.domain.signal_state import SignalState
from surefill.testing.invariants.row import ZERO
from surefill.testing.invariants.standing import Standing
from surefill.testing.world import World


def both_states(world: World) -> Iterator[str]:
    """Yield the two states as lines for a person, to lay side by side."""
    yield f"the exchange, by its ledger, at {world.now_ms}:"
    yield from (f"    {line}" for line in _expected(world))
    yield f"the owner, {'alive' if world.alive else 'dead'}, by its journal:"
    yield from (f"    {line}" for line in _believed(world))


def _expected(world: World) -> Iterator[str]:
    standing = Standing()
    for row in world.exchange.ledger.rows:
        standing.apply(row)
    for symbol in world.prices:
        for side in ("BOTH", "LONG", "SHORT"):
            key = (symbol, side)
            ours, orders = standing.ours(key), tuple(standing.orders(key))
            if ours != ZERO or orders:
                yield f"{symbol} {side}: ours {ours}, price {world.prices[symbol]}"
            for order in orders:
                yield f"    {order.status} {order.kind} {order.side} {order.quantity} {order.client_id}"


def _believed(world: World) -> Iterator[str]:
    book = Book.of(world.journal.scan_open())
    yield f"halt {book.halt_level.name}; frozen {book.frozen or 'nothing'}"
    for state in book.signals.values():
        yield from _signal(state)


def _signal(state: SignalState) -> Iterator[str]:
    told = "no report" if state.report is None else state.report.outcome.name
    yield f"{state.signal_id} {state.symbol} {state.claim.signal.type.value}: {told}, open {state.open_quantity}"
    for client_id, leg in state.legs.items():
        asked = f"{leg.intent.leg.name} {leg.intent.request.quantity}"
        yield f"    {leg.fate.name} {asked} filled {leg.executed} {client_id}"
