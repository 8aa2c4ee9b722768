"""Family A: what the network does to requests and answers."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from functools import partial
from http.client import RemoteDisconnected
from typing import Final

import requests
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError

from surefill.adapters.binance.outcome import failure_of
from surefill.adapters.simulated import Fault, Latency
from surefill.adapters.wire.call import Call, Result
from surefill.domain.alarm import AlarmKind
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from surefill.testing.world import World
from tests.chaos.matrix.case import Check, Elsewhere, FaultCase, Listed, NotApplicable, as_promised, at
from tests.chaos.matrix.injections import (
    LONG,
    ONCE,
    RECURRING,
    Inject,
    Make,
    Shown,
    When,
    both,
    from_then_on,
    in_what_comes_back,
    on_the_way,
    variants,
)
from tests.chaos.matrix.right import alarmed, every, not_filled, refused, sent_once, sound
from tests.chaos.matrix.scenario import Hoping, scenario_of
from tests.chaos.matrix.steps import ALL, PHASES, SENDS, Step

_SOUND: Final = at(dict.fromkeys(PHASES, as_promised), otherwise=sound)
_RESOLVED: Final = at({Step.ENTRY: every(sent_once, sound)}, otherwise=_SOUND)
_ABSENT: Final = at({Step.ENTRY: every(sent_once, not_filled)}, otherwise=_SOUND)
_UNREACHABLE: Final = at(
    {
        Step.ENTRY: refused(Refusal.UNREACHABLE),
        Step.LATE_WATCH: alarmed(AlarmKind.EXCHANGE_UNREACHABLE),
        Step.STARTUP: alarmed(AlarmKind.EXCHANGE_UNREACHABLE),
    },
)

_LINE: Final = HTTPConnection("exchange.invalid")
_DROPPED: Final = requests.ConnectionError(ProtocolError("Connection aborted.", RemoteDisconnected("no response")))
_NEVER_SENT: Final[Mapping[str, tuple[str, Exception]]] = {
    "A8": (
        "connection refused",
        requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(_LINE, "refused"))),  # type: ignore[arg-type]  # no pool is needed to fail
    ),
    "A9": (
        "host name not resolved",
        requests.ConnectionError(MaxRetryError(None, "/", NameResolutionError("h", _LINE, socket.gaierror()))),  # type: ignore[arg-type]  # likewise
    ),
    "A10": (
        "TLS handshake or certificate failed",
        requests.exceptions.SSLError(ssl.SSLCertVerificationError(1, "certificate has expired")),
    ),
    "A11": (
        "proxy refuses the tunnel",
        requests.exceptions.ProxyError(OSError("Tunnel connection failed: 407 Proxy Authentication Required")),
    ),
}
"""What requests raises before a byte of the request is out."""


def _impatient(step: Step, seed: int) -> World:
    """A world whose owner gives up on an answer after one second."""
    del step
    return World(seed=seed, latency=Latency(timeout_ms=1_000))


def _as_read(error: Exception) -> Shown:
    """Show the client what the real adapter makes of *error*."""
    read = failure_of(error)

    def shown(call: Call, result: Result) -> Result:
        del call, result
        return read

    return shown


def _never_sent(error: Exception, when: When) -> Inject:
    return both(on_the_way(when, lambda c: Fault.unreachable(**c)), in_what_comes_back(when, _as_read(error)))


def _dropped(when: When) -> Inject:
    return both(on_the_way(when, lambda c: Fault.reply_lost(**c)), in_what_comes_back(when, _as_read(_DROPPED)))


def _way(make: Make) -> Callable[[When], Inject]:
    return lambda when: on_the_way(when, make)


def _redirect(status: int, *, executed: bool) -> tuple[FaultCase, ...]:
    return variants(
        "A15",
        f"redirect {status}{', though executed' if executed else ''}",
        ALL,
        _way(lambda c: Fault.redirect(status, executed=executed, **c)),
        expect=at({Step.ENTRY: every(sent_once, sound if executed else not_filled)}, otherwise=_SOUND),
        means=ReplyKind.UNKNOWN,
    )


def _twice(variant: str, after_ms: int, check: Check) -> FaultCase:
    return FaultCase(
        id="A6",
        what="delivered twice",
        variant=variant,
        steps=ALL,
        inject=on_the_way(ONCE, lambda c: Fault.delivered_twice(after_ms, **c)),
        expect=at({Step.ENTRY: check}),
    )


def _partition(variant: str, *methods: str) -> FaultCase:
    return FaultCase(
        id="A13",
        what="partition",
        variant=variant,
        steps=ALL,
        inject=from_then_on(
            25_000, lambda c: Fault.unreachable(**c), places=tuple({"method": method} for method in methods)
        ),
    )


_DELAYED: Final = (
    FaultCase(
        id="A3",
        what="delayed inside its window",
        variant="within our patience",
        steps=ALL,
        inject=on_the_way(ONCE, lambda c: Fault.latency(2_500, **c)),
        expect=_RESOLVED,
    ),
    FaultCase(
        id="A3",
        what="delayed inside its window",
        variant="beyond our patience",
        steps=SENDS,
        inject=on_the_way(ONCE, lambda c: Fault.latency(2_500, **c)),
        expect=_RESOLVED,
        world=_impatient,
    ),
    FaultCase(
        id="A3",
        what="delayed inside its window",
        variant="and not shown until it was believed absent",
        steps=frozenset({Step.ENTRY}),
        inject=both(
            on_the_way(ONCE, lambda c: Fault.reply_lost(**c)),
            on_the_way(
                LONG, lambda c: Fault.visibility_lag(30_000, trades=True, positions=True, until_ms=c.get("until_ms", 0))
            ),
        ),
        expect=every(sent_once, alarmed(AlarmKind.LATE_FILL)),
        scenario=lambda step, seed: Hoping(trade=scenario_of(step, seed).trade),
    ),
    FaultCase(
        id="A4",
        what="delayed beyond its window",
        variant="within our patience",
        steps=ALL,
        inject=on_the_way(ONCE, lambda c: Fault.latency(4_500, **c)),
        expect=_SOUND,
    ),
    FaultCase(
        id="A4",
        what="delayed beyond its window",
        variant="beyond our patience",
        steps=SENDS,
        inject=on_the_way(ONCE, lambda c: Fault.latency(7_000, **c)),
        expect=_ABSENT,
    ),
)
_LANES: Final = "tests/binance/test_lanes.py"

CASES: Final[tuple[Listed, ...]] = (
    *variants(
        "A1",
        "request lost",
        ALL,
        _way(lambda c: Fault.request_lost(**c)),
        expect=_ABSENT,
        means=ReplyKind.UNKNOWN,
        fifth=True,
    ),
    *variants(
        "A2",
        "reply lost",
        ALL,
        _way(lambda c: Fault.reply_lost(**c)),
        expect=_RESOLVED,
        means=ReplyKind.UNKNOWN,
        fifth=True,
    ),
    *_DELAYED,
    *variants(
        "A5",
        "answer to an older request",
        ALL,
        _way(lambda c: Fault.stale_reply(**c)),
        expect=at({Step.ENTRY: every(sent_once, sound)}),
        means=ReplyKind.UNKNOWN,
    ),
    _twice("at once", 0, alarmed(AlarmKind.EXCESS_FILL)),
    _twice("again after 2 s", 2_000, alarmed(AlarmKind.EXCESS_FILL)),
    *variants(
        "A7",
        "answer drips in, never whole",
        ALL,
        _way(lambda c: Fault.drip(**c)),
        expect=_RESOLVED,
        means=ReplyKind.UNKNOWN,
        fifth=True,
    ),
    *(
        case
        for fault_id, (what, error) in _NEVER_SENT.items()
        for case in variants(
            fault_id,
            what,
            ALL,
            partial(_never_sent, error),
            expect=_SOUND,
            expect_lasting=_UNREACHABLE,
            means=ReplyKind.NOT_SENT,
            again=RECURRING if fault_id == "A8" else frozenset(),
        )
    ),
    *variants(
        "A12",
        "kept-alive connection closed under the request",
        ALL,
        _dropped,
        expect=_RESOLVED,
        means=ReplyKind.UNKNOWN,
    ),
    _partition("reads do not get through", "GET"),
    _partition("changes do not get through", "POST", "DELETE"),
    NotApplicable(
        id="A14",
        what="stream gap while REST is up",
        steps=ALL,
        reason="no stream is read: every fact comes from REST, and the guard looks every 5 s",
    ),
    *_redirect(301, executed=False),
    *_redirect(302, executed=True),
    *_redirect(307, executed=False),
    *_redirect(308, executed=True),
    Elsewhere(
        id="A16",
        what="connection pool exhausted",
        steps=ALL,
        tests=(
            f"{_LANES}::test_a_full_lane_refuses_at_once",
            f"{_LANES}::test_protection_does_not_wait_for_entries",
            "tests/binance/test_exchange.py::test_each_purpose_has_its_lane",
        ),
    ),
)
