"""The kill switch that reaches into a running process from outside."""

from __future__ import annotations

from typing import Protocol

import attrs

from ..domain.halt import HaltLevel


@attrs.frozen
class HaltOrder:
    """Somebody outside wants trading halted at this level, for this reason."""

    level: HaltLevel
    reason: str


class KillSwitch(Protocol):
    """Asked before every entry and at every reconcile; any callable will do."""

    def __call__(self) -> HaltOrder | None:
        """Return the order in force, or None.

        What cannot be read counts as NO_ENTRIES: a broken switch is never an open road.
        """
        ...
