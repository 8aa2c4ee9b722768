"""Whether an entry may start: each check alone, their order, and every limit through the manager."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import attrs
import pytest

from surefill.adapters.simulated import Fault
from surefill.application import gate
from surefill.domain.alarm import AlarmKind
from surefill.domain.budget import Allowance, Capacity
from surefill.domain.errors import JournalError
from surefill.domain.halt import HaltLevel
from surefill.domain.limits import RiskLimits
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.report import Outcome
from surefill.ports.kill_switch import HaltOrder
from tests.application.journals import DurableMemory
from tests.papers import (
    ACME,
    BOLT,
    FLAT,
    Desk,
    arrived,
    begun,
    close,
    entry,
    held,
    moment,
    paper_desk,
    paper_exchange,
    restart,
    resting,
    trade_by_hand,
)


def live_desk(**others: object) -> Desk:
    """A desk on an exchange that says it moves on its own."""
    exchange = paper_exchange(real_time=True)
    return paper_desk(exchange=exchange, journal=DurableMemory(), **others)  # type: ignore[arg-type]  # whatever a test names


def test_the_order_of_the_checks() -> None:
    """They are made in this order, and people can read it."""
    assert list(gate.checks()) == [
        "closing",
        "halted",
        "stores",
        "guarded",
        "fresh",
        "frozen",
        "overdue",
        "traffic",
        "budget",
    ]


def test_closing_is_checked_by_the_gate_too() -> None:
    """A signal that waited for its turn while the manager was being closed is refused as well."""
    desk = paper_desk()
    desk.manager._desk.closing = True

    declined = gate.admit(desk.manager._desk, entry())

    assert declined is not None
    assert declined.refusal is Refusal.CLOSING


def _closing(desk: Desk) -> Callable[[], None]:
    core = desk.manager._desk
    core.closing = True

    def mend() -> None:
        core.closing = False

    return mend


def _halted(desk: Desk) -> Callable[[], None]:
    desk.manager.halt(HaltLevel.NO_ENTRIES, reason="a test")
    return lambda: desk.manager.resume(reason="a test")


def _stores(desk: Desk) -> Callable[[], None]:
    core = desk.manager._desk
    core.journal_failure = "full"

    def mend() -> None:
        core.journal_failure = None

    return mend


def _guarded(desk: Desk) -> Callable[[], None]:
    core = desk.manager._desk

    def mend() -> None:
        core.host_guards = True

    return mend


def _fresh(desk: Desk) -> Callable[[], None]:
    return lambda: None


def _frozen(desk: Desk) -> Callable[[], None]:
    core = desk.manager._desk
    core.book.frozen[ACME] = "by hand"

    def mend() -> None:
        del core.book.frozen[ACME]

    return mend


def _overdue(desk: Desk) -> Callable[[], None]:
    core = desk.manager._desk
    core.due_ms[BOLT] = desk.now_ms() - core.timings.overdue_ms - 1

    def mend() -> None:
        core.due_ms.clear()

    return mend


def _told(desk: Desk, **wrong: Any) -> Callable[[], None]:
    """Let the exchange tell of its limits what is *wrong*, besides what it tells already."""
    said = desk.exchange.script.get("capacity")
    before = Capacity() if said is None else cast("Capacity", said(()))
    desk.exchange.script["capacity"] = lambda _: attrs.evolve(before, **wrong)

    def mend() -> None:
        told = cast("Capacity", desk.exchange.script["capacity"](()))
        well = attrs.evolve(told, **{name: getattr(Capacity(), name) for name in wrong})
        desk.exchange.script["capacity"] = lambda _: well

    return mend


def _banned(desk: Desk) -> Callable[[], None]:
    return _told(desk, banned_until_ms=desk.now_ms() + 60_000)


def _paused(desk: Desk) -> Callable[[], None]:
    return _told(desk, entries_paused_until_ms=desk.now_ms() + 60_000)


def _broken(desk: Desk) -> Callable[[], None]:
    return _told(desk, entries_broken_until_ms=desk.now_ms() + 60_000)


def _budget(desk: Desk) -> Callable[[], None]:
    return _told(desk, allowances=(Allowance("weight/1m", 2_300, 2_400, counts_orders=False),))


WRONGS: dict[Refusal, Callable[[Desk], Callable[[], None]]] = {
    Refusal.CLOSING: _closing,
    Refusal.HALTED: _halted,
    Refusal.STORE_FAILED: _stores,
    Refusal.UNGUARDED: _guarded,
    Refusal.STALE: _fresh,
    Refusal.FROZEN: _frozen,
    Refusal.OVERDUE: _overdue,
    Refusal.BANNED: _banned,
    Refusal.RATE_LIMITED: _paused,
    Refusal.BREAKER: _broken,
    Refusal.BUDGET: _budget,
}


def test_the_first_refusal_wins() -> None:
    """With everything wrong at once, and mended one by one, the refusals come in the order of the checks."""
    desk = live_desk()
    late = moment(desk)
    mends = {refusal: wrong(desk) for refusal, wrong in WRONGS.items()}

    said = []
    for refusal, mend in mends.items():
        report = desk.execute(entry(valid_until=late))
        said.append(report.reason)
        assert (report.outcome, report.reason) == (Outcome.REFUSED, refusal)
        assert report.text
        mend()
        if refusal is Refusal.STALE:
            late = moment(desk, 3600)

    assert said == list(WRONGS)
    assert arrived(desk.exchange) == []
    assert desk.execute(entry(valid_until=late)).outcome is Outcome.PROTECTED


@pytest.mark.parametrize("refusal", [each for each in WRONGS if each is not Refusal.UNGUARDED])
def test_each_check_alone_refuses(refusal: Refusal) -> None:
    """One thing wrong is enough; nothing is claimed, nothing sent, and once it is mended the signal is carried out."""
    desk = live_desk(host_guards=True)
    signal = entry(valid_until=moment(desk)) if refusal is Refusal.STALE else entry()
    mend = WRONGS[refusal](desk)

    report = desk.execute(signal)
    mend()

    assert (report.outcome, report.reason) == (Outcome.REFUSED, refusal)
    assert desk.journal.signal_ids() == ()
    assert desk.execute(entry()).outcome is Outcome.PROTECTED


@pytest.mark.parametrize(
    ("field", "refusal"),
    [
        ("banned_until_ms", Refusal.BANNED),
        ("entries_paused_until_ms", Refusal.RATE_LIMITED),
        ("entries_broken_until_ms", Refusal.BREAKER),
    ],
)
def test_a_pause_lasts_to_its_end(field: str, refusal: Refusal) -> None:
    """One millisecond before the end of a ban, a pause or an open breaker the entry is refused, with the time left."""
    desk = paper_desk()
    now = desk.now_ms()

    _told(desk, **{field: now + 1})
    refused = desk.execute(entry())
    _told(desk, **{field: now})
    taken = desk.execute(entry())

    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, refusal)
    assert refused.text.endswith("in 1 ms")
    assert taken.outcome is Outcome.PROTECTED


def test_a_live_exchange_wants_somebody_who_watches() -> None:
    """Neither guarding() nor host_guards: refused. Inside guarding() it is taken."""
    desk = live_desk()

    refused = desk.execute(entry())
    with desk.manager.guarding(interval=3600):
        taken = desk.execute(entry())

    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, Refusal.UNGUARDED)
    assert taken.outcome is Outcome.PROTECTED


def test_an_overdue_duty_blocks_entries_and_alarms() -> None:
    """On a live exchange nobody called reconcile() for too long: no entry until somebody does; exits go on."""
    desk = live_desk(host_guards=True)
    desk.execute(entry("s1"))
    due_ms = desk.manager.next_due()
    assert due_ms is not None
    desk.wait((due_ms - desk.now_ms() + 10_001) / 1000)

    refused = desk.execute(entry("s2"))

    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, Refusal.OVERDUE)
    assert AlarmKind.DUTY_OVERDUE in desk.kinds()
    assert desk.execute(close(), "0.5").outcome is Outcome.REDUCED
    desk.manager.reconcile_due()
    assert desk.execute(entry("s2")).outcome is Outcome.PROTECTED


def test_a_failing_audit_log_stops_entries_and_not_exits() -> None:
    """No trade without an audit; but nobody is kept in for it, and it mends itself with the next line that is kept."""

    class FullAudit:
        full = True

        def write(self, record: object) -> None:
            if self.full:
                raise JournalError("no space left on the device")

        def close(self) -> None:
            pass

    audit = FullAudit()
    audit.full = False
    desk = paper_desk(audit=audit)
    desk.execute(entry("s1"))
    audit.full = True
    desk.execute(close(), "0.5")

    refused = desk.execute(entry("s2"))

    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, Refusal.STORE_FAILED)
    assert desk.manager.status().audit_failure == "no space left on the device"
    alarm = desk.alarms_of(AlarmKind.STORE_FAILED)[0]
    assert "the audit log cannot be written (no space left on the device)" in alarm.text
    assert "entries are taken again once a line could be written" in alarm.text
    assert desk.execute(close("c2"), None).outcome is Outcome.CLOSED
    assert held(desk.exchange) == 0
    audit.full = False
    assert desk.execute(entry("s2")).reason is Refusal.STORE_FAILED  # its own line is the first that is kept again
    assert desk.execute(entry("s2")).outcome is Outcome.PROTECTED


def test_nothing_that_stops_entries_stops_a_close() -> None:
    """Halted, frozen, overdue, without budget, behind an open breaker, unguarded: the way out stays open."""
    desk = live_desk()
    with desk.manager.guarding(interval=3600):
        desk.execute(entry())
    for refusal in (Refusal.HALTED, Refusal.FROZEN, Refusal.OVERDUE, Refusal.BREAKER, Refusal.BUDGET):
        WRONGS[refusal](desk)

    assert desk.execute(close(), None).outcome is Outcome.CLOSED
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


# --- the kill switch --------------------------------------------------------------------------------------------------


def test_the_switch_from_outside_is_obeyed_and_released() -> None:
    """Before the next entry; and when it is taken away, entries are taken again."""
    order: list[HaltOrder | None] = [HaltOrder(HaltLevel.NO_ENTRIES, "an operator")]
    desk = paper_desk(kill_switch=lambda: order[0])

    refused = desk.execute(entry())
    order[0] = None

    assert (refused.reason, "an operator" in refused.text) == (Refusal.HALTED, True)
    assert "it ends when that switch is released" in refused.text
    assert "stands again" not in refused.text
    assert desk.kinds() == [AlarmKind.HALTED]
    assert desk.execute(entry()).outcome is Outcome.PROTECTED


def test_the_switch_from_outside_flattens() -> None:
    """At its highest level what is ours is closed with the next reconcile, and only what is ours."""
    order: list[HaltOrder | None] = [None]
    desk = paper_desk(kill_switch=lambda: order[0])
    desk.execute(entry())
    trade_by_hand(desk.exchange, "BUY", "2")
    order[0] = HaltOrder(HaltLevel.FLATTEN_OURS, "an operator")

    desk.guard(10)

    assert (held(desk.exchange), resting(desk.exchange)) == (Decimal(2), [])
    report = desk.report()
    assert report.outcome is Outcome.CLOSED


def test_a_lower_order_from_outside_does_not_lower_a_halt() -> None:
    """What the host halted itself stays halted, whatever the outer switch says or does not say."""
    order: list[HaltOrder | None] = [HaltOrder(HaltLevel.NO_ENTRIES, "an operator")]
    desk = paper_desk(kill_switch=lambda: order[0])
    desk.manager.halt(HaltLevel.CANCEL_ENTRIES, reason="ourselves")

    first = desk.execute(entry())
    order[0] = None
    second = desk.execute(entry())

    assert (first.reason, second.reason) == (Refusal.HALTED, Refusal.HALTED)
    assert desk.manager.status().halt_level is HaltLevel.CANCEL_ENTRIES


def test_a_halt_of_the_host_outlives_a_stronger_one_from_outside() -> None:
    """Halted by the host, flattened from outside, released outside: the host's own halt stands until it resumes."""
    order: list[HaltOrder | None] = [None]
    desk = paper_desk(kill_switch=lambda: order[0])
    desk.manager.halt(HaltLevel.NO_ENTRIES, reason="ourselves")
    order[0] = HaltOrder(HaltLevel.FLATTEN_OURS, "an operator")
    during = desk.execute(entry())
    order[0] = None

    after = desk.execute(entry())

    assert "an operator" in during.text
    assert "the halt at NO_ENTRIES from inside, which resume() ends, stands again then" in during.text
    assert after.text.endswith("ourselves; resume() ends it")
    assert (after.reason, "ourselves" in after.text) == (Refusal.HALTED, True)
    assert restart(desk).manager.status().halt_level is HaltLevel.NO_ENTRIES
    desk.manager.resume(reason="over")
    assert desk.execute(entry()).outcome is Outcome.PROTECTED


# --- foreign size -----------------------------------------------------------------------------------------------------


def test_foreign_size_on_the_symbol_is_refused() -> None:
    """Somebody else trades there: no entry, the id stays free, and the other's size is not touched."""
    desk = paper_desk()
    trade_by_hand(desk.exchange, "BUY", "2")

    report = desk.execute(entry())

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.FOREIGN_POSITION)
    assert held(desk.exchange) == 2
    trade_by_hand(desk.exchange, "SELL", "2")
    assert desk.execute(entry()).outcome is Outcome.PROTECTED


def test_foreign_size_may_be_allowed() -> None:
    """By policy we trade beside it: our legs are for our own size, and a close leaves the other's alone."""
    desk = paper_desk(protection=ProtectionPolicy(allow_foreign_position=True))
    trade_by_hand(desk.exchange, "BUY", "2")

    report = desk.execute(entry())

    assert (report.outcome, report.filled_quantity) == (Outcome.PROTECTED, Decimal(1))
    assert [one.params["quantity"] for one in arrived(desk.exchange, "POST") if one.name in ("S1", "T1")] == ["1", "1"]
    assert desk.execute(close(), None).filled_quantity == 1
    assert held(desk.exchange) == 2


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (RiskLimits(symbols=frozenset({BOLT})), "symbols"),
        (RiskLimits(max_order_quantity="0.999"), "max_order_quantity"),
        (RiskLimits(max_order_notional="99.99"), "max_order_notional"),
        (RiskLimits(max_position_notional="99.99"), "max_position_notional"),
        (RiskLimits(max_gross_exposure="99.99"), "max_gross_exposure"),
        (RiskLimits(max_leverage=19), "max_leverage"),
        (RiskLimits(max_stop_distance="0.0499"), "max_stop_distance"),
    ],
)
def test_each_limit_refuses(limits: RiskLimits, name: str) -> None:
    """An entry of 100 quote units at leverage 20, its stop 5 % away: each limit alone, set just below, refuses it."""
    desk = paper_desk(limits=limits)

    report = desk.execute(entry())

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.LIMIT)
    assert report.text.startswith(name)
    assert arrived(desk.exchange) == []


def test_an_entry_at_every_limit_passes() -> None:
    """Exactly at the limit is within it."""
    limits = RiskLimits(
        symbols=frozenset({ACME}),
        max_order_quantity="1",
        max_order_notional="100",
        max_position_notional="100",
        max_gross_exposure="100",
        max_leverage=20,
        price_collar="0.01",
        max_stop_distance="0.05",
        max_orders_per_minute=1,
        duplicate_window_seconds=5,
        max_daily_loss="1",
        max_signal_age_seconds=60,
    )
    desk = paper_desk(limits=limits)

    assert desk.execute(entry(created_at=moment(desk, -59))).outcome is Outcome.PROTECTED


def test_the_collar_wants_mark_and_last_together() -> None:
    """When the two prices drift apart neither is trusted."""
    desk = paper_desk(limits=RiskLimits(price_collar="0.01"))
    desk.exchange.tick(ACME, last="100", mark="101.05")

    report = desk.execute(entry())

    assert (report.reason, report.text.startswith("price_collar")) == (Refusal.LIMIT, True)


def test_positions_count_into_the_limits() -> None:
    """What is held already, by whomever and on any symbol, counts."""
    desk = paper_desk(
        limits=RiskLimits(max_position_notional="300", max_gross_exposure="2250"),
        protection=ProtectionPolicy(allow_foreign_position=True),
    )
    desk.execute(entry("s1"))
    trade_by_hand(desk.exchange, "BUY", "1", symbol=BOLT)

    second = desk.execute(entry("s2"))
    third = desk.execute(entry("s3"), "1.1")

    assert second.outcome is Outcome.PROTECTED
    assert (third.reason, third.text.startswith("max_position_notional")) == (Refusal.LIMIT, True)
    fourth = desk.execute(entry("s4"), "0.6")
    assert (fourth.reason, fourth.text.startswith("max_gross_exposure")) == (Refusal.LIMIT, True)


def test_exposure_without_a_mark_price_uses_the_entry_price() -> None:
    """A position shown without a mark still counts."""
    desk = paper_desk(limits=RiskLimits(max_gross_exposure="2050"))
    trade_by_hand(desk.exchange, "BUY", "1", symbol=BOLT)

    def unmarked(itself: Callable[[], tuple[object, ...]]) -> tuple[object, ...]:
        return tuple(attrs.evolve(held, mark_price=None) for held in itself())  # type: ignore[misc]  # positions

    desk.exchange.script["positions"] = unmarked

    assert desk.execute(entry()).text.startswith("max_gross_exposure")


def test_entries_per_minute() -> None:
    """Counted over any 60 s of exchange time; a refused one does not count."""
    desk = paper_desk(limits=RiskLimits(max_orders_per_minute=2))
    desk.execute(entry("s1"))
    desk.execute(entry("s2"))

    third = desk.execute(entry("s3"))
    desk.wait(60)

    assert (third.reason, third.text.startswith("max_orders_per_minute")) == (Refusal.LIMIT, True)
    assert desk.execute(entry("s3")).outcome is Outcome.PROTECTED


def test_a_twin_is_refused_for_a_while() -> None:
    """Same symbol, direction and size under another id: once the window has passed it is a new decision."""
    desk = paper_desk(limits=RiskLimits(duplicate_window_seconds=120))
    desk.execute(entry("s1"))

    twin = desk.execute(entry("s2"))
    other = desk.execute(entry("s3"), "1.1")
    desk.wait(121)

    assert (twin.reason, twin.text.startswith("duplicate_window_seconds")) == (Refusal.LIMIT, True)
    assert other.outcome is Outcome.PROTECTED
    assert desk.execute(entry("s2")).outcome is Outcome.PROTECTED


def test_the_daily_loss_stops_entries() -> None:
    """Once so much was realised since midnight UTC; fees count."""
    desk = paper_desk(limits=RiskLimits(max_daily_loss="5"))
    desk.execute(entry("s1"))
    desk.exchange.tick(ACME, last="94.5")
    desk.guard(10)
    desk.exchange.tick(ACME, last="100")

    report = desk.execute(entry("s2"))

    assert (report.reason, report.text.startswith("max_daily_loss")) == (Refusal.LIMIT, True)


@pytest.mark.parametrize("age", [None, 61])
def test_an_old_signal_is_stale(age: int | None) -> None:
    """With an age limit a signal needs its time of creation, and must not be older."""
    desk = paper_desk(limits=RiskLimits(max_signal_age_seconds=60))

    report = desk.execute(entry(created_at=None if age is None else moment(desk, -age)))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.STALE)


@pytest.mark.parametrize("path", ["exchangeInfo", "openAlgoOrders", "premiumIndex"])
def test_facts_that_cannot_be_read_refuse(path: str) -> None:
    """Instrument, position or price unknown: no entry, and the id stays free."""
    desk = paper_desk(Fault.unreachable(method="GET", path=path, nth=1))

    report = desk.execute(entry())

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.UNREACHABLE)
    assert desk.execute(entry()).outcome is Outcome.PROTECTED


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.refused(-2015, "Invalid API-key.", 401, method="GET", path="premiumIndex"), Refusal.NOT_ALLOWED),
        (Fault.refused(-1003, "Too many requests.", 429, method="GET", path="premiumIndex"), Refusal.RATE_LIMITED),
        (Fault.refused(-1021, "Timestamp.", 400, method="GET", path="openOrders"), Refusal.CLOCK),
    ],
)
def test_a_refused_read_says_why(fault: Fault, reason: Refusal) -> None:
    """The reason of the exchange becomes the reason of the report."""
    desk = paper_desk(fault)

    report = desk.execute(entry(created_at=begun(desk)))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, reason)
