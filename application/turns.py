"""One piece of work at a time on each symbol, without a lock held across I/O."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..domain.errors import ConfigurationError


class Turns:
    """Hands out the turn of a symbol: a state, not a lock.

    Symbols do not wait for each other, and reads need no turn.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._owners: dict[str, int] = {}

    @contextmanager
    def of(self, symbol: str) -> Iterator[None]:
        """Wait for the turn of *symbol*, and give it back at the end.

        Raises:
            ConfigurationError: this very thread has it already: a callback of surefill called back into it for the
            same symbol.
        """
        me = threading.get_ident()
        with self._changed:
            if self._owners.get(symbol) == me:
                raise ConfigurationError(
                    f"an alert or feed callback called back into the manager for {symbol} while it works on it; "
                    "hand the call to another thread"
                )
            while symbol in self._owners:
                self._changed.wait()
            self._owners[symbol] = me
        try:
            yield
        finally:
            with self._changed:
                del self._owners[symbol]
                self._changed.notify_all()


class Once:
    """Lets one thread at a time work on a key; the others wait for it to end, then look at what it left."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: set[str] = set()

    @contextmanager
    def of(self, key: str) -> Iterator[None]:
        """Wait until nobody works on *key*, then work on it."""
        with self._changed:
            while key in self._running:
                self._changed.wait()
            self._running.add(key)
        try:
            yield
        finally:
            with self._changed:
                self._running.discard(key)
                self._changed.notify_all()
