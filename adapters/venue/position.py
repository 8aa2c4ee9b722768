"""One position and its exact average-entry accounting."""

from decimal import Decimal

import attrs

from .exact import AVERAGE_DECIMALS, ZERO, divide_half_even, text_of


@attrs.define
class Position:
    """The net holding of one symbol and position side.

    *amount* is signed quantity units. *cost* is the signed sum of price times quantity, in money units, of what is
    still open: the mean entry is `cost / amount` and is never stored rounded. When a part is closed, its share of the
    cost is rounded half-even to the grain of the symbol's rules and the rest stays, so that the realised profits of a
    position that is closed again sum to its sales minus its purchases, to the last digit.
    """

    symbol: str
    side: str
    amount: int = 0
    cost: int = 0
    isolated_wallet: Decimal = ZERO
    updated_ms: int = 0

    def closable(self, direction: int) -> int:
        """Return how much of the position an order of *direction* (+1 buy, -1 sell) would close at most."""
        return abs(self.amount) if self.amount * direction < 0 else 0

    def trade(self, delta: int, price: int, cost_step: int) -> int:
        """Book a fill of signed *delta* at *price* and return the realised profit in money units, without fees."""
        realized = 0
        closed = min(abs(delta), self.closable(1 if delta > 0 else -1))
        if closed:
            signed = closed if delta > 0 else -closed
            released = self._released(closed, cost_step)
            realized = -signed * price - released
            self.cost -= released
            self.amount += signed
            delta -= signed
        self.amount += delta
        self.cost += delta * price
        return realized

    def _released(self, closed: int, cost_step: int) -> int:
        held = abs(self.amount)
        if closed == held:
            return self.cost
        return divide_half_even(self.cost * closed, held * cost_step) * cost_step

    def unrealized(self, mark: int) -> int:
        """Return the profit, in money units, of closing everything at *mark*."""
        return self.amount * mark - self.cost

    def notional(self, mark: int) -> int:
        """Return the signed value at *mark*, in money units."""
        return self.amount * mark

    def entry_price_text(self, price_decimals: int) -> str:
        """Return the mean entry price, rounded half-even to eight decimals for display; "0" when flat."""
        if not self.amount:
            return "0"
        grain = 10 ** max(price_decimals - AVERAGE_DECIMALS, 0)
        mean = divide_half_even(abs(self.cost), abs(self.amount) * grain)
        return text_of(mean, min(price_decimals, AVERAGE_DECIMALS))
