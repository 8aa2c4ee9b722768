"""Cancelling orders, each in whichever service holds it (Binance docs: Cancel Order, Cancel Algo Order)."""

from __future__ import annotations

import attrs

from ...domain.order import Order, OrderKey
from ...domain.snapshot import CancelOutcome
from . import calls
from .codes import CANCEL_REJECTED, NO_SUCH_ORDER
from .fields import ParseError
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
        can cancel (final, or triggering this very moment) comes back with `cancelled` False and as it is shown now.
        """
        other = attrs.evolve(key, conditional=not key.conditional)
        problem = Problem(None, "")
        for tried in (key, other):
            answer = self._session.ask(calls.cancel_order(tried), _GONE)
            if answer.ok:
                order = _shown(answer.body, tried) if tried is key else self._lookup.look(key)
                return CancelOutcome(key.client_id, cancelled=True, order=order)
            problem = problem_of(answer.body)
        return CancelOutcome(key.client_id, cancelled=False, order=self._lookup.look(key), text=problem.text)

    def cancel_everything(self, symbol: str) -> None:
        """Cancel the conditional orders first, so that none triggers between the two calls, then the regular ones."""
        self._session.ask(calls.cancel_open_algo_orders(symbol))
        self._session.ask(calls.cancel_open_orders(symbol))


def _shown(body: object, key: OrderKey) -> Order | None:
    """Return the order that the answer shows; the algo service was seen with and without one."""
    try:
        return parse_algo_order(body).order if key.conditional else parse_order(body)
    except ParseError:
        return None
