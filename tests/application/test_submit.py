"""Intent on disk, then the bytes, once; and what happens when the disk is full."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from surefill.adapters.simulated import Fault
from surefill.adapters.wire.parameters import digest
from surefill.domain.alarm import AlarmKind
from surefill.domain.audit_record import AuditType
from surefill.domain.events import Claimed, Event, Intent, Planned
from surefill.domain.ids import Leg
from surefill.domain.refusal import Refusal
from surefill.domain.report import Outcome
from tests.application.journals import TappedJournal, breaking_at
from tests.papers import FLAT, arrived, close, entry, held, intents, names, paper_desk, paper_exchange, resting, rows


def test_the_intent_is_committed_before_the_request_leaves() -> None:
    """Every order the exchange ever received was in the journal before it arrived, with the same stamp and digest."""
    exchange = paper_exchange()
    committed: dict[str, tuple[int, Intent]] = {}

    def after(events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Intent):
                committed[event.request.client_id] = (len(exchange.ledger.rows), event)

    desk = paper_desk(exchange=exchange, journal=TappedJournal(after=after))
    desk.execute(entry("s1"))
    desk.execute(close(), "0.4")
    desk.execute(entry("s2", short=True))

    received = arrived(exchange, "POST")
    assert len(received) == 10
    for one in received:
        seq, intent = committed.pop(one.client_id)
        assert seq < one.seq
        assert (intent.timestamp_ms, intent.digest) == (int(one.params["timestamp"]), digest(one.params))
        assert intent.not_after_ms == intent.timestamp_ms + int(one.params["recvWindow"])
    assert committed == {}


def test_stop_and_target_are_committed_together() -> None:
    """One write holds both intents, the stop's first."""
    written: list[list[Leg]] = []

    def before(events: Sequence[Event]) -> None:
        written.append([event.leg for event in events if isinstance(event, Intent)])

    desk = paper_desk(journal=TappedJournal(before))
    desk.execute(entry())

    assert [legs for legs in written if legs] == [[Leg.ENTRY], [Leg.STOP, Leg.TARGET]]


@pytest.mark.parametrize(
    "when",
    [
        lambda event: isinstance(event, Claimed),
        lambda event: isinstance(event, Planned),
        lambda event: isinstance(event, Intent),
    ],
    ids=["claim", "plan", "intent"],
)
def test_what_cannot_be_kept_is_not_sent(when: object) -> None:
    """A full disk up to the entry's intent: REFUSED, not a byte sent, an alarm, and no entry after that either."""
    desk = paper_desk(journal=breaking_at(when))  # type: ignore[arg-type]  # a predicate, whatever pytest makes of it

    report = desk.execute(entry())
    again = desk.execute(entry("s2"))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.STORE_FAILED)
    assert (again.outcome, again.reason) == (Outcome.REFUSED, Refusal.STORE_FAILED)
    assert arrived(desk.exchange) == []
    alarm = desk.alarms_of(AlarmKind.STORE_FAILED)[0]
    assert "the journal cannot be written (no space left on the device)" in alarm.text
    assert "build the manager anew" in alarm.text
    assert desk.manager.status().journal_failure == "no space left on the device"


def test_protection_goes_on_without_a_journal() -> None:
    """The disk fills up after the entry: stop and target are sent all the same, and the report tells the truth."""
    journal = breaking_at(lambda event: isinstance(event, Intent) and event.leg is Leg.STOP)
    desk = paper_desk(journal=journal)

    report = desk.execute(entry())

    assert report.outcome is Outcome.PROTECTED
    assert resting(desk.exchange) == ["S1", "T1"]
    assert desk.kinds() == [AlarmKind.STORE_FAILED]
    assert desk.execute(entry()) == report


def test_exits_go_on_without_a_journal() -> None:
    """Nothing keeps a trader in: with a dead journal a close is carried out from memory, and its legs are cleared."""
    journal = TappedJournal()
    desk = paper_desk(journal=journal)
    desk.execute(entry())
    journal.broken = True

    report = desk.execute(close(), None)

    assert report.outcome is Outcome.CLOSED
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert AlarmKind.STORE_FAILED in desk.kinds()
    refused = desk.execute(entry("s2"))
    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, Refusal.STORE_FAILED)


def test_the_guard_goes_on_without_a_journal() -> None:
    """A stray leg on the symbol and a journal that cannot be read: the stop is still looked after."""
    journal = TappedJournal()
    desk = paper_desk(journal=journal)
    desk.execute(entry("s1"))
    desk.execute(entry("s2", stop="96"))
    journal.broken = True
    desk.exchange.tick("ACMEUSDT", last="95.5")

    desk.guard(20)

    assert held(desk.exchange) == 1
    assert resting(desk.exchange) == ["S1", "T1"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (None, AuditType.ORDER_PLACED),
        (Fault.refused(-2019, leg="E"), AuditType.ORDER_REJECTED),
        (Fault.refused(-1008, status=503, leg="E"), AuditType.API_ERROR),
        (Fault.unreachable(leg="E"), AuditType.API_ERROR),
        (Fault.reply_lost(leg="E"), AuditType.OUTCOME_UNKNOWN),
    ],
)
def test_every_answer_has_its_audit_line(fault: Fault | None, kind: AuditType) -> None:
    """What was sent and what came back, named by signal and order."""
    desk = paper_desk(*() if fault is None else (fault,))

    desk.execute(entry())

    line = next(line for line in desk.lines(kind) if line.operation == "entry")
    first = intents(desk.journal, "s1", Leg.ENTRY)[0]
    assert (line.signal_id, line.client_order_id, line.environment) == ("s1", first.request.client_id, "paper")
    assert line.order_data["quantity"] == "1.000"
    assert line.response["kind"]


def test_an_answer_that_says_exists_is_looked_up() -> None:
    """The exchange says that an open order carries the stop's id: it is sought, found, and counted."""
    desk = paper_desk(
        Fault.unclear(executed=True, code=-4116, text="ClientOrderId is duplicated.", status=400, leg="S")
    )

    report = desk.execute(entry())

    assert report.outcome is Outcome.PROTECTED
    assert names(desk.exchange) == ["E1", "S1", "T1"]
    assert len(rows(desk.exchange, "algo")) >= 2
