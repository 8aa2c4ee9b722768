"""Orders of ours that the journal cannot place: spared while they may protect something, and no close denies them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from surefill.adapters.journal import MemoryJournal
from surefill.adapters.simulated import Fault
from surefill.adapters.venue import VenueSettings
from surefill.domain.alarm import AlarmKind
from surefill.domain.errors import AuthenticationError, ExchangeUnavailableError, JournalError
from surefill.domain.events import Claimed, Event, Released
from surefill.domain.ids import Leg
from surefill.domain.order import Order
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.report import Outcome
from tests.application.journals import copy_of
from tests.papers import (
    ACME,
    FLAT,
    Desk,
    arrived,
    begun,
    close,
    entry,
    events,
    held,
    id_of,
    paper_desk,
    restart,
    resting,
    stop_by_hand,
    trade_by_hand,
)

# --- a signal that the journal knows only as given back ---------------------------------------------------------------


def handed_in_vain(error: Exception) -> Desk:
    """A traded signal, an empty journal, and a second try of it that nobody answered: claimed there, and released."""
    desk = paper_desk()
    desk.execute(entry())
    after = restart(desk, MemoryJournal())

    def find(_: object, __: object) -> Mapping[str, Order]:
        raise error

    desk.exchange.script["find"] = find
    assert after.execute(entry()).outcome is Outcome.REFUSED
    desk.exchange.script.clear()
    return after


@pytest.mark.parametrize("error", [ExchangeUnavailableError("no answer"), AuthenticationError("key revoked")])
def test_orders_of_a_signal_that_was_only_claimed_and_released_are_spared(error: Exception) -> None:
    """The journal knows its name and nothing of its orders: the position keeps its stop, and a person is told."""
    after = handed_in_vain(error)
    kept = [type(event) for event in after.journal.events_of("s1")]

    after.manager.reconcile()
    after.guard(20)

    assert kept == [Claimed, Released]
    assert (held(after.exchange), resting(after.exchange)) == (1, ["S1", "T1"])
    assert AlarmKind.FOREIGN_CHANGE in after.kinds()
    assert after.execute(entry()).outcome is Outcome.PROTECTED
    assert [one.name for one in arrived(after.exchange)] == ["E1", "S1", "T1"]


def test_they_are_orphans_once_there_is_nothing_to_protect() -> None:
    """The stop filled: the target goes with the next look that is due."""
    after = handed_in_vain(ExchangeUnavailableError("no answer"))
    after.manager.reconcile()
    after.exchange.tick(ACME, last="94")

    after.guard(10)

    assert (held(after.exchange), resting(after.exchange)) == FLAT


def test_orders_of_a_signal_that_was_carried_out_are_orphans() -> None:
    """It is over by the journal's own word: what turns up of it goes, also beside another signal's position."""
    desk = paper_desk()
    desk.execute(entry("s0"))
    desk.execute(close("c0"), None)
    desk.execute(entry("s1"))
    stop_by_hand(desk.exchange, id_of("s0", Leg.STOP, 9))

    desk.guard(10)

    assert resting(desk.exchange) == ["S1", "T1"]
    assert AlarmKind.FOREIGN_CHANGE not in desk.kinds()


def test_orders_of_a_signal_whose_events_cannot_be_read_are_spared() -> None:
    """The journal tells the name and fails at the rest: nobody can say that it is over."""

    class Torn(MemoryJournal):
        torn = False

        def events_of(self, signal_id: str) -> tuple[Event, ...]:
            if self.torn and signal_id == "s0":
                raise JournalError("the page is damaged")
            return super().events_of(signal_id)

    journal = Torn()
    desk = paper_desk(journal=journal)
    desk.execute(entry("s0"))
    desk.execute(close("c0"), None)
    desk.execute(entry("s1"))
    stop_by_hand(desk.exchange, id_of("s0", Leg.STOP, 9))
    journal.torn = True

    desk.guard(10)

    assert resting(desk.exchange) == ["S1", "S9", "T1"]
    assert AlarmKind.STORE_FAILED in desk.kinds()


# --- a close beside them ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hedge", [False, True])
@pytest.mark.parametrize("short", [False, True])
def test_a_close_does_not_deny_a_position_with_orders_of_ours(*, short: bool, hedge: bool) -> None:
    """The journal was lost: that nothing of ours is open would be a lie; the signals are to be executed again first."""
    desk = paper_desk(venue=VenueSettings(hedge_mode=hedge))
    desk.execute(entry(short=short))
    after = restart(desk, MemoryJournal())

    report = after.execute(close(short=short), None)
    again = after.execute(entry(short=short))
    closed = after.execute(close(short=short), None)

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.FROZEN)
    assert "execute the signals that opened it again" in report.text
    assert id_of("s1", Leg.STOP) in report.text
    assert id_of("s1", Leg.TARGET) in report.text
    assert (again.outcome, closed.outcome) == (Outcome.PROTECTED, Outcome.CLOSED)
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


def test_a_close_of_nothing_is_already_flat_whatever_rests() -> None:
    """The stop has filled and the target rests still: there is nothing to close."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.tick(ACME, last="94")
    desk.wait(1)
    after = restart(desk, MemoryJournal())

    report = after.execute(close(), None)
    after.manager.reconcile()

    assert report.outcome is Outcome.ALREADY_FLAT
    assert resting(desk.exchange) == []


def test_a_close_beside_somebody_elses_position_is_already_flat() -> None:
    """Held by hand, with somebody's stop: none of it bears a mark of ours."""
    desk = paper_desk()
    trade_by_hand(desk.exchange, "BUY", "1")
    stop_by_hand(desk.exchange, "theirs")

    assert desk.execute(close(), None).outcome is Outcome.ALREADY_FLAT


def test_orders_that_close_the_other_side_are_no_trace_of_this_one() -> None:
    """On a hedge account: a long of somebody else, and a short of ours that the journal lost."""
    desk = paper_desk(venue=VenueSettings(hedge_mode=True))
    desk.execute(entry(short=True))
    trade_by_hand(desk.exchange, "BUY", "1", positionSide="LONG")
    after = restart(desk, MemoryJournal())

    of_long, of_short = after.execute(close("c1"), None), after.execute(close("c2", short=True), None)

    assert of_long.outcome is Outcome.ALREADY_FLAT
    assert (of_short.outcome, of_short.reason) == (Outcome.REFUSED, Refusal.FROZEN)


def half_lost() -> Desk:
    """Two brackets of one each, of which an older copy of the journal knows the second only."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2"))
    return restart(desk, copy_of(desk.journal, lambda event: getattr(event, "signal_id", "") == "s2"))


def test_a_close_beside_unknown_ones_has_reduced() -> None:
    """All that is known was closed, and a position with orders of ours is left: not closed, reduced."""
    desk = half_lost()

    report = desk.execute(close(), None)

    assert (report.outcome, report.filled_quantity, report.closed_by) == (Outcome.REDUCED, 1, None)
    assert (held(desk.exchange), resting(desk.exchange)) == (1, ["S1", "T1"])


def test_a_close_that_leaves_nothing_has_closed() -> None:
    """Somebody closed the unknown part by hand: what rests of it protects nothing, and does not count."""
    desk = half_lost()
    trade_by_hand(desk.exchange, "SELL", "1")

    report = desk.execute(close(), None)

    assert (report.outcome, report.filled_quantity) == (Outcome.CLOSED, 1)
    desk.guard(10)
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


def test_a_close_beside_a_position_by_hand_has_closed() -> None:
    """What is left is somebody else's and bears no mark of ours."""
    desk = paper_desk(protection=ProtectionPolicy(allow_foreign_position=True))
    trade_by_hand(desk.exchange, "BUY", "1")
    desk.execute(entry())

    assert desk.execute(close(), None).outcome is Outcome.CLOSED
    assert held(desk.exchange) == 1


def test_a_close_whose_last_look_fails_says_what_it_knows() -> None:
    """Whether there are traces of others nobody can see: ours is closed, and the position is not told."""
    desk = half_lost()
    looks: list[str] = []

    def send(itself: Callable[[object], object], prepared: object) -> object:
        desk.exchange.faults.add(Fault.unreachable(method="GET", path="positionRisk"))
        looks.append("sent")
        return itself(prepared)

    desk.exchange.script["send"] = send
    report = desk.execute(close(), None)

    assert looks == ["sent"]
    assert (report.outcome, report.position) == (Outcome.CLOSED, None)


def test_a_young_close_is_refused_like_an_old_one() -> None:
    """It is no question of when it was made: the entry's traces stand there."""
    desk = paper_desk()
    desk.execute(entry())
    after = restart(desk, MemoryJournal())

    report = after.execute(close(created_at=begun(after)), None)

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.FROZEN)
    assert events(after.journal, "c1", Released)
