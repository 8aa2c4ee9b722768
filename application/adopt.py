"""Taking over orders of ours that the journal does not know: it was lost, torn, or is younger than they are."""

from __future__ import annotations

from decimal import Decimal

from ..domain.bracket import Bracket
from ..domain.events import Planned
from ..domain.ids import Leg, client_id, stem
from ..domain.order import Order, OrderKey
from ..domain.signal_state import SignalState
from ..domain.snapshot import Snapshot
from .desk import Desk
from .observe import look
from .takeover import KINDS, events_of_order, keep, shown

ATTEMPTS_MIN = 4
"""How many ids of each leg are asked for at least; with a retry policy of more attempts, as many as it has."""
CLOCKS_APART_MS = 300_000
"""How far the clock that dated a signal may be ahead of the exchange's."""


def may_be_older(desk: Desk, state: SignalState) -> bool:
    """Whether the signal may have been traded by an earlier process: this one's memory then proves nothing.

    The journal it left may have been lost, or be an older copy; only a signal that was made since this process began
    can have been traded by nobody else.
    """
    created, began = state.claim.signal.created_ms, desk.journal_began_ms()
    if created is None or began is None or created <= began:
        return True
    return created <= desk.started_ms + CLOCKS_APART_MS


def adopt_entry(desk: Desk, state: SignalState, quantity: Decimal) -> bool:
    """Ask the exchange for the entry of a signal, and take over what is found, with its bracket.

    The plan is made anew from the signal, without a look at today's prices: it was judged when the entry was sent.

    Returns:
        whether an entry was found.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
        JournalError: what was found could not be kept.
    """
    entries = _find(desk, state, Leg.ENTRY)
    if not entries:
        return False
    snapshot = look(desk, state.symbol, patient=True)
    plan = _plan(desk, state, quantity, snapshot)
    legs = {order.client_id: order for leg in (Leg.STOP, Leg.TARGET, Leg.EXIT) for order in _find(desk, state, leg)}
    legs.update(_open_legs(desk, state, snapshot))
    adopted = [event for order in (*entries, *legs.values()) for event in events_of_order(desk, state, order)]
    # together: half of it in the journal would be taken for the whole by the next process
    keep(desk, [Planned(desk.now_ms(), state.signal_id, plan), *adopted])
    return True


def adopt_exits(desk: Desk, state: SignalState) -> bool:
    """Ask the exchange for the exits of a close, and take over what is found; whose size it was, nobody knows.

    Returns:
        whether one was found.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
    """
    exits = _find(desk, state, Leg.EXIT)
    keep(desk, [event for order in exits for event in events_of_order(desk, state, order)])
    return bool(exits)


def _find(desk: Desk, state: SignalState, leg: Leg) -> tuple[Order, ...]:
    attempts = range(1, max(ATTEMPTS_MIN, desk.retry.attempts_max) + 1)
    ids = (client_id(desk.namespace, state.signal_id, leg, attempt) for attempt in attempts)
    keys = [OrderKey(state.symbol, order_id, conditional=leg in KINDS) for order_id in ids]
    return tuple(desk.exchange.find(keys).values())


def _open_legs(desk: Desk, state: SignalState, snapshot: Snapshot) -> dict[str, Order]:
    """Return what rests of the signal, whatever its attempt."""
    mine = stem(desk.namespace, state.signal_id)
    return {order.client_id: order for order in shown(snapshot) if order.client_id.startswith(mine)}


def _plan(desk: Desk, state: SignalState, quantity: Decimal, snapshot: Snapshot) -> Bracket:
    signal = state.claim.signal
    instrument = desk.patient.instrument(state.symbol)
    direction, stop, target = signal.type.direction, signal.stop_loss, signal.take_profit
    return Bracket(
        namespace=desk.namespace,
        signal_id=state.signal_id,
        symbol=state.symbol,
        direction=direction,
        mode=snapshot.mode,
        quantity=instrument.floor_quantity(quantity, market=True),
        stop_price=None if stop is None else instrument.stop_price(direction, stop),
        target_price=None if target is None else instrument.target_price(direction, target),
        trigger_on=desk.protection.trigger_on,
    )
