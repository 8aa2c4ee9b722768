"""How a run ended, as the judge compares ends."""

from __future__ import annotations

from surefill.testing.invariants import EndState
from surefill.testing.world import World


def end_of(world: World) -> EndState:
    """Take down how *world* stands, as of its last look; somebody must live in it.

    Raises:
        ValueError: nobody lives in it.
    """
    manager = world.manager
    if manager is None:
        raise ValueError("nobody lives in this world")
    return EndState.of(
        world.watch.standing,
        reports={name: manager.report(name) for name in world.signals},
        open_signals=[duty.signal_id for duty in manager.status().duties],
    )
