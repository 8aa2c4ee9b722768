"""What the exchange lists: the raw exchangeInfo, as it changes in the course of a day, and the rules read from it."""

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from .refusals import Refused
from .symbol_rules import SymbolRules, parse_rules


class Listing:
    """The listed symbols. Rules are read when a symbol is first used; a flawed symbol loads and is refused on order.

    Raises `ValueError` when *exchange_info* has no list of symbols.
    """

    def __init__(self, exchange_info: Mapping[str, Any]) -> None:
        symbols = exchange_info.get("symbols")
        if not isinstance(symbols, list) or not all(isinstance(raw, Mapping) and raw.get("symbol") for raw in symbols):
            raise ValueError("exchange_info must hold a list 'symbols' of objects with a 'symbol' (GET exchangeInfo)")
        self._top = {name: copy.deepcopy(value) for name, value in exchange_info.items() if name != "symbols"}
        self._raw: dict[str, dict[str, Any]] = {raw["symbol"]: copy.deepcopy(dict(raw)) for raw in symbols}
        self._rules: dict[str, SymbolRules] = {}

    @property
    def rate_limits(self) -> Sequence[Mapping[str, Any]]:
        """The raw rate limits of the listing, empty when it names none."""
        limits = self._top.get("rateLimits")
        return limits if isinstance(limits, list) else []

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every listed symbol, in the order of the listing."""
        return tuple(self._raw)

    def rules(self, symbol: str) -> SymbolRules:
        """Return the rules of *symbol*; -1121 when it is not listed."""
        rules = self._rules.get(symbol)
        if rules is None:
            if symbol not in self._raw:
                raise Refused(-1121)
            rules = self._rules[symbol] = parse_rules(self._raw[symbol])
        return rules

    def change_filters(self, symbol: str, filters: Sequence[Mapping[str, Any]]) -> SymbolRules:
        """Replace each filter of the same type and return the new rules.

        Raises `ValueError` when a step is finer than the units in use, which are 1e-8 or the finest step at the start,
        whichever is finer, and -1121 for an unlisted symbol.
        """
        old, raw = self.rules(symbol), dict(self._raw[symbol])
        merged = {entry.get("filterType"): entry for entry in raw.get("filters", [])}
        merged.update({entry.get("filterType"): dict(entry) for entry in filters})
        raw["filters"] = list(merged.values())
        new = parse_rules(raw, old.price_decimals, old.quantity_decimals)
        if (new.price_decimals, new.quantity_decimals) != (old.price_decimals, old.quantity_decimals):
            raise ValueError(
                f"the filters of {symbol} may not be finer than {old.price_decimals} decimals in price and "
                f"{old.quantity_decimals} in quantity; the exchange was started with those"
            )
        return self._replace(symbol, raw, new)

    def set_status(self, symbol: str, status: str) -> SymbolRules:
        """Change the trading status and return the new rules; -1121 for an unlisted symbol."""
        old = self.rules(symbol)
        return self._replace(symbol, {**self._raw[symbol], "status": status}, attrs.evolve(old, status=status))

    def change_rate_limits(self, rate_limits: Sequence[Mapping[str, Any]]) -> None:
        """Show other rate limits from now on."""
        self._top["rateLimits"] = copy.deepcopy(list(rate_limits))

    def exchange_info(self, server_time_ms: int) -> dict[str, Any]:
        """Return the body of GET exchangeInfo as it stands; the caller may keep it."""
        body = {**self._top, "serverTime": server_time_ms, "symbols": list(self._raw.values())}
        copied: dict[str, Any] = json.loads(json.dumps(body, default=str))
        return copied

    def _replace(self, symbol: str, raw: dict[str, Any], rules: SymbolRules) -> SymbolRules:
        self._raw[symbol] = raw
        self._rules[symbol] = rules
        return rules
