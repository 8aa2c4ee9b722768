"""Clocks: the machine's, corrected to the exchange's, and one that only moves when told."""

from .system import SystemClock
from .virtual import VirtualClock

__all__ = ["SystemClock", "VirtualClock"]
