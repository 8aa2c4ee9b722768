"""Reports: what the host gets, and what it may let itself be raised."""

from typing import Any

import pytest

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
from surefill.domain.report import POSITION_OPEN, ExecutionReport, Outcome
from surefill.domain.side import SignalType

_OF_THEIR_OWN: dict[Refusal, type[SurefillError]] = {
    Refusal.NOT_ALLOWED: AuthenticationError,
    Refusal.RATE_LIMITED: RateLimitedError,
    Refusal.BANNED: RateLimitedError,
    Refusal.BUDGET: RateLimitedError,
    Refusal.OVERLOADED: ExchangeUnavailableError,
    Refusal.UNREACHABLE: ExchangeUnavailableError,
    Refusal.BREAKER: ExchangeUnavailableError,
    Refusal.CLOCK: ClockSkewError,
}


def _report(outcome: Outcome, **changes: Any) -> ExecutionReport:
    return ExecutionReport(signal_id="s1", symbol="BTCUSDT", type=SignalType.LONG_ENTRY, outcome=outcome, **changes)


@pytest.mark.parametrize(
    "outcome", sorted(set(Outcome) - {Outcome.UNKNOWN, Outcome.REJECTED, Outcome.REFUSED}, key=str)
)
def test_outcomes_that_stand_are_returned(outcome: Outcome) -> None:
    """An outcome that is a result, even a sad one, is no exception."""
    report = _report(outcome, reason=Refusal.MARGIN)

    assert report.raise_for_outcome() is report


def test_an_unknown_outcome_is_raised() -> None:
    """Nobody knows: that is an error of its own, with the signal's id."""
    with pytest.raises(OutcomeUnknownError, match="signal 's1' on BTCUSDT ended UNKNOWN: asking goes on") as raised:
        _report(Outcome.UNKNOWN, text="asking goes on").raise_for_outcome()

    assert (raised.value.signal_id, raised.value.refusal) == ("s1", None)


@pytest.mark.parametrize("reason", [None, *Refusal])
@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.REFUSED])
def test_refusals_are_raised_by_what_the_caller_may_do(outcome: Outcome, reason: Refusal | None) -> None:
    """Each reason is raised as exactly the error that tells what to do next, and carries its facts."""
    expected = OrderRejectedError if reason is None else _OF_THEIR_OWN.get(reason, OrderRejectedError)

    with pytest.raises(SurefillError) as raised:
        _report(outcome, reason=reason).raise_for_outcome()

    assert type(raised.value) is expected
    if isinstance(raised.value, OrderExecutionError):
        assert (raised.value.refusal, raised.value.signal_id) == (reason, "s1")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "signal 's1' on BTCUSDT ended REJECTED"),
        ({"text": "no margin"}, "signal 's1' on BTCUSDT ended REJECTED: no margin"),
        (
            {"reason": Refusal.MARGIN},
            "signal 's1' on BTCUSDT ended REJECTED (MARGIN: the margin is insufficient)",
        ),
        (
            {"reason": Refusal.MARGIN, "text": "add funds"},
            "signal 's1' on BTCUSDT ended REJECTED (MARGIN: the margin is insufficient): add funds",
        ),
    ],
)
def test_the_sentence_says_signal_outcome_and_reason(changes: dict[str, Any], sentence: str) -> None:
    """The text of the error is the whole story in one sentence."""
    with pytest.raises(OrderRejectedError) as raised:
        _report(Outcome.REJECTED, **changes).raise_for_outcome()

    assert str(raised.value) == sentence


def test_outcomes_with_a_position() -> None:
    """After these four outcomes, and no others, something of the signal is open."""
    assert {outcome.name for outcome in POSITION_OPEN} == {
        "PROTECTED",
        "PROTECTED_WITHOUT_TAKE_PROFIT",
        "UNPROTECTED",
        "OPEN",
    }
