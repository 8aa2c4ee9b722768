"""A report as people read it, and as machines do."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from surefill.cli.moments import iso
from surefill.cli.result import position_json
from surefill.domain.numbers import plain
from surefill.domain.order import Order
from surefill.domain.report import ExecutionReport, Outcome

AS_ASKED: Final = frozenset({Outcome.PROTECTED, Outcome.OPEN, Outcome.CLOSED, Outcome.REDUCED, Outcome.ALREADY_FLAT})
"""Outcomes after which nobody has to look."""


def report_json(report: ExecutionReport) -> dict[str, object]:
    """Return every fact of a report; numbers are texts."""
    return {
        "signal_id": report.signal_id,
        "symbol": report.symbol,
        "type": report.type.value,
        "outcome": report.outcome.value,
        "reason": None if report.reason is None else report.reason.name,
        "text": report.text,
        "filled_quantity": plain(report.filled_quantity),
        "average_price": _text(report.average_price),
        "entry": _order_json(report.entry),
        "stop_loss": _order_json(report.stop_loss),
        "take_profit": _order_json(report.take_profit),
        "exit": _order_json(report.exit),
        "closed_by": None if report.closed_by is None else report.closed_by.value,
        "position": None if report.position is None else position_json(report.position),
        "naked_seconds": _text(report.naked_seconds),
        "provisional": report.provisional,
        "corrections": [
            {"at": iso(each.at_ms), "outcome": each.outcome.value, "text": each.text} for each in report.corrections
        ],
        "at": iso(report.at_ms),
    }


def report_rows(report: ExecutionReport) -> list[tuple[str, str]]:
    """Return what a trader wants to know, as pairs of name and value; what there is none of is left out."""
    outcome = report.outcome.value if report.reason is None else f"{report.outcome.value} ({report.reason.name})"
    rows = [("signal", f"{report.signal_id} {report.type.value} {report.symbol}"), ("outcome", outcome)]
    if report.text:
        rows.append(("", report.text))
    if report.filled_quantity:
        at = "" if report.average_price is None else f" at {plain(report.average_price)}"
        rows.append(("filled", f"{plain(report.filled_quantity)}{at}"))
    for name, order in (("stop", report.stop_loss), ("target", report.take_profit)):
        if order is not None:
            rows.append((name, f"{_text(order.trigger_price)} {order.status.value}"))
    if report.closed_by is not None:
        rows.append(("closed by", report.closed_by.value))
    if report.position is not None:
        held = report.position
        rows.append(("position", f"{held.direction.value} {plain(held.quantity)} at {plain(held.entry_price)}"))
    if report.naked_seconds is not None:
        rows.append(("naked", f"{plain(report.naked_seconds)} s"))
    if report.provisional:
        rows.append(("", "provisional: it rests on what was not seen, and is still being watched"))
    rows += [("corrected", f"{iso(each.at_ms)} {each.outcome.value}: {each.text}") for each in report.corrections]
    return rows


def report_table(title: str, report: ExecutionReport) -> RenderableType:
    """Return the same as a table under its title."""
    made = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, value in report_rows(report):
        made.add_row(Text(name, style="bold"), Text(value))
    return Group(Text(title), made)


def _order_json(order: Order | None) -> dict[str, object] | None:
    if order is None:
        return None
    return {
        "client_id": order.client_id,
        "order_id": order.exchange_id,
        "side": order.side.value,
        "quantity": plain(order.quantity),
        "executed_quantity": plain(order.executed_quantity),
        "average_price": _text(order.average_price),
        "trigger_price": _text(order.trigger_price),
        "status": order.status.value,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
