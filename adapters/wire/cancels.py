"""Cancelling orders, each in whichever service holds it (Binance docs: Cancel Order, Cancel Algo Order)."""

from __future__ import annotations

import attrs

from ...domain.order import Order, OrderKey, OrderStatus
from ...domain.snapshot import CancelOutcome
from . import calls
from .codes import CANCEL_REJECTED, NO_SUCH_ORDER
from .done import check_done, says_done
from .fields import Fields, ParseError
from .lookup import Lookup
from .orders import parse_algo_order, parse_order
from .problem import Problem, problem_of
from .session import Session

_GONE = frozenset({CANCEL_REJECTED, NO_SUCH_ORDER})


class Cancels:
    """Cancels of one, of several, of everything."""

    def __init__(self, session: Session, lookup: Lookup) -> None:
        self._session = session
        self._lookup = lookup

    def cancel(self, key: OrderKey) -> CancelOutcome:
        """Cancel one order: first in the service that *key* names, then in the other.

        A stop that has triggered lives on in the order service under the same client id. An order that neither service
        can cancel (final, or triggering this very moment) comes back with `cancelled` False and as it is shown now. So
        does one whose cancel was answered by a success that does not say so in the documented shape: only an order
        that is then shown as cancelled counts as such, and the next look at the open orders decides about the rest.
        """
        other = attrs.evolve(key, conditional=not key.conditional)
        problem = Problem(None, "")
        for tried in (key, other):
            answer = self._session.ask(calls.cancel_order(tried), _GONE)
            if answer.ok:
                return self._answered(key, tried, answer.body)
            problem = problem_of(answer.body)
        return CancelOutcome(key.client_id, cancelled=False, order=self._lookup.look(key), text=problem.text)

    def cancel_everything(self, symbol: str) -> None:
        """Cancel the conditional orders first, so that none triggers between the two calls, then the regular ones.

        Raises:
            OutcomeUnknownError: an answer did not say that it was done. Both were asked all the same.
        """
        both = (calls.cancel_open_algo_orders(symbol), calls.cancel_open_orders(symbol))
        answers = [(call, self._session.ask(call).body) for call in both]
        for call, body in answers:
            check_done(call, body)

    def _answered(self, key: OrderKey, tried: OrderKey, body: object) -> CancelOutcome:
        try:
            shown = _cancelled(body, tried)
        except ParseError as error:
            order = self._lookup.look(key)
            if order is not None and order.status is OrderStatus.CANCELED:
                return CancelOutcome(key.client_id, cancelled=True, order=order)
            text = f"the answer to the cancel could not be read, so it is unclear: {error}"
            return CancelOutcome(key.client_id, cancelled=False, order=order, text=text)
        return CancelOutcome(key.client_id, cancelled=True, order=shown if tried is key else self._lookup.look(key))


def _cancelled(body: object, key: OrderKey) -> Order | None:
    """Return the order that *body* shows as cancelled; the algo service was seen to answer with and without one.

    Raises:
        ParseError: *body* does not say that this order is cancelled.
    """
    if not key.conditional:
        return _checked(parse_order(body), key)
    fields = Fields(body, "cancelled algo order")
    if fields.has("algoStatus"):
        return _checked(parse_algo_order(body).order, key)
    fields.identifier("algoId")
    if fields.text("clientAlgoId") != key.client_id or not says_done(body):
        raise ParseError("cancelled algo order: was for another order, or did not say that it is cancelled")
    return None


def _checked(order: Order, key: OrderKey) -> Order:
    if (order.client_id, order.symbol) != (key.client_id, key.symbol):
        raise ParseError("cancelled order: was another order")
    if order.status is not OrderStatus.CANCELED:
        raise ParseError(f"cancelled order: must be CANCELED, was {order.status.value}")
    return order
