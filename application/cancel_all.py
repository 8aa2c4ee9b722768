"""The caller's word beats the guard: cancelling everything, stops included."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ..domain.alarm import AlarmKind
from ..domain.audit_record import AuditType
from ..domain.errors import AuthenticationError, OrderExecutionError
from ..domain.events import CancelAsked, Waived
from ..domain.ids import Leg, parse_ours
from ..domain.leg_sets import legs_of
from ..domain.leg_state import Fate, LegState
from ..domain.order import ZERO, Order, OrderStatus
from ..domain.signal_state import SignalState, is_over
from ..domain.snapshot import CancelOutcome, Snapshot
from .desk import Desk
from .observe import inquire, look, take_outcomes, unanswered


@attrs.frozen
class CancelReport:
    """What became of the open orders of a symbol.

    Attributes:
        cancelled: client ids that are gone because they were cancelled.
        failed: client ids that are not known to be cancelled, with the reason: refused, ended before, or no answer. A
            stop among them is guarded as before.
        still_open: client ids shown open afterwards; those not known to be gone when nobody could look.
        unprotected: signals whose open position lost orders so and has no stop now.
    """

    cancelled: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    still_open: tuple[str, ...]
    unprotected: tuple[str, ...]


@attrs.define
class _Tried:
    """What became known while the orders were cancelled.

    Attributes:
        targets: the orders that are to go, by client id.
        gone: those of them that are cancelled.
        texts: by client id, why others may not be.
        lost: those of which no answer came.
        done: the exchange said that everything is cancelled.
    """

    targets: dict[str, Order]
    gone: set[str] = attrs.field(factory=set[str])
    texts: dict[str, str] = attrs.field(factory=dict[str, str])
    lost: set[str] = attrs.field(factory=set[str])
    done: bool = False


def cancel_all(desk: Desk, symbol: str, *, only_ours: bool) -> CancelReport:
    """Cancel the open orders of *symbol* in both services; the caller holds its turn.

    Ours are cancelled one by one: what is refused, or not answered, keeps no other order open. The wish is written down
    first. A stop or target that is gone by it is not put back by the guard, not even if the process dies right then,
    and an alarm names each position that is naked now. What could not be cancelled stays under guard as before.

    With a journal that cannot be written the wish is carried out all the same, and not put back for as long as this
    process lives; the alarm says that the next one may protect the position again.

    Raises:
        OrderExecutionError, AuthenticationError: nobody could look what is open; nothing was cancelled.
    """
    before = look(desk, symbol)
    shown = _ids(before)
    inquire(desk, [leg for leg in _open_legs(desk, symbol) if leg.client_id not in shown])  # it may have just filled
    tried = _Tried(
        {
            order.client_id: order
            for order in (*before.conditionals, *before.orders)
            if not only_ours or parse_ours(order.client_id, desk.namespace) is not None
        }
    )
    if only_ours:
        for order in tried.targets.values():
            _cancel(desk, symbol, order, tried)
    else:
        _cancel_everything(desk, symbol, tried)
    still_open = _still_open(desk, symbol, tried)
    _waive(desk, symbol, tried)
    report = CancelReport(
        cancelled=tuple(client_id for client_id in tried.targets if client_id in tried.gone),
        failed=tuple((client_id, text) for client_id, text in tried.texts.items() if client_id not in tried.gone),
        still_open=still_open,
        unprotected=tuple(state.signal_id for state in _stripped(desk, symbol, tried) if state.waived),
    )
    desk.note(
        AuditType.ORDERS_CANCELLED,
        "cancel_all_orders",
        symbol=symbol,
        order_data={"only_ours": only_ours},
        response=report,
    )
    return report


def _cancel(desk: Desk, symbol: str, order: Order, tried: _Tried) -> None:
    _ask(desk, symbol, (order.client_id,))
    try:
        outcomes = desk.exchange.cancel([order.key])
    except (OrderExecutionError, AuthenticationError) as error:
        tried.texts[order.client_id] = str(error)
        tried.lost.add(order.client_id)
        return
    take_outcomes(desk, symbol, outcomes)
    for outcome in outcomes:
        if outcome.cancelled:
            tried.gone.add(outcome.client_id)
        else:
            tried.texts[outcome.client_id] = outcome.text
    _waive(desk, symbol, tried)  # at once: the next cancel may take long


def _cancel_everything(desk: Desk, symbol: str, tried: _Tried) -> None:
    _ask(desk, symbol, tried.targets)
    try:
        desk.exchange.cancel_everything(symbol)
        tried.done = True
    except (OrderExecutionError, AuthenticationError) as error:
        tried.texts.update(dict.fromkeys(tried.targets, str(error)))
        tried.lost.update(tried.targets)


def _ask(desk: Desk, symbol: str, client_ids: Iterable[str]) -> None:
    """Write down which of our orders the caller wants gone for good."""
    legs, now = _legs(desk, symbol), desk.now_ms()
    asked = (legs[client_id] for client_id in client_ids if client_id in legs)
    wishes = [CancelAsked(now, leg.intent.signal_id, leg.client_id, for_good=True) for leg in asked]
    if wishes:
        desk.record(*wishes, vital=True)


def _still_open(desk: Desk, symbol: str, tried: _Tried) -> tuple[str, ...]:
    """Look once more, sort out what no answer told, and return what is open still, or may be if nobody could look.

    Whether an order of ours whose answer was lost is gone, only a sight of it tells: a list without it may be an old
    one. For an order of others the list must do.
    """
    shown: frozenset[str] | None = None
    try:
        shown = _ids(look(desk, symbol))
        inquire(desk, [leg for leg in _open_legs(desk, symbol) if leg.client_id in tried.targets])
    except (OrderExecutionError, AuthenticationError) as error:
        unanswered(desk, error, symbol)
    legs = _legs(desk, symbol)
    still_open: list[str] = []
    for client_id in tried.targets:
        order = legs[client_id].order if client_id in legs else None
        if order is not None and order.final:
            tried.gone.discard(client_id)
            if order.status is OrderStatus.CANCELED:
                tried.gone.add(client_id)
            tried.texts.setdefault(client_id, f"it was {order.status.value} before it could be cancelled")
        elif client_id in tried.gone:
            continue
        elif client_id in (shown or ()):
            still_open.append(client_id)
        elif tried.done or (shown is not None and client_id in tried.lost and client_id not in legs):
            take_outcomes(desk, symbol, [CancelOutcome(client_id, cancelled=True)])
            tried.gone.add(client_id)
        elif shown is None:
            still_open.append(client_id)
    return tuple(still_open)


def hear_of_cancels(desk: Desk, symbol: str) -> None:
    """Find out what became of cancels that the caller wanted: the process may have died before the answer came.

    An order that rests after all is guarded as before; for one that is gone the alarm is made up for.
    """
    legs = [leg for leg in _open_legs(desk, symbol) if leg.for_good and leg.missing_since_ms is None]
    if legs:
        try:
            inquire(desk, legs)
        except (OrderExecutionError, AuthenticationError) as error:
            unanswered(desk, error, symbol)
    for state in desk.symbol_book(symbol).brackets:
        if state.waived and state.open_quantity > ZERO:
            tell_waived(desk, state)


def tell_waived(desk: Desk, state: SignalState) -> None:
    """Tell once that a position lost its protection by the caller's wish.

    With a journal that failed that holds for this process only: the next one may not know, and protects again.
    """
    if state.waiver:
        return
    forgotten = " by this process; the journal cannot be written, so the next one may place it again"
    how_long = "" if desk.journal_failure is None else forgotten
    desk.alarm(  # before the journal: a crash in between tells it twice, never not at all
        AlarmKind.WAIVED,
        f"cancel_all_orders took the protection of {state.open_quantity} {state.symbol} of signal "
        f"{state.signal_id!r}; it is not put back{how_long}",
        symbol=state.symbol,
        signal_id=state.signal_id,
    )
    desk.record(Waived(desk.now_ms(), state.signal_id), vital=True)


def _waive(desk: Desk, symbol: str, tried: _Tried) -> None:
    """Waive the protection of positions that lost an order so and have no stop left; one that is, is looked at anew."""
    for state in _stripped(desk, symbol, tried):
        if all(leg.client_id in tried.gone for leg in state.of(Leg.STOP) if not is_over(leg)):
            tell_waived(desk, state)
        else:
            desk.due_ms[symbol] = desk.now_ms()


def _stripped(desk: Desk, symbol: str, tried: _Tried) -> list[SignalState]:
    """Return the signals with an open position that lost a stop or target."""
    return [
        state
        for state in desk.symbol_book(symbol).brackets
        if state.open_quantity > ZERO and any(leg.client_id in tried.gone for leg in legs_of(state))
    ]


def _legs(desk: Desk, symbol: str) -> dict[str, LegState]:
    return {leg.client_id: leg for state in desk.symbol_book(symbol).signals for leg in state.legs.values()}


def _open_legs(desk: Desk, symbol: str) -> list[LegState]:
    return [leg for leg in _legs(desk, symbol).values() if leg.fate is Fate.OPEN]


def _ids(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(order.client_id for order in (*snapshot.conditionals, *snapshot.orders))
