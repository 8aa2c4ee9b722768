"""Binance's error body, `{"code": -1121, "msg": "Invalid symbol."}`, read from whatever came instead of success."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

import attrs

from .call import WireAnswer

TEXT_LENGTH_MAX = 200
SERVICE_UNAVAILABLE = "Service Unavailable."
"""The one 503 text that excludes an execution; Binance has changed such texts before, so it is matched as a whole."""

_BAN_END = re.compile(r"banned until ([0-9]{13})\b", re.ASCII)
_CODE_MIN = -99_999


@attrs.frozen
class Problem:
    """What an answer says went wrong: the *code*, None when there is none, and the *text*, cut short and printable."""

    code: int | None
    text: str

    @property
    def banned_until_ms(self) -> int | None:
        """The end of the ban that the text of -1003 names, UTC milliseconds."""
        found = _BAN_END.search(self.text)
        return None if found is None else int(found[1])


def problem_of(body: object) -> Problem:
    """Read any JSON value; what is no error body has neither code nor text."""
    if not isinstance(body, Mapping):
        return Problem(None, "")
    row = cast("Mapping[object, object]", body)
    code, text = row.get("code"), row.get("msg")
    valid = isinstance(code, int) and not isinstance(code, bool) and _CODE_MIN <= code < 0
    return Problem(
        code=cast("int", code) if valid else None,
        text=printable(text) if isinstance(text, str) else "",
    )


def printable(text: str) -> str:
    """Return *text* on one line, without control characters, cut to `TEXT_LENGTH_MAX`: it may come from an enemy."""
    cut = text[:TEXT_LENGTH_MAX]
    return cut if cut.isprintable() else "".join(character if character.isprintable() else "?" for character in cut)


def retry_after_ms(answer: WireAnswer, now_ms: int) -> int | None:
    """Return how long the exchange asks us to wait: its Retry-After header (seconds), or the ban's end it names."""
    header = answer.header("Retry-After")
    if header is not None and header.isascii() and header.isdigit() and len(header) <= 7:
        return int(header) * 1000
    until = problem_of(answer.body).banned_until_ms
    return None if until is None else max(0, until - now_ms)
