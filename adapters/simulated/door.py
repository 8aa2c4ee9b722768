"""The in-process door of the Venue: requests travel, meet their faults, and are answered."""

from __future__ import annotations

from collections.abc import Sequence

from ..wire.call import AnswerLostError, Call, NotSentError, Result, WireAnswer
from .encounter import Encounter
from .fault import FaultKind
from .faults import FaultPlan
from .latency import Latency
from .tap import NoTap, Tap
from .timeline import Timeline


class Door:
    """Implements `wire.call.Transport` over a `Timeline`: one request or batch at a time, in exchange time."""

    def __init__(self, timeline: Timeline, faults: FaultPlan, latency: Latency, tap: Tap | None = None) -> None:
        self._timeline = timeline
        self._faults = faults
        self._latency = latency
        self._tap = NoTap() if tap is None else tap

    def perform(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        """Carry *calls*, all sent now; return when the last answer is here, or given up."""
        with self._timeline:
            sent_ms = self._timeline.now_ms
            trips = [Encounter.of(self._faults, call, sent_ms) for call in calls]
            arrivals_ms = [sent_ms + self._latency.up_ms + encounter.delay_ms for encounter in trips]
            results: dict[int, Result] = {}
            done_ms = sent_ms
            for index in sorted(range(len(trips)), key=arrivals_ms.__getitem__):
                self._tap.leaving(trips[index].call, sent_ms)
                results[index], returns_ms = self._carry(trips[index], sent_ms, arrivals_ms[index])
                done_ms = max(done_ms, returns_ms)
            self._timeline.advance_to(done_ms)
            now_ms = self._timeline.now_ms
            return tuple([self._tap.arriving(call, results[index], now_ms) for index, call in enumerate(calls)])

    def _carry(self, encounter: Encounter, sent_ms: int, arrives_ms: int) -> tuple[Result, int]:
        """Return what comes of one request, and when whoever sent it knows."""
        call = encounter.call
        patience_ms = self._latency.timeout_ms
        if call.patience_ms is not None:
            patience_ms = min(patience_ms, call.patience_ms)
        gives_up_ms = sent_ms + patience_ms
        if encounter.meets(FaultKind.UNREACHABLE):
            return NotSentError("the connection was refused"), sent_ms
        if encounter.meets(FaultKind.REQUEST_LOST):
            return _lost(patience_ms), gives_up_ms
        returns_ms = arrives_ms + self._latency.down_ms
        if returns_ms > gives_up_ms:
            self._timeline.deliver_later(arrives_ms, call)
            return _lost(patience_ms), gives_up_ms
        self._timeline.advance_to(arrives_ms)
        answer = encounter.answer(self._timeline, lambda: self._timeline.deliver(call))
        if encounter.loses_reply:
            return _lost(patience_ms), gives_up_ms
        return unread(answer) if encounter.meets(FaultKind.GARBLED) else answer, returns_ms


def _lost(patience_ms: int) -> AnswerLostError:
    return AnswerLostError(f"no answer within {patience_ms} ms")


def unread(answer: WireAnswer) -> Result:
    """Return what is left of *answer* when its body cannot be read: of a success nothing, else the status."""
    if answer.ok:
        return AnswerLostError(f"HTTP {answer.status}, but the body cannot be believed: it was cut short")
    return WireAnswer(answer.status, None, answer.headers)
