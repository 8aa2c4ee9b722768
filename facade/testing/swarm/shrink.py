"""Cutting a failing script down to the steps that matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from surefill.testing.swarm.script import Step
from surefill.testing.swarm.seed import Play
from surefill.testing.swarm.weather import Weather

TRIALS_MAX = 300
"""How often a script is played again at most."""


def shrink(weather: Weather, script: Sequence[Step], trials_max: int = TRIALS_MAX) -> tuple[Step, ...]:
    """Return a shorter script that breaks the same invariant in the same weather.

    Parts are left out, halves first and single steps last, as long as it still breaks.
    """
    broken = _broken(weather, script)
    trials = 0

    def still_breaks(candidate: Sequence[Step]) -> bool:
        nonlocal trials
        trials += 1
        return trials <= trials_max and _broken(weather, candidate) == broken

    return () if broken is None else _without_idle_parts(tuple(script), still_breaks)


def _without_idle_parts(script: tuple[Step, ...], still_breaks: Callable[[Sequence[Step]], bool]) -> tuple[Step, ...]:
    size = max(1, len(script) // 2)
    while script:
        start, removed = 0, False
        while start < len(script):
            candidate = script[:start] + script[start + size :]
            if still_breaks(candidate):
                script, removed = candidate, True
            else:
                start += size
        if size == 1 and not removed:
            break
        size = max(1, size // 2)
    return script


def _broken(weather: Weather, script: Sequence[Step]) -> str | None:
    """Return the first invariant that the script breaks, or None."""
    play = Play(weather, script)
    play.safety(stop_at_first=True)
    if play.failed_after is None:
        play.liveness()
    first = play.first
    return None if first is None else first.invariant
