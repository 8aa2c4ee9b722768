"""One thing that goes wrong between us and the simulated exchange: what, where and when."""

from __future__ import annotations

from enum import Enum
from typing import TypedDict, Unpack

import attrs

from ...domain.errors import ValidationError
from ...domain.ids import PREFIX, STEM_LENGTH, Leg
from ..wire.call import Call

UNKNOWN_ERROR_TEXT = "Unknown error, please check your request or try again later."
"""The 503 after which an order may have been executed (Binance docs: General Info)."""

_METHODS = ("GET", "POST", "DELETE")
_LETTERS = tuple(leg.value for leg in Leg)
_SENDING_NAMES = ("order", "algoOrder")
_ID_NAMES = ("newClientOrderId", "clientAlgoId", "origClientOrderId")


class FaultKind(Enum):
    """Every fault there is; the value is its name in configurations."""

    REPLY_LOST = "reply_lost"
    REQUEST_LOST = "request_lost"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    LATENCY = "latency"
    VISIBILITY_LAG = "visibility_lag"
    DELIVERED_TWICE = "delivered_twice"
    STALE_REPLY = "stale_reply"
    DRIP = "drip"
    GARBLED = "garbled"
    REDIRECT = "redirect"
    BANNED = "banned"
    CROWDED = "crowded"
    SHORT_LIST = "short_list"
    DOUBLED_ROWS = "doubled_rows"
    WRONG_TIME = "wrong_time"


class Conditions(TypedDict, total=False):
    """Where and when a fault strikes; what is not named does not matter.

    With neither *method* nor *path* a fault concerns sent orders, to either service, or reads if it is about those.
    *path* is whole or the last part of it (``openAlgoOrders``), *leg* the letter in our client ids (E, S, T, X). *nth*
    counts the requests that match, from 1, while the plan is on; *probability* is drawn from the plan's seed; *from_ms*
    (included) and *until_ms* (excluded) are exchange times. Reads and cancels in the algo service name no symbol, and
    those of everything no leg.
    """

    method: str
    path: str
    leg: str
    symbol: str
    nth: int
    probability: float
    from_ms: int
    until_ms: int


_NAMES = frozenset(Conditions.__annotations__)
_OF_READS = (FaultKind.VISIBILITY_LAG, FaultKind.SHORT_LIST, FaultKind.DOUBLED_ROWS, FaultKind.WRONG_TIME)


@attrs.frozen
class Fault:
    """One fault, built by the constructor named after its kind: ``Fault.reply_lost(leg="E", nth=1)``.

    Attributes:
        kind: what happens.
        conditions: where and when.
        status, code, text: the answer of REFUSED and UNCLEAR; the status of REDIRECT.
        executed: UNCLEAR, REDIRECT: whether the request was executed all the same.
        delay_ms: LATENCY: added to the way up. VISIBILITY_LAG: the age under which orders are not shown.
            DELIVERED_TWICE: how long after the first the second arrives. BANNED: how long it lasts.
        trades, positions: VISIBILITY_LAG: whether fills and positions lag too.
        amount: SHORT_LIST: rows missing. CROWDED: the weight in use. WRONG_TIME: milliseconds ahead.
    """

    kind: FaultKind
    conditions: Conditions
    status: int = 0
    code: int = 0
    text: str = ""
    executed: bool = False
    delay_ms: int = 0
    trades: bool = False
    positions: bool = False
    amount: int = 0

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.kind, FaultKind):
            raise ValidationError("kind", f"must be one of {', '.join(FaultKind.__members__)}, was {self.kind!a}")
        _check(self.conditions)
        if self.delay_ms < 0:
            raise ValidationError("delay_ms", f"must not be negative, was {self.delay_ms}")

    @classmethod
    def reply_lost(cls, **conditions: Unpack[Conditions]) -> Fault:
        """The request is executed; its answer never comes."""
        return cls(FaultKind.REPLY_LOST, conditions)

    @classmethod
    def request_lost(cls, **conditions: Unpack[Conditions]) -> Fault:
        """The request never arrives; whoever sent it cannot tell that from a lost reply."""
        return cls(FaultKind.REQUEST_LOST, conditions)

    @classmethod
    def unreachable(cls, **conditions: Unpack[Conditions]) -> Fault:
        """The connection is refused at once: nothing was sent, and whoever sent it knows."""
        return cls(FaultKind.UNREACHABLE, conditions)

    @classmethod
    def refused(cls, code: int, text: str = "", status: int = 400, **conditions: Unpack[Conditions]) -> Fault:
        """The exchange answers with *status*, *code* and *text* instead of doing it.

        ``refused(-1008, status=503)`` is an overload, ``refused(-2019)`` a lack of margin.
        """
        return cls(FaultKind.REFUSED, conditions, status=status, code=code, text=text)

    @classmethod
    def unclear(
        cls,
        *,
        executed: bool,
        code: int = -1000,
        text: str = UNKNOWN_ERROR_TEXT,
        status: int = 503,
        **conditions: Unpack[Conditions],
    ) -> Fault:
        """The answer says that nobody knows whether it was done; *executed* says whether it was."""
        return cls(FaultKind.UNCLEAR, conditions, status=status, code=code, text=text, executed=executed)

    @classmethod
    def latency(cls, delay_ms: int, **conditions: Unpack[Conditions]) -> Fault:
        """The request is under way for *delay_ms* longer, if need be beyond our patience and its own recvWindow."""
        return cls(FaultKind.LATENCY, conditions, delay_ms=delay_ms)

    @classmethod
    def visibility_lag(
        cls, lag_ms: int, *, trades: bool = False, positions: bool = False, **conditions: Unpack[Conditions]
    ) -> Fault:
        """Reads do not yet show orders younger than *lag_ms*, nor, if so wished, fills and changes of positions.

        It concerns every read unless *path* says otherwise.
        """
        return cls(FaultKind.VISIBILITY_LAG, conditions, delay_ms=lag_ms, trades=trades, positions=positions)

    @classmethod
    def delivered_twice(cls, after_ms: int = 0, **conditions: Unpack[Conditions]) -> Fault:
        """Something on the way sends a copy of the request, *after_ms* behind it; only the first one is answered."""
        return cls(FaultKind.DELIVERED_TWICE, conditions, delay_ms=after_ms)

    @classmethod
    def stale_reply(cls, **conditions: Unpack[Conditions]) -> Fault:
        """The request is executed, and answered by the answer to an earlier one: of its own kind, if there was one."""
        return cls(FaultKind.STALE_REPLY, conditions)

    @classmethod
    def drip(cls, **conditions: Unpack[Conditions]) -> Fault:
        """The request is executed; its answer comes so slowly that nobody waits for the end. Over HTTP: it is lost."""
        return cls(FaultKind.DRIP, conditions)

    @classmethod
    def garbled(cls, **conditions: Unpack[Conditions]) -> Fault:
        """The request is executed; its answer is cut short, and whoever reads it knows nothing but its status."""
        return cls(FaultKind.GARBLED, conditions)

    @classmethod
    def redirect(cls, status: int = 307, *, executed: bool = False, **conditions: Unpack[Conditions]) -> Fault:
        """Somebody answers that the request should go elsewhere; *executed* says whether it was executed here."""
        return cls(FaultKind.REDIRECT, conditions, status=status, executed=executed)

    @classmethod
    def banned(cls, for_ms: int = 120_000, **conditions: Unpack[Conditions]) -> Fault:
        """The exchange answers 418 and names the end of the ban, *for_ms* from then (Binance docs: General Info)."""
        return cls(FaultKind.BANNED, conditions, delay_ms=for_ms)

    @classmethod
    def crowded(cls, used_weight: int, **conditions: Unpack[Conditions]) -> Fault:
        """Others behind the same address have used that much of the minute's weight, says the answer's header."""
        return cls(FaultKind.CROWDED, conditions, amount=used_weight)

    @classmethod
    def short_list(cls, rows: int = 1, **conditions: Unpack[Conditions]) -> Fault:
        """The last *rows* of a list are missing from the answer to a read."""
        return cls(FaultKind.SHORT_LIST, conditions, amount=rows)

    @classmethod
    def doubled_rows(cls, **conditions: Unpack[Conditions]) -> Fault:
        """Every row of a list stands in the answer to a read twice."""
        return cls(FaultKind.DOUBLED_ROWS, conditions)

    @classmethod
    def wrong_time(cls, ahead_ms: int, **conditions: Unpack[Conditions]) -> Fault:
        """``GET /fapi/v1/time`` tells a time that is *ahead_ms* ahead of the exchange's; below 0 it is behind."""
        return cls(FaultKind.WRONG_TIME, conditions, amount=ahead_ms)

    def concerns(self, call: Call) -> bool:
        """Whether *call* is where the fault strikes."""
        wanted = self.conditions
        method, path = wanted.get("method"), wanted.get("path")
        if method is None and self.kind in _OF_READS:
            method = "GET"
        if method not in (None, call.method):
            return False
        name = call.path.rpartition("/")[2]
        if method is None and path is None and (call.method != "POST" or name not in _SENDING_NAMES):
            return False
        return (
            path in (None, name, call.path)
            and wanted.get("symbol") in (None, call.params.get("symbol"))
            and wanted.get("leg") in (None, leg_letter(client_id_of(call)))
        )

    def is_due(self, at_ms: int) -> bool:
        """Whether *at_ms* is when the fault strikes."""
        from_ms, until_ms = self.conditions.get("from_ms"), self.conditions.get("until_ms")
        return (from_ms is None or at_ms >= from_ms) and (until_ms is None or at_ms < until_ms)


def client_id_of(call: Call) -> str:
    """Return the client id that *call* names, empty when it names none."""
    return next((call.params[name] for name in _ID_NAMES if name in call.params), "")


def leg_letter(client_id: str) -> str | None:
    """Return the leg's letter of a client id of ours, whatever its namespace; None for other ids."""
    return client_id[STEM_LENGTH] if client_id.startswith(PREFIX) and len(client_id) > STEM_LENGTH else None


def _check(conditions: Conditions) -> None:
    unknown = set(conditions) - _NAMES
    if unknown:
        raise ValidationError("fault", f"knows the conditions {', '.join(sorted(_NAMES))}, was {sorted(unknown)}")
    method, leg = conditions.get("method"), conditions.get("leg")
    if method is not None and method not in _METHODS:
        raise ValidationError("method", f"must be one of {', '.join(_METHODS)}, was {method!a}")
    if leg is not None and leg not in _LETTERS:
        raise ValidationError("leg", f"must be one of {', '.join(_LETTERS)}, was {leg!a}")
    nth, probability = conditions.get("nth"), conditions.get("probability")
    if nth is not None and nth < 1:
        raise ValidationError("nth", f"must be at least 1, was {nth}")
    if probability is not None and not 0 <= probability <= 1:
        raise ValidationError("probability", f"must be 0 to 1, was {probability}")
