"""No client can take more than its share, or hold the server up."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from surefill.adapters.clock import SystemClock
from surefill.adapters.http_venue import HandDriver, HttpLimits, VenueServer
from surefill.adapters.http_venue.message import HttpError
from surefill.adapters.http_venue.reading import RequestReader
from surefill.adapters.venue import Venue
from surefill.domain.errors import ConfigurationError
from surefill.wiring import demo_exchange_info
from tests.http_venue.client import ORDER, PATIENCE_SECONDS, Client, exchange_bytes, head, host_of
from tests.wire_script import HandClock

TIGHT = HttpLimits(
    head_bytes=512, body_bytes=100, head_ms=200, body_ms=200, idle_ms=200, write_ms=1_000, grace_ms=1_000, connections=2
)
PING = "GET /fapi/v1/ping HTTP/1.1"


def served(limits: HttpLimits = TIGHT, port: int = 0) -> VenueServer:
    venue = Venue(demo_exchange_info(), balances={"USDT": Decimal(1_000)}, start_ms=1_795_300_000_000)
    return VenueServer(venue, keys={"sim-a": "x"}, time=HandDriver(), limits=limits, port=port)


@pytest.fixture
def tight() -> Iterator[VenueServer]:
    before = threading.active_count()
    with served() as server:
        yield server
    assert threading.active_count() == before


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


def connect(server: VenueServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_SECONDS)


def read_answer(connection: socket.socket) -> bytes:
    answer = b""
    while not answer.endswith(b"{}"):
        chunk = connection.recv(4096)
        if not chunk:
            break
        answer += chunk
    return answer


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (lambda host: head(PING, "X: " + "a" * 600, host=host), 431),
        (lambda _: b"GET /" + b"a" * 600, 431),
        (lambda host: head(f"POST {ORDER} HTTP/1.1", "Content-Length: 101", host=host), 413),
        (lambda host: head(f"POST {ORDER} HTTP/1.1", "Content-Length: 9000", host=host) + b"a" * 9000, 413),
        (lambda host: head(f"POST {ORDER} HTTP/1.1", "Content-Length: 9", host=host) + b"a=1", 408),
        (lambda host: head(PING, host=host)[:-2], 408),
        (lambda _: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
)
def test_what_is_too_large_or_too_slow_ends(tight: VenueServer, data: Callable[[str], bytes], status: int) -> None:
    """Headers and body have their most in bytes and in time; the answer says so and the connection ends."""
    answer = exchange_bytes(tight, data(host_of(tight)))

    assert status_of(answer) == status
    assert b"Connection: close" in answer
    assert tight.received == ()


def test_a_refusal_is_heard_by_who_still_sends(tight: VenueServer) -> None:
    """A client in the middle of a body of half a megabyte gets to send it all, and then reads why it is not taken."""
    large = 512 << 10
    refused = head(f"POST {ORDER} HTTP/1.1", f"Content-Length: {large}", host=host_of(tight))

    assert status_of(exchange_bytes(tight, refused + b"a" * large)) == 413


def test_who_goes_on_sending_is_cut_off(tight: VenueServer) -> None:
    """After a refusal the server takes in a little more, so that its answer is read, and then no more."""
    refused = head(f"POST {ORDER} HTTP/1.1", "Content-Length: 9000", host=host_of(tight))
    with connect(tight) as connection:
        connection.sendall(refused)
        assert status_of(connection.recv(4096)) == 413
        with pytest.raises(ConnectionError):
            connection.sendall(b"a" * (256 << 20))
    with connect(tight) as silent:
        silent.sendall(refused)
        assert status_of(silent.recv(4096)) == 413


def test_a_deadline_may_pass_between_two_bytes() -> None:
    """Time is looked at before waiting too: what has come too late is not waited for."""

    class Leaping(HandClock):
        def monotonic_ms(self) -> int:
            self.at_ms += 10_000
            return self.at_ms

    here, there = socket.socketpair()
    with here, there:
        there.sendall(b"GET /")
        with pytest.raises(HttpError) as caught:
            RequestReader(here, TIGHT, Leaping()).read()
        reader = RequestReader(here, TIGHT, Leaping())
        reader.linger()
        assert (caught.value.status, there.recv(1)) == (408, b"")


def test_lingering_has_an_end() -> None:
    """Who neither sends nor closes is left alone after half a second."""
    here, there = socket.socketpair()
    clock = SystemClock()
    with here, there:
        began_ms = clock.monotonic_ms()
        RequestReader(here, TIGHT, clock).linger()
        assert 400 <= clock.monotonic_ms() - began_ms < 5_000


@pytest.mark.parametrize("start", [PING.encode(), head(f"POST {ORDER} HTTP/1.1", "Content-Length: 90", host="h")])
def test_a_byte_now_and_then_gains_nothing(tight: VenueServer, start: bytes) -> None:
    """The deadline is for the whole head, and the whole body, not for a byte: a drip-feeder is cut off in time."""
    clock, pause = SystemClock(), threading.Event()
    began_ms = clock.monotonic_ms()
    with connect(tight) as connection:
        connection.sendall(start)
        connection.settimeout(0.01)
        answer = b""
        while not answer:
            assert clock.monotonic_ms() - began_ms < 5_000
            try:
                answer = connection.recv(4096)
            except TimeoutError:
                connection.sendall(b"a")
                pause.wait(0.01)

    assert status_of(answer) == 408
    assert clock.monotonic_ms() - began_ms >= TIGHT.head_ms


def test_half_a_request_is_answered_by_400(tight: VenueServer) -> None:
    """A client that stops sending in the middle hears why."""
    whole = head(PING, host=host_of(tight))

    assert status_of(exchange_bytes(tight, whole[:20], finish=True)) == 400


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r", b"\r\n\r\n\r\n"])
def test_who_says_nothing_is_let_go(tight: VenueServer, data: bytes) -> None:
    """An idle connection is closed without a word after its time, or when the client closes it."""
    assert exchange_bytes(tight, data) == b""
    assert exchange_bytes(tight, data, finish=True) == b""


def test_a_large_body_may_be_announced(tight: VenueServer) -> None:
    """A client that asks first is told to go on; nobody else is."""
    lines = (f"POST {ORDER} HTTP/1.1", "Connection: close", "Content-Length: 3")
    asking = head(*lines, "Expect: 100-continue", host=host_of(tight))
    with connect(tight) as connection:
        connection.sendall(asking)
        assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"a=1")
        assert status_of(connection.recv(4096)) == 401

    assert status_of(exchange_bytes(tight, asking + b"a=1")) == 401
    assert status_of(exchange_bytes(tight, head(*lines, host=host_of(tight)) + b"a=1")) == 401


def test_more_clients_than_room_wait(tight: VenueServer) -> None:
    """Past the most connections a client waits until one is free; nobody is lost."""
    ping = head(PING, host=host_of(tight))
    with connect(tight) as first, connect(tight) as second, connect(tight) as third:
        for connection in (first, second):
            connection.sendall(ping)
            assert status_of(read_answer(connection)) == 200
        third.sendall(ping)
        third.settimeout(0.05)
        with pytest.raises(TimeoutError):
            third.recv(1)
        first.close()
        third.settimeout(PATIENCE_SECONDS)
        assert status_of(read_answer(third)) == 200


def test_a_client_that_vanishes_hurts_nobody(tight: VenueServer) -> None:
    """A connection that is reset instead of read leaves the server as it was."""
    for _ in range(5):
        with connect(tight) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            connection.sendall(head(PING, host=host_of(tight)) * 3 + b"GE")

    assert status_of(exchange_bytes(tight, head(PING, "Connection: close", host=host_of(tight)))) == 200


def test_a_request_under_way_is_finished() -> None:
    """Closing waits for the answer that is being made, and ends idle connections at once."""
    entered, leave = threading.Event(), threading.Event()

    class Slow(HandDriver):
        def keep_up(self, timeline: object) -> None:
            entered.set()
            leave.wait(PATIENCE_SECONDS)

    venue = Venue(demo_exchange_info(), balances={}, start_ms=1_795_300_000_000)
    server = VenueServer(venue, keys={"sim-a": "x"}, time=Slow(), limits=HttpLimits()).start()
    with connect(server) as idle, connect(server) as busy:
        busy.sendall(head(PING, host=host_of(server)))
        assert entered.wait(PATIENCE_SECONDS)
        closing = threading.Thread(target=server.close)
        closing.start()
        assert idle.recv(1) == b""
        leave.set()
        answer = read_answer(busy)
        closing.join(PATIENCE_SECONDS)
        assert (status_of(answer), busy.recv(1), closing.is_alive()) == (200, b"", False)

    assert b"Connection: close" in answer


def test_a_client_that_does_not_read_is_given_up() -> None:
    """An answer nobody takes is dropped after its time, and the server closes all the same."""
    limits = HttpLimits(write_ms=100, grace_ms=100)
    info = demo_exchange_info()
    rows = info["symbols"]
    assert isinstance(rows, list)
    info["symbols"] = [{**rows[0], "symbol": f"S{number}USDT"} for number in range(4_000)]
    venue = Venue(info, balances={}, start_ms=1_795_300_000_000)
    with (
        VenueServer(venue, keys={"sim-a": "x"}, time=HandDriver(), limits=limits) as server,
        socket.socket() as deaf,
    ):
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", server.port))
        deaf.sendall(head("GET /fapi/v1/exchangeInfo HTTP/1.1", host=host_of(server)) * 2)
        deaf.settimeout(PATIENCE_SECONDS)
        while not server.received:
            assert deaf.recv(1, socket.MSG_PEEK)
    assert len(server.received) == 1


def test_the_port_may_be_taken(tight: VenueServer) -> None:
    """A port that is in use is refused with what to do about it; so is starting twice."""
    with pytest.raises(ConfigurationError, match="another port"):
        served(port=tight.port).start()
    with pytest.raises(ConfigurationError, match="already"):
        tight.start()


def test_a_server_may_be_started_again() -> None:
    """Closed twice is closed; started again it has the same address, and time goes on where it stood."""
    server = served()
    assert server.port == 0
    with server:
        url = server.url
    server.close()
    with server, Client(server) as client:
        assert server.url == url
        assert client.raw("GET", "/fapi/v1/ping").status == 200


def test_an_exchange_out_of_reach(tight: VenueServer) -> None:
    """Meanwhile connections are refused and open ones end; afterwards all is as before."""
    with Client(tight) as client:
        assert client.raw("GET", "/fapi/v1/ping").status == 200
        with tight.unreachable():
            assert client.connection.sock is not None
            assert client.connection.sock.recv(1) == b""
            with pytest.raises(ConnectionRefusedError):
                connect(tight)
        client.connection.close()
        assert client.raw("GET", "/fapi/v1/ping").status == 200


def test_a_machine_at_its_limits(tight: VenueServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a thread for it a connection is closed, without a descriptor it waits; the server goes on."""
    ping = head(PING, "Connection: close", host=host_of(tight))
    real_start, real_accept = threading.Thread.start, socket.socket.accept
    failures = iter([True, False])

    def start(thread: threading.Thread) -> None:
        if thread.name == "venue-connection" and next(failures, False):
            raise RuntimeError("can't start new thread")
        real_start(thread)

    def accept(listening: socket.socket) -> tuple[socket.socket, object]:
        problem = next(problems, None)
        if problem is not None:
            raise problem
        return real_accept(listening)

    problems = iter([OSError(24, "Too many open files"), BlockingIOError(), None])
    monkeypatch.setattr(threading.Thread, "start", start)
    monkeypatch.setattr(socket.socket, "accept", accept)

    with connect(tight) as unlucky:
        assert unlucky.recv(1) == b""
    assert status_of(exchange_bytes(tight, ping)) == 200


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "1"])
def test_limits_are_positive(value: int) -> None:
    """A bound is a whole number above 0."""
    with pytest.raises(ConfigurationError):
        HttpLimits(head_bytes=value)
