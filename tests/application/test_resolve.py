"""Orders of unknown outcome: found by evidence, believed absent after it, never resent to find out."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal

import pytest

from surefill.adapters.simulated import Fault
from surefill.domain.actions import ExitWhy
from surefill.domain.alarm import AlarmKind
from surefill.domain.audit_record import AuditType
from surefill.domain.errors import ExchangeUnavailableError
from surefill.domain.events import Absent, Answered, Missed, Seen
from surefill.domain.ids import Leg
from surefill.domain.protection_policy import OnLateFill, ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.report import ClosedBy, Outcome
from surefill.domain.snapshot import History, Watermark
from tests.application.journals import crash_at
from tests.papers import (
    ACME,
    BOLT,
    FLAT,
    Desk,
    arrived,
    begun,
    close,
    entry,
    entry_orders_filled,
    events,
    filled,
    held,
    id_of,
    intents,
    names,
    paper_desk,
    restart,
    resting,
    rows,
    sent_of,
    trade_by_hand,
)
from tests.scripted import Crash


def ghost(desk: Desk, seconds: int) -> None:
    """The entry is executed, its answer lost, and every trace of it invisible for *seconds*."""
    lag = Fault.visibility_lag(
        seconds * 1000, trades=True, positions=True, until_ms=desk.now_ms() + seconds * 1000 + 1000
    )
    desk.exchange.faults.add(Fault.reply_lost(leg="E", nth=1), lag)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.reply_lost(leg="E"),
        Fault.unclear(executed=True, leg="E"),
        Fault.unclear(executed=True, code=-1001, text="Internal error.", leg="E"),
        Fault.unclear(executed=True, code=-1007, status=408, leg="E"),
        Fault.unclear(executed=True, code=-99999, text="never seen", status=400, leg="E"),
        Fault.latency(10_000, leg="E", nth=1),
    ],
    ids=["reply lost", "503 unknown", "503 internal", "408", "code never seen", "late beyond our patience"],
)
def test_an_unclear_entry_is_not_sent_again(fault: Fault) -> None:
    """Whatever unclear came back: one order at most, and what was executed ends protected."""
    desk = paper_desk(fault)

    report = desk.execute(entry())

    assert sent_of(desk.exchange, "s1").count("E1") <= 1
    assert "E2" not in sent_of(desk.exchange, "s1")
    assert entry_orders_filled(desk.exchange, "s1") == held(desk.exchange)
    assert report.outcome is (Outcome.PROTECTED if held(desk.exchange) else Outcome.NOT_FILLED)
    assert bool(resting(desk.exchange)) == bool(held(desk.exchange))


def test_a_lost_reply_is_found() -> None:
    """It is looked up by its id, protected, and reported like any other; within the time an unknown one may take."""
    desk = paper_desk(Fault.reply_lost(leg="E"))
    began = desk.now_ms()

    report = desk.execute(entry())

    assert (report.outcome, report.filled_quantity) == (Outcome.PROTECTED, Decimal(1))
    assert desk.now_ms() - began <= 30_000
    assert names(desk.exchange) == ["E1", "S1", "T1"]
    assert [line.operation for line in desk.lines(AuditType.OUTCOME_UNKNOWN)] == ["entry", "resolve"]
    resolved = desk.lines(AuditType.OUTCOME_RESOLVED)
    assert [(line.client_order_id, line.response["executed"]) for line in resolved] == [
        (id_of("s1", Leg.ENTRY), "1.000")
    ]


@pytest.mark.parametrize("fault", [Fault.request_lost(leg="E"), Fault.unclear(executed=False, leg="E")])
def test_a_lost_request_is_believed_absent_after_evidence(fault: Fault) -> None:
    """NOT_FILLED, provisional: only after the window closed and clean rounds over six seconds."""
    desk = paper_desk(fault)
    began = desk.now_ms()

    report = desk.execute(entry())

    assert (report.outcome, report.provisional, report.filled_quantity) == (Outcome.NOT_FILLED, True, Decimal(0))
    assert desk.now_ms() - began <= 30_000
    intent = intents(desk.journal, "s1")[0]
    absent = events(desk.journal, "s1", Absent)[0]
    clean = [each.at_ms for each in events(desk.journal, "s1", Missed) if each.at_ms > intent.not_after_ms + 1000]
    assert len(clean) >= 3
    assert absent.at_ms - clean[0] >= 6_000
    assert desk.execute(entry()) == report
    assert arrived(desk.exchange) == []


def test_an_absent_entry_is_watched_and_closed_in_the_end() -> None:
    """Looked for at 15 s, 30 s, 1, 2, 5, 15 minutes and each hour; after a day nothing is left to do."""
    desk = paper_desk(Fault.request_lost(leg="E"))
    desk.execute(entry())
    absent_ms = events(desk.journal, "s1", Absent)[0].at_ms
    before = len(events(desk.journal, "s1", Missed))

    while (due_ms := desk.manager.next_due()) is not None:
        desk.wait(max(1, due_ms - desk.now_ms()) / 1000)
        desk.manager.reconcile_due()

    looks = [(each.at_ms - absent_ms) // 1000 for each in events(desk.journal, "s1", Missed)[before:]]
    wanted = [15, 30, 60, 120, 300, 900, *range(4500, 86_400, 3600), 86_400]
    assert len(looks) == len(wanted)
    assert all(0 <= look - age <= 6 for look, age in zip(looks, wanted, strict=True))
    assert desk.manager.status().duties == ()
    report = desk.report()
    assert (report.outcome, report.corrections) == (Outcome.NOT_FILLED, ())
    assert held(desk.exchange) == 0


def test_a_late_fill_is_flattened() -> None:
    """The caller was told "not filled", so it is closed as soon as it is seen; alarm, audit line, and a correction."""
    desk = paper_desk()
    created = begun(desk)
    ghost(desk, 40)

    told = desk.execute(entry(created_at=created))
    desk.guard(120)

    assert (told.outcome, told.provisional) == (Outcome.NOT_FILLED, True)
    report = desk.report()
    assert (report.outcome, report.closed_by, report.filled_quantity) == (Outcome.CLOSED, ClosedBy.EXIT, Decimal(1))
    assert [each.outcome for each in report.corrections] == [Outcome.CLOSED]
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert names(desk.exchange) == ["E1", "X1"]
    assert AlarmKind.LATE_FILL in desk.kinds()
    assert [line.signal_id for line in desk.lines(AuditType.LATE_FILL)] == ["s1"]
    assert [line.order_data["why"] for line in desk.lines(AuditType.FLATTENED)] == [ExitWhy.LATE_FILL.value]


def test_a_late_fill_may_be_protected() -> None:
    """By policy it is kept and gets its bracket; the alarm and the correction are the same."""
    desk = paper_desk(protection=ProtectionPolicy(on_late_fill=OnLateFill.PROTECT))
    created = begun(desk)
    ghost(desk, 40)

    told = desk.execute(entry(created_at=created))
    desk.guard(120)

    assert told.outcome is Outcome.NOT_FILLED
    report = desk.report()
    assert (report.outcome, [each.outcome for each in report.corrections]) == (Outcome.PROTECTED, [Outcome.PROTECTED])
    assert resting(desk.exchange) == ["S1", "T1"]
    assert AlarmKind.LATE_FILL in desk.kinds()
    assert desk.lines(AuditType.LATE_FILL)


def test_an_order_that_only_the_history_shows_is_found() -> None:
    """The lookup by id is silent, the list of orders is not: that is evidence enough."""
    desk = paper_desk(Fault.reply_lost(leg="E"))
    desk.exchange.script["find"] = lambda itself, keys: (
        {} if any(key.client_id[-2] == "E" for key in keys) else itself(keys)
    )

    report = desk.execute(entry())

    assert report.filled_quantity == 1
    assert report.outcome is Outcome.PROTECTED
    assert any(isinstance(event, Seen) for event in desk.journal.events_of("s1"))


def test_a_trade_nobody_can_explain_forbids_absence() -> None:
    """Fills of an order that cannot be seen: nobody may say that ours was not executed, so it stays unknown."""
    desk = paper_desk()
    created = begun(desk)
    desk.exchange.faults.add(Fault.reply_lost(leg="E"), Fault.visibility_lag(30_000, positions=True))
    began = desk.now_ms()

    report = desk.execute(entry(created_at=created))

    assert report.outcome is Outcome.UNKNOWN
    assert desk.now_ms() - began <= 30_000
    assert events(desk.journal, "s1", Absent) == []


def test_a_position_nobody_can_explain_forbids_absence() -> None:
    """The same for size that is there and belongs to no order known."""
    desk = paper_desk()
    created = begun(desk)
    desk.exchange.faults.add(Fault.reply_lost(leg="E"), Fault.visibility_lag(30_000, trades=True))

    assert desk.execute(entry(created_at=created)).outcome is Outcome.UNKNOWN
    assert events(desk.journal, "s1", Absent) == []


def test_an_unknown_entry_freezes_its_symbol_for_entries_only() -> None:
    """No entry there until it is known; other symbols trade on, and exits of what is known stay open."""
    desk = paper_desk()
    desk.execute(entry("s0"))
    created = begun(desk)
    desk.exchange.faults.add(Fault.reply_lost(leg="E", symbol=ACME), Fault.visibility_lag(45_000, trades=True))
    unknown = desk.execute(entry("s1", created_at=created))

    shown = [symbol for symbol, _ in desk.manager.status().frozen]
    frozen = desk.execute(entry("s2"))
    other = desk.execute(entry("s3", BOLT, stop="1900", target="2100"))
    closed = desk.execute(close("c1"), "0.4")

    assert unknown.outcome is Outcome.UNKNOWN
    assert (frozen.outcome, frozen.reason) == (Outcome.REFUSED, Refusal.FROZEN)
    assert shown == [ACME]
    assert AlarmKind.OUTCOME_UNKNOWN in desk.kinds()
    assert filled(desk.exchange, "s3", Leg.ENTRY) == 1
    assert other.outcome in (Outcome.PROTECTED, Outcome.UNPROTECTED)
    assert filled(desk.exchange, "c1", Leg.EXIT) == Decimal("0.4")
    assert closed.outcome in (Outcome.REDUCED, Outcome.UNKNOWN)


def test_reconcile_settles_an_unknown_entry_and_corrects_its_report() -> None:
    """The duty goes on asking; once found, the position is protected, the symbol thawed, the report corrected."""
    desk = paper_desk()
    created = begun(desk)
    desk.exchange.faults.add(Fault.reply_lost(leg="E"), Fault.visibility_lag(25_000, until_ms=desk.now_ms() + 40_000))
    unknown = desk.execute(entry(created_at=created))
    alarms = len(desk.alarms_of(AlarmKind.OUTCOME_UNKNOWN))

    desk.guard(90)

    assert unknown.outcome is Outcome.UNKNOWN
    assert alarms >= 1
    report = desk.report()
    assert (report.outcome, report.filled_quantity) == (Outcome.PROTECTED, Decimal(1))
    assert report.corrections[0].text == "was UNKNOWN"
    assert desk.manager.status().frozen == ()
    assert entry_orders_filled(desk.exchange, "s1") == 1
    desk.exchange.faults.clear()
    assert desk.execute(entry("s2")).outcome is Outcome.PROTECTED


def test_a_close_does_not_call_flat_what_nobody_knows() -> None:
    """With an entry of that direction in question "already flat" would be a guess: refused, the id stays free."""
    desk = paper_desk()
    created = begun(desk)
    desk.exchange.faults.add(Fault.reply_lost(leg="E"), Fault.visibility_lag(60_000, until_ms=desk.now_ms() + 70_000))
    desk.execute(entry(created_at=created))

    early = desk.execute(close(), None)
    other = desk.execute(close("c2", short=True), None)
    desk.guard(90)

    assert (early.outcome, early.reason) == (Outcome.REFUSED, Refusal.FROZEN)
    assert other.outcome is Outcome.ALREADY_FLAT
    assert desk.execute(close(), None).outcome is Outcome.CLOSED
    assert held(desk.exchange) == 0


def test_an_unknown_alarm_repeats_until_it_is_known() -> None:
    """Every reconcile that cannot find out says so again."""
    desk = paper_desk()
    created = begun(desk)
    desk.exchange.script["find"] = _silent
    desk.exchange.script["history"] = _silent_after(desk, 1)
    desk.exchange.faults.add(Fault.reply_lost(leg="E"))

    report = desk.execute(entry(created_at=created))
    desk.guard(60)

    assert report.outcome is Outcome.UNKNOWN
    times = [alarm.at_ms for alarm in desk.alarms_of(AlarmKind.OUTCOME_UNKNOWN)]
    assert len(times) >= 3
    assert max(later - sooner for sooner, later in itertools.pairwise(times)) <= 30_000


def _silent(_: object, __: object) -> dict[str, object]:
    return {}


def _silent_after(desk: Desk, calls: int) -> Callable[..., History]:
    seen = [0]

    def history(itself: Callable[..., History], symbol: str, since: Watermark | None) -> History:
        seen[0] += 1
        if seen[0] <= calls:
            return itself(symbol, since)
        with desk.exchange.telling(lambda _: None):
            found = itself(symbol, since)
        return History((), found.trades, found.watermark)

    return history


@pytest.mark.parametrize(
    "fault",
    [
        Fault.unreachable(method="GET"),
        Fault.refused(-2015, "Invalid API-key, IP, or permissions.", 401, method="GET"),
        Fault.refused(-1003, "Too many requests.", 429, method="GET"),
    ],
    ids=["unreachable", "key revoked", "limited"],
)
def test_an_exchange_that_answers_nothing_leaves_a_question(fault: Fault) -> None:
    """The entry's answer is lost and no read works: UNKNOWN, in time, and never an exception."""
    desk = paper_desk()
    created = begun(desk)

    def send(itself: Callable[[object], object], prepared: object) -> object:
        desk.exchange.faults.add(fault)
        return itself(prepared)

    desk.exchange.script["send"] = send
    desk.exchange.faults.add(Fault.reply_lost(leg="E"))
    began = desk.now_ms()

    report = desk.execute(entry(created_at=created))

    assert report.outcome is Outcome.UNKNOWN
    assert desk.now_ms() - began <= 75_000
    desk.exchange.faults.clear()
    desk.exchange.script.clear()
    desk.wait(300)
    desk.guard(30)
    mended = desk.report()
    assert mended.outcome is Outcome.PROTECTED
    assert entry_orders_filled(desk.exchange, "s1") == 1


def test_a_foreign_trade_meanwhile_only_delays_the_verdict() -> None:
    """Somebody else trades while ours is sought: his order is no trace of ours, his size forbids a hasty "absent"."""
    desk = paper_desk(protection=ProtectionPolicy(allow_foreign_position=True))
    desk.exchange.faults.add(Fault.request_lost(leg="E"))

    def history(itself: Callable[..., History], symbol: str, since: Watermark | None) -> History:
        if since is not None and held(desk.exchange) == 0:
            trade_by_hand(desk.exchange, "BUY", "1")
        return itself(symbol, since)

    desk.exchange.script["history"] = history
    report = desk.execute(entry())

    assert report.outcome is Outcome.UNKNOWN
    trade_by_hand(desk.exchange, "SELL", "1")
    desk.exchange.script.clear()
    desk.guard(40)
    mended = desk.report()
    assert mended.outcome is Outcome.NOT_FILLED
    assert sent_of(desk.exchange, "s1") == []


# --- one witness is silent, another is not ----------------------------------------------------------------------------


def first_seen_ms(desk: Desk, path: str) -> list[int]:
    """When the requests of one path arrived."""
    return [int(row["time_ms"] or 0) for row in rows(desk.exchange, "request") if row["path"] == path]


@pytest.mark.parametrize(
    ("fault", "within_ms"),
    [(Fault.reply_lost(leg="E", nth=1), 6_500), (Fault.unclear(executed=True, leg="E", nth=1), 1_500)],
    ids=["lost", "unclear"],
)
def test_a_witness_that_does_not_answer_does_not_silence_the_others(fault: Fault, within_ms: int) -> None:
    """The question by id is answered by nobody; the list of orders shows the fill: found and protected at once."""
    desk = paper_desk()
    created = begun(desk)
    desk.exchange.faults.add(fault)
    desk.exchange.faults.add(Fault.unreachable(method="GET", path="order"))
    began = desk.now_ms()

    report = desk.execute(entry(created_at=created))

    assert (report.outcome, report.filled_quantity) == (Outcome.PROTECTED, Decimal(1))
    assert desk.now_ms() - began <= within_ms  # although the request might still be accepted
    assert names(desk.exchange) == ["E1", "S1", "T1"]
    assert desk.alarms_of(AlarmKind.UNPROTECTED) == []


def test_absence_needs_every_witness() -> None:
    """One of them never answers: the rounds are not clean, and nobody may say that the entry was not executed."""
    desk = paper_desk()
    created = begun(desk)
    desk.exchange.faults.add(Fault.request_lost(leg="E"))
    desk.exchange.faults.add(Fault.unreachable(method="GET", path="order"))

    report = desk.execute(entry(created_at=created))

    assert report.outcome is Outcome.UNKNOWN
    assert events(desk.journal, "s1", Absent) == []


@pytest.mark.parametrize(
    "lags",
    [
        [Fault.visibility_lag(12_000, positions=True)],  # only the fill shows
        [Fault.visibility_lag(12_000, trades=True)],  # only the position shows
        [Fault.visibility_lag(12_000, path="order"), Fault.visibility_lag(12_000, path="allOrders")],
    ],
    ids=["fill", "position", "both"],
)
def test_what_moved_and_may_be_ours_rings_at_once(lags: list[Fault]) -> None:
    """The order hides, its fill or position does not: the alarm comes with that look, not at the call's end."""
    desk = paper_desk()
    created = begun(desk)
    desk.exchange.faults.add(Fault.reply_lost(leg="E", nth=1), *lags)

    desk.execute(entry(created_at=created))

    filled_ms = int(rows(desk.exchange, "fill")[0]["time_ms"] or 0)
    looks = [at_ms for at_ms in first_seen_ms(desk, "/fapi/v1/userTrades") if at_ms > filled_ms]
    rung = desk.alarms_of(AlarmKind.OUTCOME_UNKNOWN)[0].at_ms
    assert looks[0] <= rung <= looks[0] + 1_000
    assert rung - filled_ms < 12_000


# --- believed absent, and there after all -----------------------------------------------------------------------------


def hidden_for(desk: Desk, seconds: int) -> None:
    """The entry is executed, its answer lost; nothing of it can be seen until *seconds* from now."""
    until_ms = desk.now_ms() + seconds * 1000
    lag = Fault.visibility_lag(3_600_000, trades=True, positions=True, until_ms=until_ms)
    desk.exchange.faults.add(Fault.reply_lost(leg="E", nth=1), lag)


@pytest.mark.parametrize("seconds", [20, 33, 57, 200])
def test_an_absent_entry_is_found_with_its_position(seconds: int) -> None:
    """Between two ages of the watch its position shows: it is asked for in that look, told, and closed."""
    desk = paper_desk()
    created = begun(desk)
    shows_ms = desk.now_ms() + seconds * 1000
    hidden_for(desk, seconds)
    assert desk.execute(entry(created_at=created)).outcome is Outcome.NOT_FILLED

    desk.guard(seconds + 15)

    (late,) = desk.alarms_of(AlarmKind.LATE_FILL)
    assert late.at_ms - shows_ms <= 7_000
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert AlarmKind.FOREIGN_CHANGE not in desk.kinds()


def test_a_question_that_fails_is_asked_again_within_a_second() -> None:
    """Size nobody explains, and the one query by id fails: an alarm at once, the question again, and then the truth."""
    desk = paper_desk(protection=ProtectionPolicy(on_late_fill=OnLateFill.PROTECT))
    created = begun(desk)
    shows_ms = desk.now_ms() + 33_000
    hidden_for(desk, 33)
    desk.execute(entry(created_at=created))
    failing = Fault.refused(-1003, "Too many requests.", 400, method="GET", path="order", from_ms=shows_ms, nth=1)
    desk.exchange.faults.add(failing)

    desk.guard(45)

    rung = min(alarm.at_ms for alarm in desk.alarms if alarm.at_ms > shows_ms)
    (late,) = desk.alarms_of(AlarmKind.LATE_FILL)
    assert 0 < late.at_ms - rung <= 2_500
    assert AlarmKind.FOREIGN_CHANGE not in desk.kinds()
    report = desk.report()
    assert report.outcome is Outcome.PROTECTED


def test_an_absent_entry_that_ended_without_a_fill_needs_no_watch() -> None:
    """It arrived, met nobody and expired, and is seen so long after it was given up: nothing is left to wait for."""
    desk = paper_desk()
    created = begun(desk)
    hidden_for(desk, 33)
    desk.exchange.tick(ACME, bid="99.95", bid_quantity="1", ask="100.05", ask_quantity="1")
    trade_by_hand(desk.exchange, "BUY", "1")
    trade_by_hand(desk.exchange, "SELL", "1")
    told = desk.execute(entry(created_at=created))

    desk.guard(120)

    report = desk.report()
    assert (told.outcome, told.provisional) == (Outcome.NOT_FILLED, True)
    assert (report.outcome, report.provisional, report.corrections) == (Outcome.NOT_FILLED, False, ())
    assert desk.manager.status().duties == ()
    assert AlarmKind.LATE_FILL not in desk.kinds()


def test_unexplained_size_beside_an_absent_entry_rings_until_it_is_known() -> None:
    """It stays hidden while its position shows: the alarm repeats, it is asked for, and nothing is touched."""
    desk = paper_desk()
    created = begun(desk)
    hidden_for(desk, 20)
    desk.exchange.faults.add(
        Fault.visibility_lag(120_000, path="order"), Fault.visibility_lag(120_000, path="allOrders")
    )
    assert desk.execute(entry(created_at=created)).outcome is Outcome.NOT_FILLED
    desk.guard(20)
    before = len(first_seen_ms(desk, "/fapi/v1/order"))

    desk.guard(30)

    rung = [alarm.at_ms for alarm in desk.alarms_of(AlarmKind.OUTCOME_UNKNOWN)]
    assert len(rung) >= 5
    assert max(later - sooner for sooner, later in itertools.pairwise(rung)) <= 7_000
    assert "believed not to have been executed" in desk.alarms_of(AlarmKind.OUTCOME_UNKNOWN)[-1].text
    assert len(first_seen_ms(desk, "/fapi/v1/order")) - before >= 15
    assert held(desk.exchange) == 1
    assert AlarmKind.FOREIGN_CHANGE not in desk.kinds()


def test_unexplained_size_rings_although_nobody_can_be_asked() -> None:
    """The question by id fails again and again: the alarm says what it may be, not only that the exchange is silent."""
    desk = paper_desk()
    created = begun(desk)
    shows_ms = desk.now_ms() + 33_000
    hidden_for(desk, 33)
    desk.execute(entry(created_at=created))
    desk.exchange.faults.add(Fault.refused(-1003, "x", 400, method="GET", path="order", from_ms=shows_ms))

    desk.guard(60)

    rung = [alarm.at_ms for alarm in desk.alarms_of(AlarmKind.OUTCOME_UNKNOWN) if alarm.at_ms > shows_ms]
    assert rung[0] - shows_ms <= 6_000
    assert max(later - sooner for sooner, later in itertools.pairwise(rung)) <= 7_000
    assert AlarmKind.EXCHANGE_UNREACHABLE in desk.kinds()


def test_the_alarm_goes_on_for_as_long_as_the_question() -> None:
    """What moved and is unknown rings again as often as an alarm repeats, not only when a call gives up."""
    desk = paper_desk()
    created = begun(desk)
    desk.exchange.faults.add(Fault.reply_lost(leg="E", nth=1), Fault.visibility_lag(90_000, path="order"))
    desk.exchange.faults.add(Fault.visibility_lag(90_000, path="allOrders"))
    assert desk.execute(entry(created_at=created)).outcome is Outcome.UNKNOWN

    desk.guard(40)

    rung = [alarm.at_ms for alarm in desk.alarms_of(AlarmKind.OUTCOME_UNKNOWN)]
    assert max(later - sooner for sooner, later in itertools.pairwise(rung)) <= 7_000
    assert rung[-1] >= desk.now_ms() - 7_000


# --- a question takes time that others need ---------------------------------------------------------------------------


def unknown_beside(desk: Desk, seconds: int) -> None:
    """A protected position on one symbol, and on the other an entry of which nobody knows for *seconds*."""
    desk.execute(entry("s0", BOLT, stop="1900", target="2100"))
    created = begun(desk)
    until_ms = desk.now_ms() + seconds * 1000
    desk.exchange.faults.add(Fault.reply_lost(leg="E", nth=1))
    desk.exchange.faults.add(Fault.visibility_lag(3_600_000, path="order", until_ms=until_ms))
    desk.exchange.faults.add(Fault.visibility_lag(3_600_000, path="allOrders", until_ms=until_ms))
    assert desk.execute(entry("s1", created_at=created)).outcome is Outcome.UNKNOWN


def test_a_question_on_one_symbol_does_not_hold_up_the_others() -> None:
    """With another symbol to look after, a reconcile asks one round and goes on; the next one asks the next."""
    desk = paper_desk()
    unknown_beside(desk, 60)
    began = desk.now_ms()

    desk.manager.reconcile()
    spent = desk.now_ms() - began
    due_ms = {duty.symbol: duty.due_ms for duty in desk.manager.status().duties}
    after_ms = desk.now_ms()
    desk.guard(60)

    assert spent <= 3_000
    assert due_ms[ACME] - after_ms <= 1_000
    report = desk.report()
    assert report.outcome is Outcome.PROTECTED


def test_a_young_question_does_not_ring_yet() -> None:
    """One round without an answer and nothing moved: a verdict may still come in time, and only then a person hears."""
    journal = crash_at(lambda event: isinstance(event, Answered) and event.signal_id == "s1")
    desk = paper_desk(journal=journal)
    desk.execute(entry("s0", BOLT, stop="1900", target="2100"))
    lag = Fault.visibility_lag(600_000, trades=True, positions=True, symbol=ACME, until_ms=desk.now_ms() + 9_000)
    desk.exchange.faults.add(lag)
    with pytest.raises(Crash):
        desk.execute(entry("s1"))

    after = restart(desk, journal.inner)
    after.manager.reconcile()
    early = after.kinds()
    after.guard(30)

    assert early == []
    report = after.report()
    assert report.outcome is Outcome.PROTECTED


def test_a_question_alone_is_asked_to_its_end() -> None:
    """Nothing else waits: one reconcile looks until the verdict's time is over."""
    desk = paper_desk()
    created = begun(desk)
    desk.exchange.faults.add(Fault.reply_lost(leg="E", nth=1), Fault.visibility_lag(90_000, path="order"))
    desk.exchange.faults.add(Fault.visibility_lag(90_000, path="allOrders"))
    desk.execute(entry("s1", created_at=created))
    began = desk.now_ms()

    desk.manager.reconcile()

    assert desk.now_ms() - began >= 15_000


def test_questions_share_the_time_for_a_verdict() -> None:
    """Two exits nobody knows anything of: one reconcile looks for both no longer than for one."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.reply_lost(leg="X"), Fault.visibility_lag(600_000, path="order"))
    desk.exchange.faults.add(Fault.visibility_lag(600_000, path="allOrders"))
    desk.execute(close("c1"), "0.4")
    desk.execute(close("c2"), "0.4")
    began = desk.now_ms()

    desk.manager.reconcile()

    assert len(desk.manager._desk.open_questions(ACME)) == 2
    assert 15_000 <= desk.now_ms() - began <= 17_000


def test_what_is_due_does_not_wait_for_a_verdict() -> None:
    """A call that works off what is due asks one round: on paper a signal does so first, and comes to its turn."""
    desk = paper_desk()
    created = begun(desk)
    desk.exchange.faults.add(Fault.reply_lost(leg="E", nth=1), Fault.visibility_lag(90_000, path="order"))
    desk.exchange.faults.add(Fault.visibility_lag(90_000, path="allOrders"))
    desk.execute(entry("s1", created_at=created))
    desk.wait(5)
    began = desk.now_ms()

    refused = desk.execute(entry("s2"))

    assert refused.reason is Refusal.FROZEN
    assert desk.now_ms() - began <= 1_000


def test_a_read_that_fails_takes_nothing_back() -> None:
    """Every other round one witness does not answer: that proves nothing, and the rounds before it still count."""
    desk = paper_desk(Fault.request_lost(leg="E", nth=1))
    calls = 0

    def history(itself: Callable[..., object], *args: object) -> object:
        nonlocal calls
        calls += 1
        if calls > 1 and calls % 2:
            raise ExchangeUnavailableError("no answer")
        return itself(*args)

    desk.exchange.script["history"] = history
    report = desk.execute(entry())

    assert calls >= 6
    assert (report.outcome, report.provisional) == (Outcome.NOT_FILLED, True)


def test_rounds_count_on_from_call_to_call() -> None:
    """One round a reconcile adds up to the evidence of absence; the question has one audit line, and an end."""
    desk = paper_desk()
    desk.execute(entry("s0", BOLT, stop="1900", target="2100"))
    created = begun(desk)
    blind_until_ms = desk.now_ms() + 25_000
    blind = Fault.unreachable(method="GET", path="allOrders", until_ms=blind_until_ms)
    desk.exchange.faults.add(Fault.request_lost(leg="E"))

    def send(itself: Callable[[object], object], prepared: object) -> object:
        desk.exchange.faults.add(blind)
        return itself(prepared)

    desk.exchange.script["send"] = send
    told = desk.execute(entry("s1", created_at=created))
    desk.exchange.script.clear()
    desk.guard(30)

    report = desk.manager.report("s1")
    assert told.outcome is Outcome.UNKNOWN
    assert report is not None
    assert report.outcome is Outcome.NOT_FILLED
    (absent,) = events(desk.journal, "s1", Absent)
    assert absent.at_ms >= blind_until_ms + 6_000
    asked = [line for line in desk.lines(AuditType.OUTCOME_UNKNOWN) if line.operation == "resolve"]
    assert len(asked) == 1
    assert len(desk.lines(AuditType.OUTCOME_RESOLVED)) == 1
    assert desk.manager._desk.rounds == {}


def test_what_was_missing_before_an_exit_was_not_taken_by_it() -> None:
    """Somebody sold a part right before our exit was lost: his fill explains what is missing, and ours is absent."""
    desk = paper_desk()
    desk.execute(entry())
    desk.guard(6)
    trade_by_hand(desk.exchange, "SELL", "0.4")
    desk.exchange.faults.add(Fault.request_lost(leg="X", nth=1))

    assert desk.execute(close(), None).outcome is Outcome.CLOSED

    desk.guard(20)
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert desk.manager.status().duties == ()


def test_fills_older_than_the_last_order_before_an_exit_do_not_keep_it_unknown() -> None:
    """They were not shown yet when it was noted what came before the exit: nobody takes them for the exit's."""
    desk = paper_desk()
    desk.execute(entry())
    desk.guard(6)
    until_ms = desk.now_ms() + 1_000
    desk.exchange.faults.add(Fault.visibility_lag(12_000, trades=True, path="userTrades", until_ms=until_ms))
    desk.exchange.faults.add(Fault.request_lost(leg="X", nth=1))

    assert desk.execute(close(), None).outcome is Outcome.CLOSED

    assert sent_of(desk.exchange, "c1") == ["X2"]
    mark = intents(desk.journal, "c1")[0].watermark
    assert mark is not None
    assert mark.order_id > mark.trade_id == 0
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


def test_size_of_others_does_not_keep_an_exit_unknown() -> None:
    """It was there before the exit and stays there: only size that is gone can be what the exit did."""
    desk = paper_desk()
    desk.execute(entry())
    trade_by_hand(desk.exchange, "BUY", "2")
    desk.exchange.faults.add(Fault.request_lost(leg="X", nth=1))

    assert desk.execute(close(), None).outcome is Outcome.CLOSED

    assert held(desk.exchange) == 2
    desk.guard(20)
    assert desk.manager.status().frozen == ()


def test_a_bracket_beside_an_entry_of_unknown_outcome_is_looked_after() -> None:
    """Its stop fills while the younger entry is being found out about: its target goes long before that is known."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.exchange.faults.add(Fault.request_lost(leg="E", nth=1))

    def history(itself: Callable[..., object], *args: object) -> object:
        desk.exchange.tick(ACME, last="94")
        return itself(*args)

    desk.exchange.script["history"] = history
    report = desk.execute(entry("s2", stop="80"))

    gone = next(one.at_ms for one in arrived(desk.exchange, "DELETE") if one.client_id == id_of("s1", Leg.TARGET))
    filled_ms = next(int(str(row["time_ms"])) for row in rows(desk.exchange, "fill") if row["side"] == "SELL")
    assert gone - filled_ms <= 6_000
    assert report.outcome is Outcome.NOT_FILLED
    assert report.at_ms - filled_ms >= 9_000
