"""The trading rules of one symbol, read from its raw exchangeInfo entry, in integer units."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import attrs

from .exact import EXACT, ZERO, decimals_of, plain, units_of

UNIT_DECIMALS_MIN: Final = 8
"""Prices and quantities are counted in units of 1e-8 or finer: mark prices have eight decimals."""

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)
_STATUS_REFUSALS: Final = {"TRADING": 0, "PENDING_TRADING": -1122, "PRE_DELIVERING": -4140, "PRE_SETTLE": -4140}
_CLOSED: Final = -4141


@attrs.frozen
class LotRule:
    """The bounds and the step of a quantity, in quantity units; a bound of 0 is none."""

    least: int
    most: int
    step: int


@attrs.frozen
class SymbolRules:
    """What orders of one symbol must satisfy.

    Prices are counted in units of `10 ** -price_decimals`, quantities in units of `10 ** -quantity_decimals`, their
    product in units of `10 ** -money_decimals`. Bounds of 0 are none. *flaw* is 0, or Binance's code for a symbol whose
    rules allow no order at all: a zero or missing tick or lot (-1122), no contract type (-4104), or a position control
    other than NONE (-4140, the simulation's choice).
    """

    symbol: str
    status: str
    pair: str
    base_asset: str
    margin_asset: str
    price_decimals: int
    quantity_decimals: int
    price_precision: int
    quantity_precision: int
    price_least: int
    price_most: int
    tick: int
    lot: LotRule
    market_lot: LotRule
    notional_least: Decimal
    multiplier_up: Decimal | None
    multiplier_down: Decimal | None
    take_bound: Decimal | None
    trigger_protect: Decimal | None
    liquidation_fee: Decimal
    flaw: int

    @property
    def money_decimals(self) -> int:
        """The decimals of a price unit times a quantity unit."""
        return self.price_decimals + self.quantity_decimals

    @property
    def cost_step(self) -> int:
        """The grain, in money units, at which the cost of a partly closed position is split: 1e-8 or finer."""
        natural = _used_decimals(self.tick, self.price_decimals) + _used_decimals(
            self.market_lot.step, self.quantity_decimals
        )
        return int(10 ** (self.money_decimals - min(self.money_decimals, max(UNIT_DECIMALS_MIN, natural))))

    def refusal(self, *, closing: bool) -> int:
        """Return Binance's code when orders are refused because of status or rules, else 0.

        *closing* orders pass where only new positions are forbidden.
        """
        if self.flaw == -4140 and closing:
            return self._status_refusal(closing=closing)
        return self.flaw or self._status_refusal(closing=closing)

    def _status_refusal(self, *, closing: bool) -> int:
        code = _STATUS_REFUSALS.get(self.status, _CLOSED)
        return 0 if code == -4140 and closing else code


def parse_rules(
    raw: Mapping[str, Any],
    price_decimals_min: int = UNIT_DECIMALS_MIN,
    quantity_decimals_min: int = UNIT_DECIMALS_MIN,
) -> SymbolRules:
    """Read one raw symbol; what is missing or unreadable becomes a flaw of the rules, never an error."""
    filters = {entry.get("filterType"): entry for entry in _entries(raw.get("filters"))}
    price, lot = filters.get("PRICE_FILTER", {}), filters.get("LOT_SIZE", {})
    market_lot = filters.get("MARKET_LOT_SIZE", lot)
    percent = filters.get("PERCENT_PRICE", {})
    price_precision = _count(raw.get("pricePrecision"))
    quantity_precision = _count(raw.get("quantityPrecision"))
    price_decimals = max(price_decimals_min, price_precision, *_decimals(price, "minPrice", "maxPrice", "tickSize"))
    quantity_decimals = max(
        quantity_decimals_min,
        quantity_precision,
        *_decimals(lot, "minQty", "maxQty", "stepSize"),
        *_decimals(market_lot, "minQty", "maxQty", "stepSize"),
    )
    lot_rule = _lot_rule(lot, quantity_decimals, fallback_step=0)
    tick = _units(price, "tickSize", price_decimals)
    return SymbolRules(
        symbol=str(raw.get("symbol", "")),
        status=str(raw.get("status", raw.get("contractStatus", ""))),
        pair=str(raw.get("pair", raw.get("symbol", ""))),
        base_asset=str(raw.get("baseAsset", "")),
        margin_asset=str(raw.get("marginAsset", "")),
        price_decimals=price_decimals,
        quantity_decimals=quantity_decimals,
        price_precision=price_precision,
        quantity_precision=quantity_precision,
        price_least=_units(price, "minPrice", price_decimals),
        price_most=_units(price, "maxPrice", price_decimals),
        tick=tick,
        lot=lot_rule,
        market_lot=_lot_rule(market_lot, quantity_decimals, fallback_step=lot_rule.step),
        notional_least=_number(filters.get("MIN_NOTIONAL", {}).get("notional")) or ZERO,
        multiplier_up=_number(percent.get("multiplierUp")),
        multiplier_down=_number(percent.get("multiplierDown")),
        take_bound=_number(raw.get("marketTakeBound")),
        trigger_protect=_number(raw.get("triggerProtect")),
        liquidation_fee=_number(raw.get("liquidationFee")) or ZERO,
        flaw=_flaw(raw, filters, tick, lot_rule),
    )


def _flaw(raw: Mapping[str, Any], filters: Mapping[Any, Mapping[str, Any]], tick: int, lot: LotRule) -> int:
    if not raw.get("contractType"):
        return -4104
    if not tick or not lot.step or not raw.get("marginAsset"):
        return -1122
    if not isinstance(raw.get("pricePrecision"), int) or not isinstance(raw.get("quantityPrecision"), int):
        return -1122
    control = filters.get("POSITION_RISK_CONTROL", {}).get("positionControlSide", "NONE")
    return 0 if control == "NONE" else -4140


def _lot_rule(entry: Mapping[str, Any], decimals: int, fallback_step: int) -> LotRule:
    least, most = _units(entry, "minQty", decimals), _units(entry, "maxQty", decimals)
    return LotRule(least, most, _units(entry, "stepSize", decimals) or fallback_step)


def _entries(raw: object) -> list[Mapping[str, Any]]:
    return [entry for entry in raw if isinstance(entry, Mapping)] if isinstance(raw, list) else []


def _number(raw: object) -> Decimal | None:
    """A fixed-point text or a whole number as Decimal; None for anything else, floats included."""
    text = str(raw) if isinstance(raw, (str, int, Decimal)) and not isinstance(raw, bool) else ""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _count(raw: object) -> int:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= 20 else 0


def _decimals(entry: Mapping[str, Any], *names: str) -> list[int]:
    numbers = [_number(entry.get(name)) for name in names]
    return [decimals_of(plain(number)) for number in numbers if number is not None]


def _units(entry: Mapping[str, Any], name: str, decimals: int) -> int:
    number = _number(entry.get(name))
    return 0 if number is None else units_of(number, decimals)


def _used_decimals(units: int, decimals: int) -> int:
    """How many decimals a step needs, trailing zeros aside."""
    return decimals_of(plain(EXACT.scaleb(Decimal(units), -decimals)))
