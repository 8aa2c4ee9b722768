"""When a symbol is looked at next: sooner after a look in vain, rarely while the budget is low, never past an alarm."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from surefill.adapters.journal import MemoryJournal
from surefill.adapters.simulated import Fault
from surefill.adapters.venue import VenueSettings
from surefill.application.duties import DutyKind
from surefill.application.protect import protect
from surefill.domain.alarm import AlarmKind
from surefill.domain.errors import AuthenticationError, ExchangeUnavailableError
from surefill.domain.ids import Leg
from surefill.domain.refusal import Refusal
from surefill.domain.report import Outcome
from surefill.domain.side import PositionSide
from surefill.domain.timings import Timings
from tests.application.test_unprotected import expose, rung, so_used, take_away_the_stop
from tests.papers import (
    ACME,
    BOLT,
    FLAT,
    Desk,
    arrived,
    close,
    entry,
    held,
    id_of,
    open_now,
    paper_desk,
    restart,
    resting,
    stop_by_hand,
    trade_by_hand,
)

TIMES = Timings()
SILENT = Fault.unreachable(method="GET")


def due_in_ms(desk: Desk) -> int:
    """How long it is until the next look."""
    due_ms = desk.manager.next_due()
    assert due_ms is not None
    return due_ms - desk.now_ms()


def traded(*faults: Fault) -> Desk:
    """A desk with one position, protected, on which then go wrong *faults*."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(*faults)
    return desk


# --- after a look in vain ---------------------------------------------------------------------------------------------


def test_a_look_in_vain_is_made_up_for_soon() -> None:
    """The stop was seen live in the look before; nobody knows whether it still is, and nobody waits five seconds."""
    desk = traded(SILENT)
    desk.wait(6)

    desk.manager.reconcile_due()
    in_vain_ms = due_in_ms(desk)
    desk.exchange.faults.clear()
    desk.wait(1)
    desk.manager.reconcile_due()

    assert in_vain_ms == TIMES.poll_max_ms
    assert due_in_ms(desk) == TIMES.guard_ms


@pytest.mark.parametrize("error", [ExchangeUnavailableError("no answer"), AuthenticationError("key revoked")])
def test_a_look_in_vain_for_something_else_brings_the_guard_soon(error: Exception) -> None:
    """A close cannot look and is refused: what it could not see is looked at within a second, not within five."""
    desk = traded()
    assert due_in_ms(desk) > 4_000

    def snapshot(_: object, __: str) -> object:
        raise error

    desk.exchange.script["snapshot"] = snapshot
    report = desk.execute(close(), None)

    assert report.outcome is Outcome.REFUSED
    assert due_in_ms(desk) == TIMES.poll_max_ms


def test_a_look_that_is_due_sooner_is_not_put_off() -> None:
    """The guard was coming anyway before the second is over."""
    desk = traded()
    desk.wait((due_in_ms(desk) - 300) / 1000)

    desk.manager._desk.hasten(ACME)

    assert due_in_ms(desk) == 300


def test_a_look_in_vain_at_a_symbol_without_anything_is_no_duty() -> None:
    """An entry is refused for want of an answer: nothing is open there, so nothing is due."""
    desk = traded()
    desk.exchange.faults.add(Fault.unreachable(method="GET", path="positionRisk"))
    before = dict(desk.manager._desk.due_ms)

    report = desk.execute(entry("s2", BOLT, stop="1900", target="2100"))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.UNREACHABLE)
    assert desk.manager._desk.due_ms == before
    assert list(before) == [ACME]


# --- after a slow round -----------------------------------------------------------------------------------------------


def test_an_alarm_that_fell_due_in_a_slow_round_is_told_at_its_end() -> None:
    """The look takes four seconds and fails: whoever called hears of the naked position before the call is over."""
    desk = traded()
    since_ms = expose(desk, "s1")

    def snapshot(_: object, __: str) -> object:
        desk.wait(4)
        raise ExchangeUnavailableError("no answer")

    desk.exchange.script["snapshot"] = snapshot
    report = desk.manager.reconcile(ACME)

    assert rung(desk, since_ms) == [(ACME, 4_000)]
    assert AlarmKind.UNPROTECTED in [alarm.kind for alarm in report.alarms]


# --- while the budget is low ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("percent", "spacing_ms"), [(0, 1_000), (65, 1_000), (80, 2_000)])
def test_the_next_look_is_as_far_away_as_the_budget_says(percent: int, spacing_ms: int) -> None:
    """A naked position is due every second, and less often when the weight must last."""
    desk = traded(SILENT)
    desk.exchange.script["capacity"] = so_used(percent)
    expose(desk, "s1")

    desk.manager.reconcile(ACME)

    assert due_in_ms(desk) == spacing_ms


@pytest.mark.parametrize(("naked_ms", "due_ms"), [(1_500, 3_000), (9_000, 10_000)])
def test_the_moment_of_an_alarm_is_kept_however_low_the_budget_is(naked_ms: int, due_ms: int) -> None:
    """The first alarm, and the deadline of the policy: both come before the two seconds are over."""
    desk = traded(SILENT)
    desk.exchange.script["capacity"] = so_used(80)
    since_ms = expose(desk, "s1", ago_ms=naked_ms)

    desk.manager.reconcile(ACME)

    assert desk.now_ms() + due_in_ms(desk) == since_ms + due_ms


@pytest.mark.parametrize(("percent", "waits_ms"), [(0, [250, 500, 1_000]), (65, [1_000] * 3), (80, [2_000] * 3)])
def test_a_call_that_waits_looks_as_rarely_as_the_budget_says(percent: int, waits_ms: list[int]) -> None:
    """It looks ever more rarely up to once a second; with little left of the weight every other second at most."""
    desk = traded()
    desk.exchange.script["capacity"] = so_used(percent)
    begun: list[int] = []
    ended: list[int] = []

    def snapshot(itself: Callable[[str], object], symbol: str) -> object:
        begun.append(desk.now_ms())
        seen = itself(symbol)
        ended.append(desk.now_ms())
        return seen

    desk.exchange.script["snapshot"] = snapshot
    protect(desk.manager._desk, ACME, until_ms=desk.now_ms() + 10_000, done=lambda: False)

    assert [later - sooner for sooner, later in zip(ended, begun[1:], strict=False)][:3] == waits_ms


def test_a_call_that_waits_keeps_the_moment_of_an_alarm() -> None:
    """However low the budget is, the wait between two looks ends where the alarm is due."""
    desk = traded(SILENT)
    desk.exchange.script["capacity"] = so_used(80)
    since_ms = expose(desk, "s1")
    looks: list[int] = []

    def snapshot(itself: Callable[[str], object], symbol: str) -> object:
        looks.append(desk.now_ms() - since_ms)
        return itself(symbol)

    desk.exchange.script["snapshot"] = snapshot
    protect(desk.manager._desk, ACME, until_ms=since_ms + 4_000, done=lambda: False)

    assert TIMES.protect_soft_ms in looks
    assert rung(desk, since_ms) == [(ACME, TIMES.protect_soft_ms)]


# --- orders of ours on a symbol where nothing of ours is known --------------------------------------------------------


def forgotten() -> Desk:
    """A manager on an empty journal, on an account with a position and its orders, which has looked at it once."""
    desk = paper_desk()
    desk.execute(entry())
    after = restart(desk, MemoryJournal())
    after.manager.reconcile()
    return after


def test_a_symbol_with_strays_stays_on_watch() -> None:
    """Nothing of ours is known there, and yet it is a duty: to look every five seconds what becomes of its orders."""
    desk = forgotten()

    (duty,) = desk.manager.status().duties

    assert (duty.kind, duty.symbol, duty.signal_id) == (DutyKind.GUARD, ACME, "")
    assert TIMES.guard_ms - 1_000 <= due_in_ms(desk) <= TIMES.guard_ms


def test_strays_that_a_look_for_an_entry_shows_are_watched() -> None:
    """The list of strays could not be read at the start: that another look shows them is reason enough to go on."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    after = restart(desk, MemoryJournal())
    desk.exchange.faults.add(Fault.request_lost(method="GET", path="openAlgoOrders", nth=1))
    after.manager.reconcile()
    before = after.manager.status().duties

    report = after.execute(entry("s2", stop="101"))
    watched = [(duty.kind, duty.symbol) for duty in after.manager.status().duties]
    desk.exchange.tick(ACME, last="94")
    after.guard(10)

    assert (report.outcome, before) == (Outcome.REFUSED, ())
    assert watched == [(DutyKind.GUARD, ACME)]
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


def test_strays_go_once_their_position_is_gone() -> None:
    """Spared while there is something they may protect, cancelled when the stop has filled; then nothing is due."""
    desk = forgotten()
    desk.guard(20)
    spared = resting(desk.exchange)
    desk.exchange.tick(ACME, last="94")

    desk.guard(10)

    assert spared == ["S1", "T1"]
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert [one.name for one in arrived(desk.exchange, "DELETE")] == ["T1"]
    assert desk.manager.status().duties == ()
    assert desk.manager._desk.due_ms == {}


def test_strays_whose_signal_is_known_again_are_its_orders() -> None:
    """One of two is executed again: there is one duty, that signal's; the orders of the other are spared."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2"))
    after = restart(desk, MemoryJournal())

    after.execute(entry("s1"))
    of_one = [(duty.kind, duty.signal_id) for duty in after.manager.status().duties]
    after.guard(20)
    rest = resting(desk.exchange)
    after.execute(entry("s2"))
    after.execute(close(), None)

    assert of_one == [(DutyKind.GUARD, "s1")]
    assert rest == ["S1", "S1", "T1", "T1"]
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert after.manager.status().duties == ()


def test_strays_are_watched_beside_an_order_that_is_hardly_looked_for() -> None:
    """An entry believed absent is asked for once an hour by now; orders that nobody knows are no matter of hours."""
    desk = paper_desk(Fault.request_lost(leg="E"))
    desk.execute(entry())
    desk.guard(TIMES.late_look_ms // 1000 + 5)
    rare_ms = due_in_ms(desk)
    trade_by_hand(desk.exchange, "BUY", "1")
    stop_by_hand(desk.exchange, id_of("s9", Leg.STOP))

    desk.manager.reconcile()

    assert rare_ms > 1_000_000
    assert due_in_ms(desk) <= TIMES.guard_ms


def test_strays_that_could_not_be_cancelled_are_tried_again() -> None:
    """The cancel was not answered: the symbol stays on watch until the order is gone."""
    desk = forgotten()
    desk.exchange.tick(ACME, last="94")
    desk.exchange.faults.add(Fault.request_lost(method="DELETE", nth=1))

    desk.guard(20)

    assert resting(desk.exchange) == []
    assert desk.manager.status().duties == ()


def test_strays_on_the_other_side_of_a_hedge_account_protect_nothing() -> None:
    """The short they were for is closed; that somebody holds a long there does not keep them."""
    desk = paper_desk(venue=VenueSettings(hedge_mode=True))
    desk.execute(entry("s1"))
    desk.execute(entry("s2", short=True))
    trade_by_hand(desk.exchange, "BUY", "1", positionSide="SHORT")
    after = restart(desk, MemoryJournal())

    after.manager.reconcile()

    assert {order.position_side for order in open_now(desk.exchange)} == {PositionSide.LONG}
    assert resting(desk.exchange) == ["S1", "T1"]


def test_a_look_for_room_hastens_the_next_one_at_what_it_gives_away() -> None:
    """No more conditional orders are taken for one symbol; looking for room shows that another has lost its stop."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.exchange.faults.add(Fault.refused(-4045, leg="S", nth=1))
    take_away_the_stop(desk)

    desk.execute(entry("s2", BOLT, stop="1900", target="2200"))

    assert desk.manager._desk.due_ms[ACME] <= desk.now_ms() + TIMES.poll_max_ms
