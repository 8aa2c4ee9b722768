"""The exchange's clock: its own time, carried on by this machine's monotonic counter."""

from __future__ import annotations

from threading import Lock

import attrs

from ...ports.clock import Clock

DRIFT_PER_MILLION = 500
"""How far a machine's counter may run off, in millionths; quartz is ten times better."""


@attrs.frozen
class TimeReading:
    """One answer of the exchange's clock.

    Attributes:
        exchange_ms: what it said, UTC milliseconds.
        sent_ms: our counter when we asked.
        received_ms: our counter when the answer was there.
    """

    exchange_ms: int
    sent_ms: int
    received_ms: int

    @property
    def error_ms(self) -> int:
        """The most by which it can be wrong: half the way there and back, rounded up."""
        return (self.received_ms - self.sent_ms + 1) // 2

    @property
    def offset_ms(self) -> int:
        """Exchange time minus our counter, taking both ways for equally long."""
        return self.exchange_ms - (self.sent_ms + self.received_ms) // 2

    def follows(self, earlier: TimeReading) -> bool:
        """Whether the exchange's clock ran on between *earlier* and this one as ours did, as far as one can tell."""
        passed_ms = self.received_ms - earlier.sent_ms
        tolerance_ms = self.error_ms + earlier.error_ms + passed_ms * DRIFT_PER_MILLION // 1_000_000 + 1
        return abs(self.offset_ms - earlier.offset_ms) <= tolerance_ms


class ServerClock:
    """Implements `ports.clock.Clock`. Safe to call from many threads.

    Until the first reading it shows the machine's own time.

    Args:
        machine: this machine's clock.
    """

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._machine_offset_ms = machine.now_ms() - machine.monotonic_ms()
        self._offset_ms = self._machine_offset_ms
        self._believed: TimeReading | None = None
        self._doubted: TimeReading | None = None
        self._lock = Lock()

    def now_ms(self) -> int:
        """Return exchange time, UTC milliseconds."""
        return self._machine.monotonic_ms() + self._offset_ms

    def monotonic_ms(self) -> int:
        """Return milliseconds since some fixed moment; no correction touches it."""
        return self._machine.monotonic_ms()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._machine.sleep(seconds)

    @property
    def error_ms(self) -> int | None:
        """The most by which `now_ms` was wrong when it was set; None before the first reading."""
        believed = self._believed
        return None if believed is None else believed.error_ms

    @property
    def ahead_ms(self) -> int:
        """How far this machine's clock is ahead of the exchange's; 0 before the first reading."""
        return self._machine_offset_ms - self._offset_ms

    @property
    def age_ms(self) -> int | None:
        """The time since the last reading that was believed; None before the first."""
        believed = self._believed
        return None if believed is None else self._machine.monotonic_ms() - believed.received_ms

    def learn(self, reading: TimeReading) -> bool:
        """Take over *reading*; return False when it cannot be believed yet.

        A reading that contradicts the last one (an old answer from a cache, a clock that stands or jumps) is not
        believed, unless the next one bears it out: then the exchange's clock really was set.
        """
        with self._lock:
            believed, doubted = self._believed, self._doubted
            borne_out = doubted is not None and _runs(doubted, reading) and reading.follows(doubted)
            if believed is not None and not (_runs(believed, reading) and reading.follows(believed)) and not borne_out:
                self._doubted = reading
                return False
            self._doubted = None
            self._believed = reading
            self._offset_ms = reading.offset_ms
            return True


def _runs(earlier: TimeReading, later: TimeReading) -> bool:
    """Whether the exchange's clock shows more at *later*; within one way there and back it need not."""
    if later.sent_ms - earlier.received_ms <= 1:
        return later.exchange_ms >= earlier.exchange_ms
    return later.exchange_ms > earlier.exchange_ms
