"""How faults are made to happen at a step: on the way to the exchange, in what comes back, or both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import attrs

from surefill.adapters.simulated import Fault, FaultKind
from surefill.adapters.simulated.fault import Conditions
from surefill.adapters.wire.call import Call, Result
from surefill.domain.reply import ReplyKind
from surefill.testing.world import World
from tests.chaos.matrix.case import Armed, Check, FaultCase, as_promised
from tests.chaos.matrix.right import every, understood
from tests.chaos.matrix.steps import Step

Inject: TypeAlias = Callable[[World, Step], Armed]
Shown: TypeAlias = Callable[[Call, Result], Result]


@attrs.frozen
class When:
    """When a fault strikes at a step.

    Attributes:
        name: for tables.
        nth: only the nth request of the step; None for every one.
        lasts_ms: how long it goes on.
    """

    name: str
    nth: int | None = None
    lasts_ms: int | None = None

    def conditions(self, place: Conditions, now_ms: int) -> Conditions:
        """Return *place* at that time."""
        found = place.copy()
        if self.nth is not None:
            found["nth"] = self.nth
        if self.lasts_ms is not None:
            found["until_ms"] = now_ms + self.lasts_ms
        return found


ONCE: Final = When("once", nth=1)
AGAIN: Final = When("the second time", nth=2)
LASTING: Final = When("for 20 s", lasts_ms=20_000)
FIFTH: Final = When("the fifth time", nth=5)
LONG: Final = When("for 40 s", lasts_ms=40_000)
RECURRING: Final = frozenset(
    {Step.TIME, Step.POSITION, Step.ENTRY_QUERY, Step.STOP_QUERY, Step.CANCEL, Step.LATE_WATCH, Step.STARTUP}
)
"""Steps whose request is made at least twice."""

MANY: Final = frozenset({Step.POSITION, Step.ENTRY_QUERY, Step.STOP_QUERY, Step.LATE_WATCH, Step.STARTUP})
"""Steps whose request is made at least five times, or whose phase has so many."""

Make: TypeAlias = Callable[[Conditions], Fault]


def on_the_way(when: When, *makers: Make) -> Inject:
    """Let each fault strike wherever the step's requests pass the door; each maker takes the conditions."""

    def inject(world: World, step: Step) -> Armed:
        faults = [make(when.conditions(place, world.now_ms)) for place in step.places for make in makers]
        kinds: set[FaultKind] = {fault.kind for fault in faults}
        before = len(world.faults.log)
        world.break_with(*faults)

        def count() -> int:
            return sum(1 for struck in world.faults.log[before:] if struck.kind in kinds)

        # several faults count for themselves: one of them may have met its first request after all was over
        return Armed(count, struck_as_once=lambda: when.nth is None and len(faults) == 1 and count() == 1)

    return inject


def in_what_comes_back(when: When, shown: Shown) -> Inject:
    """Let the client be shown something else than the answers to the step's requests.

    What *shown* returns as it was does not count among the requests.
    """

    def inject(world: World, step: Step) -> Armed:
        until_ms = None if when.lasts_ms is None else world.now_ms + when.lasts_ms
        passed: list[Call] = []
        struck: list[Call] = []
        before = world.notebook.mangle

        def mangle(call: Call, result: Result) -> Result:
            result = before(call, result)
            if not step.concerns(call) or (until_ms is not None and world.now_ms > until_ms):
                return result
            other = shown(call, result)
            if other is result:
                return result
            passed.append(call)
            if when.nth not in (None, len(passed)):
                return result
            struck.append(call)
            return other

        world.notebook.mangle = mangle
        return Armed(lambda: len(struck), struck_as_once=lambda: when.nth is None and len(struck) == 1)

    return inject


def from_then_on(lasts_ms: int, *makers: Make, places: tuple[Conditions, ...]) -> Inject:
    """Let the faults begin when the answer to the step's first request is there, and go on for so long."""

    def inject(world: World, step: Step) -> Armed:
        log_before, before = len(world.faults.log), world.notebook.mangle
        begun: list[Call] = []

        def mangle(call: Call, result: Result) -> Result:
            if step.concerns(call) and not begun:
                begun.append(call)
                when = When("", lasts_ms=lasts_ms)
                world.break_with(*(make(when.conditions(each, world.now_ms)) for make in makers for each in places))
            return before(call, result)

        world.notebook.mangle = mangle
        return Armed(lambda: len(world.faults.log) - log_before if begun else 0)

    return inject


def when_reached(act: Callable[[World], None]) -> Inject:
    """Do something once, when the answer to the step's first request is there."""

    def inject(world: World, step: Step) -> Armed:
        before, done = world.notebook.mangle, list[Call]()

        def mangle(call: Call, result: Result) -> Result:
            if step.concerns(call) and not done:
                done.append(call)
                act(world)
            return before(call, result)

        world.notebook.mangle = mangle
        return Armed(lambda: len(done))

    return inject


def both(first: Inject, second: Inject) -> Inject:
    """Arm two faults as one; it has struck when both have."""

    def inject(world: World, step: Step) -> Armed:
        one, other = first(world, step), second(world, step)

        def heal() -> None:
            one.heal()
            other.heal()

        return Armed(
            lambda: min(one.struck(), other.struck()),
            heal,
            struck_as_once=lambda: one.struck_as_once() and other.struck_as_once(),
        )

    return inject


def variants(
    fault_id: str,
    what: str,
    steps: frozenset[Step],
    injected: Callable[[When], Inject],
    *,
    expect: Check = as_promised,
    expect_lasting: Check = as_promised,
    means: ReplyKind | None = None,
    lives_on: bool = True,
    again: frozenset[Step] = RECURRING,
    fifth: bool = False,
) -> tuple[FaultCase, ...]:
    """Return a fault as one that strikes once, one that strikes a later time, and one that goes on for a while.

    Args:
        fault_id, what, steps, expect, lives_on: as `FaultCase` has them; *expect* of the one that strikes once.
        injected: arms it.
        expect_lasting: of the one that goes on.
        means: what the answer to an order must be taken for.
        again: the steps whose request may be struck a second time.
        fifth: for faults that strike every request of the step, whatever its answer.
    """
    if means is not None:
        expect, expect_lasting = every(understood(means), expect), every(understood(means), expect_lasting)

    def case(when: When, where: frozenset[Step], check: Check, once: FaultCase | None = None) -> FaultCase:
        return FaultCase(
            id=fault_id,
            what=what,
            variant=when.name,
            steps=where,
            inject=injected(when),
            expect=check,
            lives_on=lives_on and when in (ONCE, LASTING),
            once=once,
        )

    once = case(ONCE, steps, expect)
    found = (
        once,
        case(AGAIN, steps & again, as_promised),
        case(FIFTH, steps & MANY if fifth else frozenset(), as_promised),
        case(LASTING, steps, expect_lasting, once),
    )
    return tuple(each for each in found if each.steps)
