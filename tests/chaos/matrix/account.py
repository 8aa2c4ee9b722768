"""Family F: what somebody else does to the account, and what the exchange does to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from surefill.adapters.simulated import Fault
from surefill.application.manager import OrderExecutionManager
from surefill.domain.alarm import AlarmKind
from surefill.domain.errors import OrderExecutionError
from surefill.domain.ids import Leg, client_id
from surefill.domain.refusal import Refusal
from surefill.domain.report import Outcome
from surefill.domain.side import MarginType
from surefill.testing.world import PRICES, World
from tests.chaos.matrix.case import Aftermath, Armed, Check, Listed
from tests.chaos.matrix.checks import alarms, both, either, ends, fill_told
from tests.chaos.matrix.events import (
    Act,
    by_hand_ok,
    event,
    happens,
    held,
    keeping_late_fills,
    least_order,
    on_step,
    on_tick,
    resting,
    still_held,
    trade_of,
)
from tests.chaos.matrix.family import Way, fault
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
            change = on_step(world, abs(amount) * abs(thirds) / 3)
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
            _try(world, lambda manager, kind=margin_type: manager.set_margin_type(symbol, kind))
        world.wait(12)


class _Isolated(_Settings):
    """The same with isolated margin."""

    isolated = True


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
    return lambda step, seed: kind(trade=TRADES[seed % len(TRADES)])


def _moneyless(world: World, step: Step) -> Armed:
    """Let somebody take so much out of the wallet that our margin is no longer there; it comes back in the end."""
    trade, acts = trade_of(world), world.exchange.venue.acts
    needed = PRICES[trade.symbol] * trade.quantity / 20
    taken = world.balances["USDT"] - needed * Decimal("0.9")

    def act(world: World) -> bool:
        acts.transfer("USDT", -taken)
        return True

    return happens(world, step, act, heal=lambda: acts.transfer("USDT", taken))


def _regime(code: int) -> Callable[[World, Step], Armed]:
    """Return what puts the account under a regime."""

    def inject(world: World, step: Step) -> Armed:
        def act(world: World) -> bool:
            world.exchange.venue.switches.regime = code
            return True

        return happens(world, step, act, heal=world.exchange.venue.switches.reset)

    return inject


def _rightless(world: World, step: Step) -> Armed:
    """Let the key lose its right to trade."""

    def act(world: World) -> bool:
        world.exchange.venue.switches.may_trade = False
        return True

    return happens(world, step, act, heal=world.exchange.venue.switches.reset)


def _with_our_mark(namespace: str, signal_id: str) -> Act:
    """Return what lets somebody rest a stop that carries the mark of all our orders."""

    def act(world: World) -> bool:
        trade = trade_of(world)
        price = on_tick(world, PRICES[trade.symbol] * (Decimal("0.7") if trade.long else Decimal("1.3")))
        terms = {
            "algoType": "CONDITIONAL",
            "symbol": trade.symbol,
            "side": "SELL" if trade.long else "BUY",
            "type": "STOP_MARKET",
            "quantity": format(trade.quantity, "f"),
            "triggerPrice": format(price, "f"),
            "reduceOnly": "true",
            "clientAlgoId": client_id(namespace, signal_id, Leg.STOP, 1),
        }
        return by_hand_ok(world, "POST", _ALGO, terms)

    return act


def _left_alone(namespace: str, signal_id: str) -> Check:
    """Ask that this order rests still."""
    wanted = client_id(namespace, signal_id, Leg.STOP, 1)

    def check(aftermath: Aftermath) -> Iterable[str]:
        if wanted not in resting(aftermath.world, "S"):
            yield f"{wanted} of somebody else was touched"

    return check


def _multi_assets(world: World) -> bool:
    """Let somebody switch to multi-assets mode."""
    return by_hand_ok(world, "POST", "/fapi/v1/multiAssetsMargin", {"multiAssetsMargin": "true"})


def _funded(world: World) -> bool:
    """Let funding be paid and money be taken out and put in."""
    acts, symbol = world.exchange.venue.acts, trade_of(world).symbol
    acts.pay_funding(symbol, Decimal("0.0075"))
    acts.transfer("USDT", Decimal("-500000.12345678"))
    acts.transfer("USDT", Decimal("17.00000001"))
    return True


def _lower_limits(world: World) -> bool:
    """Let the exchange allow a third of the weight and a tenth of the orders."""
    world.exchange.venue.acts.change_rate_limits(
        [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 800},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 120},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 30},
        ]
    )
    return True


def _never_too_many(aftermath: Aftermath) -> Iterable[str]:
    """Ask that we were never told to slow down."""
    for row in aftermath.world.exchange.ledger.rows:
        if row["kind"] == "answer" and row["status"] in (418, 429):
            yield f"the exchange answered {row['status']}: {row['msg']}"
            return


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
            steps=frozenset({Step.EXCHANGE_INFO, Step.SETTINGS, Step.POSITION, Step.TRADES}),
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
    *fault(
        "F5",
        "the margin is gone",
        Way(steps=_ANY, inject=_moneyless, expect=fill_told, world=keeping_late_fills, scenario=still_held),
        elsewhere=_BEFORE_ALL,
    ),
    *fault(
        "F6",
        "the account may not open positions",
        *(
            Way(
                steps=_ANY,
                inject=_regime(code),
                expect=fill_told,
                world=keeping_late_fills,
                variant=str(code),
            )
            for code in (-4109, -4192, -4400)
        ),
        elsewhere=_BEFORE_ALL,
    ),
    *fault(
        "F7",
        "somebody else's order carries our mark",
        Way(
            steps=_ANY,
            inject=event(_with_our_mark("another-house", "theirs")),
            expect=_left_alone("another-house", "theirs"),
            world=keeping_late_fills,
            scenario=still_held,
            variant="of another namespace",
        ),
        Way(
            steps=_HOLDING - {Step.CANCEL, Step.EXIT, Step.LATE_WATCH, Step.STARTUP},
            inject=event(_with_our_mark("world", "nobody-knows")),
            expect=fill_told,
            variant="of ours, of a signal nobody knows",
        ),
        elsewhere=_BEFORE_ALL,
    ),
    *fault(
        "F9",
        "the key loses its right to trade",
        Way(steps=_ANY, inject=_rightless, expect=fill_told, world=keeping_late_fills),
        elsewhere=_BEFORE_ALL,
    ),
    *fault(
        "F10",
        "multi-assets mode is switched on",
        Way(steps=_ANY, inject=event(_multi_assets), expect=_USUAL, world=keeping_late_fills, scenario=still_held),
        elsewhere=_BEFORE_ALL,
    ),
    *fault(
        "F11",
        "funding is paid, and money moves",
        Way(steps=_ANY, inject=event(_funded), expect=_USUAL, world=keeping_late_fills, scenario=still_held),
        elsewhere=_BEFORE_ALL,
    ),
    *fault(
        "F12",
        "the rate limits change",
        Way(
            steps=_ANY,
            inject=event(_lower_limits),
            expect=both(_USUAL, _never_too_many),
            world=keeping_late_fills,
            scenario=still_held,
        ),
        elsewhere=_BEFORE_ALL,
    ),
)
