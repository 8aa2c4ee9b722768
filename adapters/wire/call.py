"""One request to Binance as a value, what came back, and the one thing that carries requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

import attrs

from ...domain.order import Purpose


@attrs.frozen
class Call:
    """One request, complete but for key and signature.

    Attributes:
        method: GET, POST or DELETE.
        path: on the host, for example ``/fapi/v1/order``.
        params: in Binance's own names, in the order sent; a signed call's end with recvWindow and timestamp.
        signed: whether it needs timestamp and signature.
        purpose: which lane and which part of the request budget it may use.
        patience_ms: how long to wait for its answer at most; None leaves that to the transport.
    """

    method: str
    path: str
    params: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    signed: bool = True
    purpose: Purpose = Purpose.PROTECTION
    patience_ms: int | None = None

    @property
    def changes(self) -> bool:
        """Whether it can change anything at the exchange."""
        return self.method != "GET"

    def with_params(self, params: Mapping[str, str]) -> Call:
        """Return the same call with other parameters."""
        return Call(self.method, self.path, params, self.signed, self.purpose, self.patience_ms)

    def within(self, patience_ms: int) -> Call:
        """Return the same call, to be waited for so long at most."""
        return Call(self.method, self.path, self.params, self.signed, self.purpose, patience_ms)


@attrs.frozen
class WireAnswer:
    """What came back: HTTP status, the parsed JSON body (None when it was no JSON), and the headers.

    A body that was no JSON is only found with a status that is no success: such a success is a lost answer.
    """

    status: int
    body: object
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status says success."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        """Return a header by its name in any case, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)


class NotSentError(Exception):
    """No byte of the request can have reached the exchange."""


class AnswerLostError(Exception):
    """The request may have reached the exchange; its answer never came, or could not be read."""


Result: TypeAlias = WireAnswer | NotSentError | AnswerLostError


class Transport(Protocol):
    """Carries each request once: no retry, no redirect, no second chance. Safe to call from many threads."""

    def perform(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        """Carry *calls* in that order and return a result for each, in the same order.

        A later call need not wait for the answer to an earlier one. What goes wrong on the way is a result, never
        raised.
        """
        ...
