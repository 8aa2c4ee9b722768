"""An order of unknown outcome: found by evidence, or believed absent after it; never resent to find out."""

from __future__ import annotations

from collections.abc import Callable

from ..domain.audit_record import AuditType
from ..domain.errors import AuthenticationError, OrderExecutionError
from ..domain.events import Absent, Seen
from ..domain.ids import Leg
from ..domain.leg_state import Fate, LegState
from ..domain.order import Order, Trade
from ..domain.resolution import Round, absent, trades_after, unexplained_trades, window_closed_ms
from ..domain.signal_state import total
from ..domain.snapshot import Snapshot, Watermark
from .decide import glance
from .desk import Desk
from .losses import lost_elsewhere
from .observe import inquire, unanswered
from .takeover import history_since
from .unprotected import pause_between_looks, tell_unknown


def resolve(desk: Desk, leg: LegState, *, until_ms: int) -> None:
    """Look for *leg* until it is found or may be believed absent, or until *until_ms*, when the question stays open.

    First it is polled by id while the request may still be accepted; after that, rounds with every witness: the order
    itself, the orders and fills since its watermark, and the position. Rounds count on from call to call.
    """
    symbol = leg.intent.request.symbol
    if leg.client_id not in desk.rounds:
        desk.note(
            AuditType.OUTCOME_UNKNOWN, "resolve", symbol=symbol, signal_id=leg.intent.signal_id, client_id=leg.client_id
        )
    wait_ms = desk.timings.poll_ms
    while True:
        began = desk.now_ms()
        clean = _round(desk, leg, witnesses=began > window_closed_ms(leg.intent, desk.timings))
        if leg.fate is not Fate.OPEN_QUESTION:
            break
        before = desk.rounds.get(leg.client_id, ())
        # a trace starts the count anew; a witness that was not heard proves nothing, neither now nor of before
        desk.rounds[leg.client_id] = () if clean is False else (*before, Round(began, clean=True)) if clean else before
        if absent(leg.intent, desk.rounds[leg.client_id], desk.timings):
            desk.record(Absent(desk.now_ms(), leg.intent.signal_id, leg.client_id), vital=True)
            break
        left_ms = until_ms - desk.now_ms()
        if left_ms <= 0:
            if desk.now_ms() - leg.intent.at_ms >= desk.timings.verdict_ms:
                tell_unknown(desk, leg)
            return
        pause_between_looks(desk, wait_ms, at_most_ms=left_ms)
        wait_ms = min(wait_ms * 2, desk.timings.poll_max_ms)
    desk.rounds.pop(leg.client_id, None)
    desk.note(
        AuditType.OUTCOME_RESOLVED,
        "resolve",
        symbol=symbol,
        signal_id=leg.intent.signal_id,
        client_id=leg.client_id,
        response={"fate": leg.fate.value, "executed": leg.executed},
    )


def _round(desk: Desk, leg: LegState, *, witnesses: bool) -> bool | None:
    """Look once; return whether no witness knew anything, and None when not all of them were heard.

    Each is asked by itself: one that does not answer must not keep the others from being heard.
    """
    heard = _hear(desk, leg, lambda: _asked(desk, leg))
    if leg.fate is not Fate.OPEN_QUESTION or (heard and not witnesses):
        return None
    nothing = _hear(desk, leg, lambda: _nothing_listed(desk, leg))
    return nothing if nothing is False or (heard and witnesses) else None


def _asked(desk: Desk, leg: LegState) -> bool:
    inquire(desk, [leg])
    return True


def _hear(desk: Desk, leg: LegState, witness: Callable[[], bool]) -> bool | None:
    """Return what a witness says; None when it does not answer."""
    try:
        return witness()
    except (OrderExecutionError, AuthenticationError) as error:
        unanswered(desk, error, leg.intent.request.symbol)
        return None


def _nothing_listed(desk: Desk, leg: LegState) -> bool:
    """Whether neither the orders nor the fills since *leg* was sent, nor the position, show anything of it.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
    """
    symbol = leg.intent.request.symbol
    began, mark = desk.now_ms(), leg.intent.watermark or Watermark()

    def told(orders: tuple[Order, ...]) -> None:
        for order in orders:
            if order.client_id == leg.client_id:
                desk.record(Seen(began, leg.intent.signal_id, leg.client_id, order), vital=True)

    history = history_since(desk, symbol, mark, told)
    if leg.fate is not Fate.OPEN_QUESTION:
        return False
    unexplained = unexplained_trades(history, mark)
    if unexplained:
        tell_unknown(desk, leg)  # something happened that may be ours, and cannot be protected before it is known to be
    snapshot = glance(desk, symbol)
    if _moved(desk, leg, snapshot, trades_after(history, mark)):
        tell_unknown(desk, leg)
        return False
    return not unexplained


def _moved(desk: Desk, leg: LegState, snapshot: Snapshot, trades: tuple[Trade, ...]) -> bool:
    """Whether the position shows what *leg* would have done: an entry adds size, an exit takes some away.

    Size may have been missing before the exit was sent. Then the fills since our entries explain it. Size that is not
    ours says nothing of an exit: it may have been there for long, and stay.
    """
    book, side = desk.symbol_book(snapshot.symbol), leg.intent.request.side
    if leg.intent.leg is Leg.ENTRY:
        return bool(book.foreign(snapshot))
    missing = {each: gap for each, gap in book.missing(snapshot).items() if each.exit_side is side}
    lost = total(tuple(missing.values()))
    if lost <= total(tuple(trade.quantity for trade in trades if trade.side is side)):
        return False
    return lost > total(tuple(lost_elsewhere(desk, book, snapshot, missing).values()))
