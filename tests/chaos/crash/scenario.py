"""A scenario: a world, what happened in it before, and what the process dies over."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from surefill.testing.world import World
from tests.chaos.crash.step import Step


@attrs.frozen(kw_only=True)
class Scenario:
    """What a process is in the middle of when it dies.

    Attributes:
        name: what a person calls it.
        make: builds its world.
        before: happens first, to a process that lives.
        steps: happen to the process that dies.
        every_read: the process dies around reads, too, even in a short run.
        excused: invariants that cannot be judged here; the scenario says why.
    """

    name: str
    make: Callable[[], World] = World
    before: tuple[Step, ...] = ()
    steps: tuple[Step, ...]
    every_read: bool = False
    excused: tuple[str, ...] = ()
