"""F1-F4 and F8: what somebody else does to positions and orders, and settings that are refused."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from surefill.adapters.simulated import Fault
from surefill.application.manager import OrderExecutionManager
from surefill.domain.alarm import AlarmKind
from surefill.domain.errors import OrderExecutionError
from surefill.domain.refusal import Refusal
from surefill.domain.report import Outcome
from surefill.domain.side import MarginType
from surefill.testing.world import World
from tests.chaos.matrix.case import Armed, Listed
from tests.chaos.matrix.checks import alarms, both, either, ends, fill_told
from tests.chaos.matrix.events import (
    Act,
    by_hand_ok,
    event,
    happens,
    held,
    keeping_late_fills,
    least_order,
    least_step,
    on_step,
    resting,
    still_held,
)
from tests.chaos.matrix.family import Way, fault, proved
from tests.chaos.matrix.market import LIVE, NO_STOP
from tests.chaos.matrix.scenario import TRADES, Scenario
from tests.chaos.matrix.steps import ALL, Step

_ORDER: Final = "/fapi/v1/order"
_ALGO: Final = "/fapi/v1/algoOrder"
_HOLDING: Final = LIVE | {Step.ENTRY, Step.ENTRY_QUERY, Step.TRADES}
_ANY: Final = ALL - {Step.TIME}
_BEFORE_ALL: Final = "the time is asked before anything of the account is; what changes there is met at the next step"


def _traded_by_hand(thirds: int) -> Callable[[World, Step], Armed]:
    """Return what lets somebody else trade so many thirds of what is held, and undo in the end what was not ours.

    Below zero it is taken away, beyond all of it the position turns round.
    """

    def inject(world: World, step: Step) -> Armed:
        left: list[Decimal] = []

        def act(world: World) -> bool:
            amount = held(world)
            if not amount:
                return False
            change = max(on_step(world, abs(amount) * abs(thirds) / 3), least_step(world))
            side = "BUY" if (amount > 0) == (thirds > 0) else "SELL"
            done = by_hand_ok(world, "POST", _ORDER, least_order(world, side, change))
            if done:
                left.append(change if thirds > 0 else max(change - abs(amount), Decimal(0)))
            return done

        def heal() -> None:
            amount = held(world)
            if left and left[0] and amount:
                back = least_order(world, "SELL" if amount > 0 else "BUY", left[0])
                world.by_hand("POST", _ORDER, {**back, "reduceOnly": "true"})

        return happens(world, step, act, heal=heal)

    return inject


def _cancelled_by_hand(letter: str) -> Act:
    """Return what lets somebody else cancel a waiting leg of ours."""

    def act(world: World) -> bool:
        waiting = resting(world, letter)
        if not waiting or not held(world):
            return False
        return by_hand_ok(world, "DELETE", _ALGO, {"clientAlgoId": waiting[-1]})

    return act


def _toggled(world: World, step: Step) -> Armed:
    """Let somebody else switch to hedge mode as soon as nothing is held and nothing rests."""

    def act(world: World) -> bool:
        return by_hand_ok(world, "POST", "/fapi/v1/positionSide/dual", {"dualSidePosition": "true"})

    return happens(world, step, act)


def _refused(code: int, step_leg: str) -> Callable[[World, Step], Armed]:
    """Return what lets the exchange refuse the first order of a leg."""

    def inject(world: World, step: Step) -> Armed:
        del step
        world.break_with(Fault.refused(code, leg=step_leg, nth=1))
        return Armed(struck=lambda: len(world.faults.log))

    return inject


class _Settings(Scenario):
    """A protected position, whose leverage and margin type somebody then tries to set."""

    isolated: bool = False

    def before(self, world: World) -> None:
        """Open it."""
        if self.isolated:
            _try(world, lambda manager: manager.set_margin_type(self.trade.symbol, MarginType.ISOLATED))
        world.execute(self.trade.entry(), self.trade.quantity)

    def during(self, world: World) -> None:
        """Set them, and go on."""
        symbol = self.trade.symbol
        _try(world, lambda manager: manager.set_leverage(symbol, 126))
        _try(world, lambda manager: manager.set_leverage(symbol, 2))
        for margin_type in MarginType:
            _try(world, _setting(symbol, margin_type))
        world.wait(12)


class _Isolated(_Settings):
    """The same with isolated margin."""

    isolated = True


def _setting(symbol: str, margin_type: MarginType) -> Callable[[OrderExecutionManager], None]:
    return lambda manager: manager.set_margin_type(symbol, margin_type)


def _try(world: World, work: Callable[[OrderExecutionManager], None]) -> None:
    try:
        world.call(work, "set")
    except OrderExecutionError:
        return


def _answered(*codes: int) -> Callable[[World, Step], Armed]:
    """Return what counts these refusals of the exchange."""

    def inject(world: World, step: Step) -> Armed:
        del step
        seq = world.notebook.seq()

        def struck() -> int:
            rows = world.exchange.ledger.since(seq)
            found = {row["code"] for row in rows if row["kind"] == "answer"}
            return int(found.issuperset(codes))

        return Armed(struck=struck)

    return inject


def _settings_of(kind: type[_Settings]) -> Callable[[Step, int], Scenario]:
    return lambda _, seed: kind(trade=TRADES[seed % len(TRADES)])


_TOLD: Final = alarms(AlarmKind.FOREIGN_CHANGE)
_USUAL: Final = both(ends(Outcome.PROTECTED, Outcome.CLOSED), fill_told)
_NOT_TRADING: Final = ends(
    Outcome.REFUSED,
    Outcome.REJECTED,
    Outcome.PROTECTED,
    Outcome.PROTECTED_WITHOUT_TAKE_PROFIT,
    Outcome.UNPROTECTED,
    Outcome.CLOSED,
)

CASES: Final[tuple[Listed, ...]] = (
    *fault(
        "F1",
        "somebody else trades the symbol",
        Way(
            steps=_HOLDING,
            inject=_traded_by_hand(3),
            expect=_TOLD,
            world=keeping_late_fills,
            scenario=still_held,
            variant="adds as much as ours",
        ),
        Way(
            steps=_HOLDING,
            inject=_traded_by_hand(-1),
            expect=_TOLD,
            world=keeping_late_fills,
            scenario=still_held,
            variant="takes a third",
        ),
        Way(
            steps=_HOLDING,
            inject=_traded_by_hand(-3),
            expect=_TOLD,
            world=keeping_late_fills,
            scenario=still_held,
            variant="takes all",
        ),
        Way(
            steps=_HOLDING,
            inject=_traded_by_hand(-6),
            expect=_TOLD,
            world=keeping_late_fills,
            scenario=still_held,
            variant="turns it round",
        ),
        elsewhere="nothing is held at this step yet",
    ),
    *fault(
        "F2",
        "somebody else cancels our legs",
        Way(
            steps=LIVE,
            inject=event(_cancelled_by_hand("S")),
            expect=fill_told,
            world=keeping_late_fills,
            scenario=still_held,
            variant="the stop",
        ),
        Way(
            steps=LIVE - {Step.STOP},
            inject=event(_cancelled_by_hand("T")),
            expect=fill_told,
            world=keeping_late_fills,
            scenario=still_held,
            variant="the target",
        ),
        Way(
            steps=frozenset({Step.POSITION, Step.STOP_QUERY}),
            inject=event(_cancelled_by_hand("S"), times=9),
            expect=alarms(AlarmKind.LEG_REMOVED, AlarmKind.UNPROTECTED),
            world=keeping_late_fills,
            scenario=still_held,
            lives_on=False,
            variant="the stop, again and again",
        ),
        elsewhere=NO_STOP,
    ),
    *fault(
        "F3",
        "the position mode changes",
        Way(
            steps=frozenset({Step.EXCHANGE_INFO, Step.SETTINGS, Step.POSITION}),
            inject=_toggled,
            expect=either(ends(Outcome.REJECTED, reason=Refusal.POSITION_MODE), _USUAL),
            variant="really, while nothing is held",
        ),
        *(
            Way(
                steps=frozenset({step}),
                inject=_refused(code, leg),
                expect=fill_told,
                variant=str(code),
            )
            for code in (-4061, -4531)
            for step, leg in ((Step.ENTRY, "E"), (Step.STOP, "S"), (Step.TARGET, "T"), (Step.EXIT, "X"))
        ),
        elsewhere="the exchange does not let it change while anything is held or rests, and no order goes out here",
    ),
    *fault(
        "F4",
        "leverage and margin type cannot be set",
        Way(
            steps=frozenset({Step.SETTINGS}),
            inject=_answered(-4028, -4046, -4047),
            expect=ends(Outcome.PROTECTED),
            scenario=_settings_of(_Settings),
            variant="cross",
        ),
        Way(
            steps=frozenset({Step.SETTINGS}),
            inject=_answered(-4028, -4161, -4046, -4047),
            expect=ends(Outcome.PROTECTED),
            scenario=_settings_of(_Isolated),
            lives_on=False,
            variant="isolated",
        ),
        elsewhere="only a request that sets them can be refused so; no entry sets them by itself",
    ),
    proved(
        "F8",
        "a key of another account or environment",
        "tests/binance/test_environment.py::test_a_key_goes_only_where_it_belongs",
        "tests/integration/test_from_env.py::test_a_folder_of_another_environment_is_refused",
        "tests/unit/test_state_stamp.py::test_another_environment_is_refused",
    ),
)
