"""Candles from CSV files: those of binance.vision, with and without header, and any file that names its columns."""

import csv
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Final

import attrs

from ..quotes import DEFAULT_PARTICIPATION, Candle, check_participation
from .errors import FeedError, shown
from .file_feed import FileFeed
from .lines import LineReader
from .numbers import parse_decimal, parse_time_ms

_OPEN_TIME_NAMES: Final = ("open_time", "timestamp")
_NUMBER_NAMES: Final = ("open", "high", "low", "close", "volume")
_CLOSE_TIME_NAME: Final = "close_time"
_KLINE_COLUMNS: Final = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count", "taker_buy_volume",
    "taker_buy_quote_volume", "ignore",
)  # fmt: skip
_LAYOUT_ADVICE: Final = "the first line must name open_time (or timestamp), open, high, low, close and volume"

_ROWS_AHEAD: Final = 50
"""How many rows are looked at to learn the interval of a file without close times."""

_NAMED_SYMBOL: Final = re.compile(r"([A-Z0-9]+(?:USDT|USDC|BUSD|FDUSD|BTC)(?:_[0-9]{6})?)-[0-9]+(?:S|M|H|D|W|MO)\b")
"""How binance.vision names its files (`BTCUSDT-1h-2024-01.csv`): the only place where such a file says its symbol."""


@attrs.frozen
class _Columns:
    """Where the columns that matter stand; others (a `datetime` for people, quote volumes) are ignored."""

    count: int
    open_time: int
    numbers: tuple[tuple[str, int], ...]
    close_time: int | None
    symbol: int | None


@attrs.frozen
class _Row:
    """One row before its end is known."""

    line: int
    open_ms: int
    close_ms: int | None
    numbers: dict[str, Decimal]


def candle_csv(
    path: Path | str,
    symbol: str,
    *,
    participation: Decimal | None = DEFAULT_PARTICIPATION,
    interval_ms: int | None = None,
) -> "CandleCsv":
    """Return the candles of *symbol* in the CSV file at *path*, plain or gzipped; see `CandleCsv`.

    Raises `ValueError` for a *participation* outside 0 to 1 or an *interval_ms* below 2.
    """
    if participation is not None:
        check_participation(participation)
    if interval_ms is not None and interval_ms < 2:
        raise ValueError(f"interval_ms must be at least 2, was {interval_ms}")
    return CandleCsv(path, symbol, participation, interval_ms)


class CandleCsv(FileFeed[Candle]):
    """An iterator of `Candle` over a CSV file; every defect is a `FeedError` with file and line.

    Columns are found by their names in the first line, in any order; without names the file must have the twelve
    columns of a binance.vision kline file. Times are milliseconds or microseconds since the epoch. A `datetime` column
    is for people and is ignored. If there is a `symbol` column, or the file is named as binance.vision names its files,
    it must be *symbol*.

    A candle ends at its `close_time`, or, if there is none, one millisecond before the next could start: the interval
    is *interval_ms*, else the smallest distance between the first 50 rows. Missing candles are allowed, overlapping
    ones are not.
    """

    def __init__(self, path: Path | str, symbol: str, participation: Decimal | None, interval_ms: int | None) -> None:
        super().__init__(path)
        self._symbol = symbol
        self._participation = participation
        self._interval_ms = interval_ms

    def _read(self, reader: LineReader) -> Iterator[Candle]:
        self._check_file_name(reader.path)
        rows = self._rows(reader)
        ahead = list(islice(rows, _ROWS_AHEAD))
        if not ahead:
            reason = "the file has no candle below its column names" if reader.line else "the file is empty"
            raise FeedError(reader.path, max(reader.line, 1), reason, "is this the right file?")
        interval_ms = self._interval_of(reader.path, ahead)
        ended_ms = 0
        for row in chain(ahead, rows):
            if row.open_ms < ended_ms:
                raise FeedError(
                    reader.path, row.line, f"the candle opens at {row.open_ms} before the one above ends at {ended_ms}",
                    "give a file with one interval only, or the right interval_ms",
                )  # fmt: skip
            ended_ms = row.open_ms + interval_ms - 1 if row.close_ms is None else row.close_ms
            yield self._candle(reader.path, row, ended_ms)

    def _check_file_name(self, path: Path) -> None:
        named = _NAMED_SYMBOL.match(path.name.upper())
        if named is not None and named[1] != self._symbol.upper():
            raise FeedError(
                path, 1, f"by its name the file holds {named[1]}, not {self._symbol}",
                "ask for that symbol, or rename the file if the name is wrong",
            )  # fmt: skip

    def _interval_of(self, path: Path, ahead: list[_Row]) -> int:
        if self._interval_ms is not None:
            return self._interval_ms
        if len(ahead) == 1 and ahead[0].close_ms is None:
            raise FeedError(
                path,
                ahead[0].line,
                "the interval cannot be told from a single candle",
                "give interval_ms, or close_time",
            )
        return min((later.open_ms - earlier.open_ms for earlier, later in pairwise(ahead)), default=0)

    def _candle(self, path: Path, row: _Row, close_ms: int) -> Candle:
        try:
            return Candle(row.open_ms, close_ms, self._symbol, **row.numbers, participation=self._participation)
        except ValueError as error:
            raise FeedError(path, row.line, str(error), "correct or remove the row") from error

    def _rows(self, reader: LineReader) -> Iterator[_Row]:
        """Yield the rows in order of time, columns found and numbers parsed."""
        columns: _Columns | None = None
        previous_ms = -1
        for text in reader:
            cells = _cells(reader, text)
            if columns is None:
                headed = not _is_number(cells[0])
                columns = _columns_of(reader, cells) if headed else _kline_columns(reader, cells)
                if headed:
                    continue
            row = self._row(reader, columns, cells)
            if row.open_ms <= previous_ms:
                what = "repeats the time of" if row.open_ms == previous_ms else "is earlier than"
                raise reader.error(
                    f"the row at {row.open_ms} {what} the row above it",
                    "sort the file by time and remove repeated rows",
                )
            previous_ms = row.open_ms
            yield row

    def _row(self, reader: LineReader, columns: _Columns, cells: list[str]) -> _Row:
        if len(cells) != columns.count:
            raise reader.error(
                f"the row has {len(cells)} columns, not {columns.count}",
                "the row is cut short or damaged; fetch it again",
            )
        if columns.symbol is not None and cells[columns.symbol].upper() != self._symbol.upper():
            raise reader.error(
                f"the row is of {shown(cells[columns.symbol])}, not {self._symbol}", "give a file of that symbol only"
            )
        try:
            return _Row(
                reader.line,
                parse_time_ms("open time", cells[columns.open_time]),
                None if columns.close_time is None else parse_time_ms("close time", cells[columns.close_time]),
                {name: parse_decimal(name, cells[place]) for name, place in columns.numbers},
            )
        except ValueError as error:
            raise reader.error(str(error), "correct or remove the row") from error


def _cells(reader: LineReader, text: str) -> list[str]:
    if '"' not in text:
        return [cell.strip() for cell in text.split(",")]
    try:
        return [cell.strip() for cell in next(csv.reader([text], strict=True))]
    except csv.Error as error:
        raise reader.error(f"the quoting is broken ({error})", "correct or remove the row") from error


def _is_number(cell: str) -> bool:
    return cell[:1].isdigit()


def _kline_columns(reader: LineReader, cells: list[str]) -> _Columns:
    if len(cells) != len(_KLINE_COLUMNS):
        raise reader.error(
            f"unknown layout: no column names, and {len(cells)} columns instead of {len(_KLINE_COLUMNS)}",
            _LAYOUT_ADVICE,
        )
    return _columns_of(reader, list(_KLINE_COLUMNS))


def _columns_of(reader: LineReader, cells: list[str]) -> _Columns:
    names = [cell.lower().replace(" ", "_") for cell in cells]
    known = {*_OPEN_TIME_NAMES, *_NUMBER_NAMES}
    if not known & set(names):
        raise reader.error(f"unknown layout: the first line was {shown(','.join(cells))}", _LAYOUT_ADVICE)
    open_time = next((name for name in _OPEN_TIME_NAMES if name in names), None)
    missing = [name for name in ("open_time" if open_time is None else open_time, *_NUMBER_NAMES) if name not in names]
    if missing:
        raise reader.error(f"missing column {', '.join(missing)}", _LAYOUT_ADVICE)
    for name in (*known, _CLOSE_TIME_NAME, "symbol"):
        if names.count(name) > 1:
            raise reader.error(f"column {name} appears {names.count(name)} times", "keep one of them")
    return _Columns(
        count=len(names),
        open_time=names.index(open_time or ""),
        numbers=tuple((name, names.index(name)) for name in _NUMBER_NAMES),
        close_time=names.index(_CLOSE_TIME_NAME) if _CLOSE_TIME_NAME in names else None,
        symbol=names.index("symbol") if "symbol" in names else None,
    )
