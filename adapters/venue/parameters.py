"""Reading the parameters of one request: presence, alphabet and type, each failure with Binance's code."""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final

from .refusals import Refused

NUMBER_RANGE: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
INTEGER_RANGE: Final = "^[0-9]{1,20}$"
CLIENT_ID_RANGE: Final = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"
CLIENT_ID_LENGTH_MAX: Final = 36
INTEGER_LENGTH_MAX: Final = 19

_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)
_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}", re.ASCII)


class Parameters:
    """The parameters of one request, by Binance's names, all values texts as they came off the wire."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def has(self, name: str) -> bool:
        """Say whether *name* was sent at all."""
        return name in self._values

    def text(self, name: str) -> str:
        """Return a mandatory text; -1102 when it is missing or empty, naming it in lower case as Binance does."""
        value = self._values.get(name, "")
        if not value:
            raise Refused(-1102, name.lower())
        return value

    def optional(self, name: str) -> str | None:
        """Return an optional text; -1105 when it was sent empty."""
        value = self._values.get(name)
        if value == "":
            raise Refused(-1105, name)
        return value

    def choice(self, name: str, allowed: Collection[str], code: int, default: str | None = None) -> str:
        """Return one of the *allowed* words, else refuse with *code*; without a *default* the word is mandatory."""
        value = self.text(name) if default is None else self.optional(name)
        if value is None:
            value = default
        if value not in allowed:
            raise Refused(code)
        return str(value)

    def flag(self, name: str) -> bool:
        """Return an optional "true" or "false", False when absent; -1130 for any other word."""
        value = self.optional(name)
        if value is None:
            return False
        if value.lower() not in ("true", "false"):
            raise Refused(-1130, name)
        return value.lower() == "true"

    def mandatory_flag(self, name: str) -> bool:
        """Return a mandatory "true" or "false"."""
        self.text(name)
        return self.flag(name)

    def number(self, name: str) -> Decimal:
        """Return a mandatory fixed-point number, sign allowed; -1100 for exponents, blanks and anything else."""
        value = self.text(name)
        if not _NUMBER.fullmatch(value):
            raise Refused(-1100, name, NUMBER_RANGE)
        return Decimal(value)

    def integer(self, name: str, default: int | None = None) -> int:
        """Return a whole number of at most 19 digits; without a *default* it is mandatory."""
        value = self.text(name) if default is None else self.optional(name)
        if value is None:
            return int(default or 0)
        if not (value.isascii() and value.isdigit() and len(value) <= INTEGER_LENGTH_MAX):
            raise Refused(-1100, name, INTEGER_RANGE)
        return int(value)

    def optional_integer(self, name: str) -> int | None:
        """Return an optional whole number."""
        return None if self.optional(name) is None else self.integer(name)

    def limit(self, default: int, most: int) -> int:
        """Return the page size; -1130 when it is not within 1 and *most*."""
        value = self.integer("limit", default)
        if not 1 <= value <= most:
            raise Refused(-1130, "limit")
        return value

    def client_id(self, name: str) -> str | None:
        """Return an optional client id; -4015 when too long, -1100 for a character outside Binance's alphabet."""
        value = self.optional(name)
        if value is None:
            return None
        if len(value) > CLIENT_ID_LENGTH_MAX:
            raise Refused(-4015)
        if not _CLIENT_ID.fullmatch(value):
            raise Refused(-1100, name, CLIENT_ID_RANGE)
        return value

    def refuse(self, *names: str) -> None:
        """Refuse with -1106 when any of *names* was sent; Binance answers with the name in lower case."""
        for name in names:
            if name in self._values:
                raise Refused(-1106, name.lower())
