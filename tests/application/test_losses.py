"""Size of ours that is missing: believed gone when somebody's fills explain it, and never because a read lags."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest

from surefill.adapters.journal import MemoryJournal
from surefill.adapters.simulated import Fault
from surefill.adapters.venue import VenueSettings
from surefill.domain.alarm import AlarmKind
from surefill.domain.events import WrittenOff
from surefill.domain.ids import Leg
from surefill.domain.order import ZERO
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.report import ClosedBy, Outcome
from surefill.domain.snapshot import Snapshot
from surefill.domain.timings import Timings
from tests.papers import (
    ACME,
    FLAT,
    Desk,
    begun,
    by_hand,
    close,
    entry,
    entry_orders_filled,
    events,
    held,
    id_of,
    paper_desk,
    restart,
    resting,
    trade_by_hand,
)

TIMES = Timings()


def sell_by_hand(desk: Desk, quantity: str) -> None:
    """Somebody else closes so much of the position."""
    trade_by_hand(desk.exchange, "SELL", quantity)


@pytest.mark.parametrize("lag_ms", [5_000, 20_000, 45_000])
def test_a_position_shown_late_is_not_given_up(lag_ms: int) -> None:
    """The position read shows nothing of our fill for so long: its stop stays, and nothing is written off."""
    desk = paper_desk(Fault.visibility_lag(lag_ms, positions=True, path="positionRisk"))
    desk.execute(entry("s1"))
    desk.guard(lag_ms // 1000 + 20)
    assert events(desk.journal, "s1", WrittenOff) == []
    assert (held(desk.exchange), resting(desk.exchange)) == (Decimal(1), ["S1", "T1"])
    assert desk.alarms_of(AlarmKind.FOREIGN_CHANGE) == []


def test_a_position_closed_by_hand_is_given_up_soon() -> None:
    """Somebody's fill explains it: the bracket is closed, its orders go, and a person is told."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.guard(6)
    sell_by_hand(desk, "1")
    desk.guard(12)
    report = desk.report()
    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.ELSEWHERE)
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert len(desk.alarms_of(AlarmKind.FOREIGN_CHANGE)) == 1


def test_what_a_leg_closed_beyond_its_own_bracket_is_missing_from_another() -> None:
    """The target of a bracket that an exit had made smaller fills before it is replaced: the other bracket paid for it.

    The exchange knows one position. That the fill is ours, and accounted for, must not hide that it took too much.
    """
    desk = paper_desk(Fault.request_lost(leg="T", nth=1))  # it is watched for a day, and its bracket with it
    desk.execute(entry("s1"))
    desk.execute(entry("s2", stop="90", target="120"), "3")
    desk.exchange.faults.add(Fault.request_lost(method="DELETE", until_ms=desk.now_ms() + 20_000))
    desk.execute(close("c1"), "0.3")
    desk.exchange.tick(ACME, last="110")
    desk.wait(1)
    assert ZERO < held(desk.exchange) < 3
    desk.guard(30)
    (lost,) = events(desk.journal, "s2", WrittenOff)
    assert lost.quantity == 3 - held(desk.exchange)
    assert {order.quantity for order in desk.manager.open_orders(ACME)} == {held(desk.exchange)}


def test_what_a_closed_bracket_of_ours_sold_explains_no_loss_of_another() -> None:
    """Its target filled after the other's entry, and it is forgotten by now: that fill took nothing of the other.

    The newest entry is not shown in the position yet. Taken for lost, it would be left without its stop.
    """
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2", target="130"))
    desk.exchange.tick(ACME, last="110")
    desk.guard(10)
    assert desk.report("s1").closed_by is ClosedBy.TAKE_PROFIT
    desk.exchange.faults.add(
        Fault.visibility_lag(20_000, positions=True, path="positionRisk", until_ms=desk.now_ms() + 20_000)
    )
    desk.execute(entry("s3", target="130"))
    desk.guard(40)
    assert [events(desk.journal, name, WrittenOff) for name in ("s2", "s3")] == [[], []]
    assert resting(desk.exchange) == ["S1", "S1", "T1", "T1"]


def test_an_exit_that_was_to_close_what_was_gone_closed_something_else() -> None:
    """A lost journal brings a bracket back that was closed long ago; the next close counts on its size as well.

    What it closed of the other bracket instead is explained by the older exit, from before that other's entry.
    """
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(close("c1"), None)
    after = restart(desk, MemoryJournal())
    after.execute(entry("s1"))
    after.execute(entry("s2", target="130"), "2")
    after.execute(close("c2"), "1.5")
    after.guard(20)
    assert after.report("s1").outcome is Outcome.CLOSED
    (lost,) = events(after.journal, "s2", WrittenOff)
    assert lost.quantity == 1
    assert {order.quantity for order in after.manager.open_orders(ACME)} == {Decimal("0.5")}


def test_a_part_closed_by_hand_is_written_off_once() -> None:
    """The fills that explain a loss explain it once: the rest keeps a stop of its own size."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.guard(6)
    sell_by_hand(desk, "0.3")
    desk.guard(30)
    sell_by_hand(desk, "0.2")
    desk.guard(30)
    assert [event.quantity for event in events(desk.journal, "s1", WrittenOff)] == [Decimal("0.3"), Decimal("0.2")]
    assert {order.quantity for order in desk.manager.open_orders(ACME)} == {Decimal("0.5")}


def test_a_loss_nobody_can_explain_is_believed_after_a_minute() -> None:
    """The fills cannot be read: what stays missing for a minute is believed gone all the same."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.guard(6)
    sell_by_hand(desk, "1")
    desk.exchange.faults.add(Fault.unreachable(method="GET", path="userTrades"))
    desk.guard(50)
    assert (events(desk.journal, "s1", WrittenOff), resting(desk.exchange)) == ([], ["S1", "T1"])
    desk.guard(30)
    assert len(events(desk.journal, "s1", WrittenOff)) == 1
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


def shows_nothing(desk: Desk) -> None:
    """From now on the position read shows an empty account, whatever is held."""

    def snapshot(itself: Callable[[str], Snapshot], symbol: str) -> Snapshot:
        return attrs.evolve(itself(symbol), positions=())

    desk.exchange.script["snapshot"] = snapshot


def written_off(desk: Desk, signal_id: str = "s1") -> list[str]:
    """What was written off of a signal, one after the other."""
    return [str(event.quantity.normalize()) for event in events(desk.journal, signal_id, WrittenOff)]


def test_a_position_never_shown_is_not_gone_although_its_stop_was_taken() -> None:
    """The position read lags by a minute and a half and somebody cancels the stop: it is put back, not given up."""
    desk = paper_desk(Fault.visibility_lag(90_000, positions=True))
    desk.execute(entry())
    desk.guard(3)
    by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=id_of("s1", Leg.STOP))

    desk.guard(60)

    report = desk.report()
    assert (written_off(desk), held(desk.exchange)) == ([], Decimal(1))
    assert report.outcome is not Outcome.CLOSED
    assert [name[0] for name in resting(desk.exchange)].count("S") >= 1


def test_a_loss_and_a_stop_behind_lagging_reads_come_to_rest() -> None:
    """A part goes by hand, the stop takes the rest, and every read lags by five seconds: nothing is left open."""
    desk = paper_desk(Fault.visibility_lag(5_000, positions=True))
    desk.execute(entry())
    desk.guard(3)
    sell_by_hand(desk, "0.4")
    desk.guard(15)
    desk.exchange.tick(ACME, last="94")

    desk.guard(45)

    report = desk.report()
    assert report.outcome is Outcome.CLOSED
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert desk.manager.status().duties == ()
    assert written_off(desk) == ["0.4"]


def test_opposite_sizes_of_ours_are_netted() -> None:
    """A long nobody could see and a short of ours on a one-way account: what they took from each other is gone."""
    desk = paper_desk()
    created = begun(desk)
    lag = Fault.visibility_lag(25_000, trades=True, positions=True, until_ms=desk.now_ms() + 26_000)
    desk.exchange.faults.add(Fault.reply_lost(leg="E", nth=1), lag)
    assert desk.execute(entry("s1", created_at=created)).outcome is Outcome.NOT_FILLED
    desk.execute(entry("s2", short=True, created_at=created), "3")

    desk.guard(60)

    hidden, younger = desk.manager.report("s1"), desk.manager.report("s2")
    assert hidden is not None
    assert (hidden.outcome, entry_orders_filled(desk.exchange, "s1")) == (Outcome.CLOSED, 1)
    assert younger is not None
    assert younger.outcome is Outcome.PROTECTED
    assert held(desk.exchange) == -2
    assert {order.quantity for order in desk.manager.open_orders(ACME)} == {Decimal(2)}
    assert [duty.signal_id for duty in desk.manager.status().duties] == ["s2"]


def test_fills_that_explain_nothing_are_believed_before_the_position() -> None:
    """The fills are read and deny the loss: much longer than a minute nothing is given up, and then it is."""
    desk = paper_desk(timings=Timings(loss_denied_ms=150_000))
    desk.execute(entry())
    shows_nothing(desk)
    began = desk.now_ms()

    desk.guard(140)
    early = written_off(desk)
    desk.guard(20)

    assert early == []
    (event,) = events(desk.journal, "s1", WrittenOff)
    assert 150_000 <= event.at_ms - began <= 157_000


def test_what_others_opened_and_closed_again_took_nothing_from_us() -> None:
    """Two bought and two sold by somebody else: on balance nobody took anything, whatever the position read shows."""
    desk = paper_desk(protection=ProtectionPolicy(allow_foreign_position=True))
    desk.execute(entry())
    desk.guard(6)
    trade_by_hand(desk.exchange, "BUY", "2")
    sell_by_hand(desk, "2")
    shows_nothing(desk)

    desk.guard(30)

    assert (written_off(desk), resting(desk.exchange)) == ([], ["S1", "T1"])


def test_what_a_close_of_ours_took_is_not_taken_again() -> None:
    """A part was closed by a signal of ours that is forgotten by now: only what somebody else sold is written off."""
    desk = paper_desk()
    desk.execute(entry())
    assert desk.execute(close(), "0.4").outcome is Outcome.REDUCED
    desk.guard(6)
    sell_by_hand(desk, "0.1")
    shows_nothing(desk)

    desk.guard(20)

    assert written_off(desk) == ["0.1"]
    assert {order.quantity for order in desk.manager.open_orders(ACME)} == {Decimal("0.5")}


def test_fills_of_the_other_side_explain_nothing_on_a_hedge_account() -> None:
    """Somebody opens a short beside our long: his sale took nothing from us."""
    desk = paper_desk(venue=VenueSettings(hedge_mode=True), protection=ProtectionPolicy(allow_foreign_position=True))
    desk.execute(entry())
    desk.guard(6)
    trade_by_hand(desk.exchange, "SELL", "1", positionSide="SHORT")
    shows_nothing(desk)

    desk.guard(20)

    assert written_off(desk) == []


def test_a_short_that_is_bought_back_by_hand_is_written_off() -> None:
    """The same in the other direction: a purchase of somebody else explains what is missing of a short."""
    desk = paper_desk()
    desk.execute(entry(short=True))
    desk.guard(6)
    trade_by_hand(desk.exchange, "BUY", "0.4")

    desk.guard(12)

    assert written_off(desk) == ["0.4"]


def test_fills_before_the_entry_explain_nothing() -> None:
    """Somebody sold before our oldest entry: it was not from us."""
    desk = paper_desk(protection=ProtectionPolicy(allow_foreign_position=True))
    trade_by_hand(desk.exchange, "BUY", "1")
    sell_by_hand(desk, "1")
    trade_by_hand(desk.exchange, "BUY", "1")
    sell_by_hand(desk, "0.5")
    desk.execute(entry())
    shows_nothing(desk)

    desk.guard(20)

    assert written_off(desk) == []


def test_what_was_written_off_explains_nothing_any_more() -> None:
    """Somebody's sale explained a loss once; when the position read shows nothing later, it does not do so again."""
    desk = paper_desk()
    desk.execute(entry())
    desk.guard(6)
    sell_by_hand(desk, "0.3")
    desk.guard(12)
    shows_nothing(desk)

    desk.guard(20)

    assert written_off(desk) == ["0.3"]


def test_a_sale_between_two_entries_explains_a_loss() -> None:
    """The fills are read since the oldest of our entries, not since the newest."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    sell_by_hand(desk, "0.3")
    desk.execute(entry("s2"))

    desk.guard(15)

    assert (written_off(desk, "s1"), written_off(desk, "s2")) == (["0.3"], [])


def with_excess_closed() -> Desk:
    """A copy of the entry filled too, and what it filled was closed again."""
    desk = paper_desk(Fault.delivered_twice(0, leg="E", nth=1))
    desk.execute(entry())
    desk.guard(10)
    assert (held(desk.exchange), resting(desk.exchange)) == (Decimal(1), ["S1", "T1"])
    return desk


def test_a_copy_and_its_closing_took_nothing_from_us() -> None:
    """Both fills are ours and cancel each other: a position read that shows nothing is not explained by one of them."""
    desk = with_excess_closed()
    shows_nothing(desk)

    desk.guard(20)

    assert written_off(desk) == []


def test_a_copy_and_its_closing_hide_no_loss() -> None:
    """What somebody sells after that is found as ever."""
    desk = with_excess_closed()
    sell_by_hand(desk, "0.4")

    desk.guard(15)

    assert written_off(desk) == ["0.4"]


def test_what_others_took_of_a_short_they_did_not_open_as_a_long() -> None:
    """The short they bought back is still being watched when they sell a part of our next long: that is found, too."""
    desk = paper_desk(Fault.request_lost(leg="S", nth=1))
    desk.execute(entry("s1", short=True))
    trade_by_hand(desk.exchange, "BUY", "1")
    desk.guard(12)
    assert written_off(desk, "s1") == ["1"]
    desk.execute(entry("s2"))
    sell_by_hand(desk, "0.4")

    desk.guard(15)

    assert written_off(desk, "s2") == ["0.4"]


def test_an_entry_that_filled_nothing_does_not_date_what_others_did() -> None:
    """Before it a short of ours was open; its end is no purchase of others that would explain the sale of our long."""
    desk = paper_desk()
    desk.execute(entry("s1", short=True))
    desk.exchange.faults.add(Fault.request_lost(leg="E", nth=1))
    assert desk.execute(entry("s2", short=True)).outcome is Outcome.NOT_FILLED
    assert desk.execute(close("c1", short=True), None).outcome is Outcome.CLOSED
    desk.execute(entry("s3"))
    sell_by_hand(desk, "0.4")

    desk.guard(15)

    assert written_off(desk, "s3") == ["0.4"]
