"""How long things took: the numbers that are published."""

from __future__ import annotations

import attrs

from surefill.domain.events import Absent, Answered, Event, Seen
from surefill.domain.reply import ReplyKind
from surefill.testing.invariants.lives import Lives
from surefill.testing.invariants.row import STEM_LENGTH, Row, leg_of, text, time_ms


@attrs.define(kw_only=True)
class Durations:
    """Measured while somebody lived: a dead process protects and finds out nothing.

    Attributes:
        stop_ms: of each signal, from the first fill of its entry to its first stop resting at the exchange.
        resolve_ms: of each entry or exit whose answer left its outcome unknown, from that answer to the verdict.
    """

    lives: Lives
    stop_ms: list[int] = attrs.field(factory=list[int])
    resolve_ms: list[int] = attrs.field(factory=list[int])
    _filled_ms: dict[str, int] = attrs.field(factory=dict[str, int])
    _stopped: set[str] = attrs.field(factory=set[str])
    _unknown_ms: dict[str, int] = attrs.field(factory=dict[str, int])

    def row(self, row: Row) -> None:
        """Take in a fill, or a stop."""
        if row["kind"] == "fill":
            client_id = text(row, "client_order_id")
            if leg_of(client_id) == "E":
                self._filled_ms.setdefault(client_id[:STEM_LENGTH], time_ms(row))
        elif row["kind"] == "algo" and row["status"] == "NEW":
            client_id = text(row, "client_algo_id")
            stem = client_id[:STEM_LENGTH]
            if leg_of(client_id) == "S" and stem in self._filled_ms and stem not in self._stopped:
                self._stopped.add(stem)
                self.stop_ms.append(self.lives.living_ms(self._filled_ms[stem], time_ms(row)))

    def keep(self, event: Event, at_ms: int) -> None:
        """Take in what the journal kept of an order, at *at_ms*."""
        if isinstance(event, Answered):
            if event.reply.kind is ReplyKind.UNKNOWN and leg_of(event.client_id) in ("E", "X"):
                self._unknown_ms.setdefault(event.client_id, at_ms)
        elif isinstance(event, (Seen, Absent)):
            since_ms = self._unknown_ms.pop(event.client_id, None)
            if since_ms is not None:
                self.resolve_ms.append(self.lives.living_ms(since_ms, at_ms))
