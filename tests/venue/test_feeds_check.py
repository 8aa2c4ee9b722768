from pathlib import Path

import pytest

from surefill.adapters.venue.feeds import FeedError, FeedSummary, candle_csv, check, hand_ticks, raw_stream

T = 1_735_689_600_000


def candles(folder: Path, *, count: int, tail: str = "") -> Path:
    path = folder / "candles.csv"
    rows = "".join(f"{T + index * 1_000},1,1,1,1,1\n" for index in range(count))
    path.write_text(f"timestamp,open,high,low,close,volume\n{rows}{tail}", encoding="utf-8")
    return path


def test_a_summary_says_what_a_file_holds(tmp_path: Path) -> None:
    """First and last moment, candles and lines are told after one pass; the feed itself is left to be made anew."""
    path = candles(tmp_path, count=2_500)

    assert check(lambda: candle_csv(path, "ATOMUSDT")) == FeedSummary(T, T + 2_499_999, 2_500, 2_501, {})


def test_a_summary_says_what_was_left_out(tmp_path: Path) -> None:
    """What a stream contains but the feed does not use is in the summary."""
    path = tmp_path / "stream"
    path.write_text(
        f'{T}000000 {{"e":"kline","s":"BTCUSDT"}}\n{T}000000 {{"e":"trade","s":"BTCUSDT","E":{T},"p":"1"}}\n',
        encoding="utf-8",
    )

    assert check(lambda: raw_stream(path, "BTCUSDT")) == FeedSummary(T, T, 1, 2, {"kline": 1})


def test_ticks_by_hand_can_be_checked(tmp_path: Path) -> None:
    """A feed that is not a file has items but no lines, and reports no progress."""
    reports: list[tuple[int, int]] = []
    summary = check(lambda: hand_ticks([(5, "1"), (7, "2")], symbol="X"), lambda *report: reports.append(report))

    assert (summary, reports) == (FeedSummary(5, 7, 2, 0, {}), [])


def test_progress_is_told(tmp_path: Path) -> None:
    """Bytes read grow up to the size of the file, and the last report says that all is read."""
    path = candles(tmp_path, count=12_000)
    reports: list[tuple[int, int]] = []
    check(lambda: candle_csv(path, "ATOMUSDT"), lambda *report: reports.append(report))

    size = path.stat().st_size
    assert len(reports) == 13
    assert reports == sorted(reports)
    assert reports[0][0] < size
    assert reports[-1] == (size, size)


def test_an_error_at_the_end_is_found_before_anything_is_done(tmp_path: Path) -> None:
    """The pass reads to the last line, so a torn end of a long file stops nothing half-way."""
    path = candles(tmp_path, count=2_000, tail="1735")

    with pytest.raises(FeedError, match=r"candles\.csv:2002: the row has 1 columns, not 6"):
        check(lambda: candle_csv(path, "ATOMUSDT"))


def test_an_empty_feed_is_refused() -> None:
    """Nothing at all cannot be played."""
    with pytest.raises(ValueError, match="the feed is empty"):
        check(list)
