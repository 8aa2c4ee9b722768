"""The one way from text to number in market data: ASCII digits with at most one dot, nothing else."""

import re
from decimal import Decimal
from typing import Final

from ..quotes import LENGTH_MAX
from .errors import shown

_PLAIN: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_MILLISECONDS_DIGITS: Final = 13
_MICROSECONDS_DIGITS: Final = 16
_SECONDS_DIGITS: Final = 10


def parse_decimal(name: str, text: object) -> Decimal:
    """Return the exact value of a plain decimal such as `61800.30`.

    Raises `ValueError` naming the field for anything else: sign, exponent, NaN, infinity, underscore, blank, other
    digits than ASCII, a number that is not text, more than 40 characters.
    """
    if not isinstance(text, str) or len(text) > LENGTH_MAX or _PLAIN.fullmatch(text) is None:
        raise ValueError(f"{name} must be a plain decimal of at most {LENGTH_MAX} characters, was {shown(text)}")
    return Decimal(text)


def parse_time_ms(name: str, text: str) -> int:
    """Return a time since the epoch in milliseconds, from 13 digits (milliseconds) or 16 (microseconds, cut off).

    Raises `ValueError` for anything else; seconds (10 digits) are refused by name, as they cannot be told from a
    truncated number with certainty.
    """
    if text.isascii() and text.isdigit():
        if len(text) == _MILLISECONDS_DIGITS:
            return int(text)
        if len(text) == _MICROSECONDS_DIGITS:
            return int(text) // 1000
        if len(text) == _SECONDS_DIGITS:
            raise ValueError(f"{name} was {text}, which looks like seconds; multiply the column by 1000")
    raise ValueError(f"{name} must be milliseconds (13 digits) or microseconds (16 digits), was {shown(text)}")
