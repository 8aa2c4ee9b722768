"""Closing at market: never more than is held, never believed without evidence, and tried again when it may be."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from decimal import Decimal

import attrs
import pytest

from surefill.adapters.simulated import Fault
from surefill.adapters.venue import VenueSettings
from surefill.adapters.venue.fill_model import FillModel
from surefill.application.exits import SLICES_MAX
from surefill.domain.audit_record import AuditType
from surefill.domain.errors import AuthenticationError, ExchangeUnavailableError
from surefill.domain.events import Exited
from surefill.domain.ids import Leg
from surefill.domain.order import OrderKey
from surefill.domain.refusal import Refusal
from surefill.domain.report import ClosedBy, ExecutionReport, Outcome
from tests.application.test_settle import _unfinished
from tests.papers import (
    ACME,
    FLAT,
    Desk,
    arrived,
    close,
    entry,
    events,
    filled,
    held,
    id_of,
    intents,
    paper_desk,
    resting,
    sent_of,
    trade_by_hand,
)


def _market_lot(desk: Desk, most: str, step: str = "0.001") -> None:
    lot = {"filterType": "MARKET_LOT_SIZE", "minQty": step, "maxQty": most, "stepSize": step}
    desk.exchange.venue.change_filters(ACME, [lot])


def exit_names(desk: Desk) -> list[str]:
    """The exits of the close, as they arrived."""
    return sent_of(desk.exchange, "c1")


@pytest.mark.parametrize(
    "fault",
    [
        Fault.refused(-1008, status=503, leg="X", nth=1),
        Fault.refused(-1000, "Service Unavailable.", 503, leg="X", nth=1),
        Fault.unreachable(leg="X", nth=1),
        Fault.request_lost(leg="X", nth=1),
        Fault.unclear(executed=False, leg="X", nth=1),
        Fault.reply_lost(leg="X", nth=1),
        Fault.unclear(executed=True, leg="X", nth=1),
        Fault.latency(2000, leg="X", nth=1),
        Fault.refused(-4023, "Quantity not increased by step size.", leg="X", nth=1),
    ],
    ids=[
        "overload",
        "unavailable",
        "unreachable",
        "lost",
        "unclear",
        "reply lost",
        "unclear, done",
        "slow",
        "off grid",
    ],
)
def test_one_fault_on_an_exit_is_overcome(fault: Fault) -> None:
    """Whatever befalls the exit once: exactly the position is closed, the legs are gone, and the report is right."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(fault)

    report = desk.execute(close(), None)
    desk.guard(10)

    assert (report.outcome, report.filled_quantity) == (Outcome.CLOSED, Decimal(1))
    assert filled(desk.exchange, "c1", Leg.EXIT) == 1
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert all(one.params["reduceOnly"] == "true" for one in arrived(desk.exchange, "POST") if one.name[0] == "X")


def test_refused_for_now_is_tried_again_with_longer_waits() -> None:
    """One, two, four seconds; each attempt has its own id and its own intent; then it is given back, refused."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.unreachable(leg="X"))

    report = desk.execute(close(), None)

    sent = [intent.at_ms for intent in intents(desk.journal, "c1", Leg.EXIT)]
    waits = [later - sooner for sooner, later in itertools.pairwise(sent)]
    assert len(sent) == 4
    assert all(0 <= wait - wanted <= 400 for wait, wanted in zip(waits, (1000, 2000, 4000), strict=True))
    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.UNREACHABLE)
    assert resting(desk.exchange) == ["S1", "T1"]
    desk.exchange.faults.clear()
    assert desk.execute(close(), None).outcome is Outcome.CLOSED
    assert exit_names(desk) == ["X5"]


def test_the_exchange_may_ask_for_a_longer_wait() -> None:
    """`Retry-After` outweighs our own first wait."""
    desk = paper_desk()
    desk.execute(entry())
    asked = Fault.refused(-1003, "Too many requests; banned until 0.", 429, leg="X", nth=1)
    desk.exchange.faults.add(asked)

    def send(itself: Callable[[object], object], prepared: object) -> object:
        reply = itself(prepared)
        return attrs.evolve(reply, retry_after_ms=3_000) if reply.kind.name == "RETRYABLE" else reply  # type: ignore[attr-defined,misc]  # a reply

    desk.exchange.script["send"] = send
    report = desk.execute(close(), None)

    first, second = (intent.at_ms for intent in intents(desk.journal, "c1", Leg.EXIT))
    assert second - first >= 3_000
    assert report.outcome is Outcome.CLOSED


def test_a_lost_exit_is_resolved_before_another_is_sent() -> None:
    """A reduce-only order may be repeated, but only after the first is believed absent and the position read again."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.request_lost(leg="X", nth=1))

    report = desk.execute(close(), None)

    first, second = intents(desk.journal, "c1", Leg.EXIT)
    assert second.at_ms > first.not_after_ms + 6_000
    assert exit_names(desk) == ["X2"]
    assert (report.outcome, report.provisional) == (Outcome.CLOSED, True)


def test_an_exit_nobody_knows_of_is_unknown_and_settled_later() -> None:
    """UNKNOWN, not repeated; the bracket keeps its stop, and once the truth shows the report is corrected."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.reply_lost(leg="X"), Fault.visibility_lag(25_000, until_ms=desk.now_ms() + 40_000))

    report = desk.execute(close(), None)
    legs = resting(desk.exchange)
    desk.guard(90)

    assert report.outcome is Outcome.UNKNOWN
    assert legs == ["S1", "T1"]
    assert exit_names(desk) == ["X1"]
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    settled = desk.report("c1")
    assert (settled.outcome, settled.filled_quantity) == (Outcome.CLOSED, Decimal(1))
    bracket = desk.report()
    assert bracket.outcome is Outcome.CLOSED


def test_an_acknowledged_exit_is_asked_for_until_it_is_final() -> None:
    """The answer does not tell of the fill: it is looked up."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.script["send"] = _unfinished

    report = desk.execute(close(), None)
    desk.guard(10)

    assert (report.outcome, report.filled_quantity) == (Outcome.CLOSED, Decimal(1))


def test_a_partial_fill_is_followed_by_the_rest() -> None:
    """The book is short: what was not filled is sent again, until nothing is left."""
    desk = paper_desk(venue=VenueSettings(fill=FillModel()))
    desk.exchange.tick(ACME, bid="99.95", bid_quantity="0.4", ask="100.05", ask_quantity="9")
    desk.execute(entry())

    def look(itself: Callable[[str], object], symbol: str) -> object:
        desk.exchange.tick(ACME, bid="99.95", bid_quantity="0.4")
        return itself(symbol)

    desk.exchange.script["snapshot"] = look
    report = desk.execute(close(), None)

    quantities = [one.params["quantity"] for one in arrived(desk.exchange, "POST") if one.name[0] == "X"]
    assert quantities == ["1", "0.6", "0.2"]
    assert report.filled_quantity == 1
    assert report.outcome is Outcome.CLOSED
    assert [event.quantity for event in events(desk.journal, "s1", Exited)] == [
        Decimal("0.4"),
        Decimal("0.4"),
        Decimal("0.2"),
    ]


def test_a_large_position_is_closed_in_slices() -> None:
    """The market lot shrank after the entry: the rules are read again, and no slice is larger than they allow."""
    desk = paper_desk()
    desk.execute(entry())
    _market_lot(desk, "0.4")

    report = desk.execute(close(), None)

    sent = [one.params["quantity"] for one in arrived(desk.exchange, "POST") if one.name[0] == "X"]
    assert sent == ["1", "0.4", "0.4", "0.2"]
    assert (report.outcome, report.filled_quantity, held(desk.exchange)) == (Outcome.CLOSED, Decimal(1), Decimal(0))


def test_more_slices_than_one_call_sends() -> None:
    """What does not fit into one call is left, protected, to the next close."""
    desk = paper_desk()
    desk.execute(entry())
    _market_lot(desk, "0.01")

    report = desk.execute(close(), None)

    assert report.outcome is Outcome.REDUCED
    assert len(exit_names(desk)) == SLICES_MAX
    assert held(desk.exchange) == 1 - (SLICES_MAX - 1) * Decimal("0.01")
    assert "S1" in resting(desk.exchange)
    assert desk.execute(close("c2"), None).filled_quantity == Decimal("0.50")


def test_a_market_lot_without_a_maximum_bounds_nothing() -> None:
    """A maximum of 0 means none."""
    desk = paper_desk()
    _market_lot(desk, "0")
    desk.execute(entry())

    assert desk.execute(close(), None).outcome is Outcome.CLOSED
    assert exit_names(desk) == ["X1"]


@pytest.mark.parametrize("error", [ExchangeUnavailableError("no answer"), AuthenticationError("key revoked")])
def test_an_exit_is_tried_although_nothing_can_be_read(error: Exception) -> None:
    """Neither position nor history answers: the reduce-only order goes out all the same, and nothing is raised."""
    desk = paper_desk()
    desk.execute(entry())
    looks = [0]

    def snapshot(itself: Callable[[str], object], symbol: str) -> object:
        looks[0] += 1
        if looks[0] > 1:
            raise error
        return itself(symbol)

    def history(_: object, __: object, ___: object) -> object:
        raise error

    desk.exchange.script.update(snapshot=snapshot, history=history)
    report = desk.execute(close(), None)

    assert held(desk.exchange) == 0
    assert (report.outcome, report.filled_quantity, report.position) == (Outcome.CLOSED, Decimal(1), None)
    desk.exchange.script.clear()
    desk.guard(10)
    assert resting(desk.exchange) == []


def test_rules_that_cannot_be_read_again_do_not_stop_an_exit() -> None:
    """Off the grid, and the rules do not answer: one more try with the old ones, then the truth."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.refused(-1111, "Precision is over the maximum.", leg="X"))
    desk.exchange.faults.add(Fault.unreachable(method="GET", path="exchangeInfo"))

    report = desk.execute(close(), None)

    assert (report.outcome, report.reason) == (Outcome.REJECTED, Refusal.OFF_GRID)
    assert len(intents(desk.journal, "c1", Leg.EXIT)) == 2
    assert resting(desk.exchange) == ["S1", "T1"]


def test_less_held_than_ours_is_all_that_is_sent() -> None:
    """Somebody took a part by hand a moment ago: the exit is for what is held, and cannot open the other side."""
    desk = paper_desk()
    desk.execute(entry())
    trade_by_hand(desk.exchange, "SELL", "0.7")

    report = desk.execute(close(), None)

    sent = [one.params["quantity"] for one in arrived(desk.exchange, "POST") if one.name[0] == "X"]
    assert sent == ["0.3"]
    assert held(desk.exchange) == 0
    assert report.filled_quantity == Decimal("0.3")
    desk.guard(15)
    assert resting(desk.exchange) == []


def test_a_position_that_vanishes_before_the_exit_ends_it() -> None:
    """Between the look and the slice it is gone: an exit hears it from the exchange, the bracket is written off."""
    desk = paper_desk()
    desk.execute(entry())

    def history(itself: Callable[..., object], *args: object) -> object:
        if not exit_names(desk):
            trade_by_hand(desk.exchange, "SELL", "1")
            desk.exchange.script.pop("history")
        return itself(*args)

    desk.exchange.script["history"] = history
    report = desk.execute(close(), None)

    assert exit_names(desk) == ["X1"]
    assert filled(desk.exchange, "c1", Leg.EXIT) == 0
    assert report.outcome is Outcome.ALREADY_FLAT
    desk.guard(15)
    assert resting(desk.exchange) == []
    bracket = desk.report()
    assert bracket.outcome is Outcome.CLOSED
    assert desk.lines(AuditType.BRACKET_CLOSED)


def closed_while_a_target_fills(desk: Desk) -> ExecutionReport:
    """Close everything: the first exit gets lost, and 102 is traded while it is asked for."""
    desk.exchange.faults.add(Fault.request_lost(leg="X", nth=1))

    def find(itself: Callable[[Sequence[OrderKey]], object], keys: Sequence[OrderKey]) -> object:
        if intents(desk.journal, "c1") and any(key.client_id == id_of("c1", Leg.EXIT) for key in keys):
            desk.exchange.tick(ACME, last="102")
        return itself(keys)

    desk.exchange.script["find"] = find
    report = desk.execute(close(), None)
    desk.guard(10)
    return report


def test_a_target_that_fills_while_an_exit_is_lost_takes_its_share() -> None:
    """The next slice closes only what is open still, for the bracket whose it is; nothing is asked for ever after."""
    desk = paper_desk()
    desk.execute(entry("near", target="101"))
    desk.execute(entry("far", target="150"))
    report = closed_while_a_target_fills(desk)

    assert (report.outcome, report.filled_quantity) == (Outcome.CLOSED, Decimal(1))
    shares = [
        (intent.attempt, [each.signal_id for each in intent.allotments]) for intent in intents(desk.journal, "c1")
    ]
    assert shares == [(1, ["near", "far"]), (2, ["far"])]
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert desk.report("near").closed_by is ClosedBy.TAKE_PROFIT
    assert desk.report("far").closed_by is ClosedBy.EXIT
    assert desk.manager.next_due() is None


def test_an_exit_whose_brackets_were_closed_by_their_legs_sends_no_more() -> None:
    """The first slice was lost, and the target closed everything meanwhile: there is nothing left, and that is said."""
    desk = paper_desk()
    desk.execute(entry(target="101"))
    report = closed_while_a_target_fills(desk)

    assert report.outcome is Outcome.ALREADY_FLAT
    assert exit_names(desk) == []
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert desk.report().closed_by is ClosedBy.TAKE_PROFIT


def test_another_exit_goes_out_although_nobody_can_look() -> None:
    """The first was refused, and before the second the position cannot be read: the exchange's own check bounds it."""
    desk = paper_desk(Fault.refused(-1021, leg="X", nth=1))
    desk.execute(entry())

    def send(itself: Callable[[object], object], prepared: object) -> object:
        desk.exchange.faults.add(Fault.unreachable(method="GET", path="positionRisk"))
        return itself(prepared)

    desk.exchange.script["send"] = send
    report = desk.execute(close(), None)

    assert [leg.attempt for leg in intents(desk.journal, "c1", Leg.EXIT)] == [1, 2]
    assert (report.outcome, report.filled_quantity, held(desk.exchange)) == (Outcome.CLOSED, Decimal(1), 0)
