"""A crash at any point, and a new process on the same journal: it converges, and nothing is doubled or forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from surefill.adapters.journal import MemoryJournal, SqliteJournal
from surefill.adapters.simulated import Fault
from surefill.adapters.venue.ledger import Row
from surefill.domain.audit_record import AuditType
from surefill.domain.errors import ConfigurationError, SignalConflict, ValidationError
from surefill.domain.events import Answered, Claimed, Closed, Event, Intent, Planned, Released, Reported
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg
from surefill.domain.refusal import Refusal
from surefill.domain.report import Outcome
from tests.application.journals import DurableMemory, TappedJournal, copy_of, crash_at, nothing
from tests.papers import (
    ACME,
    BOLT,
    FLAT,
    Desk,
    begun,
    close,
    entry,
    entry_orders_filled,
    events,
    filled,
    held,
    id_of,
    moment,
    names,
    paper_desk,
    paper_exchange,
    restart,
    resting,
    sent_of,
)
from tests.scripted import Crash, ScriptedExchange

VERBS = ("send", "send_together", "cancel")


class Tripwire:
    """Counts everything that changes the journal or the exchange, before and after, and crashes at one of them."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.seen = 0
        self.where = ""

    def touch(self, what: str) -> None:
        self.seen += 1
        if self.seen == self.at:
            self.where = what
            raise Crash(what)

    def journal(self) -> TappedJournal:
        """A journal on the wire."""
        return TappedJournal(self._tap("before"), self._tap("after"))

    def exchange(self) -> ScriptedExchange:
        """An account on the wire."""
        exchange = paper_exchange()
        for verb in VERBS:
            exchange.script[verb] = self._line(verb)
        return exchange

    def _tap(self, when: str) -> Callable[[Sequence[Event]], None]:
        return lambda events: self.touch(f"{when} writing {', '.join(type(event).__name__ for event in events)}")

    def _line(self, verb: str) -> Callable[..., object]:
        def line(itself: Callable[..., object], *args: object) -> object:
            self.touch(f"before {verb}")
            result = itself(*args)
            self.touch(f"after {verb}")
            return result

        return line


def enter(desk: Desk) -> None:
    desk.execute(entry("s1"))


def flip(desk: Desk) -> None:
    desk.execute(entry("s1"))
    desk.execute(entry("s2", short=True), "2")


def close_in_parts(desk: Desk) -> None:
    desk.execute(entry("s1"))
    desk.execute(close("c1"), "0.4")
    desk.execute(close("c2"), None)


def stop_out(desk: Desk) -> None:
    desk.execute(entry("s1"))
    desk.exchange.tick(ACME, last="94")
    desk.guard(10)


SIGNALS = {
    "s1": (entry("s1"), "1"),
    "s2": (entry("s2", short=True), "2"),
    "c1": (close("c1"), "0.4"),
    "c2": (close("c2"), None),
}
FILLED = (Outcome.PROTECTED, Outcome.PROTECTED_WITHOUT_TAKE_PROFIT, Outcome.CLOSED)


def steps(scenario: Callable[[Desk], None]) -> int:
    """How many points a scenario has."""
    wire = Tripwire(0)
    scenario(paper_desk(exchange=wire.exchange(), journal=wire.journal()))
    return wire.seen


def check(before: Desk, where: str) -> None:
    """What must hold once the new process had a quarter of a minute."""
    exchange, journal = before.exchange, before.journal
    assert isinstance(journal, TappedJournal)
    after = restart(before, journal.inner)
    after.manager.reconcile()
    after.guard(15, every=3.0)

    position, rest = held(exchange), resting(exchange)
    stops = [name for name in rest if name[0] == "S"]
    assert len(stops) == (1 if position else 0), where
    assert position or not rest, where
    for signal_id, (signal, quantity) in SIGNALS.items():
        if not journal.inner.events_of(signal_id):
            continue
        report = after.manager.report(signal_id)
        size = filled(exchange, signal_id, Leg.ENTRY)
        assert entry_orders_filled(exchange, signal_id) <= 1, where
        if size:
            assert report is not None, where
            assert (report.outcome in FILLED, report.filled_quantity) == (True, size), where
        if report is not None:
            count = len(names(exchange))
            assert after.execute(signal, quantity) == report, where
            assert len(names(exchange)) == count, where
    assert after.alarms == [], where
    left = {duty.kind.name for duty in after.manager.status().duties}
    assert left <= ({"GUARD"} if position else {"LATE_WATCH"}), where
    _settled(after, where)


def _settled(after: Desk, where: str) -> None:
    """Restarting again changes nothing."""
    count = len(names(after.exchange))
    again = restart(after)
    again.manager.reconcile()
    assert len(names(after.exchange)) == count, where


@pytest.mark.parametrize(
    ("scenario", "price"),
    [
        (enter, None),
        (enter, "94"),
        (enter, "111"),
        (flip, None),
        (flip, "94"),
        (flip, "111"),
        (close_in_parts, None),
        (close_in_parts, "94"),
        (stop_out, None),
    ],
)
def test_every_crash_point_converges(scenario: Callable[[Desk], None], price: str | None) -> None:
    """The process dies before or after any write and any order; the market moves; the next process sets it right."""
    points = 1 if scenario is enter else steps(enter)
    while True:
        wire = Tripwire(points)
        desk = paper_desk(exchange=wire.exchange(), journal=wire.journal())
        try:
            scenario(desk)
        except Crash:
            if price is not None:
                desk.exchange.tick(ACME, last=price)
            check(desk, f"{scenario.__name__}, point {points}: {wire.where}")
        else:
            break
        points += 1
    assert points == steps(scenario) + 1


def crashed(journal: TappedJournal) -> Desk:
    """A desk whose process died in its first entry."""
    desk = paper_desk(journal=journal)
    with pytest.raises(Crash):
        desk.execute(entry())
    journal.before = journal.after = nothing
    return desk


def test_after_the_claim_the_id_is_given_back() -> None:
    """Nothing was sent: nothing is open after the restart, and the signal is carried out when it comes again."""
    desk = crashed(crash_at(lambda event: isinstance(event, Planned)))
    after = restart(desk)
    after.manager.reconcile()

    assert after.manager.status().duties == ()
    assert events(after.journal, "s1", Released)
    assert after.execute(entry()).outcome is Outcome.PROTECTED
    assert names(desk.exchange) == ["E1", "S1", "T1"]


def test_for_an_entry_that_was_never_sent_nothing_else_is_asked() -> None:
    """Before it there was nothing to send: a dozen questions would only hold up what is open on other symbols."""
    desk = crashed(crash_at(lambda event: isinstance(event, Planned)))
    after = restart(desk)
    desk.exchange.verbs.clear()

    after.manager.reconcile()

    assert "find" not in desk.exchange.verbs


def test_the_naked_position_comes_first() -> None:
    """It is on the younger symbol: what there is to ask about the other waits until this one has its stop."""
    journal = crash_at(lambda event: isinstance(event, Intent) and (event.signal_id, event.leg) == ("s2", Leg.STOP))
    desk = paper_desk(journal=journal)
    desk.execute(entry("s1"))
    with pytest.raises(Crash):
        desk.execute(entry("s2", BOLT, stop="1900", target="2100"))
    journal.before = nothing
    after = restart(desk)
    looked: list[str] = []

    def snapshot(itself: Callable[[str], object], symbol: str) -> object:
        looked.append(symbol)
        return itself(symbol)

    desk.exchange.script["snapshot"] = snapshot
    after.manager.reconcile()

    assert [looked[0], looked[-1]] == [BOLT, ACME]
    assert [name[0] for name in resting(desk.exchange, BOLT)] == ["S", "T"]


def test_after_the_plan_the_id_is_given_back() -> None:
    """The plan was written, the intent was not: the same."""
    desk = crashed(crash_at(lambda event: isinstance(event, Planned), after=True))
    after = restart(desk)
    after.manager.reconcile()

    assert after.manager.status().duties == ()
    assert after.execute(entry()).outcome is Outcome.PROTECTED


def test_after_the_intent_it_is_sought_and_never_sent_again() -> None:
    """The intent is on disk and the order perhaps at the exchange: evidence decides, absence is provisional."""
    desk = crashed(crash_at(lambda event: isinstance(event, Intent), after=True))

    after = restart(desk)
    report = after.execute(entry())

    assert (report.outcome, report.provisional) == (Outcome.NOT_FILLED, True)
    assert sent_of(desk.exchange, "s1") == []


def test_after_the_send_it_is_found_and_protected() -> None:
    """The fill is there, the answer was not written: found by its id, protected, reported; one fill."""
    desk = crashed(crash_at(lambda event: isinstance(event, Answered)))
    assert held(desk.exchange) == 1

    after = restart(desk)
    report = after.execute(entry())

    assert report.outcome is Outcome.PROTECTED
    assert names(desk.exchange) == ["E1", "S1", "T1"]


def test_after_the_fill_the_stop_comes_with_the_restart() -> None:
    """Answered, and dead before the stop: the new process protects it before it does anything else."""
    desk = crashed(crash_at(lambda event: isinstance(event, Answered), after=True))
    assert resting(desk.exchange) == []

    after = restart(desk)
    after.execute(entry("s2", ACME, stop="90"))

    assert names(desk.exchange)[:3] == ["E1", "S1", "T1"]
    assert sent_of(desk.exchange, "s1") == ["E1", "S1", "T1"]
    report = after.report()
    assert report.outcome is Outcome.PROTECTED


def test_after_the_stop_the_report_is_written_by_the_restart() -> None:
    """Protected and not yet reported: nothing is sent, the report is made up for."""
    desk = crashed(crash_at(lambda event: isinstance(event, Reported)))

    after = restart(desk)
    after.manager.reconcile()

    report = after.report()
    assert (report.outcome, report.corrections) == (Outcome.PROTECTED, ())
    assert names(desk.exchange) == ["E1", "S1", "T1"]


def test_a_rejection_survives_the_crash() -> None:
    """Refused for good and not yet reported: the restart says REJECTED, and the replay sends nothing."""
    journal = crash_at(lambda event: isinstance(event, Reported))
    desk = paper_desk(journal=journal)
    with pytest.raises(Crash):
        desk.execute(entry(), "5000")

    after = restart(desk, journal.inner)
    after.manager.reconcile()

    report = after.report()
    assert (report.outcome, report.reason) == (Outcome.REJECTED, Refusal.MARGIN)
    assert after.execute(entry(), "5000") == report
    assert names(desk.exchange) == ["E1"]


def test_a_closed_bracket_is_found_gone_after_a_restart() -> None:
    """The stop filled while nobody ran: its sibling is cancelled and the report corrected at the next start."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.tick(ACME, last="94")
    desk.wait(3600)

    after = restart(desk)
    after.manager.reconcile()

    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    report = after.report()
    assert report.outcome is Outcome.CLOSED
    assert [each.outcome for each in report.corrections] == [Outcome.CLOSED]


def test_a_halt_survives_a_restart() -> None:
    """Only resume() ends it."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.manager.halt(HaltLevel.NO_ENTRIES, reason="the weekend")

    after = restart(desk)
    refused = after.execute(entry("s2"))
    again = restart(after)
    again.manager.resume(reason="Monday")

    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, Refusal.HALTED)
    assert "the weekend" in refused.text
    assert after.manager.status().halt_reason == "the weekend"
    assert restart(again).execute(entry("s2")).outcome is Outcome.PROTECTED


def test_the_first_signal_recovers_what_is_open_and_says_so() -> None:
    """Before the first signal of a process everything the journal holds open is brought to where it should be."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.exchange.tick(ACME, last="94")
    desk.wait(1)
    desk.exchange.tick(ACME, last="100")

    after = restart(desk)
    after.execute(entry("s2"))

    started = after.lines(AuditType.STARTED)
    assert [line.response["open_symbols"] for line in started] == [ACME]
    assert names(desk.exchange) == ["E1", "S1", "T1", "-T1", "E1", "S1", "T1"]


def test_a_journal_on_disk_brings_everything_back(tmp_path: Path) -> None:
    """The same with the journal of a real run, closed and opened again: report, position, protection."""
    with SqliteJournal(tmp_path / "journal.sqlite") as journal:
        desk = paper_desk(journal=journal)
        first = desk.execute(entry())
        desk.execute(close(), "0.4")

    with SqliteJournal(tmp_path / "journal.sqlite") as journal:
        after = paper_desk(exchange=desk.exchange, journal=journal)
        before = len(names(desk.exchange))
        after.manager.reconcile()
        assert len(names(desk.exchange)) == before
        assert after.manager.report("s1") == first
        assert after.execute(entry()) == first
        assert after.execute(close("c2"), None).outcome is Outcome.CLOSED
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


def test_a_live_exchange_refuses_a_forgetful_journal() -> None:
    """A journal in memory cannot keep the promise where money is real."""
    with pytest.raises(ConfigurationError, match="SqliteJournal"):
        paper_desk(exchange=paper_exchange(real_time=True), journal=MemoryJournal())


def rows_of(desk: Desk) -> list[Row]:
    """The whole ledger."""
    return list(desk.exchange.ledger.rows)


def test_a_crash_in_the_crash_recovery_converges() -> None:
    """Dead after the fill, and dead again while the stop is placed: the third process sets it right."""
    desk = crashed(crash_at(lambda event: isinstance(event, Answered), after=True))
    wire = Tripwire(3)
    assert isinstance(desk.journal, TappedJournal)
    second = TappedJournal(wire._tap("before"), wire._tap("after"))
    second.inner = desk.journal.inner
    with pytest.raises(Crash):
        paper_desk(exchange=desk.exchange, journal=second).manager.reconcile()

    third = restart(desk, second.inner)
    third.manager.reconcile()
    third.guard(30)

    assert entry_orders_filled(desk.exchange, "s1") == 1
    assert len([name for name in resting(desk.exchange) if name[0] == "S"]) == 1
    assert rows_of(desk)


# --- interrupted, and the process lives on ----------------------------------------------------------------------------


def interrupting(desk: Desk, verb: str, *, after: bool) -> None:
    """Let a Ctrl-C strike once, right before or right after the exchange heard *verb*."""

    def line(itself: Callable[..., object], *args: object) -> object:
        desk.exchange.script.clear()
        if after:
            itself(*args)
        raise KeyboardInterrupt

    desk.exchange.script[verb] = line


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("verb", ["snapshot", "send", "send_together"])
def test_an_interrupted_entry_goes_on_when_it_is_asked_for_again(verb: str, *, after: bool) -> None:
    """Ctrl-C in the middle, and the host calls again on the same manager: one fill at most, and the truth."""
    desk = paper_desk()
    interrupting(desk, verb, after=after)
    with pytest.raises(KeyboardInterrupt):
        desk.execute(entry())

    report = desk.execute(entry())
    desk.guard(30)

    lost = verb == "send" and not after
    assert report.outcome is (Outcome.NOT_FILLED if lost else Outcome.PROTECTED)
    assert entry_orders_filled(desk.exchange, "s1") == held(desk.exchange) == (0 if lost else 1)
    assert [name[0] for name in resting(desk.exchange)] == ([] if lost else ["S", "T"])


def test_an_interrupted_entry_is_reported_once_its_verdict_is_overdue() -> None:
    """Nobody asks for it again: while a verdict may come in time there is no report, afterwards it says UNKNOWN."""
    desk = paper_desk()
    interrupting(desk, "send", after=True)
    desk.exchange.faults.add(Fault.visibility_lag(90_000, path="order"))
    desk.exchange.faults.add(Fault.visibility_lag(90_000, path="allOrders"))
    with pytest.raises(KeyboardInterrupt):
        desk.execute(entry())

    desk.guard(10)
    early = desk.manager.report("s1")
    desk.guard(10)
    late = desk.report()
    desk.guard(90)

    assert early is None
    assert late.outcome is Outcome.UNKNOWN
    told = desk.report()
    assert (told.outcome, told.corrections[0].text) == (Outcome.PROTECTED, "was UNKNOWN")


def test_an_interrupted_entry_on_a_live_exchange_is_sought_first() -> None:
    """Nobody reconciled in between: the call itself takes the open question up again, and sends no second entry."""
    desk = paper_desk(exchange=paper_exchange(real_time=True), journal=DurableMemory(), host_guards=True)
    interrupting(desk, "send", after=True)
    with pytest.raises(KeyboardInterrupt):
        desk.execute(entry())

    report = desk.execute(entry())

    assert report.outcome is Outcome.PROTECTED
    assert names(desk.exchange) == ["E1", "S1", "T1"]


@pytest.mark.parametrize("after", [False, True])
def test_an_interrupted_close_goes_on_when_it_is_asked_for_again(*, after: bool) -> None:
    """The same for a close: what was sent is sought first; it is closed, and nothing is closed twice."""
    desk = paper_desk()
    desk.execute(entry())
    interrupting(desk, "send", after=after)
    with pytest.raises(KeyboardInterrupt):
        desk.execute(close(), "0.4")

    desk.execute(close(), "0.4")
    desk.guard(30)

    assert held(desk.exchange) == 1 - Decimal("0.4")
    assert filled(desk.exchange, "c1", Leg.EXIT) == Decimal("0.4")
    assert names(desk.exchange)[3:5] == (["X1", "S2"] if after else ["X2", "S2"])
    assert [name[0] for name in resting(desk.exchange)] == ["S", "T"]


def test_a_crashed_close_is_reported_by_the_restart() -> None:
    """The exit was sent and its answer never written: the new process finds it and reports it."""
    journal = crash_at(
        lambda event: isinstance(event, Answered) and event.client_id == id_of("c1", Leg.EXIT),
    )
    desk = paper_desk(journal=journal)
    desk.execute(entry())
    with pytest.raises(Crash):
        desk.execute(close(), None)

    after = restart(desk, journal.inner)
    after.manager.reconcile()

    report = after.report("c1")
    assert (report.outcome, report.filled_quantity) == (Outcome.CLOSED, Decimal(1))
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


def test_a_close_that_never_left_is_carried_out_by_the_next_process() -> None:
    """Dead between the intent of its exit and the first byte: handed in again, it is sent anew."""
    journal = crash_at(lambda event: isinstance(event, Intent) and event.leg is Leg.EXIT, after=True)
    desk = paper_desk(journal=journal)
    desk.execute(entry())
    with pytest.raises(Crash):
        desk.execute(close(), None)

    after = restart(desk, journal.inner)
    after.manager.reconcile()
    after.guard(10)
    report = after.execute(close(), None)

    assert (report.outcome, report.filled_quantity) == (Outcome.CLOSED, Decimal(1))
    assert sent_of(desk.exchange, "c1") == ["X2"]
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


def test_a_report_of_a_close_is_final() -> None:
    """Dead right after the report: the stop takes the rest meanwhile, and the next process changes no word of it."""
    journal = crash_at(lambda event: isinstance(event, Reported) and event.signal_id == "c1", after=True)
    desk = paper_desk(journal=journal)
    desk.execute(entry())
    with pytest.raises(Crash):
        desk.execute(close(), "0.4")
    desk.exchange.tick(ACME, last="94")
    desk.wait(2)

    after = restart(desk, journal.inner)
    after.manager.reconcile()
    after.guard(10)

    report = after.report("c1")
    assert (report.outcome, report.corrections) == (Outcome.REDUCED, ())
    assert events(journal, "c1", Closed)
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


@pytest.mark.parametrize("fell", [False, True])
@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_journal_that_went_back_in_time_doubles_nothing(kept: int, *, fell: bool) -> None:
    """An older copy was put back, older than the signal: its entry is found at the exchange, and never sent again."""
    desk = paper_desk()
    created = begun(desk)
    desk.execute(entry("s0", created_at=created))
    desk.execute(close("c0"), None)
    desk.wait(5)
    signal = entry("s1", created_at=moment(desk))
    desk.execute(signal)
    if fell:
        desk.exchange.tick(ACME, last="94")
        desk.wait(2)
        desk.exchange.tick(ACME, last="100")
    left = desk.journal.events_of("s1")[:kept]
    older = copy_of(desk.journal, lambda event: event.signal_id != "s1" or event in left)

    after = restart(desk, older)
    report = after.execute(signal)
    after.guard(10)

    assert entry_orders_filled(desk.exchange, "s1") == 1
    assert report.outcome is (Outcome.CLOSED if fell else Outcome.PROTECTED)
    assert held(desk.exchange) == (0 if fell else 1)


def test_a_close_that_stays_unknown_is_asked_for_again_and_again() -> None:
    """A reconcile that cannot find out leaves it as it is; no report is changed on a guess."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.reply_lost(leg="X"), Fault.visibility_lag(60_000))

    told = desk.execute(close(), None)
    desk.manager.reconcile(ACME)
    meanwhile = desk.manager.report("c1")
    desk.exchange.faults.clear()
    desk.manager.reconcile(ACME)

    assert told.outcome is Outcome.UNKNOWN
    assert meanwhile == told
    settled = desk.report("c1")
    assert settled.outcome is Outcome.CLOSED


def test_another_process_of_the_same_journal_claims_first() -> None:
    """Between the look into the journal and the claim somebody else took the id: told, and nothing is sent."""
    taken: list[Event] = []

    def before(events: Sequence[Event]) -> None:
        if isinstance(events[0], Claimed) and not taken:
            taken.append(events[0])
            journal.inner.claim(events[0])

    journal = TappedJournal(before)
    desk = paper_desk(journal=journal)

    with pytest.raises(SignalConflict):
        desk.execute(entry())

    assert names(desk.exchange) == []


def test_only_open_signals_have_a_state() -> None:
    """Asking for one that is not open is a defect of ours, and says so."""
    with pytest.raises(ValidationError, match="no open signal is called 's9'"):
        paper_desk().manager._desk.known_state("s9")
