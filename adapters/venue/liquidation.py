"""Liquidation: when the margin no longer carries a position, and what the exchange does then.

Cross positions fall together when wallet plus open profit of their asset is no longer above the maintenance margins;
an isolated position falls alone, by its own wallet. Its orders are cancelled, it is closed at the mark price against a
fee, and a wallet below zero is made good by the insurance fund (Binance docs: Liquidation Protocols; the single step at
the mark price instead of several partial ones is the simulation's choice).
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs

from .algo_order import EXPIRED
from .algo_status import expire_with_position, set_status
from .brackets import Bracket
from .exact import AVERAGE_DECIMALS, EXACT, ZERO, decimal_of, divide_half_even, negative, plain, text_of, total
from .margin import cross_unrealized, cross_wallet, maintenance_margin, positions_of, unrealized
from .matching import add_income, book_fill, finish_order, record_order
from .order import BUY, SELL, Order
from .position import Position
from .state import State

ACCOUNT_LIQUIDATED: Final = 5
"""Reason of an expiry (Binance docs: Event Order Update, field er)."""

CLIENT_ID_PREFIX: Final = "autoclose-"
_ROUNDS_MOST: Final = 20


_FAR: Final = 1 << 200


@attrs.define
class Liquidations:
    """Watches the margin of open positions whenever a mark price changed.

    Where one symbol alone decides, the marks between which nothing can happen are remembered until the account changes:
    a tick within them costs a comparison.
    """

    state: State
    _safe: dict[str, tuple[int, int, int]] = attrs.field(factory=dict)
    _count: int = 0

    def check(self, symbol: str) -> None:
        """Liquidate what the present mark price of *symbol* no longer lets stand."""
        state = self.state
        changes, low, high = self._safe.get(symbol, (-1, 0, 0))
        if changes == state.account.changes and low < state.market(symbol).mark < high:
            return
        if not state.settings.liquidate or not state.account.open_positions(symbol):
            self._safe[symbol] = (state.account.changes, -1, _FAR)
            return
        if state.account.is_isolated(symbol):
            for position in state.account.open_positions(symbol):
                backing = EXACT.add(position.isolated_wallet, unrealized(state, position))
                self._judge([position], backing, isolated=True)
            return
        asset = state.listing.rules(symbol).margin_asset
        backing = EXACT.add(cross_wallet(state, asset), cross_unrealized(state, asset))
        self._judge(positions_of(state, asset, isolated=False), backing, isolated=False)

    def _judge(self, positions: Sequence[Position], backing: Decimal, *, isolated: bool) -> None:
        needed = total(maintenance_margin(self.state, position) for position in positions)
        if backing > needed:
            self._remember(positions)
            return
        asset = self.state.listing.rules(positions[0].symbol).margin_asset
        own = total(position.isolated_wallet for position in positions)
        before = self.state.account.wallet(asset)
        self._expire_orders(asset, positions[0].symbol if isolated else None)
        for position in positions:
            self._close(position, backing, needed)
        self._insure(positions[0].symbol, asset, EXACT.subtract(before, own) if isolated else self._apart(asset))

    def _remember(self, positions: Sequence[Position]) -> None:
        """Note the marks on this side of the liquidation price, where it depends on a single position."""
        state, position = self.state, positions[0]
        if len(positions) > 1 or state.account.open_positions(position.symbol) != [position]:
            return
        price = liquidation_price(state, position)
        limit = 0 if price is None else int(price)
        low, high = (limit + 1, _FAR) if position.amount > 0 else (0, limit)
        self._safe[position.symbol] = (state.account.changes, low, high)

    def _apart(self, asset: str) -> Decimal:
        """What isolated positions hold of the wallet: cross losses do not reach it."""
        return EXACT.subtract(self.state.account.wallet(asset), cross_wallet(self.state, asset))

    def _expire_orders(self, asset: str, symbol: str | None) -> None:
        """Expire what still waits on *symbol*, or on every cross symbol of *asset*."""
        state = self.state
        for algo in state.algos.open_orders(symbol):
            in_scope = state.listing.rules(algo.symbol).margin_asset == asset
            if symbol is not None or (in_scope and not state.account.is_isolated(algo.symbol)):
                set_status(state, algo, EXPIRED, "Account liquidated")

    def take_over(self, position: Position, quantity: int, prefix: str, *, with_fee: bool) -> None:
        """Close *quantity* units of *position* at the mark price, by an order of the exchange's own.

        Its client id begins with *prefix*. *with_fee* charges the liquidation fee of the symbol.
        """
        state, market = self.state, self.state.market(position.symbol)
        direction = -1 if position.amount > 0 else 1
        tick = market.rules.tick or 1
        price = max(-(-market.mark // tick) * tick if direction > 0 else market.mark // tick * tick, tick)
        self._count += 1
        order = Order(
            order_id=state.ids.order_id(position.symbol),
            client_order_id=f"{prefix}{self._count}",
            symbol=position.symbol,
            side=BUY if direction > 0 else SELL,
            position_side=position.side,
            type="LIMIT",
            quantity=quantity,
            reduce_only=False,
            created_ms=state.now_ms,
            updated_ms=state.now_ms,
            time_in_force="IOC",
            original_type="LIMIT",
            price=price,
        )
        state.orders.add(order)
        record_order(state, order)
        book_fill(state, order, price, quantity, market.rules.liquidation_fee if with_fee else ZERO)
        finish_order(state, order, ACCOUNT_LIQUIDATED)
        expire_with_position(state, position)

    def _close(self, position: Position, backing: Decimal, needed: Decimal) -> None:
        market, amount = self.state.market(position.symbol), position.amount
        self.state.record(
            "liquidation",
            symbol=position.symbol,
            position_side=position.side,
            amount=text_of(amount, market.rules.quantity_decimals),
            mark_price=text_of(market.mark, market.rules.price_decimals),
            margin_balance=plain(backing),
            maintenance_margin=plain(needed),
            client_order_id=f"{CLIENT_ID_PREFIX}{self._count + 1}",
        )
        self.take_over(position, abs(amount), CLIENT_ID_PREFIX, with_fee=True)

    def _insure(self, symbol: str, asset: str, floor: Decimal) -> None:
        """Let the insurance fund make good what the wallet fell below *floor*."""
        short = EXACT.subtract(floor, self.state.account.wallet(asset))
        if short > ZERO:
            self.state.record_row("insurance", {"symbol": symbol, **self.state.account.credit(asset, short)})
            add_income(self.state, symbol, "INSURANCE_CLEAR", asset, short)


def liquidation_price_text(state: State, position: Position) -> str:
    """Return the mark price at which *position* would be liquidated, "0" when there is none.

    Other symbols are taken at their present marks; the bracket is that of the notional at the result. Rounded half-even
    to eight decimals, for display.
    """
    price = liquidation_price(state, position)
    if price is None:
        return "0"
    rules = state.listing.rules(position.symbol)
    scale = 10**rules.price_decimals
    units = divide_half_even(price.numerator * 10**AVERAGE_DECIMALS, price.denominator * scale)
    return text_of(units, AVERAGE_DECIMALS)


def liquidation_price(state: State, position: Position) -> Fraction | None:
    """Return the exact liquidation price in price units, `None` when no positive price liquidates."""
    if state.account.is_isolated(position.symbol):
        backing, together = position.isolated_wallet, [position]
    else:
        asset = state.listing.rules(position.symbol).margin_asset
        everything = positions_of(state, asset, isolated=False)
        together = [other for other in everything if other.symbol == position.symbol]
        others = [other for other in everything if other.symbol != position.symbol]
        profit = total(unrealized(state, other) for other in others)
        kept = total(maintenance_margin(state, other) for other in others)
        backing = EXACT.subtract(EXACT.add(cross_wallet(state, asset), profit), kept)
    return _solve(state, together, backing)


def _solve(state: State, positions: Sequence[Position], backing: Decimal) -> Fraction | None:
    """Find the price where backing plus profit equals the maintenance of *positions*, all of one symbol.

    The bracket depends on the result, so it is found by repetition.
    """
    market = state.market(positions[0].symbol)
    decimals = market.rules.money_decimals
    price = Fraction(market.mark)
    brackets = [_bracket_at(state, position, price) for position in positions]
    for _ in range(_ROUNDS_MOST):
        lacking, slope = negative(backing), ZERO
        for position, bracket in zip(positions, brackets, strict=True):
            lacking = EXACT.add(lacking, EXACT.subtract(decimal_of(position.cost, decimals), bracket.cum))
            kept = EXACT.multiply(decimal_of(abs(position.amount), decimals), bracket.ratio)
            slope = EXACT.add(slope, EXACT.subtract(decimal_of(position.amount, decimals), kept))
        if not slope:
            return None
        price = Fraction(lacking) / Fraction(slope)
        if price <= 0:
            return None
        before, brackets = brackets, [_bracket_at(state, position, price) for position in positions]
        if brackets == before:
            break
    return price


def _bracket_at(state: State, position: Position, price: Fraction) -> Bracket:
    rules = state.listing.rules(position.symbol)
    value = decimal_of(abs(position.amount) * int(price), rules.money_decimals)
    return state.brackets.at(position.symbol, value)
