"""The machine's clock: wall time read once, carried on by a counter that never jumps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

NANOSECONDS_PER_MS = 1_000_000


def since_boot_ns() -> int:
    """Return nanoseconds since some fixed moment, the time the machine slept included where the system counts it."""
    counter: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(counter)


class SystemClock:
    """Real time, in milliseconds, immune to jumps of the machine's wall clock.

    The wall clock is read when the clock is made; from then on a monotonic counter carries it, so that a correction
    of the machine's time does not move deadlines about. An exchange adapter that learns the exchange's time tells it
    with `correct`. Safe to use from many threads.

    Args:
        offset_ms: added to wall time: exchange time minus the machine's, as far as known.
        wall_ns: source of wall time, UTC nanoseconds.
        counter_ns: source of a counter that never goes back, nanoseconds.
        wait: blocks for so many seconds.
    """

    def __init__(
        self,
        offset_ms: int = 0,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        counter_ns: Callable[[], int] = since_boot_ns,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._counter_ns = counter_ns
        self._wait = wait
        self._lock = threading.Lock()
        self._anchor_ns = wall_ns() - counter_ns() + offset_ms * NANOSECONDS_PER_MS

    def now_ms(self) -> int:
        """Return UTC milliseconds, corrected to the exchange's clock."""
        return (self._anchor_ns + self._counter_ns()) // NANOSECONDS_PER_MS

    def monotonic_ms(self) -> int:
        """Return milliseconds since some fixed moment; no correction touches it."""
        return self._counter_ns() // NANOSECONDS_PER_MS

    def sleep(self, seconds: float) -> None:
        """Wait; a negative time is a ValueError."""
        self._wait(seconds)

    def correct(self, exchange_ms: int) -> int:
        """Make `now_ms` return *exchange_ms* now; return the step made, milliseconds, negative when it went back."""
        with self._lock:
            counter_ns = self._counter_ns()
            step_ms = exchange_ms - (self._anchor_ns + counter_ns) // NANOSECONDS_PER_MS
            self._anchor_ns = exchange_ms * NANOSECONDS_PER_MS - counter_ns
        return step_ms
