"""I6: the exchange's limits are kept, its bans obeyed, and no entry starts that cannot be protected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, cast

import attrs

from surefill.adapters.wire.call import WireAnswer
from surefill.domain.events import Answered
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from surefill.testing.invariants.evidence import Carried, Kept
from surefill.testing.invariants.row import Row, leg_of, text, time_ms
from surefill.testing.invariants.violation import Violation

_BAN_MS: Final = 120_000
"""The shortest ban (Binance docs: General Info); when an answer names no end."""
_MINUTE_MS: Final = 60_000
_UNTIL: Final = re.compile(r"until (\d{13})")
_OWN: Final = frozenset({Refusal.BUDGET, Refusal.RATE_LIMITED})


@attrs.define(kw_only=True)
class WithinLimits:
    """The exchange itself never answers us "too many"; between the answer that tells of a ban and its end we send
    nothing; between one that asks for a pause and its end, no entry; and our own budget refuses no stop, target or
    exit.

    Attributes:
        others: somebody else uses up the same limits, or they are lowered on purpose: "too many" is then not our doing.
    """  # noqa: D205 - the sentence is the invariant

    others: bool = False
    _banned_ms: dict[int, tuple[int, int]] = attrs.field(factory=dict[int, tuple[int, int]])
    _paused_ms: dict[int, tuple[int, int]] = attrs.field(factory=dict[int, tuple[int, int]])
    _by_hand_ms: int | None = None

    def by_hand(self, row: Row) -> None:
        """Note that somebody else asked something of the same account."""
        self._by_hand_ms = time_ms(row)

    def answer(self, row: Row) -> Iterator[Violation]:
        """Judge an answer of the exchange to us."""
        if row["status"] not in (418, 429) or self.others:
            return
        if self._by_hand_ms is not None and time_ms(row) - self._by_hand_ms < _MINUTE_MS:
            return
        problem = f"the exchange answered {row['status']}: {text(row, 'msg')}"
        yield Violation(invariant="I6", time_ms=time_ms(row), text=problem, symbol="")

    def ask(self, carried: Carried) -> Iterator[Violation]:
        """Judge one request by what its sender had been told, and take in what it is told now."""
        owner, sent_ms = carried.owner, carried.sent_ms
        if owner in self._banned_ms:
            told_ms, until_ms = self._banned_ms[owner]
            if told_ms <= sent_ms < until_ms:
                problem = f"{carried.call.method} {carried.call.path} was sent in a ban until {until_ms}"
                yield Violation(invariant="I6", time_ms=sent_ms, text=problem, symbol=_symbol(carried))
        if owner in self._paused_ms and carried.call.method == "POST":
            told_ms, until_ms = self._paused_ms[owner]
            if told_ms <= sent_ms < until_ms and leg_of(carried.call.params.get("newClientOrderId", "")) == "E":
                problem = f"an entry was sent in a pause until {until_ms}"
                yield Violation(invariant="I6", time_ms=sent_ms, text=problem, symbol=_symbol(carried))
        result = carried.result
        if isinstance(result, WireAnswer) and result.status in (418, 429) and carried.arrived_ms is not None:
            self._told(owner, result, carried.arrived_ms)

    def keep(self, kept: Kept) -> Iterator[Violation]:
        """Judge an order that our own budget did not let out."""
        event = kept.event
        if not isinstance(event, Answered) or leg_of(event.client_id) not in ("S", "T", "X"):
            return
        if event.reply.kind is ReplyKind.NOT_SENT and event.reply.refusal in _OWN:
            problem = f"{event.client_id}: our own budget was used up by entries: {event.reply.text}"
            yield Violation(invariant="I6", time_ms=kept.at_ms, text=problem, symbol="", signal_id=event.signal_id)

    def _told(self, owner: int, answer: WireAnswer, at_ms: int) -> None:
        retry_after = answer.header("Retry-After") or ""
        wait_ms = 1000 * int(retry_after) if retry_after.isascii() and retry_after.isdigit() else None
        if answer.status == 418:
            body = answer.body
            words = str(cast("dict[str, object]", body).get("msg")) if isinstance(body, dict) else ""
            named = _UNTIL.search(words)
            until_ms = int(named[1]) if named else at_ms + (_BAN_MS if wait_ms is None else wait_ms)
            self._banned_ms[owner] = at_ms, until_ms
        elif wait_ms is not None:
            self._paused_ms[owner] = at_ms, at_ms + wait_ms


def _symbol(carried: Carried) -> str:
    return carried.call.params.get("symbol", "")
