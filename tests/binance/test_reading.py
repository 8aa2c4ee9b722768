"""HTTP answers from bytes, however they arrive."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from surefill.adapters.binance.reading import HEAD_MAX, HEADERS_MAX, BadAnswerError, HttpAnswer, read_answer

SIZE_MAX = 1_000
OK = b"HTTP/1.1 200 OK\r\n"


class Pieces:
    """Bytes that arrive in pieces of these sizes, the rest at once; then the end."""

    def __init__(self, data: bytes, sizes: list[int] | None = None) -> None:
        self._data = data
        self._sizes = list(sizes or [])

    def recv(self, bufsize: int, /) -> bytes:
        size = min(bufsize, self._sizes.pop(0) if self._sizes else bufsize)
        piece, self._data = self._data[:size], self._data[size:]
        return piece


def read(data: bytes, sizes: list[int] | None = None) -> HttpAnswer:
    return read_answer(Pieces(data, sizes), SIZE_MAX)


def chunked(pieces: list[bytes]) -> bytes:
    body = b"".join(b"%X;x=y\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
    return OK + b"Transfer-Encoding: Chunked\r\n\r\n" + body + b"0\r\nTrailer: x\r\n\r\n"


@given(st.lists(st.binary(max_size=50), max_size=10), st.lists(st.integers(1, 60), max_size=40), st.sampled_from("lce"))
def test_any_body_in_any_pieces_is_read_whole(parts: list[bytes], sizes: list[int], framing: str) -> None:
    """By length, in chunks, or to the end of the connection: the same body, wherever the network cuts it."""
    body = b"".join(parts)
    data = {
        "l": OK + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        "c": chunked(parts),
        "e": OK + b"\r\n" + body,
    }[framing]

    answer = read(data, sizes)

    assert (answer.status, answer.body, answer.reusable) == (200, body, framing != "e")


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=4), st.data(), st.booleans())
def test_any_body_cut_short_is_no_answer(parts: list[bytes], data: st.DataObject, in_chunks: bool) -> None:  # noqa: FBT001
    """Wherever it is cut, with a length or in chunks, it is noticed."""
    body = b"".join(parts)
    whole = chunked(parts) if in_chunks else OK + b"Content-Length: %d\r\n\r\n" % len(body) + body
    cut = data.draw(st.integers(0, len(whole) - 1))

    with pytest.raises(BadAnswerError):
        read(whole[:cut])


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", OK, OK + b"Content-Length: ", OK + b"Transfer-Encoding: chunked\r\n\r\n"]),
)
@example(b"\xff" * 10, OK + b"X: ")
def test_any_bytes_are_an_answer_or_none(data: bytes, begin: bytes) -> None:
    """Nothing but `BadAnswerError` is raised, and an answer is within its bounds."""
    try:
        answer = read(begin + data)
    except BadAnswerError:
        return
    assert 0 <= answer.status <= 999
    assert len(answer.body) <= SIZE_MAX


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "cut short"),
        (OK, "cut short"),
        (b"HTTP/2 200 OK\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1  200 OK\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\n\n\r\n\r\n", "no HTTP"),
        ("HTTP/1.1 ２００ OK\r\n\r\n".encode(), "no HTTP"),
        (OK + b" folded: x\r\n\r\n", "malformed"),
        (OK + b"a b: x\r\n\r\n", "malformed"),
        (OK + b"Content-Length : 2\r\n\r\n{}", "malformed"),
        (OK + b"no colon\r\n\r\n", "malformed"),
        (OK + b"X: y\nContent-Length: 2\r\n\r\n{}", "malformed"),
        (OK + b"X: y\rContent-Length: 2\r\n\r\n{}", "malformed"),
        (OK + b"X:" + b" " * (HEAD_MAX - 100) + b"\n\r\n\r\n", "malformed"),
        (OK + b"X: y\r\n" * (HEADERS_MAX + 1) + b"\r\n", "too many headers"),
        (OK + b"X: " + b"y" * HEAD_MAX + b"\r\n\r\n", "no end"),
        (OK + b"X: " + b"y" * 4 * HEAD_MAX, "no end"),
        (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", "length was ambiguous"),
        (OK + b"Content-Length: 2, 2\r\n\r\n{}", "length was ambiguous"),
        (OK + b"Content-Length: +2\r\n\r\n{}", "length was ambiguous"),
        (OK + b"Content-Length: -2\r\n\r\n{}", "length was ambiguous"),
        (OK + "Content-Length: ²\r\n\r\n{}".encode("latin-1"), "length was ambiguous"),
        (OK + b"Content-Length: \r\n\r\n{}", "length was ambiguous"),
        (OK + b"Content-Length: 1001\r\n\r\n", "too large"),
        (OK + b"\r\n" + b"x" * 1001, "too large"),
        (OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "framing was ambiguous"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "framing was ambiguous"),
        (OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "framing was ambiguous"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", "chunk was malformed"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n", "chunk was malformed"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n", "chunk was malformed"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3E9\r\n", "too large"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 9_000 + b"\r\n\r\n", "no end"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 200, "too many headers"),
    ],
)
def test_what_could_be_understood_in_two_ways_is_no_answer(data: bytes, problem: str) -> None:
    """Malformed, ambiguous, too large or endless: named, and not guessed at."""
    with pytest.raises(BadAnswerError, match=problem):
        read(data)


@pytest.mark.parametrize(
    ("data", "status", "body", "reusable"),
    [
        (OK + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}", 200, b"{}", False),
        (OK + b"Content-Length: 2\r\nConnection: keep-alive\r\n\r\n{}", 200, b"{}", True),
        (OK + b"Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n", 200, b"{}", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}", False),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, b"", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, b"", True),
        (b"HTTP/1.1 101 Switching\r\n\r\n", 101, b"", False),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 7 + OK + b"Content-Length: 2\r\n\r\n{}", 200, b"{}", True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 9, 100, b"", False),
        (OK + b"\tContent-Length: 2"[1:] + b" \t\r\n\r\n{}", 200, b"{}", True),
    ],
)
def test_when_a_connection_may_be_used_again(data: bytes, status: int, body: bytes, reusable: bool) -> None:  # noqa: FBT001
    """Only when the answer ended by itself, nobody wants to close, and nothing came behind it."""
    answer = read(data)

    assert (answer.status, answer.body, answer.reusable) == (status, body, reusable)
