"""What is HTTP and what is not, decided strictly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.http_venue.message import HttpAnswer, HttpError, body_length, parse_head

GOOD = b"POST /fapi/v1/order?a=1&b=%E6 HTTP/1.1\r\nHost: 127.0.0.1:1\r\nX-MBX-APIKEY:  sim-a \r\nEmpty:"


def test_a_request_is_read() -> None:
    """Method, path, query string as bytes, and headers by their names in lower case."""
    request = parse_head(GOOD)

    assert (request.method, request.path, request.query) == ("POST", "/fapi/v1/order", b"a=1&b=%E6")
    assert request.headers == (("host", "127.0.0.1:1"), ("x-mbx-apikey", "sim-a"), ("empty", ""))
    assert (request.header("host"), request.header("none"), request.persistent) == ("127.0.0.1:1", None, True)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"", 400),
        (b"GET", 400),
        (b"GET /", 400),
        (b"GET  / HTTP/1.1", 400),
        (b"GET / HTTP/1.1 ", 400),
        (b"GET fapi HTTP/1.1", 400),
        (b"GET http://127.0.0.1/ HTTP/1.1", 400),
        (b"GET /#fragment HTTP/1.1", 400),
        (b"GET /?a#fragment HTTP/1.1", 400),
        (b"GET /\xe6\xb5\x8b HTTP/1.1", 400),
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/0.9", 505),
        (b"GET / HTTP/1.2", 505),
        (b"OPTIONS / HTTP/1.1", 405),
        (b"HEAD / HTTP/1.1", 405),
        (b"get / HTTP/1.1", 405),
        (b"GET / HTTP/1.1\r\nNo colon", 400),
        (b"GET / HTTP/1.1\r\nHost : x", 400),
        (b"GET / HTTP/1.1\r\n: x", 400),
        (b"GET / HTTP/1.1\r\nA: 1\r\n folded", 400),
        (b"GET / HTTP/1.1\r\nA: 1\nB: 2", 400),
        (b"GET / HTTP/1.1\r\nA: \x00", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked", 501),
    ],
)
def test_what_is_no_request_is_refused(head: bytes, status: int) -> None:
    """Anything the grammar does not have, a name twice that counts, a coding or version that is not spoken here."""
    with pytest.raises(HttpError) as caught:
        parse_head(head)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("version", "connection", "persistent"),
    [
        ("1.1", "", True),
        ("1.1", "Connection: keep-alive", True),
        ("1.1", "Connection: upgrade, Close", False),
        ("1.0", "", False),
        ("1.0", "Connection: Keep-Alive", True),
        ("1.0", "Connection: close", False),
    ],
)
def test_who_keeps_the_connection(version: str, connection: str, persistent: bool) -> None:  # noqa: FBT001
    """HTTP/1.1 keeps it unless told otherwise, HTTP/1.0 does not unless asked."""
    head = f"GET / HTTP/{version}" + (f"\r\n{connection}" if connection else "")
    assert parse_head(head.encode()).persistent is persistent


@pytest.mark.parametrize(
    ("line", "headers", "expected"),
    [
        ("POST", "", 0),
        ("GET", "Content-Length: 0", 0),
        ("POST", "Content-Length: 5", 5),
        ("POST", "Content-Length: 5\r\nContent-Type: Application/X-WWW-Form-Urlencoded; charset=utf-8", 5),
        ("DELETE", "Content-Length: 10", 10),
    ],
)
def test_how_long_a_body_is(line: str, headers: str, expected: int) -> None:
    """As its Content-Length says; the content type, if there is one, must be a form's."""
    assert body_length(parse_head(f"{line} / HTTP/1.1\r\n{headers}".strip().encode()), 10) == expected


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        ("POST", "Content-Length: -1", 400),
        ("POST", "Content-Length: 5, 5", 400),
        ("POST", "Content-Length: \xb2", 400),
        ("POST", "Content-Length: 11", 413),
        ("POST", "Content-Length: 99999999999", 400),
        ("GET", "Content-Length: 1", 400),
        ("POST", "Content-Length: 1\r\nContent-Type: application/json", 415),
    ],
)
def test_bodies_that_are_not_taken(line: str, headers: str, status: int) -> None:
    """No number, too long, on a GET, or no form."""
    with pytest.raises(HttpError) as caught:
        body_length(parse_head(f"{line} / HTTP/1.1\r\n{headers}".encode("latin-1")), 10)
    assert caught.value.status == status


@given(st.one_of(st.binary(max_size=300), st.integers(0, len(GOOD) - 1).map(lambda place: GOOD[:place])))
def test_any_bytes_are_a_request_or_refused(head: bytes) -> None:
    """Nothing that comes over the wire is an error of ours."""
    try:
        request = parse_head(head)
    except HttpError as error:
        assert error.status in (400, 405, 501, 505)  # noqa: PT017 - either way is right
    else:
        assert request.path.startswith("/")


def test_an_answer_in_bytes() -> None:
    """Status line, type, length in bytes, what becomes of the connection, more headers, body."""
    answer = HttpAnswer(200, "测".encode(), {"Retry-After": "3"})

    assert answer.to_bytes(persistent=True) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\nConnection: keep-alive\r\n"
        b"Retry-After: 3\r\n\r\n\xe6\xb5\x8b"
    )


def test_a_status_nobody_knows() -> None:
    """A fault may choose any status."""
    assert HttpAnswer(599, b"").to_bytes(persistent=False).startswith(b"HTTP/1.1 599 Unassigned\r\n")


def test_a_refusal_by_the_web_server_is_text() -> None:
    """What never reached the exchange carries no code, but says what to do."""
    answer = HttpAnswer.of(HttpError(413, "the body may have 10 bytes"))

    assert (answer.status, answer.content_type) == (413, "text/plain; charset=utf-8")
    assert b"the body may have 10 bytes" in answer.body
