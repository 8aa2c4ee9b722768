"""Taking over orders of ours that the journal does not know: it was lost, torn, or is younger than they are."""

from __future__ import annotations

from decimal import Decimal

from ..domain.bracket import Bracket
from ..domain.errors import AuthenticationError, OrderExecutionError
from ..domain.events import Planned
from ..domain.ids import Leg, client_id
from ..domain.instrument import Instrument
from ..domain.order import ZERO, Order, OrderKey
from ..domain.side import PositionMode, PositionSide
from ..domain.signal import Signal
from ..domain.signal_state import SignalState
from .desk import Desk
from .preflight import reading_in_time
from .takeover import events_of_order, keep, take_over_tails

ATTEMPTS_MIN = 4
"""How many ids of each leg are asked for at least; with a retry policy of more attempts, as many as it has."""
CLOCKS_APART_MS = 300_000
"""How far the clock that dated a signal may be ahead of the exchange's."""


def may_be_older(desk: Desk, signal: Signal) -> bool:
    """Whether the signal may have been traded by an earlier process: this one's memory then proves nothing.

    The journal it left may have been lost, or be an older copy; only a signal that was made since this process began
    can have been traded by nobody else.
    """
    created, began = signal.created_ms, desk.journal_began_ms()
    if created is None or began is None or created <= began:
        return True
    return created <= desk.started_ms + CLOCKS_APART_MS


def traded_before(desk: Desk, signal: Signal) -> bool:
    """Whether the exchange knows an entry of *signal*; False also when it does not answer."""
    if not may_be_older(desk, signal):
        return False
    try:
        with reading_in_time(desk, desk.timings.preflight_ms):
            return bool(_entries(desk, signal))
    except (OrderExecutionError, AuthenticationError):
        return False


def adopt_entry(desk: Desk, state: SignalState, quantity: Decimal) -> bool:
    """Ask the exchange for the entry of a signal, and take over what is found, with its bracket.

    The plan is made anew from the signal, without a look at today's prices: it was judged when the entry was sent.
    What was found is kept at once, whatever becomes of the questions after it: nobody may deny it any more. The rest
    is a duty.

    Returns:
        whether an entry was found.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
        JournalError: what was found could not be kept.
    """
    instrument = desk.patient.instrument(state.symbol)
    entries = _entries(desk, state.claim.signal)
    if not entries:
        return False
    plan = _plan(desk, state, instrument, quantity, entries[-1].position_side)
    found = [event for order in entries for event in events_of_order(desk, state, order)]
    keep(desk, [Planned(desk.now_ms(), state.signal_id, plan), *found])
    desk.left_open.add(state.signal_id)
    take_over_tails(desk, state.symbol)
    return True


def adopt_exits(desk: Desk, state: SignalState) -> bool:
    """Ask the exchange for the exits of a close, and take over what is found; whose size it was, nobody knows.

    Returns:
        whether one was found.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
    """
    found = False
    for key in _keys(desk, state.claim.signal, Leg.EXIT):
        for order in desk.exchange.find([key]).values():
            keep(desk, events_of_order(desk, state, order))
            found = True
    return found


def _entries(desk: Desk, signal: Signal) -> tuple[Order, ...]:
    """Return the attempts that are found; after one that may hold a position there was no other."""
    found: list[Order] = []
    for key in _keys(desk, signal, Leg.ENTRY):
        found += desk.exchange.find([key]).values()
        if any(order.executed_quantity > ZERO or not order.final for order in found):
            break
    return tuple(found)


def _keys(desk: Desk, signal: Signal, leg: Leg) -> tuple[OrderKey, ...]:
    attempts = range(1, max(ATTEMPTS_MIN, desk.retry.attempts_max) + 1)
    ids = (client_id(desk.namespace, signal.id, leg, attempt) for attempt in attempts)
    return tuple(OrderKey(signal.symbol, order_id, conditional=False) for order_id in ids)


def _plan(
    desk: Desk, state: SignalState, instrument: Instrument, quantity: Decimal, kept_under: PositionSide
) -> Bracket:
    signal = state.claim.signal
    direction, stop, target = signal.type.direction, signal.stop_loss, signal.take_profit
    return Bracket(
        namespace=desk.namespace,
        signal_id=state.signal_id,
        symbol=state.symbol,
        direction=direction,
        mode=PositionMode.ONE_WAY if kept_under is PositionSide.BOTH else PositionMode.HEDGE,
        quantity=instrument.floor_quantity(quantity, market=True),
        stop_price=None if stop is None else instrument.stop_price(direction, stop),
        target_price=None if target is None else instrument.target_price(direction, target),
        trigger_on=desk.protection.trigger_on,
    )
