import csv
import gzip
import json
import re
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from surefill.adapters.venue.feeds import candle_csv, check, raw_stream
from surefill.adapters.venue.player import Player
from surefill.adapters.venue.quotes import Quote

CANDLES = "market-data/atomusdt-1h-2020-2026.csv"
STREAM = "market-data/btcusdt-usdm-stream-2024-08-08.jsonl.gz"
HOUR_MS = 3_600_000


class Spectator:
    """A market without orders."""

    now_ms = 0

    def net_sign(self, symbol: str) -> int:
        return 0

    def first_trigger_between(self, symbol: str, from_price: Decimal, to_price: Decimal) -> Decimal | None:
        return None


def played(player: Player, market: Spectator) -> list[Quote]:
    quotes = []
    while player.peek_ms() is not None:
        quotes.append(player.pop())
        market.now_ms = quotes[-1].at_ms
    return quotes


def test_every_recorded_candle_is_read_as_it_stands(recorded: Path) -> None:
    """Each row of the file becomes one candle of an hour with the very numbers of the row."""
    with (recorded / CANDLES).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    candles = list(candle_csv(recorded / CANDLES, "ATOMUSDT"))

    assert [
        (c.open_ms, str(c.open), str(c.high), str(c.low), str(c.close), str(c.volume)) for c in candles
    ] == [
        (int(row["timestamp"]), row["open"], row["high"], row["low"], row["close"], row["volume"]) for row in rows
    ]  # fmt: skip
    assert {candle.close_ms - candle.open_ms for candle in candles} == {HOUR_MS - 1}


def test_the_summary_of_the_recorded_candles(recorded: Path) -> None:
    """The pass ahead of a replay counts what a count of the lines gives, from the first to the last hour."""
    lines = (recorded / CANDLES).read_text(encoding="utf-8").splitlines()
    summary = check(lambda: candle_csv(recorded / CANDLES, "ATOMUSDT"))

    assert (summary.items, summary.lines) == (len(lines) - 1, len(lines))
    assert summary.first_ms == int(lines[1].partition(",")[0])
    assert summary.last_ms == int(lines[-1].partition(",")[0]) + HOUR_MS - 1


def test_the_recorded_candles_play_whole(recorded: Path) -> None:
    """Time never runs back, and each candle shows its open, extremes and close in its own time, all positive."""
    candles = list(candle_csv(recorded / CANDLES, "ATOMUSDT"))
    market = Spectator()
    quotes = played(Player(candles, market), market)

    assert all(earlier.at_ms <= later.at_ms for earlier, later in pairwise(quotes))
    by_candle: dict[int, list[Decimal]] = {candle.open_ms: [] for candle in candles}
    for quote in quotes:
        assert quote.last is not None
        by_candle[quote.at_ms - quote.at_ms % HOUR_MS].append(quote.last)
    for candle in candles:
        seen = by_candle[candle.open_ms]
        assert (seen[0], seen[-1], min(seen), max(seen)) == (candle.open, candle.close, candle.low, candle.high)
        assert min(seen) > 0


def test_every_recorded_event_is_used_or_counted(recorded: Path) -> None:
    """Book tickers and trades become quotes, everything else is counted as left out, and nothing is lost."""
    with gzip.open(recorded / STREAM, "rt", encoding="utf-8") as file:
        lines = file.read().splitlines()
    kinds = Counter(match[1] if (match := re.search(r'"e":"(\w+)"', text)) else "no symbol" for text in lines)
    feed = raw_stream(recorded / STREAM, "BTCUSDT")
    quotes = list(feed)

    assert sum(quote.bid is not None for quote in quotes) == kinds.pop("bookTicker")
    assert sum(quote.last is not None for quote in quotes) == kinds.pop("trade")
    assert feed.skipped == kinds
    assert feed.line == len(lines)


def test_the_recorded_stream_plays_whole(recorded: Path) -> None:
    """From the first to the last event time never runs back, and every book has positive prices and sizes."""
    with gzip.open(recorded / STREAM, "rt", encoding="utf-8") as file:
        events = [json.loads(text.partition(" ")[2]).get("data", {}) for text in file]
    times = [event["E"] for event in events if event.get("e") in ("bookTicker", "trade")]
    market = Spectator()
    quotes = played(Player(raw_stream(recorded / STREAM, "BTCUSDT"), market), market)

    assert (quotes[0].at_ms, quotes[-1].at_ms) == (times[0], max(times))
    assert all(earlier.at_ms <= later.at_ms for earlier, later in pairwise(quotes))
    for quote in quotes:
        if quote.last is None:
            assert quote.bid is not None
            assert quote.bid_quantity is not None
            assert quote.ask is not None
            assert quote.ask_quantity is not None
            assert 0 < quote.bid < quote.ask
            assert min(quote.bid_quantity, quote.ask_quantity) > 0
        else:
            assert quote.last > 0
