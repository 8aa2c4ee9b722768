"""The fourteen steps of the protocol between us and the exchange, and which requests belong to each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from surefill.adapters.simulated.fault import Conditions, client_id_of, leg_letter
from surefill.adapters.wire.call import Call


class Step(Enum):
    """One step; the value is its name in tables."""

    TIME = "time"
    EXCHANGE_INFO = "exchangeInfo"
    SETTINGS = "mode/leverage"
    POSITION = "position"
    ENTRY = "entry POST"
    ENTRY_QUERY = "entry query"
    TRADES = "trades"
    STOP = "SL POST"
    STOP_QUERY = "SL query/list"
    TARGET = "TP POST"
    CANCEL = "cancel"
    EXIT = "flatten POST"
    LATE_WATCH = "late watch"
    STARTUP = "startup reconcile"

    @property
    def places(self) -> tuple[Conditions, ...]:
        """Where its requests are met, each by other conditions of a `Fault`."""
        return _PLACES[self]

    def concerns(self, call: Call) -> bool:
        """Whether *call* belongs to it. A phase concerns every request made while it lasts."""
        return any(_fits(place, call) for place in _PLACES[self])


ALL: Final = frozenset(Step)
PHASES: Final = frozenset({Step.LATE_WATCH, Step.STARTUP})
"""Not a kind of request but a time: every request that is made then."""
SENDS: Final = frozenset({Step.ENTRY, Step.STOP, Step.TARGET, Step.EXIT})
READS: Final = frozenset(
    {Step.EXCHANGE_INFO, Step.POSITION, Step.ENTRY_QUERY, Step.TRADES, Step.STOP_QUERY},
)
CHANGES: Final = SENDS | {Step.CANCEL, Step.SETTINGS}
REQUESTS: Final = ALL - PHASES
OPENING: Final = frozenset(
    {
        Step.TIME,
        Step.EXCHANGE_INFO,
        Step.SETTINGS,
        Step.POSITION,
        Step.ENTRY,
        Step.ENTRY_QUERY,
        Step.TRADES,
        Step.STOP,
        Step.STOP_QUERY,
        Step.TARGET,
    },
)
"""On the way from the signal to the protected position."""

_EVERYTHING: Final[tuple[Conditions, ...]] = ({"method": "GET"}, {"method": "POST"}, {"method": "DELETE"})
_PLACES: Final[Mapping[Step, tuple[Conditions, ...]]] = {
    Step.TIME: ({"method": "GET", "path": "time"},),
    Step.EXCHANGE_INFO: ({"method": "GET", "path": "exchangeInfo"},),
    Step.SETTINGS: ({"method": "POST", "path": "leverage"}, {"method": "GET", "path": "dual"}),
    Step.POSITION: ({"method": "GET", "path": "positionRisk"},),
    Step.ENTRY: ({"method": "POST", "path": "order", "leg": "E"},),
    Step.ENTRY_QUERY: ({"method": "GET", "path": "order", "leg": "E"},),
    Step.TRADES: ({"method": "GET", "path": "userTrades"},),
    Step.STOP: ({"method": "POST", "path": "algoOrder", "leg": "S"},),
    Step.STOP_QUERY: ({"method": "GET", "path": "algoOrder", "leg": "S"}, {"method": "GET", "path": "openAlgoOrders"}),
    Step.TARGET: ({"method": "POST", "path": "algoOrder", "leg": "T"},),
    Step.CANCEL: ({"method": "DELETE"},),
    Step.EXIT: ({"method": "POST", "path": "order", "leg": "X"},),
    Step.LATE_WATCH: _EVERYTHING,
    Step.STARTUP: _EVERYTHING,
}


def _fits(place: Conditions, call: Call) -> bool:
    return (
        place.get("method") in (None, call.method)
        and place.get("path") in (None, call.path.rpartition("/")[2])
        and place.get("leg") in (None, leg_letter(client_id_of(call)))
    )
