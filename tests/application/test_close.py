"""Close signals: min(asked, ours, held), oldest bracket first, the position before its orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest

from surefill.adapters.simulated import Fault, Latency
from surefill.adapters.venue import VenueSettings
from surefill.domain.alarm import AlarmKind
from surefill.domain.audit_record import AuditType
from surefill.domain.errors import AuthenticationError, ExchangeUnavailableError, OrderRejectedError
from surefill.domain.events import Closed, Exited
from surefill.domain.ids import Leg
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.report import ClosedBy, Outcome
from surefill.domain.timings import Timings
from tests.application.journals import TappedJournal
from tests.papers import (
    ACME,
    FLAT,
    Desk,
    arrived,
    by_hand,
    close,
    entry,
    events,
    filled,
    held,
    id_of,
    moment,
    names,
    paper_desk,
    paper_exchange,
    resting,
    rows,
    sent_of,
    stop_by_hand,
    trade_by_hand,
)


@pytest.mark.parametrize("short", [False, True])
def test_a_close_takes_all_of_ours(*, short: bool) -> None:
    """Out at market, reduce-only; the legs go only after the position is gone; both reports say closed."""
    desk = paper_desk()
    desk.execute(entry(short=short))

    report = desk.execute(close(short=short), None)

    assert (report.outcome, report.filled_quantity, report.closed_by) == (Outcome.CLOSED, Decimal(1), ClosedBy.EXIT)
    assert names(desk.exchange) == ["E1", "S1", "T1", "X1", "-S1", "-T1"]
    leaving = arrived(desk.exchange)[3]
    assert (leaving.params["side"], leaving.params["reduceOnly"]) == ("BUY" if short else "SELL", "true")
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert report.average_price == Decimal(str(rows(desk.exchange, "fill")[-1]["price"]))
    assert report.exit is not None
    assert report.exit.client_id == id_of("c1", Leg.EXIT)
    assert report.position is None
    bracket = desk.report()
    assert (bracket.outcome, bracket.closed_by) == (Outcome.CLOSED, ClosedBy.EXIT)
    assert desk.manager.next_due() is None
    assert desk.manager.status().duties == ()


def test_a_part_keeps_its_stop_at_every_moment() -> None:
    """The smaller stop is placed and seen before the larger is cancelled: the ledger shows no moment without one."""
    desk = paper_desk()
    desk.execute(entry())

    report = desk.execute(close(), "0.4")

    assert (report.outcome, report.filled_quantity) == (Outcome.REDUCED, Decimal("0.4"))
    order = names(desk.exchange)
    assert order.index("X1") < order.index("S2") < order.index("-S1")
    assert order.index("T2") < order.index("-T1")
    assert resting(desk.exchange) == ["S2", "T2"]
    assert [one.params["quantity"] for one in arrived(desk.exchange, "POST") if one.name in ("S2", "T2")] == [
        "0.6",
        "0.6",
    ]
    assert desk.alarms == []
    bracket = desk.report()
    assert bracket.outcome is Outcome.PROTECTED


def test_the_oldest_bracket_loses_first() -> None:
    """Closing 1.5 of two brackets of one each ends the older and halves the younger."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2", stop="96", target="111"))

    report = desk.execute(close(), "1.5")

    assert (report.outcome, report.filled_quantity) == (Outcome.REDUCED, Decimal("1.5"))
    assert [event.quantity for event in events(desk.journal, "s1", Exited)] == [Decimal(1)]
    assert [event.quantity for event in events(desk.journal, "s2", Exited)] == [Decimal("0.5")]
    older, younger = desk.manager.report("s1"), desk.manager.report("s2")
    assert older is not None
    assert older.outcome is Outcome.CLOSED
    assert younger is not None
    assert younger.outcome is Outcome.PROTECTED
    assert resting(desk.exchange) == ["S2", "T2"]
    assert sent_of(desk.exchange, "s2") == ["E1", "S1", "T1", "S2", "T2"]


def test_more_than_ours_is_bounded() -> None:
    """Asking for more than we hold closes what we hold."""
    desk = paper_desk()
    desk.execute(entry())

    report = desk.execute(close(), "7")

    assert (report.outcome, report.filled_quantity, held(desk.exchange)) == (Outcome.CLOSED, Decimal(1), Decimal(0))


def test_nothing_of_ours_is_already_flat() -> None:
    """Said at once, nothing sent, and the same on a replay; size of others is not ours to close."""
    desk = paper_desk()
    trade_by_hand(desk.exchange, "BUY", "2")

    first = desk.execute(close(), None)
    again = desk.execute(close(), None)

    assert (first.outcome, first.filled_quantity) == (Outcome.ALREADY_FLAT, Decimal(0))
    assert again == first
    assert first.raise_for_outcome() is first
    assert sent_of(desk.exchange, "c1") == []
    assert held(desk.exchange) == 2
    assert events(desk.journal, "c1", Closed)


def test_the_other_direction_is_not_ours_to_close() -> None:
    """A close of shorts leaves a long alone."""
    desk = paper_desk()
    desk.execute(entry())

    assert desk.execute(close(short=True), None).outcome is Outcome.ALREADY_FLAT
    assert held(desk.exchange) == 1


def test_size_of_others_stays() -> None:
    """Ours is closed to the last step, theirs is untouched, and no order of theirs is cancelled."""
    desk = paper_desk(protection=ProtectionPolicy(allow_foreign_position=True))
    trade_by_hand(desk.exchange, "BUY", "2")
    desk.execute(entry())
    stop_by_hand(desk.exchange, "theirs", quantity="2")

    report = desk.execute(close(), None)

    assert report.filled_quantity == 1
    assert held(desk.exchange) == 2
    assert resting(desk.exchange) == ["?"]


def test_a_close_is_carried_out_once() -> None:
    """The same id again returns the same report and closes nothing more."""
    desk = paper_desk()
    desk.execute(entry())

    first = desk.execute(close(), "0.4")

    assert desk.execute(close(), "0.4") == first
    assert held(desk.exchange) == Decimal("0.6")


def test_a_close_that_races_with_the_stop() -> None:
    """The stop fills between the look and the exit: the exchange has nothing to reduce, and flat is flat."""
    desk = paper_desk()
    desk.execute(entry())

    def send(itself: Callable[[object], object], prepared: object) -> object:
        desk.exchange.tick(ACME, last="94")
        desk.wait(0.5)
        return itself(prepared)

    desk.exchange.script["send"] = send
    report = desk.execute(close(), None)

    assert report.outcome is Outcome.ALREADY_FLAT
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    bracket = desk.report()
    assert bracket.closed_by is ClosedBy.STOP_LOSS


def test_one_read_that_shows_nothing_does_not_keep_anybody_in() -> None:
    """The position read lags behind our own fill: the exit is sent all the same, and the exchange closes it."""
    desk = paper_desk(Fault.visibility_lag(20_000, positions=True))
    desk.execute(entry())
    desk.guard(3)

    report = desk.execute(close(), None)

    assert (report.outcome, report.filled_quantity) == (Outcome.CLOSED, Decimal(1))
    assert held(desk.exchange) == 0


def test_a_failed_journal_keeps_nobody_in() -> None:
    """It fails for reads too: the close is carried out from memory, reported, and the failure is told."""
    journal = TappedJournal()
    desk = paper_desk(journal=journal)
    desk.execute(entry())
    journal.broken = True

    report = desk.execute(close(created_at=moment(desk)), None)

    assert (report.outcome, report.filled_quantity) == (Outcome.CLOSED, Decimal(1))
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert AlarmKind.STORE_FAILED in desk.kinds()


def test_no_margin_is_never_flat() -> None:
    """-2019 on an exit is a rejection with its reason, not "no position"."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.refused(-2019, "Margin is insufficient.", leg="X"))

    report = desk.execute(close(), None)

    assert (report.outcome, report.reason) == (Outcome.REJECTED, Refusal.MARGIN)
    assert report.text == "Margin is insufficient."
    with pytest.raises(OrderRejectedError):
        report.raise_for_outcome()
    assert desk.execute(close(), None) == report
    assert resting(desk.exchange) == ["S1", "T1"]


def test_a_late_close_is_refused() -> None:
    """Past its `valid_until` it is no longer wanted; nothing is claimed."""
    desk = paper_desk()
    desk.execute(entry())

    report = desk.execute(close(valid_until=moment(desk)), None)

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.STALE)
    (line,) = desk.lines(AuditType.SIGNAL_REFUSED)
    assert (line.signal_id, line.response["reason"]) == ("c1", "STALE")
    assert held(desk.exchange) == 1
    assert desk.execute(close(valid_until=moment(desk, 60)), None).outcome is Outcome.CLOSED


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ExchangeUnavailableError("no answer"), Refusal.UNREACHABLE),
        (AuthenticationError("key revoked"), Refusal.NOT_ALLOWED),
    ],
)
def test_a_close_needs_one_look(error: Exception, reason: Refusal) -> None:
    """The position cannot be read: refused, the id stays free, and a later try closes it."""
    desk = paper_desk()
    desk.execute(entry())

    def snapshot(_: object, __: str) -> object:
        raise error

    desk.exchange.script["snapshot"] = snapshot
    refused = desk.execute(close(), None)
    desk.exchange.script.clear()

    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, reason)
    (line,) = desk.lines(AuditType.SIGNAL_REFUSED)
    assert (line.operation, line.symbol, line.signal_id) == ("execute_signal", ACME, "c1")
    assert line.response == {"reason": reason.name, "text": refused.text}
    assert desk.execute(close(), None).outcome is Outcome.CLOSED


def test_an_exit_that_fills_nothing_is_not_filled() -> None:
    """The book is empty: accepted, expired, nothing closed; the bracket keeps its legs."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.tick(ACME, bid="99.95", bid_quantity="1", ask="100.05", ask_quantity="9")
    trade_by_hand(desk.exchange, "SELL", "1")
    trade_by_hand(desk.exchange, "BUY", "1")

    report = desk.execute(close(), None)

    assert report.outcome is Outcome.NOT_FILLED
    assert held(desk.exchange) == 1
    assert resting(desk.exchange) == ["S1", "T1"]
    assert filled(desk.exchange, "c1", Leg.EXIT) == 0


def test_a_bracket_without_a_stop_is_closed_in_part() -> None:
    """There is nothing to shrink; the rest stays open."""
    desk = paper_desk(protection=ProtectionPolicy(require_stop=False))
    desk.execute(entry(stop=None, target=None))

    report = desk.execute(close(), "0.4")

    assert (report.outcome, held(desk.exchange)) == (Outcome.REDUCED, Decimal("0.6"))
    bracket = desk.report()
    assert bracket.outcome is Outcome.OPEN


def test_a_bracket_whose_legs_linger_is_cleared_later() -> None:
    """The cancel is lost: the close returns in time, and the guard clears what is left."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.unreachable(method="DELETE"))
    began = desk.now_ms()

    report = desk.execute(close(), None)
    lingering = resting(desk.exchange)
    desk.exchange.faults.clear()
    desk.guard(10)

    assert report.outcome is Outcome.CLOSED
    assert desk.now_ms() - began <= 15_000 + 10_000
    assert lingering == ["S1", "T1"]
    assert resting(desk.exchange) == []


# --- hedge accounts ---------------------------------------------------------------------------------------------------


def test_long_and_short_side_by_side() -> None:
    """A hedge account keeps both; every leg names the position it closes and never says reduceOnly."""
    desk = paper_desk(venue=VenueSettings(hedge_mode=True))

    long = desk.execute(entry("s1"))
    short = desk.execute(entry("s2", short=True), "2")

    assert (long.outcome, short.outcome) == (Outcome.PROTECTED, Outcome.PROTECTED)
    sent = {one.client_id: one.params for one in arrived(desk.exchange, "POST")}
    assert not any("reduceOnly" in params for params in sent.values())
    assert {params["positionSide"] for name, params in sent.items() if name.startswith(id_of("s1", Leg.STOP)[:31])} == {
        "LONG"
    }
    wanted = {
        id_of("s1", Leg.ENTRY): ("BUY", "LONG"),
        id_of("s1", Leg.STOP): ("SELL", "LONG"),
        id_of("s1", Leg.TARGET): ("SELL", "LONG"),
        id_of("s2", Leg.ENTRY): ("SELL", "SHORT"),
        id_of("s2", Leg.STOP): ("BUY", "SHORT"),
        id_of("s2", Leg.TARGET): ("BUY", "SHORT"),
    }
    assert {name: (params["side"], params["positionSide"]) for name, params in sent.items()} == wanted
    assert {position.amount for position in desk.manager.positions()} == {Decimal(1), Decimal(-2)}

    closed = desk.execute(close(), None)

    assert closed.outcome is Outcome.CLOSED
    leaving = arrived(desk.exchange, "POST")[-1].params
    assert (leaving["side"], leaving["positionSide"], "reduceOnly" in leaving) == ("SELL", "LONG", False)
    assert {position.amount for position in desk.manager.positions()} == {Decimal(-2)}
    assert resting(desk.exchange) == ["S1", "T1"]


def test_a_hedge_stop_fills_its_own_side_only() -> None:
    """The long is stopped out; the short and its bracket stay as they are."""
    desk = paper_desk(venue=VenueSettings(hedge_mode=True))
    desk.execute(entry("s1"))
    desk.execute(entry("s2", short=True, target="80"))
    desk.exchange.tick(ACME, last="94")

    desk.guard(10)

    long, short = desk.manager.report("s1"), desk.manager.report("s2")
    assert long is not None
    assert long.closed_by is ClosedBy.STOP_LOSS
    assert short is not None
    assert short.outcome is Outcome.PROTECTED
    assert {position.amount for position in desk.manager.positions()} == {Decimal(-1)}
    assert [order.client_id for order in desk.manager.open_orders(ACME)] == [
        id_of("s2", Leg.STOP),
        id_of("s2", Leg.TARGET),
    ]


def test_a_mode_changed_under_way_refuses_the_entry() -> None:
    """The account was switched to hedge behind our back: the entry is rejected with the reason, nothing is guessed."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(close("c1"), None)
    by_hand(desk.exchange, "POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")

    report = desk.execute(entry("s2"))
    after = desk.execute(entry("s3"))

    assert (report.outcome, report.reason) == (Outcome.REJECTED, Refusal.POSITION_MODE)
    assert after.outcome is Outcome.PROTECTED
    assert arrived(desk.exchange, "POST")[-1].params["positionSide"] == "LONG"


def test_closes_in_slices_take_from_the_front() -> None:
    """Over two slices the older bracket is emptied before the younger is touched."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2"))
    desk.exchange.tick(ACME, bid="99.95", bid_quantity="0.6", ask="100.05", ask_quantity="9")

    def snapshot(itself: Callable[[str], object], symbol: str) -> object:
        desk.exchange.tick(ACME, bid="99.95", bid_quantity="0.6")
        return itself(symbol)

    desk.exchange.script["snapshot"] = snapshot
    desk.execute(close(), "1.5")

    assert sum((event.quantity for event in _last(events(desk.journal, "s1", Exited))), Decimal(0)) == 1
    assert sum((event.quantity for event in _last(events(desk.journal, "s2", Exited))), Decimal(0)) == Decimal("0.5")


def _last(exited: Sequence[Exited]) -> list[Exited]:
    """The newest word on each exit order."""
    return list({event.client_id: event for event in exited}.values())


def hedge_of_two(*, fires: bool) -> Desk:
    """Two brackets on a hedge account; the stop of the second one fires right before the first exit arrives."""
    desk = paper_desk(venue=VenueSettings(hedge_mode=True))
    desk.execute(entry("s1", stop="90", target=None))
    desk.execute(entry("s2", stop="99", target=None))

    def send(itself: Callable[..., object], prepared: object) -> object:
        if fires:
            desk.exchange.script.clear()
            desk.exchange.tick(ACME, last="98.5")
        return itself(prepared)

    desk.exchange.script["send"] = send
    return desk


def test_a_stop_that_fires_before_the_exit_leaves_the_rest_to_close() -> None:
    """More than is held is refused: what is left of it is looked for, and closed all the same."""
    desk = hedge_of_two(fires=True)
    report = desk.execute(close("c1"), None)
    assert (report.outcome, report.filled_quantity) == (Outcome.CLOSED, Decimal(1))
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    ended = {name: desk.manager.report(name) for name in ("s1", "s2")}
    assert {name: each.closed_by for name, each in ended.items() if each is not None} == {
        "s1": ClosedBy.EXIT,
        "s2": ClosedBy.STOP_LOSS,
    }


def test_an_exit_refused_with_all_of_it_held_is_not_sent_again_at_once() -> None:
    """Nothing less is left to close: the refusal is the answer."""
    desk = hedge_of_two(fires=False)
    desk.exchange.faults.add(Fault.refused(-2022, leg="X"))
    report = desk.execute(close("c1"), None)
    assert report.outcome is Outcome.ALREADY_FLAT
    assert sent_of(desk.exchange, "c1") == []


def test_what_is_left_is_not_guessed() -> None:
    """The exchange cannot be asked after the refusal: no second exit is sent."""
    desk = hedge_of_two(fires=False)
    desk.exchange.faults.add(Fault.refused(-2022, leg="X"))

    def refused(itself: Callable[..., object], prepared: object) -> object:
        desk.exchange.script.clear()
        reply = itself(prepared)
        desk.exchange.faults.add(Fault.unreachable(method="GET"))
        return reply

    desk.exchange.script["send"] = refused
    desk.execute(close("c1"), None)
    assert held(desk.exchange) == Decimal(2)
    assert sent_of(desk.exchange, "c1") == []


def slow_desk(*faults: Fault) -> Desk:
    """One bracket on an exchange on which every answer takes half a second."""
    desk = paper_desk(exchange=paper_exchange(latency=Latency(up_ms=250, down_ms=250)))
    desk.execute(entry())
    desk.guard(5)
    desk.exchange.faults.add(*faults)
    return desk


@pytest.mark.parametrize("refused", [(), (Fault.refused(-1021, leg="X", nth=1),)], ids=["taken", "refused once"])
@pytest.mark.parametrize("quantity", ["0.4", None])
def test_a_close_on_a_slow_exchange_returns_in_time(quantity: str | None, refused: tuple[Fault, ...]) -> None:
    """What its legs still need by then is a duty of the next look."""
    desk = slow_desk(*refused)
    began = desk.now_ms()

    report = desk.execute(close(), quantity)

    assert report.outcome is (Outcome.CLOSED if quantity is None else Outcome.REDUCED)
    assert desk.now_ms() - began <= Timings().accepted_call_ms
    desk.guard(2)
    assert resting(desk.exchange) == ([] if quantity is None else ["S2", "T2"])


def test_what_the_last_look_of_a_close_shows_to_be_left_is_done() -> None:
    """The smaller stop was refused at first and came late; the larger one goes before the call returns."""
    desk = paper_desk(exchange=paper_exchange(latency=Latency(up_ms=200, down_ms=200)))
    desk.execute(entry())
    desk.exchange.faults.add(Fault.refused(-4045, leg="S", nth=1))

    assert desk.execute(close(), "0.4").outcome is Outcome.REDUCED

    assert resting(desk.exchange) == ["S3", "T2"]


def test_a_close_at_rest_is_not_looked_at_again() -> None:
    """What the last round saw, in which nothing was left to do, is what the report tells."""
    desk = paper_desk()
    desk.execute(entry())
    looks = Counter[str]()

    def snapshot(itself: Callable[[str], object], symbol: str) -> object:
        looks[symbol] += 1
        return itself(symbol)

    desk.exchange.script["snapshot"] = snapshot

    report = desk.execute(close(), "0.4")

    assert report.position is not None
    assert report.position.quantity == Decimal("0.6")
    assert looks == {ACME: 4}
