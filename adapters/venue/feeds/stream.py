"""Quotes from a recorded websocket stream: one line per message, `<local nanoseconds> <JSON>`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ..quotes import Quote
from .errors import FeedError, shown
from .file_feed import FileFeed
from .lines import LineReader
from .numbers import parse_decimal

_LOCAL_DIGITS: Final = 19
_LOCAL_BACK_NS_MAX: Final = 1_000_000_000
_EVENT_BACK_MS_MAX: Final = 60_000
_EVENT_MS_MIN: Final = 10**12
_EVENT_MS_MAX: Final = 10**13 - 1

# Numbers outside quotes stay text: a float would change them before they are checked.
_DECODER: Final = json.JSONDecoder(parse_float=str, parse_constant=str)


def raw_stream(path: Path | str, symbol: str) -> "RawStream":
    """Return the quotes of *symbol* in the stream file at *path*, plain or gzipped; see `RawStream`."""
    return RawStream(path, symbol)


class RawStream(FileFeed[Quote]):
    """An iterator of `Quote` over messages of Binance's market streams; every defect is a `FeedError` with its line.

    A message is bare or combined (`{"stream", "data"}`), its payload one event or a list of them. `bookTicker` gives
    bid and ask with sizes, `trade` and `aggTrade` give last, `markPriceUpdate` gives mark; without the latter nothing
    sets mark, and the exchange lets it follow last. Depth differences and snapshots are left out: `bookTicker` has the
    best levels more often. So are trades outside the market (insurance fund, ADL: their price is not the market's),
    empty or crossed books, unknown events and other symbols; `skipped` counts each kind.

    A quote's time is the exchange's event time (`E`, else `T`), held back from running backwards between channels.
    Local times more than a second, or event times more than a minute behind those above mean an unsorted file.
    """

    def __init__(self, path: Path | str, symbol: str) -> None:
        super().__init__(path)
        self._symbol = symbol
        self._at_ms = 0

    def _read(self, reader: LineReader) -> Iterator[Quote]:
        newest_ns = 0
        of_symbol = quotes = 0
        for text in reader:
            local_ns, message = _message(reader, text)
            if local_ns < newest_ns - _LOCAL_BACK_NS_MAX:
                raise reader.error(
                    f"the local time {local_ns} is more than a second behind {newest_ns} above it",
                    "sort the file by time",
                )
            newest_ns = max(newest_ns, local_ns)
            for event in _events(message):
                symbol = event.get("s")
                if symbol != self._symbol:
                    self.skipped["no symbol" if symbol is None else "other symbol"] += 1
                    continue
                of_symbol += 1
                try:
                    quote = self._quote(event)
                except ValueError as error:
                    raise reader.error(str(error), "correct or remove the line") from error
                if quote is not None:
                    quotes += 1
                    yield quote
        if reader.line == 0:
            raise FeedError(reader.path, 1, "the file is empty", "is this the right file?")
        if not of_symbol:
            raise reader.error(f"wrong symbol: the file has no event of {self._symbol}", "ask for the symbol it holds")
        if not quotes:
            raise reader.error(
                f"no event of {self._symbol} carries a price", "record bookTicker, trade, aggTrade or markPrice as well"
            )

    def _quote(self, event: Mapping[str, object]) -> Quote | None:
        kind = event.get("e")
        if kind == "bookTicker":
            return self._book(event)
        if kind in ("trade", "aggTrade"):
            if event.get("X", "MARKET") != "MARKET":
                self.skipped["trade outside the market"] += 1
                return None
            return Quote(self._time_ms(event), self._symbol, last=parse_decimal("p", event.get("p")))
        if kind == "markPriceUpdate":
            return Quote(self._time_ms(event), self._symbol, mark=parse_decimal("p", event.get("p")))
        self.skipped[kind if isinstance(kind, str) else "no event type"] += 1
        return None

    def _book(self, event: Mapping[str, object]) -> Quote | None:
        bid, bid_quantity, ask, ask_quantity = (parse_decimal(name, event.get(name)) for name in ("b", "B", "a", "A"))
        if not (bid and bid_quantity and ask and ask_quantity) or bid >= ask:
            self.skipped["crossed or empty book"] += 1
            return None
        return Quote(
            self._time_ms(event), self._symbol, bid=bid, bid_quantity=bid_quantity, ask=ask, ask_quantity=ask_quantity
        )

    def _time_ms(self, event: Mapping[str, object]) -> int:
        at_ms = event.get("E", event.get("T"))
        if type(at_ms) is not int or not _EVENT_MS_MIN <= at_ms <= _EVENT_MS_MAX:
            raise ValueError(f"event time must be milliseconds (13 digits), was {shown(at_ms)}")
        if at_ms < self._at_ms - _EVENT_BACK_MS_MAX:
            raise ValueError(f"event time {at_ms} is unsorted, more than a minute behind {self._at_ms} above it")
        self._at_ms = max(self._at_ms, at_ms)
        return self._at_ms


def _message(reader: LineReader, text: str) -> tuple[int, object]:
    """Return the local time and the JSON of one line."""
    local, _, body = text.partition(" ")
    if len(local) != _LOCAL_DIGITS or not (local.isascii() and local.isdigit()):
        raise reader.error(
            f"unknown layout: the line starts with {shown(local)}", "each line is `<local time, 19 digits> <JSON>`"
        )
    try:
        return int(local), _DECODER.decode(body)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", type(error).__name__)
        raise reader.error(f"the JSON is broken ({reason})", "the line is cut short or damaged; remove it") from error


def _events(message: object) -> Iterator[Mapping[str, object]]:
    """Yield the events of a message, bare or combined, one or a list; anything else is an event without symbol."""
    payload = message.get("data", message) if isinstance(message, dict) else message
    for event in payload if isinstance(payload, list) else [payload]:
        yield event if isinstance(event, dict) else {}
