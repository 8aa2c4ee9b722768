"""Filling market orders, and booking every fill: order, position, wallet, income, ledger."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from .algo_status import expire_with_position
from .exact import EXACT, MONEY_DECIMALS, decimal_of, negative, part_of, plain, share_of, text_of, units_below
from .ledger import Row
from .margin import margin_of
from .market import Market
from .order import Order, Trade
from .position import Position
from .state import State

FILLED: Final = "FILLED"
PARTIALLY_FILLED: Final = "PARTIALLY_FILLED"
EXPIRED: Final = "EXPIRED"
REDUCED_TO_POSITION: Final = 4
NO_LIQUIDITY: Final = 9
"""Reasons of an expiry (Binance docs: Event Order Update, field er)."""


def run_market_order(state: State, order: Order, on_end: Callable[[], None] | None = None) -> None:
    """Bring a checked market order into the book and to its end: FILLED, or EXPIRED with what could not be filled.

    A reduce-only order is capped at the position. One fill at most: the best level, in the size that is shown there,
    unless a `Curb` says less. *on_end* is called at the end, which is now except after such a curb.
    """
    state.orders.add(order)
    record_order(state, order)
    curb = state.switches.curbs(order.client_order_id)
    most = None if curb is None else units_below(curb.most, state.market(order.symbol).rules.quantity_decimals)
    short_of = _take(state, order, most)
    if curb is None or curb.rest_after_ms is None or not short_of:
        _end(state, order, short_of, EXPIRED if curb is None else curb.ends_as, on_end)
        return
    if order.executed:
        order.status = PARTIALLY_FILLED
        record_order(state, order)
    state.timers.add(state.now_ms + curb.rest_after_ms, lambda: _fill_rest(state, order, on_end))


def finish_order(state: State, order: Order, expiry_reason: int, expired: str = EXPIRED) -> None:
    """Make *order* final: FILLED when nothing is left, else *expired* for *expiry_reason*."""
    order.status = FILLED if order.executed == order.quantity else expired
    order.updated_ms = state.now_ms
    state.orders.close(order)
    record_order(state, order, 0 if order.status == FILLED else expiry_reason)


def _take(state: State, order: Order, most: int | None) -> int:
    """Fill what *order* still wants, up to *most* of it, and return what is left wanting."""
    market, position = state.market(order.symbol), state.account.position(order.symbol, order.position_side)
    left = order.quantity - order.executed
    wanted = min(left, position.closable(order.direction)) if order.reduce_only else left
    step = market.rules.market_lot.step
    bound = wanted if most is None else min(wanted, most // step * step)
    filled = min(bound, _fillable(market, order.direction))
    if filled:
        price = market.taker_price(order.direction)
        market.take(order.direction, filled)
        book_fill(state, order, price, filled, state.settings.taker_fee_of(order.symbol))
    return wanted - filled


def _fill_rest(state: State, order: Order, on_end: Callable[[], None] | None) -> None:
    if order.is_open:
        _end(state, order, _take(state, order, None), EXPIRED, on_end)


def _end(state: State, order: Order, short_of: int, expired: str, on_end: Callable[[], None] | None) -> None:
    finish_order(state, order, NO_LIQUIDITY if short_of else REDUCED_TO_POSITION, expired)
    expire_with_position(state, state.account.position(order.symbol, order.position_side))
    if on_end is not None:
        on_end()


def book_fill(state: State, order: Order, price: int, quantity: int, fee_rate: Decimal) -> None:
    """Book one fill of *quantity* at *price*: one ledger row carries its whole effect on the wallet.

    The wallet changes by the realised profit less the fee; the fee is price * quantity * rate, rounded half-even to
    eight decimals, positive for a cost.
    """
    rules = state.market(order.symbol).rules
    position = state.account.position(order.symbol, order.position_side)
    fee = share_of(price * quantity, rules.money_decimals, fee_rate)
    realized = decimal_of(_move_position(state, position, order.direction * quantity, price), rules.money_decimals)
    order.executed += quantity
    order.cost += price * quantity
    order.updated_ms = state.now_ms
    trade = Trade(
        trade_id=state.ids.trade_id(order.symbol),
        order_id=order.order_id,
        symbol=order.symbol,
        pair=rules.pair,
        side=order.side,
        position_side=order.position_side,
        price=text_of(price, rules.price_decimals, rules.price_precision),
        quantity=text_of(quantity, rules.quantity_decimals, rules.quantity_precision),
        quote_quantity=text_of(price * quantity, rules.money_decimals),
        fee=plain(fee),
        fee_asset=rules.margin_asset,
        realized_pnl=plain(realized),
        time_ms=state.now_ms,
    )
    state.orders.add_trade(trade)
    wallet = state.account.credit(rules.margin_asset, EXACT.subtract(realized, fee))
    _record_fill(state, order, trade, wallet)
    record_position(state, position)
    add_income(state, order.symbol, "COMMISSION", rules.margin_asset, negative(fee), trade.trade_id)
    if realized:
        add_income(state, order.symbol, "REALIZED_PNL", rules.margin_asset, realized, trade.trade_id)


def add_income(state: State, symbol: str, kind: str, asset: str, amount: Decimal, trade_id: int | None = None) -> None:
    """Keep one row for GET income."""
    state.account.add_income(
        {
            "symbol": symbol,
            "incomeType": kind,
            "income": plain(amount, MONEY_DECIMALS),
            "asset": asset,
            "info": kind,
            "time": state.now_ms,
            "tranId": state.ids.transaction_id(),
            "tradeId": "" if trade_id is None else str(trade_id),
        }
    )


def record_order(state: State, order: Order, expiry_reason: int = 0) -> None:
    """Write the present state of *order* to the ledger."""
    rules = state.listing.rules(order.symbol)
    state.record(
        "order",
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        position_side=order.position_side,
        type=order.type,
        status=order.status,
        reduce_only=order.reduce_only,
        orig_quantity=text_of(order.quantity, rules.quantity_decimals),
        executed_quantity=text_of(order.executed, rules.quantity_decimals),
        average_price=order.average_price_text(rules.price_decimals, 0),
        expiry_reason=expiry_reason,
    )


def record_position(state: State, position: Position) -> None:
    """Write the present state of *position* to the ledger."""
    rules = state.listing.rules(position.symbol)
    state.record(
        "position",
        symbol=position.symbol,
        position_side=position.side,
        amount=text_of(position.amount, rules.quantity_decimals),
        entry_price=position.entry_price_text(rules.price_decimals),
    )


def _record_fill(state: State, order: Order, trade: Trade, wallet: Row) -> None:
    state.record(
        "fill",
        symbol=trade.symbol,
        side=trade.side,
        position_side=trade.position_side,
        price=plain(Decimal(trade.price)),
        quantity=plain(Decimal(trade.quantity)),
        fee=trade.fee,
        fee_asset=trade.fee_asset,
        realized_pnl=trade.realized_pnl,
        client_order_id=order.client_order_id,
        order_id=trade.order_id,
        trade_id=trade.trade_id,
        **wallet,
    )


def _move_position(state: State, position: Position, delta: int, price: int) -> int:
    """Book the fill on the position and return the realised profit in money units.

    An isolated position sets apart the margin of what it opens and gives back the share of what it closes.
    """
    rules = state.market(position.symbol).rules
    held, closed = abs(position.amount), min(abs(delta), position.closable(1 if delta > 0 else -1))
    realized = position.trade(delta, price, rules.cost_step)
    position.updated_ms = state.now_ms
    if state.account.is_isolated(position.symbol):
        if closed:
            position.isolated_wallet = part_of(position.isolated_wallet, held - closed, held)
        opened = abs(delta) - closed
        margin = margin_of(opened * price, rules, state.account.leverage(position.symbol))
        position.isolated_wallet = EXACT.add(position.isolated_wallet, margin)
    return realized


def _fillable(market: Market, direction: int) -> int:
    """The shown size on the lot grid; nothing when the price lies beyond marketTakeBound of the mark price."""
    _, size = market.best(direction)
    rules = market.rules
    if rules.take_bound is not None:
        numerator, denominator = rules.take_bound.as_integer_ratio()
        bound = market.mark * (denominator + direction * numerator)
        if (market.taker_price(direction) * denominator - bound) * direction > 0:
            return 0
    return max(size, 0) // rules.market_lot.step * rules.market_lot.step
