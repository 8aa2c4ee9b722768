"""From an entry signal to a protected position, and what a caller gets when he asks again."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from surefill.adapters.simulated import Fault
from surefill.application.execute import RULES_EVERY_MS
from surefill.domain.alarm import AlarmKind
from surefill.domain.audit_record import AuditType
from surefill.domain.errors import (
    ExchangeUnavailableError,
    OrderRejectedError,
    OutcomeUnknownError,
    SignalConflict,
    ValidationError,
)
from surefill.domain.events import Claimed, Covered, Planned, Reclaimed, Released, Reported
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg
from surefill.domain.order import OrderStatus
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.report import Outcome
from tests.papers import (
    ACME,
    BOLT,
    CJK,
    Desk,
    arrived,
    begun,
    close,
    entry,
    entry_orders_filled,
    events,
    filled,
    held,
    id_of,
    intents,
    moment,
    names,
    paper_desk,
    paper_exchange,
    resting,
    rows,
    sent_of,
    trade_by_hand,
)


def test_an_entry_ends_protected() -> None:
    """The entry is filled once, and stop and target rest for exactly its size."""
    desk = paper_desk()

    report = desk.execute(entry())

    assert report.outcome is Outcome.PROTECTED
    assert report.raise_for_outcome() is report
    assert names(desk.exchange) == ["E1", "S1", "T1"]
    assert resting(desk.exchange) == ["S1", "T1"]
    assert (report.filled_quantity, held(desk.exchange)) == (Decimal(1), Decimal(1))
    assert report.average_price == Decimal(str(rows(desk.exchange, "fill")[0]["price"]))
    assert report.stop_loss is not None
    assert report.stop_loss.trigger_price == Decimal(95)
    assert report.take_profit is not None
    assert report.take_profit.trigger_price == Decimal(110)
    assert report.entry is not None
    assert report.entry.status is OrderStatus.FILLED
    assert report.position is not None
    assert report.position.amount == Decimal(1)
    assert (report.provisional, report.corrections, report.closed_by, report.exit) == (False, (), None, None)


def test_the_stop_goes_out_before_the_target() -> None:
    """On the wire the stop comes first, and neither before the entry was filled."""
    desk = paper_desk()

    desk.execute(entry())

    sent, stop, target = arrived(desk.exchange)
    fill = rows(desk.exchange, "fill")[0]
    assert (sent.name, stop.name, target.name) == ("E1", "S1", "T1")
    assert sent.seq < int(fill["seq"] or 0) < stop.seq < target.seq


@pytest.mark.parametrize(("short", "opens", "closes"), [(False, "BUY", "SELL"), (True, "SELL", "BUY")])
def test_what_is_sent(opens: str, closes: str, *, short: bool) -> None:
    """Each order says exactly what Binance wants: a market entry, and legs that can only reduce."""
    desk = paper_desk()

    report = desk.execute(entry(short=short))

    by_name = {one.name: one.params for one in arrived(desk.exchange)}
    for params in by_name.values():
        del params["timestamp"]
        assert params.pop("recvWindow") == "3000"
    stop, target = ("105", "90") if short else ("95", "110")
    leg = {"algoType": "CONDITIONAL", "symbol": ACME, "side": closes, "quantity": "1", "reduceOnly": "true"}
    assert by_name == {
        "E1": {
            "symbol": ACME,
            "side": opens,
            "type": "MARKET",
            "quantity": "1",
            "newOrderRespType": "RESULT",
            "newClientOrderId": id_of("s1", Leg.ENTRY),
        },
        "S1": {
            **leg,
            "type": "STOP_MARKET",
            "triggerPrice": stop,
            "workingType": "MARK_PRICE",
            "clientAlgoId": id_of("s1", Leg.STOP),
        },
        "T1": {
            **leg,
            "type": "TAKE_PROFIT_MARKET",
            "triggerPrice": target,
            "workingType": "MARK_PRICE",
            "clientAlgoId": id_of("s1", Leg.TARGET),
        },
    }
    assert held(desk.exchange) == (-1 if short else 1)
    assert report.outcome is Outcome.PROTECTED


@pytest.mark.parametrize(
    ("symbol", "short", "stop", "target", "quantity", "sent"),
    [
        (ACME, False, "95.01", "109.99", "1.0009", ("1", "95.05", "109.95")),
        (ACME, True, "104.99", "90.01", "1.0009", ("1", "104.95", "90.05")),
        (CJK, False, "0.45001", "0.54999", "100.9", ("100", "0.4501", "0.5499")),
    ],
)
def test_everything_sent_is_on_the_grid(
    symbol: str, stop: str, target: str, quantity: str, sent: tuple[str, str, str], *, short: bool
) -> None:
    """The size rounds down, stop and target round toward the entry; also on a symbol with a Chinese name."""
    desk = paper_desk()

    report = desk.execute(entry(symbol=symbol, short=short, stop=stop, target=target), quantity)

    first, second, third = (one.params for one in arrived(desk.exchange))
    assert (first["quantity"], second["triggerPrice"], third["triggerPrice"]) == sent
    assert {second["quantity"], third["quantity"]} == {sent[0]}
    assert report.outcome is Outcome.PROTECTED


def test_a_partial_fill_is_protected_as_filled() -> None:
    """The legs are for the executed quantity, not for the one asked for."""
    desk = paper_desk()
    desk.exchange.tick(ACME, bid="99.95", bid_quantity="9", ask="100", ask_quantity="0.4")

    report = desk.execute(entry())

    assert (report.outcome, report.filled_quantity) == (Outcome.PROTECTED, Decimal("0.4"))
    assert [one.params["quantity"] for one in arrived(desk.exchange)] == ["1", "0.4", "0.4"]
    assert report.entry is not None
    assert report.entry.status is OrderStatus.EXPIRED
    assert held(desk.exchange) == Decimal("0.4")


def test_an_entry_without_a_target() -> None:
    """Only the stop is sent, and the position counts as protected."""
    desk = paper_desk()

    assert desk.execute(entry(target=None)).outcome is Outcome.PROTECTED
    assert names(desk.exchange) == ["E1", "S1"]


@pytest.mark.parametrize(("target", "sent"), [("110", ["E1", "T1"]), (None, ["E1"])])
def test_a_policy_may_do_without_a_stop(target: str | None, sent: list[str]) -> None:
    """The position is OPEN: nothing protects it, and nothing was to; nobody is alarmed."""
    desk = paper_desk(protection=ProtectionPolicy(require_stop=False))

    report = desk.execute(entry(stop=None, target=target))
    desk.guard(20)

    assert (report.outcome, report.naked_seconds) == (Outcome.OPEN, None)
    assert names(desk.exchange) == sent
    assert desk.alarms == []


@pytest.mark.parametrize(
    ("signal", "reason"),
    [
        (entry(stop=None), Refusal.NO_STOP),
        (entry(stop="100"), Refusal.STOP_CROSSED),
        (entry(stop="100.5", target=None), Refusal.STOP_CROSSED),
        (entry(target="100"), Refusal.WRONG_SIDE),
        (entry(symbol="NONEUSDT"), Refusal.UNKNOWN_SYMBOL),
    ],
)
def test_an_impossible_plan_is_refused_before_anything_is_sent(signal: object, reason: Refusal) -> None:
    """No valid stop, no entry: the report says why, and the exchange never heard of it."""
    desk = paper_desk()

    report = desk.execute(signal)  # type: ignore[arg-type]  # the builder's own type

    assert (report.outcome, report.reason) == (Outcome.REFUSED, reason)
    assert report.text
    assert arrived(desk.exchange) == []
    assert desk.manager.report("s1") is None


def test_a_size_below_one_step_is_refused() -> None:
    """Nothing is left of it after rounding down: refused, not rounded up."""
    desk = paper_desk()

    report = desk.execute(entry(), "0.0009")

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.TOO_SMALL)
    assert arrived(desk.exchange) == []


def test_a_replay_returns_the_same_report_and_sends_nothing() -> None:
    """The second call with one id is answered from the journal."""
    desk = paper_desk()
    first = desk.execute(entry())
    before = len(rows(desk.exchange, "request"))

    assert desk.execute(entry()) == first
    assert len(rows(desk.exchange, "request")) == before
    assert desk.manager.report("s1") == first


def test_the_same_decision_may_be_stamped_anew() -> None:
    """`created_at` and `valid_until` are no part of the decision: a host that repeats it may stamp it again."""
    desk = paper_desk()
    first = desk.execute(entry(created_at=moment(desk)))
    desk.wait(1)

    assert desk.execute(entry(created_at=moment(desk))) == first
    assert desk.execute(entry(stop="95.00"), "1.000") == first


@pytest.mark.parametrize(
    ("other", "quantity"),
    [
        (entry(stop="94"), "1"),
        (entry(target="111"), "1"),
        (entry(symbol=BOLT, stop="1900", target="2100"), "1"),
        (entry(short=True), "1"),
        (close("s1"), None),
        (entry(), "2"),
    ],
)
def test_an_id_stands_for_one_decision(other: object, quantity: str | None) -> None:
    """The id again with anything else in it is a conflict; nothing is sent, and the first decision stands."""
    desk = paper_desk()
    first = desk.execute(entry())
    before = len(rows(desk.exchange, "request"))

    with pytest.raises(SignalConflict) as caught:
        desk.execute(other, quantity)  # type: ignore[arg-type]  # the builder's own type

    assert caught.value.signal_id == "s1"
    assert len(rows(desk.exchange, "request")) == before
    assert desk.manager.report("s1") == first


@pytest.mark.parametrize("quantity", [None, "0", "-1", "NaN", "1_0", 0.5, True])
def test_a_bad_quantity_is_the_callers_mistake(quantity: object) -> None:
    """It raises; nothing is claimed and nothing sent."""
    desk = paper_desk()

    with pytest.raises(ValidationError, match="quantity"):
        desk.execute(entry(), quantity)  # type: ignore[arg-type]  # a mistake

    assert rows(desk.exchange, "request") == []
    assert desk.journal.signal_ids() == ()


def test_a_rejection_is_the_same_on_every_replay() -> None:
    """What the exchange refused for good is the signal's end: not tried again, in this process or the next."""
    desk = paper_desk()

    first = desk.execute(entry(), "5000")

    assert (first.outcome, first.reason) == (Outcome.REJECTED, Refusal.MARGIN)
    assert desk.execute(entry(), "5000") == first
    assert names(desk.exchange) == ["E1"]
    with pytest.raises(OrderRejectedError) as caught:
        first.raise_for_outcome()
    assert (caught.value.refusal, caught.value.signal_id) == (Refusal.MARGIN, "s1")
    assert held(desk.exchange) == 0
    assert desk.lines(AuditType.ORDER_REJECTED)


def test_an_entry_that_meets_nobody_is_not_filled() -> None:
    """It expired without a fill: that is certain, not provisional; nothing is protected, nothing left to do."""
    desk = paper_desk()
    desk.exchange.tick(ACME, bid="99.95", bid_quantity="9", ask="100", ask_quantity="1")
    trade_by_hand(desk.exchange, "BUY", "1")
    trade_by_hand(desk.exchange, "SELL", "1")

    report = desk.execute(entry())

    assert (report.outcome, report.reason, report.provisional) == (Outcome.NOT_FILLED, None, False)
    assert sent_of(desk.exchange, "s1") == ["E1"]
    assert desk.execute(entry()).outcome is Outcome.NOT_FILLED
    assert desk.manager.next_due() is None


def test_a_book_without_a_price_rejects() -> None:
    """The exchange does not take it at all: rejected for good."""
    desk = paper_desk(Fault.refused(-1112, "No orders on book for symbol.", leg="E"))

    report = desk.execute(entry())

    assert (report.outcome, report.reason) == (Outcome.REJECTED, Refusal.NO_LIQUIDITY)


def test_a_refusal_by_the_gate_does_not_use_up_the_id() -> None:
    """Halted, nothing is claimed; after resume() the very same signal is carried out."""
    desk = paper_desk()
    desk.manager.halt(HaltLevel.NO_ENTRIES, reason="lunch")

    refused = desk.execute(entry())
    claimed = desk.journal.signal_ids()
    desk.manager.resume(reason="back")

    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, Refusal.HALTED)
    assert claimed == ()
    assert desk.execute(entry()).outcome is Outcome.PROTECTED
    assert names(desk.exchange) == ["E1", "S1", "T1"]


def test_a_refusal_after_the_claim_gives_the_id_back() -> None:
    """A read that failed leaves the id free; it is claimed once and taken again, and other contents still conflict."""
    desk = paper_desk(Fault.unreachable(method="GET", path="premiumIndex", nth=1))

    refused = desk.execute(entry())

    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, Refusal.UNREACHABLE)
    assert desk.manager.report("s1") is None
    assert desk.manager.status().duties == ()
    with pytest.raises(SignalConflict):
        desk.execute(entry(), "2")
    assert desk.execute(entry()).outcome is Outcome.PROTECTED
    kinds = [type(event) for event in desk.journal.events_of("s1")]
    assert kinds[:4] == [Claimed, Released, Reclaimed, Planned]
    assert names(desk.exchange) == ["E1", "S1", "T1"]


def test_an_entry_that_could_not_be_sent_is_tried_with_a_new_id_later() -> None:
    """Refused for now on every attempt: REFUSED, the id free; the next call goes on counting attempts."""
    desk = paper_desk()
    desk.exchange.faults.add(*(Fault.unreachable(leg="E", nth=nth) for nth in range(1, 5)))

    refused = desk.execute(entry())

    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, Refusal.UNREACHABLE)
    with pytest.raises(ExchangeUnavailableError):
        refused.raise_for_outcome()
    assert [intent.attempt for intent in intents(desk.journal, "s1", Leg.ENTRY)] == [1, 2, 3, 4]
    assert desk.execute(entry()).outcome is Outcome.PROTECTED
    assert sent_of(desk.exchange, "s1") == ["E5", "S1", "T1"]
    assert filled(desk.exchange, "s1", Leg.ENTRY) == 1
    assert len(events(desk.journal, "s1", Released)) == 1


def test_the_naked_time_is_measured() -> None:
    """From the answer that showed the fill to the stop seen live, and no shorter than the truth in the ledger."""
    desk = paper_desk(Fault.visibility_lag(700))

    report = desk.execute(entry())

    covered = events(desk.journal, "s1", Covered)[0].at_ms
    answered = next(int(row["time_ms"] or 0) for row in rows(desk.exchange, "fill")) + 20
    assert report.naked_seconds == Decimal(covered - answered) / 1000
    assert report.naked_seconds is not None
    assert report.naked_seconds > Decimal("0.5")
    assert report.outcome is Outcome.PROTECTED


def test_the_accepted_path_returns_in_time() -> None:
    """Even with a slow exchange a call on the accepted path is back within 15 s."""
    desk = paper_desk(Fault.latency(400, method="GET"), Fault.latency(400, method="POST"))
    began = desk.now_ms()

    report = desk.execute(entry())

    assert report.outcome is Outcome.PROTECTED
    assert desk.now_ms() - began <= 15_000


def test_an_unknown_report_raises_what_it_is() -> None:
    """A host that prefers exceptions can tell "nobody knows" from "no"."""
    desk = paper_desk(Fault.request_lost(leg="E"), Fault.unreachable(method="GET", path="order"))

    report = desk.execute(entry(created_at=begun(desk)))

    assert report.outcome is Outcome.UNKNOWN
    with pytest.raises(OutcomeUnknownError):
        report.raise_for_outcome()


def test_a_signal_past_its_time_is_refused() -> None:
    """`valid_until` is the end: at that very millisecond it is too late."""
    desk = paper_desk()
    late = moment(desk)

    report = desk.execute(entry(valid_until=late))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.STALE)
    assert desk.execute(entry(valid_until=late + timedelta(seconds=60))).outcome is Outcome.PROTECTED


def test_two_signals_in_one_direction_keep_their_own_legs() -> None:
    """One signal, one bracket: the second neither touches nor counts the first."""
    desk = paper_desk()

    first, second = desk.execute(entry("s1")), desk.execute(entry("s2", stop="96", target="111"), "2")

    assert (first.outcome, second.outcome) == (Outcome.PROTECTED, Outcome.PROTECTED)
    assert held(desk.exchange) == 3
    legs = {one.client_id: one.params["quantity"] for one in arrived(desk.exchange) if one.name[0] in "ST"}
    assert legs == {
        id_of("s1", Leg.STOP): "1",
        id_of("s1", Leg.TARGET): "1",
        id_of("s2", Leg.STOP): "2",
        id_of("s2", Leg.TARGET): "2",
    }
    assert resting(desk.exchange) == ["S1", "S1", "T1", "T1"]
    assert all(entry_orders_filled(desk.exchange, name) == 1 for name in ("s1", "s2"))


def test_a_report_does_without_a_position_it_cannot_read() -> None:
    """After the position is protected a failing read costs the report nothing but that line."""
    desk = paper_desk()
    seen = 0

    def snapshot(itself: object, symbol: str) -> object:
        nonlocal seen
        seen += 1
        if events(desk.journal, "s1", Covered):
            raise ExchangeUnavailableError("no answer")
        return itself(symbol)  # type: ignore[operator]  # the verb itself

    desk.exchange.script["snapshot"] = snapshot
    report = desk.execute(entry())

    assert seen > 1
    assert (report.outcome, report.position) == (Outcome.PROTECTED, None)


def test_the_last_report_is_the_one_in_the_journal() -> None:
    """What the caller got is what the journal keeps."""
    desk = paper_desk()

    report = desk.execute(entry())

    assert events(desk.journal, "s1", Reported)[-1].report == report


def test_equal_runs_leave_equal_ledgers() -> None:
    """The whole walk is deterministic, byte for byte."""
    ledgers = []
    for _ in range(2):
        exchange = paper_exchange(Fault.reply_lost(leg="E"))
        desk = paper_desk(exchange=exchange)
        desk.execute(entry())
        desk.guard(10)
        ledgers.append(list(exchange.ledger.to_jsonl()))

    assert ledgers[0] == ledgers[1]


# --- what is judged again before the entry leaves ---------------------------------------------------------------------


def test_a_signals_time_is_judged_again_before_the_send() -> None:
    """It was valid at the gate and the reads took their time: refused as stale, and nothing was sent."""
    desk = paper_desk(Fault.latency(2_000, method="GET", path="positionRisk", nth=1))

    report = desk.execute(entry(valid_until=moment(desk, 2)))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.STALE)
    assert "valid_until passed before the entry could be sent" in report.text
    assert names(desk.exchange) == []


def test_a_decision_stamped_anew_is_judged_by_its_new_time() -> None:
    """Refused as stale, and handed in again under the same id with more time: it is carried out."""
    desk = paper_desk(Fault.latency(2_000, method="GET", path="positionRisk", nth=1))
    stale = desk.execute(entry(valid_until=moment(desk, 2)))
    late = desk.execute(entry(valid_until=moment(desk)))

    report = desk.execute(entry(valid_until=moment(desk, 60)))

    assert (stale.reason, late.reason) == (Refusal.STALE, Refusal.STALE)
    assert report.outcome is Outcome.PROTECTED
    assert sent_of(desk.exchange, "s1") == ["E1", "S1", "T1"]


REVOKED = (-2015, "Invalid API-key, IP, or permissions.", 401)


@pytest.mark.parametrize(
    "fault",
    [Fault.refused(*REVOKED, leg="E"), Fault.refused(*REVOKED, method="GET", path="premiumIndex")],
    ids=["entry", "read"],
)
def test_a_refused_key_rings_with_what_is_open(fault: Fault) -> None:
    """The key was revoked: whoever holds positions must know that they may not be protected any more."""
    desk = paper_desk()
    desk.execute(entry("s0", BOLT, stop="1900", target="2100"))
    desk.exchange.faults.add(fault)

    report = desk.execute(entry("s1"))

    assert report.reason is Refusal.NOT_ALLOWED
    (alarm,) = desk.alarms_of(AlarmKind.NOT_ALLOWED)
    assert alarm.text.endswith(f"open positions of ours: 1.000 {BOLT} of signal 's0'")


def test_a_refused_key_rings_without_a_position_too() -> None:
    """Nothing is open: it says so."""
    desk = paper_desk(Fault.refused(*REVOKED, leg="E"))

    desk.execute(entry())

    assert desk.alarms_of(AlarmKind.NOT_ALLOWED)[0].text.endswith("open positions of ours: none")


def rules_read(desk: Desk) -> int:
    """How often the trading rules were read."""
    return len([row for row in rows(desk.exchange, "request") if row["path"] == "/fapi/v1/exchangeInfo"])


def test_rules_are_read_anew_before_they_refuse() -> None:
    """They were read while the symbol was halted; an hour later it trades again, and the entry is taken."""
    desk = paper_desk()
    desk.exchange.venue.set_status(ACME, "PRE_SETTLE")
    closed = desk.execute(entry("s1"))
    desk.exchange.venue.set_status(ACME, "TRADING")
    desk.wait(3_600)

    report = desk.execute(entry("s2"))

    assert (closed.outcome, closed.reason) == (Outcome.REFUSED, Refusal.SYMBOL_CLOSED)
    assert report.outcome is Outcome.PROTECTED


def test_rules_are_read_anew_once_a_minute_at_most() -> None:
    """Refusal after refusal by the rules costs one read of them a minute, not one each."""
    desk = paper_desk()
    first = desk.execute(entry("s1"), "0.0004")
    read = rules_read(desk)
    desk.wait(RULES_EVERY_MS / 1000 - 5)
    desk.execute(entry("s2"), "0.0004")
    within = rules_read(desk)
    desk.wait(5)
    desk.execute(entry("s3"), "0.0004")

    assert (first.outcome, first.reason) == (Outcome.REFUSED, Refusal.TOO_SMALL)
    assert (within, rules_read(desk)) == (read, read + 1)


def test_a_refusal_by_the_market_reads_no_rules() -> None:
    """A stop on the wrong side is wrong by any rules."""
    desk = paper_desk()
    desk.execute(entry("s0"))
    read = rules_read(desk)

    assert desk.execute(entry("s1", stop="101")).reason is Refusal.STOP_CROSSED
    assert rules_read(desk) == read
