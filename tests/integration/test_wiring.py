"""The usual parts, put together: a whole desk in a folder, and what others may do with that folder meanwhile."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

import surefill
from surefill.adapters.audit import JsonLinesAudit
from surefill.adapters.simulated import Fault, FaultPlan
from surefill.domain.alarm import Alarm, AlarmKind
from surefill.domain.errors import ConfigurationError, JournalError
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg, client_id
from surefill.domain.limits import RiskLimits
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.report import Outcome
from surefill.domain.retry_policy import RetryPolicy
from surefill.domain.timings import Timings
from surefill.wiring import (
    audit_files,
    audit_folder,
    journal_path,
    open_manager,
    paper_exchange,
    paper_manager,
    read_audit,
    read_journal,
    read_kill_file,
    remove_kill_file,
    verify_audit,
    write_kill_file,
)
from tests.exchange_info import START_MS, WALLET
from tests.papers import ACME, close, entry, held, listing, rows


def account(*faults: Fault) -> surefill.adapters.simulated.SimulatedExchange:  # type: ignore[name-defined]  # a submodule
    """A paper account, quoted on one symbol."""
    exchange = paper_exchange(listing(), balances=WALLET, start_ms=START_MS, faults=FaultPlan(*faults))
    exchange.tick(ACME, last=Decimal(100))
    return exchange


def test_a_folder_holds_everything(tmp_path: Path) -> None:
    """Journal, audit log and kill file in one place; closed, opened again, the truth is the same."""
    exchange = account()
    with open_manager(exchange, state_dir=tmp_path, namespace="bot-7") as manager:
        first = manager.execute_signal(entry(), "1")
        assert first.outcome is Outcome.PROTECTED

    with open_manager(exchange, state_dir=tmp_path, namespace="bot-7") as manager:
        assert manager.execute_signal(entry(), "1") == first
        assert manager.execute_signal(close(), None).outcome is Outcome.CLOSED

    assert journal_path(tmp_path).is_file()
    (file,) = audit_files(audit_folder(tmp_path))
    assert verify_audit(file).whole
    assert {line["event_type"] for line in read_audit(audit_folder(tmp_path))} >= {"order_placed", "protection_placed"}
    assert {order["client_order_id"] for order in exchange.ledger.rows if order["kind"] == "fill"} == {
        client_id("bot-7", "s1", Leg.ENTRY, 1),
        client_id("bot-7", "c1", Leg.EXIT, 1),
    }


def test_one_folder_one_owner(tmp_path: Path) -> None:
    """A second manager on the same journal is refused; after the first is closed it may come."""
    exchange = account()
    with open_manager(exchange, state_dir=tmp_path), pytest.raises(JournalError):
        open_manager(exchange, state_dir=tmp_path)

    open_manager(exchange, state_dir=tmp_path).close()


def test_parts_that_do_not_fit_release_the_journal(tmp_path: Path) -> None:
    """A mistake in the wiring leaves no lock behind."""
    exchange = account()

    with pytest.raises(surefill.ValidationError, match="namespace"):
        open_manager(exchange, state_dir=tmp_path, namespace=" ")

    open_manager(exchange, state_dir=tmp_path).close()


def test_what_is_handed_in_is_used(tmp_path: Path) -> None:
    """Policies, limits, timings, the audit folder and the bell reach the manager."""
    alarms: list[Alarm] = []
    exchange = account(Fault.unreachable(leg="S"))
    with open_manager(
        exchange,
        state_dir=tmp_path / "state",
        audit_dir=tmp_path / "audit",
        alerts=alarms.append,
        retry=RetryPolicy(max_retries=0),
        protection=ProtectionPolicy(require_stop=False),
        limits=RiskLimits(max_order_quantity="1"),
        timings=Timings(protect_soft_ms=1_000, protect_hard_ms=2_000, drain_ms=1),
        host_guards=True,
    ) as manager:
        report = manager.execute_signal(entry("s1"), "1")
        limited = manager.execute_signal(entry("s2"), "2")

    fill_ms = int(rows(exchange, "fill")[0]["time_ms"])  # type: ignore[arg-type]  # a row of the ledger
    assert report.outcome is Outcome.UNPROTECTED
    assert (limited.reason, limited.outcome) == (Refusal.LIMIT, Outcome.REFUSED)
    assert next(alarm.kind for alarm in alarms) is AlarmKind.UNPROTECTED
    assert alarms[0].at_ms - fill_ms <= 1_100
    assert audit_files(tmp_path / "audit")
    assert not audit_folder(tmp_path / "state").exists()


def test_reads_are_retried_and_sends_are_not(tmp_path: Path) -> None:
    """A read before the entry survives a short outage; the entry itself is not repeated blindly."""
    exchange = account(Fault.unreachable(method="GET", path="premiumIndex", nth=1), Fault.reply_lost(leg="E"))
    with open_manager(exchange, state_dir=tmp_path) as manager:
        report = manager.execute_signal(entry(), "1")

    assert report.outcome is Outcome.PROTECTED
    assert held(exchange) == 1


def test_each_retry_of_a_read_is_a_line(tmp_path: Path) -> None:
    """What was read, which attempt failed with what, and how long the next one waits: all in the audit log."""
    exchange = account(Fault.unreachable(method="GET", path="premiumIndex", nth=1), Fault.unreachable(path="balance"))
    with open_manager(exchange, state_dir=tmp_path, retry=RetryPolicy(max_retries=2)) as manager:
        manager.execute_signal(entry(), "1")
        with pytest.raises(surefill.ExchangeUnavailableError):
            manager.get_account_balance()

    lines = [line for line in read_audit(audit_folder(tmp_path)) if line["event_type"] == "retry_attempt"]
    told = [(line["operation"], line["symbol"], line["response"]["attempt"]) for line in lines]  # type: ignore[index]  # JSON
    assert told == [("reference", ACME, 1), ("balance", None, 1), ("balance", None, 2)]
    assert [line["response"]["wait_ms"] for line in lines] == [1_000, 1_000, 2_000]  # type: ignore[index]  # JSON
    assert all(line["environment"] == "paper" for line in lines)


def test_a_paper_manager_audits_its_retries_too(tmp_path: Path) -> None:
    """Without a state directory as well."""
    exchange = account(Fault.unreachable(path="balance", nth=1))
    with paper_manager(exchange, audit_dir=tmp_path) as manager:
        manager.get_account_balance()

    assert "retry_attempt" in {line["event_type"] for line in read_audit(tmp_path)}


def test_a_full_disk_under_a_retry_neither_ends_the_read_nor_goes_in_circles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One failed line for one retry; the read is answered, and the next line of the manager's own stops entries."""
    exchange = account(Fault.unreachable(path="balance", nth=1))
    failed: list[object] = []

    def full(_: JsonLinesAudit, record: object) -> None:
        failed.append(record)
        raise JournalError("no space left on the device")

    with open_manager(exchange, state_dir=tmp_path) as manager:
        manager.execute_signal(entry("s1"), "1")
        monkeypatch.setattr(JsonLinesAudit, "write", full)
        balance = manager.get_account_balance()
        tried = len(failed)
        manager.execute_signal(close(), None)
        refused = manager.execute_signal(entry("s2"), "1")
        monkeypatch.undo()

    assert (balance.asset, tried) == ("USDT", 1)
    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, Refusal.STORE_FAILED)


def test_what_the_host_built_stays_open(tmp_path: Path) -> None:
    """Closing the manager closes nothing that was handed in, unless the host asks for it; that comes last, and once."""
    closed: list[bool] = []
    exchange = account()
    with open_manager(exchange, state_dir=tmp_path):
        pass
    assert exchange.positions() == ()

    manager = open_manager(exchange, state_dir=tmp_path, on_close=lambda: closed.append(journal_free(tmp_path)))
    manager.close()
    manager.close()

    assert closed == [True]


def journal_free(state_dir: Path) -> bool:
    """Whether a manager can have that folder now."""
    open_manager(account(), state_dir=state_dir).close()
    return True


def test_the_kill_file_reaches_the_owner(tmp_path: Path) -> None:
    """Written by anybody, without a lock; obeyed before the next entry, released when it is taken away."""
    exchange = account()
    with open_manager(exchange, state_dir=tmp_path) as manager:
        path = write_kill_file(tmp_path, HaltLevel.NO_ENTRIES, "the operator")
        order = read_kill_file(tmp_path)
        halted = manager.execute_signal(entry(), "1")
        assert remove_kill_file(tmp_path)
        assert not remove_kill_file(tmp_path)
        taken = manager.execute_signal(entry(), "1")

    assert path.parent == tmp_path
    assert order is not None
    assert (order.level, order.reason) == (HaltLevel.NO_ENTRIES, "the operator")
    assert (halted.reason, "the operator" in halted.text) == (Refusal.HALTED, True)
    assert taken.outcome is Outcome.PROTECTED
    assert read_kill_file(tmp_path) is None


def test_the_journal_may_be_read_while_its_owner_runs(tmp_path: Path) -> None:
    """Without the lock, and without writing."""
    exchange = account()
    with open_manager(exchange, state_dir=tmp_path) as manager:
        manager.execute_signal(entry(), "1")
        with read_journal(tmp_path) as journal:
            assert journal.signal_ids() == ("s1",)
            assert journal.events_of("s1")


def test_a_folder_without_a_journal_is_no_state_directory(tmp_path: Path) -> None:
    """Reading does not make one."""
    with pytest.raises(ConfigurationError, match="no state directory"):
        read_journal(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_paper_manager_leaves_nothing_behind(tmp_path: Path) -> None:
    """Everything in memory, unless a folder is named for the audit log or for all of it."""
    exchange = account()
    with paper_manager(exchange) as manager:
        assert manager.execute_signal(entry("s1"), "1").outcome is Outcome.PROTECTED
    assert list(tmp_path.iterdir()) == []

    with paper_manager(account(), audit_dir=tmp_path / "audit") as manager:
        manager.execute_signal(entry("s1"), "1")
    assert [path.name for path in tmp_path.iterdir()] == ["audit"]

    with paper_manager(account(), state_dir=tmp_path / "state") as manager:
        manager.execute_signal(entry("s1"), "1")
    assert journal_path(tmp_path / "state").is_file()


def test_a_full_disk_under_the_audit_log_stops_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the real audit log: entries are refused, the close goes on, the alarm is loud."""
    alarms: list[Alarm] = []
    exchange = account()
    with open_manager(exchange, state_dir=tmp_path, alerts=alarms.append) as manager:
        manager.execute_signal(entry("s1"), "1")

        def full(_: JsonLinesAudit, __: object) -> None:
            raise JournalError("no space left on the device")

        monkeypatch.setattr(JsonLinesAudit, "write", full)
        closed = manager.execute_signal(close(), None)
        refused = manager.execute_signal(entry("s2"), "1")
        monkeypatch.undo()

    assert closed.outcome is Outcome.CLOSED
    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, Refusal.STORE_FAILED)
    assert {alarm.kind for alarm in alarms} == {AlarmKind.STORE_FAILED}


def test_an_exchange_info_from_a_file(tmp_path: Path) -> None:
    """As saved from the exchange."""
    file = tmp_path / "exchangeInfo.json"
    file.write_text(json.dumps(listing()), encoding="utf-8")

    exchange = paper_exchange(str(file), balances=WALLET, start_ms=START_MS, seed=3, namespace="desk")

    assert exchange.instrument(ACME).symbol == ACME
    assert exchange.namespace == "desk"
