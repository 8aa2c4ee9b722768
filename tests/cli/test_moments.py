from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.cli.moments import iso, moment_of, parse_moment

MS = 1_795_341_600_000


@pytest.mark.parametrize(
    "text",
    [
        MS,
        str(MS),
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00:00.000999+00:00",
        "2026-11-22T12:00:00+02:00",
        "2026-11-22 10:00:00Z",
    ],
)
def test_milliseconds_and_iso_mean_the_same_moment(text: object) -> None:
    """Milliseconds as number or text, and ISO 8601 with any zone, are read alike; what is finer is cut off."""
    assert parse_moment(text) == MS


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2026-11-22T10:00:00", "time zone"),
        ("1795341600", "seconds"),
        (1795341600, "seconds"),
        ("179534160000000000", "13 digits"),
        ("soon", "13 digits"),
        ("", "13 digits"),
        (True, "bool"),
        (1.5, "float"),
        (None, "NoneType"),
        ("1969-12-31T23:59:59Z", "before 1970"),
    ],
)
def test_what_is_no_moment_is_refused_by_name(value: object, words: str) -> None:
    """A time without zone, in seconds, or no time at all is refused, and the text says why."""
    with pytest.raises(ValueError, match=words):
        parse_moment(value)


@given(st.integers(min_value=10**12, max_value=10**13 - 1))
def test_a_written_moment_reads_back(at_ms: int) -> None:
    """What `iso` writes, `parse_moment` reads, to the millisecond."""
    assert parse_moment(iso(at_ms)) == at_ms
    assert moment_of(at_ms).astimezone(UTC) == datetime.fromisoformat(iso(at_ms))
