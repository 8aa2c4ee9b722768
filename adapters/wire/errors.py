"""What to raise when a read, a cancel or a setting was not answered with success."""

from __future__ import annotations

from ...domain.errors import (
    AuthenticationError,
    ClockSkewError,
    ExchangeUnavailableError,
    OrderRejectedError,
    OutcomeUnknownError,
    RateLimitedError,
    SurefillError,
)
from ...domain.refusal import Refusal
from ...domain.reply import ReplyKind
from .call import AnswerLostError, Call, NotSentError, WireAnswer
from .classify import rule_of
from .codes import AUTHENTICATION_CODES
from .problem import Problem, problem_of, retry_after_ms

_TRAFFIC = frozenset({Refusal.RATE_LIMITED, Refusal.BANNED})


def error_of(call: Call, answer: WireAnswer, now_ms: int) -> SurefillError:
    """Return the error for an answer that is no success.

    AuthenticationError: the key, the account or the address is refused. RateLimitedError: with how long to wait.
    ClockSkewError: the timestamp. OrderRejectedError: a listed refusal. What is left is not on any list: a read may be
    asked again (ExchangeUnavailableError), a cancel or a setting may have worked (OutcomeUnknownError).
    """
    problem = problem_of(answer.body)
    code = problem.code
    words = f"{call.method} {call.path}: HTTP {answer.status}, {_said(problem)}"
    rule = rule_of(answer.status, problem)
    refusal = None if rule is None else rule.refusal
    if code in AUTHENTICATION_CODES and 400 <= answer.status < 500:
        return AuthenticationError(words, code=code)
    if refusal in _TRAFFIC:
        wait_ms = retry_after_ms(answer, now_ms)
        return RateLimitedError(words, retry_after_ms=wait_ms, refusal=refusal, code=code)
    if refusal is Refusal.CLOCK:
        return ClockSkewError(words, refusal=refusal, code=code)
    if rule is None or refusal is Refusal.OVERLOADED:
        executed = call.changes and (rule is None or rule.kind is ReplyKind.UNKNOWN)
        kind = OutcomeUnknownError if executed else ExchangeUnavailableError
        return kind(words, refusal=refusal, code=code)
    return OrderRejectedError(words, refusal=refusal, code=code)


def _said(problem: Problem) -> str:
    """Return what an answer says; a proxy or a wrong address answers without a code of Binance's."""
    head = "with no code of Binance's" if problem.code is None else f"code {problem.code}"
    return f"{head}: {problem.text}" if problem.text else head


def lost_error(call: Call, failure: NotSentError | AnswerLostError) -> SurefillError:
    """Return the error for a request without an answer: only a change that may have arrived is an unknown outcome."""
    words = f"{call.method} {call.path}: {failure}"
    kind = OutcomeUnknownError if call.changes and isinstance(failure, AnswerLostError) else ExchangeUnavailableError
    return kind(words, refusal=Refusal.UNREACHABLE)


def unreadable_error(call: Call, problem: str) -> SurefillError:
    """Return the error for a success whose body could not be read."""
    kind = OutcomeUnknownError if call.changes else ExchangeUnavailableError
    return kind(f"{call.method} {call.path}: the answer could not be read: {problem}")
