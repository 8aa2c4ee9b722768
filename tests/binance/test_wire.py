"""What really goes over the wire, and what every way of failing there is taken for."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import socket
from typing import NoReturn
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surefill.adapters.binance import Patience
from surefill.adapters.binance import line as line_module
from surefill.adapters.binance.deadline import Deadline, DeadlineSocket
from surefill.adapters.binance.dialling import Dialler
from surefill.adapters.binance.line import IDLE_MAX_MS, Headers, Line, Route
from surefill.adapters.clock import SystemClock
from surefill.adapters.wire.call import AnswerLostError, Call, NotSentError, WireAnswer
from surefill.adapters.wire.classify import classify
from surefill.domain.order import Purpose
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from tests.binance.accounts import (
    ORDER,
    PUBLIC,
    READ,
    SHORT,
    SHORT_SECONDS,
    Stopwatch,
    carried,
    exchange,
    post,
    shown,
    transport,
)
from tests.binance.wire_server import (
    Behaviour,
    WireServer,
    answers,
    closes,
    drips,
    framed,
    holds,
    resets,
    says,
)
from tests.canaries import API_KEY, API_SECRET
from tests.wire_script import HandClock, market_request, order_row

GOOD = json.dumps(order_row()).encode()
HEAD = b"HTTP/1.1 200 OK\r\n"
TOO_LATE = 1.5 * SHORT_SECONDS


def chunked(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body + end


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_an_order_is_one_signed_form() -> None:
    """Parameters and signature are the body, signed over its very bytes; key and length are headers; nothing else."""
    with WireServer(answers(order_row())) as server:
        result = carried(server.url, post(symbol="测试USDT", quantity="0.010", timestamp="1"))

    assert isinstance(result, WireAnswer)
    (request,) = server.received
    payload, _, signature = request.body.decode().rpartition("&signature=")
    assert (request.method, request.target) == ("POST", ORDER)
    assert parse_qsl(payload) == [("symbol", "测试USDT"), ("quantity", "0.010"), ("timestamp", "1")]
    assert hmac.new(API_SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest() == signature
    assert request.headers == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "surefill",
        "accept": "application/json",
        "accept-encoding": "identity",
        "x-mbx-apikey": API_KEY,
        "content-type": "application/x-www-form-urlencoded",
        "content-length": str(len(request.body)),
    }


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_other_signed_requests_have_a_query(method: str) -> None:
    """Parameters and signature are the query; there is no body."""
    with WireServer(answers([])) as server:
        carried(server.url, Call(method, "/x", {"clientAlgoId": "a:b/c", "timestamp": "1"}))

    (request,) = server.received
    payload, _, signature = request.query.rpartition("&signature=")
    assert (payload, request.body) == ("clientAlgoId=a%3Ab%2Fc&timestamp=1", b"")
    assert hmac.new(API_SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest() == signature


def test_market_data_goes_without_the_key() -> None:
    """Neither key nor signature is sent where none is needed; a packed answer is welcome there."""
    packed = framed(200, gzip.compress(b'{"serverTime":1}'), "Content-Encoding: gzip")
    with WireServer(says(packed)) as server:
        result = carried(server.url, PUBLIC)

    assert result == WireAnswer(200, {"serverTime": 1}, {})
    (request,) = server.received
    assert request.target == "/fapi/v1/time"
    assert "x-mbx-apikey" not in request.headers
    assert request.headers["accept-encoding"] == "gzip"


def test_nothing_of_the_process_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxy and certificate variables, and a netrc file, do not reach the wire."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    with WireServer(answers(order_row())) as server:
        assert isinstance(carried(server.url), WireAnswer)
    assert server.connections == 1


def test_connections_stay_open() -> None:
    """Many requests, one connection; a stranger's cookie is not sent back."""
    with WireServer(answers(order_row(), "Set-Cookie: a=b; Path=/")) as server:
        carrier = transport(server.url)
        for _ in range(5):
            carrier.perform([post()])
        carrier.close()

    assert (len(server.received), server.connections) == (5, 1)
    assert all("cookie" not in request.headers for request in server.received)


# --- what comes back --------------------------------------------------------------------------------------------------

LOST: dict[str, Behaviour] = {
    "silence": holds,
    "closed without a word": closes,
    "reset without a word": resets(),
    "reset in the headers": resets(HEAD),
    "reset before the body": resets(HEAD + b"Content-Length: 20\r\n\r\n"),
    "reset in the body": resets(HEAD + b"Content-Length: 20\r\n\r\n{"),
    "a body shorter than its length": says(HEAD + b"Content-Length: %d\r\n\r\n" % (len(GOOD) + 1) + GOOD, stays=False),
    "no last chunk": says(chunked(GOOD, end=b""), stays=False),
    "half a chunk": says(chunked(end=b"fff\r\n{"), stays=False),
    "a chunk without a length": says(chunked(end=b"xyz\r\n{}\r\n0\r\n\r\n"), stays=False),
    "bad gzip": says(framed(200, GOOD, "Content-Encoding: gzip")),
    "cut gzip": says(framed(200, gzip.compress(GOOD)[:-5], "Content-Encoding: gzip")),
    "a packing we did not ask for": says(framed(200, GOOD, "Content-Encoding: br")),
    "HTML": says(framed(200, b"<html>under maintenance</html>", "Content-Type: text/html")),
    "nothing": says(framed(200, b"")),
    "nothing, without a length": says(HEAD + b"\r\n", stays=False),
    "JSON cut short, without a length": says(HEAD + b"\r\n" + GOOD[:-1], stays=False),
    "JSON cut short": says(framed(200, GOOD[:-1])),
    "NaN": says(framed(200, GOOD.replace(b'"0.010"', b"NaN"))),
    "a name twice": says(framed(200, GOOD[:-1] + b', "status": "NEW"}')),
    "deep JSON": says(framed(200, b"[" * 60_000)),
    "a byte order mark": says(framed(200, b"\xef\xbb\xbf" + GOOD)),
    "another character set": says(framed(200, '{"msg": "ü"}'.encode("latin-1"))),
    "a body too long": says(framed(200, b'{"a": "' + b"x" * 70_000 + b'"}')),
    "an endless body": says(HEAD + b"\r\n" + b" " * 70_000 + GOOD, stays=False),
    "300 headers": says(HEAD + b"".join(b"X-%d: y\r\n" % each for each in range(300)) + b"\r\n" + GOOD, stays=False),
    "an endless header": says(HEAD + b"X: " + b"y" * 70_000 + b"\r\n\r\n" + GOOD, stays=False),
    "no HTTP": says(b"SSH-2.0-OpenSSH_9.2\r\n", stays=False),
    "no status": says(b"HTTP/1.1 abc OK\r\n\r\n", stays=False),
    "a strange status": says(b"HTTP/1.1 999 What\r\nContent-Length: 2\r\n\r\n{}"),
    "early hints": says(b"HTTP/1.1 103 Early Hints\r\n\r\n" + framed(200, GOOD)),
    "switching protocols": says(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"),
}


@pytest.mark.parametrize("behaviour", LOST.values(), ids=LOST.keys())
def test_whatever_is_no_answer_is_a_lost_one(behaviour: Behaviour) -> None:
    """The order was received, once; what came back cannot be believed: nobody knows, and nothing is sent again."""
    with WireServer(behaviour) as server:
        result = carried(server.url, patience=SHORT)
        read = carried(server.url, READ, patience=SHORT)

    assert isinstance(result, AnswerLostError)
    assert len(server.posts()) == 1
    assert not isinstance(read, NotSentError)
    for each in (result, read):
        if isinstance(each, Exception):
            assert not {API_KEY, API_SECRET} & set(shown(each).split())
            assert (each.__cause__, each.__context__, each.__traceback__) == (None, None, None)


@pytest.mark.parametrize("behaviour", LOST.values(), ids=LOST.keys())
def test_after_a_lost_answer_the_next_one_is_right(behaviour: Behaviour) -> None:
    """A connection that misbehaved is not used again: what is left in it never becomes the next request's answer."""
    with WireServer(behaviour, answers(order_row(orderId=7))) as server:
        carrier = transport(server.url, SHORT)
        carrier.perform([post()])
        (second,) = carrier.perform([post()])
        carrier.close()

    assert isinstance(second, WireAnswer)
    assert isinstance(second.body, dict)
    assert second.body["orderId"] == 7
    assert len(server.posts()) == 2


ANSWERED: dict[str, Behaviour] = {
    "a length": says(framed(200, GOOD)),
    "chunks": says(chunked(GOOD[:10], GOOD[10:])),
    "until the end": says(HEAD + b"\r\n" + GOOD, stays=False),
    "closing": says(framed(200, GOOD, "Connection: close"), stays=False),
    "after a go-on": says(b"HTTP/1.1 100 Continue\r\n\r\n" + framed(200, GOOD)),
    "packed": says(framed(200, gzip.compress(GOOD), "Content-Encoding: gzip")),
    "HTTP/1.0": says(b"HTTP/1.0 200 OK\r\n\r\n" + GOOD, stays=False),
    "two lengths that agree": says(framed(200, GOOD, f"content-length: {len(GOOD)}")),
}


@pytest.mark.parametrize("behaviour", ANSWERED.values(), ids=ANSWERED.keys())
def test_every_proper_framing_is_understood(behaviour: Behaviour) -> None:
    """Length, chunks, end of the connection, packed: the same order."""
    with WireServer(behaviour) as server:
        result = carried(server.url)

    assert result == WireAnswer(200, order_row(), {})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    """Not on the same host and not to another: one POST, no key sent elsewhere, and nobody knows what happened."""
    with WireServer(answers({})) as other:
        for target in (f"{other.url}/x", "/elsewhere", "http://[broken", "//evil.example/"):
            with WireServer(says(framed(status, b"", f"Location: {target}"))) as server:
                result = carried(server.url)
                read = carried(server.url, READ)
            assert isinstance(result, WireAnswer)
            assert classify(result.status, result.body, market_request()).kind is ReplyKind.UNKNOWN
            assert isinstance(read, WireAnswer)
            assert not read.ok
            assert [request.path for request in server.received] == [ORDER, READ.path]
    assert other.connections == 0


@pytest.mark.parametrize(
    ("status", "body", "kind", "refusal"),
    [
        (400, b'{"code":-2019,"msg":"Margin is insufficient."}', ReplyKind.REJECTED, Refusal.MARGIN),
        (400, b"<html>", ReplyKind.UNKNOWN, None),
        (401, b'{"code":-2015,"msg":"Invalid API-key."}', ReplyKind.REJECTED, Refusal.NOT_ALLOWED),
        (403, b"<html>blocked</html>", ReplyKind.RETRYABLE, Refusal.RATE_LIMITED),
        (404, b"", ReplyKind.UNKNOWN, None),
        (408, b"", ReplyKind.UNKNOWN, None),
        (418, b"<html>", ReplyKind.RETRYABLE, Refusal.BANNED),
        (429, b"", ReplyKind.RETRYABLE, Refusal.RATE_LIMITED),
        (500, b"<html>", ReplyKind.UNKNOWN, None),
        (502, b"<html>", ReplyKind.UNKNOWN, None),
        (503, b"Service Unavailable.", ReplyKind.RETRYABLE, Refusal.OVERLOADED),
        (503, b"<html>Service Unavailable.</html>", ReplyKind.UNKNOWN, None),
        (503, b'{"code":-1008,"msg":"throttled"}', ReplyKind.RETRYABLE, Refusal.OVERLOADED),
        (504, b"", ReplyKind.UNKNOWN, None),
        (200, b"{}", ReplyKind.UNKNOWN, None),
        (200, b"[]", ReplyKind.UNKNOWN, None),
        (204, b"", ReplyKind.UNKNOWN, None),
    ],
)
def test_an_answer_means_what_the_list_says(status: int, body: bytes, kind: ReplyKind, refusal: Refusal | None) -> None:
    """From the bytes on the wire to the reply: status, code and exact text decide, whatever the body is."""
    with WireServer(says(framed(status, body))) as server:
        account = exchange(server.url)
        reply = account.send(account.prepare(market_request()))
        account.close()

    assert (reply.kind, reply.refusal) == (kind, refusal)
    assert len(server.posts()) == 1


def test_retry_after_is_heard() -> None:
    """Its seconds are the wait, also when the body is no JSON."""
    with WireServer(says(framed(429, b"slow down", "Retry-After: 7"))) as server:
        account = exchange(server.url)
        reply = account.send(account.prepare(market_request()))
        account.close()

    assert reply.retry_after_ms == 7_000


# --- connections that were never made, or that were closed meanwhile --------------------------------------------------


def test_a_refused_connection_was_never_used() -> None:
    """Nobody listens: not a byte was sent."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = carried(f"http://127.0.0.1:{port}")

    assert isinstance(result, NotSentError)
    assert str(result) == "the connection was refused"


def test_a_connection_that_is_never_accepted_was_never_used() -> None:
    """A full queue of a server that does not accept: given up within the deadline, nothing sent."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        watch = Stopwatch()
        result = carried(f"http://127.0.0.1:{listener.getsockname()[1]}", patience=SHORT)
        took = watch.seconds()
        for each in waiting:
            each.close()

    assert isinstance(result, NotSentError)
    assert str(result) == "no answer in time"
    assert took < TOO_LATE


def test_a_connection_closed_while_idle_is_replaced() -> None:
    """The server's FIN is seen before the next request is sent: a new connection, and nothing is lost."""
    with WireServer(says(framed(200, GOOD), stays=False), answers(order_row())) as server:
        carrier = transport(server.url)
        results = [carrier.perform([post()])[0]]
        server.idle.wait(2)
        results += carrier.perform([post()])
        carrier.close()

    assert all(isinstance(each, WireAnswer) for each in results)
    assert (len(server.posts()), server.connections) == (2, 2)


def test_a_second_post_on_a_dropped_connection_was_received() -> None:
    """The server drops a kept-alive connection on the second request: it was received once, and is not sent again."""
    with WireServer(says(framed(200, GOOD)), closes) as server:
        carrier = transport(server.url)
        first, second = carrier.perform([post()])[0], carrier.perform([post()])[0]
        carrier.close()

    assert isinstance(first, WireAnswer)
    assert isinstance(second, AnswerLostError)
    assert (len(server.posts()), server.connections) == (2, 1)


def test_a_connection_idle_for_long_is_replaced() -> None:
    """Something on the way may have forgotten it without a word: the next request does not try."""
    machine = HandClock(0)
    with WireServer(says(framed(200, GOOD))) as server:
        route = Route("127.0.0.1", server.port)
        line = Line(route, Dialler(1.0))

        def ask() -> None:
            line.ask("GET", "/", Headers({}, "x"), None, Deadline(machine, 5), lambda: None, 10_000)

        ask()
        machine.at_ms += IDLE_MAX_MS
        ask()
        assert server.connections == 1
        machine.at_ms += IDLE_MAX_MS + 1
        ask()
        line.drop()

    assert server.connections == 2


def test_an_interrupted_request_leaves_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while waiting for the answer passes, and that answer is never taken for the next request's."""

    def interrupted(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    with WireServer(answers(order_row())) as server:
        carrier = transport(server.url)
        with monkeypatch.context() as patch:
            patch.setattr(line_module, "read_answer", interrupted)
            with pytest.raises(KeyboardInterrupt):
                carrier.perform([post()])
        (second,) = carrier.perform([post()])
        carrier.close()

    assert isinstance(second, WireAnswer)
    assert server.connections == 2


@pytest.mark.parametrize(
    "first",
    [framed(200, GOOD) + b"HTTP/1.1 200 OK\r\nContent-Le", framed(200, GOOD, "Connection: close")],
    ids=["half an answer too much", "wants to close"],
)
def test_a_connection_that_is_not_free_is_replaced(first: bytes) -> None:
    """When something came behind an answer, or the server wants to close, the next request has a new connection."""
    with WireServer(says(first), answers(order_row(orderId=7))) as server:
        carrier = transport(server.url)
        results = [carrier.perform([post()])[0] for _ in range(2)]
        carrier.close()

    ids = [result.body["orderId"] for result in results if isinstance(result, WireAnswer)]  # type: ignore[index]  # ours
    assert ids == [70123456789, 7]
    assert server.connections == 2


def test_each_request_has_its_own_deadline() -> None:
    """A connection that was made for a patient read does not make an order patient."""
    patience = Patience(order_seconds=SHORT_SECONDS, read_seconds=30.0, connect_seconds=30.0)
    with WireServer(answers([]), holds) as server:
        carrier = transport(server.url, patience)
        carrier.perform([READ])
        watch = Stopwatch()
        (result,) = carrier.perform([post(Purpose.EXIT)])
        took = watch.seconds()
        carrier.close()

    assert isinstance(result, AnswerLostError)
    assert server.connections == 1
    assert took < TOO_LATE


def test_a_socket_without_a_deadline_is_a_socket() -> None:
    """Only a deadline changes how long is waited."""
    left, right = socket.socketpair()
    with DeadlineSocket(fileno=left.detach()) as ours, right:
        right.sendall(b"ab")
        assert (ours.recv(9), ours.gettimeout()) == (b"ab", None)


# --- one deadline over everything -------------------------------------------------------------------------------------

SLOW: dict[str, Behaviour] = {
    "silence": holds,
    "headers byte by byte": drips(framed(200, GOOD), 0.02),
    "endless headers": drips(HEAD + b"X: y\r\n" * 1000, 0.02),
    "endless go-ons": drips(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 0.001),
}


@pytest.mark.parametrize("behaviour", SLOW.values(), ids=SLOW.keys())
@pytest.mark.parametrize("call", [post(), READ], ids=["order", "read"])
def test_the_deadline_covers_the_headers(behaviour: Behaviour, call: Call) -> None:
    """However the answer drips in, the wait ends at the deadline."""
    with WireServer(behaviour) as server:
        watch = Stopwatch()
        result = carried(server.url, call, SHORT)
        took = watch.seconds()

    assert isinstance(result, AnswerLostError)
    assert took < TOO_LATE


@pytest.mark.parametrize(
    "head", [b"Content-Length: 500\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n1f4\r\n", b"\r\n"]
)
def test_the_deadline_covers_the_body(head: bytes) -> None:
    """Each byte comes in time, all of them do not."""

    def behave(peer: object, request: object) -> bool:
        says(HEAD + head)(peer, request)  # type: ignore[arg-type]  # a behaviour of two parts
        return drips(GOOD + b" " * 1000, 0.02)(peer, request)  # type: ignore[arg-type]  # likewise

    with WireServer(behave) as server:
        watch = Stopwatch()
        result = carried(server.url, patience=SHORT)
        took = watch.seconds()

    assert str(result) == "no answer in time"
    assert isinstance(result, AnswerLostError)
    assert took < TOO_LATE


def test_a_deadline_over_is_over() -> None:
    """Nobody waits after it, not even for nothing."""
    clock = SystemClock(counter_ns=iter([0, 0, 999_000_000, 1_000_000_000]).__next__, wall_ns=lambda: 0)
    deadline = Deadline(clock, 1.0)

    assert deadline.left_seconds() == 0.001
    with pytest.raises(TimeoutError):
        deadline.left_seconds()


# --- anything at all --------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_a_result(data: bytes, framed_well: bool) -> None:  # noqa: FBT001
    """Whatever the server says to an order, the transport returns; and it is never taken for an accepted order."""
    with WireServer(says(framed(200, data) if framed_well else data, stays=False)) as server:
        result = carried(server.url, patience=SHORT)

    assert isinstance(result, WireAnswer | AnswerLostError)
    if isinstance(result, WireAnswer):
        assert classify(result.status, result.body, market_request()).kind is not ReplyKind.ACCEPTED
    assert len(server.posts()) == 1


def test_an_answer_that_repeats_the_request_shows_nothing() -> None:
    """A message that echoes key and signature reaches nobody's error text."""

    def echo(peer: object, request: object) -> bool:
        body = {"code": -1100, "msg": f"bad: {request.body.decode()[-64:]} of {API_KEY}"}  # type: ignore[attr-defined]  # any request
        return answers(body, status=400)(peer, request)  # type: ignore[arg-type]  # echoes what it received

    with WireServer(echo) as server:
        account = exchange(server.url)
        reply = account.send(account.prepare(market_request()))
        account.close()

    assert (reply.kind, reply.code, reply.text) == (ReplyKind.REJECTED, -1100, "bad: (hidden) of (hidden)")


def test_a_short_key_is_not_searched_for() -> None:
    """Taking a key of one letter out of an answer would change the answer."""
    from surefill.adapters.binance import BinanceFutures, Environment  # noqa: PLC0415 - an account of its own

    with WireServer(answers(order_row())) as server:
        account = BinanceFutures("1", "2", Environment.local(server.url), environ={}, namespace="test")
        reply = account.send(account.prepare(market_request()))
        account.close()

    assert reply.kind is ReplyKind.ACCEPTED


def test_what_cannot_be_encoded_is_not_sent() -> None:
    """A parameter that is no Unicode stops the request before a connection is made."""
    with WireServer(answers({})) as server:
        result = carried(server.url, post(symbol="\ud800"))

    assert isinstance(result, NotSentError)
    assert server.connections == 0


@pytest.mark.parametrize("purpose", Purpose)
def test_a_reset_is_never_answered_by_a_second_attempt(purpose: Purpose) -> None:
    """Not in either lane, not for a read: once is once."""
    with WireServer(resets()) as server:
        carried(server.url, post(purpose))
        carried(server.url, READ)

    assert len(server.received) == 2
