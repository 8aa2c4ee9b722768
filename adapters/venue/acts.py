"""What the exchange does of its own accord, on command: closings, expiries, funding, transfers, forgetting."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import attrs

from .algo_order import CANCELED, EXPIRED, NEW, REJECTED, AlgoOrder
from .algo_status import expire_with_position, set_status
from .conditionals import Conditionals
from .exact import EXACT, decimals_of, negative, plain, rounded_money, total, units_of
from .limits import Limits
from .liquidation import CLIENT_ID_PREFIX, Liquidations
from .margin import notional
from .matching import add_income, record_position
from .order import BOTH
from .position import Position
from .refusals import Refused
from .state import State

AUTOCLOSE: Final = CLIENT_ID_PREFIX
AUTO_DELEVERAGE: Final = "adl_autoclose"
SETTLEMENT: Final = "settlement_autoclose-"
"""How the client ids of closings by the exchange begin (Binance docs: Event Order Update)."""

ALGO_ENDS: Final = frozenset({EXPIRED, CANCELED, REJECTED})
LOST: Final = "LOST"
"""The ledger's word for an order that the exchange forgot; no answer shows it."""


@attrs.frozen
class Acts:
    """One method an act; each is done when it returns. `ValueError` where there is nothing it could be done to."""

    state: State
    limits: Limits
    liquidations: Liquidations

    def close_position(
        self, symbol: str, *, side: str = BOTH, by: str = AUTOCLOSE, quantity: Decimal | None = None
    ) -> None:
        """Close a position at the mark price, as liquidation, auto-deleveraging or settlement do.

        *quantity* is in base units; None closes all of it, and more than is held closes no more than that.
        """
        if by not in (AUTOCLOSE, AUTO_DELEVERAGE, SETTLEMENT):
            raise ValueError(f"by must be {AUTOCLOSE!r}, {AUTO_DELEVERAGE!r} or {SETTLEMENT!r}, was {by!r}")
        position, decimals = self._held(symbol, side), self.state.market(symbol).rules.quantity_decimals
        most = abs(position.amount)
        units = most if quantity is None else min(most, _units("quantity", quantity, decimals))
        self.liquidations.take_over(position, units, by, with_fee=by == AUTOCLOSE)

    def end_conditional(self, client_algo_id: str, status: str = EXPIRED, reason: str = "") -> None:
        """Let a waiting conditional order end as EXPIRED, CANCELED or REJECTED, by no request of anybody."""
        if status not in ALGO_ENDS:
            raise ValueError(f"status must be one of {sorted(ALGO_ENDS)}, was {status!r}")
        set_status(self.state, self._waiting(client_algo_id), status, reason)

    def release_stuck(self) -> None:
        """Let every conditional order that is TRIGGERING reach the book, or be rejected there."""
        conditionals = Conditionals(self.state)
        for algo in self.state.algos.open_orders():
            conditionals.release(algo)

    def forget_conditional(self, client_algo_id: str) -> None:
        """Lose a waiting conditional order that was acknowledged: nobody finds it any more, nothing triggers."""
        algo = self._waiting(client_algo_id)
        set_status(self.state, algo, LOST)
        self.state.algos.forget(algo)

    def undo_order(self, symbol: str, client_order_id: str) -> None:
        """Lose a regular order that was acknowledged, with its fills: position and wallet are as if it had not been.

        Meant for the newest order of its position. Conditional orders of the symbol that came after it are lost too, as
        when an exchange comes back with the state of a moment before.
        """
        state = self.state
        order = state.orders.find(symbol, None, client_order_id, state.now_ms)
        if order is None or order.is_open:
            raise ValueError(f"{symbol} has no finished order {client_order_id!r}")
        if state.account.is_isolated(symbol):
            raise ValueError(f"{symbol} has isolated margin; only what happened on cross margin can be undone")
        rules, trades = state.market(symbol).rules, state.orders.forget(order)
        fees = total(Decimal(trade.fee) for trade in trades)
        realized = total(Decimal(trade.realized_pnl) for trade in trades)
        position = state.account.position(symbol, order.position_side)
        position.amount -= order.direction * order.executed
        position.cost -= order.direction * order.cost + units_of(realized, rules.money_decimals)
        position.updated_ms = state.now_ms
        wallet = state.account.credit(rules.margin_asset, EXACT.subtract(fees, realized))
        state.record_row("rollback", {"symbol": symbol, "client_order_id": client_order_id, **wallet})
        record_position(state, position)
        expire_with_position(state, position)
        for algo in state.algos.open_orders(symbol):
            if algo.status == NEW and algo.created_ms >= order.created_ms:
                self.forget_conditional(algo.client_algo_id)

    def pay_funding(self, symbol: str, rate: Decimal) -> None:
        """Charge every position on *symbol* its notional times *rate*: longs pay when it is above 0, shorts get it."""
        for position in self.state.account.open_positions(symbol):
            cost = rounded_money(EXACT.multiply(notional(self.state, position), _finite("rate", rate)))
            asset = self.state.market(symbol).rules.margin_asset
            row = {"symbol": symbol, **self.state.account.credit(asset, negative(cost))}
            self.state.record_row("funding", row)
            add_income(self.state, symbol, "FUNDING_FEE", asset, negative(cost))

    def transfer(self, asset: str, amount: Decimal) -> None:
        """Bring *amount* into the futures wallet, or take it out when it is below 0."""
        self.state.record_row("deposit", self.state.account.credit(asset, _finite("amount", amount)))
        add_income(self.state, "", "TRANSFER", asset, amount)

    def change_rate_limits(self, rate_limits: Sequence[Mapping[str, Any]]) -> None:
        """Put other limits in force from now on; exchangeInfo shows them. What was used stays used."""
        self.state.listing.change_rate_limits(rate_limits)
        self.limits.change(rate_limits)

    def _held(self, symbol: str, side: str) -> Position:
        try:
            self.state.market(symbol)
        except Refused as refusal:
            raise ValueError(f"{symbol} is not listed") from refusal
        position = self.state.account.position(symbol, side)
        if not position.amount:
            raise ValueError(f"{symbol} holds no position {side}")
        return position

    def _waiting(self, client_algo_id: str) -> AlgoOrder:
        algo = self.state.algos.find(None, client_algo_id, self.state.now_ms)
        if algo is None or algo.status != NEW:
            raise ValueError(f"no conditional order {client_algo_id!r} is waiting")
        return algo


def _finite(name: str, value: Decimal) -> Decimal:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise ValueError(f"{name} must be a finite Decimal, was {value!r}")
    return value


def _units(name: str, value: Decimal, decimals: int) -> int:
    if _finite(name, value) <= 0 or decimals_of(plain(value)) > decimals:
        raise ValueError(f"{name} must be above 0 with at most {decimals} decimals, was {value}")
    return units_of(value, decimals)
