"""The filters of one symbol, read from the raw exchangeInfo by code of the judge's own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

import attrs

from surefill.testing.invariants.row import EXACT, ZERO


@attrs.frozen(kw_only=True)
class Filters:
    """The grids of one symbol; a step of 0 is no grid.

    Attributes:
        tick: step of prices from `min_price` on, quote units.
        min_price: the lowest price, quote units.
        price_decimals: the most decimals of a price.
        steps: step and lowest size of every filter that sizes of market orders obey, base units.
        quantity_decimals: the most decimals of a size.
    """

    tick: Decimal
    min_price: Decimal
    price_decimals: int
    steps: tuple[tuple[Decimal, Decimal], ...]
    quantity_decimals: int

    @classmethod
    def of(cls, raw: Mapping[str, object]) -> Filters:
        """Read one entry of the list `symbols`."""
        entries = cast("list[Mapping[str, object]]", raw.get("filters") or [])
        by_type = {str(entry.get("filterType")): entry for entry in entries}
        price = by_type.get("PRICE_FILTER", {})
        lots = [by_type[name] for name in ("LOT_SIZE", "MARKET_LOT_SIZE") if name in by_type]
        return cls(
            tick=_number(price, "tickSize"),
            min_price=_number(price, "minPrice"),
            price_decimals=int(str(raw.get("pricePrecision", 30))),
            steps=tuple((_number(lot, "stepSize"), _number(lot, "minQty")) for lot in lots),
            quantity_decimals=int(str(raw.get("quantityPrecision", 30))),
        )

    @property
    def price_grain(self) -> Decimal:
        """The distance between two prices that may be sent, at most: what rounding may move a price by."""
        return max(self.tick, Decimal((0, (1,), -self.price_decimals)))

    @property
    def quantity_grain(self) -> Decimal:
        """The same for sizes."""
        return max([Decimal((0, (1,), -self.quantity_decimals)), *(step for step, _ in self.steps)])

    def price_fault(self, price: Decimal) -> str | None:
        """Return what is wrong with a price, or None."""
        if self.tick and EXACT.remainder(EXACT.subtract(price, self.min_price), self.tick):
            return f"{price} is not on the tick of {self.tick}"
        return f"{price} has more than {self.price_decimals} decimals" if _finer(price, self.price_decimals) else None

    def quantity_fault(self, quantity: Decimal) -> str | None:
        """Return what is wrong with a size, or None."""
        for step, least in self.steps:
            if step and EXACT.remainder(EXACT.subtract(quantity, least), step):
                return f"{quantity} is not on the step of {step}"
        finer = _finer(quantity, self.quantity_decimals)
        return f"{quantity} has more than {self.quantity_decimals} decimals" if finer else None


def filters_by_symbol(exchange_info: Mapping[str, object]) -> dict[str, Filters]:
    """Read every symbol of an exchangeInfo."""
    symbols = cast("list[Mapping[str, object]]", exchange_info.get("symbols") or [])
    return {str(raw.get("symbol")): Filters.of(raw) for raw in symbols}


def _number(entry: Mapping[str, object], name: str) -> Decimal:
    return Decimal(str(entry[name])) if name in entry else ZERO


def _finer(value: Decimal, decimals: int) -> bool:
    return bool(EXACT.remainder(EXACT.scaleb(value, decimals), Decimal(1)))
