"""Taking over orders of ours that the journal does not know: it was lost, torn, or is older than they are."""

from __future__ import annotations

from ..domain.bracket import Bracket
from ..domain.events import Intent, Seen
from ..domain.ids import Leg, OurId
from ..domain.order import PURPOSE_OF_LEG, Order, OrderKind, OrderRequest
from ..domain.signal_state import SignalState
from .desk import Desk

ATTEMPTS_MIN = 4
"""How many ids of each leg are asked for at least; with a retry policy of more attempts, as many as it has."""
ADOPTED = "adopted"
"""Stands in the journal where the digest of a request of ours would: we did not send this one, as far as we know."""


def adopt_signal(desk: Desk, state: SignalState, plan: Bracket) -> bool:
    """Ask the exchange for a signal that may have been traded before the journal began, and take over what is found.

    Returns:
        whether an entry was found.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
    """
    entries = _find(desk, plan, Leg.ENTRY)
    if not entries:
        return False
    others = [found for leg in (Leg.STOP, Leg.TARGET, Leg.EXIT) for found in _find(desk, plan, leg)]
    for leg, attempt, order in (*entries, *others):
        adopt_order(desk, state, leg, attempt, order)
    return True


def adopt_order(desk: Desk, state: SignalState, leg: Leg, attempt: int, order: Order) -> None:
    """Write down an order of ours as if its intent had been kept, and what is seen of it."""
    now = desk.now_ms()
    conditional = leg in (Leg.STOP, Leg.TARGET)
    request = OrderRequest(
        client_id=order.client_id,
        symbol=order.symbol,
        side=order.side,
        kind={Leg.STOP: OrderKind.STOP, Leg.TARGET: OrderKind.TARGET}.get(leg, OrderKind.MARKET),
        quantity=order.quantity,
        purpose=PURPOSE_OF_LEG[leg],
        reduce_only=order.reduce_only,
        position_side=order.position_side,
        trigger_price=order.trigger_price if conditional else None,
        trigger_on=order.trigger_on if conditional else None,
    )
    intent = Intent(
        at_ms=now,
        signal_id=state.signal_id,
        leg=leg,
        attempt=attempt,
        request=request,
        digest=ADOPTED,
        timestamp_ms=order.updated_ms,
        not_after_ms=order.updated_ms,
        allotments=(),
    )
    desk.record(intent, Seen(now, state.signal_id, order.client_id, order), vital=True)


def adopt_stray(desk: Desk, state: SignalState, ours: OurId, order: Order) -> None:
    """Take over an open leg of a signal whose journal lost it; only what its plan would have sent."""
    conditional = ours.leg in (Leg.STOP, Leg.TARGET)
    if conditional and (order.trigger_price is None or order.trigger_on is None):
        return
    adopt_order(desk, state, ours.leg, ours.attempt, order)


def _find(desk: Desk, plan: Bracket, leg: Leg) -> list[tuple[Leg, int, Order]]:
    if (leg is Leg.STOP and plan.stop_price is None) or (leg is Leg.TARGET and plan.target_price is None):
        return []
    attempts = max(ATTEMPTS_MIN, desk.retry.attempts_max)
    requests = {attempt: _request(plan, leg, attempt) for attempt in range(1, attempts + 1)}
    found = desk.exchange.find([request.key for request in requests.values()])
    return [
        (leg, attempt, found[request.client_id]) for attempt, request in requests.items() if request.client_id in found
    ]


def _request(plan: Bracket, leg: Leg, attempt: int) -> OrderRequest:
    match leg:
        case Leg.ENTRY:
            return plan.entry(attempt)
        case Leg.STOP:
            return plan.stop(plan.quantity, attempt)
        case Leg.TARGET:
            return plan.target(plan.quantity, attempt)
        case Leg.EXIT:
            return plan.exit(plan.quantity, attempt)
