"""Everything the exchange knows at one moment, shared by the parts that act on it."""

from collections.abc import Callable
from decimal import Decimal

import attrs

from .account import Account
from .brackets import Brackets
from .exact import decimal_of, units_below
from .identifiers import Identifiers
from .ledger import Ledger, Row, Value
from .listing import Listing
from .market import Market
from .registers import AlgoRegister, OrderRegister
from .settings import VenueSettings
from .switches import Switches
from .timers import Timers


def _no_trigger(algo_id: int) -> None:
    raise LookupError(f"conditional order {algo_id} fired, but nothing handles triggers yet")


@attrs.define
class State:
    """The clock, the books and the account of one exchange. It decides nothing; `now_ms` only moves forward."""

    settings: VenueSettings
    listing: Listing
    account: Account
    brackets: Brackets
    ids: Identifiers
    now_ms: int
    ledger: Ledger = attrs.field(factory=Ledger)
    orders: OrderRegister = attrs.field(factory=OrderRegister)
    algos: AlgoRegister = attrs.field(factory=AlgoRegister)
    timers: Timers = attrs.field(factory=Timers)
    switches: Switches = attrs.field(factory=Switches)
    on_trigger: Callable[[int], None] = _no_trigger
    _markets: dict[str, Market] = attrs.field(factory=dict)

    def market(self, symbol: str) -> Market:
        """Return the market of *symbol*; -1121 when it is not listed."""
        market = self._markets.get(symbol)
        if market is None:
            # Bound late: who handles triggers is set after the state is built.
            market = Market(self.listing.rules(symbol), self.settings.fill, self._trigger)
            self._markets[symbol] = market
        return market

    def _trigger(self, algo_id: int) -> None:
        self.on_trigger(algo_id)

    def priced_markets(self) -> list[Market]:
        """Return the markets that were quoted at least once."""
        return [market for market in self._markets.values() if market.updates]

    def record(self, kind: str, **fields: Value) -> int:
        """Append a ledger row stamped with the clock and return its `seq`."""
        return self.ledger.append(kind, self.now_ms, fields)

    def record_row(self, kind: str, fields: Row) -> int:
        """The same for fields that stand in a row already."""
        return self.ledger.append(kind, self.now_ms, fields)

    def net_sign(self, symbol: str) -> int:
        """Return the sign of the net position of *symbol*: -1, 0 or 1."""
        amount = self.account.net_amount(symbol)
        return (amount > 0) - (amount < 0)

    def first_trigger_between(self, symbol: str, from_price: Decimal, to_price: Decimal) -> Decimal | None:
        """Return the price of the first resting trigger that a move from *from_price* to *to_price* would reach."""
        market = self.market(symbol)
        decimals = market.rules.price_decimals
        found = market.first_trigger_between(units_below(from_price, decimals), units_below(to_price, decimals))
        return None if found is None else decimal_of(found, decimals)
