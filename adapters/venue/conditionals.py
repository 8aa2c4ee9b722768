"""The conditional (algo) order service: from placement over the trigger to the child order in the book."""

import attrs

from .algo_order import (
    CANCELED,
    EXPIRED,
    FINISHED,
    NEW,
    REJECTED,
    TRIGGERED,
    TRIGGERING,
    AlgoOrder,
)
from .algo_status import record_algo, set_status
from .margin import check_affordable
from .matching import run_market_order
from .order import Order, direction_of
from .order_checks import check_depth, check_lot, check_reduces, check_symbol, is_closing_side
from .refusals import Refused
from .state import State

REDUCE_ONLY_REJECT = "Reduce Only reject"
"""The reason of a reduce-only order that triggers without a position (Binance docs: Event Algo Order Update, rm)."""


@attrs.define
class Conditionals:
    """Waiting orders and what becomes of them when a price reaches their trigger."""

    state: State

    def rest(self, algo: AlgoOrder) -> None:
        """Let a checked order wait for its trigger."""
        self.state.algos.add(algo)
        triggers = self.state.market(algo.symbol).triggers(algo.working_type)
        triggers.add(algo.algo_id, algo.trigger_price, algo.trigger_direction)
        record_algo(self.state, algo)

    def cancel(self, algo: AlgoOrder) -> None:
        """Cancel a waiting order; -2011 when it is no longer waiting, TRIGGERING included."""
        if algo.status != NEW:
            raise Refused(-2011)
        set_status(self.state, algo, CANCELED)

    def cancel_all(self, symbol: str) -> None:
        """Cancel every waiting order of *symbol*."""
        for algo in self.state.algos.open_orders(symbol):
            if algo.status == NEW:
                set_status(self.state, algo, CANCELED)

    def on_trigger(self, algo_id: int) -> None:
        """Send an order whose trigger was reached on its way into the book; it arrives after the trigger latency."""
        algo = self.state.algos.get(algo_id)
        algo.triggered_ms = self.state.now_ms
        if algo.price_protect and self._is_protected(algo):
            set_status(self.state, algo, EXPIRED, "Price protection")
            return
        set_status(self.state, algo, TRIGGERING)
        if not self.state.switches.is_stuck(algo.client_algo_id):
            due_ms = self.state.now_ms + self.state.settings.trigger_latency_ms
            self.state.timers.add(due_ms, lambda: self.release(algo))

    def release(self, algo: AlgoOrder) -> None:
        """Let the child order reach the book: it is checked only now, for margin too, and runs to its end."""
        if algo.status != TRIGGERING:
            return
        state, direction = self.state, direction_of(algo.side)
        position = state.account.position(algo.symbol, algo.position_side)
        quantity = position.closable(direction) if algo.close_position else algo.quantity
        try:
            self._check_child(algo, quantity)
        except Refused as refusal:
            set_status(state, algo, REJECTED, REDUCE_ONLY_REJECT if refusal.code == -2022 else refusal.message)
            return
        child = Order(
            order_id=state.ids.order_id(algo.symbol),
            client_order_id=algo.client_algo_id,
            symbol=algo.symbol,
            side=algo.side,
            position_side=algo.position_side,
            type="MARKET",
            quantity=quantity,
            # A closing child may not open: in one-way mode closePosition acts as reduce-only.
            reduce_only=algo.reduce_only or algo.close_position,
            created_ms=state.now_ms,
            updated_ms=state.now_ms,
            original_type=algo.type,
            stop_price=algo.trigger_price,
            working_type=algo.working_type,
            price_protect=algo.price_protect,
            close_position=algo.close_position,
        )
        algo.child_id = child.order_id
        set_status(state, algo, TRIGGERED)
        run_market_order(state, child, lambda: set_status(state, algo, FINISHED))

    def _check_child(self, algo: AlgoOrder, quantity: int) -> None:
        state, market, direction = self.state, self.state.market(algo.symbol), direction_of(algo.side)
        if state.switches.is_rejected(algo.client_algo_id):
            raise Refused(-2019)
        position = state.account.position(algo.symbol, algo.position_side)
        bound = algo.reduce_only or algo.close_position
        check_symbol(market.rules, closing=bound or is_closing_side(algo.position_side, direction))
        if not algo.close_position:
            check_lot(market.rules.market_lot, quantity)
        check_depth(market, direction)
        check_reduces(position, direction, quantity, reduce_only=bound)
        wanted = min(quantity, position.closable(direction)) if bound else quantity
        check_affordable(state, algo.symbol, position, direction, wanted)

    def _is_protected(self, algo: AlgoOrder) -> bool:
        """Whether mark and last price are further apart than triggerProtect, as a fraction of the mark price."""
        market = self.state.market(algo.symbol)
        if market.rules.trigger_protect is None:
            return False
        numerator, denominator = market.rules.trigger_protect.as_integer_ratio()
        return abs(market.mark - market.last) * denominator > market.mark * numerator
