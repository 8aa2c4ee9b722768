"""What the account is worth while the market moves: the wallet and what the open position would bring."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import attrs

from surefill.cli.accounts import ZERO, Row, decimal_in
from surefill.cli.track import Track
from surefill.domain.numbers import EXACT


@attrs.define
class EquityCurve:
    """Equity of an account that trades one symbol, exact at every price it is shown.

    It is counted as cash plus size times price, which equals wallet plus unrealised profit without any average.

    Attributes:
        track: where the curve is kept for a picture.
        drawdown: the largest fall from a peak so far, quote units.
    """

    track: Track
    drawdown: Decimal = ZERO
    _cash: Decimal = ZERO
    _amount: Decimal = ZERO
    _peak: Decimal | None = None

    def take(self, rows: Iterable[Row]) -> None:
        """Take in what ledger rows did to wallet and position."""
        for row in rows:
            if row["kind"] == "fill":
                quantity = decimal_in(row, "quantity")
                change = quantity if row["side"] == "BUY" else quantity.copy_negate()
                paid = EXACT.add(EXACT.multiply(change, decimal_in(row, "price")), decimal_in(row, "fee"))
                self._cash = EXACT.subtract(self._cash, paid)
                self._amount = EXACT.add(self._amount, change)
            elif "balance_change" in row:
                self._cash = EXACT.add(self._cash, decimal_in(row, "balance_change"))

    def at(self, price: Decimal) -> Decimal:
        """Return what the account is worth while the position is worth *price*."""
        return EXACT.add(self._cash, EXACT.multiply(self._amount, price))

    def mark(self, at_ms: int, price: Decimal) -> None:
        """Take in that the position is worth *price* now."""
        equity = self.at(price)
        self.track.add(at_ms, equity)
        if self._peak is None or equity > self._peak:
            self._peak = equity
        self.drawdown = max(self.drawdown, EXACT.subtract(self._peak, equity))
