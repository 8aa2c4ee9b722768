"""A clock that stands still until somebody sleeps on it or moves it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable


class VirtualClock:
    """Time as a number: `sleep` returns at once, later.

    One counter answers both questions of the port. Whoever simulates something hands in *on_advance*: it is called
    with the moment to be reached, before the clock shows that moment, and may `follow` its own events on the way, so
    that what happens in between is dated rightly.

    Safe to use from many threads. No lock is held while *on_advance* runs (it may well wait for a lock of its own);
    threads that sleep at the same time may call it out of order, so it has to ignore a moment already past.

    Args:
        start_ms: the first time shown, UTC milliseconds, not negative.
        on_advance: moves the simulated world to a moment, UTC milliseconds.
    """

    def __init__(self, start_ms: int, on_advance: Callable[[int], None] | None = None) -> None:
        if start_ms < 0:
            raise ValueError(f"start_ms: must not be negative, was {start_ms}")
        self._now_ms = start_ms
        self._on_advance = on_advance
        self._lock = threading.Lock()

    def now_ms(self) -> int:
        """Return the virtual time, UTC milliseconds."""
        return self._now_ms

    def monotonic_ms(self) -> int:
        """Return the same: virtual time is never corrected and never goes back."""
        return self._now_ms

    def sleep(self, seconds: float) -> None:
        """Advance by *seconds*, rounded up to a whole millisecond.

        Raises:
            ValueError: it was negative or not finite.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"seconds: must be finite and not negative, was {seconds}")
        self.advance_to(self._now_ms + math.ceil(seconds * 1000))

    def advance_to(self, at_ms: int) -> None:
        """Move the simulated world and then the clock to *at_ms*; a moment already past changes nothing."""
        if at_ms <= self._now_ms:
            return
        if self._on_advance is not None:
            self._on_advance(at_ms)
        self.follow(at_ms)

    def follow(self, at_ms: int) -> None:
        """Show *at_ms* because the simulated world is there already; it never goes back."""
        with self._lock:
            self._now_ms = max(self._now_ms, at_ms)
