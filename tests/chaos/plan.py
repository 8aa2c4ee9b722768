"""Which layers there are, how finely each is cut into parts, and how many of the parts a run does."""

from __future__ import annotations

from importlib import import_module
from typing import cast

import attrs

from tests.chaos.layer import Layer

FULL_SEEDS = range(1, 1_668)
"""Of the swarm: a little more than 100,000 signals."""
OTHERS_SEEDS = 400
"""By which the other layers measure how much to do, unless a run asks for more seeds than the default."""


@attrs.frozen(kw_only=True)
class Part:
    """One part of a layer, for one worker; an idle one mostly waits for processes of its own."""

    layer: str
    share: int
    of: int
    seeds: range
    idle: bool = False


@attrs.frozen(kw_only=True)
class Layers:
    """One layer in a run.

    Attributes:
        name: of the layer.
        module: whose `run` is called.
        cuts: into how many parts it is cut.
        ci_cuts: of a finer cut, for the share that CI does.
        ci_parts: how many of those CI does.
        idle: whether it mostly waits.
    """

    name: str
    module: str
    cuts: int
    ci_cuts: int
    ci_parts: int
    idle: bool = False

    def parts(self, *, ci: bool, seeds: range) -> tuple[Part, ...]:
        """Return the parts of a run, in order."""
        of, wanted = (self.ci_cuts, self.ci_parts) if ci else (self.cuts, self.cuts)
        if self.name == "swarm":
            of = max(1, len(seeds) // 10)
            wanted = min(of, self.ci_parts) if ci else of
        elif len(seeds) <= len(FULL_SEEDS):
            seeds = seeds[:OTHERS_SEEDS]
        return tuple(Part(layer=self.name, share=share, of=of, seeds=seeds, idle=self.idle) for share in range(wanted))


LAYERS = (
    Layers(name="teeth", module="tests.chaos.teeth.runner", cuts=16, ci_cuts=16, ci_parts=4),
    Layers(name="kill", module="tests.chaos.kill.runner", cuts=8, ci_cuts=8, ci_parts=1, idle=True),
    Layers(name="crash", module="tests.chaos.crash.runner", cuts=32, ci_cuts=32, ci_parts=2),
    Layers(name="matrix", module="tests.chaos.matrix.runner", cuts=32, ci_cuts=64, ci_parts=3),
    Layers(name="swarm", module="tests.chaos.swarm_runner", cuts=1, ci_cuts=1, ci_parts=5),
)
"""In the order they run: the swarm fills what time is left."""


def load(name: str) -> Layer:
    """Return the `run` of a layer.

    Raises:
        ImportError: it is not there; a proof without it is none.
    """
    module = next(layer.module for layer in LAYERS if layer.name == name)
    found: object = getattr(import_module(module), "run", None)
    if found is None:
        raise ImportError(f"{module} has no run")
    return cast("Layer", found)
