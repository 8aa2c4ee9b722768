"""Many threads, one manager: one effect a signal, no deadlock, and callbacks that call back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import pytest

from surefill.adapters.simulated import Fault
from surefill.application.unprotected import unprotected
from surefill.domain.alarm import Alarm, AlarmKind
from surefill.domain.audit_record import AuditType
from surefill.domain.errors import ConfigurationError
from surefill.domain.events import Covered, Intent
from surefill.domain.ids import Leg
from surefill.domain.order import OrderKind, OrderRequest, Purpose
from surefill.domain.refusal import Refusal
from surefill.domain.report import ExecutionReport, Outcome
from surefill.domain.side import PositionSide, Side
from surefill.domain.signal import Signal
from surefill.domain.timings import Timings
from tests.application.journals import TappedJournal
from tests.papers import (
    ACME,
    BOLT,
    CJK,
    FLAT,
    Desk,
    close,
    entry,
    entry_orders_filled,
    held,
    id_of,
    paper_desk,
    resting,
    sent_of,
)

T = TypeVar("T")
WAIT_SECONDS = 60


def at_once(*works: Callable[[], T]) -> list[T]:
    """Run all of them in threads started together; return what they returned, or raise what one raised."""
    start = threading.Barrier(len(works))
    results: dict[int, T] = {}
    errors: list[BaseException] = []

    def run(number: int, work: Callable[[], T]) -> None:
        start.wait(WAIT_SECONDS)
        try:
            results[number] = work()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    threads = [threading.Thread(target=run, args=each, daemon=True) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert not any(thread.is_alive() for thread in threads), "a deadlock"
    if errors:
        raise errors[0]
    return [results[number] for number in range(len(works))]


def works(desk: Desk, *signals: tuple[Signal, str | None]) -> list[Callable[[], ExecutionReport]]:
    """Each signal as something to do."""

    def work(signal: Signal, quantity: str | None) -> Callable[[], ExecutionReport]:
        return lambda: desk.execute(signal, quantity)

    return [work(*each) for each in signals]


def test_one_signal_from_many_threads_has_one_effect() -> None:
    """One fill, one stop, one target, and every caller gets the same report."""
    desk = paper_desk()

    reports = at_once(*works(desk, *[(entry(), "1")] * 8))

    assert all(report == reports[0] for report in reports)
    assert reports[0].outcome is Outcome.PROTECTED
    assert entry_orders_filled(desk.exchange, "s1") == 1
    assert sent_of(desk.exchange, "s1") == ["E1", "S1", "T1"]


def test_one_signal_from_many_threads_whose_answer_is_lost() -> None:
    """The same while nobody knows: the others wait for the verdict instead of sending."""
    desk = paper_desk(Fault.reply_lost(leg="E"))

    reports = at_once(*works(desk, *[(entry(), "1")] * 6))

    assert all(report == reports[0] for report in reports)
    assert sent_of(desk.exchange, "s1") == ["E1", "S1", "T1"]


def test_many_signals_on_one_symbol_take_turns() -> None:
    """All are carried out, each with its own bracket."""
    desk = paper_desk()

    reports = at_once(*works(desk, *((entry(f"s{number}"), "1") for number in range(8))))

    assert {report.outcome for report in reports} == {Outcome.PROTECTED}
    assert held(desk.exchange) == 8
    assert len(resting(desk.exchange)) == 16


def test_many_symbols_side_by_side_with_a_guard() -> None:
    """Entries, closes, reads, a guard and a status reader at once: nothing deadlocks, all is protected or closed.

    Every thread's waiting moves the one clock they share, so that time says nothing about how long any of them took.
    """
    desk = paper_desk(timings=Timings(protect_soft_ms=600_000, protect_hard_ms=600_000))
    signals = [(entry(f"a{n}"), "1") for n in range(3)]
    signals += [(entry(f"b{n}", BOLT, stop="1900", target="2100"), "1") for n in range(3)]
    signals += [(entry(f"c{n}", CJK, stop="0.4", target="0.6"), "100") for n in range(3)]
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            desk.manager.status()
            desk.manager.next_due()
            desk.manager.get_position(ACME)

    with desk.manager.guarding(interval=0.001):
        reader = threading.Thread(target=look)
        reader.start()
        try:
            opened = at_once(*works(desk, *signals))
            closed = at_once(
                *works(desk, (close("x1"), None), (close("x2", BOLT), None), (close("x3", CJK), None)),
            )
        finally:
            done.set()
            reader.join(WAIT_SECONDS)

    assert {report.outcome for report in opened} == {Outcome.PROTECTED}
    assert [report.outcome for report in closed[:3]] == [Outcome.CLOSED] * 3
    desk.guard(10)
    for symbol in (ACME, BOLT, CJK):
        assert (held(desk.exchange, symbol), resting(desk.exchange, symbol)) == FLAT
    assert desk.alarms == []


def test_the_guard_does_not_wait_for_a_symbol_somebody_works_on() -> None:
    """While one symbol waits for an answer, another one's due work is done, and naked positions are told of."""
    desk = paper_desk(Fault.unreachable(leg="S", symbol=ACME))
    desk.execute(entry("s1"))
    desk.execute(entry("s2", BOLT, stop="1900", target="2100"))
    desk.exchange.tick(BOLT, last="1890")
    desk.wait(10)
    desk.alarms.clear()
    busy, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with desk.manager._desk.turns.of(ACME):
            busy.set()
            go_on.wait(WAIT_SECONDS)

    holder = threading.Thread(target=hold)
    holder.start()
    assert busy.wait(WAIT_SECONDS)
    try:
        desk.manager.reconcile_due()
    finally:
        go_on.set()
        holder.join(WAIT_SECONDS)

    assert resting(desk.exchange, BOLT) == []
    assert [(alarm.kind, alarm.symbol) for alarm in desk.alarms] == [(AlarmKind.UNPROTECTED, ACME)]


def held_up(desk: Desk, verb: str) -> tuple[threading.Event, threading.Event]:
    """Let one verb of the exchange wait in the middle: the first event says that it does, the second lets it go on."""
    inside, go_on = threading.Event(), threading.Event()

    def line(itself: Callable[..., object], *args: object) -> object:
        result = itself(*args)
        inside.set()
        assert go_on.wait(WAIT_SECONDS)
        return result

    desk.exchange.script[verb] = line
    return inside, go_on


@pytest.mark.parametrize("verb", ["send", "send_together"])
def test_closing_waits_for_the_call_under_way(verb: str) -> None:
    """Another thread's entry is in flight: journal and audit log stay open until all of it is written."""
    desk = paper_desk()
    inside, go_on = held_up(desk, verb)
    reports: list[ExecutionReport] = []
    entering = threading.Thread(target=lambda: reports.append(desk.execute(entry())))
    entering.start()
    assert inside.wait(WAIT_SECONDS)
    closing = threading.Thread(target=desk.manager.close)
    closing.start()
    closing.join(0.2)
    waited = closing.is_alive()
    refused = [desk.execute(entry("s2")), desk.execute(close(), None)]
    go_on.set()
    for thread in (entering, closing):
        thread.join(WAIT_SECONDS)

    assert waited
    assert not closing.is_alive()
    assert [report.reason for report in refused] == [Refusal.CLOSING, Refusal.CLOSING]
    assert [line.signal_id for line in desk.lines(AuditType.SIGNAL_REFUSED)] == ["s2", "c1"]
    assert [report.outcome for report in reports] == [Outcome.PROTECTED]
    assert desk.kinds() == []
    assert resting(desk.exchange) == ["S1", "T1"]


def test_closing_waits_for_a_signal_that_waits_for_its_turn() -> None:
    """A call that has its signal and not yet its symbol is under way too."""
    desk = paper_desk()
    taken, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with desk.manager._desk.once.of("s1"):
            taken.set()
            go_on.wait(WAIT_SECONDS)

    holder, closing = threading.Thread(target=hold), threading.Thread(target=desk.manager.close)
    holder.start()
    assert taken.wait(WAIT_SECONDS)
    closing.start()
    closing.join(0.2)
    waited = closing.is_alive()
    go_on.set()
    for thread in (holder, closing):
        thread.join(WAIT_SECONDS)

    assert waited
    assert not closing.is_alive()


def test_closing_waits_for_a_guard_at_work() -> None:
    """A reconcile of another thread is under way: the stores are released after it, not under it."""
    desk = paper_desk()
    desk.execute(entry())
    inside, go_on = held_up(desk, "snapshot")
    guarding = threading.Thread(target=lambda: desk.manager.reconcile(ACME))
    guarding.start()
    assert inside.wait(WAIT_SECONDS)
    closing = threading.Thread(target=desk.manager.close)
    closing.start()
    closing.join(0.2)
    waited = closing.is_alive()
    go_on.set()
    for thread in (guarding, closing):
        thread.join(WAIT_SECONDS)

    assert waited
    assert not closing.is_alive()
    assert desk.kinds() == []


def test_a_callback_may_close_the_manager() -> None:
    """The very thread that works on a signal calls close(): it does not wait for itself."""
    desks: list[Desk] = []

    def ring(alarm: Alarm) -> None:
        if alarm.kind is AlarmKind.UNPROTECTED:
            desks[0].manager.close()

    desks.append(paper_desk(Fault.refused(-1008, status=503, leg="S"), alerts=ring))

    at_once(desks[0].manager.reconcile, lambda: desks[0].execute(entry()))

    assert desks[0].manager.status().closing


# --- callbacks --------------------------------------------------------------------------------------------------------


def calling_back(call: Callable[[Desk], object]) -> tuple[Desk, list[object], ExecutionReport]:
    """A desk whose alert callback does something with the manager; with what came of it, and the report."""
    got: list[object] = []
    desks: list[Desk] = []

    def ring(alarm: Alarm) -> None:
        if alarm.kind is AlarmKind.UNPROTECTED and not got:
            try:
                got.append(call(desks[0]))
            except ConfigurationError as error:
                got.append(error)

    desks.append(paper_desk(Fault.refused(-1008, status=503, leg="S", symbol=ACME), alerts=ring))
    return desks[0], got, desks[0].execute(entry())


@pytest.mark.parametrize(
    "call",
    [
        lambda desk: desk.execute(entry("s2")),
        lambda desk: desk.execute(entry("s1")),
        lambda desk: desk.execute(close(), None),
        lambda desk: desk.manager.reconcile(),
        lambda desk: desk.manager.reconcile(ACME),
        lambda desk: desk.manager.cancel_all_orders(ACME),
    ],
    ids=["entry", "the same signal", "close", "reconcile", "reconcile symbol", "cancel all"],
)
def test_a_callback_cannot_work_on_the_symbol_it_was_called_for(call: Callable[[Desk], object]) -> None:
    """It would wait for itself: it is told so, and the work goes on."""
    _, got, report = calling_back(call)

    assert len(got) == 1
    assert isinstance(got[0], ConfigurationError)
    assert "hand the call to another thread" in str(got[0])
    assert report.outcome is Outcome.UNPROTECTED


def test_a_callback_may_read() -> None:
    """Positions, orders, balance, status, reports: no turn is needed."""
    desk, got, _ = calling_back(
        lambda desk: (
            desk.manager.get_position(ACME),
            desk.manager.positions(),
            desk.manager.open_orders(),
            desk.manager.get_account_balance(),
            desk.manager.status(),
            desk.manager.report("s1"),
            desk.manager.next_due(),
            desk.manager.reconcile_due(),
        )
    )

    assert isinstance(got[0], tuple)
    assert held(desk.exchange) == 1


def test_a_callback_may_work_on_another_symbol() -> None:
    """Its turn is free."""
    desk, got, _ = calling_back(lambda desk: desk.execute(entry("s2", BOLT, stop="1900", target="2100")))

    assert isinstance(got[0], ExecutionReport)
    assert got[0].outcome is Outcome.PROTECTED
    assert held(desk.exchange, BOLT) == 1


def test_a_callback_that_raises_stops_nothing() -> None:
    """A broken bell is the host's; the guard goes on."""

    def ring(_: Alarm) -> None:
        raise RuntimeError("the bell is broken")

    desk = paper_desk(Fault.unreachable(leg="S", nth=1), Fault.unreachable(leg="S", nth=2), alerts=ring)
    desk.exchange.faults.add(*(Fault.unreachable(leg="S", nth=nth) for nth in range(3, 8)))

    report = desk.execute(entry())
    desk.guard(20)

    assert report.outcome is Outcome.UNPROTECTED
    mended = desk.report()
    assert mended.outcome is Outcome.PROTECTED


def test_a_callback_during_recovery_does_not_wait_for_itself() -> None:
    """The first signal of a process recovers first; an alarm of that recovery that executes a signal is told no."""
    first = paper_desk(Fault.unreachable(leg="S"))
    first.execute(entry("s1"))
    got: list[ConfigurationError] = []
    desks: list[Desk] = []

    def ring(_: Alarm) -> None:
        try:
            desks[0].execute(entry("s3", BOLT, stop="1900", target="2100"))
        except ConfigurationError as error:
            got.append(error)

    desks.append(paper_desk(exchange=first.exchange, journal=first.journal, alerts=ring))
    desks[0].execute(entry("s2"))

    assert got


def test_looking_at_a_signal_survives_its_next_order() -> None:
    """A thread in the middle of a look, while another writes a new intent: the look goes on undisturbed."""
    journal = TappedJournal()
    desk = paper_desk(journal=journal)
    desk.execute(entry())
    state = desk.manager._desk.state("s1")
    assert state is not None
    legs = state.of(Leg.STOP)
    first = next(legs)

    desk.manager._desk.record(
        Intent(
            at_ms=desk.now_ms(),
            signal_id="s1",
            leg=Leg.EXIT,
            attempt=1,
            request=OrderRequest(
                client_id=id_of("s1", Leg.EXIT),
                symbol=ACME,
                side=Side.SELL,
                kind=OrderKind.MARKET,
                quantity=Decimal(1),
                purpose=Purpose.EXIT,
                reduce_only=True,
                position_side=PositionSide.BOTH,
            ),
            digest="",
            timestamp_ms=desk.now_ms(),
            not_after_ms=desk.now_ms(),
        )
    )

    assert list(legs) == []
    assert first.client_id == id_of("s1", Leg.STOP)


def test_an_alarm_is_not_raised_on_half_a_look() -> None:
    """The stop is seen by one thread between two looks of another: no alarm of a naked time that never was."""
    desk = paper_desk(Fault.unreachable(leg="S"))
    desk.execute(entry())
    core = desk.manager._desk
    desk.alarms.clear()

    naked = list(unprotected(core, ACME))
    core.record(Covered(desk.now_ms(), "s1"))

    assert [since for _, since in naked] == [naked[0][1]]
    assert naked[0][1] > 0
    assert list(unprotected(core, ACME)) == []
    desk.manager.reconcile_due()
    assert all("has had no live stop for" not in alarm.text for alarm in desk.alarms)
