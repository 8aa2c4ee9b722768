"""The public face: reads, settings, halting, closing."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from decimal import Decimal

import pytest

from surefill.adapters.audit import MemoryAudit
from surefill.adapters.simulated import Fault
from surefill.adapters.venue import VenueSettings
from surefill.application.manager import OrderExecutionManager
from surefill.domain.alarm import AlarmKind
from surefill.domain.audit_record import AuditType
from surefill.domain.errors import (
    ConfigurationError,
    ExchangeUnavailableError,
    JournalError,
    OrderRejectedError,
    ValidationError,
)
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg
from surefill.domain.refusal import Refusal
from surefill.domain.report import Outcome
from surefill.domain.retry_policy import RetryPolicy
from surefill.domain.side import MarginType, PositionSide
from surefill.ports.journal import Journal
from tests.application.journals import TappedJournal
from tests.papers import (
    ACME,
    BOLT,
    CJK,
    Desk,
    close,
    entry,
    entry_orders_filled,
    held,
    id_of,
    intents,
    moment,
    paper_desk,
    restart,
    resting,
    rows,
    sent_of,
    trade_by_hand,
)


def test_the_position_of_a_symbol() -> None:
    """None when flat, else size, entry and direction as the exchange shows them."""
    desk = paper_desk()
    assert desk.manager.get_position(ACME) is None
    desk.execute(entry(short=True))

    position = desk.manager.get_position(ACME)

    assert position is not None
    assert (position.symbol, position.amount, position.quantity) == (ACME, Decimal(-1), Decimal(1))
    assert desk.manager.get_position(ACME, PositionSide.BOTH) == position
    assert desk.manager.get_position(ACME, PositionSide.LONG) is None
    assert desk.manager.positions() == (position,)


def test_a_hedge_account_wants_the_side_named() -> None:
    """With both sides open "the" position is a mistake; one alone needs no name."""
    desk = paper_desk(venue=VenueSettings(hedge_mode=True))
    desk.execute(entry("s1"))
    alone = desk.manager.get_position(ACME)
    desk.execute(entry("s2", short=True), "2")

    with pytest.raises(ValidationError, match="name PositionSide"):
        desk.manager.get_position(ACME)

    assert alone is not None
    assert alone.amount == 1
    short = desk.manager.get_position(ACME, PositionSide.SHORT)
    assert short is not None
    assert short.amount == -2


def test_the_balance() -> None:
    """Wallet, available and unrealised, exact; an asset the wallet does not list is a mistake."""
    desk = paper_desk()

    balance = desk.manager.get_account_balance()

    assert (balance.asset, balance.wallet, balance.available, balance.unrealized) == (
        "USDT",
        Decimal(10_000),
        Decimal(10_000),
        Decimal(0),
    )
    with pytest.raises(ValidationError, match="XYZ"):
        desk.manager.get_account_balance("XYZ")


def test_open_orders_of_both_services() -> None:
    """Of one symbol or of all, anybody's."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2", BOLT, stop="1900", target=None))

    assert {order.client_id for order in desk.manager.open_orders()} == {
        id_of("s1", Leg.STOP),
        id_of("s1", Leg.TARGET),
        id_of("s2", Leg.STOP),
    }
    assert [order.client_id for order in desk.manager.open_orders(BOLT)] == [id_of("s2", Leg.STOP)]


@pytest.mark.parametrize(
    ("symbol", "price", "text"),
    [(ACME, "100.0499", "100.00"), (ACME, 100, "100.00"), (BOLT, "2000.19", "2000.1"), (CJK, "0.50009", "0.5000")],
)
def test_prices_as_the_exchange_wants_them(symbol: str, price: str, text: str) -> None:
    """Floored to the tick, at the tick's own scale, never with an exponent."""
    assert paper_desk().manager.format_price(symbol, price) == text


@pytest.mark.parametrize(("symbol", "quantity", "text"), [(ACME, "1.0009", "1.000"), (CJK, "12.9", "12")])
def test_quantities_as_the_exchange_wants_them(symbol: str, quantity: str, text: str) -> None:
    """Floored to the step."""
    assert paper_desk().manager.format_quantity(symbol, quantity) == text


@pytest.mark.parametrize("value", [0.5, "NaN", "-1", None])
def test_formatting_refuses_what_is_no_number(value: object) -> None:
    """Floats are refused, for they are not what was meant."""
    manager = paper_desk().manager

    with pytest.raises(ValidationError, match="price"):
        manager.format_price(ACME, value)  # type: ignore[arg-type]  # a mistake
    with pytest.raises(ValidationError, match="quantity"):
        manager.format_quantity(ACME, value)  # type: ignore[arg-type]  # a mistake


def test_the_rules_of_a_symbol() -> None:
    """Its tick and step; a symbol that is not listed is refused."""
    manager = paper_desk().manager

    assert manager.instrument(ACME).tick.increment == Decimal("0.05")
    with pytest.raises(OrderRejectedError) as caught:
        manager.instrument("NONEUSDT")
    assert caught.value.refusal is Refusal.UNKNOWN_SYMBOL


# --- settings ---------------------------------------------------------------------------------------------------------


def test_leverage_is_set_and_already_so_is_success() -> None:
    """Twice the same is no error; the audit log has both lines."""
    desk = paper_desk()

    desk.manager.set_leverage(ACME, 7)
    desk.manager.set_leverage(ACME, 7)

    assert desk.exchange.settings(ACME).leverage == 7
    lines = desk.lines(AuditType.CONFIG_CHANGED)
    assert [(line.operation, line.symbol, line.order_data) for line in lines] == [
        ("set_leverage", ACME, {"leverage": 7})
    ] * 2


@pytest.mark.parametrize("leverage", [0, -3, True, "5", 2.0, None])
def test_a_leverage_that_is_none_is_refused(leverage: object) -> None:
    """Before anything is sent."""
    desk = paper_desk()

    with pytest.raises(ValidationError, match="leverage"):
        desk.manager.set_leverage(ACME, leverage)  # type: ignore[arg-type]  # a mistake

    assert rows(desk.exchange, "request") == []


def test_a_leverage_the_exchange_refuses() -> None:
    """Its refusal is raised, and no line claims that it was set."""
    desk = paper_desk()

    with pytest.raises(OrderRejectedError):
        desk.manager.set_leverage(ACME, 500)

    assert desk.lines(AuditType.CONFIG_CHANGED) == []


def test_the_margin_type_is_set_and_already_so_is_success() -> None:
    """-4046 is what was wanted."""
    desk = paper_desk()

    desk.manager.set_margin_type(ACME, MarginType.ISOLATED)
    desk.manager.set_margin_type(ACME, MarginType.ISOLATED)

    assert desk.exchange.settings(ACME).margin_type is MarginType.ISOLATED
    assert len(desk.lines(AuditType.CONFIG_CHANGED)) == 2


def test_a_margin_type_with_an_open_position_is_refused() -> None:
    """The exchange says no, and so do we."""
    desk = paper_desk()
    desk.execute(entry())

    with pytest.raises(OrderRejectedError):
        desk.manager.set_margin_type(ACME, MarginType.ISOLATED)


# --- retries ----------------------------------------------------------------------------------------------------------

KNOWN_NOT_EXECUTED = {
    "overloaded": Fault.refused(-1008, status=503, leg="E"),
    "unavailable": Fault.refused(-1000, "Service Unavailable.", 503, leg="E"),
    "too many orders": Fault.refused(-1015, "Too many new orders.", leg="E"),
    "unreachable": Fault.unreachable(leg="E"),
}


@pytest.mark.parametrize("name", KNOWN_NOT_EXECUTED)
def test_an_entry_known_not_executed_is_tried_four_times(name: str) -> None:
    """Waits of one, two and four seconds; each attempt has its own id, intent and audit line; then REFUSED."""
    desk = paper_desk(KNOWN_NOT_EXECUTED[name])

    report = desk.execute(entry())

    sent = intents(desk.journal, "s1", Leg.ENTRY)
    times = [intent.at_ms for intent in sent]
    waits = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert [intent.request.client_id for intent in sent] == [id_of("s1", Leg.ENTRY, n) for n in (1, 2, 3, 4)]
    assert all(0 <= wait - wanted <= 150 for wait, wanted in zip(waits, (1000, 2000, 4000), strict=True))
    assert report.outcome is Outcome.REFUSED
    lines = desk.lines(AuditType.RETRY_ATTEMPT)
    assert [(line.response["attempt"], line.response["wait_ms"]) for line in lines] == [
        (2, 1000),
        (3, 2000),
        (4, 4000),
    ]


def test_one_look_before_each_retry() -> None:
    """The refusal is believed, but a look costs little: each new attempt comes after the last was looked for."""
    desk = paper_desk(Fault.refused(-1008, status=503, leg="E", nth=1))

    desk.execute(entry())

    mine = [
        (str(row["method"]), id_of("s1", Leg.ENTRY, number))
        for row in rows(desk.exchange, "request")
        for number in (1, 2)
        if row["path"] == "/fapi/v1/order" and id_of("s1", Leg.ENTRY, number) in str(row["params"])
    ]
    looked = mine.index(("GET", id_of("s1", Leg.ENTRY, 1)), 1)
    assert looked < mine.index(("POST", id_of("s1", Leg.ENTRY, 2)))


def test_a_refusal_that_lied_is_found_out_by_the_look() -> None:
    """It said "Service Unavailable" and was executed: the look finds it, and no second entry is sent."""
    desk = paper_desk(Fault.unclear(executed=True, code=-1000, text="Service Unavailable.", status=503, leg="E", nth=1))

    report = desk.execute(entry())

    assert report.outcome is Outcome.PROTECTED
    assert sent_of(desk.exchange, "s1") == ["E1", "S1", "T1"]
    assert entry_orders_filled(desk.exchange, "s1") == 1


def test_a_look_that_fails_ends_the_retries() -> None:
    """Who cannot look must not send again."""
    desk = paper_desk(Fault.refused(-1008, status=503, leg="E"))
    looks = [0]

    def find(itself: Callable[[object], object], keys: object) -> object:
        looks[0] += 1
        if intents(desk.journal, "s1", Leg.ENTRY):
            raise ExchangeUnavailableError("no answer")
        return itself(keys)

    desk.exchange.script["find"] = find
    report = desk.execute(entry())

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.OVERLOADED)
    assert len(intents(desk.journal, "s1", Leg.ENTRY)) == 1


def test_no_retry_after_the_signals_time() -> None:
    """A wait that ends past `valid_until` is not begun."""
    desk = paper_desk(Fault.unreachable(leg="E"))
    report = desk.execute(entry(valid_until=moment(desk, 2.5)))

    assert report.outcome is Outcome.REFUSED
    assert len(intents(desk.journal, "s1", Leg.ENTRY)) == 2


def test_no_retry_past_the_time_a_call_may_take() -> None:
    """With long waits the call still returns within 15 s."""
    desk = paper_desk(Fault.unreachable(leg="E"), retry=RetryPolicy(initial_delay=9.0))
    began = desk.now_ms()

    assert desk.execute(entry()).outcome is Outcome.REFUSED
    assert desk.now_ms() - began <= 15_000
    assert len(intents(desk.journal, "s1", Leg.ENTRY)) == 2


def _coarser(desk: Desk, step: str) -> None:
    lots = [
        {"filterType": kind, "minQty": step, "maxQty": "100000", "stepSize": step}
        for kind in ("LOT_SIZE", "MARKET_LOT_SIZE")
    ]
    desk.exchange.venue.change_filters(ACME, lots)


def test_an_entry_off_the_grid_is_rounded_anew_once() -> None:
    """The step grew since the rules were read: they are read again, the size fits, and it is sent once more."""
    desk = paper_desk()
    desk.manager.instrument(ACME)
    _coarser(desk, "0.1")

    report = desk.execute(entry(), "1.234")

    assert (report.outcome, report.filled_quantity) == (Outcome.PROTECTED, Decimal("1.2"))
    assert sent_of(desk.exchange, "s1") == ["E1", "E2", "S1", "T1"]
    reads = [row for row in rows(desk.exchange, "request") if row["path"] == "/fapi/v1/exchangeInfo"]
    assert len(reads) == 2


def test_a_size_of_which_nothing_is_left_is_rejected() -> None:
    """Rounded to the new step it is zero: the exchange's word stands."""
    desk = paper_desk()
    desk.manager.instrument(ACME)
    _coarser(desk, "2")

    report = desk.execute(entry(), "1.5")

    assert (report.outcome, report.reason) == (Outcome.REJECTED, Refusal.OFF_GRID)
    assert sent_of(desk.exchange, "s1") == ["E1"]


def test_off_the_grid_although_nothing_changed_is_rejected() -> None:
    """Once, not for ever; and without an exception when the rules cannot be read."""
    fault = Fault.refused(-1111, "Precision is over the maximum defined for this asset.", leg="E")
    same = paper_desk(fault)
    silent = paper_desk(fault)
    silent.manager.instrument(ACME)
    silent.exchange.faults.add(Fault.unreachable(method="GET", path="exchangeInfo"))

    for desk in (same, silent):
        report = desk.execute(entry())
        assert (report.outcome, report.reason) == (Outcome.REJECTED, Refusal.OFF_GRID)
        assert len(intents(desk.journal, "s1", Leg.ENTRY)) == 1


# --- halting, closing -------------------------------------------------------------------------------------------------


def test_a_halt_is_written_alarmed_and_ended() -> None:
    """In the journal, in the audit log, and for the host; resume() takes it back."""
    desk = paper_desk()

    desk.manager.halt(HaltLevel.NO_ENTRIES, reason="news")
    desk.manager.resume(reason="over")

    assert [alarm.kind for alarm in desk.alarms] == [AlarmKind.HALTED]
    assert "news" in desk.alarms[0].text
    assert [line.response["reason"] for line in desk.lines(AuditType.HALTED)] == ["news"]
    assert [line.response["reason"] for line in desk.lines(AuditType.RESUMED)] == ["over"]
    assert desk.execute(entry()).outcome is Outcome.PROTECTED


def test_a_halt_wants_a_level_and_a_reason() -> None:
    """NONE is what resume() is for, and nobody halts without saying why."""
    manager = paper_desk().manager

    with pytest.raises(ValidationError, match="level"):
        manager.halt(HaltLevel.NONE, reason="nothing")
    with pytest.raises(ValidationError, match="reason"):
        manager.halt(HaltLevel.NO_ENTRIES, reason="")
    with pytest.raises(ValidationError, match="reason"):
        manager.resume(reason="\n")


def test_closing_drains_what_is_naked() -> None:
    """No entry any more, but a position without a stop is protected before the journal is released."""
    desk = paper_desk(Fault.unreachable(leg="S"))
    desk.execute(entry())
    desk.exchange.faults.clear()

    desk.manager.close()
    desk.manager.close()

    assert [name[0] for name in resting(desk.exchange)] == ["S", "T"]
    assert [line.operation for line in desk.lines(AuditType.STOPPED)] == ["close"]
    with pytest.raises(JournalError):
        desk.manager.report("s0")


def test_closing_does_not_wait_for_ever() -> None:
    """The stop cannot be had: after ten seconds it gives up, and the stores are released all the same."""
    desk = paper_desk(Fault.unreachable(leg="S"))
    desk.execute(entry())
    began = desk.now_ms()

    desk.manager.close()

    assert 10_000 <= desk.now_ms() - began <= 12_000
    assert AlarmKind.UNPROTECTED in desk.kinds()
    with pytest.raises(JournalError):
        desk.journal.events_of("s1")


def test_closing_a_healthy_desk_asks_nobody() -> None:
    """Everything is protected: no request, no wait, positions and their stops stay."""
    desk = paper_desk()
    desk.execute(entry())
    before = (desk.now_ms(), len(rows(desk.exchange, "request")))

    with desk.manager as same:
        assert same is desk.manager

    assert (desk.now_ms(), len(rows(desk.exchange, "request"))) == before
    assert resting(desk.exchange) == ["S1", "T1"]


@pytest.mark.parametrize("broken", [False, True])
def test_what_was_built_for_the_manager_is_released_last(*, broken: bool) -> None:
    """After the stores, and also when one of them cannot be closed."""
    released: list[bool] = []
    desk = paper_desk()

    class Stuck(MemoryAudit):
        def close(self) -> None:
            if broken:
                raise OSError("no space left on the device")

    manager = OrderExecutionManager(
        desk.exchange,
        journal=desk.journal,
        audit=Stuck(),
        alerts=desk.alarms.append,
        on_close=lambda: released.append(closed(desk.journal)),
    )
    if broken:
        with pytest.raises(OSError, match="no space"):
            manager.close()
    else:
        manager.close()

    assert released == [True]


def closed(journal: Journal) -> bool:
    """Whether the journal was closed."""
    try:
        journal.events_of("s1")
    except JournalError:
        return True
    return False


def test_a_closed_manager_takes_no_signal() -> None:
    """Neither entry nor close: it says so, without an alarm about its closed journal, and touches nothing."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.manager.close()

    for report in (desk.execute(entry("s2")), desk.execute(close(), None)):
        assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.CLOSING)

    assert held(desk.exchange) == 1
    assert desk.alarms == []


def test_a_forked_child_may_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """It shares sockets and files with its parent: every verb that works refuses there."""
    desk = paper_desk()
    pid = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: pid + 1)

    for work in (
        lambda: desk.execute(entry()),
        desk.manager.reconcile,
        desk.manager.reconcile_due,
        lambda: desk.manager.cancel_all_orders(ACME),
        lambda: desk.manager.set_leverage(ACME, 3),
        lambda: desk.manager.set_margin_type(ACME, MarginType.ISOLATED),
        lambda: desk.manager.halt(HaltLevel.NO_ENTRIES, reason="a child"),
        lambda: desk.manager.resume(reason="a child"),
    ):
        with pytest.raises(ConfigurationError, match="fork"):
            work()

    assert rows(desk.exchange, "request") == []
    assert (desk.alarms, desk.lines(*AuditType)) == ([], [])


def test_a_halt_that_cannot_be_kept_is_obeyed_and_a_release_is_not() -> None:
    """With a dead journal the safe word counts from memory; the other raises, and the halt stands."""
    journal = TappedJournal()
    desk = paper_desk(journal=journal)
    journal.broken = True

    desk.manager.halt(HaltLevel.NO_ENTRIES, reason="news")
    with pytest.raises(JournalError, match="no space"):
        desk.manager.resume(reason="over")

    assert desk.manager.status().halt_level is HaltLevel.NO_ENTRIES
    assert desk.lines(AuditType.RESUMED) == []


def test_namespaces_keep_to_themselves() -> None:
    """The same signal id in two namespaces is two signals, with ids of their own."""
    desk = paper_desk()
    desk.execute(entry())
    other = OrderExecutionManager(
        desk.exchange,
        journal=paper_desk().journal,
        audit=desk.audit,
        alerts=desk.alarms.append,
        namespace="another",
    )

    report = other.execute_signal(entry(symbol=BOLT, stop="1900", target="2100"), "1")

    assert report.outcome is Outcome.PROTECTED
    assert held(desk.exchange, ACME) == 1
    assert held(desk.exchange, BOLT) == 1
    assert other.cancel_all_orders(ACME).cancelled == ()
    assert resting(desk.exchange, ACME) == ["S1", "T1"]


@pytest.mark.parametrize("namespace", ["", "a\nb", " x"])
def test_a_namespace_must_name_something(namespace: str) -> None:
    """Refused at construction, before anything is traded under it."""
    desk = paper_desk()

    with pytest.raises(ValidationError, match="namespace"):
        OrderExecutionManager(
            desk.exchange, journal=desk.journal, audit=desk.audit, alerts=desk.alarms.append, namespace=namespace
        )


def test_a_second_manager_that_claims_first_wins() -> None:
    """Two managers on one journal: the id belongs to whoever claimed it; the other is told of the conflict."""
    desk = paper_desk()
    other = paper_desk(exchange=desk.exchange, journal=desk.journal)
    desk.execute(close("x"), None)

    def claim(itself: object, symbol: str) -> object:
        return itself(symbol)  # type: ignore[operator]  # the verb itself

    desk.exchange.script["snapshot"] = claim
    first = desk.execute(entry())
    assert other.execute(entry()) == first
    assert sent_of(desk.exchange, "s1") == ["E1", "S1", "T1"]


def test_somebody_elses_position_is_no_business_of_ours() -> None:
    """A desk that holds nothing never touches what is there, whatever it is asked to reconcile."""
    desk = paper_desk()
    trade_by_hand(desk.exchange, "BUY", "3")

    desk.manager.reconcile()
    desk.manager.reconcile(ACME)
    restart(desk).manager.reconcile()

    assert held(desk.exchange) == 3
    assert desk.alarms == []


def test_a_history_that_cannot_be_read_refuses_the_entry() -> None:
    """Without a watermark nobody could tell later what is new: not sent, and the id stays free."""
    desk = paper_desk(Fault.unreachable(method="GET", path="allOrders", nth=1))

    report = desk.execute(entry())

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.UNREACHABLE)
    assert desk.execute(entry()).outcome is Outcome.PROTECTED


def test_rounding_anew_is_no_retry() -> None:
    """It is done once also by a policy that retries nothing."""
    desk = paper_desk(retry=RetryPolicy(max_retries=0))
    desk.manager.instrument(ACME)
    _coarser(desk, "0.1")

    assert desk.execute(entry(), "1.234").filled_quantity == Decimal("1.2")
    desk.exchange.faults.add(Fault.unreachable(leg="E"))
    assert desk.execute(entry("s2")).outcome is Outcome.REFUSED
    assert len(intents(desk.journal, "s2", Leg.ENTRY)) == 1
