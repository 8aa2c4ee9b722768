"""Family D: clocks that are wrong, jump, drift or stand still."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import attrs

from surefill.adapters.simulated import Fault
from surefill.adapters.simulated.fault import Conditions
from surefill.testing.world import Lifeline, World
from tests.chaos.matrix.bytes_on_the_wire import rows_as
from tests.chaos.matrix.case import Armed, FaultCase, Listed, NotApplicable, as_promised, at
from tests.chaos.matrix.injections import LASTING, Inject, When, in_what_comes_back, on_the_way, variants, when_reached
from tests.chaos.matrix.right import closed, every, quiet, sound
from tests.chaos.matrix.scenario import Opening, Scenario, scenario_of
from tests.chaos.matrix.steps import ALL, PHASES, SENDS, Step
from tests.chaos.matrix.timed import TimedWorld

HOUR_MS: Final = 3_600_000
BEYOND_32_BITS_MS: Final = 2**31 * 1000
"""19 January 2038, 03:14:08 UTC: seconds no longer fit into 31 bits."""
_SOUND: Final = at(dict.fromkeys(PHASES, as_promised), otherwise=sound)
_REFUSED_OR_SOUND: Final = at(
    dict.fromkeys((Step.TRADES, Step.CANCEL, Step.EXIT, *PHASES), as_promised), otherwise=sound
)
"""One stamp is refused before the clock is right again: of an entry whose answer is lost, or of a whole close."""
_UNHARMED: Final = at({**dict.fromkeys(PHASES, as_promised), Step.TRADES: closed}, otherwise=every(closed, quiet))
_OTHER: Final = ALL - {Step.TIME}


def _timed(step: Step, seed: int) -> World:
    """A world whose owner has a machine's clocks, at every step."""
    del step
    return TimedWorld(seed=seed)


def _machine_of(world: World) -> TimedWorld:
    if not isinstance(world, TimedWorld):
        raise TypeError("the case needs a TimedWorld")
    return world


def _wall_steps(by_ms: int) -> Inject:
    """Somebody sets the machine's wall clock."""

    def act(world: World) -> None:
        _machine_of(world).machine.wall_off_ms += by_ms

    return when_reached(act)


def _counter_jumps(by_ms: int) -> Inject:
    """The machine's counter leaps, as after a pause of a virtual machine."""

    def act(world: World) -> None:
        _machine_of(world).machine.counter_off_ms += by_ms

    return when_reached(act)


def _sleeps(ms: int) -> Inject:
    """The machine is suspended between two calls, and its counter does not know."""

    def inject(world: World, step: Step) -> Armed:
        del step
        _machine_of(world).machine.counter_off_ms -= ms
        world.exchange.clock.sleep(ms / 1000)
        return Armed(lambda: 1)

    return inject


@attrs.frozen(kw_only=True)
class Drifting(Scenario):
    """A quiet hour on a machine whose counter runs wrong, and then the scenario itself."""

    inner: Scenario
    per_million: int

    def before(self, world: World) -> None:
        """Let it drift for an hour, asking for an account now and then as hosts do."""
        _machine_of(world).machine.drift_per_million = self.per_million
        for _ in range(30):
            world.exchange.clock.sleep(120)
            world.call(lambda manager: manager.get_account_balance(), "get_account_balance")
        self.inner.before(world)

    def during(self, world: World) -> None:
        """Go through the step."""
        self.inner.during(world)


def _drifted(world: World, step: Step) -> Armed:
    del step
    timed = _machine_of(world)
    return Armed(lambda: int(abs(timed.machine.monotonic_ms() + timed.machine._began_ms - world.now_ms) >= 500))


def _drift(per_million: int) -> FaultCase:
    return FaultCase(
        id="D1",
        what="slow drift",
        variant=f"{per_million:+} millionths",
        steps=ALL,
        inject=_drifted,
        world=_timed,
        scenario=lambda step, seed: Drifting(inner=scenario_of(step, seed), per_million=per_million),
        expect=_UNHARMED,
    )


class Resyncing(Opening):
    """A minute after the time was last asked for, the clock is due to be set again."""

    def during(self, world: World) -> None:
        """Wait for it, and do it all."""
        world.exchange.clock.sleep(61)
        super().during(world)


@attrs.frozen(kw_only=True)
class After2038(Scenario):
    """The scenario itself, in another age."""

    inner: Scenario

    def before(self, world: World) -> None:
        """Let the years pass."""
        world.exchange.clock.sleep((BEYOND_32_BITS_MS - world.now_ms) // 1000)
        world.tick(self.inner.trade.symbol, world.prices[self.inner.trade.symbol])
        self.inner.before(world)

    def during(self, world: World) -> None:
        """Go through the step."""
        self.inner.during(world)


def _stay(seconds: float) -> None:
    del seconds


def _in_another_age(world: World, step: Step) -> Armed:
    del step
    return Armed(lambda: int(world.now_ms >= BEYOND_32_BITS_MS))


@attrs.define
class Pausing(Lifeline):
    """Stops the process for a while at a point, with the rest of the world going on.

    Attributes:
        at: the point's name; empty for none.
        seconds: how long.
        pause: lets time pass.
        paused: how often it was done.
    """

    at: str = ""
    seconds: float = 0
    pause: Callable[[float], None] = _stay
    paused: int = 0

    def touch(self, what: str) -> None:
        """Pass a point, or wait there once."""
        super().touch(what)
        if self.at and what == self.at and not self.paused:
            self.paused += 1
            self.pause(self.seconds)


@attrs.frozen(kw_only=True)
class OnAPausingProcess(Scenario):
    """The scenario itself, by a process that can be stopped."""

    inner: Scenario

    def before(self, world: World) -> None:
        """Start it."""
        world.restart(Pausing(pause=world.exchange.clock.sleep))
        self.inner.before(world)

    def during(self, world: World) -> None:
        """Go through the step."""
        self.inner.during(world)


def _pauses(at_points: dict[Step, str], seconds: float) -> Inject:
    def inject(world: World, step: Step) -> Armed:
        lifeline = world.lifeline
        if not isinstance(lifeline, Pausing):
            raise TypeError("the case needs a process that can be stopped")
        lifeline.at, lifeline.seconds = at_points[step], seconds
        return Armed(lambda: lifeline.paused)

    return inject


_KEPT: Final = {
    Step.ENTRY: "after Intent",
    Step.STOP: "after Intent,Intent",
    Step.TARGET: "after Intent,Intent",
    Step.EXIT: "after Intent",
}
_STAMPED: Final = {
    Step.EXCHANGE_INFO: "before GET exchangeInfo",
    Step.SETTINGS: "before POST leverage",
    Step.POSITION: "before GET positionRisk",
    Step.ENTRY: "before POST order",
    Step.ENTRY_QUERY: "before GET order",
    Step.TRADES: "before GET userTrades",
    Step.STOP: "before POST algoOrder",
    Step.STOP_QUERY: "before GET openAlgoOrders",
    Step.TARGET: "before POST algoOrder",
    Step.CANCEL: "before DELETE algoOrder",
    Step.EXIT: "before POST order",
}


def _pause(variant: str, points: dict[Step, str], seconds: float, steps: frozenset[Step]) -> FaultCase:
    return FaultCase(
        id="D5",
        what="process paused",
        variant=f"{variant}, {seconds:g} s",
        steps=steps,
        inject=_pauses(points, seconds),
        scenario=lambda step, seed: OnAPausingProcess(inner=scenario_of(step, seed)),
        expect=at({Step.ENTRY: sound}, otherwise=_SOUND),
    )


def _standing_time(when: When) -> Inject:
    """Every answer about the time is the first one: a cache sits between."""
    first: list[int] = []

    def change(row: dict[str, object]) -> dict[str, object]:
        told = row["serverTime"]
        if isinstance(told, int):
            first.append(told)
        return {**row, "serverTime": first[0]}

    return in_what_comes_back(when, rows_as(change))


def _ahead(ahead_ms: int, conditions: Conditions) -> Fault:
    return Fault.wrong_time(ahead_ms, **conditions)


def _told_wrong(ahead_ms: int, when: When) -> Inject:
    return on_the_way(when, partial(_ahead, ahead_ms))


_READING: Final = When("in the fourth answer", nth=4)
"""Three requests warm the connections and are not believed; the fourth is the reading."""
_TIME: Final = frozenset({Step.TIME})
_AWAKE: Final = frozenset(_STAMPED)

CASES: Final[tuple[Listed, ...]] = (
    _drift(400),
    _drift(-400),
    *(
        FaultCase(
            id="D2",
            what="wall clock set",
            variant=f"by {by_ms:+} ms",
            steps=ALL,
            inject=_wall_steps(by_ms),
            world=_timed,
            expect=_UNHARMED,
        )
        for by_ms in (HOUR_MS, -HOUR_MS, 86_400_000 * 365)
    ),
    FaultCase(
        id="D3",
        what="beyond 32 bits of seconds",
        steps=ALL,
        inject=_in_another_age,
        scenario=lambda step, seed: After2038(inner=scenario_of(step, seed)),
        expect=_UNHARMED,
    ),
    *(
        case
        for ahead_ms in (900, -900, 5_000, -5_000)
        for case in variants(
            "D4",
            f"time wrong by {ahead_ms:+} ms",
            _TIME,
            partial(_told_wrong, ahead_ms),
            expect=sound,
        )
    ),
    FaultCase(
        id="D4", what="time stands still", variant="for 20 s", steps=_TIME, inject=_standing_time(LASTING), expect=sound
    ),
    *(
        FaultCase(
            id="D4",
            what=f"time wrong by {ahead_ms:+} ms",
            variant="in one reading, which contradicts the one before",
            steps=_TIME,
            inject=on_the_way(_READING, partial(_ahead, ahead_ms)),
            world=_timed,
            scenario=lambda step, seed: Resyncing(trade=scenario_of(step, seed).trade),
            expect=every(closed, quiet),
        )
        for ahead_ms in (30_000, -30_000)
    ),
    NotApplicable(id="D4", what="time endpoint wrong", steps=_OTHER, reason="no other request tells the time"),
    _pause("between journal and send", _KEPT, 2, SENDS),
    _pause("between journal and send", _KEPT, 4, frozenset({Step.ENTRY, Step.EXIT})),
    _pause("between stamp and arrival", _STAMPED, 2, _AWAKE),
    _pause("between stamp and arrival", _STAMPED, 6, _AWAKE - {Step.STOP, Step.TARGET}),
    NotApplicable(
        id="D5",
        what="process paused",
        steps=ALL - _AWAKE,
        reason="the pause lies between journal and send; what a phase sends is what the other steps send",
    ),
    *(
        FaultCase(
            id="D6",
            what="counter leaps",
            variant=f"by {by_ms:+} ms",
            steps=ALL,
            inject=_counter_jumps(by_ms),
            world=_timed,
            expect=_REFUSED_OR_SOUND,
        )
        for by_ms in (1_500, -1_500, 6_000, -6_000)
    ),
    FaultCase(
        id="D7",
        what="suspended for an hour",
        steps=ALL - PHASES,
        inject=_sleeps(HOUR_MS),
        world=_timed,
        expect=_REFUSED_OR_SOUND,
    ),
    NotApplicable(
        id="D7",
        what="suspended for an hour",
        steps=PHASES,
        reason="one journal, one lock: nobody takes over from a suspended owner; watch and start just go on late",
    ),
)
