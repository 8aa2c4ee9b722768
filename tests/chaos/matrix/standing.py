"""F5-F7 and F9-F12: what the account may do, what it owns, and whose marks its orders carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from surefill.domain.alarm import AlarmKind
from surefill.domain.ids import Leg, client_id
from surefill.domain.report import Outcome
from surefill.testing.world import PRICES, World
from tests.chaos.matrix.case import Aftermath, Armed, Check, Listed
from tests.chaos.matrix.checks import alarms, both, ends, fill_told
from tests.chaos.matrix.events import (
    Act,
    by_hand_ok,
    event,
    happens,
    keeping_late_fills,
    on_tick,
    resting,
    still_held,
    trade_of,
)
from tests.chaos.matrix.family import Way, fault
from tests.chaos.matrix.market import LIVE
from tests.chaos.matrix.steps import ALL, Step

_ORDER: Final = "/fapi/v1/order"
_ALGO: Final = "/fapi/v1/algoOrder"
_HOLDING: Final = LIVE | {Step.ENTRY, Step.ENTRY_QUERY, Step.TRADES}
_ANY: Final = ALL - {Step.TIME}
_BEFORE_ALL: Final = "the time is asked before anything of the account is; what changes there is met at the next step"


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
