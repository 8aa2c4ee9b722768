"""Lanes: who waits for whom, and who never does."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from surefill.adapters.binance.channel import Channel
from surefill.adapters.binance.deadline import Deadline
from surefill.adapters.binance.environment import Environment
from surefill.adapters.binance.lane import CHANNELS_MAX, Lane
from surefill.adapters.binance.line import Line
from surefill.adapters.binance.transport import HttpsTransport, Patience
from surefill.adapters.clock import SystemClock
from surefill.adapters.wire.call import AnswerLostError, NotSentError, WireAnswer
from surefill.domain.errors import ConfigurationError
from surefill.domain.order import Purpose
from tests.binance.accounts import PUBLIC, QUICK, READ, SHORT, post, transport, until
from tests.binance.wire_server import Behaviour, Peer, Received, WireServer, answers, holds
from tests.wire_script import order_row


def test_protection_does_not_wait_for_entries() -> None:
    """While an entry hangs without an answer, an exit is sent and answered on a connection of its own."""
    answered = threading.Event()

    def behave(peer: Peer, request: Received) -> bool:
        if b"leg=entry" in request.body:
            answered.wait(5)
        return answers(order_row())(peer, request)

    with WireServer(behave) as server:
        carrier = transport(server.url)
        results: list[object] = []
        hanging = threading.Thread(target=lambda: results.extend(carrier.perform([post(leg="entry")])))
        hanging.start()
        (exit_result,) = carrier.perform([post(Purpose.EXIT, leg="exit")])
        assert results == []
        answered.set()
        hanging.join(5)
        carrier.close()

    assert isinstance(exit_result, WireAnswer)
    assert isinstance(results[0], WireAnswer)
    assert server.connections == 2


def meeting(parties: int) -> Behaviour:
    """Answers only once so many requests are here: they must have been sent without waiting."""
    barrier = threading.Barrier(parties, timeout=5)

    def behave(peer: Peer, request: Received) -> bool:
        barrier.wait()
        return answers(order_row(leg=request.body.decode()[:5]))(peer, request)

    return behave


def test_several_are_sent_without_waiting_and_in_order() -> None:
    """Stop and target are both at the exchange before either is answered; results keep the order of the calls."""
    for _ in range(20):
        with WireServer(meeting(3)) as server:
            carrier = transport(server.url)
            calls = [post(Purpose.PROTECTION, leg="1"), post(Purpose.PROTECTION, leg="2"), post(leg="3")]
            results = carrier.perform(calls)
            carrier.close()

        legs = [result.body["leg"] for result in results if isinstance(result, WireAnswer)]  # type: ignore[index]  # ours
        assert legs == ["leg=1", "leg=2", "leg=3"]
        assert server.connections == 3


def test_the_next_is_sent_after_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last byte of a stop leaves before the first of its target, each time."""
    events: list[tuple[str, bytes]] = []
    ask = Line.ask

    def noted(
        line: Line, method: str, target: str, headers: Any, body: bytes, deadline: Any, on_sent: Any, most: int
    ) -> object:
        def sent() -> None:
            events.append(("sent", body[:5]))
            on_sent()

        events.append(("begun", body[:5]))
        return ask(line, method, target, headers, body, deadline, sent, most)

    monkeypatch.setattr(Line, "ask", noted)
    with WireServer(answers(order_row())) as server:
        carrier = transport(server.url)
        for _ in range(20):
            carrier.perform([post(Purpose.PROTECTION, leg="1"), post(Purpose.PROTECTION, leg="2")])
        carrier.close()

    assert events == [("begun", b"leg=1"), ("sent", b"leg=1"), ("begun", b"leg=2"), ("sent", b"leg=2")] * 20


def test_one_of_several_may_fail_alone() -> None:
    """A silent answer costs its own call only."""

    def behave(peer: Peer, request: Received) -> bool:
        return (holds if b"leg=1" in request.body else answers(order_row()))(peer, request)

    with WireServer(behave) as server:
        carrier = transport(server.url, SHORT)
        first, second = carrier.perform([post(Purpose.PROTECTION, leg="1"), post(Purpose.PROTECTION, leg="2")])
        carrier.close()

    assert isinstance(first, AnswerLostError)
    assert isinstance(second, WireAnswer)


def test_after_closing_nothing_is_sent() -> None:
    """Neither one nor several; closing twice is harmless; no thread is left."""
    before = threading.active_count()
    with WireServer(answers(order_row())) as server:
        carrier = transport(server.url)
        carrier.perform([post(), post()])
        carrier.close()
        carrier.close()
        results = [*carrier.perform([post()]), *carrier.perform([post(), READ])]

    assert all(isinstance(result, NotSentError) for result in results)
    assert len(server.received) == 2
    assert threading.active_count() == before


def test_a_request_under_way_ends_although_the_lane_is_closed() -> None:
    """Closing does not cut an answer off; the connection is closed when it comes back."""
    closed = threading.Event()

    def behave(peer: Peer, request: Received) -> bool:
        closed.wait(5)
        return answers(order_row())(peer, request)

    with WireServer(behave) as server:
        carrier = transport(server.url)
        results: list[object] = []
        asking = threading.Thread(target=lambda: results.extend(carrier.perform([post()])))
        asking.start()
        until(lambda: server.received)
        carrier.close()
        closed.set()
        asking.join(5)
        assert server.idle.wait(2)

    assert isinstance(results[0], WireAnswer)


def test_a_full_lane_refuses_at_once() -> None:
    """Too many requests at once are not queued behind each other: the next one is told so."""
    lane = Lane("x", lambda: _Stuck(release))  # type: ignore[arg-type,return-value]  # only carried
    release = threading.Event()
    deadline = Deadline(SystemClock(), 5)
    threads = [threading.Thread(target=lane.carry, args=(post(), deadline)) for _ in range(CHANNELS_MAX)]
    for thread in threads:
        thread.start()
    until(lambda: _Stuck.entered >= CHANNELS_MAX)
    result = lane.carry(post(), deadline)
    release.set()
    for thread in threads:
        thread.join(5)
    lane.close()

    assert isinstance(result, NotSentError)
    assert isinstance(lane.carry(post(), deadline), NotSentError)


class _Stuck:
    """A channel that is busy until released."""

    entered = 0

    def __init__(self, release: threading.Event) -> None:
        self._release = release

    def carry(self, *_: object) -> NotSentError:
        type(self).entered += 1
        self._release.wait(5)
        return NotSentError("x")

    def close(self) -> None:
        pass


def test_after_a_fork_the_child_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes on one connection would read each other's answers: the copy refuses, and closes nothing."""
    with WireServer(answers(order_row())) as server:
        carrier = transport(server.url)
        carrier.perform([post()])
        with monkeypatch.context() as child:
            process_id = os.getpid()
            child.setattr(os, "getpid", lambda: process_id + 1)
            results = carrier.perform([post(), READ])
            carrier.close()
        (still,) = carrier.perform([post()])
        carrier.close()

    assert all("after a fork" in str(result) for result in results)
    assert isinstance(still, WireAnswer)
    assert server.connections == 1


def test_a_signed_call_needs_a_key() -> None:
    """Without one, market data is read and everything else is a mistake in the wiring, said before anything is sent."""
    with WireServer(answers({"serverTime": 1})) as server:
        carrier = HttpsTransport(
            Environment.local(server.url), None, SystemClock(), patience=QUICK, proxy=None, ca_file=""
        )
        assert isinstance(carrier.perform([PUBLIC])[0], WireAnswer)
        with pytest.raises(ConfigurationError, match="needs an API key"):
            carrier.perform([READ])
        with pytest.raises(ConfigurationError, match="needs an API key"):
            carrier.perform([PUBLIC, READ])
        carrier.close()

    assert all(request.path == "/fapi/v1/time" for request in server.received)


@pytest.mark.parametrize("field", ["order_seconds", "read_seconds", "connect_seconds"])
def test_patience_is_above_nothing(field: str) -> None:
    """A request that may take no time cannot be made."""
    with pytest.raises(ValueError, match=field):
        Patience(**{field: 0.0})


def test_a_channel_without_a_trip_sends_nothing() -> None:
    """The pool under requests works for its channel only."""
    with WireServer(answers({})) as server:
        made: list[Channel] = []
        carrier = transport(server.url)
        made.append(carrier._others._make_channel())
        with pytest.raises(NotSentError):
            made[0]._pool.urlopen("GET", "/")
        made[0].close()
        carrier.close()

    assert server.connections == 0


def test_a_thread_refused_by_the_interpreter_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the interpreter shuts down no thread can be had: the order was not sent, and the caller is told."""
    with WireServer(answers(order_row())) as server:
        carrier = transport(server.url)
        executor = carrier._others._executor()
        executor.shutdown()
        results = carrier.perform([READ, READ])
        carrier.close()

    assert all(isinstance(result, NotSentError) for result in results)
