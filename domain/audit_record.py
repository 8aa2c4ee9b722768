"""One line of the audit log, before it gets its number and its chain."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import attrs


class AuditType(Enum):
    """What kind of thing happened."""

    SIGNAL_CLAIMED = "signal_claimed"
    SIGNAL_REFUSED = "signal_refused"
    ORDER_PLACED = "order_placed"
    ORDER_REJECTED = "order_rejected"
    ORDER_UPDATED = "order_updated"
    RETRY_ATTEMPT = "retry_attempt"
    RATE_LIMIT = "rate_limit"
    API_ERROR = "api_error"
    OUTCOME_UNKNOWN = "outcome_unknown"
    OUTCOME_RESOLVED = "outcome_resolved"
    PROTECTION_PLACED = "protection_placed"
    UNPROTECTED = "unprotected"
    FLATTENED = "flattened"
    ORPHAN_CANCELLED = "orphan_cancelled"
    ORDERS_CANCELLED = "orders_cancelled"
    LATE_FILL = "late_fill"
    BRACKET_CLOSED = "bracket_closed"
    REPORTED = "reported"
    ALARM = "alarm"
    CONFIG_CHANGED = "config_changed"
    HALTED = "halted"
    RESUMED = "resumed"
    STARTED = "started"
    STOPPED = "stopped"


@attrs.frozen
class AuditRecord:
    """One thing that happened.

    Attributes:
        at_ms: exchange time, UTC milliseconds.
        type: what kind of thing.
        operation: the verb at work, for example ``execute_signal``.
        symbol: the symbol concerned, when there is one.
        order_data: what was asked for; JSON values only, numbers as text.
        response: what came back; JSON values only.
        signal_id: the signal concerned, when there is one.
        client_order_id: the order concerned, when there is one.
        environment: where it happened: paper, local, testnet or live.
    """

    at_ms: int
    type: AuditType
    operation: str
    environment: str
    symbol: str | None = None
    order_data: Mapping[str, object] = attrs.field(factory=dict[str, object])
    response: Mapping[str, object] = attrs.field(factory=dict[str, object])
    signal_id: str | None = None
    client_order_id: str | None = None
