"""Every broken build there is."""

from __future__ import annotations

from typing import Final

from tests.chaos.teeth import believing, keeping_to_ours, protecting, remembering, sending
from tests.chaos.teeth.broken_build import BrokenBuild

BUILDS: Final[tuple[BrokenBuild, ...]] = (
    *sending.BUILDS,
    *believing.BUILDS,
    *protecting.BUILDS,
    *remembering.BUILDS,
    *keeping_to_ours.BUILDS,
)
