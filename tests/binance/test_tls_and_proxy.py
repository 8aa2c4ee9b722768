"""Encryption and proxies: what is refused before a byte of the request is sent, and what may have arrived."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from surefill.adapters.binance import BinanceFutures, Environment, Patience
from surefill.adapters.wire.call import AnswerLostError, NotSentError, WireAnswer
from surefill.domain.errors import ConfigurationError
from surefill.domain.reply import ReplyKind
from tests.binance.accounts import QUICK, SHORT, SHORT_SECONDS, Stopwatch, post, shown, transport
from tests.binance.certificates import Authority, expired
from tests.binance.wire_server import Peer, Received, WireServer, answers, drips, framed
from tests.canaries import API_KEY, API_SECRET
from tests.wire_script import market_request, order_row


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def carried(url: str, ca_file: Path, patience: Patience = QUICK) -> object:
    carrier = transport(url, patience, ca_file=str(ca_file))
    try:
        return carrier.perform([post()])[0]
    finally:
        carrier.close()


def test_a_trusted_server_is_spoken_to(authority: Authority) -> None:
    """Certificate and name are right: the order is sent, encrypted, and the connection kept."""
    with WireServer(answers(order_row()), context=authority.server()) as server:
        carrier = transport(server.url, ca_file=str(authority.file))
        results = [carrier.perform([post()])[0] for _ in range(3)]
        carrier.close()

    assert all(result == WireAnswer(200, order_row(), {}) for result in results)
    assert (len(server.posts()), server.connections) == (3, 1)


@pytest.mark.parametrize(
    "context",
    [
        lambda _, others: others.server(),
        lambda ours, _: ours.server("127.0.0.2"),
        lambda ours, _: ours.server("demo-fapi.binance.com"),
        lambda ours, _: ours.server(end=expired()),
    ],
    ids=["unknown authority", "another address", "another name", "expired"],
)
def test_a_server_that_is_not_trusted_gets_nothing(
    authority: Authority,
    tmp_path: Path,
    context: Callable[[Authority, Authority], ssl.SSLContext],
) -> None:
    """An unknown authority, another name, an expired certificate: nothing was sent, and the reason is named."""
    with WireServer(answers(order_row()), context=context(authority, Authority(tmp_path))) as server:
        result = carried(server.url, authority.file)

    assert isinstance(result, NotSentError)
    assert "certificate was refused" in str(result)
    assert server.received == []


@contextmanager
def bare_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server below HTTP; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            line, _ = listener.accept()
            line.settimeout(5)
            with line, suppress(OSError):
                talk(line)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)
        assert not thread.is_alive()


def until_gone(line: socket.socket) -> None:
    while line.recv(65_536):
        pass


@pytest.mark.parametrize(
    "talk",
    [
        lambda line: line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        lambda _: None,
        until_gone,
    ],
    ids=["plain HTTP", "closed", "silence"],
)
def test_a_handshake_that_fails_sent_nothing(authority: Authority, talk: Callable[[socket.socket], None]) -> None:
    """Plain text, an end, silence in place of a handshake: within the deadline, and not a byte of the request."""
    watch = Stopwatch()
    with bare_server(talk) as port:
        result = carried(f"https://127.0.0.1:{port}", authority.file, SHORT)
    took = watch.seconds()

    assert isinstance(result, NotSentError)
    assert took < 1.5 * SHORT_SECONDS


def test_tls_cut_after_the_request_is_a_lost_answer(authority: Authority) -> None:
    """The same kind of exception as a failed handshake, but the order was received: nobody knows."""

    def garble(peer: Peer, _: Received) -> bool:
        assert isinstance(peer.line, ssl.SSLSocket)
        with socket.socket(fileno=os.dup(peer.line.fileno())) as below:
            below.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        return False

    with WireServer(garble, context=authority.server()) as server:
        result = carried(server.url, authority.file)

    assert isinstance(result, AnswerLostError)
    assert str(result) == "TLS failed"
    assert len(server.posts()) == 1


def test_the_deadline_covers_encrypted_answers(authority: Authority) -> None:
    """An answer that drips in, each byte in a record of its own, ends at the deadline."""
    with WireServer(drips(framed(200, b" " * 500), 0.02), context=authority.server()) as server:
        watch = Stopwatch()
        result = carried(server.url, authority.file, SHORT)
        took = watch.seconds()

    assert isinstance(result, AnswerLostError)
    assert took < 1.5 * SHORT_SECONDS


# --- proxies ----------------------------------------------------------------------------------------------------------


def account(port: int, proxy: str, ca_file: Path, patience: Patience = QUICK) -> BinanceFutures:
    return BinanceFutures(
        API_KEY,
        API_SECRET,
        Environment.local(f"https://127.0.0.1:{port}"),
        proxy=proxy,
        ca_file=str(ca_file),
        patience=patience,
        namespace="test",
        environ={},
    )


def test_a_proxy_connects_us(authority: Authority) -> None:
    """It is asked by CONNECT with our login, and sees nothing of what goes through."""
    seen: list[bytes] = []

    def forward(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                seen.append(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def proxy(line: socket.socket) -> None:
        asked = line.recv(65_536)
        seen.append(asked)
        host, port = asked.split(b" ")[1].split(b":")
        with socket.create_connection((host.decode(), int(port))) as other:
            line.sendall(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
            back = threading.Thread(target=forward, args=(other, line), daemon=True)
            back.start()
            forward(line, other)
            back.join(5)

    with WireServer(answers(order_row()), context=authority.server()) as server, bare_server(proxy) as port:
        exchange = account(server.port, f"http://me:p%40ss@127.0.0.1:{port}", authority.file)
        reply = exchange.send(exchange.prepare(market_request()))
        exchange.close()

    assert reply.kind is ReplyKind.ACCEPTED
    head = seen[0].decode()
    assert head.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n")
    assert b64decode(head.partition("Basic ")[2].strip()) == b"me:p@ss"
    assert API_KEY.encode() not in b"".join(seen)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        b"HTTP/1.1 2000 Odd\r\n\r\n",
        b"<html>captive portal</html>\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000,
        b"",
    ],
)
def test_a_proxy_that_does_not_connect_us_got_nothing(authority: Authority, answer: bytes) -> None:
    """Refused, garbage, endless or no words: the order was not sent, and the login does not show."""

    def proxy(line: socket.socket) -> None:
        line.recv(65_536)
        line.sendall(answer)

    with bare_server(proxy) as port:
        exchange = account(9, f"http://me:passw0rd@127.0.0.1:{port}", authority.file)
        reply = exchange.send(exchange.prepare(market_request()))
        exchange.close()

    assert (reply.kind, reply.text) == (ReplyKind.NOT_SENT, "the proxy did not connect us")
    assert "passw0rd" not in repr(reply)


def test_a_proxy_that_says_nothing_is_given_up(authority: Authority) -> None:
    """The deadline covers the proxy, too."""
    with bare_server(until_gone) as port:
        exchange = account(9, f"http://127.0.0.1:{port}", authority.file, SHORT)
        watch = Stopwatch()
        reply = exchange.send(exchange.prepare(market_request()))
        took = watch.seconds()
        exchange.close()

    assert reply.kind is ReplyKind.NOT_SENT
    assert took < 1.5 * SHORT_SECONDS


@pytest.mark.parametrize(
    "address",
    [
        "https://me:passw0rd@host:1",
        "socks5://me:passw0rd@host:1",
        "me:passw0rd@host",
        "http://me:passw0rd@host",
        "http://me:passw0rd@host:1/path",
        "http://me:passw0rd@host:99999",
        "http://:1",
    ],
)
def test_a_proxy_address_is_checked_unseen(authority: Authority, address: str) -> None:
    """Another scheme, no port, a path: refused without showing the login."""
    with pytest.raises(ConfigurationError, match="a proxy has an address like") as caught:
        account(9, address, authority.file)
    assert "passw0rd" not in shown(caught.value)


def test_a_plain_local_exchange_has_no_proxy() -> None:
    """A request that is not encrypted is not handed to anybody else."""
    with pytest.raises(ConfigurationError, match="of no use"):
        BinanceFutures(API_KEY, API_SECRET, Environment.local("http://127.0.0.1:1"), proxy="http://h:1", environ={})
