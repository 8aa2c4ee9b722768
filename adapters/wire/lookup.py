"""Looking for orders: by client id, in the history, among the open ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import attrs

from ...domain.errors import ExchangeUnavailableError
from ...domain.order import Order, OrderKey, Trade
from ...domain.snapshot import History, Watermark
from . import calls
from .call import Call
from .codes import NO_SUCH_ORDER
from .fields import ParseError
from .orders import (
    AlgoOrder,
    average_of,
    parse_algo_order,
    parse_algo_orders,
    parse_order,
    parse_orders,
    parse_trades,
    with_child,
)
from .problem import problem_of
from .session import Parsed, Session

Row = TypeVar("Row", Order, Trade)
_NOT_VISIBLE = frozenset({NO_SUCH_ORDER})


class Lookup:
    """Reads about orders, in both services."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, keys: Sequence[OrderKey]) -> Mapping[str, Order]:
        """Return by client id the orders visible now; -2013 only means "not visible now"."""
        found = {key.client_id: self.look(key) for key in keys}
        return {client_id: order for client_id, order in found.items() if order is not None}

    def look(self, key: OrderKey) -> Order | None:
        """Return one order, or None while it is not visible."""
        call = calls.order_of(key)
        if key.conditional:
            algo = self._visible(call, lambda body: _asked_for(parse_algo_order(body), key))
            return None if algo is None else self._completed(algo)
        order = self._visible(call, lambda body: _order_asked_for(parse_order(body), key))
        return None if order is None else self._priced(order)

    def open_orders(self, symbol: str | None) -> tuple[Order, ...]:
        """Return open regular orders."""
        return self._session.fetch(calls.open_orders(symbol), lambda body: _of_symbol(parse_orders(body), symbol))

    def open_conditionals(self, symbol: str | None) -> tuple[Order, ...]:
        """Return open conditional orders; how much of a triggered one is executed stands with its child."""
        call = calls.open_algo_orders(symbol)
        return self._session.fetch(
            call, lambda body: _of_symbol(tuple(algo.order for algo in parse_algo_orders(body)), symbol)
        )

    def history(self, symbol: str, since: Watermark | None) -> History:
        """Return what is newer than *since*; without it only the newest watermark (at most seven days old)."""
        if since is None:
            orders = self._session.fetch(calls.newest_order(symbol), parse_orders)
            trades = self._session.fetch(calls.newest_trade(symbol), parse_trades)
            return History((), (), Watermark(_newest(orders, _order_id), _newest(trades, _trade_id)))
        orders = self._pages(lambda start: calls.orders_from(symbol, start), parse_orders, _order_id, since.order_id)
        self._session.attention.tell(orders)
        trades = self._pages(lambda start: calls.trades_from(symbol, start), parse_trades, _trade_id, since.trade_id)
        mark = Watermark(
            max(since.order_id, _newest(orders, _order_id)), max(since.trade_id, _newest(trades, _trade_id))
        )
        return History(orders, trades, mark)

    def _visible(self, call: Call, parse: Callable[[object], Parsed]) -> Parsed | None:
        answer = self._session.ask(call, _NOT_VISIBLE)
        if not answer.ok and problem_of(answer.body).code == NO_SUCH_ORDER:
            return None
        return self._session.parsed(call, answer, parse)

    def _completed(self, algo: AlgoOrder) -> Order:
        """Ask the order service where the algo service does not tell how much was executed, and at what price."""
        if algo.complete or algo.child_id is None:
            return algo.order
        child = self._visible(calls.order_by_id(algo.order.symbol, algo.child_id), parse_order)
        return algo.order if child is None else with_child(algo.order, self._priced(child))

    def _priced(self, order: Order) -> Order:
        """Ask the fills for an average price that the order itself does not show."""
        if not order.executed_quantity or order.average_price is not None:
            return order
        trades = self._session.fetch(calls.trades_of_order(order.symbol, order.exchange_id), parse_trades)
        return attrs.evolve(order, average_price=average_of(trades))

    def _pages(
        self,
        page_from: Callable[[int], Call],
        parse: Callable[[object], tuple[Row, ...]],
        id_of: Callable[[Row], int],
        after: int,
    ) -> tuple[Row, ...]:
        """Return every row with an id above *after*, oldest first, reading page by page with one row of overlap.

        Raises:
            ExchangeUnavailableError: a page did not begin with the row the one before ended with: something is missing.
        """
        found: dict[int, Row] = {}
        start = max(1, after)
        while True:
            page = self._session.fetch(page_from(start), parse)
            ids = [id_of(row) for row in page]
            if found and start not in ids:
                raise ExchangeUnavailableError(f"{page_from(start).path}: the page from {start} does not join the last")
            found.update(zip(ids, page, strict=True))
            if len(page) < calls.PAGE_SIZE:
                return tuple(row for row_id, row in sorted(found.items()) if row_id > after)
            if max(ids) <= start:
                raise ExchangeUnavailableError(f"{page_from(start).path}: the page from {start} does not go on")
            start = max(ids)


def _asked_for(algo: AlgoOrder, key: OrderKey) -> AlgoOrder:
    _order_asked_for(algo.order, key)
    return algo


def _order_asked_for(order: Order, key: OrderKey) -> Order:
    """Return *order* if it is the one that was asked for: an answer that went astray must not be believed."""
    if (order.client_id, order.symbol) != (key.client_id, key.symbol):
        raise ParseError(
            f"asked for {key.client_id} on {key.symbol}, shown was {order.client_id!a} on {order.symbol!a}"
        )
    return order


def _of_symbol(orders: tuple[Order, ...], symbol: str | None) -> tuple[Order, ...]:
    """Return *orders* if all are on the symbol that was asked for."""
    astray = next((order for order in orders if symbol not in (None, order.symbol)), None)
    if astray is not None:
        raise ParseError(f"asked for orders on {symbol}, shown was one on {astray.symbol!a}")
    return orders


def _order_id(order: Order) -> int:
    return int(order.exchange_id)


def _trade_id(trade: Trade) -> int:
    return trade.trade_id


def _newest(rows: Sequence[Row], id_of: Callable[[Row], int]) -> int:
    return max((id_of(row) for row in rows), default=0)
