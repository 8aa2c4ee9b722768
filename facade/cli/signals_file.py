"""Signals in a file: JSON Lines or CSV, checked to the last line before anything is done with the first."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import attrs

from surefill.cli.exact_json import read_exact
from surefill.cli.moments import moment_of, parse_moment
from surefill.domain.errors import ValidationError
from surefill.domain.numbers import positive
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal
from surefill.wiring import FeedError, LineReader

COLUMNS: Final = ("id", "at", "symbol", "type", "quantity", "stop_loss", "take_profit")
REQUIRED: Final = COLUMNS[:4]
"""What every line must hold; the rest may be empty, or left out in JSON."""

T = TypeVar("T")

_LAYOUT: Final = f"the columns are {', '.join(COLUMNS)}"


@attrs.frozen
class TimedSignal:
    """One line of the file.

    Attributes:
        at_ms: when it is carried out, UTC milliseconds.
        signal: the decision; `created_at` is the same moment.
        quantity: base units; None closes all.
        line: where it stands in the file.
    """

    at_ms: int
    signal: Signal
    quantity: Decimal | None
    line: int


def read_signals(path: Path | str, symbol: str) -> tuple[TimedSignal, ...]:
    """Return the signals in the file at *path*, all of *symbol*, in the order of the file.

    A file whose first line begins with a brace is JSON Lines, any other CSV with the column names in its first line.
    Numbers are plain decimals, as text or as JSON numbers, whose digits are taken as they stand. A line whose id stood
    above with the same contents is a repetition of that decision, and is kept.

    Raises:
        FeedError: with file and line, for whatever is missing, unknown, unreadable, unsorted, of another symbol, or an
            id with other contents.
    """
    reader = LineReader(path)
    signals: list[TimedSignal] = []
    first: dict[str, TimedSignal] = {}
    for fields in _records(reader):
        timed = _signal(reader, fields, symbol)
        if signals and timed.at_ms < signals[-1].at_ms:
            _fail(reader, f"at is earlier than the line above it ({signals[-1].line})", "sort the file by at")
        before = first.setdefault(timed.signal.id, timed)
        if before.signal.digest(before.quantity) != timed.signal.digest(timed.quantity):
            reason = f"id {timed.signal.id!a} stood in line {before.line} with other contents"
            _fail(reader, reason, "give a new decision a new id")
        signals.append(timed)
    if not signals:
        raise FeedError(path, max(reader.line, 1), "the file holds no signal", _LAYOUT)
    return tuple(signals)


def _records(reader: LineReader) -> Iterator[Mapping[str, object]]:
    """Yield the fields of each line by column name."""
    lines = iter(reader)
    head = next(lines, None)
    if head is None:
        return
    if head.lstrip().startswith("{"):
        yield _object(reader, head)
        for line in lines:
            yield _object(reader, line)
        return
    names = _names(reader, head)
    for line in lines:
        cells = _cells(reader, line)
        if len(cells) != len(names):
            _fail(reader, f"the row has {len(cells)} columns, not {len(names)}", "mend or remove the row")
        yield dict(zip(names, cells, strict=True))


def _names(reader: LineReader, head: str) -> list[str]:
    names = _cells(reader, head)
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        _fail(reader, f"missing column {', '.join(missing)}", _LAYOUT)
    _check_known(reader, names)
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        _fail(reader, f"column {repeated} appears {names.count(repeated)} times", "keep one of them")
    return names


def _cells(reader: LineReader, line: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error as error:
        _fail(reader, f"the quoting is broken ({error})", "mend or remove the row")


def _object(reader: LineReader, line: str) -> Mapping[str, object]:
    try:
        fields = read_exact(line)
    except ValueError as error:
        _fail(reader, f"the line was no JSON ({error})", "write one JSON object a line")
    if not isinstance(fields, dict):
        _fail(reader, "the line was no JSON object", "write one JSON object a line")
    _check_known(reader, fields)
    missing = [name for name in REQUIRED if name not in fields]
    if missing:
        _fail(reader, f"missing column {', '.join(missing)}", _LAYOUT)
    return fields


def _check_known(reader: LineReader, names: list[str] | dict[str, object]) -> None:
    unknown = next((name for name in names if name not in COLUMNS), None)
    if unknown is not None:
        _fail(reader, f"unknown column {unknown[:40]!a}", _LAYOUT)


def _signal(reader: LineReader, fields: Mapping[str, object], symbol: str) -> TimedSignal:
    for name in REQUIRED:
        if fields[name] in (None, ""):
            _fail(reader, f"{name} was empty", "mend or remove the line")
    if fields["symbol"] != symbol:
        _fail(reader, f"the signal is of {str(fields['symbol'])[:40]!a}, not {symbol}", "give signals of one symbol")
    at_ms = _read(reader, "at", lambda: parse_moment(fields["at"]))
    kind = _read(reader, "type", lambda: _type(fields["type"]))
    quantity, stop_loss, take_profit = (_read_number(reader, fields, name) for name in COLUMNS[4:])
    if quantity is None and kind.is_entry:
        _fail(reader, "quantity was empty", "an entry needs one, in base units; only closes may leave it out")
    identity = fields["id"]
    if not isinstance(identity, str):
        _fail(reader, f"id must be text, was {type(identity).__name__}", "mend or remove the line")
    try:
        signal = Signal(
            id=identity,
            symbol=symbol,
            type=kind,
            stop_loss=stop_loss,
            take_profit=take_profit,
            created_at=moment_of(at_ms),
        )
    except ValidationError as error:
        _fail(reader, str(error), "mend or remove the line")
    return TimedSignal(at_ms, signal, quantity, reader.line)


def _type(value: object) -> SignalType:
    try:
        return SignalType(value)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(SignalType.__members__)}, was {str(value)[:40]!a}") from None


def _read_number(reader: LineReader, fields: Mapping[str, object], name: str) -> Decimal | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    return _read(reader, None, lambda: positive(value, name))


def _read(reader: LineReader, name: str | None, parse: Callable[[], T]) -> T:
    try:
        return parse()
    except ValueError as error:
        _fail(reader, str(error) if name is None else f"{name} {error}", "mend or remove the line")


def _fail(reader: LineReader, reason: str, advice: str) -> NoReturn:
    raise reader.error(reason, advice)
