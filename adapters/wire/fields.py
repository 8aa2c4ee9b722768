"""Strict reading of JSON values: each field has one type, and garbage is named, never guessed at."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar, cast

from ...domain.errors import ValidationError
from ...domain.numbers import decimal_of

Word = TypeVar("Word")

INTEGER_MAX = 2**63 - 1
TEXT_LENGTH_MAX = 1000


class ParseError(ValueError):
    """An answer was not of the shape its path promises; the text names field and problem, never the whole body."""


class Fields:
    """One JSON object, read field by field. Unknown fields are ignored: Binance adds some without notice.

    Every method raises `ParseError` for a missing or ill-typed field, unless it says otherwise.
    """

    def __init__(self, row: object, what: str) -> None:
        if not isinstance(row, Mapping):
            raise ParseError(f"{what}: must be a JSON object, was {type(row).__name__}")
        self._row = cast("Mapping[object, object]", row)
        self._what = what

    def has(self, name: str) -> bool:
        """Whether the field is there with any value but null and the empty text."""
        return self._row.get(name) not in (None, "")

    def text(self, name: str) -> str:
        """Return a text of at most `TEXT_LENGTH_MAX` characters; it may be empty."""
        value = self._row.get(name)
        if not isinstance(value, str):
            raise self._wrong(name, "a text", value)
        if len(value) > TEXT_LENGTH_MAX:
            raise ParseError(f"{self._what}.{name}: must have at most {TEXT_LENGTH_MAX} characters, was {len(value)}")
        return value

    def optional_text(self, name: str) -> str:
        """Return a text, empty when it is missing or null."""
        return self.text(name) if self.has(name) else ""

    def integer(self, name: str) -> int:
        """Return a whole number from 0 to 2^63 - 1."""
        value = self._row.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= INTEGER_MAX:
            raise self._wrong(name, "a whole number below 2^63", value)
        return value

    def integer_or(self, name: str, default: int) -> int:
        """Return a whole number, or *default* when it is missing, null or empty."""
        return self.integer(name) if self.has(name) else default

    def identifier(self, name: str) -> str:
        """Return a numeric id as text; Binance sends ids as integers, and some as texts of digits."""
        value = self._row.get(name)
        if isinstance(value, str) and 1 <= len(value) <= 19 and value.isascii() and value.isdigit():
            return value
        return str(self.integer(name))

    def decimal(self, name: str) -> Decimal:
        """Return an exact number; JSON floats are refused, because they no longer are what was sent."""
        value = self._row.get(name)
        try:
            return decimal_of(value, name)
        except ValidationError as error:
            raise ParseError(f"{self._what}.{error}") from error

    def optional_decimal(self, name: str) -> Decimal | None:
        """Return an exact number, or None when it is missing, null or empty."""
        return self.decimal(name) if self.has(name) else None

    def flag(self, name: str) -> bool:
        """Return a boolean, False when missing or null; Binance sends a few of them as the texts true and false."""
        value = self._row.get(name)
        if value is None:
            return False
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
        raise self._wrong(name, "true or false", value)

    def word(self, name: str, words: Mapping[str, Word]) -> Word:
        """Return what *words* gives for the text; a word it does not list is refused."""
        value = self.text(name)
        if value not in words:
            raise self._wrong(name, "one of " + ", ".join(words), value)
        return words[value]

    def _wrong(self, name: str, expected: str, value: object) -> ParseError:
        shown = ascii(value[:40]) if isinstance(value, str) else type(value).__name__
        return ParseError(f"{self._what}.{name}: must be {expected}, was {shown}")


def rows(body: object, what: str) -> tuple[object, ...]:
    """Return the elements of a JSON array."""
    if not isinstance(body, list):
        raise ParseError(f"{what}: must be a JSON array, was {type(body).__name__}")
    return tuple(cast("list[object]", body))
