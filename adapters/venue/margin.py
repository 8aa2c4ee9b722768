"""Margin: what positions bind, what is free, and whether an order can be afforded.

Initial margin is |amount| * mark / leverage; the available balance of an asset is its cross wallet plus the open profit
of its cross positions minus their initial margins, not below zero (Binance docs: balance and margin FAQ). Divisions are
rounded up to eight decimals, against the account.
"""

from decimal import Decimal

from .exact import EXACT, MONEY_DECIMALS, ZERO, decimal_of, divide_up, negative, share_of, total
from .position import Position
from .refusals import Refused
from .state import State
from .symbol_rules import SymbolRules


def unrealized(state: State, position: Position) -> Decimal:
    """Return the open profit of *position* at the mark price."""
    market = state.market(position.symbol)
    return decimal_of(position.unrealized(market.mark), market.rules.money_decimals)


def notional(state: State, position: Position) -> Decimal:
    """Return the signed value of *position* at the mark price."""
    market = state.market(position.symbol)
    return decimal_of(position.notional(market.mark), market.rules.money_decimals)


def initial_margin(state: State, position: Position) -> Decimal:
    """Return the initial margin of *position* at the mark price and the leverage of its symbol."""
    market = state.market(position.symbol)
    units = abs(position.notional(market.mark))
    return margin_of(units, market.rules, state.account.leverage(position.symbol))


def margin_of(money_units: int, rules: SymbolRules, leverage: int) -> Decimal:
    """Return a notional divided by *leverage*, rounded up to eight decimals."""
    rounded = divide_up(money_units * 10**MONEY_DECIMALS, leverage * 10**rules.money_decimals)
    return decimal_of(rounded, MONEY_DECIMALS)


def maintenance_margin(state: State, position: Position) -> Decimal:
    """Return what must be kept for *position* at the mark price, by its bracket."""
    value = notional(state, position)
    return state.brackets.maintenance(position.symbol, negative(value) if value < 0 else value)


def positions_of(state: State, asset: str, *, isolated: bool) -> list[Position]:
    """Return the open positions margined in *asset*, the isolated or the cross ones."""
    return [
        position
        for position in state.account.open_positions()
        if state.listing.rules(position.symbol).margin_asset == asset
        and state.account.is_isolated(position.symbol) == isolated
    ]


def cross_wallet(state: State, asset: str) -> Decimal:
    """Return the wallet of *asset* less what isolated positions have set apart."""
    apart = total(position.isolated_wallet for position in positions_of(state, asset, isolated=True))
    return EXACT.subtract(state.account.wallet(asset), apart)


def cross_unrealized(state: State, asset: str) -> Decimal:
    """Return the open profit of the cross positions margined in *asset*."""
    return total(unrealized(state, position) for position in positions_of(state, asset, isolated=False))


def free_margin(state: State, asset: str) -> Decimal:
    """Return the available balance of *asset* before it is cut at zero."""
    bound = total(initial_margin(state, position) for position in positions_of(state, asset, isolated=False))
    backing = EXACT.add(cross_wallet(state, asset), cross_unrealized(state, asset))
    return EXACT.subtract(backing, bound)


def available(state: State, asset: str) -> Decimal:
    """Return what new positions may bind, never negative."""
    return max(free_margin(state, asset), ZERO)


def check_affordable(state: State, symbol: str, position: Position, direction: int, quantity: int) -> None:
    """Refuse an order that opens more than the account allows: -2027 by the brackets, then -2019 by the margin.

    What only closes needs no margin. An order that flips the position may use what the closed part sets free.
    """
    market = state.market(symbol)
    closable = position.closable(direction)
    opened = quantity - closable
    if opened <= 0:
        return
    held = 0 if closable else abs(position.amount)
    rules, leverage = market.rules, state.account.leverage(symbol)
    resulting = decimal_of((held + opened) * market.mark, rules.money_decimals)
    if resulting > state.brackets.notional_most(symbol, leverage):
        raise Refused(-2027)
    price = _assumed_price(state, symbol, direction)
    fee = share_of(quantity * price, rules.money_decimals, state.settings.taker_fee_of(symbol))
    open_loss = decimal_of(max((price - market.mark) * direction, 0) * opened, rules.money_decimals)
    required = total((margin_of(opened * price, rules, leverage), fee, open_loss))
    free = EXACT.add(free_margin(state, rules.margin_asset), _set_free(state, position) if closable else ZERO)
    if required > free:
        raise Refused(-2019)


def _assumed_price(state: State, symbol: str, direction: int) -> int:
    """The price a taker's cost is estimated at: a buyer a little above the best ask, a seller at least at the mark."""
    market = state.market(symbol)
    expected = market.taker_price(direction)
    if direction < 0:
        return max(expected, market.mark)
    numerator, denominator = EXACT.add(Decimal(1), state.settings.fill.cost_buffer).as_integer_ratio()
    return max(expected, divide_up(market.best(direction)[0] * numerator, denominator))


def _set_free(state: State, position: Position) -> Decimal:
    if state.account.is_isolated(position.symbol):
        return EXACT.add(position.isolated_wallet, unrealized(state, position))
    return initial_margin(state, position)
