"""Family A: what the network does to requests and answers."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from http.client import RemoteDisconnected
from typing import Final

import requests
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError

from surefill.adapters.binance.outcome import failure_of
from surefill.adapters.simulated import Fault
from surefill.adapters.wire.call import Call, Result
from surefill.domain.alarm import AlarmKind
from surefill.domain.refusal import Refusal
from surefill.domain.report import Outcome
from tests.chaos.matrix.case import Elsewhere, FaultCase, Listed, NotApplicable, at
from tests.chaos.matrix.checks import alarmed, every, not_filled, refused, sent_once, sound
from tests.chaos.matrix.injections import (
    LASTING,
    ONCE,
    Inject,
    Make,
    Shown,
    When,
    both,
    in_what_comes_back,
    on_the_way,
    variants,
)
from tests.chaos.matrix.steps import ALL, CHANGES, PHASES, SENDS, Step

_OPENED_AND_CLOSED: Final = at(
    {
        Step.LATE_WATCH: lambda _: (),
        Step.STARTUP: lambda _: (),
    },
    otherwise=sound,
)
_RESOLVED: Final = at({Step.ENTRY: every(sent_once, sound)}, otherwise=_OPENED_AND_CLOSED)
_ABSENT: Final = at({Step.ENTRY: every(sent_once, not_filled)}, otherwise=_OPENED_AND_CLOSED)
_NOT_SENT: Final = at(
    {
        Step.ENTRY: refused(Refusal.UNREACHABLE),
        Step.LATE_WATCH: alarmed(AlarmKind.EXCHANGE_UNREACHABLE),
        Step.STARTUP: alarmed(AlarmKind.EXCHANGE_UNREACHABLE),
    },
)
"""For as long as nothing can be sent."""

_LINE: Final = HTTPConnection("exchange.invalid")
_RESET: Final = requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")))
_DROPPED: Final = requests.ConnectionError(ProtocolError("Connection aborted.", RemoteDisconnected("no response")))
_NEVER_SENT: Final[Mapping[str, tuple[str, Exception]]] = {
    "A8": (
        "connection refused",
        requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(_LINE, "refused"))),  # type: ignore[arg-type]  # no pool is needed to fail
    ),
    "A9": (
        "host name not resolved",
        requests.ConnectionError(
            MaxRetryError(None, "/", NameResolutionError("exchange.invalid", _LINE, socket.gaierror(-2, "unknown")))  # type: ignore[arg-type]  # likewise
        ),
    ),
    "A10": (
        "TLS handshake or certificate failed",
        requests.exceptions.SSLError(ssl.SSLCertVerificationError(1, "certificate has expired")),
    ),
    "A11": (
        "proxy refuses the tunnel",
        requests.exceptions.ProxyError(MaxRetryError(None, "/", OSError("Tunnel connection failed: 407"))),  # type: ignore[arg-type]  # likewise
    ),
}
"""What requests raises before a byte of the request is out, read as the real adapter reads it."""


def _as_read(error: Exception) -> Shown:
    """Show the client what the real adapter makes of *error*."""
    read = failure_of(error)

    def shown(call: Call, result: Result) -> Result:
        del call, result
        return read

    return shown


def _never_sent(error: Exception, when: When) -> Inject:
    return both(on_the_way(when, lambda c: Fault.unreachable(**c)), in_what_comes_back(when, _as_read(error)))


def _taken_and_cut(error: Exception, when: When) -> Inject:
    return both(on_the_way(when, lambda c: Fault.reply_lost(**c)), in_what_comes_back(when, _as_read(error)))


def _simple(make: Make) -> "object":
    return lambda when: on_the_way(when, make)


_LOST_REQUESTS: Final = variants(
    "A1", "request lost", ALL, lambda when: on_the_way(when, lambda c: Fault.request_lost(**c)), expect=_ABSENT
)
_LOST_REPLIES: Final = variants(
    "A2", "reply lost", ALL, lambda when: on_the_way(when, lambda c: Fault.reply_lost(**c)), expect=_RESOLVED
)
