"""What the edges of a world told, on its way to the judge: hashed, and measured."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import attrs

from surefill.adapters.wire.call import WireAnswer
from surefill.domain.events import Absent, Seen
from surefill.testing.invariants.evidence import Carried, Evidence, Kept, Life
from surefill.testing.invariants.row import STEM_LENGTH, Row, leg_of, text, time_ms
from surefill.testing.world.notebook import Notebook


@attrs.define
class Stopwatch:
    """Takes times by the exchange's clock; what a death interrupts is not counted.

    Attributes:
        stop_s: from each fill of an entry to its stop resting at the exchange, seconds.
        resolve_s: from each lost answer to an entry or exit to the truth in the journal, seconds.
    """

    stop_s: list[float] = attrs.field(factory=list[float])
    resolve_s: list[float] = attrs.field(factory=list[float])
    _filled_ms: dict[str, int] = attrs.field(factory=dict[str, int])
    _lost_ms: dict[str, int] = attrs.field(factory=dict[str, int])

    def take(self, evidence: Evidence) -> None:
        """Take in what is new."""
        if any(not life.alive for life in evidence.lives):
            self._filled_ms.clear()
            self._lost_ms.clear()
            return
        for row in evidence.rows:
            self._row(row)
        for carried in evidence.carried:
            self._carried(carried)
        for kept in evidence.kept:
            self._kept(kept)

    def _row(self, row: Row) -> None:
        if row["kind"] == "fill":
            client_id = text(row, "client_order_id")
            stem = client_id[:STEM_LENGTH]
            if leg_of(client_id) == "E":
                self._filled_ms.setdefault(stem, time_ms(row))
            else:
                self._filled_ms.pop(stem, None)
        elif row["kind"] == "algo" and row["status"] == "NEW" and leg_of(text(row, "client_algo_id")) == "S":
            filled_ms = self._filled_ms.pop(text(row, "client_algo_id")[:STEM_LENGTH], None)
            if filled_ms is not None:
                self.stop_s.append((time_ms(row) - filled_ms) / 1000)

    def _carried(self, carried: Carried) -> None:
        client_id = carried.call.params.get("newClientOrderId", "")
        if carried.call.method != "POST" or leg_of(client_id) is None or carried.arrived_ms is None:
            return
        answered = isinstance(carried.result, WireAnswer) and carried.result.status < 500
        if not answered:
            self._lost_ms.setdefault(client_id, carried.arrived_ms)

    def _kept(self, kept: Kept) -> None:
        if isinstance(kept.event, (Seen, Absent)):
            lost_ms = self._lost_ms.pop(kept.event.client_id, None)
            if lost_ms is not None:
                self.resolve_s.append(max(0, kept.at_ms - lost_ms) / 1000)


@attrs.define
class MeteredNotebook(Notebook):
    """A notebook that hashes and measures what it hands to the judge.

    Attributes:
        stopwatch: the times.
        deaths: processes that ended.
    """

    stopwatch: Stopwatch = attrs.field(factory=Stopwatch)
    deaths: int = 0
    _hash: blake2b = attrs.field(factory=lambda: blake2b(digest_size=16))

    def evidence(self) -> Evidence:
        """Return what is new since the last call."""
        new = Notebook.evidence(self)
        self._digest(new.rows, new.kept)
        self._count(new.lives)
        self.stopwatch.take(new)
        return new

    @property
    def fingerprint(self) -> str:
        """The hash over every ledger row and every journal event handed over so far."""
        return self._hash.hexdigest()

    def _count(self, lives: Iterable[Life]) -> None:
        self.deaths += sum(1 for life in lives if not life.alive)

    def _digest(self, rows: Iterable[Row], kept: Iterable[Kept]) -> None:
        for row in rows:
            self._hash.update(repr(tuple(row.values())).encode())
        for each in kept:
            self._hash.update(f"{each.at_ms} {each.owner} {each.event!r}".encode())
