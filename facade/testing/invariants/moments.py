"""Facts from several witnesses, put into the one order in which they happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import TypeAlias, cast

import attrs

from surefill.testing.invariants.evidence import Carried, Evidence, Kept, Life, Told
from surefill.testing.invariants.row import Row

Fact: TypeAlias = Row | Kept | Carried | Told | Life


@attrs.define
class Moments:
    """Orders facts by the ledger's row before them, and within one moment: lives, what was heard, what was written of
    it, what was told.

    Requests that only read, and successes, are left out: what they showed stands in what the client received.
    """  # noqa: D205 - one sentence

    by_hand: set[int] = attrs.field(factory=set[int])
    seq: int = 0

    def of(self, evidence: Evidence) -> Iterator[Fact]:
        """Yield the facts that matter."""
        self.by_hand.update(evidence.by_hand)
        moments: list[tuple[int, int, Fact]] = []
        seq, lives = self.seq, list(evidence.lives)
        for row in evidence.rows:
            if lives:
                row_ms = cast("int", row["time_ms"])
                while lives and lives[0].at_ms < row_ms:
                    moments.append((2 * seq + 1, lives[0].at_ms, lives.pop(0)))
            seq = cast("int", row["seq"])
            if self._matters(row, seq):
                moments.append((2 * seq, cast("int", row["time_ms"]), row))
        self.seq = seq
        moments += [(2 * seq + 1, life.at_ms, life) for life in lives]
        moments += [(2 * each.last_seq + 1, each.arrived_ms or each.sent_ms, each) for each in evidence.carried]
        moments += [(2 * kept.after_seq + 1, kept.at_ms, kept) for kept in evidence.kept]
        moments += [(2 * told.after_seq + 1, told.at_ms, told) for told in evidence.told]
        moments.sort(key=itemgetter(0, 1))
        return (fact for _, _, fact in moments)

    def rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows of a ledger without any other witness."""
        return (row for row in rows if row["kind"] != "answer")

    def _matters(self, row: Row, seq: int) -> bool:
        kind = row["kind"]
        if kind == "request":
            return row["method"] != "GET" or seq in self.by_hand
        return kind != "answer" or row["status"] != 200 or row["request_seq"] in self.by_hand
