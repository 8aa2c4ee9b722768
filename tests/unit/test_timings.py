"""Timings and the retry policy: the numbers of the promise."""

from typing import Any

import attrs
import pytest

from surefill.domain.timings import Timings

_TIMINGS = Timings()
_HOUR = 3_600_000
_POSITIVE = [field.name for field in attrs.fields(Timings) if field.name != "late_watch_ms"]


def test_the_promised_numbers() -> None:
    """First alarm after 3 s, the policy acts after 10 s, alarms repeat every 5 s, the watch lasts 24 h."""
    assert (_TIMINGS.protect_soft_ms, _TIMINGS.protect_hard_ms, _TIMINGS.alarm_repeat_ms) == (3_000, 10_000, 5_000)
    assert (_TIMINGS.triggering_max_ms, _TIMINGS.overdue_ms, _TIMINGS.late_watch_until_ms) == (
        5_000,
        10_000,
        24 * _HOUR,
    )


def test_a_loss_is_believed_the_later_the_less_it_is_explained() -> None:
    """Three seconds with fills of others that explain it, a minute when none can be read, 15 when they deny it."""
    assert (_TIMINGS.flat_confirm_ms, _TIMINGS.loss_unexplained_ms, _TIMINGS.loss_denied_ms) == (
        3_000,
        60_000,
        900_000,
    )


@pytest.mark.parametrize(
    ("age_ms", "following"),
    [
        (0, 15_000),
        (14_999, 15_000),
        (15_000, 30_000),
        (299_999, 300_000),
        (899_999, 900_000),
        (900_000, 900_000 + _HOUR),
        (900_000 + _HOUR - 1, 900_000 + _HOUR),
        (900_000 + _HOUR, 900_000 + 2 * _HOUR),
        (900_000 + 23 * _HOUR, 24 * _HOUR),  # the last look is at 24 h, not at the last full hour before
        (24 * _HOUR - 1, 24 * _HOUR),
        (24 * _HOUR, None),
        (99 * _HOUR, None),
    ],
)
def test_the_late_watch_becomes_rarer_and_ends(age_ms: int, following: int | None) -> None:
    """Looks come at the listed ages, then every hour, the last one when the watch ends."""
    assert _TIMINGS.next_watch_ms(age_ms) == following


def test_a_short_watch_ends_when_it_says() -> None:
    """The end of the watch comes before the listed ages that lie beyond it."""
    timings = Timings(late_watch_until_ms=20_000)

    assert [timings.next_watch_ms(age) for age in (0, 15_000, 20_000)] == [15_000, 20_000, None]


def test_a_watch_without_listed_ages() -> None:
    """Without a list the watch simply repeats."""
    timings = Timings(late_watch_ms=(), late_watch_every_ms=10, late_watch_until_ms=25)

    assert [timings.next_watch_ms(age) for age in (0, 9, 10, 20, 25)] == [10, 10, 20, 25, None]


@pytest.mark.parametrize("name", _POSITIVE)
@pytest.mark.parametrize("value", [0, -1])
def test_no_wait_is_zero(name: str, value: Any) -> None:
    """Each window and deadline is greater than zero, or it cannot be set."""
    with pytest.raises(ValueError, match=name):
        Timings(**{name: value})


@pytest.mark.parametrize("ages", [(0, 10), (-5,), (10, 10), (20, 10)])
def test_ages_of_the_watch_ascend(ages: tuple[int, ...]) -> None:
    """A list that does not ascend from above zero would skip looks, and is refused."""
    with pytest.raises(ValueError, match="late_watch_ms: must ascend"):
        Timings(late_watch_ms=ages)


@pytest.mark.parametrize(("soft", "hard", "allowed"), [(3, 3, True), (3, 2, False)])
def test_the_alarm_comes_before_the_policy_acts(soft: int, hard: int, *, allowed: bool) -> None:
    """A hard deadline before the first alarm would act without a word, and is refused."""
    deadlines: dict[str, Any] = {"protect_soft_ms": soft, "protect_hard_ms": hard}
    if allowed:
        assert Timings(**deadlines).protect_hard_ms == hard
        return
    with pytest.raises(ValueError, match="protect_hard_ms: must not come before protect_soft_ms"):
        Timings(**deadlines)
