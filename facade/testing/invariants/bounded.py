"""I12: every call returns in time, and what was begun comes to rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import attrs

from surefill.adapters.wire.call import WireAnswer
from surefill.application.status import Status
from surefill.domain.alarm import Alarm, AlarmKind
from surefill.domain.events import Answered, Event
from surefill.domain.reply import ReplyKind
from surefill.domain.timings import Timings
from surefill.testing.invariants.evidence import Called, Carried
from surefill.testing.invariants.violation import Violation

_RESTFUL = frozenset({"GUARD", "LATE_WATCH"})
"""Duties that go on for as long as a position is open, or an order may still turn up."""


@attrs.define(kw_only=True)
class Bounded:
    """Each public call returns within `Timings`: an entry or a close whose requests were all answered within
    `accepted_call_ms`, one of unknown outcome within `unknown_call_ms`, and everything else within `call_ms`.

    Attributes:
        timings: the deadlines.
        slack_ms: what the last request under way may take on top.
        longest_ms: the longest call so far, by verb.
        recent: requests of the last few minutes.
    """  # noqa: D205 - the sentence is the invariant

    timings: Timings = attrs.field(factory=Timings)
    slack_ms: int = 1_000
    longest_ms: dict[str, int] = attrs.field(factory=dict[str, int])
    _asking: set[str | None] = attrs.field(factory=set[str | None])
    _unknown_ms: list[int] = attrs.field(factory=list[int])
    recent: deque[Carried] = attrs.field(factory=deque[Carried])

    def hear(self, alarm: Alarm) -> None:
        """Take in an alarm: after LEG_REMOVED the position waits for a person, not for us."""
        if alarm.kind is AlarmKind.LEG_REMOVED:
            self._asking.add(alarm.signal_id)

    def keep(self, event: Event) -> None:
        """Note an order whose answer left its outcome unknown."""
        if isinstance(event, Answered) and event.reply.kind in (ReplyKind.UNKNOWN, ReplyKind.EXISTS):
            self._unknown_ms.append(event.at_ms)

    def ask(self, carried: Sequence[Carried]) -> None:
        """Note what came of requests."""
        if not carried:
            return
        self.recent.extend(carried)
        oldest_ms = carried[-1].sent_ms - 2 * self.timings.call_ms
        while self.recent[0].sent_ms < oldest_ms:
            self.recent.popleft()

    def call(self, called: Called) -> Iterator[Violation]:
        """Judge a call that ended."""
        took_ms = called.ended_ms - called.began_ms
        self.longest_ms[called.verb] = max(self.longest_ms.get(called.verb, 0), took_ms)
        if took_ms <= self.timings.accepted_call_ms:
            return
        most_ms = self._most_ms(called)
        if took_ms > most_ms + self.slack_ms:
            problem = f"{called.verb} took {took_ms} ms; {most_ms} ms is the limit"
            yield Violation(invariant="I12", time_ms=called.began_ms + most_ms, text=problem, symbol="")

    def at_rest(self, status: Status, now_ms: int) -> Iterator[Violation]:
        """Judge what is restless still although every fault has been healed for long."""
        for duty in status.duties:
            waits = duty.kind.name == "PROTECT" and duty.signal_id in self._asking
            if duty.kind.name not in _RESTFUL and not waits:
                yield Violation(
                    invariant="I12",
                    time_ms=now_ms,
                    text=f"the duty {duty.kind.name} never ended",
                    symbol=duty.symbol,
                    signal_id=duty.signal_id,
                )
        for symbol, why in status.frozen:
            yield Violation(invariant="I12", time_ms=now_ms, text=f"the symbol stayed frozen: {why}", symbol=symbol)

    def _most_ms(self, called: Called) -> int:
        if called.verb != "execute_signal":
            return self.timings.call_ms
        made = [
            each
            for each in self.recent
            if each.owner == called.owner and called.began_ms <= each.sent_ms <= called.ended_ms
        ]
        symbols = {each.call.params["symbol"] for each in made if "symbol" in each.call.params}
        silent = [each for each in made if not _answered(each)]
        if len(symbols) > 1 or any(each.call.method == "GET" for each in silent):
            return self.timings.call_ms
        unknown = any(called.began_ms <= at_ms <= called.ended_ms for at_ms in self._unknown_ms)
        return self.timings.unknown_call_ms if silent or unknown else self.timings.accepted_call_ms


def _answered(carried: Carried) -> bool:
    """Whether the exchange said yes, or a plain no."""
    return isinstance(carried.result, WireAnswer) and 200 <= carried.result.status < 408
