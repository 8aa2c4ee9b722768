import gzip
import json
from pathlib import Path

import pytest

from surefill.cli.listing_file import read_listing
from surefill.cli.market_data import MarketData
from surefill.wiring import FeedError
from tests.cli.files import FLAT, START_MS, SYMBOL, Inputs, at


def test_only_the_symbol_asked_for_is_kept(tmp_path: Path) -> None:
    """A listing of hundreds of symbols becomes one of one; everything else of it stays."""
    path = tmp_path / "info.json"
    path.write_text(json.dumps({"rateLimits": [1], "symbols": [{"symbol": "A"}, {"symbol": "B", "x": 1}]}), "utf-8")

    assert read_listing(path, "B") == {"rateLimits": [1], "symbols": [{"symbol": "B", "x": 1}]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a": 1,\n "b": }', ":2: the file was no JSON (Expecting value)"),
        (b'{"\xff": 1}', ":1: the file was no JSON (UnicodeDecodeError)"),
        (b"[" * 200_000, ":1: the file was no JSON (RecursionError)"),
        (b"[]", ":1: the file held no JSON object but a list"),
        (b"{}", ":1: was no exchangeInfo"),
        (
            b'{"symbols": [{"symbol": "BTCUSDC"}, 1, {}]}',
            "none of the 1 symbols listed is 'BTCUSDT' — did you mean BTCUSDC",
        ),
        (b'{"symbols": []}', "names are written as the exchange writes them"),
    ],
)
def test_a_bad_listing_is_refused_with_line_and_reason(tmp_path: Path, content: bytes, words: str) -> None:
    """Whatever is no exchangeInfo, or lacks the symbol, is refused by name."""
    path = tmp_path / "info.json"
    path.write_bytes(content)

    with pytest.raises(FeedError) as caught:
        read_listing(path, SYMBOL)

    assert words in str(caught.value)


def test_a_listing_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, and one too large to be an exchangeInfo, are refused before they are read."""
    with pytest.raises(FeedError, match="could not be read"):
        read_listing(tmp_path / "nothing", SYMBOL)
    (tmp_path / "info.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr("surefill.cli.listing_file._BYTES_MAX", 1)
    with pytest.raises(FeedError, match="larger than 1 bytes"):
        read_listing(tmp_path / "info.json", SYMBOL)


def test_candles_are_counted_before_they_are_played(tmp_path: Path) -> None:
    """The first look says from when to when, how many, and how many lines."""
    inputs = Inputs.make(tmp_path, [FLAT] * 1_200, [])
    told: list[tuple[int, int]] = []

    summary = MarketData(inputs.candles, SYMBOL, is_stream=False).check(
        8, lambda done, whole: told.append((done, whole))
    )

    assert (summary.first_ms, summary.last_ms, summary.items, summary.lines) == (START_MS, at(1200, -1), 1200, 1201)
    assert told
    assert all(0 < done <= whole == inputs.candles.stat().st_size for done, whole in told)


def test_a_price_finer_than_the_exchange_counts_is_found_with_its_line(tmp_path: Path) -> None:
    """The line is that of the price, though the reader is ahead of it; trailing zeros are not finer."""
    fine = ("100.000000001", "100.1", "99.9", "100.0")
    inputs = Inputs.make(tmp_path, [("100.0000000000", "100.1", "99.9", "100.0"), FLAT, fine, FLAT], [])

    with pytest.raises(FeedError, match=r"candles\.csv:4: the price 100\.000000001 is finer than the 8 decimals"):
        MarketData(inputs.candles, SYMBOL, is_stream=False).check(8)


def test_the_smallest_prices_are_fine_enough(tmp_path: Path) -> None:
    """A price of one unit of the eighth decimal is counted, one of the ninth is not, however it is written."""
    tiny, finer = ("0.000000010",) * 4, ("0.0000000010",) * 4

    assert MarketData(Inputs.make(tmp_path, [tiny, tiny], []).candles, SYMBOL, is_stream=False).check(8).items == 2
    with pytest.raises(FeedError, match=":2: the price"):
        MarketData(Inputs.make(tmp_path, [finer, finer], []).candles, SYMBOL, is_stream=False).check(8)


def test_a_stream_is_read_packed(tmp_path: Path) -> None:
    """A gzipped stream is one feed of quotes; other symbols in it are counted and left out."""
    lines = [
        f'{1_700_000_000_000_000_000 + number} {{"e":"trade","E":{START_MS + number},"T":{START_MS + number},'
        f'"s":"{symbol}","p":"100.{number}","q":"1","X":"MARKET"}}'
        for number, symbol in enumerate([SYMBOL, "ETHUSDT", SYMBOL])
    ]
    path = tmp_path / "stream.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))

    summary = MarketData(path, SYMBOL, is_stream=True).check(8)

    assert (summary.items, summary.skipped) == (2, {"other symbol": 1})


def test_bids_and_asks_are_held_against_the_grain_too(tmp_path: Path) -> None:
    """A book whose prices are too fine is refused like a trade's price."""
    book = f'"e":"bookTicker","E":{START_MS},"T":{START_MS},"s":"{SYMBOL}","b":"100","B":"1","a":"100.125","A":"1"'
    path = tmp_path / "stream"
    path.write_text(f"1700000000000000000 {{{book}}}\n", encoding="utf-8")

    assert MarketData(path, SYMBOL, is_stream=True).check(3).items == 1
    with pytest.raises(FeedError, match=r"stream:1: the price 100\.125 is finer than the 2 decimals"):
        MarketData(path, SYMBOL, is_stream=True).check(2)
