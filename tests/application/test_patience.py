"""A slow exchange: the bell rings in time all the same, and calls come back."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from surefill.adapters.simulated import Fault
from surefill.application.preflight import reading_in_time
from surefill.application.unprotected import UNHURRIED_MS, patience_ms
from surefill.domain.alarm import AlarmKind
from surefill.domain.errors import OrderExecutionError
from surefill.domain.events import Answered, Covered
from surefill.domain.ids import Leg
from surefill.domain.protection_policy import OnUnprotected, ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.report import Outcome
from surefill.domain.timings import Timings
from tests.papers import (
    ACME,
    BOLT,
    Desk,
    by_hand,
    entry,
    entry_orders_filled,
    events,
    held,
    id_of,
    intents,
    names,
    paper_desk,
    rows,
)

TIMES = Timings()


def known_ms(desk: Desk) -> int:
    """When our process first knew of its position."""
    since = [state.fill_known_ms for state in desk.manager._desk.book.signals.values()]
    (found,) = [moment for moment in since if moment is not None]
    return found


def test_the_first_alarm_does_not_wait_for_a_hanging_stop() -> None:
    """Every request of the stop hangs for five seconds: the alarm comes when it is due all the same."""
    desk = paper_desk(Fault.request_lost(leg="S"))
    desk.execute(entry("s1", target=None))
    first = desk.alarms_of(AlarmKind.UNPROTECTED)[0]
    assert 0 <= first.at_ms - known_ms(desk) - TIMES.protect_soft_ms <= TIMES.poll_ms


def test_a_stop_whose_answer_is_lost_is_found_before_the_alarm() -> None:
    """Its request is given up early enough to look for it: it is seen live, and nobody is woken."""
    desk = paper_desk(Fault.reply_lost(leg="S"))
    report = desk.execute(entry("s1", target=None))
    assert (report.outcome, desk.alarms) == (Outcome.PROTECTED, [])


def test_the_alarm_repeats_while_every_answer_is_slow() -> None:
    """Every read takes two seconds, and no stop is taken: no two alarms are further apart than ten seconds."""
    desk = paper_desk(Fault.refused(-1008, status=503, leg="S"))
    desk.exchange.faults.add(Fault.latency(2_000, method="GET", from_ms=desk.now_ms() + 700))
    desk.execute(entry("s1", target=None))
    desk.guard(40)
    moments = [alarm.at_ms for alarm in desk.alarms_of(AlarmKind.UNPROTECTED)]
    assert moments[0] - known_ms(desk) <= TIMES.protect_soft_ms + 2 * TIMES.poll_ms
    assert max(after - before for before, after in itertools.pairwise(moments)) <= 10_000
    assert len(moments) >= 4


def test_a_slow_answer_still_shows_the_stop() -> None:
    """Once the first alarm has rung, a look may take its time: the stop is seen although each read takes 2 s."""
    desk = paper_desk(Fault.reply_lost(leg="S", nth=1))
    desk.exchange.faults.add(Fault.latency(2_000, method="GET", from_ms=desk.now_ms() + 700))
    desk.execute(entry("s1", target=None))
    desk.guard(40)
    report = desk.report()
    assert report.outcome is Outcome.PROTECTED


@pytest.mark.parametrize("delay_ms", [1_000, 1_400, 2_400, 4_000])
def test_an_entry_whose_facts_come_too_late_is_refused(delay_ms: int) -> None:
    """What an entry must know is not read in time: it is refused, the id is not used up, and nothing was sent."""
    desk = paper_desk(Fault.latency(delay_ms, method="GET"))
    began = desk.now_ms()
    report = desk.execute(entry("s1"))
    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.UNREACHABLE)
    assert desk.now_ms() - began <= TIMES.accepted_call_ms
    assert names(desk.exchange) == []
    desk.exchange.faults.off()
    assert desk.execute(entry("s1")).outcome is Outcome.PROTECTED


@pytest.mark.parametrize("delay_ms", [500, 1_400, 2_400, 4_000, 6_000])
def test_a_call_on_the_accepted_path_is_back_in_time(delay_ms: int) -> None:
    """However slow the reads after the entry: the call returns within 15 s, and the rest is a duty."""
    desk = paper_desk()
    began = desk.now_ms()
    desk.exchange.faults.add(Fault.latency(delay_ms, method="GET", from_ms=began + 700))
    desk.execute(entry("s1"))
    assert entry_orders_filled(desk.exchange, "s1") == 1
    assert desk.now_ms() - began <= TIMES.accepted_call_ms + TIMES.poll_max_ms


@pytest.mark.parametrize("delay_ms", [0, 1_400, 2_400, 6_000])
def test_a_call_on_the_unknown_path_is_back_in_time(delay_ms: int) -> None:
    """The entry's answer is lost and the reads are slow: the call returns within 30 s, with what is known by then."""
    desk = paper_desk(Fault.reply_lost(leg="E"))
    began = desk.now_ms()
    desk.exchange.faults.add(Fault.latency(delay_ms, method="GET", from_ms=began + 700))
    report = desk.execute(entry("s1"))
    assert desk.now_ms() - began <= TIMES.unknown_call_ms + TIMES.poll_max_ms
    desk.exchange.faults.off()
    desk.guard(60)
    assert held(desk.exchange) == 1
    latest = desk.report()
    assert (latest.outcome, entry_orders_filled(desk.exchange, "s1")) == (Outcome.PROTECTED, 1)
    assert report.outcome in (Outcome.UNKNOWN, Outcome.UNPROTECTED, Outcome.PROTECTED)


def test_an_entry_found_late_is_protected_in_the_same_call() -> None:
    """The unknown path took longer than the accepted one may: there is still time to see the stop."""
    desk = paper_desk(Fault.reply_lost(leg="E"))
    began = desk.now_ms()
    for path in ("order", "allOrders"):
        lag = Fault.visibility_lag(60_000, path=path, from_ms=began + 600, until_ms=began + 17_000)
        desk.exchange.faults.add(lag)
    for path in ("algoOrder", "openAlgoOrders"):
        desk.exchange.faults.add(Fault.visibility_lag(1_500, path=path))

    report = desk.execute(entry("s1"))

    assert report.outcome is Outcome.PROTECTED
    assert TIMES.accepted_call_ms < desk.now_ms() - began <= TIMES.unknown_call_ms


def naked_beside(desk: Desk) -> None:
    """A position without a stop that nobody can place, to be closed by exits that never arrive."""
    desk.execute(entry("s0"))
    desk.exchange.faults.add(Fault.unreachable(leg="S"), Fault.request_lost(leg="X"))
    by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=id_of("s0", Leg.STOP))


@pytest.mark.parametrize("delay_ms", [0, 1_400, 2_400])
def test_an_exit_beside_an_unknown_entry_does_not_keep_the_call(delay_ms: int) -> None:
    """An older position has to be closed meanwhile, and that exit is unknown as well: back within 30 s all the same."""
    desk = paper_desk(protection=ProtectionPolicy(on_unprotected=OnUnprotected.FLATTEN))
    naked_beside(desk)
    desk.exchange.faults.add(Fault.reply_lost(leg="E"))
    began = desk.now_ms()
    lag = Fault.visibility_lag(60_000, path="order", until_ms=began + 60_000)
    desk.exchange.faults.add(lag, Fault.visibility_lag(60_000, path="allOrders", until_ms=began + 60_000))
    desk.exchange.faults.add(Fault.latency(delay_ms, method="GET", from_ms=began + 700))

    report = desk.execute(entry("s1"))

    assert report.outcome is Outcome.UNKNOWN
    assert any(intents(desk.journal, "s0", Leg.EXIT))
    assert desk.now_ms() - began <= TIMES.unknown_call_ms + TIMES.poll_max_ms


def test_a_guard_does_not_wait_for_the_verdict_on_an_exit() -> None:
    """It has its time for one symbol, and whatever is unknown then is asked for by the next call."""
    desk = paper_desk(protection=ProtectionPolicy(on_unprotected=OnUnprotected.FLATTEN))
    naked_beside(desk)
    desk.manager.reconcile()
    desk.wait(10)
    began = desk.now_ms()

    desk.manager.reconcile_due()

    assert any(intents(desk.journal, "s0", Leg.EXIT))
    assert desk.now_ms() - began <= TIMES.settle_ms + 3 * TIMES.poll_max_ms


def test_the_alarm_of_one_symbol_rings_while_another_is_traded() -> None:
    """A naked position elsewhere does not wait in silence until the call for another symbol is over."""
    desk = paper_desk(Fault.refused(-1008, status=503, leg="S", symbol=ACME))
    desk.execute(entry("s1", target=None))
    before = len(desk.alarms_of(AlarmKind.UNPROTECTED))
    began = desk.now_ms()
    desk.exchange.faults.add(Fault.reply_lost(symbol=BOLT, leg="E", method="POST"))
    desk.exchange.faults.add(Fault.request_lost(method="GET", from_ms=began + 2_500))
    desk.execute(entry("s2", BOLT, stop="1900", target=None))
    rung = desk.alarms_of(AlarmKind.UNPROTECTED)[before:]
    spent_ms = desk.now_ms() - began
    assert spent_ms > 15_000
    assert {alarm.symbol for alarm in rung} == {ACME}
    assert len(rung) >= spent_ms // 10_000


def test_nothing_is_read_when_the_time_is_over() -> None:
    """A read that would begin too late is not made at all; outside of the block reads go on."""
    desk = paper_desk()
    inside = desk.manager._desk
    inside.exchange.snapshot(ACME)
    with reading_in_time(inside, 500):
        inside.exchange.snapshot(ACME)
        desk.wait(1)
        seen = len(rows(desk.exchange, "request"))
        with pytest.raises(OrderExecutionError, match="within 500 ms"):
            inside.exchange.snapshot(ACME)
        assert len(rows(desk.exchange, "request")) == seen
    assert inside.exchange.snapshot(ACME).symbol == ACME


def test_a_reconcile_of_many_symbols_comes_back() -> None:
    """With an exchange that answers nothing, a reconcile returns within its deadline; the others stay due."""
    desk = paper_desk()
    for symbol, stop, target in ((ACME, "95", "110"), (BOLT, "1900", "2200"), ("测试USDT", "0.45", "0.6")):
        desk.execute(entry(f"s-{symbol}", symbol, stop=stop, target=target), "100" if symbol.startswith("测") else "1")
    desk.exchange.faults.add(Fault.request_lost(method="GET"))
    began = desk.now_ms()
    report = desk.manager.reconcile()
    assert desk.now_ms() - began <= TIMES.call_ms
    assert len(report.still_open) == 3


def test_nothing_presses_while_there_is_time() -> None:
    """With ten seconds left and nobody naked a request is not bounded; with less it may take what is left."""
    desk = paper_desk()
    desk.execute(entry())
    inside, now = desk.manager._desk, desk.now_ms()

    assert patience_ms(inside, until_ms=now + UNHURRIED_MS) is None
    assert patience_ms(inside, until_ms=now + UNHURRIED_MS - 1) == UNHURRIED_MS - 1
    assert patience_ms(inside, until_ms=now - 5) == TIMES.poll_ms


def test_a_naked_position_bounds_every_request() -> None:
    """Until the first alarm up to its moment, then at most half an alarm's time beyond the next."""
    desk = paper_desk(Fault.unreachable(leg="S"))
    desk.execute(entry())
    inside = desk.manager._desk

    told = patience_ms(inside, until_ms=desk.now_ms() + 60_000)
    last = desk.alarms_of(AlarmKind.UNPROTECTED)[-1].at_ms

    assert told == max(TIMES.alarm_repeat_ms // 2, last + TIMES.alarm_repeat_ms - desk.now_ms())


@pytest.mark.parametrize("fault", [Fault.request_lost, Fault.reply_lost])
def test_a_stop_that_is_not_answered_is_looked_for_before_the_alarm(fault: Callable[..., Fault]) -> None:
    """Its send is given up after two and a half seconds, not after the usual five: there is time to put it right."""
    desk = paper_desk(fault(leg="S", nth=1))

    desk.execute(entry("s1"))

    known = known_ms(desk)
    covered = events(desk.journal, "s1", Covered)[0].at_ms
    answered = next(each for each in events(desk.journal, "s1", Answered) if each.client_id == id_of("s1", Leg.STOP))
    assert TIMES.leg_send_ms <= answered.at_ms - known <= TIMES.leg_send_ms + 100
    assert covered - known <= TIMES.leg_send_ms + 1_500


def test_symbols_not_begun_in_time_stay_due() -> None:
    """The first symbol took the whole time of the call: nothing is asked about the next one, and it stays due."""
    desk = paper_desk(timings=Timings(call_ms=20_000))
    desk.execute(entry("s1"))
    desk.execute(entry("s2", BOLT, stop="1900", target="2100"))
    desk.exchange.faults.add(Fault.request_lost(method="GET"))
    desk.exchange.verbs.clear()

    report = desk.manager.reconcile()

    assert desk.exchange.verbs.count("snapshot") == 1
    assert {duty.symbol for duty in report.still_open} == {ACME, BOLT}
