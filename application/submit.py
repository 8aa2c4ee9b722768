"""Sending: intent on disk, then the bytes, once."""

from __future__ import annotations

import attrs

from ..domain.audit_record import AuditType
from ..domain.events import Allotment, Answered, Intent
from ..domain.ids import Leg
from ..domain.leg_state import LegState
from ..domain.order import OrderRequest, Purpose
from ..domain.refusal import Refusal
from ..domain.reply import Reply, ReplyKind
from ..domain.snapshot import Watermark
from ..ports.exchange import Prepared
from .desk import Desk


@attrs.frozen(kw_only=True)
class Wanted:
    """An order to send for one signal.

    Attributes:
        watermark: the newest order and trade before it, for entries and exits.
        allotments: whose size an exit closes.
    """

    signal_id: str
    leg: Leg
    attempt: int
    request: OrderRequest
    watermark: Watermark | None = None
    allotments: tuple[Allotment, ...] = ()


def submit(desk: Desk, *orders: Wanted) -> tuple[LegState, ...]:
    """Send each order once and return what became known of each, in the same order.

    All intents are committed together before the first byte of any is sent. If they cannot be, an entry is not sent;
    protection and exits are, for they can only reduce.

    Raises:
        JournalError: the intent of an entry could not be kept; nothing was sent.
    """
    prepared = [desk.exchange.prepare(order.request) for order in orders]
    vital = all(order.request.purpose is not Purpose.ENTRY for order in orders)
    desk.record(*(_intent(desk, *pair) for pair in zip(orders, prepared, strict=True)), vital=vital)
    replies = (desk.exchange.send(prepared[0]),) if len(prepared) == 1 else desk.exchange.send_together(prepared)
    for order, reply in zip(orders, replies, strict=True):
        _note(desk, order, reply)  # before the journal: a crash in between tells it twice, never not at all
    now = desk.now_ms()
    desk.record(
        *(
            Answered(now, order.signal_id, order.request.client_id, reply)
            for order, reply in zip(orders, replies, strict=True)
        ),
        vital=True,
    )
    return tuple(desk.known_state(order.signal_id).legs[order.request.client_id] for order in orders)


def _intent(desk: Desk, order: Wanted, prepared: Prepared) -> Intent:
    return Intent(
        at_ms=desk.now_ms(),
        signal_id=order.signal_id,
        leg=order.leg,
        attempt=order.attempt,
        request=order.request,
        digest=prepared.digest,
        timestamp_ms=prepared.timestamp_ms,
        not_after_ms=prepared.not_after_ms,
        watermark=order.watermark,
        allotments=order.allotments,
    )


def _note(desk: Desk, order: Wanted, reply: Reply) -> None:
    desk.note(
        AuditType.RATE_LIMIT if reply.refusal in _LIMITS else _AUDIT_TYPES[reply.kind],
        order.leg.name.lower(),
        symbol=order.request.symbol,
        signal_id=order.signal_id,
        client_id=order.request.client_id,
        order_data=order.request,
        response=reply,
    )


_LIMITS = (Refusal.RATE_LIMITED, Refusal.BANNED)
_AUDIT_TYPES = {
    ReplyKind.ACCEPTED: AuditType.ORDER_PLACED,
    ReplyKind.EXISTS: AuditType.ORDER_PLACED,
    ReplyKind.REJECTED: AuditType.ORDER_REJECTED,
    ReplyKind.RETRYABLE: AuditType.API_ERROR,
    ReplyKind.NOT_SENT: AuditType.API_ERROR,
    ReplyKind.UNKNOWN: AuditType.OUTCOME_UNKNOWN,
}
