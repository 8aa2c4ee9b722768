"""Names and addresses, within a deadline."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence

import pytest

from surefill.adapters.binance.deadline import Deadline
from surefill.adapters.binance.dialling import Address, Dialler, system_resolve
from surefill.adapters.clock import SystemClock
from tests.binance.accounts import Stopwatch


def deadline(seconds: float = 2.0) -> Deadline:
    return Deadline(SystemClock(), seconds)


def test_a_name_is_looked_up_and_its_addresses_tried_in_turn() -> None:
    """The first address that answers is taken."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        addresses: list[Address] = [(socket.AF_INET, ("127.0.0.1", 1)), (socket.AF_INET, ("127.0.0.1", port))]
        with Dialler(1.0, lambda *_: addresses).dial("exchange.example", port, deadline()) as line:
            assert line.getpeername() == ("127.0.0.1", port)


def test_what_is_this_machine_is_not_looked_up() -> None:
    """Addresses need no resolver, and localhost is the loopback whatever a resolver may say."""

    def resolve(host: str, port: int) -> Sequence[Address]:
        raise AssertionError(f"{host} was looked up")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            with Dialler(1.0, resolve).dial(host, port, deadline()) as line:
                assert line.getpeername()[0] == "127.0.0.1"


@pytest.mark.parametrize("error", [socket.gaierror("x"), UnicodeError("label too long")])
def test_a_name_nobody_knows_is_not_found(error: Exception) -> None:
    """The resolver's errors are one error of ours; a name without addresses is the same."""

    def resolve(host: str, port: int) -> Sequence[Address]:
        raise error

    with pytest.raises(socket.gaierror, match="could not be resolved"):
        Dialler(1.0, resolve).dial("exchange.example", 1, deadline())
    with pytest.raises(socket.gaierror, match="no address"):
        Dialler(1.0, lambda *_: ()).dial("exchange.example", 1, deadline())


def test_a_slow_resolver_is_not_waited_for() -> None:
    """It is given up at the deadline; whoever asks meanwhile joins the same question; afterwards there is a new one."""
    release, asked = threading.Event(), []

    def resolve(host: str, port: int) -> Sequence[Address]:
        asked.append(host)
        release.wait(5)
        return ()

    dialler = Dialler(1.0, resolve)
    watch = Stopwatch()
    for _ in range(2):
        with pytest.raises(socket.gaierror, match="not resolved in time"):
            dialler.dial("exchange.example", 1, deadline(0.1))
    assert watch.seconds() < 1
    assert asked == ["exchange.example"]
    release.set()
    for thread in threading.enumerate():
        if thread.name == "surefill-resolve":
            thread.join(5)
    with pytest.raises(socket.gaierror, match="no address"):
        dialler.dial("exchange.example", 1, deadline())
    assert len(asked) == 2


def test_an_interrupt_leaves_no_socket_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while connecting passes, and the socket is closed."""

    def interrupted(line: socket.socket, address: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(socket.socket, "connect", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Dialler(1.0).dial("127.0.0.1", 1, deadline())


def test_the_system_resolves_this_machine() -> None:
    """The addresses of localhost, as the system gives them, are loopback addresses with the port asked for."""
    found = system_resolve("localhost", 80)

    assert found
    assert all(address[0] in ("127.0.0.1", "::1") and address[1] == 80 for _, address in found)
