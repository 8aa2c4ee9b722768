"""The only clock the core knows: the exchange's."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Time as the exchange tells it, in milliseconds, and a way to wait.

    One method for each question: `now_ms` dates things, `monotonic_ms` measures how long they take. A virtual clock
    may answer both from one counter.
    """

    def now_ms(self) -> int:
        """Return exchange time, UTC milliseconds.

        It may be corrected backwards by small steps: never measure with it.
        """
        ...

    def monotonic_ms(self) -> int:
        """Return milliseconds since some fixed moment; it never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait. On a paper exchange this advances the simulated market instead."""
        ...
