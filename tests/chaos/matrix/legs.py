"""E5-E11, E20 and E21: what the exchange does to stops and targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from surefill.adapters.simulated import Fault
from surefill.adapters.simulated.fault import leg_letter
from surefill.adapters.venue import VenueSettings
from surefill.domain.protection_policy import OnLateFill, ProtectionPolicy
from surefill.domain.report import Outcome
from surefill.testing.world import World
from tests.chaos.matrix.case import Armed, Listed
from tests.chaos.matrix.checks import both, ends, fill_told, flat, still_holds
from tests.chaos.matrix.events import (
    ClosingInPart,
    beyond,
    by_hand_ok,
    event,
    first_of,
    happens,
    held,
    keeping_late_fills,
    least_stop,
    of_leg,
    reaches_target,
    resting,
    runs_through_live_stop,
    still_held,
    trade_of,
)
from tests.chaos.matrix.family import Way, fault
from tests.chaos.matrix.market import LIVE, NO_STOP
from tests.chaos.matrix.scenario import TRADES, Scenario
from tests.chaos.matrix.steps import ALL, Step

HIDDEN_MS: Final = 5_000
_SEEN: Final = LIVE - {Step.STOP}
"""Where a stop of ours rests and a target beside it: after the answers to both."""


def _ends(letter: str, status: str) -> Callable[[World], bool]:
    """Return what lets the exchange end a waiting leg."""

    def act(world: World) -> bool:
        waiting = resting(world, letter)
        if not waiting or not held(world):
            return False
        world.exchange.venue.acts.end_conditional(waiting[0], status)
        return True

    return act


def _fires(switch: str) -> Callable[[World, Step], Armed]:
    """Return what lets the market run through a stop that then goes wrong."""

    def inject(world: World, step: Step) -> Armed:
        switches = world.exchange.venue.switches
        setattr(switches, switch, of_leg("S"))

        def heal() -> None:
            switches.reset()
            world.exchange.venue.acts.release_stuck()

        return happens(world, step, runs_through_live_stop, heal=heal)

    return inject


def _hidden(*, first_only: bool) -> Callable[[World, Step], Armed]:
    """Return what keeps stops from sight for a while: so shortly that they can be cleaned up in time."""

    def inject(world: World, step: Step) -> Armed:
        switches = world.exchange.venue.switches
        known = set(resting(world, "S")) if step not in (Step.CANCEL, Step.EXIT) else set[str]()
        since_ms: dict[str, int] = {}

        def hides(client_id: str) -> bool:
            if leg_letter(client_id) != "S" or client_id in known:
                return False
            if client_id not in since_ms and not (first_only and since_ms):
                since_ms[client_id] = min(since_ms.values(), default=world.now_ms)
            return world.now_ms - since_ms.get(client_id, 0) < HIDDEN_MS

        switches.hides = hides
        before = switches.struck
        return Armed(struck=lambda: switches.struck - before, heal=switches.reset)

    return inject


def _both_trigger(world: World) -> bool:
    """Let the market touch the target and fall through the stop within the same few milliseconds."""
    if not reaches_target(world):
        return False
    beyond(world, trade_of(world).stop, "0.2")
    return True


def _target_refused(code: int) -> Callable[[World, Step], Armed]:
    """Return what lets the exchange refuse every target."""

    def inject(world: World, step: Step) -> Armed:
        del step
        world.break_with(Fault.refused(code, leg="T"))
        return Armed(struck=lambda: len(world.faults.log))

    return inject


def _small_cap(step: Step, seed: int) -> World:
    """Return a world whose account may have four conditional orders open."""
    protection = ProtectionPolicy(on_late_fill=OnLateFill.PROTECT if step is Step.LATE_WATCH else OnLateFill.FLATTEN)
    return World(seed=seed, settings=VenueSettings(open_algo_orders_max=4), protection=protection)


def _quota_used_up(world: World, step: Step) -> Armed:
    """Let somebody else open conditional orders until no more are taken, and cancel them in the end."""

    def act(world: World) -> bool:
        opened = 0
        while by_hand_ok(world, "POST", "/fapi/v1/algoOrder", least_stop(world, f"theirs-{opened}")):
            opened += 1
        return opened > 0

    def heal() -> None:
        world.by_hand("DELETE", "/fapi/v1/algoOpenOrders", {"symbol": least_stop(world, "")["symbol"]})

    return happens(world, step, act, heal=heal)


def _in_part(step: Step, seed: int) -> Scenario:
    """Return a close in part, whatever the step."""
    del step
    return ClosingInPart(trade=TRADES[seed % len(TRADES)])


def _lost(world: World, step: Step) -> Armed:
    """Let the first answer at the step get lost."""
    world.break_with(*(Fault.reply_lost(**first_of(place)) for place in step.places))
    return Armed(struck=lambda: len(world.faults.log))


_REPLACING: Final = frozenset(
    {Step.POSITION, Step.TRADES, Step.EXIT, Step.STOP, Step.STOP_QUERY, Step.TARGET, Step.CANCEL}
)
_CLOSED: Final = both(ends(Outcome.CLOSED), flat)
_DEGRADED: Final = ends(Outcome.PROTECTED_WITHOUT_TAKE_PROFIT, Outcome.CLOSED)
_NO_TARGET: Final = "no target is about to be sent at this step"

CASES: Final[tuple[Listed, ...]] = (
    *fault(
        "E5",
        "the exchange ends a stop that rests",
        *(
            Way(
                steps=LIVE,
                inject=event(_ends("S", status)),
                expect=fill_told,
                world=keeping_late_fills,
                scenario=still_held,
                variant=status,
            )
            for status in ("EXPIRED", "CANCELED")
        ),
        *(
            Way(
                steps=_SEEN,
                inject=event(_ends("T", status)),
                expect=fill_told,
                world=keeping_late_fills,
                scenario=still_held,
                variant=f"the target: {status}",
            )
            for status in ("EXPIRED", "CANCELED")
        ),
        elsewhere=NO_STOP,
    ),
    *fault(
        "E6",
        "a stop is rejected when it triggers",
        Way(steps=LIVE, inject=_fires("rejects"), expect=_CLOSED, world=keeping_late_fills, scenario=still_held),
        elsewhere=NO_STOP,
    ),
    *fault(
        "E7",
        "a stop stays TRIGGERING for good",
        Way(steps=LIVE, inject=_fires("sticks"), expect=_CLOSED, world=keeping_late_fills, scenario=still_held),
        elsewhere=NO_STOP,
    ),
    *fault(
        "E8",
        "a stop is acknowledged and cannot be seen",
        Way(
            steps=LIVE - {Step.CANCEL},
            inject=_hidden(first_only=True),
            world=keeping_late_fills,
            scenario=still_held,
            variant="the first",
        ),
        Way(
            steps=LIVE - {Step.CANCEL},
            inject=_hidden(first_only=False),
            world=keeping_late_fills,
            scenario=still_held,
            variant="every one",
        ),
        elsewhere="no stop is about to be sent at this step, or the stop was seen before it",
    ),
    *fault(
        "E9",
        "the target fills and leaves the stop behind",
        Way(steps=_SEEN, inject=event(reaches_target), expect=_CLOSED, world=keeping_late_fills, scenario=still_held),
        elsewhere="no target of ours rests at this step",
    ),
    *fault(
        "E10",
        "stop and target both trigger",
        Way(steps=_SEEN, inject=event(_both_trigger), expect=_CLOSED, world=keeping_late_fills, scenario=still_held),
        elsewhere="no target of ours rests beside a stop at this step",
    ),
    *fault(
        "E11",
        "the target is refused",
        *(
            Way(
                steps=frozenset({Step.TARGET, Step.STARTUP, Step.LATE_WATCH}),
                inject=_target_refused(code),
                expect=_DEGRADED,
                world=keeping_late_fills,
                variant=str(code),
            )
            for code in (-2021, -4045, -1111, -2019)
        ),
        elsewhere=_NO_TARGET,
    ),
    *fault(
        "E20",
        "more is open in stops than is held, after an exit in part",
        Way(steps=_REPLACING, inject=_lost, expect=still_holds, scenario=_in_part, variant="with an answer lost"),
        Way(
            steps=_REPLACING,
            inject=event(runs_through_live_stop),
            expect=_CLOSED,
            scenario=_in_part,
            variant="with a stop that fires meanwhile",
        ),
        elsewhere="nothing is closed in part at this step: it comes before the entry, or another one's phase",
    ),
    *fault(
        "E21",
        "somebody else uses up the account's conditional orders",
        Way(
            steps=ALL - {Step.TIME},
            inject=_quota_used_up,
            expect=fill_told,
            world=_small_cap,
            scenario=still_held,
        ),
        elsewhere="the time does not depend on it, and is asked before the first request that does",
    ),
)
