"""HTTP/1.1 messages as values: a request read strictly, and an answer (RFC 9112)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

import attrs

FORM = "application/x-www-form-urlencoded"
METHODS = ("GET", "POST", "PUT", "DELETE")

_REQUEST_LINE = re.compile(
    rb"([A-Za-z]{1,16}) (/[\x21\x22\x24-\x3e\x40-\x7e]*)(?:\?([\x21\x22\x24-\x7e]*))? HTTP/1\.([01])"
)
_ANY_REQUEST_LINE = re.compile(rb"[A-Za-z]+ \S+ HTTP/[0-9]\.[0-9]")
_HEADER_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_LENGTH = re.compile(r"[0-9]{1,10}")
_ONCE = frozenset({"host", "content-length", "content-type", "transfer-encoding", "x-mbx-apikey"})


class HttpError(Exception):
    """A request that is refused as HTTP, before anybody asks what it wants; the connection ends with the answer.

    Attributes:
        status: of the answer.
        problem: in words, for the person who wrote the client.
    """

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(f"{status} {problem}")
        self.status = status
        self.problem = problem


@attrs.frozen
class HttpRequest:
    """One request as it came: *query* and *body* are the very bytes that were signed.

    Attributes:
        method: in capitals.
        path: of the target, not decoded.
        query: what stood after the question mark, without it.
        headers: name in lower case and value, in order.
        body: empty when there was none.
        persistent: whether the client wants to use the connection again.
    """

    method: str
    path: str
    query: bytes = attrs.field(default=b"", repr=False)
    headers: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    body: bytes = attrs.field(default=b"", repr=False)
    persistent: bool = True

    def header(self, name: str) -> str | None:
        """Return the first header of that name, in lower case, or None."""
        return next((value for key, value in self.headers if key == name), None)


@attrs.frozen
class HttpAnswer:
    """One answer, complete but for what the connection adds."""

    status: int
    body: bytes
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    content_type: str = "application/json"

    @classmethod
    def of(cls, error: HttpError) -> HttpAnswer:
        """Say as text, as a web server in front of an exchange does, what was wrong; such answers carry no code."""
        text = f"{error.status} {_phrase(error.status)}: {error.problem}\n"
        return cls(error.status, text.encode(), content_type="text/plain; charset=utf-8")

    def to_bytes(self, *, persistent: bool) -> bytes:
        """Return the bytes to send."""
        lines = [
            f"HTTP/1.1 {self.status} {_phrase(self.status)}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            f"Connection: {'keep-alive' if persistent else 'close'}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + self.body


def parse_head(head: bytes) -> HttpRequest:
    """Read request line and headers, without the empty line that ends them.

    Raises:
        HttpError: 400 for what is no HTTP/1.1 request, 405 for a method the exchange does not know, 501 for a coded
            body, 505 for another version.
    """
    line, *fields = head.split(b"\r\n")
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        if _ANY_REQUEST_LINE.fullmatch(line) and not line.endswith((b"HTTP/1.1", b"HTTP/1.0")):
            raise HttpError(505, "send HTTP/1.1")
        raise HttpError(400, "the request line must be: METHOD /path?query HTTP/1.1")
    method, path, query, minor = (part.decode("ascii") for part in (*match.group(1, 2), match[3] or b"", match[4]))
    if method not in METHODS:
        raise HttpError(405, f"the method must be one of {', '.join(METHODS)}")
    headers = tuple(_header(field) for field in fields)
    for name in _ONCE:
        if sum(1 for key, _ in headers if key == name) > 1:
            raise HttpError(400, f"the header {name} came more than once")
    wishes = ",".join(value.lower() for name, value in headers if name == "connection")
    tokens = {token.strip() for token in wishes.split(",")}
    persistent = "close" not in tokens if minor == "1" else "keep-alive" in tokens
    request = HttpRequest(method, path, query.encode(), headers, persistent=persistent)
    if request.header("transfer-encoding") is not None:
        raise HttpError(501, "send the body whole, with a Content-Length")
    return request


def body_length(request: HttpRequest, most: int) -> int:
    """Return how many bytes of body follow.

    Raises:
        HttpError: 400 for a length that is no number, or a body that has no place; 413 above *most*; 415 for a body
            that is no form.
    """
    text = request.header("content-length")
    if text is None:
        return 0
    if not _LENGTH.fullmatch(text):
        raise HttpError(400, "the Content-Length must be a number")
    length = int(text)
    if length > most:
        raise HttpError(413, f"the body may have {most} bytes")
    if length and request.method == "GET":
        raise HttpError(400, "parameters of a GET belong into the query string, not into a body")
    kind = request.header("content-type")
    if length and kind is not None and kind.partition(";")[0].strip().lower() != FORM:
        raise HttpError(415, f"a body must be {FORM}")
    return length


def _header(field: bytes) -> tuple[str, str]:
    name, colon, value = field.partition(b":")
    if not colon or not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
        raise HttpError(400, "a header must be: Name: value")
    return name.decode("ascii").lower(), value.strip(b" \t").decode("latin-1")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unassigned"
