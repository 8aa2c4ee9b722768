"""One piece of work at a time on each symbol, and on each signal, without a lock held across I/O."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..domain.errors import ConfigurationError


class Turns:
    """Hands out the turn of a symbol or a signal, by its name: a state, not a lock.

    Different names do not wait for each other, and reads need no turn.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._owners: dict[str, int] = {}

    def taken(self, name: str) -> bool:
        """Whether somebody has the turn of *name* now."""
        with self._changed:
            return name in self._owners

    def refuse_reentry(self, name: str) -> None:
        """Raise if this very thread has the turn of *name*: it would wait for itself.

        Raises:
            ConfigurationError: a callback of surefill called back into it for the same symbol or signal.
        """
        with self._changed:
            mine = self._owners.get(name) == threading.get_ident()
        if mine:
            raise ConfigurationError(
                f"an alert or feed callback called back into the manager for {name} while it works on it; "
                "hand the call to another thread"
            )

    def wait_for_others(self) -> None:
        """Wait until no other thread has a turn."""
        me = threading.get_ident()
        with self._changed:
            while any(owner != me for owner in self._owners.values()):
                self._changed.wait()

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Wait for the turn of *name*, and give it back at the end.

        Raises:
            ConfigurationError: this very thread has it already.
        """
        self.refuse_reentry(name)
        with self._changed:
            while name in self._owners:
                self._changed.wait()
            self._owners[name] = threading.get_ident()
        try:
            yield
        finally:
            with self._changed:
                del self._owners[name]
                self._changed.notify_all()
