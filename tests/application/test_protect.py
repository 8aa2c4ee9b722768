"""Stop and target: placed, seen, replaced, given up on, and the alarms when they cannot be had."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from decimal import Decimal

import attrs
import pytest

from surefill.adapters.simulated import Fault, Latency
from surefill.adapters.venue import VenueSettings
from surefill.domain.actions import ExitWhy
from surefill.domain.alarm import AlarmKind
from surefill.domain.audit_record import AuditType
from surefill.domain.errors import AuthenticationError, ExchangeUnavailableError
from surefill.domain.events import Covered, Exposed, WrittenOff
from surefill.domain.ids import Leg
from surefill.domain.order import OrderKey
from surefill.domain.protection_policy import OnUnprotected, ProtectionPolicy
from surefill.domain.report import ClosedBy, Outcome
from surefill.domain.snapshot import Snapshot
from tests.application.journals import TappedJournal
from tests.papers import (
    ACME,
    BOLT,
    FLAT,
    Desk,
    arrived,
    begun,
    by_hand,
    close,
    entry,
    entry_orders_filled,
    events,
    filled,
    held,
    id_of,
    intents,
    name_of,
    names,
    paper_desk,
    paper_exchange,
    restart,
    resting,
    rows,
    sent_of,
    stop_by_hand,
)

FLATTEN = ProtectionPolicy(on_unprotected=OnUnprotected.FLATTEN)


def fill_known_ms(desk: Desk) -> int:
    """When the answer that showed the first fill was back: its time in the ledger and the way down."""
    return int(rows(desk.exchange, "fill")[0]["time_ms"] or 0) + Latency().down_ms


# --- one thing goes wrong with a leg ----------------------------------------------------------------------------------

FAULTS: dict[str, Callable[[str], Fault]] = {
    "reply lost": lambda leg: Fault.reply_lost(leg=leg, nth=1),
    "request lost": lambda leg: Fault.request_lost(leg=leg, nth=1),
    "overloaded": lambda leg: Fault.refused(-1008, status=503, leg=leg, nth=1),
    "unavailable": lambda leg: Fault.refused(-1000, "Service Unavailable.", 503, leg=leg, nth=1),
    "limited": lambda leg: Fault.refused(-1015, "Too many new orders.", leg=leg, nth=1),
    "unclear, done": lambda leg: Fault.unclear(executed=True, leg=leg, nth=1),
    "unclear, not done": lambda leg: Fault.unclear(executed=False, leg=leg, nth=1),
    "unreachable": lambda leg: Fault.unreachable(leg=leg, nth=1),
    "slow": lambda leg: Fault.latency(1500, leg=leg, nth=1),
    "later than we wait": lambda leg: Fault.latency(6000, leg=leg, nth=1),
    "invisible for a while": lambda _: Fault.visibility_lag(2500),
}


@pytest.mark.parametrize("leg", ["S", "T"])
@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_on_a_leg_is_mended(leg: str, fault: str) -> None:
    """Whatever befalls one leg once: one fill, and in the end exactly one stop and one target for its size."""
    desk = paper_desk(FAULTS[fault](leg))

    desk.execute(entry())
    desk.guard(30)

    assert desk.report().outcome is Outcome.PROTECTED
    assert entry_orders_filled(desk.exchange, "s1") == 1
    assert held(desk.exchange) == 1
    assert [name[0] for name in resting(desk.exchange)] == ["S", "T"]


@pytest.mark.parametrize("fault", FAULTS)
def test_an_alarm_or_a_stop_in_time(fault: str) -> None:
    """With a quick transport no fill stays without a stop or an alarm for longer than three seconds."""
    desk = paper_desk(FAULTS[fault]("S"), latency=Latency(timeout_ms=1_000))

    desk.execute(entry())
    desk.guard(10)

    known = fill_known_ms(desk)
    covered = events(desk.journal, "s1", Covered)[0].at_ms
    alarms = [alarm.at_ms for alarm in desk.alarms_of(AlarmKind.UNPROTECTED)]
    assert covered - known <= 3_000 or alarms[0] - known <= 3_000
    assert desk.report().naked_seconds == Decimal(covered - known) / 1000


# --- a stop that cannot be had ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault.refused(-1008, status=503, leg="S"),
        Fault.refused(-4045, "Reach max stop order limit.", leg="S"),
        Fault.refused(-4120, "Order type not supported for this endpoint.", leg="S"),
        Fault.unreachable(leg="S"),
    ],
    ids=["overloaded", "cap", "moved", "unreachable"],
)
def test_without_a_stop_the_alarm_comes_in_time_and_repeats(fault: Fault) -> None:
    """First at three seconds, then every five, to the millisecond while the call lasts; the position is kept."""
    desk = paper_desk(fault)

    report = desk.execute(entry())
    in_call = len(desk.alarms)
    desk.guard(30)

    known = fill_known_ms(desk)
    after = [alarm.at_ms - known for alarm in desk.alarms_of(AlarmKind.UNPROTECTED)]
    assert after[:in_call] == [3_000, 8_000]
    assert all(5_000 <= later - sooner <= 6_500 for sooner, later in itertools.pairwise(after))
    assert after[-1] >= 35_000
    assert report.outcome is Outcome.UNPROTECTED
    assert report.naked_seconds is None
    assert held(desk.exchange) == 1
    assert filled(desk.exchange, "s1", Leg.EXIT) == 0
    assert "placing it is tried again" in desk.alarms[0].text
    assert desk.lines(AuditType.UNPROTECTED)


def test_trying_goes_on_until_the_stop_is_there() -> None:
    """The first stop that is taken ends the alarms; the report is corrected and the naked time is what it was."""
    desk = paper_desk(Fault.unreachable(leg="S"))
    desk.execute(entry())
    desk.guard(20)
    desk.exchange.faults.clear()

    desk.guard(10)
    count = len(desk.alarms)
    desk.guard(30)

    report = desk.report()
    covered = events(desk.journal, "s1", Covered)[0].at_ms
    assert (report.outcome, [each.outcome for each in report.corrections]) == (Outcome.PROTECTED, [Outcome.PROTECTED])
    assert report.naked_seconds == Decimal(covered - fill_known_ms(desk)) / 1000
    assert len(desk.alarms) == count
    assert [name[0] for name in resting(desk.exchange)] == ["S", "T"]


def test_by_policy_the_position_is_closed_at_the_hard_deadline() -> None:
    """Ten seconds without a stop: closed at market, everything cleared, reported as closed, alarmed all the way."""
    desk = paper_desk(Fault.refused(-1008, status=503, leg="S"), protection=FLATTEN)

    report = desk.execute(entry())
    desk.guard(10)

    known = fill_known_ms(desk)
    leaving = next(one for one in arrived(desk.exchange) if one.name == "X1")
    assert 10_000 <= leaving.at_ms - known <= 10_500
    assert leaving.params["reduceOnly"] == "true"
    assert [alarm.at_ms - known for alarm in desk.alarms] == [3_000, 8_000]
    assert (report.outcome, report.naked_seconds) == (Outcome.CLOSED, None)
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert [line.order_data["why"] for line in desk.lines(AuditType.FLATTENED)] == [ExitWhy.UNPROTECTED.value]
    assert desk.lines(AuditType.PROTECTION_PLACED) == []
    assert desk.report().closed_by is ClosedBy.EXIT


def test_an_exit_of_unknown_outcome_does_not_hold_up_other_symbols() -> None:
    """It is sent, and the work goes on: another symbol's target fires meanwhile, and its stop must go in time."""
    desk = paper_desk(Fault.refused(-1008, status=503, leg="S", symbol=ACME), protection=FLATTEN)
    desk.exchange.faults.add(Fault.request_lost(leg="X"))
    desk.execute(entry("s2", BOLT, stop="1900", target="2100"))
    began = desk.now_ms()

    desk.execute(entry("s1"))
    took_ms = desk.now_ms() - began
    desk.exchange.tick(BOLT, last="2100")
    desk.guard(6)

    assert took_ms <= desk.manager._desk.timings.accepted_call_ms
    assert intents(desk.journal, "s1", Leg.EXIT)
    assert (held(desk.exchange, BOLT), resting(desk.exchange, BOLT)) == FLAT


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.unreachable(method="GET"), AlarmKind.EXCHANGE_UNREACHABLE),
        (Fault.refused(-2015, "Invalid API-key.", 401, method="GET"), AlarmKind.NOT_ALLOWED),
    ],
)
def test_a_silent_exchange_is_alarmed_too(fault: Fault, kind: AlarmKind) -> None:
    """Nothing can be read after the fill: the stop is sent blindly, the alarms keep their time, no exception."""
    desk = paper_desk()
    created = begun(desk)

    def send_together(itself: Callable[..., object], prepared: Sequence[object]) -> object:
        desk.exchange.faults.add(fault)
        return itself(prepared)

    desk.exchange.script["send_together"] = send_together
    began = desk.now_ms()
    report = desk.execute(entry(created_at=created))

    known = fill_known_ms(desk)
    assert report.outcome is Outcome.UNPROTECTED
    assert desk.now_ms() - began <= 75_000
    assert [alarm.at_ms - known for alarm in desk.alarms_of(AlarmKind.UNPROTECTED)][:2] == [3_000, 8_000]
    assert kind in desk.kinds()
    assert desk.lines(AuditType.API_ERROR)
    desk.exchange.faults.clear()
    desk.guard(20)
    assert desk.report().outcome is Outcome.PROTECTED
    assert resting(desk.exchange) == ["S1", "T1"]


def test_a_position_without_a_wish_for_a_stop_is_not_alarmed() -> None:
    """Nothing was to protect it: an exchange that does not answer is told of, but nobody is naked."""
    desk = paper_desk(protection=ProtectionPolicy(require_stop=False))
    desk.execute(entry(stop=None, target=None))
    desk.exchange.faults.add(Fault.unreachable(method="GET"))

    desk.guard(20)

    assert set(desk.kinds()) == {AlarmKind.EXCHANGE_UNREACHABLE}


# --- a question that is not answered ----------------------------------------------------------------------------------


def blind(path: str) -> Fault:
    """Orders of one service cannot be asked for by id."""
    return Fault.refused(-1003, "Too many requests.", 400, method="GET", path=path)


def test_a_stop_that_is_not_listed_and_not_answered_for_is_no_cover() -> None:
    """Somebody cancelled it and nobody says so: naked in time, though no second one is sent beside the unknown one."""
    desk = paper_desk()
    desk.execute(entry())
    by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=id_of("s1", Leg.STOP))
    desk.exchange.faults.add(blind("algoOrder"))
    gone = desk.now_ms()

    desk.guard(30)

    rung = [alarm.at_ms - gone for alarm in desk.alarms_of(AlarmKind.UNPROTECTED)]
    assert rung[0] <= 5_000 + 3_000 + 1_500
    assert len(rung) >= 4
    assert AlarmKind.EXCHANGE_UNREACHABLE in desk.kinds()
    assert sent_of(desk.exchange, "s1") == ["E1", "S1", "T1"]
    desk.exchange.faults.clear()
    desk.guard(10)
    assert resting(desk.exchange) == ["S2", "T1"]


def test_one_question_without_an_answer_does_not_hold_up_other_brackets() -> None:
    """The target of one cannot be asked for, and the stop of another is still missing: that one is placed."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=id_of("s1", Leg.TARGET))
    desk.exchange.faults.add(blind("algoOrder"), Fault.refused(-1008, status=503, leg="S", nth=1))

    report = desk.execute(entry("s2"))

    assert report.outcome is Outcome.PROTECTED
    assert sent_of(desk.exchange, "s2") == ["E1", "T1", "S2"]


# --- a stop that is due -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [-2021, -4142])
def test_a_stop_refused_as_crossed_is_due(code: int) -> None:
    """The price is beyond it already: out at market, at once."""
    desk = paper_desk(Fault.refused(code, "Order would immediately trigger.", leg="S"))

    report = desk.execute(entry())

    assert report.outcome is Outcome.CLOSED
    assert [name for name in names(desk.exchange) if name[0] != "-"] == ["E1", "T1", "X1"]
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    leaving = next(one for one in arrived(desk.exchange) if one.name == "X1")
    assert leaving.at_ms - fill_known_ms(desk) <= 1_000
    assert [line.order_data["why"] for line in desk.lines(AuditType.FLATTENED)] == [ExitWhy.STOP_DUE.value]


def test_the_price_falls_through_the_stop_before_it_is_placed() -> None:
    """The exchange itself refuses the stop: the position is closed, not kept and not forgotten."""
    exchange = paper_exchange()

    def send_together(itself: Callable[..., object], prepared: Sequence[object]) -> object:
        exchange.tick(ACME, last="94.5")
        return itself(prepared)

    exchange.script["send_together"] = send_together
    desk = paper_desk(exchange=exchange)

    report = desk.execute(entry())

    assert report.outcome is Outcome.CLOSED
    assert (held(exchange), resting(exchange)) == FLAT
    assert "X1" in names(exchange)


def test_the_mark_beyond_a_missing_stop_is_reason_enough() -> None:
    """Stops fail for another reason while the mark passes the stop's price: out at market."""
    desk = paper_desk(Fault.unreachable(leg="S"))
    desk.execute(entry())
    desk.exchange.tick(ACME, last="94")

    desk.guard(5)

    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert [line.order_data["why"] for line in desk.lines(AuditType.FLATTENED)] == [ExitWhy.STOP_DUE.value]


def test_a_stop_stuck_in_triggering_is_left_behind() -> None:
    """Triggering for more than five seconds with the position open protects nothing: out at market."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.venue.stick_triggers(id_of("s1", Leg.STOP))
    desk.exchange.tick(ACME, last="94")
    fell = desk.now_ms()

    desk.guard(15)

    leaving = next(one for one in arrived(desk.exchange) if one.name == "X1")
    assert 5_000 <= leaving.at_ms - fell <= 12_000
    assert held(desk.exchange) == 0
    assert [line.order_data["why"] for line in desk.lines(AuditType.FLATTENED)] == [ExitWhy.STOP_STUCK.value]


def test_a_stop_in_its_trigger_is_no_cover() -> None:
    """From its trigger on the position counts as naked: at most three seconds to the alarm, six to the exit."""
    desk = paper_desk()
    desk.execute(entry())
    desk.guard(6)
    desk.exchange.venue.stick_triggers(id_of("s1", Leg.STOP))
    desk.exchange.tick(ACME, last="94")
    fell = desk.now_ms()

    desk.guard(15, every=0.25)

    leaving = next(one for one in arrived(desk.exchange) if one.name == "X1")
    alarms = [alarm.at_ms - fell for alarm in desk.alarms_of(AlarmKind.UNPROTECTED)]
    looked = events(desk.journal, "s1", Exposed)[0].at_ms - fell
    assert looked <= 5_500
    assert leaving.at_ms - fell <= 5_000 + 1_000
    assert alarms == [] or alarms[0] <= looked + 3_500
    assert held(desk.exchange) == 0


# --- rules that change under way --------------------------------------------------------------------------------------


def _coarser(desk: Desk, tick: str) -> None:
    price = {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "4500000", "tickSize": tick}
    desk.exchange.venue.change_filters(ACME, [price])


def test_a_stop_off_the_grid_is_rounded_anew() -> None:
    """The tick grew after the plan: the rules are read again, and stop and target fit, toward the entry."""
    desk = paper_desk()
    desk.execute(entry("s0"))
    _coarser(desk, "0.5")

    report = desk.execute(entry("s1", stop="95.05", target="109.95"))

    assert report.outcome is Outcome.PROTECTED
    by_name = {
        one.name: one.params["triggerPrice"] for one in arrived(desk.exchange, "POST")[3:] if one.name[0] in "ST"
    }
    assert by_name == {"S1": "95.05", "T1": "109.95", "S2": "95.5", "T2": "109.5"}
    refused = [row for row in rows(desk.exchange, "answer") if row["code"] == -4014]
    assert len(refused) == 2


def test_a_stop_is_sent_as_planned_when_the_rules_cannot_be_read() -> None:
    """Better as planned than not at all."""
    desk = paper_desk()
    desk.execute(entry("s0"))
    seen: list[str] = []

    def instrument(itself: Callable[..., object], symbol: str, *, refresh: bool) -> object:
        if "E1" in sent_of(desk.exchange, "s1"):
            seen.append(symbol)
            raise AuthenticationError("key revoked")
        return itself(symbol, refresh=refresh)

    desk.exchange.script["instrument"] = instrument
    assert desk.execute(entry("s1")).outcome is Outcome.PROTECTED
    assert seen


def test_rules_that_cannot_be_read_again_do_not_stop_the_trying() -> None:
    """Off the grid, and no answer when the rules are asked for: no exception, and tried again later."""
    desk = paper_desk(Fault.refused(-4014, "Price not increased by tick size.", leg="S", nth=1))

    def instrument(itself: Callable[..., object], symbol: str, *, refresh: bool) -> object:
        if refresh:
            raise ExchangeUnavailableError("no answer")
        return itself(symbol, refresh=refresh)

    desk.exchange.script["instrument"] = instrument

    assert desk.execute(entry()).outcome is Outcome.PROTECTED
    assert [line.response["text"] for line in desk.lines(AuditType.API_ERROR) if line.operation == "read"] == [
        "no answer"
    ]


def _coarser_step(desk: Desk, step: str, minimum: str | None = None) -> None:
    lot = {"minQty": minimum or step, "maxQty": "100000", "stepSize": step}
    filters = [{"filterType": name, **lot} for name in ("LOT_SIZE", "MARKET_LOT_SIZE")]
    desk.exchange.venue.change_filters(ACME, filters)


def test_rules_that_cannot_be_read_leave_the_size_as_it_is() -> None:
    """The step grew, and then nobody tells it: all of it is tried, as long as nobody knows better."""
    desk = paper_desk()

    def instrument(itself: Callable[..., object], symbol: str, *, refresh: bool) -> object:
        if sent_of(desk.exchange, "s1"):
            raise ExchangeUnavailableError("no answer")
        return itself(symbol, refresh=refresh)

    desk.exchange.script["instrument"] = instrument
    desk.exchange.faults.add(Fault.refused(-1111, "Precision is over the maximum.", leg="S", nth=1))

    assert desk.execute(entry()).outcome is Outcome.PROTECTED
    assert {one.params["quantity"] for one in arrived(desk.exchange, "POST") if one.name[0] == "S"} == {"1"}


def test_legs_fit_a_step_that_grew_under_way() -> None:
    """One refusal, then stop and target for all that the new step allows; the rest, which none can have, stays told."""
    desk = paper_desk()

    def send(itself: Callable[[object], object], prepared: object) -> object:
        reply = itself(prepared)
        _coarser_step(desk, "0.3")
        return reply

    desk.exchange.script["send"] = send
    desk.execute(entry())
    desk.exchange.script.clear()
    desk.guard(20)

    sizes = [one.params["quantity"] for one in arrived(desk.exchange, "POST") if one.name[0] == "S"]
    assert sizes == ["1", "0.9"]
    assert {order.quantity for order in desk.manager.open_orders(ACME)} == {Decimal("0.9")}
    assert desk.alarms_of(AlarmKind.UNPROTECTED)[-1].at_ms >= desk.now_ms() - 7_000
    assert desk.report().outcome is Outcome.UNPROTECTED


def test_size_below_one_step_is_not_tried_over_and_over() -> None:
    """After the refusal nothing can be sent any more: no further stop leaves, the alarm goes on, requests are few."""
    desk = paper_desk()

    def send(itself: Callable[[object], object], prepared: object) -> object:
        reply = itself(prepared)
        _coarser_step(desk, "3")
        return reply

    desk.exchange.script["send"] = send
    desk.execute(entry())
    desk.exchange.script.clear()
    before = len(rows(desk.exchange, "request"))
    desk.guard(60)

    assert [one.name for one in arrived(desk.exchange, "POST")] == ["E1", "S1", "T1"]
    assert len(rows(desk.exchange, "request")) - before <= 60 * 6
    assert len(desk.alarms_of(AlarmKind.UNPROTECTED)) >= 10


def test_dust_whose_stop_is_due_is_told_and_not_hammered() -> None:
    """What is held became less than a step: no exit can be sent, one alarm names it, and the budget is not burnt."""
    desk = paper_desk()
    desk.execute(entry(target=None))
    _coarser_step(desk, "3")
    by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=id_of("s1", Leg.STOP))
    desk.manager._desk.exchange.instrument(ACME, refresh=True)
    desk.exchange.tick(ACME, last="94")
    before = len(rows(desk.exchange, "request"))

    desk.guard(60)

    assert [one.name for one in arrived(desk.exchange, "POST")] == ["E1", "S1"]
    assert len(rows(desk.exchange, "request")) - before <= 60 * 6
    dust = [alarm.text for alarm in desk.alarms if "cannot be closed" in alarm.text]
    (text,) = dust
    assert text.startswith(f"1.000 {ACME} of signal 's1' cannot be closed: 1.000 is less than one step")
    assert text.endswith("close it by hand")


def test_exits_the_exchange_refuses_are_paced() -> None:
    """The stop is due and every exit is refused: the tries become rarer, up to one in five seconds."""
    desk = paper_desk(Fault.refused(-2021, "Order would immediately trigger.", leg="S"))
    desk.exchange.faults.add(Fault.refused(-2022, "ReduceOnly Order is rejected.", leg="X"))
    desk.execute(entry(target=None))

    desk.guard(60)

    sent = [intent.at_ms for intent in intents(desk.journal, "s1", Leg.EXIT)]
    waits = [later - sooner for sooner, later in itertools.pairwise(sent)]
    assert waits[0] <= 1_000
    assert all(5_000 <= wait <= 7_000 for wait in waits[8:])
    assert len(sent) <= 20
    assert AlarmKind.UNPROTECTED in desk.kinds()


def _forget(desk: Desk, signal_id: str, attempt: int = 9) -> None:
    """Let a closed signal's leg stay behind at the exchange, as a cancel that never arrived would."""
    stop_by_hand(desk.exchange, id_of(signal_id, Leg.STOP, attempt), symbol=BOLT, trigger="1500")


def test_at_the_cap_our_own_orphans_make_room() -> None:
    """The account may hold no more conditional orders: what of ours protects nothing goes, and the stop fits."""
    desk = paper_desk(venue=VenueSettings(open_algo_orders_max=2))
    desk.execute(entry("s0", BOLT, stop="1900", target=None))
    desk.execute(close("c0", BOLT), None)
    _forget(desk, "s0")
    _forget(desk, "s0b")

    report = desk.execute(entry("s1", target=None))

    assert report.outcome is Outcome.UNPROTECTED or report.outcome is Outcome.PROTECTED
    assert any(line.client_order_id == id_of("s0", Leg.STOP, 9) for line in desk.lines(AuditType.ORPHAN_CANCELLED))
    desk.guard(10)
    assert resting(desk.exchange)[0][0] == "S"


def test_a_purge_that_fails_is_no_error() -> None:
    """At the cap, and the list of orders cannot be read: no exception, the next attempt purges again."""
    desk = paper_desk(Fault.refused(-4045, "Reach max stop order limit.", leg="S", nth=1))

    def open_orders(itself: Callable[[object], object], symbol: object) -> object:
        if sent_of(desk.exchange, "s1"):
            raise ExchangeUnavailableError("no answer")
        return itself(symbol)

    desk.exchange.script["open_orders"] = open_orders

    assert desk.execute(entry()).outcome is Outcome.PROTECTED


# --- the target -------------------------------------------------------------------------------------------------------


def test_a_target_refused_for_good_leaves_a_degraded_bracket() -> None:
    """The stop stays; the report says that the target is missing; nobody tries for ever."""
    desk = paper_desk(Fault.refused(-2021, "Order would immediately trigger.", leg="T"))

    report = desk.execute(entry())
    desk.guard(30)

    assert report.outcome is Outcome.PROTECTED_WITHOUT_TAKE_PROFIT
    assert report.raise_for_outcome() is report
    assert resting(desk.exchange) == ["S1"]
    assert len(intents(desk.journal, "s1", Leg.TARGET)) == 1
    assert AlarmKind.UNPROTECTED not in desk.kinds()


def test_a_target_that_was_only_acknowledged_is_not_reported() -> None:
    """The exchange took it and no read shows it: the bracket is without a target until it is seen."""
    desk = paper_desk()

    def snapshot(itself: Callable[[str], Snapshot], symbol: str) -> Snapshot:
        seen = itself(symbol)
        stops = tuple(order for order in seen.conditionals if name_of(order.client_id)[0] == "S")
        return attrs.evolve(seen, conditionals=stops)

    def find(itself: Callable[[object], dict[str, object]], keys: Sequence[OrderKey]) -> dict[str, object]:
        return itself([key for key in keys if name_of(key.client_id)[0] != "T"])

    desk.exchange.script.update(snapshot=snapshot, find=find)
    report = desk.execute(entry())
    desk.exchange.script.clear()
    desk.guard(15)

    assert report.outcome is Outcome.PROTECTED_WITHOUT_TAKE_PROFIT
    assert desk.report().outcome is Outcome.PROTECTED
    assert [name[0] for name in resting(desk.exchange)] == ["S", "T"]


def test_a_target_that_fails_for_now_is_mended_later() -> None:
    """The call returns degraded when it takes too long; the guard puts the target there and corrects the report."""
    desk = paper_desk(Fault.unreachable(leg="T"))

    report = desk.execute(entry())
    desk.exchange.faults.clear()
    desk.guard(15)

    assert report.outcome is Outcome.PROTECTED_WITHOUT_TAKE_PROFIT
    mended = desk.report()
    assert (mended.outcome, [each.outcome for each in mended.corrections]) == (Outcome.PROTECTED, [Outcome.PROTECTED])
    assert [name[0] for name in resting(desk.exchange)] == ["S", "T"]


# --- what becomes of a bracket ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "closed_by", "left"),
    [("94.5", ClosedBy.STOP_LOSS, "T1"), ("110.5", ClosedBy.TAKE_PROFIT, "S1")],
)
def test_when_one_leg_fills_the_other_is_cancelled(price: str, closed_by: ClosedBy, left: str) -> None:
    """The position is gone, its sibling order follows, and the report is corrected to what ended it."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.tick(ACME, last=price)

    desk.guard(10)

    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert names(desk.exchange)[-1] == f"-{left}"
    report = desk.report()
    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, closed_by)
    assert [(each.outcome, each.text) for each in report.corrections] == [
        (Outcome.CLOSED, f"the position is gone: {closed_by.value}")
    ]
    assert [line.response["closed_by"] for line in desk.lines(AuditType.BRACKET_CLOSED)] == [closed_by.value]
    assert desk.manager.next_due() is None
    assert desk.alarms == []


@pytest.mark.parametrize("kind", [Fault.reply_lost, Fault.request_lost])
def test_one_lost_cancel_does_not_hold_up_the_others(kind: Callable[..., Fault]) -> None:
    """The first cancel after a close is lost: the other leg is cancelled all the same, and the lost one soon."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(kind(method="DELETE", nth=1))
    desk.execute(close(), None)
    closed = desk.now_ms()

    desk.guard(15)

    cancels = arrived(desk.exchange, "DELETE")
    assert {one.name for one in cancels} == {"S1", "T1"}
    assert max(one.at_ms for one in cancels) - closed <= 3_000
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert desk.manager.status().duties == ()


def test_a_leg_that_cannot_be_cancelled_does_not_hold_up_the_others() -> None:
    """No cancel of the stop gets through: the target goes, and the stop as soon as it can."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.faults.add(Fault.unreachable(method="DELETE", leg="S"))

    desk.execute(close(), None)
    desk.guard(5)
    left = resting(desk.exchange)
    desk.exchange.faults.clear()
    desk.guard(5)

    assert left == ["S1"]
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


def unlisted(desk: Desk) -> int:
    """No read shows an order for the next minute; return when that ends."""
    end_ms = desk.now_ms() + 60_000
    desk.exchange.faults.add(Fault.visibility_lag(60_000, until_ms=end_ms))
    return end_ms


def test_legs_that_no_list_shows_are_cancelled_by_their_ids() -> None:
    """Lists lag by a minute and the position is closed: what was accepted is cancelled once, long before it shows."""
    desk = paper_desk()
    end_ms = unlisted(desk)
    desk.execute(entry())
    desk.guard(12)
    desk.execute(close(), None)

    desk.guard(10)

    cancelled = [one.client_id for one in arrived(desk.exchange, "DELETE")]
    accepted = [one.client_id for one in arrived(desk.exchange, "POST") if one.name[0] in "ST"]
    assert desk.now_ms() < end_ms
    assert len(accepted) > 2
    assert sorted(cancelled) == sorted(accepted)
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


def test_a_stop_that_filled_unlisted_is_found_at_the_first_look() -> None:
    """Lists lag by a minute and one of the stops fills: as soon as they show it, the rest goes and the books close."""
    desk = paper_desk()
    end_ms = unlisted(desk)
    desk.execute(entry())
    desk.guard(12)
    desk.exchange.tick(ACME, last="94")
    desk.guard((end_ms - desk.now_ms()) // 1000)

    while desk.now_ms() < end_ms + 10_000:
        desk.guard(1)

    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert (desk.report().outcome, desk.report().closed_by) == (Outcome.CLOSED, ClosedBy.STOP_LOSS)
    assert desk.manager.status().duties == ()


def test_a_stop_filled_in_part_leaves_the_rest_protected() -> None:
    """The book is short when the stop triggers: what is left gets a new stop or is closed, and is never forgotten."""
    desk = paper_desk()
    desk.exchange.tick(ACME, bid="99.95", bid_quantity="9", ask="100.05", ask_quantity="9")
    desk.execute(entry())
    desk.exchange.tick(ACME, last="95", bid="94.95", bid_quantity="0.3", ask="95", ask_quantity="9", mark="95")
    desk.wait(1)
    desk.exchange.tick(ACME, last="94.95", bid="94.9", bid_quantity="9")

    desk.guard(20)

    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert filled(desk.exchange, "s1", Leg.STOP) + filled(desk.exchange, "s1", Leg.EXIT) == 1


def test_a_stop_cancelled_by_somebody_is_put_back_once() -> None:
    """Once; the second time a person is asked, for it may be meant so. No fight over it."""
    desk = paper_desk()
    desk.execute(entry())

    by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=id_of("s1", Leg.STOP))
    desk.guard(10)
    put_back = resting(desk.exchange)
    by_hand(desk.exchange, "DELETE", "/fapi/v1/algoOrder", clientAlgoId=id_of("s1", Leg.STOP, 2))
    desk.guard(30)

    assert put_back == ["S2", "T1"]
    assert resting(desk.exchange) == ["T1"]
    assert AlarmKind.LEG_REMOVED in desk.kinds()
    assert AlarmKind.UNPROTECTED in desk.kinds()
    assert events(desk.journal, "s1", Exposed)
    assert desk.report().outcome is Outcome.UNPROTECTED


def test_a_position_closed_by_hand_is_written_off() -> None:
    """Somebody else closed it: believed after it was seen for a while; our legs go, and the report says so."""
    desk = paper_desk()
    desk.execute(entry())
    by_hand(desk.exchange, "POST", "/fapi/v1/order", symbol=ACME, side="SELL", type="MARKET", quantity="1")
    gone = desk.now_ms()

    first = desk.manager.reconcile(ACME)
    believed = events(desk.journal, "s1", WrittenOff)
    desk.guard(15)

    report = desk.report()
    assert (first.actions, believed) == ((), [])
    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.ELSEWHERE)
    cancels = list(arrived(desk.exchange, "DELETE"))
    assert min(one.at_ms for one in cancels) - gone >= 3_000
    assert resting(desk.exchange) == []
    assert AlarmKind.FOREIGN_CHANGE in desk.kinds()


def test_size_taken_by_hand_is_written_off_from_the_oldest() -> None:
    """Less is held than our brackets add up to: the oldest loses, and its stop shrinks to what is left."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2"))
    by_hand(desk.exchange, "POST", "/fapi/v1/order", symbol=ACME, side="SELL", type="MARKET", quantity="0.4")

    desk.guard(20)

    sizes = {one.client_id: one.params["quantity"] for one in arrived(desk.exchange, "POST") if one.name[0] == "S"}
    assert sizes[id_of("s1", Leg.STOP, 2)] == "0.6"
    assert sizes[id_of("s2", Leg.STOP)] == "1"
    assert resting(desk.exchange) == ["S1", "S2", "T1", "T2"]


def test_foreign_size_beside_ours_is_reported_and_left_alone() -> None:
    """Somebody adds to the position: alarmed once, never touched, and our bracket stays as it is."""
    desk = paper_desk()
    desk.execute(entry())
    by_hand(desk.exchange, "POST", "/fapi/v1/order", symbol=ACME, side="BUY", type="MARKET", quantity="2")

    desk.guard(40)

    assert desk.kinds() == [AlarmKind.FOREIGN_CHANGE]
    assert resting(desk.exchange) == ["S1", "T1"]
    assert held(desk.exchange) == 3


def test_orphans_of_closed_signals_are_cancelled() -> None:
    """An order of ours that turns up after its signal was closed is taken away."""
    desk = paper_desk()
    desk.execute(entry("s0", BOLT, stop="1900", target=None))
    desk.execute(close("c0", BOLT), None)
    _forget(desk, "s0")

    desk.manager.reconcile()

    assert resting(desk.exchange, BOLT) == []
    assert [line.client_order_id for line in desk.lines(AuditType.ORPHAN_CANCELLED)] == [id_of("s0", Leg.STOP, 9)]


def test_orphans_whose_cancel_is_not_answered_are_cancelled_later() -> None:
    """Nobody answers the first cancel: the other orphan goes all the same, it is told, and the next look goes on."""
    desk = paper_desk()
    desk.execute(entry("s0", BOLT, stop="1900", target=None))
    desk.execute(close("c0", BOLT), None)
    desk.execute(entry("s1", BOLT, stop="1900", target=None))
    for number in (8, 9):
        _forget(desk, "s0", number)
    desk.exchange.faults.add(Fault.unreachable(method="DELETE", nth=1))

    desk.manager.reconcile(BOLT)
    left = resting(desk.exchange, BOLT)
    desk.guard(10)

    assert left == ["S1", "S8"]
    assert resting(desk.exchange, BOLT) == ["S1"]
    assert desk.kinds() == [AlarmKind.EXCHANGE_UNREACHABLE]


def test_work_that_never_comes_to_rest_is_alarmed() -> None:
    """An exchange that shows the stop as gone in every look: bounded work, and a loud word instead of a hang."""
    desk = paper_desk()
    desk.execute(entry())

    def snapshot(itself: Callable[[str], object], symbol: str) -> object:
        return attrs.evolve(itself(symbol), conditionals=())  # type: ignore[misc]  # a snapshot

    def find(_: object, keys: Sequence[object]) -> dict[str, object]:
        return {}

    desk.exchange.script.update(snapshot=snapshot, find=find)
    desk.guard(60)

    assert AlarmKind.UNPROTECTED in desk.kinds()
    desk.exchange.script.clear()
    desk.guard(60)
    assert [name[0] for name in resting(desk.exchange)] == ["S", "T"]
    assert desk.report().outcome is Outcome.PROTECTED


def test_a_restart_sees_the_same_bracket() -> None:
    """A new process on the same journal does nothing to a healthy bracket."""
    desk = paper_desk()
    first = desk.execute(entry())
    before = len(arrived(desk.exchange))

    after = restart(desk)
    after.manager.reconcile()
    after.guard(20)

    assert len(arrived(desk.exchange)) == before
    assert after.manager.report("s1") == first
    assert after.alarms == []


def test_a_price_that_cannot_be_asked_does_not_keep_a_bracket_open() -> None:
    """The position is gone and the fill's price does not answer: closed and reported, without the price."""
    desk = paper_desk(Fault.refused(-2021, "Order would immediately trigger.", leg="S"))
    created = begun(desk)

    def find(_: object, __: object) -> object:
        raise ExchangeUnavailableError("no answer")

    desk.exchange.script["find"] = find
    report = desk.execute(entry(created_at=created))

    assert (report.outcome, report.average_price) == (Outcome.CLOSED, None)
    assert desk.manager.next_due() is None


def test_strays_are_spared_when_the_journal_cannot_be_read() -> None:
    """Nobody can say whether an order of ours is an orphan: it stays while a position is open."""
    journal = TappedJournal()
    desk = paper_desk(journal=journal)
    desk.execute(entry("s1"))
    desk.execute(entry("s2"))
    desk.execute(close("c1"), "1")
    stop_by_hand(desk.exchange, id_of("s1", Leg.STOP, 9))
    journal.broken = True

    desk.manager.reconcile(ACME)

    assert resting(desk.exchange) == ["S1", "S9", "T1"]
    assert AlarmKind.STORE_FAILED in desk.kinds()


def test_endless_work_ends_with_an_alarm() -> None:
    """An orphan that comes back in every look, on a very quick exchange: bounded rounds, and a loud word."""
    exchange = paper_exchange(latency=Latency(up_ms=1, down_ms=1), settings=VenueSettings(enforce_limits=False))
    plenty = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 1_000_000}
    exchange.venue.acts.change_rate_limits([plenty])
    desk = paper_desk(exchange=exchange)
    desk.execute(entry("s0"))
    desk.execute(close("c0"), None)
    desk.execute(entry("s1"))
    stray = attrs.evolve(desk.manager.open_orders(ACME)[0], client_id=id_of("s0", Leg.STOP, 9))

    def snapshot(itself: Callable[[str], Snapshot], symbol: str) -> Snapshot:
        seen = itself(symbol)
        return attrs.evolve(seen, conditionals=(*seen.conditionals, stray))

    desk.exchange.script["snapshot"] = snapshot
    desk.manager.reconcile(ACME)

    assert [alarm.text for alarm in desk.alarms_of(AlarmKind.DUTY_OVERDUE)] == [
        f"{ACME} does not come to rest after 200 rounds"
    ]


def test_a_clock_that_steps_back_does_not_spin() -> None:
    """A look dated after the questions that follow it: they are asked once, not for ever."""
    desk = paper_desk()
    desk.execute(entry())

    def snapshot(itself: Callable[[str], Snapshot], symbol: str) -> Snapshot:
        seen = itself(symbol)
        return attrs.evolve(seen, at_ms=seen.at_ms + 60_000, conditionals=())

    desk.exchange.script["snapshot"] = snapshot
    desk.manager.reconcile(ACME)
    desk.exchange.script.clear()
    desk.guard(120)

    assert desk.report().outcome is Outcome.PROTECTED
    assert [name[0] for name in resting(desk.exchange)] == ["S", "T"]
