"""What one request meets on its way to the simulated exchange; the same at every door."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ..venue.answer import Answer
from ..wire.call import Call, WireAnswer
from .fault import Fault, FaultKind
from .faults import FaultPlan
from .timeline import Timeline
from .visibility import lagging


@attrs.frozen
class Encounter:
    """One request on its way, with the faults it will meet."""

    call: Call
    faults: tuple[Fault, ...]

    @classmethod
    def of(cls, plan: FaultPlan, call: Call, at_ms: int) -> Encounter:
        """Ask *plan* what strikes *call*, sent at *at_ms* of exchange time."""
        return cls(call, plan.strike(call, at_ms))

    def meets(self, *kinds: FaultKind) -> bool:
        """Whether a fault of these kinds is among them."""
        return self._fault(*kinds) is not None

    @property
    def delay_ms(self) -> int:
        """How much longer than usual the request is under way, in milliseconds."""
        return sum(fault.delay_ms for fault in self.faults if fault.kind is FaultKind.LATENCY)

    def answer(self, timeline: Timeline, deliver: Callable[[], Answer]) -> WireAnswer:
        """Let the exchange answer by *deliver*, or a fault in its place."""
        refused = self._fault(FaultKind.REFUSED, FaultKind.UNCLEAR)
        if refused is not None and not refused.executed:
            return _answer_of(refused)
        given = deliver()
        if refused is not None:
            return _answer_of(refused)
        answer = WireAnswer(given.status, given.body, given.headers)
        lag = self._fault(FaultKind.VISIBILITY_LAG)
        if lag is None:
            return answer
        return lagging(self.call, answer, lag, timeline.venue.ledger, timeline.now_ms)

    def _fault(self, *kinds: FaultKind) -> Fault | None:
        return next((fault for fault in self.faults if fault.kind in kinds), None)


def _answer_of(fault: Fault) -> WireAnswer:
    return WireAnswer(fault.status, {"code": fault.code, "msg": fault.text})
