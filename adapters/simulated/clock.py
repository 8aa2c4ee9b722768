"""The paper exchange's clock: time stands still until somebody sleeps, asks or ticks."""

from __future__ import annotations

from .timeline import Timeline


class SimulatedClock:
    """Implements `ports.clock.Clock` on the Venue's own time; no machine clock is ever read."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._venue = timeline.venue

    def now_ms(self) -> int:
        """Return exchange time."""
        return self._venue.now_ms

    def monotonic_ms(self) -> int:
        """Return exchange time too: here it never goes back."""
        return self._venue.now_ms

    def sleep(self, seconds: float) -> None:
        """Advance the simulated market by *seconds*, to the nearest millisecond, at least one when above 0."""
        if seconds <= 0:
            return
        with self._timeline:
            self._timeline.advance_to(self._timeline.now_ms + max(1, round(seconds * 1000)))
