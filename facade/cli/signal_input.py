"""One signal as a person or a program hands it in: options, or one JSON object."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, NoReturn

import attrs

from surefill.cli.exact_json import read_exact
from surefill.cli.moments import moment_of, parse_moment
from surefill.domain.errors import ConfigurationError, ValidationError
from surefill.domain.numbers import plain, positive
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal

STDIN: Final = "-"
FIELDS: Final = ("id", "symbol", "type", "quantity", "stop_loss", "take_profit", "created_at", "valid_until")
REQUIRED: Final = FIELDS[:3]
BYTES_MAX: Final = 65_536


@attrs.frozen
class Asked:
    """A signal, and how much of it: base units, None for a close of all that is ours."""

    signal: Signal
    quantity: Decimal | None

    def __str__(self) -> str:
        """Say it as a trader would."""
        signal = self.signal
        words = [signal.type.value, "all" if self.quantity is None else plain(self.quantity), signal.symbol]
        if signal.stop_loss is not None:
            words.append(f"stop {plain(signal.stop_loss)}")
        if signal.take_profit is not None:
            words.append(f"target {plain(signal.take_profit)}")
        return " ".join(words)


def read_asked(source: str) -> Asked:
    """Return the signal in the file *source*; ``-`` is standard input.

    The file holds one JSON object with the names of `FIELDS`; numbers are texts or JSON numbers, whose digits are taken
    as they stand; times are ISO 8601 with a zone, or UTC milliseconds.

    Raises:
        ConfigurationError: it cannot be read, or is no such object; with file and reason.
        ValidationError: a value is unusable.
    """
    try:
        with sys.stdin.buffer if source == STDIN else Path(source).open("rb") as file:
            content = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise ConfigurationError(f"{source}: cannot be read: {error.strerror}") from error
    name = "standard input" if source == STDIN else source
    if len(content) > BYTES_MAX:
        _fail(name, f"a signal has at most {BYTES_MAX} bytes")
    return parse_asked(_object(name, content), name)


def parse_asked(fields: Mapping[str, object], source: str) -> Asked:
    """Return the signal that *fields* describe; what is None counts as left out.

    Raises:
        ConfigurationError, ValidationError: as `read_asked` says.
    """
    unknown = [name for name in fields if name not in FIELDS]
    if unknown:
        _fail(source, f"unknown field {unknown[0][:40]!a}; the fields are {', '.join(FIELDS)}")
    missing = [name for name in REQUIRED if fields.get(name) is None]
    if missing:
        _fail(source, f"missing {', '.join(missing)}")
    texts = {name: fields[name] for name in REQUIRED}
    wrong = [name for name, value in texts.items() if not isinstance(value, str)]
    if wrong:
        _fail(source, f"{wrong[0]} must be text, was {type(texts[wrong[0]]).__name__}")
    try:
        kind = SignalType(texts["type"])
    except ValueError:
        _fail(source, f"type must be one of {', '.join(SignalType.__members__)}, was {str(texts['type'])[:40]!a}")
    signal = Signal(
        id=str(texts["id"]),
        symbol=str(texts["symbol"]),
        type=kind,
        stop_loss=_number(fields, "stop_loss"),
        take_profit=_number(fields, "take_profit"),
        created_at=_moment(fields, "created_at"),
        valid_until=_moment(fields, "valid_until"),
    )
    return Asked(signal, _number(fields, "quantity"))


def _object(source: str, content: bytes) -> Mapping[str, object]:
    try:
        fields = read_exact(content)
    except ValueError as error:
        _fail(source, f"it was no JSON ({error})")
    if not isinstance(fields, dict):
        _fail(source, f"it must hold one JSON object, was {type(fields).__name__}")
    return fields


def _number(fields: Mapping[str, object], name: str) -> Decimal | None:
    value = fields.get(name)
    return None if value is None else positive(value, name)


def _moment(fields: Mapping[str, object], name: str) -> datetime | None:
    value = fields.get(name)
    if value is None:
        return None
    try:
        return moment_of(parse_moment(value))
    except ValueError as error:
        raise ValidationError(name, str(error)) from error


def _fail(source: str, reason: str) -> NoReturn:
    raise ConfigurationError(f"{source}: {reason}")
