"""One order of ours as the journal's facts show it."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import attrs

from .events import Intent
from .order import ZERO, Order, OrderStatus
from .refusal import Refusal
from .reply import NOTHING_HAPPENED, Reply, ReplyKind


class Fate(Enum):
    """What is known of a sent order."""

    NOTHING = "NOTHING"  # known not to have been executed
    OPEN = "OPEN"  # known to have been taken, and not to have ended
    ENDED = "ENDED"  # known to have ended, with or without a fill
    OPEN_QUESTION = "OPEN_QUESTION"  # sent, perhaps; nobody knows
    ABSENT = "ABSENT"  # believed never executed; watched


@attrs.define
class LegState:
    """One order of ours: what was intended, answered, and seen.

    Attributes:
        intent: what was written before it was sent.
        reply: the answer to its one send; None while there was none.
        answered_ms: when the answer came.
        order: the truest sight of it; None when never seen.
        sighted_ms: when the reading of that sight began.
        inquired_ms: when the exchange was last asked for it by id.
        missing_since_ms: since when such questions found nothing.
        absent_ms: since when it is believed absent.
        cancel_asked_ms: when we asked for its cancellation.
        for_good: the caller wanted that, and nothing has shown since that it did not come through.
        triggering_since_ms: since when it is between its trigger and its end, by the exchange's word if it says so.
    """

    intent: Intent
    reply: Reply | None = None
    answered_ms: int | None = None
    order: Order | None = None
    sighted_ms: int = 0
    inquired_ms: int = 0
    missing_since_ms: int | None = None
    absent_ms: int | None = None
    cancel_asked_ms: int | None = None
    for_good: bool = False
    triggering_since_ms: int | None = None

    @property
    def client_id(self) -> str:
        """Its client id."""
        return self.intent.request.client_id

    @property
    def fate(self) -> Fate:
        """What is known of it. A sight outweighs an answer, an answer outweighs silence."""
        if self.order is not None:
            return Fate.ENDED if self.order.final else Fate.OPEN
        if self.reply is not None and self.reply.kind in NOTHING_HAPPENED:
            return Fate.NOTHING
        if self.absent_ms is not None:
            return Fate.ABSENT
        if self.reply is not None and self.reply.kind is ReplyKind.ACCEPTED:
            return Fate.OPEN
        return Fate.OPEN_QUESTION

    @property
    def executed(self) -> Decimal:
        """What is known to have been filled, base units."""
        return ZERO if self.order is None else self.order.executed_quantity

    @property
    def quantity(self) -> Decimal:
        """What was asked for, base units."""
        return self.intent.request.quantity

    @property
    def refusal(self) -> Refusal | None:
        """Why the exchange refused it, at once or when its trigger was reached."""
        if self.order is not None and self.order.status is OrderStatus.REJECTED:
            return Refusal.BAD_REQUEST
        return self.reply.refusal if self.reply is not None and self.reply.kind in NOTHING_HAPPENED else None

    @property
    def refused_for_good(self) -> bool:
        """Whether the very same request would be refused again."""
        return self.order is None and self.reply is not None and self.reply.kind is ReplyKind.REJECTED

    @property
    def renounced(self) -> bool:
        """Whether it is gone because the caller wanted it so: nothing is to take its place."""
        return self.for_good and self.order is not None and self.order.status is OrderStatus.CANCELED

    def take(self, order: Order, at_ms: int) -> None:
        """Take in what an answer or a reading showed of it."""
        self.order = order if self.order is None else self.order.seen_again(order)
        if self.order.resting or self.order.final:
            self.triggering_since_ms = None
        elif self.triggering_since_ms is None:
            self.triggering_since_ms = at_ms if order.triggered_ms is None else min(at_ms, order.triggered_ms)

    def sight(self, order: Order, at_ms: int) -> None:
        """Take in a reading that began at *at_ms*.

        An answer to a send is no reading: a stop must be seen after it was acknowledged.
        """
        self.take(order, at_ms)
        self.for_good = self.for_good and self.fate is Fate.ENDED
        self.sighted_ms = max(self.sighted_ms, at_ms)
        self.inquired_ms = max(self.inquired_ms, at_ms)
        self.missing_since_ms = None
