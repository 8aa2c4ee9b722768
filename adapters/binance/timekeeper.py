"""Keeps the exchange's clock right in the course of use, and the connections warm with the same requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

from ...domain.order import Purpose
from ..wire.call import Call, Result, WireAnswer
from ..wire.fields import Fields, ParseError
from ..wire.problem import problem_of
from .clock import ServerClock, TimeReading

TIME_PATH = "/fapi/v1/time"
RESYNC_MS = 60_000
RETRY_MS = 5_000
"""After an attempt that failed, the next one waits at least this long."""
WRONG_RETRY_MS = 1_000
"""After an attempt that did not help against -1021, the next one waits at least this long."""
FIRST_WAIT_SECONDS = 3.0
"""Before the first reading, other threads wait for it, but no longer than this."""
INVALID_TIMESTAMP = -1021

_WARMING = (
    Call("GET", TIME_PATH, signed=False, purpose=Purpose.ENTRY),
    Call("GET", TIME_PATH, signed=False),
    Call("GET", TIME_PATH, signed=False),
)
"""One connection for entries, two for the two legs that protect one."""
_ASKING = Call("GET", TIME_PATH, signed=False)


class Timekeeper:
    """Asks ``GET /fapi/v1/time`` when a minute has passed since it was last asked, and after -1021. Thread-safe.

    Args:
        clock: to be kept right.
        carry: carries calls, counted against the budget.
        permits: whether a call may go out now.
    """

    def __init__(
        self,
        clock: ServerClock,
        carry: Callable[[Sequence[Call]], tuple[Result, ...]],
        permits: Callable[[Call], bool],
    ) -> None:
        self._clock = clock
        self._carry = carry
        self._permits = permits
        self._tried_ms: int | None = None
        self._wrong = False
        self._lock = Lock()

    def keep(self) -> None:
        """Ask if it is time to; at most one thread does, and only before the first reading do the others wait."""
        if not self._due() or not self._lock.acquire(timeout=FIRST_WAIT_SECONDS if self._clock.age_ms is None else 0):
            return
        try:
            if self._due():
                self.synchronise()
        finally:
            self._lock.release()

    def watch(self, call: Call, result: Result) -> None:
        """Look out for -1021: the next stamp must be a right one, so the exchange is asked at once."""
        if not isinstance(result, WireAnswer) or call.path == TIME_PATH or result.ok:
            return
        if problem_of(result.body).code == INVALID_TIMESTAMP:
            self._wrong = True
            self.keep()

    def synchronise(self) -> TimeReading | None:
        """Ask now; return the reading, or None when there was none that can be believed.

        The first requests open the connections and are not believed: a handshake is no measure of the way.
        """
        self._tried_ms = self._clock.monotonic_ms()
        self._wrong = False
        warming = [call for call in _WARMING if self._permits(call)]
        if not warming or not any(isinstance(each, WireAnswer) for each in self._carry(warming)):
            return None
        reading = self._ask()
        if reading is not None and not self._clock.learn(reading):
            second = self._ask()  # a clock that really was set is believed as soon as two readings agree
            reading = second if second is not None and self._clock.learn(second) else None
        return reading

    def _ask(self) -> TimeReading | None:
        if not self._permits(_ASKING):
            return None
        sent_ms = self._clock.monotonic_ms()
        (result,) = self._carry([_ASKING])
        received_ms = self._clock.monotonic_ms()
        if not isinstance(result, WireAnswer) or not result.ok:
            return None
        try:
            return TimeReading(Fields(result.body, "time").integer("serverTime"), sent_ms, received_ms)
        except ParseError:
            return None

    def _due(self) -> bool:
        if self._tried_ms is None:
            return True
        since_ms = self._clock.monotonic_ms() - self._tried_ms
        if self._wrong:
            return since_ms >= WRONG_RETRY_MS
        age_ms = self._clock.age_ms
        return (age_ms is None or age_ms >= RESYNC_MS) and since_ms >= RETRY_MS
