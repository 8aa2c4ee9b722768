"""One account's conversation with Binance: stamps, carries, meters, and turns what is no success into our errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeVar

import attrs

from ...domain.errors import ValidationError
from ...ports.clock import Clock
from .call import Call, Result, Transport, WireAnswer
from .errors import error_of, lost_error, unreadable_error
from .fields import ParseError
from .meter import Meter
from .parameters import stamped
from .problem import problem_of

Parsed = TypeVar("Parsed")

READ_WINDOW_MS = 5_000
"""recvWindow of reads, cancels and settings: Binance's own default."""


class Session:
    """Everything that is asked of one account passes here. Safe to call from many threads."""

    def __init__(self, transport: Transport, clock: Clock, meter: Meter) -> None:
        self.clock = clock
        self.meter = meter
        self._transport = transport
        self._last_stamp_ms = 0
        self._stamp_lock = Lock()

    def stamp(self) -> int:
        """Return exchange time, strictly later than every stamp before: no two requests carry the same."""
        now_ms = self.clock.now_ms()
        with self._stamp_lock:
            self._last_stamp_ms = max(now_ms, self._last_stamp_ms + 1)
            return self._last_stamp_ms

    def carry(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        """Carry stamped calls once each and meter the answers."""
        results = self._transport.perform(calls)
        now_ms = self.clock.now_ms()
        for call, result in zip(calls, results, strict=True):
            if isinstance(result, WireAnswer):
                self.meter.note(call, result, now_ms)
        return results

    def ask(self, call: Call, tolerated: frozenset[int] = frozenset()) -> WireAnswer:
        """Make one read, cancel or setting and return its success, or a refusal whose code is among *tolerated*.

        Raises:
            SurefillError: as `errors.error_of` and `errors.lost_error` say.
        """
        barrier = self.meter.barrier(call.purpose, self.clock.now_ms())
        if barrier is not None:
            raise barrier
        if call.signed:
            call = attrs.evolve(call, params=stamped(call.params, self.stamp(), READ_WINDOW_MS))
        (result,) = self.carry([call])
        if not isinstance(result, WireAnswer):
            raise lost_error(call, result) from None
        if result.ok or (400 <= result.status < 500 and problem_of(result.body).code in tolerated):
            return result
        raise error_of(call, result, self.clock.now_ms())

    def fetch(self, call: Call, parse: Callable[[object], Parsed]) -> Parsed:
        """Make one request and return its body as *parse* reads it.

        Raises:
            SurefillError: as for `ask`; also when the body is not what the path promises.
        """
        return self.parsed(call, self.ask(call), parse)

    def parsed(self, call: Call, answer: WireAnswer, parse: Callable[[object], Parsed]) -> Parsed:
        """Return the body of *answer* as *parse* reads it."""
        try:
            return parse(answer.body)
        except (ParseError, ValidationError) as error:
            raise unreadable_error(call, str(error)) from error
