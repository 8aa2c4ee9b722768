"""Requests over HTTPS: each is carried once, in its lane, within its deadline."""

from __future__ import annotations

import os
from collections.abc import Sequence

import attrs

from ...domain.order import Purpose
from ...ports.clock import Clock
from ..wire.call import Call, NotSentError, Result
from .channel import Channel
from .credentials import Credentials
from .deadline import Deadline
from .dialling import Dialler
from .environment import Environment
from .lane import Lane
from .line import Line, Route, tls_context
from .proxy import Proxy

_positive = attrs.validators.gt(0.0)


@attrs.frozen(kw_only=True)
class Patience:
    """How long a request may take, in seconds; each limit covers connecting, sending and every byte of the answer.

    Attributes:
        order_seconds: orders, cancels and settings.
        read_seconds: everything else.
        connect_seconds: a single attempt to connect.
    """

    order_seconds: float = attrs.field(default=5.0, validator=_positive)
    read_seconds: float = attrs.field(default=10.0, validator=_positive)
    connect_seconds: float = attrs.field(default=3.0, validator=_positive)


class HttpsTransport:
    """Implements `wire.call.Transport` over one host.

    Entries have a lane of their own; everything else, which is protection, exits and what they have to know, has the
    other one. Neither waits for the other. Nothing is opened before the first request.

    Args:
        environment: the host.
        credentials: None for market data only.
        clock: measures deadlines.
        patience: how long requests may take.
        proxy: on the way to a host that is not on this machine.
        ca_file: whom to trust, PEM.
    """

    def __init__(
        self,
        environment: Environment,
        credentials: Credentials | None,
        clock: Clock,
        *,
        patience: Patience,
        proxy: Proxy | None,
        ca_file: str,
    ) -> None:
        context = tls_context(ca_file) if environment.secure else None
        route = Route(environment.host, environment.port, context, proxy)
        dialler = Dialler(patience.connect_seconds)
        self._clock = clock
        self._patience = patience

        def channel() -> Channel:
            return Channel(environment.base_url, Line(route, dialler), credentials)

        self._entries = Lane("entry", channel)
        self._others = Lane("protection", channel)
        self._process_id = os.getpid()

    def perform(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        """Carry *calls*, each once; a later one is sent as soon as the one before is, without waiting for its answer.

        Raises:
            ConfigurationError: one of them needs a key, and there is none.
        """
        if os.getpid() != self._process_id:
            return tuple(NotSentError("made in another process; build a new one after a fork") for _ in calls)
        if len(calls) == 1:
            return (self._lane(calls[0]).carry(calls[0], self._deadline(calls[0])),)
        begun = [self._lane(call).begin(call, self._deadline(call)) for call in calls]
        return tuple(each.result() for each in begun)

    def close(self) -> None:
        """Close the connections; a request under way comes to its end."""
        if os.getpid() == self._process_id:
            self._entries.close()
            self._others.close()

    def _lane(self, call: Call) -> Lane:
        return self._entries if call.purpose is Purpose.ENTRY else self._others

    def _deadline(self, call: Call) -> Deadline:
        seconds = self._patience.order_seconds if call.changes else self._patience.read_seconds
        if call.patience_ms is not None:
            seconds = min(seconds, call.patience_ms / 1000)
        return Deadline(self._clock, seconds)
