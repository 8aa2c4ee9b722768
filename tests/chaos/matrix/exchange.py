"""E12, E15-E18 and E22: what the exchange itself does: closing positions, changing rules, forgetting, moving on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final, cast

import attrs

from surefill.adapters.simulated import Fault
from surefill.adapters.simulated.fault import Conditions
from surefill.adapters.venue import VenueSettings
from surefill.adapters.venue.acts import AUTO_DELEVERAGE, AUTOCLOSE, SETTLEMENT
from surefill.adapters.wire.call import Call, Result, WireAnswer
from surefill.domain.alarm import AlarmKind
from surefill.domain.report import ClosedBy, Outcome
from surefill.domain.timings import Timings
from surefill.testing.invariants.filters import Filters
from surefill.testing.world import World
from tests.chaos.matrix.case import Aftermath, Armed, Listed
from tests.chaos.matrix.checks import alarms, both, ends, fill_told, flat
from tests.chaos.matrix.events import (
    Act,
    Event,
    event,
    filled_entry,
    for_a_while,
    happens,
    held,
    keeping_late_fills,
    least_step,
    on_step,
    pass_through,
    resting,
    still_held,
    trade_of,
)
from tests.chaos.matrix.family import Way, fault
from tests.chaos.matrix.market import LIVE, NO_STOP
from tests.chaos.matrix.steps import ALL, Step

DOWN_MS: Final = 2_000
OLD_MS: Final = 8_000
"""How long a restarting exchange answers nothing, and how long it shows the state from before."""

_HOLDING: Final = LIVE | {Step.ENTRY, Step.ENTRY_QUERY, Step.TRADES}
_RULES: Final = ALL - {Step.TIME}
_NOTHING_HELD: Final = "nothing is held at this step yet"


def _closes(by: str, *, half: bool = False) -> Callable[[World], bool]:
    """Return what lets the exchange close the position, or half of it."""

    def act(world: World) -> bool:
        amount = held(world)
        if not amount:
            return False
        quantity = on_step(world, abs(amount) / 2) if half else None
        world.exchange.venue.acts.close_position(trade_of(world).symbol, by=by, quantity=quantity)
        return True

    return act


@attrs.frozen(kw_only=True)
class _Coarser(Filters):
    """Filters that became coarser in the course of the day: what was sent before the change was known is no lie."""

    coarse_tick: Decimal
    coarse_step: Decimal

    @property
    def price_grain(self) -> Decimal:
        """How far rounding may move a price."""
        return max(self.coarse_tick, super().price_grain)

    @property
    def quantity_grain(self) -> Decimal:
        """How far rounding may move a size."""
        return max(self.coarse_step, super().quantity_grain)


def _changed(name: str, *, tenfold_tick: bool = False, coarser_step: bool = False) -> Callable[[World, Step], Armed]:
    """Return what changes the filters of the traded symbol; the old ones come back at the end."""

    def inject(world: World, step: Step) -> Armed:
        symbol = trade_of(world).symbol
        before = _raw_filters(world, symbol)
        most = max(least_step(world), on_step(world, trade_of(world).quantity * 2 / 5))
        step_now = _coarser(world) if coarser_step else None
        after = [_change(entry, name, tick=tenfold_tick, step=step_now, most=most) for entry in before]
        tick, lot = _number(after, "PRICE_FILTER", "tickSize"), _number(after, "MARKET_LOT_SIZE", "stepSize")

        def act(world: World) -> bool:
            filters = cast("dict[str, Filters]", world.watch.numbers.filters)
            old = attrs.asdict(filters[symbol], recurse=False)
            filters[symbol] = _Coarser(**old, coarse_tick=tick, coarse_step=lot)
            world.exchange.venue.change_filters(symbol, after)
            return True

        return _from_now_on(world, step, act, lambda: world.exchange.venue.change_filters(symbol, before))

    return inject


def _from_now_on(world: World, step: Step, act: Act, heal: Callable[[], None]) -> Armed:
    """Let *act* happen at *step*; before it where the step is the last that it could matter to."""
    if step in (Step.EXIT, Step.CANCEL):
        act(world)
        return Armed(struck=lambda: 1, heal=heal)
    return happens(world, step, act, heal=heal)


def _raw_filters(world: World, symbol: str) -> list[dict[str, object]]:
    symbols = cast("list[dict[str, object]]", world.listing["symbols"])
    raw = next(entry for entry in symbols if entry["symbol"] == symbol)
    return cast("list[dict[str, object]]", raw["filters"])


def _coarser(world: World) -> Decimal:
    """Return the coarsest step but one that our size is on: half of it, or all of it."""
    size = trade_of(world).quantity
    return size / 2 if on_step(world, size / 2) == size / 2 else size


def _change(
    entry: Mapping[str, object], name: str, *, tick: bool, step: Decimal | None, most: Decimal
) -> dict[str, object]:
    changed = dict(entry)
    if entry["filterType"] == "PRICE_FILTER" and tick:
        changed["tickSize"] = format(Decimal(str(entry["tickSize"])) * 70, "f")
        changed["minPrice"] = changed["tickSize"]
    if str(entry["filterType"]).endswith("LOT_SIZE") and step is not None:
        changed["stepSize"] = changed["minQty"] = format(step, "f")
    if entry["filterType"] == "MIN_NOTIONAL" and name == "MIN_NOTIONAL":
        changed["notional"] = "100000"
    if entry["filterType"] == "MARKET_LOT_SIZE" and name == "maxQty":
        changed["maxQty"] = format(most, "f")
    return changed


def _number(filters: list[dict[str, object]], kind: str, name: str) -> Decimal:
    return Decimal(str(next(entry for entry in filters if entry["filterType"] == kind)[name]))


def _halted(status: str) -> Callable[[World, Step], Armed]:
    """Return what changes the status of the traded symbol; it trades again at the end."""

    def inject(world: World, step: Step) -> Armed:
        symbol = trade_of(world).symbol

        def act(world: World) -> bool:
            world.exchange.venue.set_status(symbol, status)
            return True

        return _from_now_on(world, step, act, lambda: world.exchange.venue.set_status(symbol, "TRADING"))

    return inject


def _restarted(world: World, step: Step) -> Armed:
    """Let the exchange fail for two seconds at the step, and come back with the account as it was before the fault."""
    venue = world.exchange.venue
    venue.remember()

    def begin(world: World) -> bool:
        if not held(world):
            return False
        now_ms = world.now_ms
        every: tuple[Conditions, ...] = ({"method": "GET"}, {"method": "POST"}, {"method": "DELETE"})
        down = (for_a_while(each, now_ms, DOWN_MS) for each in every)
        world.break_with(*(Fault.refused(-1001, "", 500, **each) for each in down))
        venue.show_before(on=True)
        back_ms[0] = now_ms + OLD_MS
        return True

    def mangle(call: Call, result: Result) -> Result:
        if world.now_ms >= back_ms[0]:
            venue.show_before(on=False)
        return event(call, result)

    back_ms = [world.now_ms + 3_600_000]
    event = Event(world, step, begin)
    pass_through(world, mangle)
    return Armed(struck=lambda: event.happened, heal=lambda: venue.show_before(on=False))


def _forgets_stop(world: World) -> bool:
    """Let the exchange lose a stop that it had acknowledged."""
    waiting = resting(world, "S")
    if not waiting or not held(world):
        return False
    world.exchange.venue.acts.forget_conditional(waiting[0])
    return True


def _undoes_entry(world: World) -> bool:
    """Let the exchange lose an entry that it had filled."""
    client_id = filled_entry(world)
    if client_id is None or not held(world):
        return False
    world.exchange.venue.acts.undo_order(trade_of(world).symbol, client_id)
    return True


def _more_fields(world: World, step: Step) -> Armed:
    """Let every answer of the step carry fields that nobody has heard of."""
    struck = [0]

    def mangle(call: Call, result: Result) -> Result:
        if not isinstance(result, WireAnswer) or not result.ok or not step.concerns(call):
            return result
        struck[0] += 1
        return attrs.evolve(result, body=_widened(result.body))

    pass_through(world, mangle)
    return Armed(struck=lambda: struck[0])


def _widened(body: object) -> object:
    if isinstance(body, list):
        return [_widened(each) for each in cast("list[object]", body)]
    if isinstance(body, Mapping):
        inner = {name: _widened(value) if name == "symbols" else value for name, value in body.items()}
        return {**inner, "newIn2027": {"nested": [1, "two", None]}, "newFlag": True}
    return body


def _as_before_2026_07(step: Step, seed: int) -> World:
    """Return a world whose order answers carry avgPrice and cumQuote, as they did before 2026-07-15."""
    protection = keeping_late_fills(step, seed).protection
    return World(seed=seed, protection=protection, settings=VenueSettings(average_price_in_answers=True))


def _strict(step: Step, seed: int) -> World:
    """Return a world whose exchange takes no reduce-only order without a position, and whose owner doubts shortly."""
    del step
    timings = Timings(loss_unexplained_ms=6_000, loss_denied_ms=9_000)
    return World(seed=seed, settings=VenueSettings(refuse_reduce_only_algo_while_flat=True), timings=timings)


def _mismatch_told(aftermath: Aftermath) -> Iterable[str]:
    """Ask that somebody was told that what we believe and what the exchange shows do not agree."""
    if not aftermath.alarms:
        yield "nobody was told"
    yield from flat(aftermath)


_PROTECTED: Final = frozenset({Step.POSITION, Step.STOP, Step.STOP_QUERY, Step.TARGET})
_ANSWERING: Final = ALL - {Step.TIME}
_GONE: Final = both(ends(Outcome.CLOSED, closed_by=ClosedBy.ELSEWHERE), flat, alarms(AlarmKind.FOREIGN_CHANGE))

CASES: Final[tuple[Listed, ...]] = (
    *fault(
        "E12",
        "the exchange closes the position",
        *(
            Way(
                steps=_HOLDING,
                inject=event(_closes(by)),
                expect=_GONE,
                world=keeping_late_fills,
                scenario=still_held,
                variant=by.rstrip("-"),
            )
            for by in (AUTOCLOSE, AUTO_DELEVERAGE, SETTLEMENT)
        ),
        Way(
            steps=_HOLDING,
            inject=event(_closes(AUTO_DELEVERAGE, half=True)),
            expect=alarms(AlarmKind.FOREIGN_CHANGE),
            world=keeping_late_fills,
            scenario=still_held,
            variant="half of it, by deleveraging",
        ),
        elsewhere=_NOTHING_HELD,
    ),
    *fault(
        "E15",
        "the filters change",
        Way(
            steps=_RULES,
            inject=_changed("tickSize", tenfold_tick=True),
            expect=fill_told,
            world=keeping_late_fills,
            variant="a tick seventy times as coarse",
        ),
        Way(
            steps=_RULES,
            inject=_changed("stepSize", coarser_step=True),
            expect=fill_told,
            world=keeping_late_fills,
            variant="a step of half our size",
        ),
        Way(
            steps=_RULES,
            inject=_changed("MIN_NOTIONAL"),
            expect=fill_told,
            world=keeping_late_fills,
            variant="a least notional above ours",
        ),
        Way(
            steps=_RULES,
            inject=_changed("maxQty"),
            expect=fill_told,
            world=keeping_late_fills,
            variant="a largest market order below ours",
        ),
        elsewhere="the time does not depend on them, and is asked before the first request that does",
    ),
    *fault(
        "E16",
        "the symbol stops trading",
        *(
            Way(
                steps=_RULES,
                inject=_halted(status),
                expect=fill_told,
                world=keeping_late_fills,
                variant=status,
            )
            for status in ("PRE_SETTLE", "SETTLING", "CLOSE", "PENDING_TRADING")
        ),
        elsewhere="the time does not depend on it, and is asked before the first request that does",
    ),
    *fault(
        "E17",
        "the exchange restarts, and shows the state from before",
        Way(
            steps=_HOLDING - {Step.LATE_WATCH, Step.TRADES},
            inject=_restarted,
            world=keeping_late_fills,
            scenario=still_held,
        ),
        elsewhere="nothing is held at this step yet, or its scenario hides what is held already: two lies at once",
    ),
    *fault(
        "E18",
        "the exchange loses what it had acknowledged",
        Way(
            steps=LIVE,
            inject=event(_forgets_stop),
            expect=fill_told,
            world=keeping_late_fills,
            scenario=still_held,
            variant="a stop",
        ),
        Way(
            steps=_PROTECTED,
            inject=event(_undoes_entry),
            expect=_mismatch_told,
            world=_strict,
            variant="the entry, with its fill",
        ),
        elsewhere=NO_STOP,
    ),
    *fault(
        "E22",
        "answers change their fields",
        Way(
            steps=_ANSWERING,
            inject=_more_fields,
            expect=fill_told,
            world=keeping_late_fills,
            scenario=still_held,
            variant="new ones in every answer",
        ),
        Way(
            steps=frozenset({Step.ENTRY, Step.EXIT, Step.CANCEL}),
            inject=event(lambda _: True),
            expect=fill_told,
            world=_as_before_2026_07,
            scenario=still_held,
            variant="those that went on 2026-07-15",
        ),
        elsewhere="the answer to the time is one number; matrix cases of content (B) break it",
    ),
)
