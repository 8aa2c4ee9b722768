"""Somebody who watches each request of one client go out and come back, and may end it there."""

from __future__ import annotations

from typing import Protocol

from ..wire.call import Call, Result


class Tap(Protocol):
    """Sits between one client and its network. What it raises passes through to whoever sent the request."""

    def leaving(self, call: Call, at_ms: int) -> None:
        """*call* is about to leave; whoever raises here keeps it from ever reaching the exchange."""
        ...

    def arriving(self, call: Call, result: Result, at_ms: int) -> Result:
        """What came of *call* is here; what is returned is what the client gets to see."""
        ...


class NoTap:
    """Watches nothing."""

    def leaving(self, call: Call, at_ms: int) -> None:
        """Let it go."""

    def arriving(self, call: Call, result: Result, at_ms: int) -> Result:
        """Pass it on."""
        del call, at_ms
        return result
