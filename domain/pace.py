"""Waits that grow while the exchange keeps refusing, and shrink back at once when it no longer does."""

from __future__ import annotations

import attrs

STRETCH_MAX = 8


@attrs.frozen
class Pace:
    """A pure value: how often in a row, whole calls failed although they were tried again."""

    given_up: int = 0

    def failed(self) -> Pace:
        """Note that a call was given up."""
        return Pace(self.given_up + 1)

    def succeeded(self) -> Pace:
        """Note a success: back to normal."""
        return Pace()

    @property
    def stretch(self) -> int:
        """By how much to multiply a wait: 1 as long as nothing was given up, then 2, 4, and 8 at most."""
        return min(1 << min(self.given_up, 10), STRETCH_MAX)
