"""The caller's word beats the guard: cancelling everything, stops included."""

from __future__ import annotations

import attrs

from ..domain.alarm import AlarmKind
from ..domain.audit_record import AuditType
from ..domain.events import CancelAsked, Waived
from ..domain.ids import parse_ours
from ..domain.leg_state import Fate, LegState
from ..domain.order import ZERO, Order
from ..domain.snapshot import Snapshot
from .desk import Desk
from .observe import inquire, look, take_outcomes


@attrs.frozen
class CancelReport:
    """What became of the open orders of a symbol.

    Attributes:
        cancelled: client ids that are gone.
        failed: client ids whose cancellation was refused, with the exchange's words.
        still_open: client ids still shown open afterwards.
        unprotected: signals whose open position has no stop now.
    """

    cancelled: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    still_open: tuple[str, ...]
    unprotected: tuple[str, ...]


def cancel_all(desk: Desk, symbol: str, *, only_ours: bool) -> CancelReport:
    """Cancel the open orders of *symbol* in both services; the caller holds its turn.

    Protection that is cancelled so is waived: the guard does not put it back, and one alarm says which positions are
    naked.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
    """
    before = look(desk, symbol)
    shown = _ids(before)
    inquire(desk, [leg for leg in _open_legs(desk, symbol) if leg.client_id not in shown])  # it may have just filled
    targets = tuple(
        order
        for order in (*before.conditionals, *before.orders)
        if not only_ours or parse_ours(order.client_id, desk.namespace) is not None
    )
    unprotected = _waive(desk, symbol, targets)
    failed: tuple[tuple[str, str], ...] = ()
    if only_ours:
        outcomes = desk.exchange.cancel([order.key for order in targets])
        take_outcomes(desk, symbol, outcomes)
        failed = tuple((each.client_id, each.text) for each in outcomes if not each.cancelled)
    else:
        desk.exchange.cancel_everything(symbol)
    shown = _ids(look(desk, symbol))
    still_open = tuple(order.client_id for order in targets if order.client_id in shown)
    report = CancelReport(
        cancelled=tuple(order.client_id for order in targets if order.client_id not in shown),
        failed=failed,
        still_open=still_open,
        unprotected=unprotected,
    )
    desk.note(
        AuditType.ORDERS_CANCELLED,
        "cancel_all_orders",
        symbol=symbol,
        order_data={"only_ours": only_ours},
        response=report,
    )
    return report


def _waive(desk: Desk, symbol: str, targets: tuple[Order, ...]) -> tuple[str, ...]:
    """Write down, before the first cancel, what is about to lose its protection by the caller's own wish."""
    ids = {order.client_id for order in targets}
    now = desk.now_ms()
    unprotected: list[str] = []
    for state in desk.symbol_book(symbol).signals:
        doomed = [client_id for client_id in state.legs if client_id in ids]
        if not doomed:
            continue
        desk.record(*(CancelAsked(now, state.signal_id, client_id) for client_id in doomed), vital=True)
        if state.open_quantity > ZERO:
            desk.record(Waived(now, state.signal_id), vital=True)
            unprotected.append(state.signal_id)
    if unprotected:
        desk.alarm(
            AlarmKind.WAIVED,
            f"cancel_all_orders took the protection of {', '.join(unprotected)} on {symbol}; it is not put back",
            symbol=symbol,
        )
    return tuple(unprotected)


def _open_legs(desk: Desk, symbol: str) -> list[LegState]:
    signals = desk.symbol_book(symbol).signals
    return [leg for state in signals for leg in state.legs.values() if leg.fate is Fate.OPEN]


def _ids(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(order.client_id for order in (*snapshot.conditionals, *snapshot.orders))
