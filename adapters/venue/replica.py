"""Reads from before: what the exchange shows when it comes back with an older state than it has."""

import copy

from .routes import Route, Routes
from .state import State


class Replica:
    """The account as it was at one moment, for signed reads; the market goes on, and so does everything that changes.

    Args:
        state: copied now.
    """

    def __init__(self, state: State) -> None:
        # what does not belong to the account, or must go on counting, is shared
        shared = (state.ledger, state.settings, state.listing, state.brackets, state.switches, state.timers)
        self._state: State = copy.deepcopy(state, {id(part): part for part in shared})

    @property
    def state(self) -> State:
        """The account then; nothing changes it any more."""
        return self._state


def reads_of(routes: Routes) -> Routes:
    """Return those of *routes* that read an account."""
    return {key: route for key, route in routes.items() if _reads_account(key[0], route)}


def _reads_account(method: str, route: Route) -> bool:
    return method == "GET" and route.signed and not route.orders
