"""Binance's exchangeInfo as instruments (Binance docs: Exchange Information).

The answer has a row for every symbol, of which a program trades a few: rows are kept as they came, and read when asked
for. Filters, fields and words that are not known are ignored, since Binance adds some without notice. Numbers must be
JSON texts or integers; a JSON float no longer is what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, cast

import attrs

from ...domain.errors import ValidationError
from ...domain.grid import LotSize, TickSize
from ...domain.instrument import UNCONTROLLED, Instrument
from ...domain.numbers import positive
from .fields import Fields, ParseError, rows

_INTERVALS_MS: Final = {"SECOND": 1_000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
_ZERO: Final = Decimal(0)


@attrs.frozen
class RateLimit:
    """One limiter of the exchange.

    Attributes:
        kind: REQUEST_WEIGHT, ORDERS, or a word the exchange added since.
        interval_ms: the length of the window, milliseconds.
        limit: how much is allowed in one window.
    """

    kind: str
    interval_ms: int
    limit: int


class ExchangeInfo:
    """The symbols and limiters of one exchangeInfo answer. Built by `parse_exchange_info`.

    The list of symbols is looked through on first use, and an instrument is read on first use; both are kept. Two
    threads that ask at once get equal ones. Every method raises ValidationError when the list is no list of symbols:
    an element without a name, or a name that stands twice.

    Attributes:
        rate_limits: the limiters whose interval is known.
    """

    def __init__(self, listed: Sequence[Any], rate_limits: tuple[RateLimit, ...]) -> None:
        self.rate_limits = rate_limits
        self._listed = listed
        self._rows: dict[str, Mapping[str, object]] | None = None
        self._instruments: dict[str, Instrument] = {}

    def symbols(self) -> tuple[str, ...]:
        """Return every symbol listed, in the exchange's order, whether it can be traded or not."""
        return tuple(self._by_symbol())

    def lists(self, symbol: str) -> bool:
        """Whether *symbol* is among them."""
        return symbol in self._by_symbol()

    def instrument(self, symbol: str) -> Instrument:
        """Return the rules in force on *symbol*.

        Raises:
            ValidationError: the exchange does not list *symbol*, or lists rules for it that nobody can keep; the
                latter names symbol and reason (see `parse_instrument`).
        """
        known = self._instruments.get(symbol)
        if known is not None:
            return known
        listed = self._by_symbol()
        row = listed.get(symbol)
        if row is None:
            hint = f"; did you mean {symbol.upper()}?" if symbol.upper() in listed else ""
            raise ValidationError("symbol", f"must be one that the exchange lists, was {symbol!a:.60}{hint}")
        return self._instruments.setdefault(symbol, parse_instrument(row))

    def _by_symbol(self) -> dict[str, Mapping[str, object]]:
        if self._rows is None:
            self._rows = _rows_by_symbol(self._listed)
        return self._rows


def parse_exchange_info(raw: object) -> ExchangeInfo:
    """Return the contents of *raw*, the decoded JSON answer of ``GET /fapi/v1/exchangeInfo``.

    Raises:
        ValidationError: *raw* is not such an answer as a whole. What is wrong with its list of symbols is said on first
            use, and what is wrong with one symbol by `ExchangeInfo.instrument`, so that it does not stop the others.
    """
    if not isinstance(raw, Mapping) or not isinstance(raw.get("symbols"), list):
        raise ValidationError("exchangeInfo", _no_exchange_info(raw))
    try:
        limits = [_rate_limit(Fields(row, "rateLimits")) for row in rows(raw.get("rateLimits", []), "rateLimits")]
    except ParseError as error:
        raise ValidationError("exchangeInfo", str(error)) from error
    return ExchangeInfo(cast("list[Any]", raw["symbols"]), tuple(limit for limit in limits if limit is not None))


def _rows_by_symbol(listed: Sequence[Any]) -> dict[str, Mapping[str, object]]:
    """Return the rows by their symbols, of which nothing else is looked at yet.

    In one tight pass, for there are hundreds; only if that finds anything odd, once more, to say what and where.
    """
    try:
        found: dict[str, Mapping[str, object]] = {row["symbol"]: row for row in listed}
    except (TypeError, LookupError):
        found = {}
    if len(found) == len(listed) and set(map(type, found)) <= {str}:
        return found
    try:
        names = [Fields(row, f"symbols[{place}]").text("symbol") for place, row in enumerate(listed)]
    except ParseError as error:
        raise ValidationError("exchangeInfo", str(error)) from error
    twice = next(name for name in names if names.count(name) > 1)
    raise ValidationError("exchangeInfo", f"must list a symbol once, was {twice!a:.60} twice or more")


def parse_instrument(raw: Mapping[str, object]) -> Instrument:
    """Return the rules of one element of exchangeInfo's ``symbols``.

    A symbol that is not TRADING is returned too, for a position on it may need closing; `Instrument.tradeable` is
    False then. Without MARKET_LOT_SIZE market orders are held to LOT_SIZE. Missing optional filters become None.

    Raises:
        ValidationError: with the symbol as `field` and the reason as `problem`, when no order can be made to fit: a
            tick or step of 0, PRICE_FILTER or LOT_SIZE missing or filled with nulls, a filter listed twice, bounds that
            exclude each other, or anything that is not a number where one belongs.
    """
    try:
        symbol = Fields(raw, "symbol").text("symbol")
    except ParseError as error:
        raise ValidationError("symbol", str(error)) from error
    try:
        return _instrument(symbol, raw, _filters(raw.get("filters")))
    except (ParseError, ValidationError) as error:
        raise ValidationError(symbol if symbol and symbol.isprintable() else ascii(symbol), str(error)) from error


def _instrument(symbol: str, raw: Mapping[str, object], filters: Mapping[str, Fields]) -> Instrument:
    row = Fields(raw, "symbol")
    prices, lot = _required(filters, "PRICE_FILTER"), _required(filters, "LOT_SIZE")
    notional, band = filters.get("MIN_NOTIONAL"), filters.get("PERCENT_PRICE")
    count, control = filters.get("MAX_NUM_ORDERS"), filters.get("POSITION_RISK_CONTROL")
    return Instrument(
        symbol=symbol,
        status=row.text("status"),
        contract_type=row.optional_text("contractType"),
        base_asset=row.text("baseAsset"),
        quote_asset=row.text("quoteAsset"),
        margin_asset=row.text("marginAsset"),
        tick=_tick_size(prices),
        min_price=prices.optional_decimal("minPrice") or _ZERO,
        max_price=prices.optional_decimal("maxPrice") or _ZERO,
        price_precision=row.integer("pricePrecision"),
        lot=_lot_size(lot, "LOT_SIZE"),
        market_lot=_lot_size(filters.get("MARKET_LOT_SIZE", lot), "MARKET_LOT_SIZE"),
        quantity_precision=row.integer("quantityPrecision"),
        min_notional=None if notional is None else notional.optional_decimal("notional"),
        multiplier_up=None if band is None else band.optional_decimal("multiplierUp"),
        multiplier_down=None if band is None else band.optional_decimal("multiplierDown"),
        max_open_orders=count.integer("limit") if count is not None and count.has("limit") else None,
        market_take_bound=row.optional_decimal("marketTakeBound"),
        trigger_protect=row.optional_decimal("triggerProtect"),
        liquidation_fee=row.optional_decimal("liquidationFee"),
        position_control_side=(control.optional_text("positionControlSide") if control else "") or UNCONTROLLED,
        order_types=_order_types(raw),
    )


def _filters(listed: object) -> dict[str, Fields]:
    """Return the filters by type; a type that is listed twice says two things at once and is refused."""
    found: dict[str, Fields] = {}
    for row in rows(listed, "filters"):
        kind = Fields(row, "filters").text("filterType")
        if kind in found:
            raise ParseError(f"filters: must list {kind!a:.60} once, was listed twice")
        found[kind] = Fields(row, kind)
    return found


def _required(filters: Mapping[str, Fields], kind: str) -> Fields:
    if kind not in filters:
        raise ParseError(f"{kind}: must be among the filters, was missing")
    return filters[kind]


def _tick_size(prices: Fields) -> TickSize:
    increment = positive(prices.decimal("tickSize"), "PRICE_FILTER.tickSize")
    return TickSize(increment=increment, minimum=prices.optional_decimal("minPrice") or _ZERO)


def _lot_size(sizes: Fields, kind: str) -> LotSize:
    step = positive(sizes.decimal("stepSize"), f"{kind}.stepSize")
    return LotSize(step=step, minimum=sizes.decimal("minQty"), maximum=sizes.optional_decimal("maxQty") or _ZERO)


def _order_types(raw: Mapping[str, object]) -> frozenset[str]:
    """Return the order types; Binance's documentation has shown the key in two spellings."""
    listed = raw.get("orderTypes", raw.get("OrderType"))
    return frozenset(word for word in listed if isinstance(word, str)) if isinstance(listed, list) else frozenset()


def _rate_limit(row: Fields) -> RateLimit | None:
    """Return one limiter; None when its interval is a word that is not known, for then its window has no length."""
    unit = _INTERVALS_MS.get(row.text("interval"))
    if unit is None:
        return None
    return RateLimit(row.text("rateLimitType"), unit * row.integer("intervalNum"), row.integer("limit"))


def _no_exchange_info(raw: object) -> str:
    """Return why *raw* is no exchangeInfo, and what to hand in instead."""
    expected = "must be an object with a list under 'symbols'"
    if not isinstance(raw, Mapping):
        return f"{expected}, was a {type(raw).__name__!a}; hand in the decoded JSON answer, not its text"
    inner = raw.get("data")
    if isinstance(inner, Mapping) and "symbols" in inner:
        return f"{expected}, was a wrapper around one; hand in what stands under its 'data'"
    return f"{expected}, was an object without one"
