"""How often and after which waits something is tried again."""

from typing import Any

import pytest

from surefill.domain.retry_policy import RetryPolicy


def test_the_default_is_four_attempts_after_one_two_and_four_seconds() -> None:
    """The default policy in full."""
    policy = RetryPolicy()

    assert policy.attempts_max == 4
    assert [policy.delay_seconds(attempt) for attempt in (1, 2, 3)] == [1.0, 2.0, 4.0]


def test_no_wait_is_longer_than_the_longest() -> None:
    """Waits grow up to the maximum and stay there, also the very first."""
    assert [RetryPolicy(max_delay=3).delay_seconds(attempt) for attempt in (1, 2, 3, 4)] == [1.0, 2.0, 3.0, 3.0]
    assert RetryPolicy(initial_delay=9, max_delay=3).delay_seconds(1) == 3
    assert RetryPolicy(backoff_factor=100, max_delay=3600).delay_seconds(1_000) == 3600


def test_waits_may_stay_equal() -> None:
    """A factor of 1 keeps every wait as long as the first."""
    assert RetryPolicy(backoff_factor=1).delay_seconds(20) == 1.0


@pytest.mark.parametrize(
    "changes",
    [
        {"max_retries": -1},
        {"max_retries": 21},
        {"initial_delay": 0},
        {"initial_delay": 3601},
        {"initial_delay": float("nan")},
        {"backoff_factor": 0.9},
        {"backoff_factor": 101},
        {"max_delay": 0},
        {"max_delay": float("inf")},
    ],
)
def test_values_out_of_range_are_refused(changes: dict[str, Any]) -> None:
    """A policy that would never wait, wait for ever or try for ever cannot exist; the error names the field."""
    (name,) = changes
    with pytest.raises(ValueError, match=name):
        RetryPolicy(**changes)


@pytest.mark.parametrize("retries", [0, 20])
def test_the_ends_of_the_range_are_allowed(retries: int) -> None:
    """No retry at all is a policy, and so are twenty."""
    assert RetryPolicy(max_retries=retries).attempts_max == retries + 1


def test_attempts_count_from_one() -> None:
    """There is no wait before the first attempt to ask for."""
    with pytest.raises(ValueError, match="attempt: counts from 1, was 0"):
        RetryPolicy().delay_seconds(0)
