"""I6: the exchange's limits are kept, its bans obeyed, and no entry starts that cannot be protected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, cast

import attrs

from surefill.adapters.wire.call import WireAnswer
from surefill.domain.events import Answered
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from surefill.testing.invariants.evidence import HARD_WEIGHT, Carried, Kept, used_weight
from surefill.testing.invariants.row import Row, leg_of, text, time_ms
from surefill.testing.invariants.violation import Violation

_BAN_MS: Final = 120_000
"""The shortest ban (Binance docs: General Info); when an answer names no end."""
_MINUTE_MS: Final = 60_000
_UNTIL: Final = re.compile(r"until (\d{13})")
_OWN: Final = frozenset({Refusal.BUDGET, Refusal.RATE_LIMITED})


@attrs.define(kw_only=True)
class WithinLimits:
    """The exchange itself never answers "too many" to whoever was answered before; between the answer that tells of a
    ban and its end we send nothing; between one that asks for a pause and its end, no entry; and our own budget refuses
    no stop, target or exit.

    Attributes:
        others: somebody else uses up the same limits, or they are lowered on purpose: "too many" is then not our doing.
    """  # noqa: D205 - the sentence is the invariant

    others: bool = False
    _told: dict[int, tuple[int, int, int]] = attrs.field(factory=dict[int, tuple[int, int, int]])
    _by_hand_ms: int | None = None
    _informed: bool = True
    _used: dict[int, tuple[int, int]] = attrs.field(factory=dict[int, tuple[int, int]])

    def live(self) -> None:
        """Note that another owner begins: how much was used up before, his first answer tells him."""
        self._informed = False

    def hear(self, carried: Carried) -> None:
        """Note an answer: it tells how much is used up."""
        self._informed = self._informed or isinstance(carried.result, WireAnswer)

    def banned_until_ms(self, owner: int) -> int:
        """Return until when an owner must send nothing; 0 when he was never banned."""
        return self._told.get(owner, (0, 0, 0))[1]

    def by_hand(self, row: Row) -> None:
        """Note that somebody else asked something of the same account."""
        self._by_hand_ms = time_ms(row)

    def answer(self, row: Row) -> Iterator[Violation]:
        """Judge an answer of the exchange to us."""
        if row["status"] not in (418, 429) or self.others or not self._informed:
            return
        if self._by_hand_ms is not None and time_ms(row) - self._by_hand_ms < _MINUTE_MS:
            return
        problem = f"the exchange answered {row['status']}: {text(row, 'msg')}"
        yield Violation(invariant="I6", time_ms=time_ms(row), text=problem, symbol="")

    def ask(self, carried: Iterable[Carried]) -> Iterator[Violation]:
        """Judge requests by what their senders had been told, and take in what they are told now."""
        for each in carried:
            if self._told:
                yield from self._judge(each)
            if leg_of(_client_id(each)) == "E" and each.call.method == "POST":
                yield from self._judge_reserve(each)
            result = each.result
            used = used_weight(each)
            if used is not None and each.arrived_ms is not None:
                self._used[each.owner] = each.arrived_ms // _MINUTE_MS, used
            if isinstance(result, WireAnswer) and result.status in (418, 429) and each.arrived_ms is not None:
                self._tell(each.owner, result, each.arrived_ms)

    def keep(self, kept: Kept) -> Iterator[Violation]:
        """Judge an order that our own budget did not let out."""
        event = kept.event
        if not isinstance(event, Answered) or leg_of(event.client_id) not in ("S", "T", "X"):
            return
        if event.reply.kind is ReplyKind.NOT_SENT and event.reply.refusal in _OWN:
            problem = f"{event.client_id}: our own budget was used up by entries: {event.reply.text}"
            yield Violation(invariant="I6", time_ms=kept.at_ms, text=problem, symbol="", signal_id=event.signal_id)

    def _judge(self, carried: Carried) -> Iterator[Violation]:
        told_ms, banned_ms, paused_ms = self._told.get(carried.owner, (0, 0, 0))
        sent_ms, call = carried.sent_ms, carried.call
        if told_ms <= sent_ms < banned_ms:
            problem = f"{call.method} {call.path} was sent in a ban until {banned_ms}"
            yield Violation(invariant="I6", time_ms=sent_ms, text=problem, symbol=_symbol(carried))
        if told_ms <= sent_ms < paused_ms and call.method == "POST" and leg_of(_client_id(carried)) == "E":
            problem = f"an entry was sent in a pause until {paused_ms}"
            yield Violation(invariant="I6", time_ms=sent_ms, text=problem, symbol=_symbol(carried))

    def _judge_reserve(self, entry: Carried) -> Iterator[Violation]:
        minute, used = self._used.get(entry.owner, (0, 0))
        if used > HARD_WEIGHT and minute == entry.sent_ms // _MINUTE_MS:
            problem = (
                f"an entry was sent although {used} of the request weight were used: nothing is left to protect it"
            )
            yield Violation(invariant="I6", time_ms=entry.sent_ms, text=problem, symbol=_symbol(entry))

    def _tell(self, owner: int, answer: WireAnswer, at_ms: int) -> None:
        retry_after = answer.header("Retry-After") or ""
        wait_ms = 1000 * int(retry_after) if retry_after.isascii() and retry_after.isdigit() else None
        _, banned_ms, paused_ms = self._told.get(owner, (0, 0, 0))
        if answer.status == 418:
            body = answer.body
            words = str(cast("dict[str, object]", body).get("msg")) if isinstance(body, dict) else ""
            named = _UNTIL.search(words)
            banned_ms = int(named[1]) if named else at_ms + (_BAN_MS if wait_ms is None else wait_ms)
        elif wait_ms is not None:
            paused_ms = at_ms + wait_ms
        self._told[owner] = at_ms, banned_ms, paused_ms


def _symbol(carried: Carried) -> str:
    return carried.call.params.get("symbol", "")


def _client_id(carried: Carried) -> str:
    return carried.call.params.get("newClientOrderId", "")
