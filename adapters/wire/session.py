"""One account's conversation with Binance: stamps, carries, meters, and turns what is no success into our errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeVar

import attrs
from loguru import logger

from ...domain.errors import OrderExecutionError, ValidationError
from ...ports.clock import Clock
from .attention import Attention
from .breakers import Breakers
from .call import Call, Result, Transport, WireAnswer
from .costs import cost_of
from .errors import error_of, lost_error, unreadable_error
from .fields import ParseError
from .meter import Meter
from .parameters import stamped
from .problem import problem_of

Parsed = TypeVar("Parsed")

READ_WINDOW_MS = 5_000
"""recvWindow of reads, cancels and settings: Binance's own default."""
LEAD_MAX_MS = 1_000
"""A request dated so far ahead is refused (Binance docs: General Info, timing security)."""
LOGGED_MAX = 2_000
"""So many characters of an answer's body are logged: all but lists and exchangeInfo fit."""


def nothing() -> None:
    """Do nothing."""


def ignored(call: Call, result: Result) -> None:
    """Do nothing with what came of a request."""


class Session:
    """Everything that is asked of one account passes here. Safe to call from many threads.

    Args:
        transport: carries each request once.
        clock: exchange time.
        meter: the request budget.
        breakers: stop entries and settings that are bound to fail; none by default.
        before_asking: called before a request is stamped, to set the clock right; it may make requests with `carry`.
        after_carrying: told what came of each request.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        meter: Meter,
        *,
        breakers: Breakers | None = None,
        before_asking: Callable[[], None] = nothing,
        after_carrying: Callable[[Call, Result], None] = ignored,
    ) -> None:
        self.clock = clock
        self.meter = meter
        self.breakers = breakers
        self.attention = Attention()
        self._transport = transport
        self._before_asking = before_asking
        self._after_carrying = after_carrying
        self._last_stamp_ms = 0
        self._stamp_lock = Lock()

    def stamp(self) -> int:
        """Return exchange time, later than every stamp before: no two requests carry the same.

        Only after the clock was set back by more than `LEAD_MAX_MS` do stamps begin anew: the exchange would refuse
        those that go on from the old ones.
        """
        now_ms = self.clock.now_ms()
        with self._stamp_lock:
            if self._last_stamp_ms - now_ms >= LEAD_MAX_MS:
                self._last_stamp_ms = now_ms
                return now_ms
            self._last_stamp_ms = max(now_ms, self._last_stamp_ms + 1)
            return self._last_stamp_ms

    def carry(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        """Carry stamped calls once each and meter the answers.

        Each request and what came of it is a line at DEBUG: parameters without signature, how long the answers took
        (calls carried together wait for the slowest), body as it was read.
        """
        calls = self.attention.given_to(calls)
        self.meter.reserve(calls, self.clock.now_ms())
        begun_ms = self.clock.monotonic_ms()
        results = self._transport.perform(calls)
        took_ms = self.clock.monotonic_ms() - begun_ms
        now_ms = self.clock.now_ms()
        for call, result in zip(calls, results, strict=True):
            self.meter.settle(call, result, now_ms)
            if self.breakers is not None:
                self.breakers.watch(call, result, now_ms)
            logger.debug("{}", _Exchanged(call, result, took_ms))
            self._after_carrying(call, result)
        return results

    def barrier(self, call: Call) -> OrderExecutionError | None:
        """Return why *call* must not go out now, or None: a ban, a pause, the budget, an open breaker."""
        now_ms = self.clock.now_ms()
        barred = self.meter.barrier(call.purpose, now_ms, cost_of(call))
        if barred is not None or self.breakers is None:
            return barred
        return self.breakers.barrier(call, now_ms)

    def ask(self, call: Call, tolerated: frozenset[int] = frozenset()) -> WireAnswer:
        """Make one read, cancel or setting and return its success, or a refusal whose code is among *tolerated*.

        Raises:
            SurefillError: as `errors.error_of` and `errors.lost_error` say.
        """
        barrier = self.barrier(call)
        if barrier is None and self._before_asking is not nothing:
            self._before_asking()
            barrier = self.barrier(call)  # setting the clock took requests, and what they met counts
        if barrier is None and not call.changes:
            barrier = self.meter.full(call, self.clock.now_ms())
        if barrier is not None:
            raise barrier
        self._hold_back(call)
        if call.signed:
            call = call.with_params(stamped(call.params, self.stamp(), READ_WINDOW_MS))
        (result,) = self.carry([call])
        if not isinstance(result, WireAnswer):
            raise lost_error(call, result) from None
        if result.ok or (400 <= result.status < 500 and problem_of(result.body).code in tolerated):
            return result
        raise error_of(call, result, self.clock.now_ms())

    def _hold_back(self, call: Call) -> None:
        """Let a read wait while the request budget is nearly spent; half its patience at most."""
        wait_ms = 0 if call.changes else self.meter.trickle_ms(call, self.clock.now_ms())
        if not wait_ms:
            return
        patience_ms = self.attention.patience_ms()
        self.clock.sleep((wait_ms if patience_ms is None else min(wait_ms, patience_ms // 2)) / 1000)

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


@attrs.frozen
class _Exchanged:
    """A request and what came of it for the log, made into a text only if somebody listens; it holds no signature."""

    call: Call
    result: Result
    took_ms: int

    def __str__(self) -> str:
        words = [self.call.method, self.call.path, *(f"{name}={value}" for name, value in self.call.params.items())]
        asked = f"{' '.join(words)} ({self.took_ms} ms)"
        if not isinstance(self.result, WireAnswer):
            return f"{asked} -> {self.result}"
        return f"{asked} -> HTTP {self.result.status} {_printed(self.result.body)}"


def _printed(body: object) -> str:
    """Return *body* as JSON on one line, cut short, without what would not print."""
    text = json.dumps(body, ensure_ascii=False, default=str)
    cut = text if len(text) <= LOGGED_MAX else f"{text[:LOGGED_MAX]} (cut)"
    return cut if cut.isprintable() else "".join(each if each.isprintable() else "?" for each in cut)
