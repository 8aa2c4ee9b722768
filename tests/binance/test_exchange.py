"""The whole adapter against a server that is told what to say."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal

import pytest
from loguru import logger

from surefill.adapters.binance import BinanceFutures, Environment
from surefill.adapters.wire.call import Call
from surefill.domain.breaker import BreakerPolicy
from surefill.domain.errors import (
    AuthenticationError,
    ConfigurationError,
    ExchangeUnavailableError,
    OutcomeUnknownError,
    SurefillError,
)
from surefill.domain.ids import Leg
from surefill.domain.order import Purpose
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from surefill.ports.exchange import Exchange
from tests.binance.accounts import SHORT, exchange, shown
from tests.binance.wire_server import Behaviour, Peer, Received, WireServer, answers, closes, framed, resets, says
from tests.canaries import API_KEY
from tests.canary_guard import Watch
from tests.wire_script import market_request, order_row, stop_request

AHEAD_MS = 40_000


def binance(**bodies: Behaviour) -> Behaviour:
    """Answers each path by the last part of its name; time always."""

    def behave(peer: Peer, request: Received) -> bool:
        name = request.path.rpartition("/")[2]
        if name == "time" and "time" not in bodies:
            from surefill.adapters.clock import SystemClock  # noqa: PLC0415 - the server's own clock

            return answers({"serverTime": SystemClock().now_ms() + AHEAD_MS})(peer, request)
        return bodies[name](peer, request)

    return behave


def test_it_is_an_exchange_that_moves_on_its_own() -> None:
    """The port's properties, and that nothing is opened by building it."""
    with WireServer(answers({})) as server:
        account = exchange(server.url)
        port: Exchange = account
        account.close()

    assert (port.environment, port.namespace, port.real_time, port.direct) == ("local", "test", True, account)
    assert repr(account) == "BinanceFutures(environment='local', namespace='test')"
    assert server.connections == 0


def test_it_is_closed_by_its_block() -> None:
    """After the block nothing is sent any more."""
    with WireServer(binance(balance=answers([]))) as server:
        with exchange(server.url) as account:
            assert account.balance() == ()
        with pytest.raises(ExchangeUnavailableError, match="closed"):
            account.balance()


def test_requests_carry_the_exchanges_time() -> None:
    """The first request asks for it; stamps then are the exchange's time, not this machine's."""
    with (
        WireServer(binance(balance=answers([]), order=answers(order_row()))) as server,
        exchange(server.url) as account,
    ):
        account.balance()
        prepared = account.prepare(market_request())
        assert abs(account.clock.now_ms() - prepared.timestamp_ms) <= 1_000  # stamps rise, so one may run 1 ms ahead
        assert account.send(prepared).kind is ReplyKind.ACCEPTED
        assert -AHEAD_MS - 200 <= account.clock.ahead_ms <= -AHEAD_MS + 200
        assert account.clock.error_ms is not None
        assert account.synchronise() is not None

    stamps = [request for request in server.received if "timestamp" in request.target + request.body.decode()]
    assert [request.path for request in stamps] == ["/fapi/v3/balance", "/fapi/v1/order"]


def test_a_refused_timestamp_sets_the_clock_before_the_next_attempt() -> None:
    """-1021 is a refusal for now; the clock is asked at once, so that the next order carries a right stamp."""
    refused = answers({"code": -1021, "msg": "Timestamp outside of recvWindow"}, status=400)
    with WireServer(binance(order=refused)) as server, exchange(server.url) as account:
        first = account.prepare(market_request())
        reply = account.send(first)
        second = account.prepare(market_request())

    assert (reply.kind, reply.refusal) == (ReplyKind.RETRYABLE, Refusal.CLOCK)
    assert second.timestamp_ms - first.timestamp_ms >= AHEAD_MS - 1_000


def test_the_key_is_refused_in_words_without_the_key() -> None:
    """401 with -2015 is an authentication error that shows nothing, tracebacks with local variables included."""
    refused = answers({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}, status=401)
    with (
        WireServer(binance(balance=refused)) as server,
        exchange(server.url) as account,
        pytest.raises(AuthenticationError) as caught,
    ):
        account.balance()

    assert caught.value.code == -2015
    assert API_KEY not in shown(caught.value)


@pytest.mark.parametrize(
    "behaviour", [closes, resets(), says(b"garbage\r\n", stays=False), says(framed(200, b"<html>"))]
)
def test_errors_of_reads_and_cancels_show_nothing(behaviour: Behaviour, canaries: Watch) -> None:
    """What failed on the way becomes our error, without the address, key, signature or any cause."""
    with WireServer(binance(balance=behaviour, order=behaviour)) as server, exchange(server.url) as account:
        errors: list[SurefillError] = []
        for ask in (account.balance, lambda: account.cancel([market_request().key])):
            with pytest.raises(SurefillError) as caught:
                ask()
            errors.append(caught.value)

    assert [type(error) for error in errors] == [ExchangeUnavailableError, OutcomeUnknownError]
    for error in errors:
        assert error.__cause__ is None
        assert canaries.signatures.leak(shown(error)) is None
    assert len(canaries.signatures.all()) == 2


def test_requests_and_answers_are_logged_without_secrets() -> None:
    """At DEBUG one line tells the request with its parameters and the answer with its body."""
    lines: list[str] = []
    logger.add(lambda line: lines.append(str(line)), level="DEBUG", format="{message}")
    with WireServer(binance(order=answers(order_row()))) as server, exchange(server.url) as account:
        account.send(account.prepare(market_request()))

    (line,) = lines
    assert line.startswith("POST /fapi/v1/order symbol=BTCUSDT side=BUY type=MARKET quantity=0.01 ")
    assert ' ms) -> HTTP 200 {"avgPrice": "64210.55", ' in line
    assert "signature" not in "".join(lines)


def test_a_ban_stops_everything_and_a_pause_only_entries() -> None:
    """After 429 an exit still goes out, after 418 nothing does."""
    paused, banned = answers({}, "Retry-After: 60", status=429), answers({}, status=418)
    with WireServer(binance(order=paused)) as server, exchange(server.url) as account:
        account.send(account.prepare(market_request()))
        entry = account.send(account.prepare(market_request(client_id="b")))
        leaving = account.send(account.prepare(market_request(Leg.EXIT)))
    assert (entry.kind, entry.refusal) == (ReplyKind.NOT_SENT, Refusal.RATE_LIMITED)
    assert leaving.kind is ReplyKind.RETRYABLE
    assert len(server.posts()) == 2
    with WireServer(binance(order=banned)) as server, exchange(server.url) as account:
        account.send(account.prepare(market_request()))
        leaving = account.send(account.prepare(market_request(Leg.EXIT)))
        assert account.capacity().banned_until_ms is not None
    assert (leaving.kind, leaving.refusal) == (ReplyKind.NOT_SENT, Refusal.BANNED)
    assert len(server.posts()) == 1


def test_entries_stop_when_the_reserve_begins() -> None:
    """At nine tenths of a limit no entry is sent; a stop is, and a cancel."""
    full = answers([], "X-MBX-ORDER-COUNT-10S: 270", "X-MBX-USED-WEIGHT-1M: 2100")
    stop = answers({"code": -2019, "msg": "x"}, status=400)
    with (
        WireServer(binance(balance=full, algoOrder=stop)) as server,
        exchange(server.url) as account,
    ):
        account.balance()
        entry = account.send(account.prepare(market_request()))
        leg = account.send(account.prepare(stop_request()))
        used = {one.name: one.percent for one in account.capacity().allowances}

    assert (entry.kind, entry.refusal) == (ReplyKind.NOT_SENT, Refusal.BUDGET)
    assert entry.retry_after_ms is not None
    assert leg.kind is ReplyKind.REJECTED
    assert used["orders/10s"] == 90
    assert [request.path for request in server.posts()] == ["/fapi/v1/algoOrder"]


def test_an_exchange_that_does_not_answer_gets_no_more_entries() -> None:
    """After so many silent failures entries are refused here; stops still go out, and their success lets entries in."""
    behaviour: dict[str, Behaviour] = {"order": closes, "algoOrder": closes}
    with (
        WireServer(lambda peer, request: binance(**behaviour)(peer, request)) as server,  # noqa: PLW0108 - changes below
        exchange(server.url, health_breaker=BreakerPolicy(failures_max=3, pause_ms=60_000), patience=SHORT) as account,
    ):
        kinds = [account.send(account.prepare(market_request(client_id=f"c{each}"))).kind for each in range(3)]
        stopped = account.send(account.prepare(market_request(client_id="d")))
        broken = account.capacity().entries_broken_until_ms
        assert account.send(account.prepare(stop_request())).kind is ReplyKind.UNKNOWN
        behaviour["algoOrder"] = answers({"code": -2021, "msg": "x"}, status=400)
        account.send(account.prepare(stop_request(client_id="e")))
        behaviour["order"] = answers(order_row(clientOrderId="f"))
        again = account.send(account.prepare(market_request(client_id="f")))

    assert kinds == [ReplyKind.UNKNOWN] * 3
    assert (stopped.kind, stopped.refusal) == (ReplyKind.NOT_SENT, Refusal.BREAKER)
    assert broken is not None
    assert again.kind is ReplyKind.ACCEPTED
    assert account.capacity().entries_broken_until_ms is None
    sent = [request.body.decode() for request in server.posts()]
    assert not any("newClientOrderId=d&" in body for body in sent)


def test_the_same_refused_again_and_again_is_stopped() -> None:
    """Another client id does not make another request of it; another size does; an exit is never stopped."""
    refused = answers({"code": -2019, "msg": "Margin is insufficient."}, status=400)
    with (
        WireServer(binance(order=refused)) as server,
        exchange(server.url, repeat_breaker=BreakerPolicy(failures_max=2, pause_ms=60_000)) as account,
    ):
        replies = [account.send(account.prepare(market_request(client_id=f"c{each}"))) for each in range(3)]
        other = account.send(account.prepare(market_request(client_id="d", quantity=Decimal("0.5"))))
        exits = [account.send(account.prepare(market_request(Leg.EXIT, client_id=f"e{each}"))) for each in range(4)]

    assert [reply.kind for reply in replies] == [ReplyKind.REJECTED, ReplyKind.REJECTED, ReplyKind.NOT_SENT]
    assert replies[2].refusal is Refusal.BREAKER
    assert other.kind is ReplyKind.REJECTED
    assert [reply.kind for reply in exits] == [ReplyKind.REJECTED] * 4
    assert len(server.posts()) == 7


def test_without_a_key_it_reads_markets_only() -> None:
    """Market data needs no key; an account does, and the error says which variables to set."""
    prices = {"symbol": "BTCUSDT", "markPrice": "1", "price": "1", "time": 1}
    with WireServer(binance(premiumIndex=answers(prices), price=answers(prices))) as server:
        account = BinanceFutures(environment=Environment.local(server.url), environ={})
        assert account.reference("BTCUSDT").mark == Decimal(1)
        with pytest.raises(ConfigurationError, match="BINANCE_API_KEY"):
            account.balance()
        account.close()


def test_two_legs_are_sent_without_waiting() -> None:
    """`send_together` answers each request with its own reply."""

    def algo(peer: Peer, request: Received) -> bool:
        code = -2021 if b"TAKE_PROFIT_MARKET" in request.body else -4045
        return answers({"code": code, "msg": "x"}, status=400)(peer, request)

    with WireServer(binance(algoOrder=algo)) as server, exchange(server.url) as account:
        legs = [account.prepare(stop_request()), account.prepare(stop_request(Leg.TARGET))]
        replies = account.send_together(legs)

    assert [reply.refusal for reply in replies] == [Refusal.STOP_CAP, Refusal.STOP_CROSSED]


def test_importing_surefill_does_not_import_requests() -> None:
    """A paper trader does not pay for an HTTP library; it comes with `surefill.adapters.binance`."""
    probe = (
        "import sys, json, surefill; before = 'requests' in sys.modules; "
        "import surefill.adapters.binance; print(json.dumps([before, 'requests' in sys.modules, "
        "'cryptography' in sys.modules]))"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60
    )

    assert json.loads(done.stdout) == [False, True, False]


def test_each_purpose_has_its_lane() -> None:
    """Entries on one connection, everything else on another."""
    with WireServer(answers({})) as server, exchange(server.url) as account:
        for purpose in (Purpose.ENTRY, Purpose.EXIT, Purpose.PROTECTION, Purpose.ENTRY):
            account._transport.perform([Call("GET", "/x", {}, purpose=purpose)])

    assert server.connections == 2
