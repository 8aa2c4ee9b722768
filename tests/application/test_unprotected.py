"""Waits: the alarms that fall due in them are raised in them, whoever waits, and for whatever."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from surefill.adapters.simulated import Fault
from surefill.application import unprotected
from surefill.application.decide import glance
from surefill.application.takeover import AHEAD
from surefill.domain.alarm import AlarmKind
from surefill.domain.audit_record import AuditType
from surefill.domain.budget import Allowance, Capacity
from surefill.domain.events import Answered, Exposed, Waived
from surefill.domain.ids import Leg
from surefill.domain.report import Outcome
from surefill.domain.retry_policy import RetryPolicy
from surefill.domain.timings import Timings
from tests.application.journals import crash_at
from tests.application.test_resolve import first_seen_ms
from tests.application.test_settle import _unfinished
from tests.papers import (
    ACME,
    BOLT,
    FLAT,
    Desk,
    by_hand,
    close,
    entry,
    events,
    held,
    id_of,
    intents,
    names,
    paper_desk,
    restart,
    resting,
    rows,
)
from tests.scripted import Crash

TIMES = Timings()
PATIENT = RetryPolicy(initial_delay=8.0)
"""A host that waits eight seconds before it tries again: longer than the first alarm may take."""


def expose(desk: Desk, signal_id: str, ago_ms: int = 0) -> int:
    """Let the desk have found a position naked that long ago, and return when; its stop stands all the same."""
    since_ms = desk.now_ms() - ago_ms
    desk.manager._desk.record(Exposed(since_ms, signal_id))
    return since_ms


def rung(desk: Desk, since_ms: int) -> list[tuple[str | None, int]]:
    """The alarms of naked positions: on which symbol, and how long after that moment."""
    return [(alarm.symbol, alarm.at_ms - since_ms) for alarm in desk.alarms_of(AlarmKind.UNPROTECTED)]


def exposed_ms(desk: Desk) -> int:
    """Since when the first signal's position was found naked."""
    return events(desk.journal, "s1", Exposed)[0].at_ms


def take_away_the_stop(desk: Desk, signal_id: str = "s1") -> None:
    """Somebody cancels it by hand."""
    by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=id_of(signal_id, Leg.STOP))


def filled_ms(desk: Desk) -> int:
    """When the last fill was."""
    return max(int(row["time_ms"] or 0) for row in rows(desk.exchange, "fill"))


def both_symbols() -> Desk:
    """A desk with a position on two symbols, both of them protected."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2", BOLT, stop="1900", target="2100"))
    return desk


def so_used(percent: int) -> Callable[[object], Capacity]:
    """A line for the verb `capacity`: so much of the request weight is spent."""
    return lambda _: Capacity((Allowance("weight/1m", percent * 100, 10_000, counts_orders=False),))


# --- the wait itself --------------------------------------------------------------------------------------------------


def test_a_wait_raises_the_alarms_of_every_symbol_to_the_millisecond() -> None:
    """Each when it is due, and again when it is due again; the wait takes no longer for it."""
    desk = both_symbols()
    first_ms = expose(desk, "s1")
    expose(desk, "s2", ago_ms=-400)

    unprotected.pause(desk.manager._desk, 12_000)

    assert rung(desk, first_ms) == [(ACME, 3_000), (BOLT, 3_400), (ACME, 8_000), (BOLT, 8_400)]
    assert desk.now_ms() - first_ms == 12_000


def test_an_alarm_that_is_overdue_is_raised_at_once() -> None:
    """The wait begins with a position that has been naked for long: nobody waits for the wait's end."""
    desk = paper_desk()
    desk.execute(entry())
    expose(desk, "s1", ago_ms=60_000)
    began = desk.now_ms()

    unprotected.pause(desk.manager._desk, 1_000)

    assert rung(desk, began) == [(ACME, 1)]


@pytest.mark.parametrize("wait_ms", [0, -5])
def test_no_wait_is_no_wait(wait_ms: int) -> None:
    """Nothing left to wait for: no time passes, and nothing is told."""
    desk = paper_desk()
    desk.execute(entry())
    began = expose(desk, "s1", ago_ms=60_000)

    unprotected.pause(desk.manager._desk, wait_ms)

    assert (desk.now_ms() - began, desk.alarms) == (60_000, [])


def test_a_caller_who_waived_protection_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of his position nobody is to be told, so the wait is one sleep from its beginning to its end."""
    desk = paper_desk()
    desk.execute(entry())
    expose(desk, "s1", ago_ms=60_000)
    desk.manager._desk.record(Waived(desk.now_ms(), "s1"))
    slept: list[float] = []
    sleep = desk.exchange.clock.sleep

    def asleep(seconds: float) -> None:
        slept.append(seconds)
        sleep(seconds)

    monkeypatch.setattr(desk.exchange.clock, "sleep", asleep)

    unprotected.pause(desk.manager._desk, 10_000)

    assert (slept, desk.alarms) == ([10.0], [])


@pytest.mark.parametrize(
    ("percent", "wait_ms", "at_most_ms", "waited_ms"),
    [
        (0, 250, 5_000, 250),
        (50, 250, 5_000, 500),
        (80, 250, 5_000, 2_000),
        (80, 3_000, 5_000, 3_000),
        (80, 250, 700, 700),
        (0, 3_000, 700, 700),
    ],
)
def test_looks_are_further_apart_when_the_budget_runs_low(
    percent: int, wait_ms: int, at_most_ms: int, waited_ms: int
) -> None:
    """At least as far as the budget says, and never beyond the moment by which something must have been done."""
    desk = paper_desk()
    desk.exchange.script["capacity"] = so_used(percent)
    began = desk.now_ms()

    unprotected.pause_between_looks(desk.manager._desk, wait_ms, at_most_ms=at_most_ms)

    assert desk.now_ms() - began == waited_ms


# --- who waits --------------------------------------------------------------------------------------------------------


def test_the_wait_before_an_exit_is_tried_again_is_not_silent() -> None:
    """The stop is gone, the exit is refused for now, and its second attempt is eight seconds away: the alarm is not."""
    desk = paper_desk(retry=PATIENT)
    desk.execute(entry())
    take_away_the_stop(desk)
    desk.exchange.faults.add(Fault.refused(-1008, status=503, leg="X", nth=1))

    report = desk.execute(close(), None)

    first, second = (intent.at_ms for intent in intents(desk.journal, "c1", Leg.EXIT))
    assert second - first >= 8_000
    assert report.outcome is Outcome.CLOSED
    assert rung(desk, exposed_ms(desk)) == [(ACME, 3_000), (ACME, 8_000)]


def test_the_wait_before_an_entry_is_tried_again_rings_for_other_symbols() -> None:
    """An entry waits eight seconds for its second attempt, and a position elsewhere has no stop meanwhile."""
    desk = paper_desk(Fault.unreachable(leg="E", symbol=BOLT, nth=1), retry=PATIENT)
    desk.execute(entry("s1"))
    since_ms = expose(desk, "s1")

    report = desk.execute(entry("s2", BOLT, stop="1900", target="2100"))

    assert report.outcome is Outcome.PROTECTED
    assert rung(desk, since_ms)[:2] == [(ACME, 3_000), (ACME, 8_000)]


def test_the_wait_for_an_outcome_rings_for_other_symbols() -> None:
    """Nobody knows what became of an entry, and the rounds are far apart: an alarm is due between two of them."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.exchange.faults.add(Fault.request_lost(leg="E", method="POST"))
    desk.exchange.script["capacity"] = so_used(80)
    since: list[int] = []

    def find(itself: Callable[[object], object], keys: object) -> object:
        if not since and desk.manager._desk.open_questions(BOLT):
            since.append(expose(desk, "s1", ago_ms=TIMES.protect_soft_ms - 900))
        return itself(keys)

    desk.exchange.script["find"] = find
    desk.execute(entry("s2", BOLT, stop="1900", target="2100"))

    assert rung(desk, since[0])[0] == (ACME, TIMES.protect_soft_ms)


def test_the_wait_for_a_fill_rings_for_other_symbols() -> None:
    """The entry was accepted and is not final yet; it is looked at rarely, and an alarm is due in between."""
    desk = both_symbols()
    desk.exchange.script.update(capacity=so_used(80), send=_unfinished)
    since: list[int] = []

    def find(itself: Callable[[object], object], keys: object) -> object:
        found = itself(keys)
        if not since and desk.manager._desk.open_questions(BOLT):
            since.append(expose(desk, "s1", ago_ms=TIMES.protect_soft_ms - 900))
            return {}
        return found

    desk.exchange.script["find"] = find
    desk.execute(entry("s3", BOLT, stop="1900", target="2100"))

    assert rung(desk, since[0])[0] == (ACME, TIMES.protect_soft_ms)


# --- a look for something else ----------------------------------------------------------------------------------------


def test_a_look_for_something_else_starts_the_clock() -> None:
    """The stop is gone: that is kept as of the look's beginning, and nothing else is done about it."""
    desk = paper_desk()
    desk.execute(entry())
    take_away_the_stop(desk)
    before, began = names(desk.exchange), desk.now_ms()

    snapshot = glance(desk.manager._desk, ACME)

    assert [event.at_ms for event in events(desk.journal, "s1", Exposed)] == [snapshot.at_ms] == [began]
    assert began < desk.now_ms()
    assert names(desk.exchange) == before


def test_a_look_for_something_else_that_shows_the_stop_gone_makes_the_symbol_due() -> None:
    """An entry looks, and is refused behind it: a host that sleeps until the next duty puts the stop back at once."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    take_away_the_stop(desk)
    desk.exchange.faults.add(Fault.unreachable(method="GET", path="premiumIndex"))

    report = desk.execute(entry("s2"))
    due_ms = desk.manager.next_due()
    desk.manager.reconcile_due()

    assert report.outcome is Outcome.REFUSED
    assert due_ms is not None
    assert due_ms <= desk.now_ms()
    assert resting(desk.exchange) == ["S2", "T1"]
    assert desk.alarms == []


def test_a_look_for_something_else_that_shows_the_stop_keeps_nothing() -> None:
    """All is well: not a line in the journal, and the next look is due when it was."""
    desk = paper_desk()
    desk.execute(entry())
    before, due_ms = desk.journal.events_of("s1"), desk.manager.next_due()

    glance(desk.manager._desk, ACME)

    assert desk.journal.events_of("s1") == before
    assert desk.manager.next_due() == due_ms


@pytest.mark.parametrize("at_look", [1, 2])
def test_a_close_that_hangs_rings_for_the_stop_it_found_gone(at_look: int) -> None:
    """Removed by hand before the close looks, or before its exit, refused at first, does; the reads before it hang.

    A person hears of it before the exit is out.
    """
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.request_lost(method="GET", path="userTrades"))
    if at_look > 1:
        desk.exchange.faults.add(Fault.refused(-1021, leg="X", nth=1))
    looks: list[int] = []

    def snapshot(itself: Callable[[str], object], symbol: str) -> object:
        looks.append(desk.now_ms())
        if len(looks) == at_look:
            take_away_the_stop(desk)
        return itself(symbol)

    desk.exchange.script["snapshot"] = snapshot
    report = desk.execute(close(), None)

    assert exposed_ms(desk) == looks[at_look - 1]
    sent = intents(desk.journal, "c1", Leg.EXIT)[-1]
    assert rung(desk, exposed_ms(desk)) == [(ACME, 3_000)]
    assert sent.at_ms >= exposed_ms(desk) + 3_000
    assert report.outcome is Outcome.CLOSED
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


def test_an_entry_that_waits_rings_for_the_stop_its_look_found_gone() -> None:
    """The first signal's stop is gone, and the second one waits to be tried again behind its look at the symbol."""
    desk = paper_desk(retry=PATIENT)
    desk.execute(entry("s1"))
    take_away_the_stop(desk)
    desk.exchange.faults.add(Fault.unreachable(leg="E", nth=1))

    report = desk.execute(entry("s2"))

    assert report.outcome is Outcome.PROTECTED
    assert rung(desk, exposed_ms(desk))[0] == (ACME, 3_000)


def test_the_rounds_for_an_outcome_notice_that_a_stop_is_gone() -> None:
    """An open question keeps its symbol busy, and its rounds look at the position: the stop beside it is gone."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.exchange.faults.add(Fault.request_lost(leg="E", method="POST"))
    gone: list[int] = []

    def history(itself: Callable[..., object], symbol: str, since: object) -> object:
        if not gone and desk.manager._desk.open_questions(ACME):
            take_away_the_stop(desk)
            gone.append(desk.now_ms())
        return itself(symbol, since)

    desk.exchange.script["history"] = history
    desk.execute(entry("s2"))

    assert 0 <= exposed_ms(desk) - gone[0] <= 100
    assert rung(desk, exposed_ms(desk))[0] == (ACME, 3_000)


# --- an entry in doubt ------------------------------------------------------------------------------------------------


def test_a_position_in_doubt_is_told_of_while_its_entry_is_asked_for() -> None:
    """The look for the other bracket shows the fill, and the question whose it is hangs: the alarm comes in time."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    hanging = Fault.request_lost(method="GET", path="order", leg="E", nth=AHEAD + 1)
    desk.exchange.faults.add(Fault.unclear(executed=True, leg="E", method="POST"), hanging)

    report = desk.execute(entry("s2"))

    shown_ms = filled_ms(desk)
    (alarm,) = desk.alarms_of(AlarmKind.OUTCOME_UNKNOWN)
    assert shown_ms + 3_000 <= alarm.at_ms <= shown_ms + 3_500
    assert alarm.signal_id == "s2"
    assert report.outcome is Outcome.PROTECTED


def test_a_fill_in_doubt_is_told_of_before_the_look_behind_it() -> None:
    """A fill shows that no order explains, and the look at the position hangs: nobody waits for that to hear of it."""
    desk = paper_desk()
    for path in ("order", "allOrders"):
        desk.exchange.faults.add(Fault.visibility_lag(20_000, path=path))
    hanging = Fault.request_lost(method="GET", path="openAlgoOrders", from_ms=desk.now_ms() + 3_000)
    desk.exchange.faults.add(Fault.unclear(executed=True, leg="E", method="POST"), hanging)

    desk.execute(entry("s1"))

    shown_ms = next(at_ms for at_ms in first_seen_ms(desk, "/fapi/v1/userTrades") if at_ms > filled_ms(desk))
    assert desk.alarms_of(AlarmKind.OUTCOME_UNKNOWN)[0].at_ms - shown_ms <= 500


# --- a look that does not come to its end -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["openOrders", "positionRisk", "algoOrder"])
def test_a_stop_that_is_not_listed_is_told_of_while_the_rest_of_the_look_hangs(path: str) -> None:
    """The list shows the stop gone and the next read gets no answer, over and over: the alarm comes when it is due."""
    desk = paper_desk()
    desk.execute(entry())
    take_away_the_stop(desk)
    desk.exchange.faults.add(Fault.request_lost(method="GET", path=path))
    began = desk.now_ms()

    desk.manager.reconcile(ACME)
    desk.guard(10)

    (first, *later) = rung(desk, began)
    assert TIMES.protect_soft_ms <= first[1] <= TIMES.protect_soft_ms + 500
    assert later
    desk.exchange.faults.clear()
    desk.guard(3)
    assert resting(desk.exchange) == ["S2", "T1"]


def test_what_became_of_a_stop_that_is_not_listed_is_not_claimed() -> None:
    """It may have closed the position: the alarm says what was seen, and what could not be."""
    desk = paper_desk()
    desk.execute(entry())
    take_away_the_stop(desk)
    desk.exchange.faults.add(Fault.request_lost(method="GET", path="openOrders", nth=1))

    desk.manager.reconcile(ACME)
    desk.guard(5)

    (alarm,) = desk.alarms_of(AlarmKind.UNPROTECTED)
    assert alarm.text.startswith("no live stop of 1.000 ACMEUSDT of signal 's1' is listed for 3000 ms")
    assert resting(desk.exchange) == ["S2", "T1"]


def test_a_stop_that_the_next_list_shows_rings_no_bell() -> None:
    """A list came out short, and the look behind it failed at once: what the next list shows counts, not the first."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(
        Fault.short_list(2, path="openAlgoOrders", nth=1),
        Fault.unreachable(method="GET", path="openOrders", nth=1),
    )

    desk.manager.reconcile(ACME)
    doubted = dict(desk.manager._desk.unlisted_ms)
    desk.guard(10)

    assert list(doubted) == ["s1"]
    assert desk.manager._desk.unlisted_ms == {}
    assert desk.alarms_of(AlarmKind.UNPROTECTED) == []


def test_a_look_for_a_report_that_shows_the_stop_gone_is_not_forgotten() -> None:
    """Somebody cancels it right before the last look of a call, which only reads: it is seen to within a second."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    looks = desk.exchange.verbs.count("snapshot")
    desk.execute(close(), None)
    desk.exchange.verbs.clear()

    def snapshot(itself: Callable[[str], object], symbol: str) -> object:
        if desk.exchange.verbs.count("snapshot") == looks:
            take_away_the_stop(desk, "s2")
        return itself(symbol)

    desk.exchange.script["snapshot"] = snapshot
    report = desk.execute(entry("s2"))
    due_ms = desk.manager.next_due()
    desk.guard(2)

    assert report.outcome is Outcome.PROTECTED
    assert due_ms is not None
    assert due_ms <= report.at_ms + TIMES.poll_max_ms
    assert resting(desk.exchange) == ["S2", "T1"]


# --- a history that does not come to its end --------------------------------------------------------------------------


def test_an_entry_shown_by_a_history_that_hangs_is_guarded() -> None:
    """Dead between the send and its answer; the orders show the fill, and the fills behind them get no answer."""
    journal = crash_at(lambda event: isinstance(event, Answered))
    desk = paper_desk(journal=journal)
    with pytest.raises(Crash):
        desk.execute(entry())
    desk.exchange.faults.add(Fault.request_lost(method="GET", path="userTrades"), Fault.unreachable(leg="S"))
    began = desk.now_ms()

    after = restart(desk, journal.inner)
    after.manager.reconcile()
    after.guard(10)

    first = rung(after, began)[0]
    assert TIMES.protect_soft_ms <= first[1] <= TIMES.protect_soft_ms + 500


def test_an_entry_found_by_a_history_that_hangs_is_protected_at_once() -> None:
    """It is asked for by its id in vain; the list of orders shows it, and the list of fills hangs: it is found."""
    desk = paper_desk()
    desk.exchange.faults.add(
        Fault.unclear(executed=True, leg="E", method="POST"),
        Fault.visibility_lag(60_000, path="order"),
        Fault.request_lost(method="GET", path="userTrades", from_ms=desk.now_ms() + 1_000),
    )

    report = desk.execute(entry())

    assert report.outcome is Outcome.PROTECTED
    assert len([line for line in desk.lines(AuditType.API_ERROR) if line.operation == "read"]) == 1
