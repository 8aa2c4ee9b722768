"""The story of one signal in words, from what the journal knows and what the audit log adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import attrs

from surefill.cli.moments import parse_moment
from surefill.domain.bracket import Bracket
from surefill.domain.events import (
    Absent,
    Answered,
    CancelAsked,
    Claimed,
    Closed,
    Covered,
    Event,
    Exited,
    Exposed,
    Intent,
    Missed,
    Planned,
    Reclaimed,
    Released,
    Reported,
    Seen,
    Waived,
    WrittenOff,
)
from surefill.domain.ids import STEM_LENGTH
from surefill.domain.numbers import plain
from surefill.domain.order import ZERO, Order, OrderRequest
from surefill.domain.reply import Reply, ReplyKind
from surefill.domain.report import ExecutionReport

_LEGS: Final = {"E": "entry", "S": "stop", "T": "target", "X": "exit"}
_ANSWERS: Final = {
    ReplyKind.ACCEPTED: "the exchange took it",
    ReplyKind.EXISTS: "the exchange has it already",
    ReplyKind.REJECTED: "the exchange refused it for good",
    ReplyKind.RETRYABLE: "the exchange refused it for now",
    ReplyKind.NOT_SENT: "it was not sent",
    ReplyKind.UNKNOWN: "no answer says what happened; nobody knows yet whether it was executed",
}
_FROM_AUDIT: Final = frozenset(
    {"signal_refused", "retry_attempt", "rate_limit", "api_error", "unprotected", "flattened", "late_fill", "alarm"}
)
"""What only the audit log tells; the rest of it stands in the journal already."""


@attrs.frozen
class Moment:
    """One sentence of the story: when, what, and who says so."""

    at_ms: int
    text: str
    source: str


def story_of(events: Sequence[Event], records: Iterable[Mapping[str, object]]) -> list[Moment]:
    """Return the story told by the journal's *events* of one signal and its *records* in the audit log."""
    moments = [Moment(event.at_ms, _sentence(event), "journal") for event in events]
    moments += [
        Moment(parse_moment(record.get("timestamp")), _audit_sentence(record), "audit")
        for record in records
        if record.get("event_type") in _FROM_AUDIT
    ]
    return sorted(moments, key=lambda moment: moment.at_ms)


def _sentence(event: Event) -> str:
    match event:
        case Claimed():
            signal = event.signal
            size = "all of ours" if event.quantity is None else plain(event.quantity)
            return f"taken on: {signal.type.value} {size} {signal.symbol}{_legs(signal.stop_loss, signal.take_profit)}"
        case Planned():
            return f"planned: {_plan(event.bracket)}"
        case Intent():
            again = "" if event.attempt == 1 else f", number {event.attempt}"
            return f"about to send the {event.leg.name.lower()}{again}: {_request(event.request)}"
        case Answered():
            return f"{_name(event.client_id)}: {_answer(event.reply)}"
        case Seen():
            return f"{_name(event.client_id)}: the exchange shows it {_order(event.order)}"
        case Reported():
            return f"reported: {_report(event.report)}"
        case Exited():
            return f"{plain(event.quantity)} of it closed by the exit {event.client_id}"
        case WrittenOff():
            return f"{plain(event.quantity)} of it is gone, and not by any order of ours"
        case Closed():
            return f"the books are closed: {event.closed_by.value}"
        case Missed() | Absent() | CancelAsked():
            return f"{_name(event.client_id)}: {_OF_ORDERS[type(event)]}"
        case Covered() | Exposed() | Waived() | Released() | Reclaimed():
            return _PLAIN[type(event)]
        case _:
            return type(event).__name__


_OF_ORDERS: Final[Mapping[type[Event], str]] = {
    Missed: "asked for, and the exchange does not show it",
    Absent: "believed never executed: its time is over and nothing shows it; it is watched on",
    CancelAsked: "about to be cancelled",
}
_PLAIN: Final[Mapping[type[Event], str]] = {
    Covered: "not naked any more: the stop was seen live, or the position is gone",
    Exposed: "NAKED: the position has no live stop",
    Waived: "the caller cancelled the protection himself; it is not put back",
    Released: "no order took effect; the id may be used again",
    Reclaimed: "the id is used again",
}


def _plan(bracket: Bracket) -> str:
    size = f"{bracket.direction.value} {plain(bracket.quantity)}"
    return f"{size}{_legs(bracket.stop_price, bracket.target_price)}, both on the exchange's grid"


def _legs(stop: Decimal | None, target: Decimal | None) -> str:
    words = [f"{name} {plain(price)}" for name, price in (("stop", stop), ("target", target)) if price is not None]
    return "".join(f", {word}" for word in words)


def _request(request: OrderRequest) -> str:
    text = f"{request.side.value} {plain(request.quantity)} at market"
    if request.trigger_price is not None and request.trigger_on is not None:
        text += f" once {request.trigger_on.value.lower()} reaches {plain(request.trigger_price)}"
    return f"{text} ({request.client_id})"


def _answer(reply: Reply) -> str:
    text = _ANSWERS[reply.kind]
    if reply.order is not None and reply.order.executed_quantity > ZERO:
        text += f" and shows it {_order(reply.order)}"
    why = [] if reply.refusal is None else [reply.refusal.value]
    why += [f"code {reply.code}"] if reply.code is not None else []
    why += [reply.text] if reply.text else []
    return f"{text}{' — ' if why else ''}{'; '.join(why)}"


def _order(order: Order) -> str:
    text = order.status.value
    if order.executed_quantity > ZERO:
        text += f", {plain(order.executed_quantity)} of {plain(order.quantity)} filled"
        text += "" if order.average_price is None else f" at {plain(order.average_price)}"
    return text + (f" ({order.reason})" if order.reason else "")


def _report(report: ExecutionReport) -> str:
    text = report.outcome.value
    if report.reason is not None:
        text += f" because {report.reason.value}"
    if report.filled_quantity > ZERO and report.average_price is not None:
        text += f", {plain(report.filled_quantity)} at {plain(report.average_price)}"
    if report.closed_by is not None:
        text += f", closed by {report.closed_by.value}"
    return text


def _name(client_id: str) -> str:
    leg, number = client_id[STEM_LENGTH : STEM_LENGTH + 1], client_id[STEM_LENGTH + 1 :]
    return f"the {_LEGS.get(leg, 'order')}{'' if number in ('', '1') else f' number {number}'}"


def _audit_sentence(record: Mapping[str, object]) -> str:
    kind = str(record.get("event_type")).replace("_", " ")
    response = record.get("response")
    words = response if isinstance(response, dict) else {}
    told = words.get("text") or words.get("why") or words.get("reason") or record.get("operation")
    return f"{kind}: {told}"
