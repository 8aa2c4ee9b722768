"""What outlives a call, when it is due, and the thread that sees to it."""

from __future__ import annotations

import threading

import pytest
from loguru import logger

from surefill.adapters.simulated import Fault
from surefill.application.duties import DutyKind
from surefill.domain.alarm import AlarmKind
from surefill.domain.errors import ValidationError
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.timings import Timings
from tests.papers import ACME, BOLT, Desk, begun, close, entry, paper_desk, resting, rows

TIMES = Timings()


def kinds(desk: Desk) -> list[DutyKind]:
    """The duties now."""
    return [duty.kind for duty in desk.manager.status().duties]


def test_nothing_open_nothing_due() -> None:
    """A new desk, and one whose positions are gone, have no duty."""
    desk = paper_desk()

    assert (desk.manager.next_due(), kinds(desk)) == (None, [])
    desk.execute(entry())
    desk.execute(close(), None)
    assert (desk.manager.next_due(), kinds(desk)) == (None, [])


def test_an_open_position_is_guarded_every_five_seconds() -> None:
    """The next look is due five seconds after the last; done early it is put off again."""
    desk = paper_desk()
    desk.execute(entry())

    due_ms = desk.manager.next_due()
    assert due_ms is not None
    assert kinds(desk) == [DutyKind.GUARD]
    assert 4_000 <= due_ms - desk.now_ms() <= 5_000
    before = len(rows(desk.exchange, "request"))
    desk.manager.reconcile_due()
    assert len(rows(desk.exchange, "request")) == before
    desk.wait((due_ms - desk.now_ms()) / 1000)
    desk.manager.reconcile_due()
    assert len(rows(desk.exchange, "request")) > before
    later = desk.manager.next_due()
    assert later is not None
    assert later >= due_ms + 5_000


def test_an_unprotected_position_is_looked_at_every_second() -> None:
    """Naked, it is the most urgent duty there is."""
    desk = paper_desk(Fault.unreachable(leg="S"))
    desk.execute(entry())

    due_ms = desk.manager.next_due()

    assert due_ms is not None
    assert kinds(desk) == [DutyKind.PROTECT]
    assert due_ms - desk.now_ms() <= 1_000


def test_an_unknown_outcome_is_a_duty() -> None:
    """It is asked for again with the next reconcile."""
    desk = paper_desk()
    created = begun(desk)
    desk.exchange.faults.add(Fault.reply_lost(leg="E"), Fault.visibility_lag(25_000, until_ms=desk.now_ms() + 40_000))
    desk.execute(entry(created_at=created))

    assert kinds(desk) == [DutyKind.RESOLVE]


def test_an_absent_order_is_watched() -> None:
    """At first the position is looked at as often as an open one; later only when the watch asks for the order."""
    desk = paper_desk(Fault.request_lost(leg="E"))
    report = desk.execute(entry())

    soon_ms = desk.manager.next_due()
    desk.guard(TIMES.late_look_ms // 1000 + 5)
    late_ms = desk.manager.next_due()

    assert kinds(desk) == [DutyKind.LATE_WATCH]
    assert soon_ms is not None
    assert TIMES.guard_ms - 1_000 <= soon_ms - report.at_ms <= TIMES.guard_ms
    assert late_ms is not None
    assert late_ms - desk.now_ms() > 3_000_000


def test_leftover_orders_are_a_duty() -> None:
    """The position is gone and its orders could not be cancelled yet."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.unreachable(method="DELETE"))
    desk.execute(close(), None)

    assert kinds(desk) == [DutyKind.CLEAR]
    desk.exchange.faults.clear()
    desk.guard(10)
    assert kinds(desk) == []


def test_a_position_without_a_wish_for_a_stop_is_only_guarded() -> None:
    """Nothing is missing there: it is no PROTECT duty, and not looked at every second."""
    desk = paper_desk(protection=ProtectionPolicy(require_stop=False))
    desk.execute(entry(stop=None, target=None))

    due_ms = desk.manager.next_due()

    assert due_ms is not None
    assert due_ms - desk.now_ms() > 2_000
    assert kinds(desk) == [DutyKind.GUARD]


def test_duties_come_soonest_first() -> None:
    """The naked one before the guarded one."""
    desk = paper_desk(Fault.unreachable(leg="S", nth=2))
    desk.execute(entry("s1"))
    for _nth in range(3, 30):
        desk.exchange.faults.add(Fault.unreachable(leg="S"))
        break
    desk.execute(entry("s2", BOLT, stop="1900", target="2100"))

    duties = desk.manager.status().duties

    assert [duty.due_ms for duty in duties] == sorted(duty.due_ms for duty in duties)
    assert {duty.symbol for duty in duties} == {ACME, BOLT}


@pytest.mark.parametrize("interval", [0, -1.0, float("nan")])
def test_a_guard_needs_an_interval(interval: float) -> None:
    """Zero, negative and not a number are refused before a thread is started."""
    desk = paper_desk()
    before = threading.active_count()

    with pytest.raises(ValidationError, match="interval"), desk.manager.guarding(interval):
        pass

    assert threading.active_count() == before


def test_the_guard_works_off_what_is_due() -> None:
    """A stop fills, and the guarding thread clears up behind it, without a call of the host."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.tick(ACME, last="94")
    desk.wait(10)
    done = threading.Event()
    _when(desk, "cancel", done)

    with desk.manager.guarding(interval=0.001):
        assert desk.manager.status().guarded
        assert done.wait(10)

    assert resting(desk.exchange) == []


def test_the_guard_survives_whatever_goes_wrong() -> None:
    """A defect in the work must not silently end the watch: it is logged, alarmed, and the thread goes on."""
    lines: list[str] = []
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.tick(ACME, last="94")
    desk.wait(10)
    done = threading.Event()
    failed: list[bool] = []

    def snapshot(itself: object, symbol: str) -> object:
        if not failed:
            failed.append(True)
            raise RuntimeError("a defect")
        done.set()
        return itself(symbol)  # type: ignore[operator]  # the verb itself

    desk.exchange.script["snapshot"] = snapshot
    logger.enable("surefill")
    logger.add(lines.append, format="{level} {message}")
    with desk.manager.guarding(interval=0.001):
        assert done.wait(10)

    assert any("ERROR guarding: RuntimeError: a defect" in line for line in lines)
    assert AlarmKind.DUTY_OVERDUE in desk.kinds()
    assert resting(desk.exchange) == []


def _when(desk: Desk, verb: str, done: threading.Event) -> None:
    """Set *done* once the exchange has answered *verb*."""

    def line(itself: object, *args: object) -> object:
        result = itself(*args)  # type: ignore[operator]  # the verb itself
        done.set()
        return result

    desk.exchange.script[verb] = line


def test_guards_are_counted_under_a_lock() -> None:
    """Two hosts that enter or leave at the same moment must not lose one: it would open or shut the gate for good."""
    desk = paper_desk()
    core = desk.manager._desk
    counted: list[tuple[int, int]] = []

    class Mutex:
        def __init__(self) -> None:
            self.lock, self.before = core._mutex, 0

        def __enter__(self) -> None:
            self.lock.acquire()
            self.before = core.guards

        def __exit__(self, *_: object) -> None:
            if core.guards != self.before:
                counted.append((self.before, core.guards))
            self.lock.release()

    core._mutex = Mutex()  # type: ignore[assignment]  # a lock that watches
    with desk.manager.guarding(interval=3600), desk.manager.guarding(interval=3600):
        assert core.guards == 2

    assert counted == [(0, 1), (1, 2), (2, 1), (1, 0)]


def test_leaving_the_guard_ends_its_thread() -> None:
    """The block ends, the thread is gone, and entries on a live exchange would be refused again."""
    desk = paper_desk()
    before = threading.active_count()

    with desk.manager.guarding(interval=0.5), desk.manager.guarding(interval=0.5):
        assert threading.active_count() == before + 2

    assert threading.active_count() == before
