"""Where the orders of the account are kept and found again, conditional and regular apart."""

from collections.abc import Iterator
from typing import Final

from .algo_order import AlgoOrder
from .order import Order, Trade

_DAY_MS: Final = 86_400_000
RETENTION_MS: Final = 90 * _DAY_MS
"""Every order can be queried for 90 days after its creation (Binance docs: Query Order)."""

UNFILLED_RETENTION_MS: Final = 3 * _DAY_MS
"""Cancelled and expired orders without a fill can be queried for 3 days (Binance docs: Query Order)."""


class OrderRegister:
    """All regular orders and trades; a client id finds its newest order (undocumented, the simulation's choice)."""

    def __init__(self) -> None:
        self._orders: dict[str, dict[int, Order]] = {}
        self._by_client_id: dict[tuple[str, str], Order] = {}
        self._open: dict[int, Order] = {}
        self._trades: dict[str, list[Trade]] = {}

    def add(self, order: Order) -> None:
        """Keep a new order, open at first."""
        self._orders.setdefault(order.symbol, {})[order.order_id] = order
        self._by_client_id[order.symbol, order.client_order_id] = order
        self._open[order.order_id] = order

    def is_taken(self, symbol: str, client_order_id: str) -> bool:
        """Say whether an open order of *symbol* carries that client id; a final one leaves it free."""
        order = self._by_client_id.get((symbol, client_order_id))
        return order is not None and order.is_open

    def close(self, order: Order) -> None:
        """Note that *order* became final."""
        self._open.pop(order.order_id, None)

    def find(self, symbol: str, order_id: int | None, client_order_id: str | None, now_ms: int) -> Order | None:
        """Return the order with that id, or else that client id, unless it is past its retention."""
        if order_id is not None:
            order = self._orders.get(symbol, {}).get(order_id)
        else:
            order = self._by_client_id.get((symbol, client_order_id or ""))
        return order if order is not None and order_is_visible(order, now_ms) else None

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """Return the open orders, oldest first, of one symbol or of all."""
        return [order for order in self._open.values() if symbol in (None, order.symbol)]

    def all_orders(self, symbol: str, now_ms: int) -> Iterator[Order]:
        """Yield every order of *symbol* within its retention, oldest first."""
        return (order for order in self._orders.get(symbol, {}).values() if order_is_visible(order, now_ms))

    def forget(self, order: Order) -> list[Trade]:
        """Lose *order* as if it had never been, and return its trades, which nobody finds any more either."""
        self._orders[order.symbol].pop(order.order_id)
        self._by_client_id.pop((order.symbol, order.client_order_id))
        trades = self._trades.get(order.symbol, [])
        self._trades[order.symbol] = [trade for trade in trades if trade.order_id != order.order_id]
        return [trade for trade in trades if trade.order_id == order.order_id]

    def add_trade(self, trade: Trade) -> None:
        """Keep one fill."""
        self._trades.setdefault(trade.symbol, []).append(trade)

    def trades(self, symbol: str) -> list[Trade]:
        """Return the fills of *symbol*, oldest first."""
        return self._trades.get(symbol, [])


class AlgoRegister:
    """All conditional orders; client ids are unique among the open ones, and a reused one finds the newest."""

    def __init__(self) -> None:
        self._algos: dict[int, AlgoOrder] = {}
        self._by_client_id: dict[str, AlgoOrder] = {}
        self._open: dict[str, dict[int, AlgoOrder]] = {}
        self._open_count = 0

    def add(self, algo: AlgoOrder) -> None:
        """Keep a new conditional order."""
        self._algos[algo.algo_id] = algo
        self._by_client_id[algo.client_algo_id] = algo
        self._open.setdefault(algo.symbol, {})[algo.algo_id] = algo
        self._open_count += 1

    def close(self, algo: AlgoOrder) -> None:
        """Note that *algo* is no longer open: its client id and its place under the cap are free."""
        if self._open.get(algo.symbol, {}).pop(algo.algo_id, None) is not None:
            self._open_count -= 1

    def forget(self, algo: AlgoOrder) -> None:
        """Lose *algo*, which is not open any more, as if it had never been."""
        self._algos.pop(algo.algo_id)
        self._by_client_id.pop(algo.client_algo_id)

    def get(self, algo_id: int) -> AlgoOrder:
        """Return the order with that id; `KeyError` when there never was one."""
        return self._algos[algo_id]

    def find(self, algo_id: int | None, client_algo_id: str | None, now_ms: int) -> AlgoOrder | None:
        """Return the order with that id, or else that client id, unless it is past its retention."""
        algo = self._algos.get(algo_id) if algo_id is not None else self._by_client_id.get(client_algo_id or "")
        return algo if algo is not None and algo_is_visible(algo, now_ms) else None

    def open_count(self, symbol: str | None = None) -> int:
        """Return how many are open, of one symbol or of all."""
        return self._open_count if symbol is None else len(self._open.get(symbol, {}))

    def open_orders(self, symbol: str | None = None) -> list[AlgoOrder]:
        """Return the open ones, oldest first, of one symbol or of all."""
        if symbol is not None:
            return list(self._open.get(symbol, {}).values())
        return sorted((algo for algos in self._open.values() for algo in algos.values()), key=lambda a: a.algo_id)

    def is_taken(self, client_algo_id: str) -> bool:
        """Say whether an open order carries that client id."""
        algo = self._by_client_id.get(client_algo_id)
        return algo is not None and algo.is_open

    def all_orders(self, symbol: str, now_ms: int) -> Iterator[AlgoOrder]:
        """Yield every conditional order of *symbol* within its retention, oldest first."""
        return (a for a in self._algos.values() if a.symbol == symbol and algo_is_visible(a, now_ms))


def order_is_visible(order: Order, now_ms: int) -> bool:
    """Say whether queries still find *order*."""
    unfilled = order.status in ("CANCELED", "EXPIRED", "EXPIRED_IN_MATCH") and not order.executed
    return order.is_open or now_ms - order.created_ms <= (UNFILLED_RETENTION_MS if unfilled else RETENTION_MS)


def algo_is_visible(algo: AlgoOrder, now_ms: int) -> bool:
    """Say whether queries still find *algo*."""
    unfilled = algo.status in ("CANCELED", "EXPIRED")
    return algo.is_open or now_ms - algo.created_ms <= (UNFILLED_RETENTION_MS if unfilled else RETENTION_MS)
