"""The server is for this machine, and for who knows its name."""

from __future__ import annotations

import socket
from decimal import Decimal

import pytest

from surefill.adapters.http_venue import HandDriver, VenueServer
from surefill.adapters.http_venue.hosts import Hosts, listening_host
from surefill.adapters.venue import Venue
from surefill.domain.errors import ConfigurationError
from surefill.wiring import demo_exchange_info
from tests.http_venue.client import Client


def server_on(host: str, *, allow_remote: bool = False, port: int = 0) -> VenueServer:
    venue = Venue(demo_exchange_info(), balances={"USDT": Decimal(1)}, start_ms=1)
    return VenueServer(venue, keys={"sim-a": "x"}, host=host, port=port, time=HandDriver(), allow_remote=allow_remote)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "8.8.8.8", "fe80::1"])  # noqa: S104 - refused
def test_other_machines_are_kept_out(host: str) -> None:
    """An address that others can reach is refused unless that is asked for."""
    with pytest.raises(ConfigurationError, match="other machines"):
        server_on(host)
    assert server_on(host, allow_remote=True).url.endswith(":0")


@pytest.mark.parametrize("host", ["", "example.com", "localhost.evil.example", "127.1", "fapi.binance.com"])
def test_names_are_not_addresses(host: str) -> None:
    """A name could be resolved to anything; only localhost is known."""
    with pytest.raises(ConfigurationError, match="address"):
        server_on(host, allow_remote=True)


@pytest.mark.parametrize(
    ("host", "bound"),
    [("localhost", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("127.9.9.9", "127.9.9.9"), ("::1", "::1")],
)
def test_loopback_is_fine(host: str, bound: str) -> None:
    """Every loopback address may be listened on."""
    assert listening_host(host, remote=False) == bound


@pytest.mark.parametrize("port", [-1, 65_536, True, "80"])
def test_a_port_is_a_number(port: int) -> None:
    """0 to 65535."""
    with pytest.raises(ConfigurationError, match="port"):
        server_on("127.0.0.1", port=port)


@pytest.mark.parametrize(
    ("header", "local", "remote"),
    [
        ("127.0.0.1:9000", True, True),
        ("localhost:9000", True, True),
        ("LOCALHOST:9000", True, True),
        ("127.0.0.1:9001", False, False),
        ("127.0.0.1", False, False),
        ("", False, False),
        (None, False, False),
        ("evil.example:9000", False, False),
        ("127.0.0.1:9000.evil.example", False, False),
        ("192.168.1.5:9000", False, True),
        ("[::1]:9000", False, True),
        ("[::1:9000", False, False),
    ],
)
def test_whom_a_host_header_names(header: str | None, local: bool, remote: bool) -> None:  # noqa: FBT001
    """Address or localhost, with the port; reached by others, any address, but never a name."""
    assert Hosts("127.0.0.1", 9000, remote=False).are_ours(header) is local
    assert Hosts("127.0.0.1", 9000, remote=True).are_ours(header) is remote


def test_the_usual_port_need_not_be_named() -> None:
    """On port 80 a Host header has none."""
    assert Hosts("127.0.0.1", 80, remote=False).are_ours("localhost")


def test_a_request_for_another_host_is_misdirected(client: Client) -> None:
    """A page that had its own name resolved to loopback gets 421, and the exchange hears nothing of it."""
    for headers in ({"Host": "evil.example"}, {"Host": f"evil.example:{client.server.port}"}):
        answer = client.raw("GET", "/fapi/v1/ping", headers=headers)
        assert (answer.status, answer.headers["Connection"]) == (421, "close")
        client.connection.close()
    assert client.server.received == ()


def test_ipv6_works() -> None:
    """The server listens on ::1 where the machine has it, and its URL has brackets."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        assert server_on("::1").url == "http://[::1]:0"
        return
    with server_on("::1") as server, socket.create_connection(("::1", server.port), timeout=10) as connection:
        connection.sendall(f"GET /fapi/v1/ping HTTP/1.0\r\nHost: [::1]:{server.port}\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK")
    assert server.url.startswith("http://[::1]:")
