"""One HTTP/1.1 connection, used by one thread at a time, that knows how far a request has come."""

from __future__ import annotations

import select
import ssl
from collections.abc import Callable, Mapping
from socket import socket
from typing import cast

import attrs
from requests.structures import CaseInsensitiveDict

from ..wire.call import AnswerLostError, NotSentError
from .deadline import Deadline, DeadlineSocket, DeadlineTlsSocket, keep_to
from .dialling import Dialler
from .outcome import words
from .proxy import Proxy, open_tunnel
from .reading import HttpAnswer, read_answer

IDLE_MAX_MS = 90_000
"""A connection that lay idle for longer is not trusted with a request: something on the way may have forgotten it."""


@attrs.frozen
class Route:
    """How to reach the exchange.

    Attributes:
        host: its name or address.
        port: its port.
        context: how to encrypt and whom to trust; None for plain HTTP.
        proxy: on the way, None for a direct connection.
    """

    host: str
    port: int
    context: ssl.SSLContext | None = attrs.field(default=None, repr=False)
    proxy: Proxy | None = None


class Headers(CaseInsensitiveDict[str]):
    """The headers of every request of one kind, which never change, and the same as the lines that are sent."""

    def __init__(self, headers: Mapping[str, str], authority: str) -> None:
        super().__init__(headers)
        lines = [f"Host: {authority}", *(f"{name}: {value}" for name, value in headers.items())]
        self.block = "\r\n".join([*lines, ""])
        self._names = frozenset(name.lower() for name in headers)

    def __contains__(self, key: object) -> bool:
        """Whether there is such a header; requests asks for each request, and the inherited answer is an exception."""
        return isinstance(key, str) and key.lower() in self._names


class Line:
    """A connection that is made when needed, kept while it is sound, and thrown away at the first doubt."""

    def __init__(self, route: Route, dialler: Dialler) -> None:
        self._route = route
        self._dialler = dialler
        self._socket: DeadlineSocket | DeadlineTlsSocket | None = None
        self._used_ms = 0

    def ask(
        self,
        method: str,
        target: str,
        headers: Headers,
        body: bytes | None,
        deadline: Deadline,
        on_sent: Callable[[], None],
        size_max: int,
    ) -> HttpAnswer:
        """Send one request and return the answer, of at most *size_max* bytes; *on_sent* is called in between.

        Raises:
            NotSentError: there is no connection, and not a byte of the request was sent.
            AnswerLostError: a first byte was, or may have been.
        """
        length = "" if body is None else f"Content-Length: {len(body)}\r\n"
        head = f"{method} {target} HTTP/1.1\r\n{headers.block}{length}\r\n".encode("ascii")
        try:
            line = self._connected(deadline)
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing of the request was sent
            raise NotSentError(words(error)) from None
        try:
            line.sendall(head if body is None else head + body)
            on_sent()
            answer = read_answer(line, size_max)
        except Exception as error:  # noqa: BLE001 - whatever it was, the request may have arrived
            self.drop()
            raise AnswerLostError(words(error)) from None
        except BaseException:
            self.drop()
            raise
        if not answer.reusable:
            self.drop()
        return answer

    def drop(self) -> None:
        """Close the connection; the next request makes another."""
        line, self._socket = self._socket, None
        if line is not None:
            line.close()

    def _connected(self, deadline: Deadline) -> DeadlineSocket | DeadlineTlsSocket:
        line = self._socket
        if line is not None and (deadline.begun_ms - self._used_ms > IDLE_MAX_MS or not _sound(line)):
            self.drop()
            line = None
        if line is None:
            line = self._socket = self._dial(deadline)
        self._used_ms = deadline.begun_ms
        line.deadline = deadline
        keep_to(line, deadline)
        return line

    def _dial(self, deadline: Deadline) -> DeadlineSocket | DeadlineTlsSocket:
        proxy = self._route.proxy
        host, port = (self._route.host, self._route.port) if proxy is None else (proxy.host, proxy.port)
        line = self._dialler.dial(host, port, deadline)
        try:
            if proxy is not None:
                open_tunnel(line, proxy, self._route.host, self._route.port)
            if self._route.context is None:
                return line
            line.settimeout(deadline.left_seconds())  # bounds the handshake as a whole
            encrypted = self._route.context.wrap_socket(line, server_hostname=self._route.host)
            return cast("DeadlineTlsSocket", encrypted)  # by the context's sslsocket_class
        except BaseException:
            line.close()
            raise


def tls_context(ca_file: str) -> ssl.SSLContext:
    """Return a context that verifies certificate and host name against the authorities in *ca_file*, always."""
    context = ssl.create_default_context(cafile=ca_file)
    context.sslsocket_class = DeadlineTlsSocket
    return context


def _sound(line: socket) -> bool:
    """Whether an idle connection is still open: there is nothing to read, not even its end."""
    poll = select.poll()
    poll.register(line, select.POLLIN)
    return not poll.poll(0)
