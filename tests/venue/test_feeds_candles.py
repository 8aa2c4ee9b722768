import gzip
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surefill.adapters.venue.feeds import FeedError, candle_csv
from surefill.adapters.venue.quotes import Candle

T = 1_735_689_600_000
MINUTE_MS = 60_000
NAMED = "timestamp,open,high,low,close,volume,datetime"
KLINE_NAMES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)


def named(index: int, numbers: str = "4.574,4.87,4.573,4.61,78089.77") -> str:
    return f"{T + index * MINUTE_MS},{numbers},2025-01-01 00:0{index}:00"


def kline(index: int, numbers: str = "4.574,4.87,4.573,4.61,78089.77", unit: int = 1) -> str:
    open_ms = T + index * MINUTE_MS
    return f"{open_ms * unit},{numbers},{(open_ms + MINUTE_MS) * unit - 1},356000.1,1234,40000.5,180000.2,0"


def written(folder: Path, *lines: str, name: str = "candles.csv") -> Path:
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def expected(index: int, numbers: str = "4.574,4.87,4.573,4.61,78089.77", interval_ms: int = MINUTE_MS) -> Candle:
    open_ms = T + index * MINUTE_MS
    return Candle(open_ms, open_ms + interval_ms - 1, "ATOMUSDT", *(Decimal(text) for text in numbers.split(",")))


def refusal(path: Path, symbol: str = "ATOMUSDT") -> FeedError:
    with pytest.raises(FeedError) as caught:
        list(candle_csv(path, symbol))
    return caught.value


ROWS = {
    "named": (NAMED, named(0), named(1), named(3)),
    "klines with names": (KLINE_NAMES, kline(0), kline(1), kline(3)),
    "klines without names": (kline(0), kline(1), kline(3)),
    "klines in microseconds": tuple(kline(index, unit=1000) for index in (0, 1, 3)),
    "names in capitals and spaces": ("Open Time,Open,High,Low,Close,Volume", *(named(i)[:-20] for i in (0, 1, 3))),
    "quoted": (
        '"timestamp","open","high","low","close","volume"',
        *(f'"{named(index)[:13]}"{named(index)[13:-20]}' for index in (0, 1, 3)),
    ),
}


@pytest.mark.parametrize("layout", ROWS)
@pytest.mark.parametrize("packed", [False, True])
def test_every_layout_gives_the_same_candles(tmp_path: Path, layout: str, *, packed: bool) -> None:
    """Named columns, the twelve columns of binance.vision, microseconds, quotes and gzip: equal data, equal candles."""
    path = written(tmp_path, *ROWS[layout])
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))

    assert list(candle_csv(path, "ATOMUSDT")) == [expected(0), expected(1), expected(3)]


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    """The order of the columns does not matter, and columns that nobody asked for are ignored."""
    path = written(
        tmp_path, "remark,volume,close,low,high,open,timestamp", f"x,5,4,2,6,3,{T}", f",0,4,2,6,3,{T + 1000}"
    )

    assert list(candle_csv(path, "ATOMUSDT")) == [
        expected(0, "3,6,2,4,5", interval_ms=1_000),
        Candle(T + 1_000, T + 1_999, "ATOMUSDT", *(Decimal(n) for n in (3, 6, 2, 4, 0))),
    ]


def test_a_datetime_column_is_for_people(tmp_path: Path) -> None:
    """A datetime that says something else, in any format, changes nothing: the timestamp counts."""
    path = written(tmp_path, NAMED, named(0)[:-19] + "01/02/2019 3pm", named(1))

    assert list(candle_csv(path, "ATOMUSDT")) == [expected(0), expected(1)]


def test_open_time_goes_before_timestamp(tmp_path: Path) -> None:
    """In a file with both names the candle opens at open_time."""
    path = written(tmp_path, "timestamp,open_time,open,high,low,close,volume", *(f"x,{named(i)[:-20]}" for i in (0, 1)))

    assert list(candle_csv(path, "ATOMUSDT")) == [expected(0), expected(1)]


def test_close_time_decides_where_a_candle_ends(tmp_path: Path) -> None:
    """With close times even a single candle, or the last of a daily file, ends where the file says."""
    path = written(tmp_path, KLINE_NAMES, kline(0))

    assert list(candle_csv(path, "ATOMUSDT", interval_ms=5_000)) == [expected(0)]


def test_the_interval_is_the_smallest_distance(tmp_path: Path) -> None:
    """A gap at the start does not make the candles longer than they are."""
    path = written(tmp_path, NAMED, named(0), named(4), named(5))

    assert [candle.close_ms - candle.open_ms + 1 for candle in candle_csv(path, "ATOMUSDT")] == [MINUTE_MS] * 3


def test_the_interval_may_be_given(tmp_path: Path) -> None:
    """A single candle without close time needs the interval from outside."""
    path = written(tmp_path, NAMED, named(0))

    assert list(candle_csv(path, "ATOMUSDT", interval_ms=5_000)) == [expected(0, interval_ms=5_000)]
    assert (refusal(path).line, refusal(path).reason) == (2, "the interval cannot be told from a single candle")


def test_participation_reaches_the_candle(tmp_path: Path) -> None:
    """The share of the volume that orders may take is the caller's choice, down to none and up to no limit."""
    path = written(tmp_path, NAMED, named(0), named(1))
    shares = [Decimal(0), Decimal("0.5"), None]

    assert [next(candle_csv(path, "ATOMUSDT", participation=share)).participation for share in shares] == shares


def test_senseless_arguments_are_refused_at_once(tmp_path: Path) -> None:
    """A share above 1 and an interval without room for a candle are errors before the file is touched."""
    with pytest.raises(ValueError, match="participation must be at most 1"):
        candle_csv(tmp_path / "none", "ATOMUSDT", participation=Decimal(2))
    with pytest.raises(ValueError, match="interval_ms must be at least 2, was 1"):
        candle_csv(tmp_path / "none", "ATOMUSDT", interval_ms=1)


@pytest.mark.parametrize(
    "numbers",
    ["NaN,4.87,4.573,4.61,1", "4.574,Infinity,4.573,4.61,1", "4.574,4.87,1e-3,4.61,1", "4.574,4.87,-4.573,4.61,1",
     "4.574,4.87,4.573,4_6,1", "4.574,4.87,4.573,４,1", "4.574,4.87,4.573,4.61,", "4.574,4.87,4.573,4.61,-1"],
)  # fmt: skip
def test_a_bad_number_is_named_with_its_line(tmp_path: Path, numbers: str) -> None:
    """A number that is not a plain decimal stops the feed with file, line and column."""
    error = refusal(written(tmp_path, NAMED, named(0), named(1, numbers), named(2)))

    assert error.line == 3
    assert error.path == tmp_path / "candles.csv"
    assert "must be a plain decimal" in error.reason


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ("0,4.87,0,4.61,1", "open must be above 0, was 0"),
        ("4.6,4.5,4.7,4.6,1", "high 4.5 was below low 4.7"),
        ("4.9,4.8,4.5,4.6,1", "open 4.9 was outside low 4.5 to high 4.8"),
        ("4.6,4.8,4.5,4.4,1", "close 4.4 was outside low 4.5 to high 4.8"),
        ("4.6,99999999999999999999,4.5,4.5,1", "high must lie between"),
    ],
)
def test_an_impossible_candle_is_named_with_its_line(tmp_path: Path, numbers: str, reason: str) -> None:
    """Prices that contradict each other stop the feed with file and line."""
    error = refusal(written(tmp_path, NAMED, named(0), named(1), "", named(2, numbers)))

    assert error.line == 5
    assert error.reason.startswith(reason)


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        ((), 1, "the file is empty"),
        ((NAMED,), 1, "the file has no candle below its column names"),
        (("timestamp,open,high,low,close", named(0)), 1, "missing column volume"),
        (("open,high,low,close,volume", "1,1,1,1,1"), 1, "missing column open_time"),
        (("timestamp,open", "1,1"), 1, "missing column high, low, close, volume"),
        (("date;price", "2020;4"), 1, "unknown layout: the first line was 'date;price'"),
        ((f"{T},1,1,1,1,1",), 1, "unknown layout: no column names, and 6 columns instead of 12"),
        (("timestamp,open,high,low,close,volume,open", "1,1"), 1, "column open appears 2 times"),
        (("timestamp,open,high,low,close,volume,timestamp", "1,1"), 1, "column timestamp appears 2 times"),
        ((NAMED, named(0), named(1)[:-20]), 3, "the row has 6 columns, not 7"),
        ((NAMED, named(0), named(1) + ",1"), 3, "the row has 8 columns, not 7"),
        ((kline(0), kline(1)[:-2]), 2, "the row has 11 columns, not 12"),
        ((NAMED, named(1), named(0)), 3, f"the row at {T} is earlier than the row above it"),
        ((NAMED, named(0), named(0)), 3, f"the row at {T} repeats the time of the row above it"),
        ((NAMED, named(0)[:10] + named(0)[13:]), 2, f"open time was {T // 1000}, which looks like seconds"),
        ((NAMED, named(0)[:12] + named(0)[13:]), 2, "open time must be milliseconds"),
        ((kline(0), kline(1).replace(str(T + 2 * MINUTE_MS - 1), "x")), 2, "close time must be milliseconds"),
        ((NAMED, named(0), '"' + named(1)), 3, "the quoting is broken"),
        ((kline(0).replace(str(T + MINUTE_MS - 1), str(T)),), 1, f"close_ms {T} was not after open_ms {T}"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused(tmp_path: Path, lines: tuple[str, ...], line: int, reason: str) -> None:
    """Each way in which a file can be broken has its reason and its line."""
    error = refusal(written(tmp_path, *lines))

    assert (error.line, error.reason[: len(reason)]) == (line, reason)
    assert error.advice


def test_the_whole_text_of_an_error(tmp_path: Path) -> None:
    """The message can be shown to a person as it is."""
    path = written(tmp_path, NAMED, named(0), named(0))

    assert str(refusal(path)) == (
        f"{path}:3: the row at {T} repeats the time of the row above it"
        " — sort the file by time and remove repeated rows"
    )


def test_overlapping_candles_are_refused(tmp_path: Path) -> None:
    """A file that mixes two intervals is refused where the first candle starts inside another."""
    hourly = kline(0).replace(str(T + MINUTE_MS - 1), str(T + 60 * MINUTE_MS - 1))
    error = refusal(written(tmp_path, hourly, kline(1)))

    assert error.line == 2
    assert error.reason == f"the candle opens at {T + MINUTE_MS} before the one above ends at {T + 60 * MINUTE_MS - 1}"


def test_a_shorter_interval_late_in_the_file_is_refused(tmp_path: Path) -> None:
    """Where the interval was learnt from the first rows, a later row that comes too early says so."""
    rows = [f"{T + index * MINUTE_MS},1,1,1,1,1" for index in range(60)]
    error = refusal(
        written(tmp_path, "timestamp,open,high,low,close,volume", *rows, f"{T + 59 * MINUTE_MS + 1_000},1,1,1,1,1")
    )

    assert error.line == 62
    assert "before the one above ends" in error.reason
    assert "interval_ms" in error.advice


def test_a_candle_may_end_where_the_next_begins(tmp_path: Path) -> None:
    """Files whose close time is the open of the next candle are taken as they are."""
    touching = kline(0).replace(str(T + MINUTE_MS - 1), str(T + MINUTE_MS))

    assert [candle.open_ms for candle in candle_csv(written(tmp_path, touching, kline(1)), "ATOMUSDT")] == [
        T,
        T + MINUTE_MS,
    ]


def test_a_symbol_column_must_name_the_symbol(tmp_path: Path) -> None:
    """Rows of another symbol are never played as this one."""
    names, rows = "symbol,timestamp,open,high,low,close,volume", [f"{T + i * 1000},1,1,1,1,1" for i in range(3)]
    good = written(tmp_path, names, *(f"atomusdt,{row}" for row in rows), name="good.csv")
    bad = written(tmp_path, names, f"ATOMUSDT,{rows[0]}", f"BTCUSDT,{rows[1]}", name="bad.csv")

    assert len(list(candle_csv(good, "ATOMUSDT"))) == 3
    assert (refusal(bad).line, refusal(bad).reason) == (3, "the row is of 'BTCUSDT', not ATOMUSDT")


@pytest.mark.parametrize(
    "name",
    ["BTCUSDT-1h-2024-01.csv", "btcusdt-1m-2024-01-01.csv.gz", "BTCUSDT-1mo-2024-01.csv", "ethusdc_240329-15m-x.csv"],
)
def test_a_file_named_after_another_symbol_is_refused(tmp_path: Path, name: str) -> None:
    """The name that binance.vision gives its files is the only place where they say their symbol."""
    error = refusal(written(tmp_path, NAMED, named(0), named(1), name=name))

    assert error.reason.startswith(f"by its name the file holds {name.partition('-')[0].upper()}, not ATOMUSDT")


@pytest.mark.parametrize(
    "name", ["ATOMUSDT-1h-2024-01.csv", "atomusdt-1h.csv", "my-1h.csv", "BTCUSDT.csv", "x-BTCUSDT-1h.csv"]
)
def test_other_file_names_say_nothing(tmp_path: Path, name: str) -> None:
    """The right symbol, and names in any other form, pass."""
    assert len(list(candle_csv(written(tmp_path, NAMED, named(0), named(1), name=name), "ATOMUSDT"))) == 2


def test_lines_are_counted_and_read_as_they_are_needed(tmp_path: Path) -> None:
    """The feed looks ahead at most fifty rows, and a bad row behind them is reported only when it is reached."""
    rows = [f"{T + index * 1000},1,1,1,1,1" for index in range(100)]
    feed = candle_csv(written(tmp_path, "timestamp,open,high,low,close,volume", *rows, "torn"), "ATOMUSDT")

    assert (feed.line, feed.bytes_read, feed.total_bytes) == (0, 0, 0)
    assert next(feed).open_ms == T
    assert feed.line == 51
    assert sum(1 for _, _ in zip(range(99), feed, strict=False)) == 99
    with pytest.raises(FeedError, match=r"candles\.csv:102: the row has 1 columns, not 6"):
        next(feed)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: f"{NAMED}\n{text}".encode())))
def test_no_content_breaks_the_feed(tmp_path: Path, content: bytes) -> None:
    """Whatever bytes a file holds, the feed gives candles or a `FeedError`, nothing else."""
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    outcome: list[Candle] | str
    try:
        outcome = list(candle_csv(path, "ATOMUSDT"))
    except FeedError as error:
        outcome = str(error)

    assert outcome
    assert isinstance(outcome, list) or outcome.startswith(str(path))
