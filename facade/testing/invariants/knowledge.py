"""What the living have been shown, by the answers they received: nobody is blamed for what he could not know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, cast

import attrs

from surefill.adapters.wire.call import WireAnswer
from surefill.domain.events import Answered, Event, Seen
from surefill.testing.invariants.evidence import HARD_WEIGHT, Called, Carried, used_weight
from surefill.testing.invariants.lives import Lives
from surefill.testing.invariants.row import EXACT, STEM_LENGTH, ZERO, amount, leg_of
from surefill.testing.invariants.sizes import Sizes
from surefill.testing.invariants.standing import Key

READS: Final = frozenset(
    {"order", "algoOrder", "openOrders", "openAlgoOrders", "allOrders", "userTrades", "positionRisk"}
)
"""The last parts of the paths whose answers show orders, fills or positions."""

_SINGLE: Final = frozenset({"order", "algoOrder"})
"""Paths that answer with one object; the others answer with a list."""
_ORDER: Final = ("clientOrderId", "orderId", "symbol", "side", "type", "status", "origQty", "executedQty", "reduceOnly")
_WHOLE: Final[Mapping[str, tuple[str, ...]]] = {
    "order": _ORDER,
    "openOrders": _ORDER,
    "allOrders": _ORDER,
    "positionRisk": ("symbol", "positionAmt", "entryPrice"),
    "userTrades": ("symbol", "orderId", "side", "price", "qty"),
}
"""What each row of an answer must have to be believed (Binance docs: Query Order, Position Information V3)."""
_STATUSES: Final = frozenset(
    {"NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH"}
)
_IDS: Final = ("clientAlgoId", "origClientOrderId", "newClientOrderId")
_BARRED: Final = frozenset({401, 403, 408, 418, 429})
"""Answers of a doorkeeper: they show nothing of the account."""
_BUSY_MIN_MS: Final = 1_000
_USUAL_MS: Final = 500
"""What an answer may take before the exchange is slow."""
_AT_ONCE_MS: Final = 2_000
"""How soon after it has come back to a symbol a busy host must have done what fell due there meanwhile."""


@attrs.frozen
class _Busy:
    """A call that kept its thread busy: when it began and ended, and its requests: when, and about which symbol."""

    began_ms: int
    ended_ms: int
    visits: tuple[tuple[int, str | None], ...]

    def elsewhere(self, symbol: str) -> Iterator[tuple[int, int]]:
        """Yield from when to when it was busy with other symbols, in order; the last time may last to its end.

        A call may begin with a round over everything, and come back here later.
        """
        left_ms: int | None = None
        here = False
        for sent_ms, about in self.visits:
            if about == symbol:
                if left_ms is not None and not here and sent_ms - left_ms >= _BUSY_MIN_MS:
                    yield left_ms, sent_ms
                left_ms, here = sent_ms, True
            else:
                left_ms, here = sent_ms if left_ms is None else left_ms, False
        if not here:
            came = any(about == symbol for _, about in self.visits)
            yield left_ms if came and left_ms is not None else self.began_ms, self.ended_ms


@attrs.define(kw_only=True)
class Knowledge:
    """Follows answers, not the truth: what an answer did not show, nobody had to know.

    Attributes:
        lives: who lives when.
        sizes: whose order is whose.
        known: client ids of entries whose fill the living know of, by an answer or from the journal.
    """

    lives: Lives
    sizes: Sizes
    known: set[str] = attrs.field(factory=set[str])
    _kept: set[str] = attrs.field(factory=set[str])
    _blocked_ms: dict[str, int] = attrs.field(factory=dict[str, int])
    _all_blocked_ms: int = 0
    _waits: list[tuple[int, int, str | None]] = attrs.field(factory=list[tuple[int, int, "str | None"]])
    _arrived_ms: int | None = None
    _busy: list[_Busy] = attrs.field(factory=list["_Busy"])

    def keep(self, event: Event) -> None:
        """Take in what the journal kept: the next owner knows it too."""
        order = event.order if isinstance(event, Seen) else event.reply.order if isinstance(event, Answered) else None
        if order is not None and order.executed_quantity > ZERO:
            self._kept.add(order.client_id)
            self.known.add(order.client_id)

    def begin(self, *, lost_journal: bool) -> None:
        """Start another owner's life: it knows what the journal kept."""
        if lost_journal:
            self._kept.clear()
        self.known = set(self._kept)

    def call(self, called: Called, made: Iterable[Carried]) -> None:
        """Note a call that kept its thread busy with the requests it *made*.

        A host with one thread guards nothing else meanwhile.
        """
        if called.ended_ms - called.began_ms < _BUSY_MIN_MS or called.verb.startswith("reconcile"):
            return
        visits = ((each.sent_ms, self.symbol_of(each)) for each in made)
        inside = tuple(visit for visit in visits if called.began_ms <= visit[0] <= called.ended_ms)
        self._busy.append(_Busy(called.began_ms, called.ended_ms, inside))

    def wait(self, carried: Carried) -> None:
        """Note a request that was long under way: nothing else was done meanwhile by a host with one thread.

        Nor while a read was held back because the request budget was nearly spent.
        """
        if carried.arrived_ms is not None and carried.arrived_ms - carried.sent_ms > _USUAL_MS:
            self._waits.append((carried.sent_ms, carried.arrived_ms, self.symbol_of(carried)))
        before_ms = carried.sent_ms if self._arrived_ms is None else self._arrived_ms
        if carried.sent_ms - before_ms >= _BUSY_MIN_MS and (used_weight(carried) or 0) >= HARD_WEIGHT:
            self._waits.append((before_ms, carried.sent_ms, None))
        self._arrived_ms = carried.sent_ms if carried.arrived_ms is None else carried.arrived_ms

    def block(self, symbol: str | None, at_ms: int) -> None:
        """Note that nothing could be seen or done up to now, on one symbol or on all."""
        if symbol is None:
            self._all_blocked_ms = max(self._all_blocked_ms, at_ms)
        else:
            self._blocked_ms[symbol] = max(self._blocked_ms.get(symbol, 0), at_ms)

    def free_ms(self, symbol: str) -> int:
        """Return from when on the living could see and act on *symbol*."""
        return max(self.lives.since_ms, self._all_blocked_ms, self._blocked_ms.get(symbol, 0))

    def waited_ms(self, symbol: str, from_ms: int, due_ms: int) -> int:
        """Return *due_ms*, later by the time spent since *from_ms* on waiting for what concerns other symbols.

        Of what concerns this one, too, beyond what an answer usually takes: on a slow exchange every step is late.
        """
        for sent_ms, arrived_ms, about in self._waits:
            if arrived_ms <= from_ms or sent_ms >= due_ms:
                continue
            took_ms = arrived_ms - max(sent_ms, from_ms)
            if about == symbol:
                due_ms += max(0, took_ms - _USUAL_MS)
            elif arrived_ms - sent_ms >= _BUSY_MIN_MS:
                due_ms += took_ms
        return due_ms

    def in_time_ms(self, symbol: str, due_ms: int, grace_ms: int) -> int:
        """Return *due_ms*, or a little after the end of what kept the host busy with other symbols then."""
        for busy in self._busy:
            for left_ms, back_ms in busy.elsewhere(symbol):
                if back_ms < busy.ended_ms:
                    due_ms = back_ms + _AT_ONCE_MS if left_ms <= due_ms < back_ms else due_ms
                elif left_ms <= due_ms <= back_ms + grace_ms:
                    due_ms = back_ms + grace_ms
        return due_ms

    def symbol_of(self, carried: Carried) -> str | None:
        """Return the symbol a request is about; None when it is about all of them."""
        params = carried.call.params
        named = params.get("symbol")
        if named is not None:
            return named
        client_id = next((params[name] for name in _IDS if name in params), "")
        return self.sizes.symbol(client_id[:STEM_LENGTH])


def name_of(carried: Carried) -> str:
    """Return the last part of a request's path."""
    path = carried.call.path
    return path[path.rfind("/") + 1 :]


def is_read(carried: Carried) -> bool:
    """Whether its answer would show orders, fills or positions."""
    return carried.call.method == "GET" and name_of(carried) in READS


def is_undone_order(carried: Carried) -> bool:
    """Whether an order was sent and not taken: what it was to replace has to stay until another one is."""
    result = carried.result
    return carried.call.method == "POST" and not (isinstance(result, WireAnswer) and result.ok)


def refused_cancel(carried: Carried) -> str | None:
    """Return the client id of an order whose cancel was refused; None for everything else."""
    result = carried.result
    if carried.call.method != "DELETE" or (isinstance(result, WireAnswer) and result.ok):
        return None
    return next((carried.call.params[name] for name in _IDS if name in carried.call.params), None)


def answered(carried: Carried) -> bool:
    """Whether the exchange answered in the shape it promises, be it with a refusal that says what is not there."""
    result = carried.result
    if not isinstance(result, WireAnswer) or not (result.ok or _is_about_the_order(result)):
        return False
    if not result.ok or not is_read(carried):
        return True
    name = name_of(carried)
    if not isinstance(result.body, dict if name in _SINGLE else list):
        return False
    return name not in _WHOLE or all(_is_whole(row, carried) for row in _rows(carried))


def entries_shown(carried: Carried) -> Iterator[str]:
    """Yield the client ids of entries of ours that an answer shows to have filled.

    What is not whole, or about something that was not asked, is not to be believed, and shows nothing.
    """
    if name_of(carried) not in ("order", "allOrders"):
        return
    rows = _rows(carried)
    if not all(_is_whole(row, carried) for row in rows):
        return
    for row in rows:
        client_id = str(row["clientOrderId"])
        if leg_of(client_id) == "E" and amount(row["executedQty"]) > ZERO:
            yield client_id


def trades_shown(carried: Carried) -> frozenset[str]:
    """Return the exchange ids of orders whose fills an answer shows."""
    if name_of(carried) != "userTrades":
        return frozenset()
    return frozenset(str(row["orderId"]) for row in _rows(carried) if _is_whole(row, carried))


def position_shown(carried: Carried, key: Key) -> Decimal | None:
    """Return the position at *key* that an answer shows, signed; None when it is about something else."""
    if name_of(carried) != "positionRisk" or carried.call.params.get("symbol") not in (None, key[0]):
        return None
    rows = _rows(carried)
    if all(_is_whole(row, carried) for row in rows):
        for row in rows:
            if row["symbol"] == key[0] and row.get("positionSide", "BOTH") == key[1]:
                return amount(row["positionAmt"])
    return ZERO


def stops_shown(carried: Carried, key: Key, side: str) -> Decimal | None:
    """Return what the live stops of ours at *key* that an answer shows add up to; None when it is about others."""
    if name_of(carried) != "openAlgoOrders" or carried.call.params.get("symbol") != key[0]:
        return None  # a list of all symbols is read for its length, or before the symbols are looked at one by one
    size = ZERO
    for row in _rows(carried):
        if (row.get("symbol"), row.get("positionSide", "BOTH"), row.get("side")) != (*key, side):
            continue
        is_live = (row.get("orderType"), row.get("algoStatus")) == ("STOP_MARKET", "NEW")
        if is_live and leg_of(str(row.get("clientAlgoId"))) is not None:
            size = EXACT.add(size, amount(row.get("quantity")))
    return size


def live_legs_shown(carried: Carried) -> Iterator[str]:
    """Yield the client ids of conditional orders that a read in their service shows resting.

    A target that triggers is as good as one that rests: it is about to close the position. A stop must have rested.
    """
    if carried.call.method == "GET":
        for row in _rows(carried):
            client_id = str(row.get("clientAlgoId"))
            if row.get("algoStatus") == "NEW" or (row.get("algoStatus") == "TRIGGERING" and leg_of(client_id) == "T"):
                yield client_id


def id_not_shown(carried: Carried) -> str | None:
    """Return the client id of an order that was asked for and is not shown; None when it is, or none was."""
    result, params = carried.result, carried.call.params
    if isinstance(result, WireAnswer) and result.ok:
        return None
    return params.get("clientAlgoId") or params.get("origClientOrderId")


def open_ids_shown(carried: Carried, symbol: str) -> frozenset[str] | None:
    """Return the client ids of the open orders that an answer shows; None when it is about something else."""
    name = {"openAlgoOrders": "clientAlgoId", "openOrders": "clientOrderId"}.get(name_of(carried))
    if name is None or carried.call.params.get("symbol") not in (None, symbol):
        return None
    return frozenset(str(row.get(name)) for row in _rows(carried))


def _is_about_the_order(answer: WireAnswer) -> bool:
    """Whether a refusal is about what was asked, not about the traffic, the clock, the key or the exchange's health."""
    if not 400 <= answer.status < 500 or answer.status in _BARRED or not isinstance(answer.body, dict):
        return False
    code = cast("dict[str, object]", answer.body).get("code")
    return isinstance(code, int) and not -1099 <= code <= -1000


def _is_whole(row: Mapping[str, object], carried: Carried) -> bool:
    """Whether a row has what its path promises, about the symbol and the order that were asked for."""
    params, name = carried.call.params, name_of(carried)
    if row.get("symbol") != params.get("symbol", row.get("symbol")) or any(
        row.get(each) is None for each in _WHOLE[name]
    ):
        return False
    if _WHOLE[name] is not _ORDER:
        return True
    asked = params.get("origClientOrderId") or params.get("newClientOrderId") or row["clientOrderId"]
    return row["status"] in _STATUSES and row["clientOrderId"] == asked and str(row["orderId"]).isdigit()


def _rows(carried: Carried) -> Sequence[Mapping[str, object]]:
    """Return the objects of an answer that is a success; none when it is none, or garbage."""
    result = carried.result
    if not isinstance(result, WireAnswer) or not result.ok:
        return ()
    body = result.body
    if name_of(carried) in _SINGLE:
        return (cast("Mapping[str, object]", body),) if isinstance(body, dict) else ()
    entries = cast("list[object]", body) if isinstance(body, list) else []
    return [cast("Mapping[str, object]", row) for row in entries if isinstance(row, dict)]
