"""Answers that are not what the exchange said: rows missing or twice, a wrong time, other people's weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ..wire.call import WireAnswer

WEIGHT_HEADER = "X-MBX-USED-WEIGHT-1M"
_TIME = "serverTime"


def shortened(answer: WireAnswer, rows: int) -> WireAnswer:
    """Return *answer* without the last *rows* of its list; what is no list stays whole."""
    if not isinstance(answer.body, list):
        return answer
    listed = cast("list[object]", answer.body)
    return WireAnswer(answer.status, listed[: max(0, len(listed) - rows)], answer.headers)


def doubled(answer: WireAnswer) -> WireAnswer:
    """Return *answer* with every row of its list twice; what is no list stays as it is."""
    if not isinstance(answer.body, list):
        return answer
    listed = cast("list[object]", answer.body)
    return WireAnswer(answer.status, [row for row in listed for _ in range(2)], answer.headers)


def mistimed(answer: WireAnswer, ahead_ms: int) -> WireAnswer:
    """Return *answer* with its server time set ahead; an answer without one stays as it is."""
    if not isinstance(answer.body, Mapping):
        return answer
    row = cast("Mapping[str, object]", answer.body)
    told = row.get(_TIME)
    if not isinstance(told, int):
        return answer
    return WireAnswer(answer.status, {**row, _TIME: told + ahead_ms}, answer.headers)


def crowded(answer: WireAnswer, used_weight: int) -> WireAnswer:
    """Return *answer* with a header that says so much weight was used this minute."""
    return WireAnswer(answer.status, answer.body, {**answer.headers, WEIGHT_HEADER: str(used_weight)})
