"""From the bytes of an answer to a value that can be believed, or to the fact that it cannot."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

from ..wire.call import AnswerLostError, WireAnswer
from ..wire.problem import SERVICE_UNAVAILABLE
from .strict_json import JsonError, parse, parse_large

_GZIP_WINDOW: Final = 31
_KEPT_PREFIX: Final = "x-mbx-"
_KEPT: Final = frozenset({"retry-after"})


def answer_of(
    status: int, headers: Iterable[tuple[str, str]], data: bytes, *, size_max: int, large: bool = False
) -> WireAnswer | AnswerLostError:
    """Return the answer that *status*, *headers* and the body's bytes amount to.

    A success must be strict JSON, or it is no answer. Anything else keeps its status whatever its body is: a proxy's
    error page says enough by its status. Of such a page nothing is kept, for it may repeat what was sent, but for the
    one text that decides what a 503 means.

    Args:
        status: the HTTP status.
        headers: names in lower case; those that tell limits and pauses are kept.
        data: the body as received.
        size_max: the longest body, unpacked, that is looked at.
        large: whether it is the one body of megabytes.
    """
    if not 200 <= status <= 599:
        return AnswerLostError(f"HTTP {status} is no final answer")
    named = list(headers)
    try:
        plain = _unpacked(data, [value for name, value in named if name == "content-encoding"], size_max)
        body = parse_large(plain) if large else parse(plain)
    except JsonError as error:
        if status < 300:
            return AnswerLostError(f"HTTP {status}, but the body cannot be believed: {error}")
        body = {"msg": SERVICE_UNAVAILABLE} if data.strip() == SERVICE_UNAVAILABLE.encode() else None
    kept = {name: value for name, value in named if name.startswith(_KEPT_PREFIX) or name in _KEPT}
    return WireAnswer(status, body, kept)


def _unpacked(data: bytes, encodings: list[str], size_max: int) -> bytes:
    """Return the body without its compression."""
    if len(data) > size_max:
        raise JsonError("it was too large")
    encoding = ",".join(encodings).strip().lower()
    if encoding in ("", "identity"):
        return data
    if encoding != "gzip":
        raise JsonError("it was packed in a way we did not ask for")
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = unpacker.decompress(data, size_max + 1)
    except zlib.error:
        raise JsonError("it was no gzip") from None
    if len(plain) > size_max:
        raise JsonError("it was too large")
    if not unpacker.eof or unpacker.unused_data:
        raise JsonError("its gzip had no proper end")
    return plain
