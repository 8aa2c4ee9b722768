"""JSON as people write signals in it: every digit is kept, and nothing is said twice."""

from __future__ import annotations

import json


def read_exact(text: str | bytes) -> object:
    """Return the value that *text* holds; numbers stay texts, for as a float 0.1 would be another number.

    Raises:
        ValueError: it was no JSON, or an object names a field twice; the text says which.
    """
    try:
        value: object = json.loads(
            text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_each_once
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field appears twice")
    return fields
