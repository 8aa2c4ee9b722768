"""What came over the wire, for tests that look at the very bytes."""

from __future__ import annotations

from collections import deque
from threading import Lock

import attrs

from .keyring import KEY_HEADER, looks_real
from .message import HttpRequest


@attrs.frozen
class Received:
    """One request as it came, and what became of it.

    Attributes:
        at_ms: exchange time.
        request: with its bytes; of one with a key that might be real only method and path are kept.
        status: of the answer; None when there was none.
    """

    at_ms: int
    request: HttpRequest
    status: int | None


class Record:
    """The latest requests, oldest first. Safe to use from many threads."""

    def __init__(self, most: int) -> None:
        self._lock = Lock()
        self._kept: deque[Received] = deque(maxlen=most)

    def add(self, at_ms: int, request: HttpRequest, status: int | None) -> None:
        """Keep one."""
        if looks_real(request):
            headers = tuple((name, value) for name, value in request.headers if name != KEY_HEADER)
            request = attrs.evolve(request, query=b"", body=b"", headers=headers)
        with self._lock:
            self._kept.append(Received(at_ms, request, status))

    def all(self) -> tuple[Received, ...]:
        """Return them."""
        with self._lock:
            return tuple(self._kept)
