"""What the journal keeps: facts, in the order they became known. Everything else is derived from them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar, TypeAlias

import attrs

from .bracket import Bracket
from .codec import fields_to_json, from_json
from .halt import HaltLevel
from .ids import Leg
from .order import Order, OrderRequest
from .reply import Reply
from .report import ClosedBy, ExecutionReport
from .signal import Signal
from .snapshot import Watermark


@attrs.frozen
class Claimed:
    """The signal id is taken, by this decision and no other."""

    signal_open: ClassVar[bool | None] = True
    at_ms: int
    signal_id: str
    digest: str
    signal: Signal
    quantity: Decimal | None


@attrs.frozen
class Planned:
    """The bracket is fixed."""

    signal_open: ClassVar[bool | None] = None
    at_ms: int
    signal_id: str
    bracket: Bracket


@attrs.frozen
class Allotment:
    """How much of an exit order is meant for the bracket of `signal_id`."""

    signal_id: str
    quantity: Decimal


@attrs.frozen
class Intent:
    """An order is about to be sent. It is on disk before its first byte leaves.

    Attributes:
        digest: joins it with what the exchange received.
        timestamp_ms: stamped into the request.
        not_after_ms: exchange time after which the exchange refuses the request.
        watermark: the newest order and trade before it; entries and exits only.
        allotments: whose size an exit closes, in order; exits only.
    """

    signal_open: ClassVar[bool | None] = None
    at_ms: int
    signal_id: str
    leg: Leg
    attempt: int
    request: OrderRequest
    digest: str
    timestamp_ms: int
    not_after_ms: int
    watermark: Watermark | None = None
    allotments: tuple[Allotment, ...] = ()


@attrs.frozen
class Answered:
    """The reply to the one send of `client_id`."""

    signal_open: ClassVar[bool | None] = None
    at_ms: int
    signal_id: str
    client_id: str
    reply: Reply


@attrs.frozen
class Seen:
    """The exchange showed the order so; `at_ms` is when that reading began."""

    signal_open: ClassVar[bool | None] = None
    at_ms: int
    signal_id: str
    client_id: str
    order: Order


@attrs.frozen
class Missed:
    """The exchange was asked for the order and did not show it."""

    signal_open: ClassVar[bool | None] = None
    at_ms: int
    signal_id: str
    client_id: str


@attrs.frozen
class Absent:
    """The order is believed never to have been executed: its window closed and every witness was silent.

    It is provisional: a late watch goes on.
    """

    signal_open: ClassVar[bool | None] = None
    at_ms: int
    signal_id: str
    client_id: str


@attrs.frozen
class CancelAsked:
    """We are about to ask the exchange to cancel the order; *for_good*: the caller wants nothing in its place."""

    signal_open: ClassVar[bool | None] = None
    at_ms: int
    signal_id: str
    client_id: str
    for_good: bool = False


@attrs.frozen
class Covered:
    """The position of the signal has a live stop: it is not naked any more."""

    signal_open: ClassVar[bool | None] = None
    at_ms: int
    signal_id: str


@attrs.frozen
class Exposed:
    """The position of the signal was found without a live stop."""

    signal_open: ClassVar[bool | None] = None
    at_ms: int
    signal_id: str


@attrs.frozen
class Waived:
    """The caller cancelled the protection himself: it is not put back."""

    signal_open: ClassVar[bool | None] = None
    at_ms: int
    signal_id: str


@attrs.frozen
class Exited:
    """The exit order `client_id`, of this signal or another, has closed `quantity` of this signal's position so far."""

    signal_open: ClassVar[bool | None] = None
    at_ms: int
    signal_id: str
    client_id: str
    quantity: Decimal


@attrs.frozen
class WrittenOff:
    """So much of the signal's position is gone, and not by any order of ours."""

    signal_open: ClassVar[bool | None] = None
    at_ms: int
    signal_id: str
    quantity: Decimal


@attrs.frozen
class Reported:
    """The report the caller got, or would get now."""

    signal_open: ClassVar[bool | None] = None
    at_ms: int
    signal_id: str
    report: ExecutionReport


@attrs.frozen
class Released:
    """No order of the signal took effect: the id may be used again by the same decision."""

    signal_open: ClassVar[bool | None] = False
    at_ms: int
    signal_id: str


@attrs.frozen
class Reclaimed:
    """A released id is used again."""

    signal_open: ClassVar[bool | None] = True
    at_ms: int
    signal_id: str


@attrs.frozen
class Closed:
    """Nothing of the signal is open any more: no position, no order, no question."""

    signal_open: ClassVar[bool | None] = False
    at_ms: int
    signal_id: str
    closed_by: ClosedBy


@attrs.frozen
class Halted:
    """The kill switch was set; from *outside*, it is released when the outer switch is."""

    signal_open: ClassVar[bool | None] = None
    signal_id: ClassVar[str | None] = None
    at_ms: int
    level: HaltLevel
    reason: str
    outside: bool = False


@attrs.frozen
class Resumed:
    """The kill switch was released."""

    signal_open: ClassVar[bool | None] = None
    signal_id: ClassVar[str | None] = None
    at_ms: int
    reason: str


@attrs.frozen
class Frozen:
    """The symbol takes no entries until a person or a verdict thaws it."""

    signal_open: ClassVar[bool | None] = None
    signal_id: ClassVar[str | None] = None
    at_ms: int
    symbol: str
    reason: str


@attrs.frozen
class Thawed:
    """The symbol takes entries again."""

    signal_open: ClassVar[bool | None] = None
    signal_id: ClassVar[str | None] = None
    at_ms: int
    symbol: str


SignalEvent: TypeAlias = (
    Claimed
    | Planned
    | Intent
    | Answered
    | Seen
    | Missed
    | Absent
    | CancelAsked
    | Covered
    | Exposed
    | Waived
    | Exited
    | WrittenOff
    | Reported
    | Released
    | Reclaimed
    | Closed
)
GlobalEvent: TypeAlias = Halted | Resumed | Frozen | Thawed
Event: TypeAlias = SignalEvent | GlobalEvent

KINDS: Mapping[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        Claimed,
        Planned,
        Intent,
        Answered,
        Seen,
        Missed,
        Absent,
        CancelAsked,
        Covered,
        Exposed,
        Waived,
        Exited,
        WrittenOff,
        Reported,
        Released,
        Reclaimed,
        Closed,
        Halted,
        Resumed,
        Frozen,
        Thawed,
    )
}
"""Every kind of event by its name in the journal; a name, once used, is never given another meaning."""


def encode(event: Event) -> tuple[str, dict[str, object]]:
    """Return an event's kind and its body as JSON values."""
    return type(event).__name__, fields_to_json(event)


def decode(kind: str, body: Mapping[str, object]) -> Event:
    """Rebuild an event.

    Raises:
        ValueError: the kind is not known to this version, or the body does not have its shape.
    """
    if kind not in KINDS:
        raise ValueError(f"event kind {kind!r} is not known to this version of surefill")
    return from_json(KINDS[kind], body)
