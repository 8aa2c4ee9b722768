"""Reading requests off a connection, each within its bounds of size and time."""

from __future__ import annotations

import socket

import attrs

from ...ports.clock import Clock
from .limits import HttpLimits
from .message import HttpError, HttpRequest, body_length, parse_head

_CHUNK_BYTES = 16 << 10
_HEAD_END = b"\r\n\r\n"
_GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
_LINGER_MS = 500
_LINGER_BYTES = 1 << 20


class RequestReader:
    """Yields the requests of one connection, one after the other; what came too early is kept for the next.

    A deadline holds for the whole head and the whole body: a client that sends a byte now and then gains nothing.
    """

    def __init__(self, connection: socket.socket, limits: HttpLimits, clock: Clock) -> None:
        self._connection = connection
        self._limits = limits
        self._clock = clock
        self._buffer = bytearray()

    def read(self) -> HttpRequest | None:
        """Return the next request; None when the client has closed the connection, or left it idle.

        Raises:
            HttpError: it was no request, too large, or too slow.
            OSError: the connection broke.
        """
        if not self._started():
            return None
        head = self._head()
        request = parse_head(head)
        length = body_length(request, self._limits.body_bytes)
        if length and not self._buffer and (request.header("expect") or "").lower() == "100-continue":
            self._connection.sendall(_GO_ON)
        deadline_ms = self._clock.monotonic_ms() + self._limits.body_ms
        while len(self._buffer) < length:
            self._receive(deadline_ms, "the body")
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return attrs.evolve(request, body=body)

    def linger(self) -> None:
        """Take in for a moment what the client still sends, so that closing does not wipe out the answer on its way."""
        deadline_ms = self._clock.monotonic_ms() + _LINGER_MS
        taken = 0
        try:
            self._connection.shutdown(socket.SHUT_WR)
            while taken < _LINGER_BYTES and (left_ms := deadline_ms - self._clock.monotonic_ms()) > 0:
                self._connection.settimeout(left_ms / 1000)
                chunk = self._connection.recv(_CHUNK_BYTES)
                if not chunk:
                    return
                taken += len(chunk)
        except OSError:
            return  # the client is gone, or goes on for too long: it gets no more attention

    def _started(self) -> bool:
        """Wait for the first byte of a request."""
        while True:
            while self._buffer.startswith(b"\r\n"):
                del self._buffer[:2]  # RFC 9112 2.2: clients were known to send an empty line after a body
            if self._buffer and bytes(self._buffer) != b"\r":
                return True
            self._connection.settimeout(self._limits.idle_ms / 1000)
            try:
                chunk = self._connection.recv(_CHUNK_BYTES)
            except TimeoutError:
                return False
            if not chunk:
                return False
            self._buffer += chunk

    def _head(self) -> bytes:
        deadline_ms = self._clock.monotonic_ms() + self._limits.head_ms
        searched = 0
        while (end := self._buffer.find(_HEAD_END, max(0, searched - 3), self._limits.head_bytes)) < 0:
            if len(self._buffer) >= self._limits.head_bytes:
                raise HttpError(431, f"request line and headers may have {self._limits.head_bytes} bytes")
            searched = len(self._buffer)
            self._receive(deadline_ms, "the headers")
        head = bytes(self._buffer[:end])
        del self._buffer[: end + len(_HEAD_END)]
        return head

    def _receive(self, deadline_ms: int, what: str) -> None:
        left_ms = deadline_ms - self._clock.monotonic_ms()
        if left_ms <= 0:
            raise HttpError(408, f"{what} took too long")
        self._connection.settimeout(left_ms / 1000)
        try:
            chunk = self._connection.recv(_CHUNK_BYTES)
        except TimeoutError:
            raise HttpError(408, f"{what} took too long") from None
        if not chunk:
            raise HttpError(400, f"the connection ended in the middle of {what}")
        self._buffer += chunk
