"""I9: whatever happened to an order of ours stands in the audit log, and the log itself is whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final, cast

import attrs

from surefill.domain.alarm import Alarm, AlarmKind
from surefill.domain.audit_record import AuditRecord, AuditType
from surefill.testing.invariants.row import STEM_LENGTH, Row, leg_of, text, time_ms
from surefill.testing.invariants.violation import Violation

_FIELDS: Final = (
    "timestamp",
    "event_type",
    "operation",
    "symbol",
    "order_data",
    "response",
    "signal_id",
    "client_order_id",
    "environment",
    "seq",
    "prev_hash",
)
_CANCELS: Final = frozenset({AuditType.ORDERS_CANCELLED, AuditType.ORPHAN_CANCELLED})


@attrs.define(kw_only=True)
class Audited:
    """Each order of ours that the exchange took, refused, filled or cancelled has a line that says so, by its id.

    Exempt are orders of a journal that was lost, what others cancelled, and, once the audit log failed and an alarm
    said so, all that was owed then (a fill may be found long after it happened) or comes after.
    """

    _owed: dict[tuple[str, str], tuple[int, str]] = attrs.field(factory=dict[tuple[str, str], tuple[int, str]])
    _written: set[tuple[str, str]] = attrs.field(factory=set[tuple[str, str]])
    _requests: dict[int, tuple[str, str]] = attrs.field(factory=dict[int, tuple[str, str]])
    _failed: bool = False
    _cause: str = ""

    def hear(self, alarm: Alarm) -> None:
        """Take in an alarm."""
        self._failed = self._failed or alarm.kind is AlarmKind.STORE_FAILED

    def forget(self) -> None:
        """Note that the journal was lost: what its owner had not told of, nobody can."""
        self._owed.clear()

    def request(self, row: Row, sent: Mapping[str, str]) -> None:
        """Note what reached the exchange, to tell whose doing the rows behind it are."""
        self._cause = str(row["method"])
        client_id = sent.get("newClientOrderId") or sent.get("clientAlgoId") or ""
        if row["method"] == "POST" and leg_of(client_id) is not None:
            self._requests[int(str(row["seq"]))] = client_id, sent.get("symbol", "")

    def by_hand(self) -> None:
        """Note that what follows, up to the answer, is somebody else's doing."""
        self._cause = "others"

    def row(self, row: Row) -> None:
        """Note what the log owes."""
        match row["kind"]:
            case "answer":
                self._cause = ""
                asked = self._requests.pop(int(str(row["request_seq"])), None)
                if asked is not None:
                    self._owe("refused", asked[0], row, asked[1])
            case "order" | "algo":
                client_id = text(row, "client_algo_id" if row["kind"] == "algo" else "client_order_id")
                what = {("NEW", "POST"): "placed", ("CANCELED", "DELETE"): "cancelled"}.get(
                    (text(row, "status"), self._cause)
                )
                if what is not None and leg_of(client_id) is not None:
                    self._owe(what, client_id, row, text(row, "symbol"))
            case "fill":
                client_id = text(row, "client_order_id")
                if leg_of(client_id) is not None:
                    self._owe("filled", client_id, row, text(row, "symbol"))
            case _:
                return

    def write(self, record: AuditRecord) -> None:
        """Take in a line."""
        for what, client_id in _said(record):
            self._written.add((what, client_id))
            self._owed.pop((what, client_id), None)

    def at_rest(self, *, forgotten: Iterable[str]) -> Iterator[Violation]:
        """Judge what is owed still at the end of a run."""
        lost = frozenset(forgotten)
        for (what, client_id), (at_ms, symbol) in self._owed.items():
            if client_id[:STEM_LENGTH] not in lost and not self._failed:
                problem = f"no line of the audit log says that {client_id} was {what}"
                yield Violation(invariant="I9", time_ms=at_ms, text=problem, symbol=symbol)
        self._owed.clear()

    def _owe(self, what: str, client_id: str, row: Row, symbol: str) -> None:
        if (what, client_id) not in self._written:
            self._owed.setdefault((what, client_id), (time_ms(row), symbol))


def file_faults(path: Path, *, torn_end: bool = False) -> tuple[str, ...]:
    """Return what is wrong with an audit file: see `line_faults`."""
    return line_faults(path.read_bytes().splitlines(keepends=True), torn_end=torn_end)


def line_faults(lines: Iterable[bytes], *, torn_end: bool = False) -> tuple[str, ...]:
    """Return what is wrong with the lines of one audit file, each with its newline.

    Each is one JSON object with the known fields in their order; `seq` counts from 1 without a gap; `prev_hash` is the
    SHA-256 of the line before without its newline, 64 zeros for the first.

    Args:
        lines: from the first on.
        torn_end: the process was killed, and nobody has opened the file since: its last line may be cut short.
    """
    found: list[str] = []
    before = "0" * 64
    everything = list(lines)
    for number, line in enumerate(everything, 1):
        if not line.endswith(b"\n"):
            if number < len(everything) or not torn_end:
                found.append(f"line {number} is torn")
            break
        try:
            fields: object = json.loads(line)
        except ValueError:
            fields = None
        if not isinstance(fields, dict) or tuple(cast("dict[str, object]", fields)) != _FIELDS:
            found.append(f"line {number} is not an object with the fields of an audit line")
            break
        values = cast("dict[str, object]", fields)
        if values["seq"] != number:
            found.append(f"line {number} has the seq {values['seq']!a}")
        if values["prev_hash"] != before:
            found.append(f"line {number} does not carry the hash of the line before")
        before = sha256(line[:-1]).hexdigest()
    return tuple(found)


def _said(record: AuditRecord) -> Iterator[tuple[str, str]]:
    """Yield what a line says of which order."""
    response = record.response
    if record.type in _CANCELS and record.client_order_id is None:
        listed = response.get("cancelled")
        for client_id in cast("list[object]", listed) if isinstance(listed, list) else []:
            yield "cancelled", str(client_id)
    client_id = record.client_order_id
    if client_id is None:
        return
    yield "placed", client_id
    yield "refused", client_id
    shown = response.get("order")
    order = cast("Mapping[str, object]", shown) if isinstance(shown, dict) else response
    if record.type in _CANCELS or order.get("status") == "CANCELED":
        yield "cancelled", client_id
    executed = order.get("executed_quantity", response.get("executed", "0"))
    if any(digit in "123456789" for digit in str(executed)):
        yield "filled", client_id
