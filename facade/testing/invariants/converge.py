"""I5: whatever happened on the way, the end is one that an undisturbed run could have had."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias, cast

import attrs

from surefill.domain.report import ExecutionReport
from surefill.testing.invariants.row import STEM_LENGTH, Row, leg_of
from surefill.testing.invariants.standing import Key, Standing
from surefill.testing.invariants.violation import Violation

OrderLeft: TypeAlias = tuple[str, str, str, str, str, Decimal, Decimal | None]
"""Stem and leg, symbol, kind, side, status, size and trigger of an open order: no id, no attempt number."""
ReportLeft: TypeAlias = tuple[str, Decimal, str | None, bool]
"""Outcome, filled quantity, what closed it, and whether it is provisional."""


@attrs.frozen(kw_only=True)
class EndState:
    """How a run ended, without what may differ between equal runs: times, ids and numbers of attempts.

    Attributes:
        positions: what the account holds, signed, by symbol and position side; flat places are left out.
        orders: open orders of ours, sorted.
        reports: by signal id, the latest.
        open_signals: ids the journal holds open.
    """

    positions: Mapping[Key, Decimal]
    orders: tuple[OrderLeft, ...]
    reports: Mapping[str, ReportLeft]
    open_signals: frozenset[str]

    @classmethod
    def of(
        cls, standing: Standing, *, reports: Mapping[str, ExecutionReport | None], open_signals: Iterable[str]
    ) -> EndState:
        """Take down how things stand: *standing* is a watch's own, after its last look."""
        held = {key: standing.held(key) for key in standing.held_keys()}
        return cls(
            positions={key: amount for key, amount in held.items() if amount},
            orders=tuple(sorted(_orders(standing), key=str)),
            reports={signal_id: _report(each) for signal_id, each in reports.items() if each is not None},
            open_signals=frozenset(open_signals),
        )


def same_end(one: EndState, other: EndState) -> bool:
    """Whether two runs ended alike."""
    return not differences(one, other)


def differences(one: EndState, other: EndState) -> tuple[str, ...]:
    """Return in what two ends differ, for a person; nothing when they are the same."""
    found: list[str] = []
    for name in ("positions", "orders", "reports", "open_signals"):
        here, there = getattr(one, name), getattr(other, name)
        if here != there:
            found.append(f"{name}: {_shown(here)} against {_shown(there)}")
    return tuple(found)


def converged(end: EndState, undisturbed: Iterable[EndState], *, now_ms: int) -> tuple[Violation, ...]:
    """Return a violation unless *end* is one of those that undisturbed runs had."""
    nearest: tuple[str, ...] | None = None
    for each in undisturbed:
        found = differences(end, each)
        if not found:
            return ()
        nearest = found if nearest is None or len(found) < len(nearest) else nearest
    text = "no undisturbed run ended so: " + "; ".join(nearest or ("there was none to compare with",))
    return (Violation(invariant="I5", time_ms=now_ms, text=text, symbol=""),)


def unmoved(before: EndState, after: EndState, rows: Iterable[Row], *, now_ms: int) -> tuple[Violation, ...]:
    """Return in what a restart at rest changed anything: *rows* are those it added to the ledger."""
    found = [f"it changed {each}" for each in differences(before, after)]
    found += [f"it sent {each}" for each in _deeds(rows)]
    return tuple(
        Violation(invariant="I5", time_ms=now_ms, text=f"a restart at rest is no rest: {each}", symbol="")
        for each in found
    )


def _orders(standing: Standing) -> Iterator[OrderLeft]:
    for key in standing.order_keys():
        for order in standing.orders(key):
            name = f"{order.client_id[:STEM_LENGTH]}{leg_of(order.client_id)}"
            place = "/".join(key)
            yield name, place, order.kind, order.side, order.status, order.quantity.normalize(), order.trigger


def _report(report: ExecutionReport) -> ReportLeft:
    closed_by = None if report.closed_by is None else report.closed_by.value
    return report.outcome.value, report.filled_quantity.normalize(), closed_by, report.provisional


def _deeds(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        if row["kind"] == "request" and row["method"] != "GET":
            sent = cast("dict[str, str]", json.loads(str(row["params"])))
            names = ("newClientOrderId", "clientAlgoId", "origClientOrderId")
            what = next((sent[name] for name in names if name in sent), "")
            yield f"{row['method']} {row['path']} {what}".rstrip()


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return "{" + ", ".join(f"{key}: {entries[key]}" for key in sorted(entries, key=str)) + "}"
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(str, cast("frozenset[object]", value)))) + "}"
    return str(value)
