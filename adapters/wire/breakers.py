"""The circuit breakers of one account: they watch every answer, and stop entries and settings only."""

from __future__ import annotations

from threading import Lock

from ...domain.breaker import Breaker, BreakerPolicy, Repeats
from ...domain.errors import ExchangeUnavailableError
from ...domain.order import Purpose
from ...domain.pace import Pace
from ...domain.refusal import Refusal
from ...domain.reply import ReplyKind
from .call import Call, Result, WireAnswer
from .classify import rule_of
from .parameters import digest
from .problem import problem_of

SETTING_PATHS = frozenset({"/fapi/v1/leverage", "/fapi/v1/marginType"})
PACE_UNIT_MS = 250
"""The wait asked of whoever sends an entry again, before it is stretched."""
_NOT_ITS_IDENTITY = frozenset({"timestamp", "recvWindow", "signature", "newClientOrderId", "clientAlgoId"})


class Breakers:
    """Two breakers and the pace. Safe to call from many threads.

    One breaker watches the exchange's health: unreachable, silent and 5xx answers in a row open it. The other watches
    each request: the same one refused with the same code again and again. Reads, cancels, protection and exits always
    pass, and their success closes the first breaker.

    Args:
        health: how patient the first one is.
        repeats: how patient the second one is.
    """

    def __init__(self, health: BreakerPolicy | None = None, repeats: BreakerPolicy | None = None) -> None:
        self._health = Breaker() if health is None else Breaker(policy=health)
        self._repeats = Repeats() if repeats is None else Repeats(policy=repeats)
        self._pace = Pace()
        self._lock = Lock()

    def barrier(self, call: Call, now_ms: int) -> ExchangeUnavailableError | None:
        """Return why *call* must not go out now, or None; then it is the probe of a half-open breaker."""
        if not _stoppable(call):
            return None
        with self._lock:
            wait_ms = self._repeats.wait_ms(_key(call), now_ms) if self._repeats.seen else 0
            if wait_ms:
                return _open(f"the same request was refused in the same way again and again; in {wait_ms} ms it may go")
            if not self._health.admits(now_ms):
                wait_ms = self._health.wait_ms(now_ms)
                return _open(f"the exchange did not answer {self._health.failures} times in a row; wait {wait_ms} ms")
            self._health = self._health.probed(now_ms)
        return None

    def watch(self, call: Call, result: Result, now_ms: int) -> None:
        """Learn from what came of *call*."""
        answer = result if isinstance(result, WireAnswer) else None
        with self._lock:
            if answer is None or answer.status >= 500:
                self._health = self._health.failed(now_ms)
            else:
                self._health = self._health.succeeded()
            if answer is None or not _stoppable(call):
                return
            if answer.ok:
                self._pace = self._pace.succeeded()
                if self._repeats.seen:
                    self._repeats = self._repeats.accepted(_key(call))
                return
            problem = problem_of(answer.body)
            rule = rule_of(answer.status, problem)
            if rule is not None and rule.kind is ReplyKind.RETRYABLE:
                self._pace = self._pace.failed()
            elif rule is not None and rule.kind is ReplyKind.REJECTED and problem.code is not None:
                self._repeats = self._repeats.refused(_key(call), problem.code, now_ms)

    def pace_ms(self) -> int:
        """Return the least wait before an entry is sent again: longer while entries keep being refused."""
        with self._lock:
            return PACE_UNIT_MS * self._pace.stretch

    def open_until_ms(self, now_ms: int) -> int | None:
        """Return when the breaker on the exchange's health lets an entry pass again; None when it does now."""
        with self._lock:
            wait_ms = self._health.wait_ms(now_ms)
        return now_ms + wait_ms if wait_ms else None


def _stoppable(call: Call) -> bool:
    return call.purpose is Purpose.ENTRY or call.path in SETTING_PATHS


def _key(call: Call) -> str:
    params = {name: value for name, value in call.params.items() if name not in _NOT_ITS_IDENTITY}
    return digest({"": f"{call.method} {call.path}", **params})


def _open(text: str) -> ExchangeUnavailableError:
    return ExchangeUnavailableError(text, refusal=Refusal.BREAKER)
