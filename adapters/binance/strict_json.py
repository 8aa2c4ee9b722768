"""JSON as Binance sends it, and nothing that merely looks like it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Final, NoReturn

DEPTH_MAX: Final = 32
NUMBER_LENGTH_MAX: Final = 40
"""The longest number looked at, in characters; Binance's longest integers have 19 digits."""
_EXPONENT_LENGTH_MAX: Final = 3


class JsonError(ValueError):
    """A body was no JSON, or JSON that nobody should believe; the text never shows the body."""


def parse(data: bytes) -> object:
    """Return the JSON value that *data* is.

    Numbers with decimals become `Decimal`, never floats. NaN, infinities, duplicate names, byte order marks, numbers of
    more than `NUMBER_LENGTH_MAX` characters and nesting beyond `DEPTH_MAX` are refused.

    Raises:
        JsonError: *data* is no such value.
    """
    value = _decoded(data, _STRICT)
    if data.count(b"{") + data.count(b"[") > DEPTH_MAX:  # fewer cannot be nested more deeply
        _check_depth(value)
    return value


def parse_large(data: bytes) -> object:
    """Return the JSON value that *data* is, checking only what costs nothing on a body of megabytes.

    As `parse`, but a duplicate name keeps its last value, and nesting is bounded by the interpreter's recursion limit.

    Raises:
        JsonError: *data* is no such value.
    """
    return _decoded(data, _QUICK)


def _decoded(data: bytes, decoder: json.JSONDecoder) -> object:
    try:
        return decoder.decode(data.decode("utf-8"))
    except JsonError:
        raise
    except UnicodeDecodeError:
        problem = "it was not UTF-8"
    except RecursionError:
        problem = "it was nested too deeply"
    except ValueError:  # among them JSONDecodeError, which carries the whole body
        problem = "it was no JSON"
    raise JsonError(problem)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise JsonError("a name stood in it twice")
    return row


def _constant(_: str) -> NoReturn:
    raise JsonError("a number in it was not finite")


def _integer(text: str) -> int:
    if len(text) > NUMBER_LENGTH_MAX:
        raise JsonError("a number in it was too long")
    return int(text)


def _decimal(text: str) -> Decimal:
    exponent = text.lower().partition("e")[2].lstrip("+-")
    if len(text) > NUMBER_LENGTH_MAX or len(exponent) > _EXPONENT_LENGTH_MAX:
        raise JsonError("a number in it was too long")
    return Decimal(text)


def _check_depth(value: object) -> None:
    level: list[object] = [value]
    for _ in range(DEPTH_MAX):
        inner: list[object] = []
        for one in level:
            values = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
            inner.extend(each for each in values if isinstance(each, dict | list))
        if not inner:
            return
        level = inner
    raise JsonError("it was nested too deeply")


_STRICT: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_decimal, parse_int=_integer
)
_QUICK: Final = json.JSONDecoder(parse_constant=_constant, parse_float=_decimal)
