"""Checks of the account: clock, key, modes, conditional orders, request budget. One function each."""

from __future__ import annotations

from typing import Final

from surefill.adapters.wire.account import WireExchange
from surefill.adapters.wire.inspection import AccountConfig
from surefill.doctor.finding import Finding, ok, problem, warning
from surefill.domain.budget import Allowance
from surefill.domain.ids import parse_ours
from surefill.domain.side import PositionMode
from surefill.ports.clock import Clock

CLOCK: Final = "clock"
KEY: Final = "key rights"
MODE: Final = "position mode"
ASSETS: Final = "multi-assets mode"
CONDITIONALS: Final = "open algo orders"
BUDGET: Final = "request budget"

AHEAD_WARNING_MS: Final = 500
AHEAD_PROBLEM_MS: Final = 60_000
TRIP_WARNING_MS: Final = 500
TRIP_PROBLEM_MS: Final = 1_500
"""Half the window of an order: an order older than that is not sent any more."""
CONDITIONALS_MAX: Final = 200
"""Open conditional orders "across all symbols" (Binance change log 2025-12-29); per account or symbol: unconfirmed."""
CONDITIONALS_WARNING: Final = 160
_UNCONFIRMED: Final = "(tried on an order that nobody has; that this shows a missing right is unconfirmed)"
LEGS: Final = 2
"""Conditional orders of one bracket."""


def check_clock(exchange: WireExchange, machine: Clock) -> Finding:
    """How far the machine's clock is off, and how long the way is."""
    reading = exchange.inspection.clock_beside(machine)
    side = "ahead of" if reading.ahead_ms >= 0 else "behind"
    trip = f"there and back takes {reading.round_trip_ms} ms"
    text = f"this machine is {abs(reading.ahead_ms)} ms {side} the exchange; {trip}"
    if reading.round_trip_ms >= TRIP_PROBLEM_MS:
        return problem(CLOCK, text, "orders would come too late and be refused: trade from nearer, or mend the network")
    if exchange.environment == "local":
        return ok(CLOCK, f"an exchange on this machine has a time of its own; {trip}")
    if abs(reading.ahead_ms) > AHEAD_PROBLEM_MS:
        return problem(CLOCK, text, "set this machine's clock (NTP): the ages of your signals are wrong by that much")
    if abs(reading.ahead_ms) > AHEAD_WARNING_MS:
        advice = "switch NTP on. Requests carry the exchange's time all the same; ages of signals are off by that much"
        return warning(CLOCK, text, advice)
    if reading.round_trip_ms > TRIP_WARNING_MS:
        return warning(CLOCK, text, "a stop follows its entry later by that much: trade from nearer")
    return ok(CLOCK, text)


def check_key(exchange: WireExchange, config: AccountConfig) -> Finding:
    """Whether key and account may trade, as far as can be told without an order."""
    if not config.can_trade:
        return problem(KEY, "the key is accepted, but the account may not trade", "ask Binance why trading is disabled")
    if not exchange.inspection.try_trading_right():
        text = "the key is accepted; its trading right was not tried, for somebody uses the id kept for that"
        return warning(KEY, text, "look at the key's rights at Binance, or cancel that order there")
    text = f"the key is accepted, and no right to trade was found missing {_UNCONFIRMED}"
    if not config.can_withdraw:
        return ok(KEY, f"{text}; the account cannot be withdrawn from")
    advice = (
        "see to it at Binance that this key may not withdraw, and is bound to this machine's address: no answer tells"
    )
    return ok(KEY, text, advice)


def check_mode(config: AccountConfig) -> Finding:
    """How the account keeps positions: surefill works in both modes, and changes neither."""
    if config.mode is PositionMode.HEDGE:
        return ok(MODE, "hedge: long and short are kept apart")
    return ok(MODE, "one-way: one position a symbol")


def check_assets(config: AccountConfig) -> Finding:
    """Whether one asset's loss can eat another one's margin."""
    if not config.multi_assets:
        return ok(ASSETS, "off: each asset is margin for its own positions")
    advice = "switch it off at Binance, unless you mean it: isolated margin is refused, and every asset is at stake"
    return warning(ASSETS, "on: all assets are margin for every position", advice)


def check_conditionals(exchange: WireExchange) -> Finding:
    """How many stops and targets are open, against the exchange's cap."""
    orders = exchange.inspection.open_conditionals()
    ours = sum(1 for order in orders if parse_ours(order.client_id, exchange.namespace) is not None)
    text = f"{len(orders)} of {CONDITIONALS_MAX} open, {ours} of them of namespace {exchange.namespace!r}"
    advice = "cancel what is not needed: at the cap the exchange refuses stops (-4045)"
    if len(orders) > CONDITIONALS_MAX - LEGS:
        return problem(CONDITIONALS, text, advice)
    if len(orders) >= CONDITIONALS_WARNING:
        return warning(CONDITIONALS, text, advice)
    return ok(CONDITIONALS, text)


def check_budget(exchange: WireExchange) -> Finding:
    """How much of the exchange's request limits is used, by everybody on this address and account."""
    capacity = exchange.capacity()
    text = ", ".join(_share(each) for each in capacity.allowances)
    if capacity.banned_until_ms is not None:
        advice = "stop everything that sends from this address for so long, or the ban grows"
        return problem(BUDGET, f"banned for another {_left(exchange, capacity.banned_until_ms)}; {text}", advice)
    if capacity.entries_paused_until_ms is not None:
        advice = "wait; find out who else sends from this address"
        left = _left(exchange, capacity.entries_paused_until_ms)
        return problem(BUDGET, f"no entries for another {left}; {text}", advice)
    highest = max((each.percent for each in capacity.allowances), default=0)
    if highest >= capacity.hard_percent:
        return problem(BUDGET, text, f"no entry starts above {capacity.hard_percent} %: find out who else sends")
    if highest >= capacity.warning_percent:
        return warning(BUDGET, text, f"entries stop at {capacity.hard_percent} %: find out who else sends")
    return ok(BUDGET, text)


def _left(exchange: WireExchange, until_ms: int) -> str:
    """Return how long it is until then, in whole seconds, rounded up."""
    return f"{-(-max(0, until_ms - exchange.clock.now_ms()) // 1000)} s"


def _share(allowance: Allowance) -> str:
    return f"{allowance.name}: {allowance.used} of {allowance.limit} ({allowance.percent} %)"
