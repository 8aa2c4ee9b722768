import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surefill.adapters.venue.feeds import FeedError, RawStream, raw_stream
from surefill.adapters.venue.quotes import Quote

NS = 1_723_161_255_000_000_000
MS = 1_723_161_256_000


def book(at_ms: int = MS, **changes: Any) -> dict[str, Any]:
    fields = {"b": "61800.20", "B": "2.507", "a": "61800.30", "A": "2.510", "T": at_ms - 1, "E": at_ms}
    return {"e": "bookTicker", "u": 1, "s": "BTCUSDT", **fields, **changes}


def trade(at_ms: int = MS, price: Any = "61800.30", **changes: Any) -> dict[str, Any]:
    return {"e": "trade", "E": at_ms, "T": at_ms, "s": "BTCUSDT", "p": price, "q": "0.006", "X": "MARKET", **changes}


def line(event: object, ns: int = NS) -> str:
    return f"{ns} {json.dumps(event)}"


def stream(folder: Path, *lines: str) -> RawStream:
    path = folder / "stream.jsonl"
    path.write_text("".join(f"{text}\n" for text in lines), encoding="utf-8")
    return raw_stream(path, "BTCUSDT")


def refusal(feed: RawStream) -> FeedError:
    with pytest.raises(FeedError) as caught:
        list(feed)
    return caught.value


def test_each_event_gives_what_it_knows(tmp_path: Path) -> None:
    """A book ticker gives bid and ask with sizes, trades give last, a mark price update gives mark."""
    feed = stream(
        tmp_path,
        line(book()),
        line(trade(MS + 1)),
        line({"e": "aggTrade", "E": MS + 2, "s": "BTCUSDT", "p": "61800.1", "q": "1"}),
        line({"e": "markPriceUpdate", "E": MS + 3, "s": "BTCUSDT", "p": "61801.12345678", "i": "61802.1"}),
    )

    assert list(feed) == [
        Quote(MS, "BTCUSDT", bid=Decimal("61800.20"), bid_quantity=Decimal("2.507"), ask=Decimal("61800.30"),
              ask_quantity=Decimal("2.510")),
        Quote(MS + 1, "BTCUSDT", last=Decimal("61800.30")),
        Quote(MS + 2, "BTCUSDT", last=Decimal("61800.1")),
        Quote(MS + 3, "BTCUSDT", mark=Decimal("61801.12345678")),
    ]  # fmt: skip
    assert (feed.line, dict(feed.skipped)) == (4, {})


def test_messages_come_bare_combined_and_in_lists(tmp_path: Path) -> None:
    """The combined form, and streams that send many symbols in one list, give the same quotes as bare events."""
    feed = stream(
        tmp_path,
        line(trade(MS, "1")),
        line({"stream": "btcusdt@trade", "data": trade(MS, "2")}),
        line({"stream": "!markPrice@arr", "data": [trade(MS, "3"), trade(MS, "9", s="ETHUSDT"), trade(MS, "4")]}),
        line([trade(MS, "5")]),
    )

    assert [str(quote.last) for quote in feed] == ["1", "2", "3", "4", "5"]
    assert feed.skipped == {"other symbol": 1}


def test_gzip_gives_the_same(tmp_path: Path) -> None:
    """A packed stream gives the quotes of the plain one."""
    plain = stream(tmp_path, line(book()), line(trade()))
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress((tmp_path / "stream.jsonl").read_bytes()))

    assert list(raw_stream(packed, "BTCUSDT")) == list(plain)


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    """Depth, snapshots, other symbols, foreign trades, empty books and unknown events are counted by kind."""
    feed = stream(
        tmp_path,
        line({"e": "depthUpdate", "E": MS, "s": "BTCUSDT", "b": [["1", "2"]], "a": []}),
        line({"lastUpdateId": 1, "E": MS, "T": MS, "bids": [], "asks": []}),
        line({"result": None, "id": 1}),
        line("pong"),
        line({"s": "BTCUSDT"}),
        line({"e": 5, "s": "BTCUSDT"}),
        line({"e": "kline", "s": "BTCUSDT"}),
        line(trade(s="ETHUSDT", price="bad")),
        line(trade(X="INSURANCE_FUND")),
        line(trade(X="NA", price="0")),
        line(book(b="61800.30")),
        line(book(a="61800.10")),
        line(book(B="0.000")),
        line(book(A="0")),
        line(book(b="0.00")),
        line(book(a="0")),
        line(trade()),
    )

    assert [quote.last for quote in feed] == [Decimal("61800.30")]
    assert feed.skipped == {
        "depthUpdate": 1,
        "no symbol": 3,
        "no event type": 2,
        "kline": 1,
        "other symbol": 1,
        "trade outside the market": 2,
        "crossed or empty book": 6,
    }


def test_time_is_the_event_time_and_never_runs_back(tmp_path: Path) -> None:
    """E counts, T where there is no E, and a channel that lags behind another is held at the time already shown."""
    feed = stream(
        tmp_path,
        line(book(MS)),
        line(trade(MS - 300)),
        line({"e": "trade", "T": MS + 5, "s": "BTCUSDT", "p": "1"}),
        line(trade(MS + 4)),
        line(trade(MS + 6, T=MS - 40_000)),
    )

    assert [quote.at_ms for quote in feed] == [MS, MS, MS + 5, MS + 5, MS + 6]


def test_local_time_may_jitter_by_a_second(tmp_path: Path) -> None:
    """Lines whose local time is a little out of order are fine; more than a second means an unsorted file."""
    just = stream(tmp_path, line(trade(), NS), line(trade(), NS - 1_000_000_000), line(trade(), NS + 1))
    assert len(list(just)) == 3

    over = refusal(stream(tmp_path, line(trade(), NS), line(trade(), NS - 1), line(trade(), NS - 1_000_000_001)))
    assert (over.line, over.advice) == (3, "sort the file by time")


def test_event_time_may_lag_by_a_minute(tmp_path: Path) -> None:
    """An event more than a minute older than one above it does not belong there."""
    assert len(list(stream(tmp_path, line(trade(MS)), line(trade(MS - 60_000))))) == 2

    over = refusal(stream(tmp_path, line(trade(MS)), line(trade(MS - 60_001))))
    assert over.line == 2
    assert "is unsorted, more than a minute behind" in over.reason


@pytest.mark.parametrize(
    ("lines", "line_number", "reason"),
    [
        ((), 1, "the file is empty"),
        (("", "\t"), 2, "wrong symbol: the file has no event of BTCUSDT"),
        ((line(trade(s="ETHUSDT")), line(trade(s="btcusdt"))), 2, "wrong symbol: the file has no event of BTCUSDT"),
        ((line({"e": "depthUpdate", "s": "BTCUSDT"}),), 1, "no event of BTCUSDT carries a price"),
        (("timestamp,open", "1,1"), 1, "unknown layout: the line starts with 'timestamp,open'"),
        ((json.dumps(trade()),), 1, "unknown layout: the line starts with "),
        ((line(trade(), NS // 1_000),), 1, "unknown layout: the line starts with '1723161255000000'"),
        ((line(trade())[:-5],), 1, "the JSON is broken"),
        ((str(NS),), 1, "the JSON is broken"),
        ((f"{NS} {'[' * 200_000}",), 1, "the JSON is broken"),
        ((f'{NS} {{"s":"BTCUSDT","e":"trade","E":{"9" * 5_000}}}',), 1, "the JSON is broken"),
        ((line(trade()), line(trade(price=61800.3))), None, ""),
        ((line(trade()), f'{NS} {{"e":"trade","E":{MS},"s":"BTCUSDT","p":6e4}}'), 2, "p must be a plain decimal"),
        ((line(trade()), f'{NS} {{"e":"trade","E":{MS},"s":"BTCUSDT","p":NaN}}'), 2, "p must be a plain decimal"),
        ((line(trade(price=61800)),), 1, "p must be a plain decimal"),
        ((line(trade(price="-1")),), 1, "p must be a plain decimal"),
        ((line(trade(price="0")),), 1, "last must be above 0"),
        ((line(trade(price=None)),), 1, "p must be a plain decimal"),
        ((line(book(A="1e3")),), 1, "A must be a plain decimal"),
        ((line({"e": "markPriceUpdate", "E": MS, "s": "BTCUSDT"}),), 1, "p must be a plain decimal"),
        ((line(trade(MS // 1000)),), 1, "event time must be milliseconds (13 digits), was 1723161256"),
        ((line(trade(MS * 1000)),), 1, "event time must be milliseconds (13 digits)"),
        ((line(trade(E=True)),), 1, "event time must be milliseconds (13 digits), was True"),
        ((line(trade(E=f"{MS}")),), 1, "event time must be milliseconds (13 digits)"),
        ((line({"e": "trade", "s": "BTCUSDT", "p": "1"}),), 1, "event time must be milliseconds (13 digits), was None"),
    ],
)
def test_a_broken_stream_is_refused(
    tmp_path: Path, lines: tuple[str, ...], line_number: int | None, reason: str
) -> None:
    """Each way in which a stream can be broken has its reason and its line; a plain JSON number is no defect."""
    feed = stream(tmp_path, *lines)
    if line_number is None:
        assert [str(quote.last) for quote in feed] == ["61800.30", "61800.3"]
    else:
        error = refusal(feed)
        assert (error.line, error.reason[: len(reason)]) == (line_number, reason)


PIECES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["BTCUSDT", "trade", "1.5", MS]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["e", "s", "E", "p", "b", "B", "a", "A", "X", "data"]), inner, max_size=8)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(PIECES, max_size=4), tail=st.binary(max_size=20))
def test_no_content_breaks_the_stream(tmp_path: Path, messages: list[Any], tail: bytes) -> None:
    """Whatever JSON or bytes a file holds, the feed gives quotes or a `FeedError`, nothing else."""
    path = tmp_path / "any.jsonl"
    path.write_bytes("".join(f"{line(message)}\n" for message in messages).encode() + tail)
    outcome: list[Quote] | str
    try:
        outcome = list(raw_stream(path, "BTCUSDT"))
    except FeedError as error:
        outcome = str(error)

    assert outcome
    assert isinstance(outcome, list) or outcome.startswith(str(path))
