"""What a lagging replica of the exchange would answer: the young is not there yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from ..venue.ledger import Ledger
from ..wire.call import Call, WireAnswer
from .fault import Fault

JsonRow: TypeAlias = Mapping[str, object]

_TIME_OF = {
    "order": "time",
    "openOrder": "time",
    "openOrders": "time",
    "allOrders": "time",
    "algoOrder": "createTime",
    "openAlgoOrders": "createTime",
    "allAlgoOrders": "createTime",
}
NOT_FOUND: Mapping[str, object] = {"code": -2013, "msg": "Order does not exist."}


def lagging(call: Call, answer: WireAnswer, fault: Fault, ledger: Ledger, now_ms: int) -> WireAnswer:
    """Return *answer* as a replica would give it that is `fault.delay_ms` behind."""
    if not answer.ok:
        return answer
    name = call.path.rpartition("/")[2]
    since_ms = now_ms - fault.delay_ms
    if name in _TIME_OF:
        return _without_young(answer, _TIME_OF[name], since_ms)
    if name == "userTrades" and fault.trades:
        return _without_young(answer, "time", since_ms)
    if name == "positionRisk" and fault.positions:
        return WireAnswer(answer.status, _positions_before(call, answer.body, ledger, since_ms), answer.headers)
    return answer


def _without_young(answer: WireAnswer, time_name: str, since_ms: int) -> WireAnswer:
    if isinstance(answer.body, list):
        rows = cast("list[JsonRow]", answer.body)
        old = [row for row in rows if not _is_young(row, time_name, since_ms)]
        return WireAnswer(answer.status, old, answer.headers)
    if _is_young(cast("JsonRow", answer.body), time_name, since_ms):
        return WireAnswer(400, dict(NOT_FOUND), answer.headers)
    return answer


def _is_young(row: JsonRow, time_name: str, since_ms: int) -> bool:
    return cast("int", row[time_name]) > since_ms


def _positions_before(call: Call, body: object, ledger: Ledger, since_ms: int) -> list[JsonRow]:
    """Return the rows as they stood at *since_ms*, taken from the ledger where they changed later."""
    shown = {_key(row, "positionSide"): row for row in cast("Sequence[JsonRow]", body)}
    before: dict[tuple[object, object], JsonRow | None] = {}
    for row in reversed(ledger.rows):
        if row["kind"] != "position":
            continue
        key = _key(row, "position_side")
        if cast("int", row["time_ms"]) > since_ms:
            before.setdefault(key, None)
        elif None not in before.values():
            break
        elif key in before and before[key] is None:
            before[key] = row
    symbol = call.params.get("symbol")
    for key, old in before.items():
        if symbol not in (None, key[0]):
            continue
        current = shown.pop(key, {"symbol": key[0], "positionSide": key[1]})
        if old is not None:
            shown[key] = {**current, "positionAmt": old["amount"], "entryPrice": old["entry_price"]}
    return list(shown.values())


def _key(row: Mapping[str, object], side_name: str) -> tuple[object, object]:
    return row["symbol"], row[side_name]
