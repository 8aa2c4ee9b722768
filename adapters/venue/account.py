"""The one account of the exchange: wallets, positions and settings."""

from decimal import Decimal
from typing import Final

from .exact import EXACT, ZERO, plain
from .ledger import Row
from .order import BOTH
from .position import Position

CROSSED: Final = "CROSSED"
ISOLATED: Final = "ISOLATED"


class Account:
    """Balances per margin asset, positions per (symbol, position side), leverage and margin type per symbol.

    Wallets change only through `credit`, which returns the ledger fields that account for the change and counts it in
    `changes`; every fill credits, if only its fee.
    """

    def __init__(self, default_leverage: int, *, hedge_mode: bool) -> None:
        self.hedge_mode = hedge_mode
        self.multi_assets = False
        self.changes = 0
        self._default_leverage = default_leverage
        self._wallets: dict[str, Decimal] = {}
        self._positions: dict[tuple[str, str], Position] = {}
        self._leverage: dict[str, int] = {}
        self._margin_types: dict[str, str] = {}
        self._income: list[Row] = []

    @property
    def assets(self) -> tuple[str, ...]:
        """Every asset that ever had a balance."""
        return tuple(self._wallets)

    def wallet(self, asset: str) -> Decimal:
        """Return the wallet balance of *asset*: deposits, realised profits and losses, fees; no open profit."""
        return self._wallets.get(asset, ZERO)

    def credit(self, asset: str, change: Decimal) -> Row:
        """Change the wallet of *asset* and return the fields that account for it."""
        after = EXACT.add(self.wallet(asset), change)
        self._wallets[asset] = after
        self.changes += 1
        return {"asset": asset, "balance_change": plain(change), "balance_after": plain(after)}

    def add_income(self, row: Row) -> None:
        """Keep one income row, in the shape of GET income."""
        self._income.append(row)

    @property
    def income(self) -> list[Row]:
        """The income rows, oldest first."""
        return self._income

    def position(self, symbol: str, side: str = BOTH) -> Position:
        """Return the position, a flat one when there never was any."""
        position = self._positions.get((symbol, side))
        if position is None:
            position = self._positions[symbol, side] = Position(symbol, side)
        return position

    def open_positions(self, symbol: str | None = None) -> list[Position]:
        """Return the positions that are not flat, of one symbol or of all, in the order they were first used."""
        return [p for p in self._positions.values() if p.amount and symbol in (None, p.symbol)]

    def net_amount(self, symbol: str) -> int:
        """Return the signed sum of the positions of *symbol*, in quantity units."""
        return sum(position.amount for position in self.open_positions(symbol))

    def leverage(self, symbol: str) -> int:
        """Return the leverage set for *symbol*."""
        return self._leverage.get(symbol, self._default_leverage)

    def set_leverage(self, symbol: str, leverage: int) -> None:
        """Set the leverage of *symbol*."""
        self._leverage[symbol] = leverage

    def is_isolated(self, symbol: str) -> bool:
        """Say whether positions of *symbol* have a margin of their own."""
        return self._margin_types.get(symbol, CROSSED) == ISOLATED

    def margin_type(self, symbol: str) -> str:
        """Return CROSSED or ISOLATED."""
        return self._margin_types.get(symbol, CROSSED)

    def set_margin_type(self, symbol: str, margin_type: str) -> None:
        """Set the margin type of *symbol*."""
        self._margin_types[symbol] = margin_type
