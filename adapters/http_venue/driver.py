"""What moves the time of an exchange that real clients talk to."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

from loguru import logger

from ...ports.clock import Clock
from ..clock.system import SystemClock
from ..simulated.timeline import Timeline

BEAT_MS = 20
"""How often the exchange looks at the clock when nobody asks it anything: a stop fires at most that late."""

_FEED_ERRORS = (ValueError, LookupError, ArithmeticError, OSError)


class TimeDriver:
    """What moves exchange time; by itself this one moves nothing.

    A market feed that fails ends; the reason is kept in `failure`, and the exchange goes on without it.
    """

    def __init__(self) -> None:
        self.failure: Exception | None = None

    def start(self, timeline: Timeline) -> None:
        """Take charge of *timeline*."""

    def stop(self) -> None:
        """Let go of it."""

    def keep_up(self, timeline: Timeline) -> None:
        """Bring the exchange to the present."""

    def travel(self, timeline: Timeline, delay_ms: int, wait: Callable[[float], bool]) -> bool:
        """Let a request be under way for *delay_ms*; False when *wait* says that it will never arrive."""
        with timeline:
            self._advance(timeline, timeline.now_ms + delay_ms)
        return not wait(0)

    def _advance(self, timeline: Timeline, at_ms: int) -> None:
        with timeline:
            try:
                timeline.advance_to(at_ms)
            except _FEED_ERRORS as error:
                self.failure = error
                timeline.load(())
                logger.error("the market feed has failed and ends: {}", error)
                timeline.advance_to(at_ms)


class HandDriver(TimeDriver):
    """Time stands still until a test moves it, through `VenueServer.timeline`; a delayed request moves it too."""


class RealTimeDriver(TimeDriver):
    """Lets exchange time run with the machine's, from the moment the server starts; a thread of its own sees to it.

    Args:
        clock: the machine's clock; only its counter is read, so a jump of the wall clock moves nothing.
        beat_ms: see `BEAT_MS`.
    """

    def __init__(self, clock: Clock | None = None, *, beat_ms: int = BEAT_MS) -> None:
        super().__init__()
        self._clock = SystemClock() if clock is None else clock
        self._beat_seconds = beat_ms / 1000
        self._offset_ms = 0
        self._stopping = Event()
        self._thread: Thread | None = None

    def start(self, timeline: Timeline) -> None:
        """Start the clock at the exchange's time, and the thread."""
        self._offset_ms = timeline.now_ms - self._clock.monotonic_ms()
        self._stopping.clear()
        self._thread = Thread(target=self._run, args=(timeline,), name="venue-time", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; exchange time stands still from now on."""
        if self._thread is not None:
            self._stopping.set()
            self._thread.join()
            self._thread = None

    def keep_up(self, timeline: Timeline) -> None:
        """Bring the exchange to the present, unless time was stopped."""
        if self._thread is None:
            return
        self._advance(timeline, self._clock.monotonic_ms() + self._offset_ms)

    def travel(self, timeline: Timeline, delay_ms: int, wait: Callable[[float], bool]) -> bool:
        """Let *delay_ms* of the machine's time pass."""
        return not wait(delay_ms / 1000)

    def _run(self, timeline: Timeline) -> None:
        while not self._stopping.wait(self._beat_seconds):
            self.keep_up(timeline)
