"""One wall-clock deadline over a whole request: connecting, sending, and every byte of the answer.

A socket's timeout bounds each single wait, so an answer that drips in byte by byte outlives it many times over. The
sockets here ask before each wait how much time is left altogether. No thread is needed, and nothing is left behind.
"""

from __future__ import annotations

import socket
import ssl

from ...ports.clock import Clock

SLACK_SECONDS = 0.02
"""A wait that is longer by so little is left as it is: telling the system anew costs more than it is worth."""


class Deadline:
    """A moment after which nobody waits any more.

    Args:
        clock: whose `monotonic_ms` measures.
        seconds: from now.
    """

    __slots__ = ("_clock", "_end_ms", "begun_ms")

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self.begun_ms = clock.monotonic_ms()
        self._end_ms = self.begun_ms + round(seconds * 1000)

    def left_seconds(self) -> float:
        """Return how long may still be waited, above 0.

        Raises:
            TimeoutError: no longer.
        """
        left_ms = self._end_ms - self._clock.monotonic_ms()
        if left_ms <= 0:
            raise TimeoutError("the deadline has passed")
        return left_ms / 1000


def keep_to(line: socket.socket, deadline: Deadline) -> None:
    """Let *line* wait no longer than until *deadline*, give or take `SLACK_SECONDS`.

    Raises:
        TimeoutError: it has passed.
    """
    left, limit = deadline.left_seconds(), line.gettimeout()
    if limit is None or not left <= limit <= left + SLACK_SECONDS:
        line.settimeout(left)


class DeadlineSocket(socket.socket):
    """A socket whose every receive waits no longer than until its *deadline*."""

    deadline: Deadline | None = None

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Receive, as `socket.socket` does."""
        if self.deadline is not None:
            keep_to(self, self.deadline)
        return super().recv(bufsize, flags)


class DeadlineTlsSocket(ssl.SSLSocket):
    """The same, encrypted; `ssl.SSLContext.sslsocket_class` makes a context wrap sockets in it."""

    deadline: Deadline | None = None

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Receive, as `ssl.SSLSocket` does."""
        if self.deadline is not None:
            keep_to(self, self.deadline)
        return super().recv(buflen, flags)
