"""Ids as the exchange gives them: numbers that rise, and client ids for orders that came without one."""

import random
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ORDER_BASE: Final = 10_000_000_000
_TRADE_BASE: Final = 1_000_000_000
_ALGO_BASE: Final = 1_000_001_000_000_000
"""Live algo ids have 16 digits (captured answers of GET algoOrder)."""


class Identifiers:
    """All ids of one exchange, fixed by its *seed*.

    Order ids and trade ids rise within a symbol, algo ids within the account; none is given twice.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._algo = random.Random(f"{seed}/algo")
        self._client = random.Random(f"{seed}/client")
        self._symbols: dict[str, random.Random] = {}
        self._order_ids: dict[str, int] = {}
        self._trade_ids: dict[str, int] = {}
        self._algo_id = _ALGO_BASE + self._algo.randrange(1_000_000_000)
        self._transaction_id = _TRADE_BASE

    def order_id(self, symbol: str) -> int:
        """Return the next order id of *symbol*."""
        source = self._source(symbol)
        self._order_ids[symbol] += source.randint(1, 40)
        return self._order_ids[symbol]

    def trade_id(self, symbol: str) -> int:
        """Return the next trade id of *symbol*."""
        self._source(symbol)
        self._trade_ids[symbol] += 1
        return self._trade_ids[symbol]

    def algo_id(self) -> int:
        """Return the next algo id, of 16 digits."""
        self._algo_id += self._algo.randint(1, 40)
        return self._algo_id

    def transaction_id(self) -> int:
        """Return the next id of an income row."""
        self._transaction_id += 1
        return self._transaction_id

    def client_id(self) -> str:
        """Return a client id of 22 characters for an order that brought none."""
        return "".join(self._client.choice(_ALPHABET) for _ in range(22))

    def _source(self, symbol: str) -> random.Random:
        source = self._symbols.get(symbol)
        if source is None:
            source = self._symbols[symbol] = random.Random(f"{self._seed}/{symbol}")
            self._order_ids[symbol] = _ORDER_BASE + source.randrange(80_000_000_000)
            self._trade_ids[symbol] = _TRADE_BASE + source.randrange(5_000_000_000)
        return source
