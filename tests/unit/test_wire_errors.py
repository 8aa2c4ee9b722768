"""What is raised when a read, a cancel or a setting fails."""

import pytest

from surefill.adapters.wire.call import AnswerLostError, Call, NotSentError, WireAnswer
from surefill.adapters.wire.errors import error_of, lost_error, unreadable_error
from surefill.adapters.wire.problem import problem_of, retry_after_ms
from surefill.domain.errors import (
    AuthenticationError,
    ClockSkewError,
    ExchangeUnavailableError,
    OrderExecutionError,
    OrderRejectedError,
    OutcomeUnknownError,
    RateLimitedError,
    SurefillError,
)
from surefill.domain.refusal import Refusal
from tests.wire_script import NOW_MS, refusal

READ = Call("GET", "/fapi/v1/order")
CHANGE = Call("DELETE", "/fapi/v1/order")


@pytest.mark.parametrize(
    ("status", "code", "on_read", "on_change", "why"),
    [
        (401, -2015, AuthenticationError, AuthenticationError, None),
        (400, -1022, AuthenticationError, AuthenticationError, None),
        (429, -1003, RateLimitedError, RateLimitedError, Refusal.RATE_LIMITED),
        (418, -1003, RateLimitedError, RateLimitedError, Refusal.BANNED),
        (403, 0, RateLimitedError, RateLimitedError, Refusal.RATE_LIMITED),
        (400, -1021, ClockSkewError, ClockSkewError, Refusal.CLOCK),
        (400, -4028, OrderRejectedError, OrderRejectedError, Refusal.LEVERAGE),
        (400, -2013, OrderRejectedError, OrderRejectedError, Refusal.NOT_FOUND),
        (400, -1000, ExchangeUnavailableError, OutcomeUnknownError, Refusal.OVERLOADED),
        (503, -1008, ExchangeUnavailableError, ExchangeUnavailableError, Refusal.OVERLOADED),
        (503, -1000, ExchangeUnavailableError, OutcomeUnknownError, None),
        (503, -2015, ExchangeUnavailableError, OutcomeUnknownError, None),
        (408, -1007, ExchangeUnavailableError, OutcomeUnknownError, None),
        (502, 0, ExchangeUnavailableError, OutcomeUnknownError, None),
        (404, 0, ExchangeUnavailableError, OutcomeUnknownError, None),
        (400, -99_998, ExchangeUnavailableError, OutcomeUnknownError, None),
    ],
)
def test_the_error_says_what_may_be_done_next(
    status: int, code: int, on_read: type[SurefillError], on_change: type[SurefillError], why: Refusal | None
) -> None:
    """The same answer is a reason to ask again for a read, and an open question for a change."""
    for call, expected in ((READ, on_read), (CHANGE, on_change)):
        error = error_of(call, refusal(code, status), NOW_MS)

        assert type(error) is expected
        assert call.path in str(error)
        assert getattr(error, "refusal", None) is why
        assert isinstance(error, AuthenticationError | OrderExecutionError)
        assert error.code == (code or None)


@pytest.mark.parametrize(
    ("headers", "text", "expected_ms"),
    [
        ({"retry-after": "7"}, "", 7_000),
        ({"Retry-After": "soon"}, "", None),
        ({"Retry-After": "12345678"}, "", None),
        ({}, f"Way too many requests; IP banned until {NOW_MS + 120_000}. Please", 120_000),
        ({}, f"IP banned until {NOW_MS - 5}.", 0),
        ({}, "banned until 17", None),
    ],
)
def test_the_wait_comes_from_the_header_or_the_message(
    headers: dict[str, str], text: str, expected_ms: int | None
) -> None:
    """Retry-After is in seconds; the ban's end is in the text of -1003, in milliseconds of exchange time."""
    answer = WireAnswer(418, {"code": -1003, "msg": text}, headers)

    error = error_of(READ, answer, NOW_MS)

    assert isinstance(error, RateLimitedError)
    assert error.retry_after_ms == retry_after_ms(answer, NOW_MS) == expected_ms


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refusal(-1121, text="Invalid symbol."), "HTTP 400, code -1121: Invalid symbol."),
        (refusal(-1121), "HTTP 400, code -1121"),
        (WireAnswer(404, None), "HTTP 404, with no code of Binance's"),
        (WireAnswer(502, {"msg": "Bad gateway"}), "HTTP 502, with no code of Binance's: Bad gateway"),
    ],
)
def test_the_error_repeats_what_the_answer_said(answer: WireAnswer, said: str) -> None:
    """Path, status, code and text, as far as there are any: a proxy answers without a code."""
    assert str(error_of(READ, answer, NOW_MS)) == f"GET /fapi/v1/order: {said}"


def test_a_lost_answer_is_unknown_only_for_what_changes() -> None:
    """A read may be repeated; a change that may have arrived may not; one that was never sent was not done."""
    kinds = [
        type(lost_error(call, failure))
        for call in (READ, CHANGE)
        for failure in (NotSentError("refused"), AnswerLostError("reset"))
    ]

    assert kinds == [
        ExchangeUnavailableError,
        ExchangeUnavailableError,
        ExchangeUnavailableError,
        OutcomeUnknownError,
    ]


def test_an_unreadable_success_is_unknown_only_for_what_changes() -> None:
    """The body could not be read: the read is of no use, the change probably took place."""
    assert type(unreadable_error(READ, "x")) is ExchangeUnavailableError
    assert type(unreadable_error(CHANGE, "x")) is OutcomeUnknownError


@pytest.mark.parametrize("body", [None, [], "text", {}, {"code": "x", "msg": 7}, {"code": -100_000}, {"code": 5}])
def test_what_is_no_error_body_has_no_code(body: object) -> None:
    """Codes are negative integers of at most five digits; texts are texts."""
    problem = problem_of(body)

    assert (problem.code, problem.text, problem.banned_until_ms) == (None, "", None)
