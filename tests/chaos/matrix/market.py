"""E1-E4, E13, E14 and E19: what the market does to orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from surefill.adapters.simulated import Fault
from surefill.adapters.venue import Curb, FillModel, VenueSettings
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.report import Outcome
from surefill.domain.side import TriggerPrice
from surefill.testing.world import PRICES, World
from tests.chaos.matrix.case import Aftermath, Armed, Listed
from tests.chaos.matrix.checks import both, ends, fill_told, flat
from tests.chaos.matrix.events import (
    beyond,
    event,
    happens,
    held,
    keeping_late_fills,
    of_leg,
    on_tick,
    reaches_target,
    resting,
    runs_through_stop,
    still_held,
    trade_of,
)
from tests.chaos.matrix.family import Way, fault
from tests.chaos.matrix.scenario import TRADES, Scenario, scenario_of
from tests.chaos.matrix.steps import Step

TRADING: Final = frozenset({Step.ENTRY, Step.STOP, Step.TARGET, Step.EXIT, Step.LATE_WATCH, Step.STARTUP})
"""Where an order of ours meets the book: entries, exits, the children of stops and targets, and entries found late."""
LIVE: Final = frozenset(
    {
        Step.POSITION,
        Step.STOP,
        Step.STOP_QUERY,
        Step.TARGET,
        Step.CANCEL,
        Step.EXIT,
        Step.LATE_WATCH,
        Step.STARTUP,
    }
)
"""Where a stop of ours rests, or just went out."""
_LETTER: Final = {Step.STOP: "S", Step.TARGET: "T", Step.EXIT: "X"}


def _curbed(share: int, *, ends_as: str = "EXPIRED", rest_after_ms: int | None = None) -> Callable[[Step, int], World]:
    """Return worlds whose market orders fill a third of *share* thirds at once."""

    def world(step: Step, seed: int) -> World:
        made = keeping_late_fills(step, seed)
        made.exchange.venue.switches.curb = Curb(
            concerns=of_leg(_LETTER.get(step, "E")),
            most=trade_of(made).quantity * share / 3,
            ends_as=ends_as,
            rest_after_ms=rest_after_ms,
        )
        return made

    return world


def watched(world: World, step: Step) -> Armed:
    """Count from the beginning: the order may have been sent before the step."""
    del step
    switches = world.exchange.venue.switches
    return Armed(struck=lambda: switches.struck, heal=switches.reset)


class Winning(Scenario):
    """Entry, stop, target, some time, and a market that reaches the target."""

    def during(self, world: World) -> None:
        """Do it all."""
        world.execute(self.trade.entry(), self.trade.quantity)
        world.wait(12)
        reaches_target(world)
        world.wait(12)


def to_where_it_trades(step: Step, seed: int) -> Scenario:
    """Return what leads to an order of ours that trades at *step*."""
    return Winning(trade=TRADES[seed % len(TRADES)]) if step is Step.TARGET else scenario_of(step, seed)


def _thin(step: Step, seed: int) -> World:
    """Return a world whose book shows a third of our size at each price."""
    made = keeping_late_fills(step, seed)
    size = TRADES[seed % len(TRADES)].quantity / 3
    policy, settings = made.protection, VenueSettings(fill=FillModel(synthetic_size=size))
    return World(seed=seed, protection=policy, settings=settings) if step is not Step.TIME else made


def _off_the_book(world: World) -> bool:
    """Let the mark run so far from the book that no market order is taken any more (-4131), while something is held."""
    if not held(world):
        return False
    trade = trade_of(world)
    up = Decimal("1.1") if trade.long else Decimal("0.9")
    world.exchange.tick(trade.symbol, mark=PRICES[trade.symbol] * up)
    return True


def _quoted_again(world: World) -> None:
    trade = trade_of(world)
    world.exchange.tick(trade.symbol, last=PRICES[trade.symbol], mark=PRICES[trade.symbol])


def _mark_leaves(world: World, step: Step) -> Armed:
    return happens(world, step, _off_the_book, heal=lambda: _quoted_again(world))


def _gap(world: World) -> bool:
    """Let the market open ten per cent beyond the stop."""
    if not resting(world, "S"):
        return False
    beyond(world, trade_of(world).stop, "10")
    return True


def _by_last(step: Step, seed: int) -> World:
    """Return a world whose stops look at the last price."""
    late = keeping_late_fills(step, seed).protection.on_late_fill
    return World(seed=seed, protection=ProtectionPolicy(trigger_on=TriggerPrice.LAST, on_late_fill=late))


def _apart(*, mark: bool) -> Callable[[World, Step], Armed]:
    """Return what lets one price run through the stop while the other stands still."""

    def act(world: World) -> bool:
        if not resting(world, "S"):
            return False
        trade = trade_of(world)
        price, beyond_it = (
            PRICES[trade.symbol],
            on_tick(world, trade.stop * (Decimal("0.99") if trade.long else Decimal("1.01"))),
        )
        world.exchange.tick(trade.symbol, last=price if mark else beyond_it, mark=beyond_it if mark else price)
        return True

    return lambda world, step: happens(world, step, act, heal=lambda: _quoted_again(world))


def _unprotected_by_price(aftermath: Aftermath) -> Iterable[str]:
    """Ask that no order of ours asks for price protection: it would let a stop expire just when it is needed."""
    for carried in aftermath.calls:
        if carried.call.params.get("priceProtect") == "true":
            yield f"{carried.call.path} was sent with priceProtect"


_NOTHING_TRADES: Final = "no order of ours meets the book at this step: it reads, sets or cancels"
NO_STOP: Final = "no stop of ours rests at this step: it comes before the entry, or before the stop is sent"


def _crossed(world: World) -> bool:
    """Let the market run through the stop before it rests."""
    return not resting(world, "S") and runs_through_stop(world)


def _said_so(code: int) -> Callable[[World, Step], Armed]:
    """Return what lets the exchange refuse the stop as crossed, with the market just beyond it."""

    def inject(world: World, step: Step) -> Armed:
        del step
        world.break_with(Fault.refused(code, leg="S", nth=1))
        return Armed(struck=lambda: len(world.faults.log))

    return inject


_STOPPED: Final = both(ends(Outcome.CLOSED), flat)

CASES: Final[tuple[Listed, ...]] = (
    *fault(
        "E1",
        "a market order fills in part and expires",
        Way(steps=TRADING, inject=watched, expect=fill_told, world=_curbed(1), scenario=to_where_it_trades),
        elsewhere=_NOTHING_TRADES,
    ),
    *fault(
        "E2",
        "a market order expires without a fill",
        Way(steps=TRADING, inject=watched, expect=fill_told, world=_curbed(0), scenario=to_where_it_trades),
        Way(
            steps=TRADING,
            inject=watched,
            expect=fill_told,
            world=_curbed(0, ends_as="EXPIRED_IN_MATCH"),
            scenario=to_where_it_trades,
            variant="in match",
        ),
        elsewhere=_NOTHING_TRADES,
    ),
    *fault(
        "E3",
        "fills come late",
        Way(
            steps=TRADING,
            inject=watched,
            expect=fill_told,
            world=_curbed(1, rest_after_ms=1_500),
            scenario=to_where_it_trades,
            variant="in two parts",
        ),
        elsewhere=_NOTHING_TRADES,
    ),
    *fault(
        "E4",
        "the price lies beyond the stop before it is placed",
        Way(steps=frozenset({Step.ENTRY}), inject=event(_crossed), expect=_STOPPED, variant="-2021 of the exchange"),
        Way(steps=frozenset({Step.STOP}), inject=_said_so(-2021), expect=_STOPPED, variant="-2021"),
        Way(steps=frozenset({Step.STOP}), inject=_said_so(-4142), expect=_STOPPED, variant="-4142"),
        Way(
            steps=frozenset({Step.STARTUP, Step.LATE_WATCH}),
            inject=event(_crossed),
            expect=_STOPPED,
            world=keeping_late_fills,
        ),
        elsewhere="no stop is about to be placed at this step, or the price that crosses it was met at the step before",
    ),
    *fault(
        "E13",
        "the book is thin, or far from the mark",
        Way(
            steps=TRADING,
            inject=lambda world, step: happens(world, step, lambda _: True),
            expect=fill_told,
            world=_thin,
            scenario=to_where_it_trades,
            variant="a third of our size",
        ),
        Way(
            steps=LIVE,
            inject=_mark_leaves,
            expect=fill_told,
            world=keeping_late_fills,
            scenario=still_held,
            variant="-4131",
        ),
        elsewhere="the book matters to orders only: nothing trades at this step, and nothing is held yet",
    ),
    *fault(
        "E14",
        "the market opens ten per cent beyond the stop",
        Way(steps=LIVE, inject=event(_gap), expect=_STOPPED, world=keeping_late_fills, scenario=still_held),
        elsewhere=NO_STOP,
    ),
    *fault(
        "E19",
        "mark and last price part",
        Way(
            steps=LIVE,
            inject=_apart(mark=True),
            expect=both(_STOPPED, _unprotected_by_price),
            world=keeping_late_fills,
            scenario=still_held,
            variant="the mark runs through a stop that looks at it",
        ),
        Way(
            steps=LIVE,
            inject=_apart(mark=False),
            expect=_unprotected_by_price,
            world=keeping_late_fills,
            scenario=still_held,
            variant="the last price runs through a stop that looks at the mark",
        ),
        Way(
            steps=LIVE,
            inject=_apart(mark=False),
            expect=both(_STOPPED, _unprotected_by_price),
            world=_by_last,
            scenario=still_held,
            variant="the last price runs through a stop that looks at it",
        ),
        elsewhere=NO_STOP,
    ),
)
