"""Where a scenario ends when nobody dies, on the same market: what every crash must come to as well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from surefill.adapters.simulated import Fault
from surefill.testing.invariants import EndState
from surefill.testing.world import Lifeline, World
from tests.chaos.crash.end import end_of
from tests.chaos.crash.meanwhile import NOTHING, Meanwhile
from tests.chaos.crash.scenario import Scenario

_SENT: Final = "before POST "


@attrs.frozen(kw_only=True)
class Loss:
    """An order that was under way when its sender died.

    Attributes:
        path: the last part of its path.
        nth: which of the orders sent there.
        executed: whether it arrived; else nothing of it did.
    """

    path: str
    nth: int
    executed: bool

    def fault(self) -> Fault:
        """Return the fault that loses it for a sender who lives."""
        lose = Fault.reply_lost if self.executed else Fault.request_lost
        return lose(method="POST", path=self.path, nth=self.nth)


@attrs.frozen(kw_only=True)
class Variant:
    """One way in which the outside may have gone about it.

    Attributes:
        meanwhile: what the market does, once.
        before_step: it does so before this step; the one after the last is the end.
        at_point: it does so in the middle of a call, at this point.
        lost: requests that never arrive, or whose answers do not.
        healthy: nothing else goes wrong, either.
    """

    meanwhile: Meanwhile = NOTHING
    before_step: int | None = None
    at_point: int | None = None
    lost: tuple[Loss, ...] = ()
    healthy: bool = False


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
    """The crash-free ends of one scenario, each found once.

    Attributes:
        scenario: what is lived through.
        points: what a process touches that lives through it undisturbed.
        begins: how many of them had passed when each step began.
    """

    scenario: Scenario
    points: tuple[str, ...] = ()
    begins: tuple[int, ...] = ()
    _ends: dict[Variant, EndState] = attrs.field(factory=dict[Variant, EndState])
    _courses: dict[Variant, tuple[str, ...]] = attrs.field(factory=dict[Variant, tuple[str, ...]])

    def end(self, variant: Variant) -> EndState:
        """Return where *variant* ends."""
        if variant not in self._ends:
            self._ends[variant] = self._live(variant)
        return self._ends[variant]

    def variants(self, point: int, step: int, meanwhile: Meanwhile) -> Iterator[Variant]:
        """Yield what a process that died at *point*, in *step*, may have come to: its call happened, once, or did not.

        A request that was about to leave, or an answer that was on its way, was lost with the process: somebody who
        lives would have to look for it too. What the market did meanwhile it may do at any moment of the call.
        """
        for lost in dict.fromkeys(((), self.underway(point))):
            if meanwhile is NOTHING:
                yield Variant(lost=lost)
                continue
            if meanwhile.prices:
                yield Variant(meanwhile=meanwhile, at_point=point, lost=lost)
            yield Variant(meanwhile=meanwhile, before_step=step + 1, lost=lost)
            yield Variant(meanwhile=meanwhile, before_step=step, lost=lost)
        if meanwhile is NOTHING:
            return
        yield Variant(meanwhile=meanwhile, before_step=step + 1, healthy=True)
        if meanwhile.prices:
            yield from self._in_the_call(point, step, meanwhile)

    def _in_the_call(self, point: int, step: int, meanwhile: Meanwhile) -> Iterator[Variant]:
        yield Variant(meanwhile=meanwhile, at_point=point, healthy=True)
        first, beyond = (*self.begins, len(self.points))[step : step + 2]
        for lost in dict.fromkeys(((), self.underway(point))):
            for at in self.changes:
                if first < at <= beyond:
                    yield Variant(meanwhile=meanwhile, at_point=at, lost=lost)

    def whatever_is_lost(self, point: int) -> Iterator[Variant]:
        """Yield what losing any orders that were under way together may come to, after a death at *point*.

        With two who die two things may be lost: what was under way at *point*, and later something of what whoever
        lives through that loss sends, be it the first order once more.
        """
        yield from (Variant(lost=self.underway(at)) for at in self.changes)
        first = self.underway(point)
        if not first:
            return
        self.end(Variant(lost=first))
        course = self._courses[Variant(lost=first)]
        known = {(each.path, each.nth) for each in first}
        later = (_underway(course, at) for at in _changes(course) if at > point)
        fresh = (tuple(each for each in lost if (each.path, each.nth) not in known) for lost in later)
        yield from (Variant(lost=(*first, *lost)) for lost in fresh)

    def everywhere(self, *, reads: bool) -> tuple[int, ...]:
        """Return every point; of a read only the one before it, or none: a read leaves nothing behind."""
        skipped = "after GET" if reads else ("before GET", "after GET")
        return tuple(at for at, name in enumerate(self.points, 1) if not name.startswith(skipped))

    @property
    def changes(self) -> tuple[int, ...]:
        """The points between which nothing lasting happens: one for each state a process may leave behind."""
        return _changes(self.points)

    def underway(self, point: int) -> tuple[Loss, ...]:
        """Return what a death at *point* loses of the orders whose intent was kept and whose answer was not."""
        return _underway(self.points, point)

    def _live(self, variant: Variant) -> EndState:
        world = self.scenario.make()
        for step in self.scenario.before:
            step.do(world)
        if variant.healthy:
            world.faults.clear()
        world.break_with(*(each.fault() for each in variant.lost))
        lifeline = _Striking(at_point=variant.at_point, meanwhile=variant.meanwhile, world=world)
        world.restart(lifeline)
        begins: list[int] = []
        for index, step in enumerate(self.scenario.steps):
            if variant.before_step == index:
                variant.meanwhile.happen(world)
            begins.append(len(lifeline.points))
            step.do(world)
        if variant.before_step == len(self.scenario.steps):
            variant.meanwhile.happen(world)
        if not self.points:
            self.points, self.begins = tuple(lifeline.points), tuple(begins)
        self._courses[variant] = tuple(lifeline.points)
        world.settle()
        return end_of(world)

    @classmethod
    def of(cls, scenario: Scenario) -> References:
        """Live through *scenario* once, to know its points and its end."""
        found = cls(scenario)
        found.end(Variant())
        return found


def _is(point: str, when: str, what: str) -> bool:
    return point.startswith(when) and what in point


def _changes(points: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(at for at, name in enumerate(points, 1) if at == 1 or _is_change(name))


def _is_change(point: str) -> bool:
    if point.startswith(("before POST", "before DELETE", "after POST", "after DELETE")):
        return True
    return point.startswith("after") and "GET" not in point


def _underway(points: tuple[str, ...], point: int) -> tuple[Loss, ...]:
    began = max((at for at in range(point) if _is(points[at], "after", "Intent")), default=None)
    if began is None or any(_is(each, "after", "Answered") for each in points[began:point]):
        return ()
    lost: list[Loss] = []
    for at in range(began, len(points)):
        if _is(points[at], "before", "Answered") or _is(points[at], "before", "Intent"):
            break
        if points[at].startswith(_SENT):
            nth = points[: at + 1].count(points[at])
            lost.append(Loss(path=points[at].removeprefix(_SENT), nth=nth, executed=at + 1 < point))
    return tuple(lost)
