"""What the dead left behind, held against what happened at the exchange."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final, cast

from surefill.adapters.audit import audit_files
from surefill.adapters.journal import SqliteJournal
from surefill.domain.alarm import Alarm, AlarmKind
from surefill.domain.ids import stem
from surefill.domain.report import ExecutionReport
from surefill.testing.invariants import Asked, WriteAhead, check, file_faults
from surefill.testing.invariants.evidence import Kept
from surefill.testing.invariants.row import ZERO, Row, number, text
from surefill.testing.invariants.standing import Standing, stop_size
from surefill.wiring import demo_exchange_info
from tests.chaos.kill.campaign import Campaign
from tests.chaos.kill.trades import NAMESPACE

_ALWAYS: Final = ("I1", "I7", "I10")
"""What a bare ledger can tell although for a part of the time nobody lived."""


def problems(campaign: Campaign, rows: tuple[Row, ...], now_ms: int) -> Iterator[str]:
    """Yield every promise that a campaign broke, once its last process is done: *rows* is the whole ledger."""
    if campaign.problem is not None:
        yield campaign.problem
        return
    asked = {
        stem(NAMESPACE, each.signal.id): Asked.of(each.signal, each.quantity)
        for each in campaign.wanted
        if each.signal.type.is_entry and each.quantity is not None
    }
    for violation in check(rows, now_ms=now_ms, exchange_info=demo_exchange_info(), asked=asked):
        if violation.invariant in _ALWAYS:
            yield f"{violation.invariant} at {violation.time_ms}: {violation.text}"
    yield from _left(rows)
    with SqliteJournal(campaign.folder / "journal.db") as journal:
        journal.verify()
        yield from _ahead(journal, rows, _alarms(campaign.folder / "alarms.jsonl"))
        yield from _reports(journal, rows)
    for path in audit_files(campaign.folder / "audit"):
        yield from (f"I9: {path.name}: {fault}" for fault in file_faults(path, torn_end=True))


def _left(rows: tuple[Row, ...]) -> Iterator[str]:
    """At the end every position is covered by a live stop, and nothing is open without one."""
    standing = Standing()
    for row in rows:
        standing.apply(row)
    for key in {*standing.held_keys(), *standing.order_keys()}:
        ours = standing.ours(key)
        if stop_size(standing, key) < abs(ours):
            yield f"I2: {ours} {key[0]} stands at the end without a stop of that size"
        for kind in ("stop", "target", "market"):
            size = sum(order.quantity for order in standing.orders(key) if order.kind == kind)
            if size > abs(ours):
                yield f"I3: {kind} orders of {size} are open at the end beside a position of {ours} {key[0]}"


def _ahead(journal: SqliteJournal, rows: tuple[Row, ...], alarms: Iterable[Alarm]) -> Iterator[str]:
    """Every order at the exchange has its intent: the same id, timestamp and digest."""
    ahead = WriteAhead()
    for alarm in alarms:
        ahead.hear(alarm)
    for name in journal.signal_ids():
        for event in journal.events_of(name):
            ahead.keep(Kept(event=event, at_ms=event.at_ms, after_seq=0, owner=1))
    for row in rows:
        if row["kind"] == "request":
            sent = cast("dict[str, str]", json.loads(text(row, "params")))
            yield from (f"I4: {violation.text}" for violation in ahead.request(row, sent))


def _reports(journal: SqliteJournal, rows: tuple[Row, ...]) -> Iterator[str]:
    """No report says that more was filled than was."""
    filled: dict[str, Decimal] = {}
    for row in rows:
        if row["kind"] == "fill":
            leg = text(row, "client_order_id").rstrip("0123456789")
            filled[leg] = filled.get(leg, ZERO) + number(row, "quantity")
    for name in journal.signal_ids():
        report = _latest(journal, name)
        if report is None:
            continue
        executed = filled.get(f"{stem(NAMESPACE, name)}{'E' if report.type.is_entry else 'X'}", ZERO)
        if report.filled_quantity > executed:
            yield f"I11: {name!r} was reported with {report.filled_quantity} filled, the exchange filled {executed}"


def _alarms(path: Path) -> Iterator[Alarm]:
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        told = json.loads(line)
        yield Alarm(AlarmKind[told["kind"]], told["at_ms"], told["text"], told["symbol"])


def _latest(journal: SqliteJournal, name: str) -> ExecutionReport | None:
    reports = [report for event in journal.events_of(name) if (report := getattr(event, "report", None)) is not None]
    return reports[-1] if reports else None
