"""Orders of ours that the journal does not know, although it knows their signal: written down as if it did."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..domain.alarm import AlarmKind
from ..domain.audit_record import AuditType
from ..domain.errors import AuthenticationError, OrderExecutionError
from ..domain.events import Allotment, CancelAsked, Intent, Planned, Seen
from ..domain.ids import Leg, client_id, parse_ours, stem
from ..domain.order import PURPOSE_OF_LEG, Order, OrderKey, OrderKind, OrderRequest, OrderStatus
from ..domain.resolution import unexplained_trades
from ..domain.side import PositionSide
from ..domain.signal_state import SignalState
from ..domain.snapshot import History, Snapshot, Watermark
from .desk import Desk

ADOPTED = "adopted"
"""Stands in the journal where the digest of a request of ours would: we did not send this one, as far as we know."""
AHEAD = 4
"""How many ids behind the last known one are asked for; those between may have been refused and be found nowhere."""

KINDS = {Leg.STOP: OrderKind.STOP, Leg.TARGET: OrderKind.TARGET}


def events_of_order(desk: Desk, state: SignalState, order: Order) -> tuple[Intent | CancelAsked | Seen, ...]:
    """Return an order of ours as if its intent had been kept, and what is seen of it; empty for anybody else's.

    A stop or target that is cancelled already was so by us, as far as anybody knows: it may have been replaced.
    """
    ours = parse_ours(order.client_id, desk.namespace)
    if ours is None:
        return ()
    now, conditional = desk.now_ms(), ours.leg in KINDS
    request = OrderRequest(
        client_id=order.client_id,
        symbol=order.symbol,
        side=order.side,
        kind=KINDS.get(ours.leg, OrderKind.MARKET),
        quantity=order.quantity,
        purpose=PURPOSE_OF_LEG[ours.leg],
        reduce_only=order.reduce_only and order.position_side is PositionSide.BOTH,
        position_side=order.position_side,
        trigger_price=order.trigger_price if conditional else None,
        trigger_on=order.trigger_on if conditional else None,
    )
    intent = Intent(
        at_ms=now,
        signal_id=state.signal_id,
        leg=ours.leg,
        attempt=ours.attempt,
        request=request,
        digest=ADOPTED,
        timestamp_ms=order.updated_ms,
        not_after_ms=order.updated_ms,
        allotments=_allotments(state, order, ours.leg),
    )
    seen = Seen(now, state.signal_id, order.client_id, order)
    if conditional and order.status is OrderStatus.CANCELED:
        return intent, CancelAsked(now, state.signal_id, order.client_id), seen
    return intent, seen


def _allotments(state: SignalState, order: Order, leg: Leg) -> tuple[Allotment, ...]:
    """Return whose size an exit closed: the signal's own, if it is the exit of an entry; of a close, nobody knows."""
    signal = state.claim.signal
    if leg is not Leg.EXIT or not signal.type.is_entry or order.side is not signal.type.direction.exit_side:
        return ()
    return (Allotment(state.signal_id, order.quantity),)


def take_over(desk: Desk, states: Sequence[SignalState], orders: Sequence[Order]) -> None:
    """Write down those of *orders* that belong to one of *states*, and of which nothing is known."""
    known = {client_id for state in states for client_id in state.legs}
    strange = [order for order in orders if order.client_id not in known]
    if not strange:
        return
    of_stem = {stem(desk.namespace, state.signal_id): state for state in states}
    found: list[Intent | CancelAsked | Seen] = []
    for order in strange:
        ours = parse_ours(order.client_id, desk.namespace)
        state = None if ours is None else of_stem.get(ours.stem)
        if state is not None:
            found += events_of_order(desk, state, order)
    keep(desk, found)


def keep(desk: Desk, events: Sequence[Planned | Intent | CancelAsked | Seen]) -> None:
    """Write down orders taken over, together; first in the audit log."""
    for event in events:
        if isinstance(event, Seen):
            tell_order(desk, AuditType.ORDER_UPDATED if event.order.final else AuditType.ORDER_PLACED, event)
    if events:
        desk.record(*events, vital=True)


def shown(snapshot: Snapshot) -> tuple[Order, ...]:
    """Return every open order of a look."""
    return (*snapshot.conditionals, *snapshot.orders)


def history_since(desk: Desk, symbol: str, mark: Watermark, told: Callable[[tuple[Order, ...]], None]) -> History:
    """Read what came after *mark*; its orders are *told* as soon as they are read, for the fills may hang.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
    """
    heard: list[tuple[Order, ...]] = []

    def hear(orders: tuple[Order, ...]) -> None:
        heard.append(orders)
        told(orders)

    with desk.exchange.telling(hear):
        history = desk.exchange.history(symbol, mark)
    if not heard:
        told(history.orders)
    return history


def take_over_tails(desk: Desk, symbol: str) -> None:
    """Of signals that an earlier process left open, ask once for what it sent and may not have been able to keep."""
    left = tuple(state for state in desk.symbol_book(symbol).signals if state.signal_id in desk.left_open)
    if left and _ask_for_tails(desk, symbol, left):
        desk.left_open -= {state.signal_id for state in left}


def half_known(desk: Desk, symbol: str) -> bool:
    """Whether a bracket on *symbol* was taken over from its entry, and its other orders have not been asked for yet.

    Nothing can be decided about it: ids and sizes of its legs may have been used up.
    """
    return any(
        state.signal_id in desk.left_open and any(leg.intent.digest == ADOPTED for leg in state.of(Leg.ENTRY))
        for state in desk.symbol_book(symbol).brackets
    )


def _ask_for_tails(desk: Desk, symbol: str, states: Sequence[SignalState]) -> bool:
    """Ask for orders of *states* that nothing is known of: a journal that failed, or lied, may have lost them.

    What was executed since their first orders shows in the account's history, triggered stops and targets included;
    where nobody knows since when, the next few ids are asked for. What rests shows in every look.

    Returns:
        whether the exchange answered.
    """
    marks = {state.signal_id: _mark(state) for state in states}
    dated = [mark for mark in marks.values() if mark is not None]
    keys = [key for state in states if marks[state.signal_id] is None for key in _next_keys(desk, state)]
    try:
        if dated:
            since = Watermark(min(mark.order_id for mark in dated), min(mark.trade_id for mark in dated))
            began = desk.now_ms()
            history = history_since(desk, symbol, since, lambda orders: keep(desk, _answers(states, orders, began)))
            if unexplained_trades(history, since):
                _tell_doubt(desk, states)
            keys += _strange(desk, states, history.orders)
        found = desk.exchange.find(tuple(dict.fromkeys(keys))) if keys else {}
    except (OrderExecutionError, AuthenticationError):
        return False
    take_over(desk, states, tuple(found.values()))
    return True


def _answers(states: Sequence[SignalState], orders: Sequence[Order], began_ms: int) -> list[Seen]:
    """Return what *orders* show of entries and exits whose fate is an open question."""
    open_questions = {leg.client_id: leg for state in states for leg in state.open_questions}
    return [
        Seen(began_ms, open_questions[order.client_id].intent.signal_id, order.client_id, order)
        for order in orders
        if order.client_id in open_questions
    ]


def _tell_doubt(desk: Desk, states: Sequence[SignalState]) -> None:
    """Somebody's order was filled that is not shown yet: it may be ours."""
    for leg in (leg for state in states for leg in state.open_questions):
        desk.alarm(
            AlarmKind.OUTCOME_UNKNOWN,
            f"{leg.intent.request.symbol} shows a fill that no order explains while nobody knows whether "
            f"{leg.client_id} was executed; it is asked for until it is known",
            symbol=leg.intent.request.symbol,
            signal_id=leg.intent.signal_id,
        )


def _mark(state: SignalState) -> Watermark | None:
    """Return the newest order and trade before the first order of *state*; None when nobody knows."""
    leg = Leg.ENTRY if state.claim.signal.type.is_entry else Leg.EXIT
    return next((order.intent.watermark for order in state.of(leg)), None)


def _next_keys(desk: Desk, state: SignalState) -> list[OrderKey]:
    """Return the next ids of what an earlier process may have sent.

    Before its entry there was nothing to send for an entry signal; who executes it again asks for the entry itself.
    """
    if state.claim.signal.type.is_entry and state.last(Leg.ENTRY) is None:
        return []
    legs = (Leg.STOP, Leg.TARGET, Leg.EXIT) if state.claim.signal.type.is_entry else (Leg.EXIT,)
    return [
        OrderKey(state.symbol, client_id(desk.namespace, state.signal_id, leg, attempt), conditional=leg in KINDS)
        for leg in legs
        for attempt in range(state.next_attempt(leg), state.next_attempt(leg) + max(AHEAD, desk.retry.attempts_max))
    ]


def _strange(desk: Desk, states: Sequence[SignalState], orders: Sequence[Order]) -> list[OrderKey]:
    """Return where to look for those of *orders* that belong to *states* and are not known."""
    known = {client_id for state in states for client_id in state.legs}
    stems = {stem(desk.namespace, state.signal_id) for state in states}
    found: list[OrderKey] = []
    for order in orders:
        ours = parse_ours(order.client_id, desk.namespace)
        if ours is not None and ours.stem in stems and order.client_id not in known:
            found.append(OrderKey(order.symbol, order.client_id, conditional=ours.leg in KINDS))
    return found


def tell_order(desk: Desk, kind: AuditType, event: Seen) -> None:
    """Write down what the exchange showed of an order of ours."""
    desk.note(
        kind,
        "seen",
        symbol=event.order.symbol,
        signal_id=event.signal_id,
        client_id=event.client_id,
        response=event.order,
    )
