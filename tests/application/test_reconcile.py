"""Making what is into what should be, and saying what was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest

from surefill.adapters.simulated import Fault
from surefill.domain.actions import CancelLegs, Close, PlaceStop
from surefill.domain.alarm import AlarmKind
from surefill.domain.errors import AuthenticationError, ExchangeUnavailableError
from surefill.domain.events import Absent, Missed
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg
from surefill.domain.order import Order
from surefill.domain.report import ClosedBy, Outcome
from surefill.domain.snapshot import Snapshot
from tests.application.test_settle import _unfinished
from tests.papers import (
    ACME,
    BOLT,
    FLAT,
    arrived,
    begun,
    by_hand,
    close,
    entry,
    events,
    held,
    id_of,
    paper_desk,
    restart,
    resting,
    rows,
    stop_by_hand,
)


def test_a_healthy_bracket_needs_nothing() -> None:
    """Nothing is done, nothing alarmed; the open position stays a duty."""
    desk = paper_desk()
    desk.execute(entry())

    report = desk.manager.reconcile()

    assert (report.actions, report.alarms) == ((), ())
    assert [duty.signal_id for duty in report.still_open] == ["s1"]


def test_it_says_what_it_did_and_what_it_alarmed() -> None:
    """A stop removed by hand twice: the second time there is an alarm, in the report and for the host."""
    desk = paper_desk()
    desk.execute(entry())
    by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=id_of("s1", Leg.STOP))

    first = desk.manager.reconcile(ACME)
    by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=id_of("s1", Leg.STOP, 2))
    second = desk.manager.reconcile(ACME)

    assert [(symbol, type(action)) for symbol, action in first.actions if isinstance(action, PlaceStop)] == [
        (ACME, PlaceStop)
    ]
    assert first.alarms == ()
    assert [alarm.kind for alarm in second.alarms] == [AlarmKind.LEG_REMOVED]
    assert desk.alarms == list(second.alarms)


def test_one_symbol_is_worked_on_alone() -> None:
    """The other one is not even looked at."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2", BOLT, stop="1900", target="2100"))
    desk.exchange.tick(ACME, last="94")
    desk.exchange.tick(BOLT, last="1890")
    desk.wait(1)

    report = desk.manager.reconcile(BOLT)

    assert {symbol for symbol, _ in report.actions} == {BOLT}
    assert any(isinstance(action, CancelLegs) for _, action in report.actions)
    assert any(isinstance(action, Close) for _, action in report.actions)
    assert (resting(desk.exchange, BOLT), resting(desk.exchange, ACME)) == ([], ["T1"])


def test_symbols_with_strays_only_are_found() -> None:
    """Nothing of ours is known on a symbol, and an order of ours is open there: reconcile() of all looks there too."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(close("c1"), None)
    stop_by_hand(desk.exchange, id_of("s1", Leg.STOP, 7), symbol=BOLT, trigger="1500")

    report = desk.manager.reconcile()

    assert [symbol for symbol, _ in report.actions] == [BOLT]
    assert resting(desk.exchange, BOLT) == []


@pytest.mark.parametrize("error", [ExchangeUnavailableError("no answer"), AuthenticationError("key revoked")])
def test_strays_that_cannot_be_listed_do_not_stop_it(error: Exception) -> None:
    """What is known is looked after all the same."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.tick(ACME, last="94")
    desk.wait(1)

    def open_orders(_: object, __: object) -> object:
        raise error

    desk.exchange.script["open_orders"] = open_orders
    desk.manager.reconcile()
    desk.exchange.script.clear()

    assert resting(desk.exchange) == []


def test_an_order_still_open_is_settled() -> None:
    """Accepted, and its end never seen: the next reconcile finds it, protects, and corrects the report."""
    desk = paper_desk()
    created = begun(desk)

    def find(_: Callable[[object], Mapping[str, Order]], __: object) -> Mapping[str, Order]:
        raise ExchangeUnavailableError("no answer")

    desk.exchange.script.update(send=_unfinished, find=find)
    first = desk.execute(entry(created_at=created))
    desk.exchange.script.clear()

    desk.manager.reconcile(ACME)

    report = desk.manager.report("s1")
    assert first.outcome is Outcome.UNKNOWN
    assert report is not None
    assert report.outcome is Outcome.PROTECTED


def test_a_late_watch_waits_its_time_and_survives_silence() -> None:
    """Looked for when due and not before; an exchange that does not answer then is asked again."""
    desk = paper_desk(Fault.request_lost(leg="E"))
    desk.execute(entry())
    absent_ms = events(desk.journal, "s1", Absent)[0].at_ms
    looks = len(events(desk.journal, "s1", Missed))

    desk.manager.reconcile()
    early = len(events(desk.journal, "s1", Missed))
    desk.wait((absent_ms + 15_000 - desk.now_ms()) / 1000)
    desk.exchange.faults.add(Fault.unreachable(method="GET", path="order", nth=1))
    desk.manager.reconcile()
    silent = len(events(desk.journal, "s1", Missed))
    desk.manager.reconcile()

    assert early == looks
    assert silent == looks
    assert len(events(desk.journal, "s1", Missed)) == looks + 1


def test_a_halt_at_its_highest_level_flattens_ours() -> None:
    """Every position of ours is closed at once, orders cleared; others' size stays; entries are refused."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2", BOLT, stop="1900", target="2100"))
    by_hand(desk.exchange, "POST", "/fapi/v1/order", symbol=ACME, side="BUY", type="MARKET", quantity="2")

    desk.manager.halt(HaltLevel.FLATTEN_OURS, reason="an accident")
    desk.guard(10)

    assert (held(desk.exchange, ACME), held(desk.exchange, BOLT)) == (Decimal(2), Decimal(0))
    assert (resting(desk.exchange, ACME), resting(desk.exchange, BOLT)) == ([], [])
    assert all(one.params["reduceOnly"] == "true" for one in arrived(desk.exchange) if one.name == "X1")
    for signal_id in ("s1", "s2"):
        report = desk.report(signal_id)
        assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.EXIT)


def test_a_flattening_halt_goes_on_after_a_restart() -> None:
    """The process died before it could flatten: the next one does it first."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.unreachable(leg="X"))
    desk.manager.halt(HaltLevel.FLATTEN_OURS, reason="an accident")
    assert held(desk.exchange) == 1
    desk.exchange.faults.clear()

    after = restart(desk)
    after.manager.reconcile()
    after.guard(5)

    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


def test_an_interrupted_close_is_reported_by_reconcile() -> None:
    """Its exit was unknown when the call returned; the reconcile that finds it writes the truth."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.reply_lost(leg="X"), Fault.unreachable(method="GET", path="order"))
    desk.exchange.faults.add(Fault.unreachable(method="GET", path="allOrders"))
    created = begun(desk)

    told = desk.execute(close(created_at=created), None)
    desk.exchange.faults.clear()
    desk.manager.reconcile()
    desk.guard(10)

    report = desk.manager.report("c1")
    assert told.outcome is Outcome.UNKNOWN
    assert report is not None
    assert (report.outcome, report.filled_quantity) == (Outcome.CLOSED, Decimal(1))
    assert resting(desk.exchange) == []


def test_nothing_is_asked_when_nothing_is_open() -> None:
    """A quiet desk costs no requests."""
    desk = paper_desk()
    desk.execute(entry())
    desk.execute(close(), None)
    before = len(rows(desk.exchange, "request"))

    desk.guard(60)

    assert len(rows(desk.exchange, "request")) == before


def test_once_the_manager_is_closed_no_other_symbol_is_begun() -> None:
    """Another thread closed it between two symbols: the stores are shut, and nothing is done that they cannot keep."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2", BOLT, stop="1900", target="2200"), "0.01")
    looked: list[str] = []

    def snapshot(itself: Callable[[str], Snapshot], symbol: str) -> Snapshot:
        looked.append(symbol)
        desk.manager.close()
        return itself(symbol)

    desk.exchange.script["snapshot"] = snapshot
    desk.manager.reconcile()

    assert set(looked) == {ACME}
