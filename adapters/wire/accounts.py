"""The account as Binance shows it: positions, wallet, settings (Binance docs: Position Information V3 and others)."""

from __future__ import annotations

from decimal import Decimal

from ...domain.order import ZERO
from ...domain.side import MarginType, PositionMode, PositionSide
from ...domain.snapshot import Balance, Position, SymbolSettings
from .fields import Fields, ParseError, rows

_POSITION_SIDES = {side.value: side for side in PositionSide}
_MARGIN_TYPES = {margin.value: margin for margin in MarginType}


def parse_positions(body: object) -> tuple[Position, ...]:
    """Return the open positions; rows with amount 0, which an open order may keep alive, are left out."""
    found: list[Position] = []
    for row in rows(body, "positions"):
        fields = Fields(row, "position")
        amount = fields.decimal("positionAmt")
        if amount == ZERO:
            continue
        found.append(
            Position(
                symbol=fields.text("symbol"),
                amount=amount,
                entry_price=fields.decimal("entryPrice"),
                position_side=fields.word("positionSide", _POSITION_SIDES),
                mark_price=fields.optional_decimal("markPrice"),
                unrealized_pnl=fields.optional_decimal("unRealizedProfit"),
                liquidation_price=_price_or_none(fields, "liquidationPrice"),
            )
        )
    return tuple(found)


def parse_balances(body: object) -> tuple[Balance, ...]:
    """Return the wallet, one row per asset, those with nothing in them included."""
    return tuple(_balance(row) for row in rows(body, "balances"))


def parse_position_mode(body: object) -> PositionMode:
    """Return the account's position mode."""
    fields = Fields(body, "position mode")
    if not fields.has("dualSidePosition"):
        raise ParseError("position mode.dualSidePosition: was missing")
    return PositionMode.HEDGE if fields.flag("dualSidePosition") else PositionMode.ONE_WAY


def parse_symbol_settings(body: object, symbol: str) -> SymbolSettings | None:
    """Return leverage and margin type of *symbol* from a list of settings; None when it is not in it."""
    for row in rows(body, "symbol settings"):
        fields = Fields(row, "symbol settings")
        if fields.text("symbol") == symbol:
            return SymbolSettings(symbol, fields.integer("leverage"), fields.word("marginType", _MARGIN_TYPES))
    return None


def _balance(row: object) -> Balance:
    fields = Fields(row, "balance")
    return Balance(
        asset=fields.text("asset"),
        wallet=fields.decimal("balance"),
        available=fields.decimal("availableBalance"),
        unrealized=fields.optional_decimal("crossUnPnl") or ZERO,
    )


def _price_or_none(fields: Fields, name: str) -> Decimal | None:
    price = fields.optional_decimal(name)
    return price if price is not None and price > ZERO else None
