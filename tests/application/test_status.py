"""How the manager stands, without a single request."""

from __future__ import annotations

from surefill.adapters.simulated import Fault
from surefill.domain.events import Frozen, Thawed
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg
from surefill.domain.refusal import Refusal
from surefill.domain.report import Outcome
from surefill.ports.kill_switch import HaltOrder
from tests.papers import ACME, begun, entry, id_of, paper_desk, paper_exchange, restart, rows


def test_a_new_desk_is_quiet() -> None:
    """Nothing open, nothing wrong, guarded because a paper exchange stands still meanwhile."""
    desk = paper_desk()

    status = desk.manager.status()

    assert (status.environment, status.at_ms) == ("paper", desk.now_ms())
    assert (status.halt_level, status.halt_reason) == (HaltLevel.NONE, "")
    assert (status.halt_outside, status.own_halt_level) == (False, HaltLevel.NONE)
    assert (status.frozen, status.duties) == ((), ())
    assert (status.journal_failure, status.audit_failure) == (None, None)
    assert (status.guarded, status.closing) == (True, False)
    assert {each.name for each in status.capacity.allowances} >= {"weight/1m", "orders/1m"}
    assert rows(desk.exchange, "request") == []


def test_a_live_exchange_is_guarded_by_somebody_only() -> None:
    """By a guarding() block, or by the host's word."""
    exchange = paper_exchange()
    desk, hosted = paper_desk(exchange=exchange), paper_desk(exchange=exchange, host_guards=True)
    exchange.pretends_real_time = True

    assert not desk.manager.status().guarded
    assert hosted.manager.status().guarded
    with desk.manager.guarding(interval=3600):
        assert desk.manager.status().guarded
    assert not desk.manager.status().guarded


def test_whether_a_halt_waits_for_resume_is_shown() -> None:
    """From outside, from inside, and one behind the other: a host sees whether it must call resume() itself."""
    order: list[HaltOrder | None] = [HaltOrder(HaltLevel.FLATTEN_OURS, "an operator")]
    desk = paper_desk(kill_switch=lambda: order[0])
    shown: list[tuple[HaltLevel, bool, HaltLevel]] = []

    def look() -> None:
        desk.manager.reconcile()
        status = desk.manager.status()
        shown.append((status.halt_level, status.halt_outside, status.own_halt_level))

    look()
    order[0] = None
    desk.manager.halt(HaltLevel.NO_ENTRIES, reason="ourselves")
    look()
    order[0] = HaltOrder(HaltLevel.FLATTEN_OURS, "an operator")
    look()
    order[0] = None
    look()
    desk.manager.resume(reason="over")
    look()

    assert shown == [
        (HaltLevel.FLATTEN_OURS, True, HaltLevel.NONE),
        (HaltLevel.NO_ENTRIES, False, HaltLevel.NO_ENTRIES),
        (HaltLevel.FLATTEN_OURS, True, HaltLevel.NO_ENTRIES),
        (HaltLevel.NO_ENTRIES, False, HaltLevel.NO_ENTRIES),
        (HaltLevel.NONE, False, HaltLevel.NONE),
    ]


def test_frozen_symbols_are_named_with_the_reason() -> None:
    """An open question freezes; so does an explicit freeze, which survives a restart until it is thawed."""
    desk = paper_desk()
    created = begun(desk)
    desk.exchange.faults.add(Fault.reply_lost(leg="E"), Fault.visibility_lag(25_000, until_ms=desk.now_ms() + 40_000))
    desk.execute(entry(created_at=created))

    ((symbol, why),) = desk.manager.status().frozen

    assert symbol == ACME
    assert id_of("s1", Leg.ENTRY) in why
    desk.manager._desk.record(Frozen(desk.now_ms(), ACME, "by an operator"))
    assert desk.manager.status().frozen == ((ACME, "by an operator"),)
    after = restart(desk)
    refused = after.execute(entry("s2"))
    assert (refused.reason, refused.text) == (Refusal.FROZEN, "by an operator")
    after.manager._desk.record(Thawed(after.now_ms(), ACME))
    after.exchange.faults.clear()
    after.guard(60)
    assert after.execute(entry("s2")).outcome is Outcome.PROTECTED


def test_a_halt_is_shown() -> None:
    """With its level and its reason."""
    desk = paper_desk()
    desk.manager.halt(HaltLevel.CANCEL_ENTRIES, reason="news")

    status = desk.manager.status()

    assert (status.halt_level, status.halt_reason) == (HaltLevel.CANCEL_ENTRIES, "news")
    desk.manager.resume(reason="over")
    assert desk.manager.status().halt_level is HaltLevel.NONE


def test_closing_is_shown() -> None:
    """After close() it says so."""
    desk = paper_desk()
    desk.manager.close()

    assert desk.manager.status().closing
