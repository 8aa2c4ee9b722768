"""G7: an interpreter that ends while a thread of ours is at work."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
from decimal import Decimal
from surefill import Signal, SignalType
from surefill.testing.world import World

world = World()
world.execute(
    Signal(id="a", symbol="AAAUSDT", type=SignalType.LONG_ENTRY, stop_loss=Decimal(59000)), Decimal("0.01")
)
guard = world.manager.guarding(interval=0.001)
guard.__enter__()
print(world.report("a").outcome.name, flush=True)
"""


def test_an_interpreter_ends_although_somebody_guards() -> None:
    """A host that falls off its end inside `guarding()` ends at once, with its own exit code and without a word."""
    ended = subprocess.run(  # noqa: S603  # our own interpreter, our own program
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=30, check=False
    )

    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (0, "PROTECTED", "")
