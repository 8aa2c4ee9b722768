"""Where a scenario ends when nobody dies, on the same market: what every crash must come to as well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from surefill.adapters.simulated import Fault
from surefill.testing.world import Lifeline, World
from tests.chaos.crash.end import End
from tests.chaos.crash.meanwhile import NOTHING, Meanwhile
from tests.chaos.crash.scenario import Scenario

_SENT: Final = "before POST "
_ORDER: Final = "order"


@attrs.frozen(kw_only=True)
class Variant:
    """One way in which the outside may have gone about it.

    Attributes:
        meanwhile: what the market does, once.
        before_step: it does so before this step; the one after the last is the end.
        at_point: it does so in the middle of a call, at this point.
        lost: requests that never arrive, each by the last part of its path and its number among those.
    """

    meanwhile: Meanwhile = NOTHING
    before_step: int | None = None
    at_point: int | None = None
    lost: tuple[tuple[str, int], ...] = ()


@attrs.define
class _Striking(Lifeline):
    """A process that lives on, while the market moves at one of its points."""

    at_point: int | None = None
    meanwhile: Meanwhile = NOTHING
    world: World | None = None

    def touch(self, what: str) -> None:
        """Pass a point, and let the market move there."""
        super().touch(what)
        if len(self.points) == self.at_point and self.world is not None:
            self.meanwhile.strike(self.world)


@attrs.define
class References:
    """The crash-free ends of one scenario, each found once."""

    scenario: Scenario
    points: tuple[str, ...] = ()
    _ends: dict[Variant, End] = attrs.field(factory=dict[Variant, End])

    def end(self, variant: Variant) -> End:
        """Return where *variant* ends."""
        if variant not in self._ends:
            self._ends[variant] = self._live(variant)
        return self._ends[variant]

    def variants(self, point: int, step: int, meanwhile: Meanwhile) -> Iterator[Variant]:
        """Yield what a process that died at *point*, in *step*, may have come to: its call happened, once, or did not.

        A request that was about to leave was lost with the process: somebody who lives would have to look for it too.
        """
        for lost in dict.fromkeys(((), self.unsent(point))):
            if meanwhile is NOTHING:
                yield Variant(lost=lost)
                continue
            if meanwhile.prices:
                yield Variant(meanwhile=meanwhile, at_point=point, lost=lost)
            yield Variant(meanwhile=meanwhile, before_step=step + 1, lost=lost)
            yield Variant(meanwhile=meanwhile, before_step=step, lost=lost)

    def unsent(self, point: int) -> tuple[tuple[str, int], ...]:
        """Return the requests whose intent was kept and which a death at *point* keeps from leaving."""
        at = point - 1
        if "Intent" in self.points[at] and self.points[at].startswith("after"):
            at += 1
        lost: list[tuple[str, int]] = []
        while at < len(self.points) and self.points[at].startswith(_SENT):
            before = self.points[:at].count(self.points[at])
            lost.append((self.points[at].removeprefix(_SENT), before + 1))
            at += 1
        return tuple(lost)

    def _live(self, variant: Variant) -> End:
        world = self.scenario.make()
        for step in self.scenario.before:
            step.do(world)
        world.break_with(*(Fault.request_lost(method="POST", path=path, nth=nth) for path, nth in variant.lost))
        lifeline = _Striking(at_point=variant.at_point, meanwhile=variant.meanwhile, world=world)
        world.restart(lifeline)
        for index, step in enumerate(self.scenario.steps):
            if variant.before_step == index:
                variant.meanwhile.happen(world)
            step.do(world)
        if variant.before_step == len(self.scenario.steps):
            variant.meanwhile.happen(world)
        self.points = self.points or tuple(lifeline.points)
        world.settle()
        return End.of(world)

    @classmethod
    def of(cls, scenario: Scenario) -> References:
        """Live through *scenario* once, to know its points and its end."""
        found = cls(scenario)
        found.end(Variant())
        return found
