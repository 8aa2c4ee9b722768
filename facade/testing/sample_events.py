"""One event of every kind, complete enough to lose something if a journal is careless."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from surefill.domain import events as kinds
from surefill.domain.bracket import Bracket
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg
from surefill.domain.order import Order, OrderKind, OrderRequest, OrderStatus
from surefill.domain.refusal import Refusal
from surefill.domain.reply import Reply, ReplyKind
from surefill.domain.report import ClosedBy, Correction, ExecutionReport, Outcome
from surefill.domain.side import Direction, PositionMode, PositionSide, Side, SignalType, TriggerPrice
from surefill.domain.signal import Signal
from surefill.domain.snapshot import Watermark

SYMBOL = "BTCUSDT"
QUANTITY = Decimal("0.010")
STOP = Decimal("60000.50")
NAMESPACE = "contract"


def claim(signal_id: str, at_ms: int = 1_000, *, quantity: Decimal = QUANTITY) -> kinds.Claimed:
    """Return the claim of an entry signal."""
    signal = Signal(
        id=signal_id,
        symbol=SYMBOL,
        type=SignalType.LONG_ENTRY,
        stop_loss=STOP,
        created_at=datetime(2026, 11, 22, 10, tzinfo=UTC),
    )
    return kinds.Claimed(at_ms, signal_id, signal.digest(quantity), signal, quantity)


def remark(signal_id: str, at_ms: int) -> kinds.Missed:
    """Return an event that neither opens nor closes its signal; told apart by its time."""
    return kinds.Missed(at_ms, signal_id, "sf-remark")


def every_kind(signal_id: str) -> tuple[kinds.Event, ...]:
    """Return one event of every kind but the claim, in an order that leaves the signal closed."""
    bracket = Bracket(
        namespace=NAMESPACE,
        signal_id=signal_id,
        symbol=SYMBOL,
        direction=Direction.LONG,
        mode=PositionMode.ONE_WAY,
        quantity=QUANTITY,
        stop_price=STOP,
        target_price=None,
        trigger_on=TriggerPrice.MARK,
    )
    entry, stop = bracket.entry(1), bracket.stop(QUANTITY, 1)
    shown = _shown(stop)
    return (
        kinds.Planned(1, signal_id, bracket),
        kinds.Intent(
            2, signal_id, Leg.ENTRY, 1, entry, "d1", 2, 3_002, Watermark(7, 8), (kinds.Allotment(signal_id, QUANTITY),)
        ),
        kinds.Answered(
            3, signal_id, entry.client_id, Reply(ReplyKind.RETRYABLE, Refusal.RATE_LIMITED, -1003, "“slow”")
        ),
        kinds.Seen(4, signal_id, stop.client_id, shown),
        kinds.Missed(5, signal_id, entry.client_id),
        kinds.Absent(6, signal_id, entry.client_id),
        kinds.CancelAsked(7, signal_id, stop.client_id),
        kinds.CancelAsked(7, signal_id, stop.client_id, for_good=True),
        kinds.Exposed(8, signal_id),
        kinds.Covered(9, signal_id),
        kinds.Waived(10, signal_id),
        kinds.Exited(11, signal_id, "sf-exit", QUANTITY),
        kinds.WrittenOff(12, signal_id, Decimal("0.00000001")),
        kinds.Reported(13, signal_id, _report(signal_id, shown)),
        kinds.Frozen(14, SYMBOL, "an outcome is unknown"),
        kinds.Thawed(15, SYMBOL),
        kinds.Halted(16, HaltLevel.NO_ENTRIES, "line\nbreak, NUL \x00 and 测试"),
        kinds.Resumed(17, "all is well"),
        kinds.Released(18, signal_id),
        kinds.Reclaimed(19, signal_id),
        kinds.Closed(20, signal_id, ClosedBy.STOP_LOSS),
    )


def _shown(request: OrderRequest) -> Order:
    return Order(
        client_id=request.client_id,
        exchange_id="2000000000000001",
        symbol=SYMBOL,
        side=Side.SELL,
        kind=OrderKind.STOP,
        status=OrderStatus.NEW,
        quantity=QUANTITY,
        executed_quantity=Decimal(0),
        average_price=None,
        reduce_only=True,
        position_side=PositionSide.BOTH,
        trigger_price=STOP,
        trigger_on=TriggerPrice.MARK,
        conditional=True,
        updated_ms=4,
    )


def _report(signal_id: str, stop: Order) -> ExecutionReport:
    return ExecutionReport(
        signal_id=signal_id,
        symbol=SYMBOL,
        type=SignalType.LONG_ENTRY,
        outcome=Outcome.PROTECTED,
        filled_quantity=QUANTITY,
        average_price=Decimal("64210.50"),
        stop_loss=stop,
        naked_seconds=Decimal("0.412"),
        corrections=(Correction(12, Outcome.UNKNOWN, "it was found"),),
        at_ms=13,
    )
