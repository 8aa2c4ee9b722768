"""What one request meets on its way to the simulated exchange; the same at every door."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ..venue.answer import Answer
from ..wire.call import Call, WireAnswer
from .distortion import crowded, doubled, mistimed, shortened
from .fault import Fault, FaultKind
from .faults import FaultPlan
from .timeline import Timeline
from .visibility import lagging

_INSTEAD = (FaultKind.REFUSED, FaultKind.UNCLEAR, FaultKind.REDIRECT, FaultKind.BANNED)


@attrs.frozen
class Encounter:
    """One request on its way, with the faults it will meet.

    Attributes:
        call: the request.
        faults: those that strike it.
        plan: where they come from.
        earlier: what a stale reply would show.
    """

    call: Call
    faults: tuple[Fault, ...]
    plan: FaultPlan
    earlier: WireAnswer | None

    @classmethod
    def of(cls, plan: FaultPlan, call: Call, at_ms: int) -> Encounter:
        """Ask *plan* what strikes *call*, sent at *at_ms* of exchange time."""
        return cls(call, plan.strike(call, at_ms), plan, plan.earlier(call))

    def meets(self, *kinds: FaultKind) -> bool:
        """Whether a fault of these kinds is among them."""
        return bool(self.faults) and self._fault(*kinds) is not None

    @property
    def delay_ms(self) -> int:
        """How much longer than usual the request is under way, in milliseconds."""
        if not self.faults:
            return 0
        return sum(fault.delay_ms for fault in self.faults if fault.kind is FaultKind.LATENCY)

    @property
    def loses_reply(self) -> bool:
        """Whether no answer comes although the request arrives."""
        if not self.faults:
            return False
        if self.meets(FaultKind.REPLY_LOST, FaultKind.DRIP):
            return True
        return self.meets(FaultKind.STALE_REPLY) and self.earlier is None

    def answer(self, timeline: Timeline, deliver: Callable[[], Answer]) -> WireAnswer:
        """Let the exchange answer by *deliver*, or a fault in its place."""
        if not self.faults:
            return self._remembered(deliver())
        instead = self._fault(*_INSTEAD)
        if instead is not None and not instead.executed:
            return _answer_of(instead, timeline.now_ms)
        given = deliver()
        self._deliver_again(timeline, deliver, given)
        if instead is not None:
            return _answer_of(instead, timeline.now_ms)
        answer = self._remembered(given)
        if self.earlier is not None and self.meets(FaultKind.STALE_REPLY):
            return self.earlier
        return self._distorted(answer, timeline)

    def _remembered(self, given: Answer) -> WireAnswer:
        answer = WireAnswer(given.status, given.body, given.headers)
        self.plan.remember(self.call, answer)
        return answer

    def _deliver_again(self, timeline: Timeline, deliver: Callable[[], Answer], given: Answer) -> None:
        """Let a copy arrive; a later one only of what was taken: what the door turned away stays outside."""
        copy = self._fault(FaultKind.DELIVERED_TWICE)
        if copy is None:
            return
        if not copy.delay_ms:
            deliver()
        elif given.status < 400:
            timeline.deliver_later(timeline.now_ms + copy.delay_ms, self.call)

    def _distorted(self, answer: WireAnswer, timeline: Timeline) -> WireAnswer:
        for fault in self.faults:
            match fault.kind:
                case FaultKind.VISIBILITY_LAG:
                    answer = lagging(self.call, answer, fault, timeline.venue.ledger, timeline.now_ms)
                case FaultKind.SHORT_LIST:
                    answer = shortened(answer, fault.amount)
                case FaultKind.DOUBLED_ROWS:
                    answer = doubled(answer)
                case FaultKind.WRONG_TIME:
                    answer = mistimed(answer, fault.amount)
                case FaultKind.CROWDED:
                    answer = crowded(answer, fault.amount)
                case _:
                    pass
        return answer

    def _fault(self, *kinds: FaultKind) -> Fault | None:
        return next((fault for fault in self.faults if fault.kind in kinds), None)


def _answer_of(fault: Fault, now_ms: int) -> WireAnswer:
    if fault.kind is FaultKind.REDIRECT:
        return WireAnswer(fault.status, None, {"Location": "https://elsewhere.invalid/"})
    if fault.kind is FaultKind.BANNED:
        text = f"Way too many requests; IP banned until {now_ms + fault.delay_ms}. Please use the websocket."
        return WireAnswer(418, {"code": -1003, "msg": text})
    return WireAnswer(fault.status, {"code": fault.code, "msg": fault.text})
