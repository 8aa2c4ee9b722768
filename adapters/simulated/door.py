"""The in-process door of the Venue: requests travel, meet their faults, and are answered."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..wire.call import AnswerLostError, Call, NotSentError, Result, WireAnswer
from .fault import Fault, FaultKind
from .faults import FaultPlan
from .latency import Latency
from .timeline import Timeline
from .visibility import lagging


@attrs.frozen
class _Trip:
    """One request on its way, with the faults it will meet."""

    index: int
    call: Call
    arrives_ms: int
    faults: tuple[Fault, ...]

    def fault(self, *kinds: FaultKind) -> Fault | None:
        """Return the first fault of these kinds."""
        return next((fault for fault in self.faults if fault.kind in kinds), None)


class Door:
    """Implements `wire.call.Transport` over a `Timeline`: one request or batch at a time, in exchange time."""

    def __init__(self, timeline: Timeline, faults: FaultPlan, latency: Latency) -> None:
        self._timeline = timeline
        self._faults = faults
        self._latency = latency

    def perform(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        """Carry *calls*, all sent now; return when the last answer is here, or given up."""
        with self._timeline:
            sent_ms = self._timeline.now_ms
            trips = [self._trip(index, call, sent_ms) for index, call in enumerate(calls)]
            results: dict[int, Result] = {}
            done_ms = sent_ms
            for trip in sorted(trips, key=lambda trip: trip.arrives_ms):
                result, returns_ms = self._carry(trip, sent_ms)
                results[trip.index] = result
                done_ms = max(done_ms, returns_ms)
            self._timeline.advance_to(done_ms)
            return tuple(results[index] for index in range(len(calls)))

    def _trip(self, index: int, call: Call, sent_ms: int) -> _Trip:
        faults = self._faults.strike(call, sent_ms)
        delay_ms = sum(fault.delay_ms for fault in faults if fault.kind is FaultKind.LATENCY)
        return _Trip(index, call, sent_ms + self._latency.up_ms + delay_ms, faults)

    def _carry(self, trip: _Trip, sent_ms: int) -> tuple[Result, int]:
        """Return what comes of one request, and when whoever sent it knows."""
        gives_up_ms = sent_ms + self._latency.timeout_ms
        lost = AnswerLostError(f"no answer within {self._latency.timeout_ms} ms")
        if trip.fault(FaultKind.UNREACHABLE):
            return NotSentError("the connection was refused"), sent_ms
        if trip.fault(FaultKind.REQUEST_LOST):
            return lost, gives_up_ms
        returns_ms = trip.arrives_ms + self._latency.down_ms
        if returns_ms > gives_up_ms:
            self._timeline.deliver_later(trip.arrives_ms, trip.call)
            return lost, gives_up_ms
        self._timeline.advance_to(trip.arrives_ms)
        answer = self._answer(trip)
        if trip.fault(FaultKind.REPLY_LOST):
            return lost, gives_up_ms
        return answer, returns_ms

    def _answer(self, trip: _Trip) -> WireAnswer:
        """Let the exchange, or a fault in its place, answer."""
        refused = trip.fault(FaultKind.REFUSED, FaultKind.UNCLEAR)
        if refused is not None and not refused.executed:
            return _answer_of(refused)
        given = self._timeline.deliver(trip.call)
        if refused is not None:
            return _answer_of(refused)
        answer = WireAnswer(given.status, given.body, given.headers)
        lag = trip.fault(FaultKind.VISIBILITY_LAG)
        if lag is None:
            return answer
        return lagging(trip.call, answer, lag, self._timeline.venue.ledger, self._timeline.now_ms)


def _answer_of(fault: Fault) -> WireAnswer:
    return WireAnswer(fault.status, {"code": fault.code, "msg": fault.text})
