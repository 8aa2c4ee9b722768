"""What came back after one request was sent once."""

from __future__ import annotations

from enum import Enum

import attrs

from .order import Order
from .refusal import Refusal


class ReplyKind(Enum):
    """What we may conclude about the request. Anything not on a written list is UNKNOWN."""

    NOT_SENT = "NOT_SENT"  # no byte reached the exchange
    REJECTED = "REJECTED"  # refused for good; nothing was executed
    RETRYABLE = "RETRYABLE"  # refused for now; nothing was executed
    ACCEPTED = "ACCEPTED"  # taken: it was parsed strictly, and our id, symbol and side were echoed
    EXISTS = "EXISTS"  # an open order with that id, or of that kind, is already there
    UNKNOWN = "UNKNOWN"  # it may or may not have happened


NOTHING_HAPPENED = frozenset({ReplyKind.NOT_SENT, ReplyKind.REJECTED, ReplyKind.RETRYABLE})
"""The kinds after which we know that the request had no effect."""

UNCLEAR = frozenset({ReplyKind.EXISTS, ReplyKind.UNKNOWN})
"""The kinds after which only the exchange can tell what became of it."""


@attrs.frozen
class Reply:
    """The exchange's answer to one sent request, in the core's words.

    Attributes:
        kind: what may be concluded.
        refusal: why, for NOT_SENT, REJECTED, RETRYABLE and EXISTS.
        code: the exchange's own error code, for people.
        text: the exchange's own words, cut short, for people.
        order: the order as the answer showed it, when it did.
        retry_after_ms: how long the exchange asked us to wait.
    """

    kind: ReplyKind
    refusal: Refusal | None = None
    code: int | None = None
    text: str = ""
    order: Order | None = None
    retry_after_ms: int | None = None
