"""Texts that nobody may see by accident."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NoReturn

HIDDEN: Final = "(hidden)"


class Secret:
    """A text without a repr, a str, a pickle, a copy or an equality: only `reveal` gives it back."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def of(cls, text: str | Secret) -> Secret:
        """Return *text* as a secret; one that already is stays itself."""
        return text if isinstance(text, Secret) else cls(text)

    def reveal(self) -> str:
        """Return the text. Whoever calls this keeps it out of every log, exception and local variable that lives on."""
        return self._text

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __format__(self, specification: str) -> str:
        return HIDDEN

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is neither copied nor pickled")


class Variables:
    """Environment variables of which nothing shows: they may hold a secret, and tracebacks can show local variables."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @classmethod
    def of(cls, values: Mapping[str, str] | Variables) -> Variables:
        """Return *values* as variables that do not show; those that already are stay themselves."""
        return values if isinstance(values, Variables) else cls(values)

    def get(self, name: str) -> Secret | None:
        """Return the value of *name*; None when it is missing or empty."""
        value = self._values.get(name)
        return Secret(value) if value else None

    def text(self, name: str) -> str | None:
        """Return the value of *name* that is no secret; None when it is missing or empty."""
        return self._values.get(name) or None

    def __repr__(self) -> str:
        return HIDDEN
