"""What people find in the audit log: every kind of thing that happens has its line."""

from __future__ import annotations

from surefill.adapters.audit import MemoryAudit
from surefill.adapters.simulated import Fault
from surefill.domain.audit_record import AuditType
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg
from surefill.domain.report import Outcome
from tests.papers import ACME, begun, by_hand, close, entry, id_of, paper_desk, restart


def test_a_long_day_leaves_a_line_of_every_kind() -> None:
    """Fills, refusals, retries, lost answers, naked minutes, a late fill, orphans, a halt: nothing is missing."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2", stop=None))
    desk.execute(entry("s3"), "5000")
    desk.exchange.faults.add(
        Fault.refused(-1008, status=503, leg="E", nth=1),
        Fault.refused(-1015, "Too many new orders.", leg="E", nth=2),
        Fault.reply_lost(leg="E", nth=3),
    )
    desk.execute(entry("s4"))
    desk.execute(close("c1"), None)
    by_hand(
        desk.exchange,
        "POST",
        "/fapi/v1/algoOrder",
        algoType="CONDITIONAL",
        symbol=ACME,
        side="SELL",
        type="STOP_MARKET",
        quantity="1",
        triggerPrice="50",
        reduceOnly="true",
        clientAlgoId=id_of("s1", Leg.STOP, 9),
    )
    desk.manager.reconcile()
    desk.exchange.faults.clear()
    desk.exchange.faults.add(Fault.refused(-1008, status=503, leg="S"))
    desk.execute(entry("s5"))
    desk.exchange.faults.clear()
    desk.execute(close("c2"), None)
    desk.exchange.faults.add(Fault.refused(-2021, "Order would immediately trigger.", leg="S"))
    desk.execute(entry("s6"))
    desk.exchange.faults.clear()
    created = begun(desk)
    lag = Fault.visibility_lag(40_000, trades=True, positions=True, until_ms=desk.now_ms() + 41_000)
    desk.exchange.faults.add(Fault.reply_lost(leg="E", nth=1), lag)
    assert desk.execute(entry("s7", created_at=created)).outcome is Outcome.NOT_FILLED
    desk.guard(120)
    desk.manager.set_leverage(ACME, 5)
    desk.manager.halt(HaltLevel.NO_ENTRIES, reason="evening")
    after = restart(desk)
    after.manager.resume(reason="morning")
    after.manager.close()

    assert isinstance(desk.audit, MemoryAudit)
    assert isinstance(after.audit, MemoryAudit)
    written = {record.type for record in (*desk.audit.records, *after.audit.records)}
    assert set(AuditType) - written == set()
    assert all(record.environment == "paper" and record.operation for record in desk.audit.records)
    times = [record.at_ms for record in desk.audit.records]
    assert times == sorted(times)


def test_a_limit_met_by_a_read_is_told_as_such() -> None:
    """So that nobody has to guess why entries pause."""
    desk = paper_desk(Fault.refused(-1003, "Too many requests.", 429, method="GET", path="premiumIndex"))

    desk.execute(entry())

    assert [line.operation for line in desk.lines(AuditType.RATE_LIMIT)] == ["read"]
    assert desk.lines(AuditType.API_ERROR) == []
