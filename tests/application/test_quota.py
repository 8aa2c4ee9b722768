"""The account's cap on conditional orders: an entry that could get no stop is not sent."""

from __future__ import annotations

import pytest

from surefill.adapters.simulated import Fault
from surefill.adapters.venue import VenueSettings
from surefill.application.quota import COUNT_EVERY_MS
from surefill.domain.budget import Capacity
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.report import ExecutionReport, Outcome
from tests.papers import ACME, BOLT, Desk, by_hand, close, entry, paper_desk, resting, sent_of, stop_by_hand


def their_stops(desk: Desk, count: int) -> None:
    """Somebody else has so many conditional orders open."""
    for number in range(count):
        stop_by_hand(desk.exchange, f"theirs-{number}", symbol=BOLT, quantity="0.1", trigger="1500")


def capped(most: int) -> VenueSettings:
    """An exchange that takes no more conditional orders than that."""
    return VenueSettings(open_algo_orders_max=most)


def told(report: ExecutionReport) -> tuple[Outcome, Refusal | None]:
    """How it ended, and why."""
    return report.outcome, report.reason


@pytest.mark.parametrize(
    ("theirs", "target", "fits"), [(2, "110", True), (3, "110", False), (3, None, True), (4, None, False)]
)
def test_an_entry_without_room_for_its_legs_is_refused(theirs: int, target: str | None, *, fits: bool) -> None:
    """With a cap of four: a stop and a target need two places, a stop alone one; nothing is sent without them."""
    desk = paper_desk(venue=capped(4))
    their_stops(desk, theirs)

    report = desk.execute(entry(target=target))

    if fits:
        assert report.outcome is Outcome.PROTECTED
    else:
        assert told(report) == (Outcome.REFUSED, Refusal.STOP_CAP)
        assert f"{theirs} of the 4 conditional orders" in report.text
        assert sent_of(desk.exchange, "s1") == []


def test_a_refused_entry_may_be_tried_again_once_there_is_room() -> None:
    """The id is not used up, and the count is made anew before anything is refused."""
    desk = paper_desk(venue=capped(4))
    their_stops(desk, 4)
    refused = desk.execute(entry())
    for number in (0, 1):
        by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=f"theirs-{number}")

    report = desk.execute(entry())

    assert told(refused) == (Outcome.REFUSED, Refusal.STOP_CAP)
    assert report.outcome is Outcome.PROTECTED
    assert resting(desk.exchange) == ["S1", "T1"]


def test_without_a_stop_and_a_target_no_room_is_needed() -> None:
    """An entry that wants no conditional order is not held up by those of others."""
    desk = paper_desk(venue=capped(4), protection=ProtectionPolicy(require_stop=False))
    their_stops(desk, 4)

    assert desk.execute(entry(stop=None, target=None)).outcome is Outcome.OPEN


def test_a_cap_nobody_knows_stops_nothing() -> None:
    """An exchange that tells no cap is not asked how many orders are open."""
    desk = paper_desk()
    desk.exchange.script["capacity"] = lambda _: Capacity()
    asked = desk.exchange.verbs.count("open_orders")

    assert desk.execute(entry()).outcome is Outcome.PROTECTED
    assert desk.exchange.verbs.count("open_orders") == asked


def counted(desk: Desk) -> int:
    """How often all open orders were listed."""
    return desk.exchange.verbs.count("open_orders")


def test_a_count_is_believed_for_a_minute_with_our_own_added() -> None:
    """Within it the second entry asks nobody; after it the third one counts again."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    first = counted(desk)
    desk.execute(entry("s2"))
    second = counted(desk)
    desk.wait(COUNT_EVERY_MS / 1000)
    desk.execute(entry("s3"))

    assert (first, second, counted(desk)) == (1, 1, 2)


def test_our_own_legs_since_the_count_use_up_the_room() -> None:
    """Four places: two brackets fill them, and the third entry is refused after a new count."""
    desk = paper_desk(venue=capped(4))
    assert desk.execute(entry("s1")).outcome is Outcome.PROTECTED
    assert desk.execute(entry("s2", stop="94", target="111")).outcome is Outcome.PROTECTED
    before = counted(desk)

    third = desk.execute(entry("s3", stop="93", target="112"))
    desk.execute(close(), "1")
    fourth = desk.execute(entry("s3", stop="93", target="112"))

    assert told(third) == (Outcome.REFUSED, Refusal.STOP_CAP)
    assert counted(desk) == before + 2
    assert fourth.outcome is Outcome.PROTECTED


def test_a_count_that_cannot_be_made_refuses_the_entry() -> None:
    """Nobody knows whether there is room: nothing is sent."""
    desk = paper_desk(Fault.unreachable(method="GET", path="openAlgoOrders", nth=2))

    report = desk.execute(entry())

    assert told(report) == (Outcome.REFUSED, Refusal.UNREACHABLE)
    assert sent_of(desk.exchange, "s1") == []
    assert resting(desk.exchange, ACME) == []
