"""The status of conditional orders: every change in one place, written to the ledger."""

from .algo_order import EXPIRED, NEW, OPEN_STATUSES, AlgoOrder
from .exact import text_of
from .order import direction_of
from .position import Position
from .state import State


def set_status(state: State, algo: AlgoOrder, status: str, reason: str = "") -> None:
    """Move *algo* to *status*: out of the triggers when it left NEW, out of the open orders when it is not open."""
    triggers = state.market(algo.symbol).triggers(algo.working_type)
    if status != NEW and algo.algo_id in triggers:
        triggers.remove(algo.algo_id)
    algo.status = status
    algo.reason = reason
    algo.updated_ms = state.now_ms
    if status not in OPEN_STATUSES:
        state.algos.close(algo)
    record_algo(state, algo)


def record_algo(state: State, algo: AlgoOrder) -> None:
    """Write the present state of *algo* to the ledger."""
    rules = state.listing.rules(algo.symbol)
    state.record(
        "algo",
        algo_id=algo.algo_id,
        client_algo_id=algo.client_algo_id,
        symbol=algo.symbol,
        side=algo.side,
        position_side=algo.position_side,
        type=algo.type,
        status=algo.status,
        trigger_price=text_of(algo.trigger_price, rules.price_decimals),
        working_type=algo.working_type,
        quantity=text_of(algo.quantity, rules.quantity_decimals),
        reduce_only=algo.reduce_only,
        close_position=algo.close_position,
        actual_order_id=str(algo.child_id) if algo.child_id else "",
        reason=algo.reason,
    )


def expire_with_position(state: State, position: Position) -> None:
    """Expire the waiting orders that live only as long as *position* can be closed by them (GTE).

    Plain reduce-only orders stay unless the settings say otherwise.
    """
    with_reduce_only = state.settings.reduce_only_algos_expire_with_position
    for algo in state.algos.open_orders(position.symbol):
        bound = algo.depends_on_position or (with_reduce_only and algo.reduce_only)
        waiting = algo.status == NEW and algo.position_side == position.side
        if bound and waiting and not position.closable(direction_of(algo.side)):
            set_status(state, algo, EXPIRED, "GTE condition no longer met")
