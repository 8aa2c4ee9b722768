"""Errors: one tree, split by what the caller may do, each with its facts."""

import pytest

from surefill.domain import errors
from surefill.domain.errors import (
    AuthenticationError,
    ConfigurationError,
    JournalError,
    OrderExecutionError,
    RateLimitedError,
    SignalConflict,
    SurefillError,
    ValidationError,
)
from surefill.domain.refusal import Refusal

_TREE = {
    "SurefillError": "Exception",
    "ValidationError": "SurefillError",
    "SignalConflict": "SurefillError",
    "ConfigurationError": "SurefillError",
    "AuthenticationError": "SurefillError",
    "JournalError": "SurefillError",
    "OrderExecutionError": "SurefillError",
    "OrderRejectedError": "OrderExecutionError",
    "OutcomeUnknownError": "OrderExecutionError",
    "RateLimitedError": "OrderExecutionError",
    "ExchangeUnavailableError": "OrderExecutionError",
    "ClockSkewError": "OrderExecutionError",
}


def test_the_tree_of_errors() -> None:
    """Every error and its parent are these, and the module's own drawing names each of them."""
    found = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}

    assert {name: kind.__bases__[0].__name__ for name, kind in found.items()} == _TREE
    assert all(name in (errors.__doc__ or "") for name in _TREE)


def test_bad_input_is_a_value_error_too() -> None:
    """Hosts that only know ValueError catch it as well; field and problem are data."""
    error = ValidationError("stop_loss", "must be positive, was -1")

    assert isinstance(error, ValueError)
    assert (error.field, error.problem, str(error)) == (
        "stop_loss",
        "must be positive, was -1",
        "stop_loss: must be positive, was -1",
    )


def test_a_conflict_names_the_id_and_what_to_do() -> None:
    """Who reuses an id is told which, and that a new decision needs a new one."""
    error = SignalConflict("s1")

    assert error.signal_id == "s1"
    assert str(error) == "signal id 's1' was claimed before with other contents; give a new decision a new id"


@pytest.mark.parametrize("name", [name for name, parent in _TREE.items() if parent == "OrderExecutionError"])
def test_errors_of_the_exchange_carry_their_facts(name: str) -> None:
    """Reason, exchange code and signal are attributes, and None when nobody knows."""
    kind = getattr(errors, name)
    full = kind("x", refusal=Refusal.MARGIN, code=-2019, signal_id="s1")
    bare = kind("x")

    assert isinstance(full, OrderExecutionError)
    assert (str(full), full.refusal, full.code, full.signal_id) == ("x", Refusal.MARGIN, -2019, "s1")
    assert (bare.refusal, bare.code, bare.signal_id) == (None, None, None)


def test_a_rate_limit_says_how_long_to_wait() -> None:
    """The wait the exchange asked for is an attribute, in milliseconds."""
    assert RateLimitedError("x", retry_after_ms=1_500).retry_after_ms == 1_500
    assert RateLimitedError("x").retry_after_ms is None


def test_a_refused_key_carries_the_code() -> None:
    """The exchange's code tells a revoked key from a missing permission."""
    assert (AuthenticationError("x", code=-2015).code, AuthenticationError("x").code) == (-2015, None)


@pytest.mark.parametrize("kind", [ConfigurationError, JournalError])
def test_the_rest_are_plain(kind: type[SurefillError]) -> None:
    """Errors without facts of their own carry their sentence."""
    assert str(kind("what to do")) == "what to do"
