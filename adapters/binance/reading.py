"""HTTP/1.1 answers, read strictly: what two readers could understand differently is not an answer.

The rules are those of RFC 9112, without what no exchange needs: folded headers, two ways of framing at once, lengths
that disagree, transfer codings other than chunked.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

import attrs

HEAD_MAX: Final = 65_536
HEADERS_MAX: Final = 100
GO_ONS_MAX: Final = 8
"""So many interim answers (100) are passed over before the final one."""
_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([0-9]{3})(?: [^\r\n]*)?", re.ASCII)
_HEADER: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]++):[ \t]*+([^\r\n]*+)\r\n", re.ASCII)
_HEADERS: Final = re.compile(f"(?:{_HEADER.pattern})*+", re.ASCII)
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[^\r\n]*)?", re.ASCII)
_LINE_MAX: Final = 8_192
_PIECE: Final = 4_096
"""Asked for at a time: most answers are shorter."""
_PIECE_MAX: Final = 65_536
_FRAMING: Final = ("transfer-encoding", "content-length", "connection")
_BODILESS: Final = frozenset({204, 304})


class BadAnswerError(Exception):
    """The bytes were no answer, were cut short, or were more than allowed. Its text shows none of them."""


class Source(Protocol):
    """What bytes come from."""

    def recv(self, bufsize: int, /) -> bytes:
        """Return some bytes, none at the end."""
        ...


@attrs.frozen
class HttpAnswer:
    """One answer, all of it.

    Attributes:
        status: as received; it may be none that is final.
        headers: names in lower case, and values.
        body: still packed, if it came packed.
        reusable: whether the connection is free for the next request.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    reusable: bool


def read_answer(source: Source, size_max: int) -> HttpAnswer:
    """Return the next answer from *source*, whose body has at most *size_max* bytes.

    Raises:
        BadAnswerError: there is none.
        OSError: *source* failed.
    """
    inbox = _Inbox(source)
    version, status, headers = _head(inbox.through(b"\r\n\r\n", HEAD_MAX))
    for _ in range(GO_ONS_MAX - 1):
        if status != 100:
            break
        version, status, headers = _head(inbox.through(b"\r\n\r\n", HEAD_MAX))
    values: dict[str, list[str]] = {name: [] for name in _FRAMING}
    for name, value in headers:
        if name in values:
            values[name].append(value)
    ended_by_close = False
    if status < 200 or status in _BODILESS:
        body = b""
    elif values["transfer-encoding"]:
        if values["content-length"] or [each.lower() for each in values["transfer-encoding"]] != ["chunked"]:
            raise BadAnswerError("its framing was ambiguous")
        body = _chunks(inbox, size_max)
    elif values["content-length"]:
        body = inbox.exactly(_length(values["content-length"], size_max))
    else:
        body, ended_by_close = inbox.everything(size_max), True
    closing = any("close" in each.lower() for each in values["connection"])
    reusable = version == 1 and not (closing or ended_by_close or inbox.surplus or status < 200)
    return HttpAnswer(status, headers, body, reusable)


def _head(data: bytes) -> tuple[int, int, tuple[tuple[str, str], ...]]:
    first, _, rest = data.partition(b"\r\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise BadAnswerError("it was no HTTP")
    lines = rest.decode("latin-1").removesuffix("\r\n")
    if _HEADERS.fullmatch(lines) is None:
        raise BadAnswerError("a header was malformed")
    found: list[tuple[str, str]] = _HEADER.findall(lines)
    if len(found) > HEADERS_MAX:
        raise BadAnswerError("it had too many headers")
    headers = tuple([(name.lower(), value.rstrip(" \t")) for name, value in found])
    return int(status[1]), int(status[2]), headers


def _length(values: list[str], size_max: int) -> int:
    value = values[0]
    if any(each != value for each in values) or not (value.isascii() and value.isdigit() and len(value) <= 12):
        raise BadAnswerError("its length was ambiguous")
    if int(value) > size_max:
        raise BadAnswerError("it was too large")
    return int(value)


def _chunks(inbox: _Inbox, size_max: int) -> bytes:
    body = bytearray()
    while True:
        size = _CHUNK.fullmatch(inbox.through(b"\r\n", _LINE_MAX).removesuffix(b"\r\n"))
        if size is None:
            raise BadAnswerError("a chunk was malformed")
        length = int(size[1], 16)
        if len(body) + length > size_max:
            raise BadAnswerError("it was too large")
        if length == 0:
            break
        body += inbox.exactly(length)
        if inbox.exactly(2) != b"\r\n":
            raise BadAnswerError("a chunk was malformed")
    for _ in range(HEADERS_MAX):
        if inbox.through(b"\r\n", _LINE_MAX) == b"\r\n":
            return bytes(body)
    raise BadAnswerError("it had too many headers")


class _Inbox:
    """Bytes received and not yet read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._data = bytearray()

    @property
    def surplus(self) -> bool:
        """Whether something came behind what was read."""
        return bool(self._data)

    def through(self, end: bytes, most: int) -> bytes:
        """Return what comes up to *end*, which is included."""
        searched = 0
        while (found := self._data.find(end, searched)) < 0:
            if len(self._data) > most:
                break
            searched = max(0, len(self._data) - len(end) + 1)
            self._more(_PIECE)
        if not 0 <= found <= most:
            raise BadAnswerError("a part of it had no end")
        return self._take(found + len(end))

    def exactly(self, length: int) -> bytes:
        """Return the next *length* bytes."""
        while (missing := length - len(self._data)) > 0:
            self._more(min(max(missing, _PIECE), _PIECE_MAX))
        return self._take(length)

    def everything(self, most: int) -> bytes:
        """Return what comes up to the end of the connection."""
        while len(self._data) <= most and (piece := self._source.recv(_PIECE_MAX)):
            self._data += piece
        if len(self._data) > most:
            raise BadAnswerError("it was too large")
        return self._take(len(self._data))

    def _more(self, most: int) -> None:
        piece = self._source.recv(most)
        if not piece:
            raise BadAnswerError("it was cut short")
        self._data += piece

    def _take(self, length: int) -> bytes:
        taken = bytes(self._data[:length])
        del self._data[:length]
        return taken
