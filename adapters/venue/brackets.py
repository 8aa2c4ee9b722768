"""Leverage brackets: how much may be held at which leverage, and what must be kept for it."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import attrs

from .exact import EXACT, ZERO

LEVERAGE_MOST: Final = 125
_UNBOUNDED: Final = Decimal(10) ** 15
_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)


@attrs.frozen
class Bracket:
    """For notionals above *floor* up to *cap*: at most *leverage_most*, maintenance at *ratio* less *cum*."""

    number: int
    leverage_most: int
    cap: Decimal
    floor: Decimal
    ratio: Decimal
    cum: Decimal


class Brackets:
    """The brackets of every symbol; a symbol without any has one, unbounded, with the default maintenance ratio.

    *raw* maps a symbol ("BTCUSDT", or "BTC/USDT:USDT") to its rows under Binance's names (Binance docs: Notional and
    Leverage Brackets); a row may also hold them under "info". Values are texts, whole numbers or Decimals: a float
    raises `ValueError`, as does a row that lacks a name.
    """

    def __init__(self, raw: Mapping[str, Any] | None, default_ratio: Decimal) -> None:
        self._default = (Bracket(1, LEVERAGE_MOST, _UNBOUNDED, ZERO, default_ratio, ZERO),)
        self._rows = {_symbol_of(name): _parse(name, rows) for name, rows in (raw or {}).items()}

    def of(self, symbol: str) -> Sequence[Bracket]:
        """Return the brackets of *symbol*, the smallest first."""
        return self._rows.get(symbol, self._default)

    def leverage_most(self, symbol: str) -> int:
        """Return the highest leverage of *symbol*: that of its first bracket."""
        return self.of(symbol)[0].leverage_most

    def notional_most(self, symbol: str, leverage: int) -> Decimal:
        """Return the largest notional that may be held at *leverage*; 0 when the leverage is above the highest."""
        return max((row.cap for row in self.of(symbol) if row.leverage_most >= leverage), default=ZERO)

    def at(self, symbol: str, notional: Decimal) -> Bracket:
        """Return the bracket that *notional* (not negative) falls into; the last one beyond all caps."""
        rows = self.of(symbol)
        return next((row for row in rows if notional <= row.cap), rows[-1])

    def maintenance(self, symbol: str, notional: Decimal) -> Decimal:
        """Return the margin that must be kept for *notional*: ratio times notional, less the bracket's cum."""
        row = self.at(symbol, notional)
        return EXACT.subtract(EXACT.multiply(notional, row.ratio), row.cum)


def _symbol_of(name: str) -> str:
    return name.partition(":")[0].replace("/", "")


def _parse(name: str, rows: object) -> tuple[Bracket, ...]:
    if not isinstance(rows, Sequence) or not rows:
        raise ValueError(f"the brackets of {name} must be a list of at least one row")
    parsed = []
    for row in rows:
        inner = row.get("info", row) if isinstance(row, Mapping) else {}
        parsed.append(
            Bracket(
                number=int(_number(name, inner, "bracket")),
                leverage_most=int(_number(name, inner, "initialLeverage")),
                cap=_number(name, inner, "notionalCap"),
                floor=_number(name, inner, "notionalFloor"),
                ratio=_number(name, inner, "maintMarginRatio"),
                cum=_number(name, inner, "cum"),
            )
        )
    return tuple(sorted(parsed, key=lambda bracket: bracket.floor))


def _number(name: str, row: Mapping[str, Any], field: str) -> Decimal:
    raw = row.get(field)
    text = str(raw) if isinstance(raw, (str, int, Decimal)) and not isinstance(raw, bool) else ""
    if not _NUMBER.fullmatch(text):
        raise ValueError(
            f"the brackets of {name} need {field} as a text, a whole number or a Decimal; it was {raw!r} "
            "(read JSON with parse_float=Decimal)"
        )
    return Decimal(text)
