"""Answers as bytes, read as the adapter of the real exchange reads them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias, cast

import attrs

from surefill.adapters.binance.answer import answer_of
from surefill.adapters.binance.channel import BODY_MAX, LARGE_BODY_MAX, LARGE_PATH, READ_BODY_MAX
from surefill.adapters.binance.outcome import words
from surefill.adapters.binance.reading import BadAnswerError, read_answer
from surefill.adapters.wire.call import AnswerLostError, Call, Result, WireAnswer

Garble: TypeAlias = Callable[[bytes], bytes]
"""From the JSON the exchange meant to send to all the bytes of an HTTP answer."""
Change: TypeAlias = Callable[[dict[str, object]], Mapping[str, object]]
"""From one object of an answer to another one."""
_REASONS: Final = {200: "OK", 408: "Request Timeout", 500: "Internal Server Error", 502: "Bad Gateway"}


@attrs.define
class _Pieces:
    """A connection that holds so many bytes and is closed then."""

    left: bytes

    def recv(self, bufsize: int, /) -> bytes:
        """Return some of them."""
        taken, self.left = self.left[:bufsize], self.left[bufsize:]
        return taken


def http(body: bytes, *, status: int = 200, length: int | None = None, headers: Iterable[str] = ()) -> bytes:
    """Return the bytes of an answer; *length* is what its header says, the truth by default."""
    first = f"HTTP/1.1 {status} {_REASONS.get(status, 'x')}"
    said = len(body) if length is None else length
    head = "\r\n".join((first, f"Content-Length: {said}", *headers))
    return head.encode("latin-1") + b"\r\n\r\n" + body


def read(raw: bytes, call: Call) -> Result:
    """Return what the real adapter makes of these bytes in answer to *call*."""
    large = call.path == LARGE_PATH
    size_max = BODY_MAX if call.changes else LARGE_BODY_MAX if large else READ_BODY_MAX
    try:
        answer = read_answer(_Pieces(raw), size_max)
    except BadAnswerError as error:
        return AnswerLostError(words(error))
    return answer_of(answer.status, answer.headers, answer.body, size_max=size_max, large=large)


def success_as(garble: Garble) -> Callable[[Call, Result], Result]:
    """Show every success as these bytes."""

    def shown(call: Call, result: Result) -> Result:
        if not isinstance(result, WireAnswer) or not result.ok:
            return result
        return read(garble(plain(result.body)), call)

    return shown


def anything_as(raw: bytes) -> Callable[[Call, Result], Result]:
    """Show these bytes whatever came."""

    def shown(call: Call, result: Result) -> Result:
        del result
        return read(raw, call)

    return shown


def rows_as(change: Change) -> Callable[[Call, Result], Result]:
    """Show every object of a success changed; without any, as another fault may have left it, it stays as it is."""

    def shown(call: Call, result: Result) -> Result:
        del call
        if not isinstance(result, WireAnswer) or not result.ok:
            return result
        rows = cast("list[object]", result.body) if isinstance(result.body, list) else [result.body]
        if not any(_is_object(row) for row in rows):
            return result
        changed = [change(dict(cast("dict[str, object]", row))) if _is_object(row) else row for row in rows]
        body = changed if isinstance(result.body, list) else changed[0]
        return WireAnswer(result.status, body, result.headers)

    return shown


def _is_object(row: object) -> bool:
    return isinstance(row, Mapping) and bool(cast("Mapping[str, object]", row))


def plain(body: object) -> bytes:
    """Return *body* as the exchange would write it."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
