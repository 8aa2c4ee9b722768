"""Making a TCP connection within a deadline, the look-up of the name included."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from .deadline import Deadline, DeadlineSocket
from .environment import LOCALHOST

Address = tuple[int, tuple[str, int]]
"""Address family, and what `socket.connect` takes."""
Resolve = Callable[[str, int], Sequence[Address]]

_LOOPBACK = ("127.0.0.1", "::1")


def system_resolve(host: str, port: int) -> Sequence[Address]:
    """Return the addresses of *host* as the system's resolver knows them.

    Raises:
        OSError: it knows none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, (str(address[0]), int(address[1]))) for family, _, _, _, address in found]


class Dialler:
    """Connects to a host by its name or address.

    The system's resolver cannot be told how long to try, so it works in a thread that is left alone when it takes too
    long; there is never more than one for a name.

    Args:
        connect_seconds: how long a single address is tried.
        resolve: looks names up.
    """

    def __init__(self, connect_seconds: float, resolve: Resolve = system_resolve) -> None:
        self._connect_seconds = connect_seconds
        self._resolve = resolve
        self._pending: dict[tuple[str, int], _LookUp] = {}
        self._lock = threading.Lock()

    def dial(self, host: str, port: int, deadline: Deadline) -> DeadlineSocket:
        """Return a connection to the first address of *host* that answers.

        Raises:
            OSError: none does, or none within *deadline*; the last one's error.
        """
        failure: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
        for family, address in self._addresses(host, port, deadline):
            line = DeadlineSocket(family, socket.SOCK_STREAM)
            try:
                line.settimeout(min(self._connect_seconds, deadline.left_seconds()))
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                line.connect(address)
            except OSError as error:
                line.close()
                failure = error
            except BaseException:
                line.close()
                raise
            else:
                line.deadline = deadline
                return line
        raise failure

    def _addresses(self, host: str, port: int, deadline: Deadline) -> Sequence[Address]:
        """Return the addresses to try; what is or means this machine needs no look-up."""
        literals = _LOOPBACK if host == LOCALHOST else (host,)
        try:
            return [(_family(literal), (literal, port)) for literal in literals]
        except ValueError:
            return self._look_up(host, port, deadline)

    def _look_up(self, host: str, port: int, deadline: Deadline) -> Sequence[Address]:
        with self._lock:
            look_up = self._pending.get((host, port))
            if look_up is None:
                look_up = self._pending[host, port] = _LookUp(self._resolve, host, port, self._done)
                look_up.start()
        look_up.join(deadline.left_seconds())
        if look_up.is_alive():
            raise socket.gaierror(socket.EAI_AGAIN, "the name was not resolved in time")
        if look_up.failed:
            raise socket.gaierror(socket.EAI_NONAME, "the name could not be resolved")
        return look_up.found

    def _done(self, host: str, port: int) -> None:
        with self._lock:
            del self._pending[host, port]


class _LookUp(threading.Thread):
    """One question to the resolver."""

    def __init__(self, resolve: Resolve, host: str, port: int, done: Callable[[str, int], None]) -> None:
        super().__init__(name="surefill-resolve", daemon=True)
        self.found: Sequence[Address] = ()
        self.failed = False
        self._question = (resolve, host, port, done)

    def run(self) -> None:
        """Ask."""
        resolve, host, port, done = self._question
        try:
            self.found = resolve(host, port)
        except (OSError, UnicodeError):
            self.failed = True
        finally:
            done(host, port)


def _family(literal: str) -> int:
    return socket.AF_INET6 if ip_address(literal).version == 6 else socket.AF_INET
