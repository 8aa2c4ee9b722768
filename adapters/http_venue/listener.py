"""A listening socket with a thread for each connection, and an end that leaves no thread behind."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable
from threading import Event, Lock, Thread, current_thread

import attrs

from ...ports.clock import Clock
from .limits import HttpLimits

_BACKLOG = 128
_LAST_WAIT_SECONDS = 5.0
_PAUSE_SECONDS = 0.05


@attrs.frozen
class _Opened:
    """What runs while the port is open: the thread that accepts, and a bell that wakes it."""

    accepting: Thread
    bell: socket.socket


class Listener:
    """Hands every connection to *serve*, in a thread of its own, and closes it afterwards.

    *serve* returns soon after its socket was shut down. It may be opened again after it was closed, on the same port.
    """

    def __init__(
        self, host: str, port: int, serve: Callable[[socket.socket], None], limits: HttpLimits, clock: Clock
    ) -> None:
        self.host = host
        self.port = port
        self._serve = serve
        self._limits = limits
        self._clock = clock
        self._lock = Lock()
        self._connections: dict[Thread, socket.socket] = {}
        self._finished: list[Thread] = []
        self._stopping = Event()
        self._opened: _Opened | None = None

    @property
    def is_open(self) -> bool:
        """Whether clients can connect."""
        return self._opened is not None

    @property
    def stopping(self) -> bool:
        """Whether the connections are to end."""
        return self._stopping.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait that long; return at once, and True, when the connections are to end."""
        return self._stopping.wait(seconds)

    def open(self) -> None:
        """Bind, learn the port if it was 0, and start accepting.

        Raises:
            OSError: the address cannot be had.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((self.host, self.port))
            listening.listen(_BACKLOG)
            listening.setblocking(False)
        except OSError:
            listening.close()
            raise
        self.port = int(listening.getsockname()[1])
        ear, bell = socket.socketpair()
        ear.setblocking(False)
        bell.setblocking(False)
        self._stopping.clear()
        accepting = Thread(target=self._accept, args=(listening, ear), name="venue-accept", daemon=True)
        self._opened = _Opened(accepting, bell)
        accepting.start()

    def close(self) -> None:
        """Stop accepting, let requests under way finish within the grace, end every connection, join every thread."""
        opened = self._opened
        if opened is None:
            return
        self._stopping.set()
        self._ring()
        opened.accepting.join()
        with self._lock:
            self._opened = None
            opened.bell.close()
        deadline_ms = self._clock.monotonic_ms() + self._limits.grace_ms
        for how, wait_seconds in ((socket.SHUT_RD, None), (socket.SHUT_RDWR, _LAST_WAIT_SECONDS)):
            with self._lock:
                open_now = list(self._connections.items())
            for _, connection in open_now:
                _shut(connection, how)
            for thread, _ in open_now:
                left_ms = max(0, deadline_ms - self._clock.monotonic_ms())
                thread.join(left_ms / 1000 if wait_seconds is None else wait_seconds)
        self._reap()

    def _accept(self, listening: socket.socket, ear: socket.socket) -> None:
        with listening, ear, selectors.DefaultSelector() as selector:
            selector.register(ear, selectors.EVENT_READ)
            selector.register(listening, selectors.EVENT_READ)
            watching = True
            while not self._stopping.is_set():
                ready = {key.fileobj for key, _ in selector.select()}
                if ear in ready:
                    ear.recv(4096)
                    self._reap()
                has_room = self._has_room()
                if listening in ready and has_room:
                    self._admit(listening)
                    has_room = self._has_room()
                if watching and not has_room:
                    selector.unregister(listening)
                elif has_room and not watching:
                    selector.register(listening, selectors.EVENT_READ)
                watching = has_room

    def _has_room(self) -> bool:
        with self._lock:
            return len(self._connections) < self._limits.connections

    def _admit(self, listening: socket.socket) -> None:
        try:
            connection, _ = listening.accept()
        except BlockingIOError:
            return  # the client went away again while it waited
        except OSError:
            self.wait(_PAUSE_SECONDS)  # no descriptor is left: one will be when a connection ends
            return
        connection.setblocking(True)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = Thread(target=self._run, args=(connection,), name="venue-connection", daemon=True)
        with self._lock:
            self._connections[thread] = connection
        try:
            thread.start()
        except RuntimeError:
            connection.close()  # the machine has no thread left; the others go on
            with self._lock:
                del self._connections[thread]

    def _run(self, connection: socket.socket) -> None:
        try:
            self._serve(connection)
        finally:
            connection.close()
            with self._lock:
                self._finished.append(current_thread())
            self._ring()

    def _reap(self) -> None:
        """Join the threads that have finished; only then is their place free."""
        with self._lock:
            finished, self._finished = self._finished, []
        for thread in finished:
            thread.join()
            with self._lock:
                del self._connections[thread]

    def _ring(self) -> None:
        with self._lock:
            if self._opened is None:
                return
            try:
                self._opened.bell.send(b"!")
            except OSError:
                return  # it rings already, or nobody listens any more


def _shut(connection: socket.socket, how: int) -> None:
    try:
        connection.shutdown(how)
    except OSError:
        return  # it is closed already
