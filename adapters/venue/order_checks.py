"""The checks an order passes before it exists, one function a rule, each refusing with Binance's code.

The order of the calls is the order of validation; Binance does not document it (the simulation's choice).
"""

from decimal import Decimal

from .exact import EXACT, decimal_of, decimals_of, plain, units_of
from .market import Market
from .order import BOTH, LONG, SHORT
from .position import Position
from .refusals import Refused
from .state import State
from .symbol_rules import LotRule, SymbolRules


def check_symbol(rules: SymbolRules, *, closing: bool) -> None:
    """Refuse a symbol that takes no orders: -1122, -4104, -4140 or -4141."""
    code = rules.refusal(closing=closing)
    if code:
        raise Refused(code)


def check_regime(state: State, *, closing: bool) -> None:
    """Refuse what the account may not do for a while: -4109, -4192 or -4400."""
    code = state.switches.refusal(closing=closing)
    if code:
        raise Refused(code)


def quantity_units(rules: SymbolRules, quantity: Decimal) -> int:
    """Return *quantity* in units: -1111 beyond the precision, -4003 unless above zero.

    Trailing zeros do not count as decimals (unconfirmed; the simulation's choice).
    """
    if decimals_of(plain(quantity)) > rules.quantity_precision:
        raise Refused(-1111)
    if quantity <= 0:
        raise Refused(-4003)
    return units_of(quantity, rules.quantity_decimals)


def trigger_units(rules: SymbolRules, price: Decimal) -> int:
    """Return a trigger price in units: -1111, -4006, then -4014, -4013 and -4007 by the price filter."""
    if decimals_of(plain(price)) > rules.price_precision:
        raise Refused(-1111)
    if price <= 0:
        raise Refused(-4006)
    units = units_of(price, rules.price_decimals)
    if (units - rules.price_least) % rules.tick:
        raise Refused(-4014)
    if units < rules.price_least:
        raise Refused(-4013)
    if rules.price_most and units > rules.price_most:
        raise Refused(-4007)
    return units


def check_lot(lot: LotRule, quantity: int) -> None:
    """Check a quantity in units against step (-4023), least (-4004) and most (-4005)."""
    if (quantity - lot.least) % lot.step:
        raise Refused(-4023)
    if quantity < lot.least:
        raise Refused(-4004)
    if lot.most and quantity > lot.most:
        raise Refused(-4005)


def check_depth(market: Market, direction: int) -> None:
    """Refuse with -1112 when the side a taker needs is empty, -4131 when its price is outside PERCENT_PRICE."""
    price, _ = market.best(direction)
    if not price or not market.mark:
        raise Refused(-1112)
    bound = market.rules.multiplier_up if direction > 0 else market.rules.multiplier_down
    if bound is None:
        return
    numerator, denominator = bound.as_integer_ratio()
    if (price * denominator - market.mark * numerator) * direction > 0:
        raise Refused(-4131)


def check_notional(rules: SymbolRules, quantity: int, price: int) -> None:
    """Refuse with -4164 a value below MIN_NOTIONAL; who only reduces is exempt and does not call this."""
    if decimal_of(quantity * price, rules.money_decimals) < rules.notional_least:
        raise Refused(-4164, plain(EXACT.plus(rules.notional_least)))


def check_position_side(state: State, position_side: str, *, reduce_only_sent: bool) -> None:
    """Refuse a position side of the other mode (-4061) and reduceOnly in hedge mode (-1106)."""
    if (position_side == BOTH) == state.account.hedge_mode:
        raise Refused(-4061)
    if state.account.hedge_mode and reduce_only_sent:
        raise Refused(-1106, "reduceonly")


def is_closing_side(position_side: str, direction: int) -> bool:
    """Say whether in hedge mode an order of *direction* closes *position_side*: SELL LONG or BUY SHORT."""
    return (position_side, direction) in ((LONG, -1), (SHORT, 1))


def check_reduces(position: Position, direction: int, quantity: int, *, reduce_only: bool) -> None:
    """Refuse with -2022 what is bound to reduce and cannot.

    One-way mode: a reduce-only order without an opposite position; a larger one is capped later. Hedge mode: a closing
    order larger than its position.
    """
    closable = position.closable(direction)
    if reduce_only and not closable:
        raise Refused(-2022)
    if is_closing_side(position.side, direction) and quantity > closable:
        raise Refused(-2022)
