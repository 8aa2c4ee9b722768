"""A server on a real socket that misbehaves as told: what only the wire can show is shown here.

Every thread ends when the server is closed; nothing waits longer than `PATIENCE_SECONDS`.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import attrs

from tests.canary_guard import WATCH

PATIENCE_SECONDS = 10.0


@attrs.frozen
class Received:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    raw: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


class Peer:
    """The server's end of one connection."""

    def __init__(self, line: socket.socket, closing: threading.Event) -> None:
        self.line = line
        self._closing = closing

    def send(self, data: bytes) -> None:
        self.line.sendall(data)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.line.close()

    def drip(self, data: bytes, every_seconds: float) -> None:
        """Send byte by byte until all is sent, the client is gone, or the server closes."""
        for byte in data:
            self.send(bytes([byte]))
            if self._closing.wait(every_seconds):
                return

    def hold(self) -> None:
        """Say nothing until the client goes away or the server closes."""
        self.line.settimeout(PATIENCE_SECONDS)
        self.line.recv(1)


Behaviour = Callable[[Peer, Received], bool]
"""Answers one request; returns whether the connection stays open."""


class WireServer:
    """Answers each request with the next of *behaviours*; the last one stays."""

    def __init__(self, *behaviours: Behaviour, context: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self.idle = threading.Event()  # set once a connection was closed by the server
        self._behaviours = list(behaviours)
        self._context = context
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lines: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self.port: int = self._listener.getsockname()[1]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"{'http' if self._context is None else 'https'}://127.0.0.1:{self.port}"

    def posts(self) -> list[Received]:
        return [one for one in self.received if one.method == "POST"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            line.settimeout(PATIENCE_SECONDS)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(line,), daemon=True)
            with self._lock:
                self._lines.append(line)
                self._threads.append(thread)
            thread.start()

    def _serve(self, line: socket.socket) -> None:
        try:
            if self._context is not None:
                line = self._context.wrap_socket(line, server_side=True)
            peer, more = Peer(line, self._closing), True
            while more:
                request = _read(line)
                if request is None:
                    break
                lines = request.raw.partition(b"\r\n\r\n")[0].decode("latin-1").splitlines()
                rest = f"{lines[0]}\n{request.body!r}"
                WATCH.look_at_request("\n".join(lines[1:]), rest, f"127.0.0.1:{self.port}")
                with self._lock:
                    self.received.append(request)
                    behaviour = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
                more = behaviour(peer, request)
        except OSError:
            pass
        finally:
            line.close()
            self.idle.set()


def _read(line: socket.socket) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = line.recv(65_536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
    while len(body) < int(headers.get("content-length", "0")):
        body += line.recv(65_536)
    method, target, _ = first.split(" ", 2)
    return Received(method, target, headers, body, data[: len(head) + 4] + body)


# --- behaviours -------------------------------------------------------------------------------------------------------


def framed(status: int, body: bytes, *headers: str, reason: str = "Whatever") -> bytes:
    """A well-formed answer."""
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def says(data: bytes, *, stays: bool = True) -> Behaviour:
    """Answer with these bytes, and keep the connection open or close it properly."""

    def behave(peer: Peer, _: Received) -> bool:
        peer.send(data)
        return stays

    return behave


def answers(body: object, *headers: str, status: int = 200) -> Behaviour:
    """Answer with a JSON body."""
    return says(framed(status, json.dumps(body).encode(), *headers))


def resets(before: bytes = b"") -> Behaviour:
    """Send *before*, then reset the connection."""

    def behave(peer: Peer, _: Received) -> bool:
        if before:
            peer.send(before)
        peer.reset()
        return False

    return behave


def drips(data: bytes, every_seconds: float) -> Behaviour:
    """Send byte by byte."""

    def behave(peer: Peer, _: Received) -> bool:
        peer.drip(data, every_seconds)
        return False

    return behave


def closes(_: Peer, __: Received) -> bool:
    """Close without a word."""
    return False


def holds(peer: Peer, _: Received) -> bool:
    """Never answer."""
    peer.hold()
    return False
