"""Facts from several witnesses, put into the one order in which they happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter, itemgetter
from typing import TypeAlias, cast

import attrs

from surefill.domain.alarm import Alarm, AlarmKind
from surefill.testing.invariants.evidence import Carried, Evidence, Kept, Life, Told
from surefill.testing.invariants.row import Row

Fact: TypeAlias = Row | Kept | Carried | Told | Life | Alarm


@attrs.define
class Moments:
    """Orders facts by the ledger's row before them, and within one moment: that protection was waived, lives, what was
    heard, what was written of it, what was told.

    Requests that only read, and successes, are left out: what they showed stands in what the client received. Of the
    alarms only those of a waiver are facts by themselves; the others say something of what is.

    Attributes:
        by_hand: the `seq` of requests that somebody else made.
        seq: the last row so far.
        passed: the last row before the fact that was yielded last.
    """  # noqa: D205 - one sentence

    by_hand: set[int] = attrs.field(factory=set[int])
    seq: int = 0
    passed: int = 0

    def of(self, evidence: Evidence) -> Iterator[Fact]:
        """Yield the facts that matter."""
        self.by_hand.update(evidence.by_hand)
        moments: list[tuple[int, int, Fact]] = []
        seq = self.seq
        undated: list[Life | Alarm] = [alarm for alarm in evidence.alarms if alarm.kind is AlarmKind.WAIVED]
        undated = sorted([*undated, *evidence.lives], key=attrgetter("at_ms"))
        for row in evidence.rows:
            if undated:
                row_ms = cast("int", row["time_ms"])
                while undated and undated[0].at_ms < row_ms:
                    moments.append((2 * seq + 1, undated[0].at_ms, undated.pop(0)))
            seq = cast("int", row["seq"])
            if self._matters(row, seq):
                moments.append((2 * seq, cast("int", row["time_ms"]), row))
        self.seq = seq
        moments += [(2 * seq + 1, each.at_ms, each) for each in undated]
        moments += [(2 * each.last_seq + 1, each.arrived_ms or each.sent_ms, each) for each in evidence.carried]
        moments += [(2 * kept.after_seq + 1, kept.at_ms, kept) for kept in (*evidence.found, *evidence.kept)]
        moments += [(2 * told.after_seq + 1, told.at_ms, told) for told in evidence.told]
        moments.sort(key=itemgetter(0, 1))
        for place, _, fact in moments:
            self.passed = place // 2
            yield fact

    def rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows of a ledger without any other witness."""
        return (row for row in rows if row["kind"] != "answer")

    def _matters(self, row: Row, seq: int) -> bool:
        kind = row["kind"]
        if kind == "request":
            return row["method"] != "GET" or seq in self.by_hand
        return kind != "answer" or row["status"] != 200 or row["request_seq"] in self.by_hand
