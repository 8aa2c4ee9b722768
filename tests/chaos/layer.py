"""What every layer of the proof under fault hands to the runner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import attrs


@attrs.frozen(kw_only=True)
class Found:
    """What one share of a layer did and found.

    Attributes:
        layer: its name.
        counts: numbers that add up over shares, by the name under which the scoreboard shows them.
        violations: every broken promise, as a text one can act on.
        resolve_s: exchange seconds from a lost answer to the truth, one for each.
        stop_s: exchange seconds from a fill to its working stop, one for each.
        naked_s: exchange seconds a position stood without the stop it was due, one for each.
    """

    layer: str
    counts: Mapping[str, int]
    violations: tuple[str, ...]
    resolve_s: tuple[float, ...] = ()
    stop_s: tuple[float, ...] = ()
    naked_s: tuple[float, ...] = ()


class Layer(Protocol):
    """The ``run`` of a layer's runner module."""

    def __call__(self, share: int, of: int, seeds: range, progress: Callable[[int, int], None]) -> Found:
        """Do the *share*-th (from 0) of *of* equal parts, saying (done, planned) now and then."""
        ...
