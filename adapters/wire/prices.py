"""Mark and last price as Binance shows them (Binance docs: Mark Price, Symbol Price Ticker V2)."""

from __future__ import annotations

from decimal import Decimal

import attrs

from ...domain.order import ZERO
from .fields import Fields, ParseError


@attrs.frozen
class PriceAt:
    """A price of *symbol* and the exchange's time of it, UTC milliseconds."""

    symbol: str
    price: Decimal
    at_ms: int


def parse_mark(body: object) -> PriceAt:
    """Return the mark price."""
    return _price(body, "mark price", "markPrice")


def parse_last(body: object) -> PriceAt:
    """Return the last traded price."""
    return _price(body, "last price", "price")


def _price(body: object, what: str, name: str) -> PriceAt:
    fields = Fields(body, what)
    price = fields.decimal(name)
    if price <= ZERO:
        raise ParseError(f"{what}.{name}: must be above 0")
    return PriceAt(fields.text("symbol"), price, fields.integer("time"))
