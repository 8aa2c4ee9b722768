"""The parameters of a request, from the bytes of its query string and of its body (Binance docs: General Info)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

import attrs

from ..venue.refusals import Refused

SIGNATURE = "signature"

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_RANGE = "UTF-8, percent-encoded"


@attrs.frozen
class Form:
    """What a request asks for.

    Attributes:
        params: by name, decoded, in the order sent, without the signature. A name that is both in the query string and
            in the body counts as the query string has it (Binance docs: General Info).
        signature: as sent; None when it was not.
        problem: why the parameters are refused as a whole, or None. Then *params* holds what could be read.
    """

    params: Mapping[str, str]
    signature: str | None
    problem: Refused | None


def read_form(query: bytes, body: bytes) -> Form:
    """Read the parameters; a name twice in one place is -1101, what is no text in UTF-8 is -1100."""
    problem: Refused | None = None
    params: dict[str, str] = {}
    for part in (query, body):
        seen: set[str] = set()
        for pair in part.split(b"&"):
            if not pair:
                continue
            raw_name, _, raw_value = pair.partition(b"=")
            name, value = _text(raw_name), _text(raw_value)
            if name is None or value is None:
                problem = problem or Refused(-1100, name or "?", _RANGE)
                continue
            if name in seen:
                problem = problem or Refused(-1101)
                continue
            seen.add(name)
            params.setdefault(name, value)
    signature = params.pop(SIGNATURE, None)
    return Form(params, signature, problem)


def signed_bytes(query: bytes, body: bytes) -> bytes | None:
    """Return what the signature was made over: query string and body, joined by nothing, without the signature.

    None when the signature is not the last parameter, as it must be.
    """
    head, found, tail = (body or query).rpartition(SIGNATURE.encode() + b"=")
    if not found or b"&" in tail or not (head == b"" or head.endswith(b"&")):
        return None
    rest = head.removesuffix(b"&")
    return query + rest if body else rest


def _text(raw: bytes) -> str | None:
    if _BROKEN_ESCAPE.search(raw):
        return None
    try:
        return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        return None
