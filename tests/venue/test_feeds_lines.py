import copy
import gzip
import pickle
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.venue.feeds import FeedError
from surefill.adapters.venue.feeds.errors import shown
from surefill.adapters.venue.feeds.lines import LINE_BYTES_MAX, LineReader
from surefill.adapters.venue.feeds.numbers import parse_decimal, parse_time_ms


def written(folder: Path, content: bytes, name: str = "feed.txt") -> LineReader:
    path = folder / name
    path.write_bytes(content)
    return LineReader(path)


def refusal(reader: LineReader) -> FeedError:
    with pytest.raises(FeedError) as caught:
        list(reader)
    return caught.value


def test_lines_come_without_their_ends(tmp_path: Path) -> None:
    """Both kinds of line ends, a byte order mark and blank lines do not reach the feed; line numbers count them."""
    reader = written(tmp_path, b"\xef\xbb\xbfone\r\n\r\n  \ntwo\nthr\xc3\xa9e")
    seen = [(reader.line, text) for text in reader]

    assert seen == [(1, "one"), (4, "two"), (5, "thrée")]


@pytest.mark.parametrize("name", ["feed.csv", "feed.csv.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_gzip_is_known_by_content(tmp_path: Path, name: str, *, packed: bool) -> None:
    """What counts is what the file holds, not what it is called; the size is that of the file."""
    content = gzip.compress(b"one\ntwo\n") if packed else b"one\ntwo\n"
    reader = written(tmp_path, content, name)

    assert list(reader) == ["one", "two"]
    assert (reader.bytes_read, reader.total_bytes) == (len(content), len(content))


def test_a_reader_starts_anew(tmp_path: Path) -> None:
    """Iterating a second time reads the file from its first line."""
    reader = written(tmp_path, b"one\ntwo\n")

    assert [list(reader), list(reader)] == [["one", "two"]] * 2
    assert reader.line == 2


def test_progress_moves_while_reading(tmp_path: Path) -> None:
    """How far the file was read is known on the way, not only at the end."""
    reader = written(tmp_path, b"x" * 99 + b"\n" + (b"y" * 99 + b"\n") * 5_000)
    reports = [reader.bytes_read for _ in reader]

    assert reports == sorted(reports)
    assert 0 < reports[0] < reader.total_bytes
    assert len(set(reports)) > 10


def test_a_gigantic_line_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """A gzip file of few bytes whose line would fill the memory is refused after the limit."""
    reader = written(tmp_path, gzip.compress(b"one\n" + b"0" * (64 << 20)))
    tracemalloc.start()
    error = refusal(reader)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (error.line, error.reason) == (2, f"the line was longer than {LINE_BYTES_MAX} bytes")
    assert peak < 8 << 20


def test_a_line_of_the_limit_passes(tmp_path: Path) -> None:
    """The longest line allowed is read whole."""
    text = "0" * (LINE_BYTES_MAX - 1)

    assert list(written(tmp_path, text.encode() + b"\n")) == [text]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"one\ntw\xffo\n", 2, "byte 3 of the line was not UTF-8"),
        ("one\n".encode("utf-16"), 1, "byte 1 of the line was not UTF-8"),
        (b"PK\x03\x04 and so on", None, "the file was a zip archive"),
        (gzip.compress(b"one\ntwo\n" * 10_000)[:-20], None, "the gzip data was damaged or cut short"),
        (b"\x1f\x8bnot gzip at all", None, "the gzip data was damaged or cut short"),
        (gzip.compress(b"one\n")[:-8] + b"\0" * 8, None, "the gzip data was damaged or cut short"),
        (gzip.compress(b"one\n")[:10] + b"\xff" * 20, None, "the gzip data was damaged or cut short"),
    ],
    ids=["not utf-8", "utf-16", "zip", "cut short", "bad header", "bad checksum", "bad data"],
)
def test_unreadable_content_is_refused(tmp_path: Path, content: bytes, line: int | None, reason: str) -> None:
    """A file that is not text, or not whole, ends in an error that says so."""
    error = refusal(written(tmp_path, content))

    assert error.reason.startswith(reason)
    assert line is None or error.line == line


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """A missing file and a folder are refused by name, without a line."""
    missing, folder = refusal(LineReader(tmp_path / "none.csv")), refusal(LineReader(tmp_path))

    assert str(missing) == (
        f"{tmp_path / 'none.csv'}: the file could not be read (No such file or directory)"
        " — check the path and its permissions"
    )
    assert "Is a directory" in folder.reason


def test_the_error_says_where_why_and_what_to_do() -> None:
    """The text is `file:line: reason — advice`; the parts are there as data, also after copying and pickling."""
    error = FeedError("a.csv", 7, "the row is torn", "mend it")

    for same in (error, copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own bytes
        assert str(same) == "a.csv:7: the row is torn — mend it"
        assert (same.path, same.line, same.reason, same.advice) == ("a.csv", 7, "the row is torn", "mend it")


@given(st.text(max_size=2_000))
def test_what_is_shown_is_short_and_on_one_line(text: str) -> None:
    """However long or odd a value is, the message stays short and printable."""
    assert len(shown(text)) <= 43
    assert shown(text).isprintable()


@given(st.from_regex(r"[0-9]{1,20}(\.[0-9]{1,18})?", fullmatch=True))
def test_plain_decimals_are_exact(text: str) -> None:
    """Every plain decimal keeps its value and its digits."""
    assert parse_decimal("p", text).as_tuple() == Decimal(text).as_tuple()


@pytest.mark.parametrize(
    "text",
    [
        "", " 1", "1 ", "1\n", "+1", "-1", "1e5", "1E5", "NaN", "inf", "Infinity", "1_000", "1,000", "١٢", "１", "½",
        ".5", "5.", "1.2.3", "0x10", "1" * 41, "1." + "0" * 39, None, 1, 1.5, True,
    ],
)  # fmt: skip
def test_anything_else_is_no_number(text: object) -> None:
    """Signs, exponents, blanks, separators, foreign digits, endless digits and non-texts are refused by field name."""
    with pytest.raises(ValueError, match=r"^p must be a plain decimal of at most 40 characters, was "):
        parse_decimal("p", text)


def test_times_are_milliseconds_or_microseconds() -> None:
    """13 digits are milliseconds, 16 are microseconds cut to the millisecond."""
    assert parse_time_ms("t", "1735689600000") == 1_735_689_600_000
    assert parse_time_ms("t", "1735689599999999") == 1_735_689_599_999


def test_seconds_are_refused_with_a_hint() -> None:
    """Ten digits are taken for seconds, and the message says how to convert them."""
    with pytest.raises(ValueError, match="looks like seconds; multiply the column by 1000"):
        parse_time_ms("t", "1735689600")


@pytest.mark.parametrize(
    "text",
    ["", "0", "1735689600000000000", "173568960000.0", "-735689600000", "１７３５６８９６０００００", "1_35689600000"],
)
def test_other_times_are_refused(text: str) -> None:
    """Any other number of digits, or anything but ASCII digits, is no time."""
    with pytest.raises(ValueError, match=r"t must be milliseconds \(13 digits\) or microseconds \(16 digits\), was "):
        parse_time_ms("t", text)
