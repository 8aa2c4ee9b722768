"""What people find in the audit log: every kind of thing that happens has its line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import pytest

from surefill.adapters.audit import MemoryAudit
from surefill.adapters.simulated import Fault
from surefill.domain.audit_record import AuditRecord, AuditType
from surefill.domain.events import Answered, Event, Intent, Seen
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg
from surefill.domain.reply import Reply
from surefill.domain.report import Outcome
from tests.application.journals import TappedJournal, crash_at
from tests.papers import ACME, Desk, begun, close, entry, id_of, paper_desk, restart, resting, stop_by_hand
from tests.scripted import Crash


def test_a_long_day_leaves_a_line_of_every_kind() -> None:
    """Fills, refusals, retries, lost answers, naked minutes, a late fill, orphans, a halt: nothing is missing."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2", stop=None))
    desk.execute(entry("s3"), "5000")
    desk.exchange.faults.add(
        Fault.refused(-1008, status=503, leg="E", nth=1),
        Fault.refused(-1015, "Too many new orders.", leg="E", nth=2),
        Fault.reply_lost(leg="E", nth=3),
    )
    desk.execute(entry("s4"))
    desk.execute(close("c1"), None)
    stop_by_hand(desk.exchange, id_of("s1", Leg.STOP, 9))
    desk.manager.reconcile()
    desk.exchange.faults.clear()
    desk.exchange.faults.add(Fault.refused(-1008, status=503, leg="S"))
    desk.execute(entry("s5"))
    desk.exchange.faults.clear()
    desk.execute(close("c2"), None)
    desk.exchange.faults.add(Fault.refused(-2021, "Order would immediately trigger.", leg="S"))
    desk.execute(entry("s6"))
    desk.exchange.faults.clear()
    created = begun(desk)
    lag = Fault.visibility_lag(40_000, trades=True, positions=True, until_ms=desk.now_ms() + 41_000)
    desk.exchange.faults.add(Fault.reply_lost(leg="E", nth=1), lag)
    assert desk.execute(entry("s7", created_at=created)).outcome is Outcome.NOT_FILLED
    desk.guard(120)
    desk.manager.set_leverage(ACME, 5)
    desk.manager.halt(HaltLevel.NO_ENTRIES, reason="evening")
    after = restart(desk)
    after.manager.resume(reason="morning")
    after.manager.close()

    assert isinstance(desk.audit, MemoryAudit)
    assert isinstance(after.audit, MemoryAudit)
    written = {record.type for record in (*desk.audit.records, *after.audit.records)}
    assert set(AuditType) - written == set()
    assert all(record.environment == "paper" and record.operation for record in desk.audit.records)
    times = [record.at_ms for record in desk.audit.records]
    assert times == sorted(times)


def test_a_limit_met_by_a_read_is_told_as_such() -> None:
    """So that nobody has to guess why entries pause."""
    desk = paper_desk(Fault.refused(-1003, "Too many requests.", 429, method="GET", path="premiumIndex"))

    desk.execute(entry())

    assert [line.operation for line in desk.lines(AuditType.RATE_LIMIT)] == ["read"]
    assert desk.lines(AuditType.API_ERROR) == []


def lines_when(kind: type[Event]) -> tuple[Desk, list[tuple[set[str], set[str]]]]:
    """A desk, and at each write of such events: which orders they are about, and which had a line in the audit log."""
    audit = MemoryAudit()
    seen: list[tuple[set[str], set[str]]] = []

    def before(events: Sequence[Event]) -> None:
        about = {str(getattr(event, "client_id", "")) for event in events if isinstance(event, kind)}
        if about:
            seen.append((about, {line.client_order_id or "" for line in audit.records}))

    return paper_desk(journal=TappedJournal(before), audit=audit), seen


def test_an_answer_is_told_before_it_is_kept() -> None:
    """A process that dies in between tells it again after the restart: at least once, and never not at all."""
    desk, seen = lines_when(Answered)
    desk.execute(entry())
    desk.execute(close(), None)

    assert len(seen) == 3
    assert all(about <= told for about, told in seen)


def test_an_end_is_told_before_it_is_kept() -> None:
    """The same for what a look shows: the line about a filled stop is there before the journal knows."""
    desk, seen = lines_when(Seen)
    desk.execute(entry())
    desk.exchange.tick(ACME, last="94")
    desk.guard(10)

    ends = [(about, told) for about, told in seen if id_of("s1", Leg.STOP) in about]
    assert all(about <= told for about, told in ends)
    assert [line.response["status"] for line in desk.lines(AuditType.ORDER_UPDATED) if line.client_order_id] == [
        "FILLED",
        "FILLED",
        "CANCELED",
    ]


def after_a_crash(journal: TappedJournal) -> Desk:
    """The owner after one that died in its first entry, and whose audit log died with it; it has looked once."""
    desk = paper_desk(journal=journal, audit=NoLines())
    with pytest.raises(Crash):
        desk.execute(entry())
    after = restart(desk, journal.inner)
    after.manager.reconcile()
    return after


@pytest.mark.parametrize("leg", [Leg.STOP, Leg.TARGET])
def test_an_order_whose_answer_was_never_read_is_told_when_seen(leg: Leg) -> None:
    """Its owner died between the send and the answer: the next one sees it resting, and its line is made up for."""
    journal = crash_at(lambda event: isinstance(event, Answered) and event.client_id == id_of("s1", leg))
    after = after_a_crash(journal)
    after.guard(10)

    placed = [line.client_order_id for line in after.lines(AuditType.ORDER_PLACED)]
    assert placed.count(id_of("s1", leg)) == 1
    assert resting(after.exchange) == ["S1", "T1"]


def test_a_stop_that_was_sent_and_is_not_found_is_told_once() -> None:
    """Its owner died with it under way, and it never arrived: the next one's log says that nobody knows."""
    journal = crash_at(lambda event: isinstance(event, Intent) and event.leg is Leg.STOP, after=True)
    after = after_a_crash(journal)
    after.guard(60)

    assert resting(after.exchange) == ["S2", "T2"]
    unknown = [(line.operation, line.client_order_id) for line in after.lines(AuditType.OUTCOME_UNKNOWN)]
    assert unknown == [("stop", id_of("s1", Leg.STOP)), ("target", id_of("s1", Leg.TARGET))]


def test_an_answered_order_is_told_once() -> None:
    """Its line came with the answer: seeing it rest is no news for people."""
    desk = paper_desk()
    desk.execute(entry())
    desk.guard(20)

    placed = [str(line.client_order_id) for line in desk.lines(AuditType.ORDER_PLACED)]
    assert sorted(placed) == sorted(id_of("s1", leg) for leg in (Leg.ENTRY, Leg.STOP, Leg.TARGET))


def test_an_order_acknowledged_without_being_shown_is_told_once() -> None:
    """The answer said that it was taken and nothing more: its line is there, and the first sight adds none."""
    desk = paper_desk()

    def send_together(itself: Callable[..., tuple[Reply, ...]], prepared: Sequence[object]) -> tuple[Reply, ...]:
        return tuple(attrs.evolve(reply, order=None) for reply in itself(prepared))

    desk.exchange.script["send_together"] = send_together
    desk.execute(entry())

    placed = [str(line.client_order_id) for line in desk.lines(AuditType.ORDER_PLACED)]
    assert sorted(placed) == sorted(id_of("s1", leg) for leg in (Leg.ENTRY, Leg.STOP, Leg.TARGET))


class NoLines:
    """An audit log that keeps nothing: what it was told died with the process."""

    def write(self, record: AuditRecord) -> None:
        pass

    def close(self) -> None:
        pass
