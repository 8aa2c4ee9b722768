"""Where alarms go."""

from __future__ import annotations

from typing import Protocol

from ..domain.alarm import Alarm


class Alerts(Protocol):
    """Called with every alarm, at once and again while it lasts, from whichever thread found it.

    Any callable taking one `Alarm` will do. It is called with no lock held and may call the manager's reads; what it
    raises is logged and dropped, for a broken bell must not stop the guard.
    """

    def __call__(self, alarm: Alarm, /) -> None:
        """Tell somebody."""
        ...
