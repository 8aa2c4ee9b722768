"""What must be so after a fault, beyond the invariants."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from surefill.adapters.simulated.fault import client_id_of, leg_letter
from surefill.domain.alarm import AlarmKind
from surefill.domain.ids import Leg, stem
from surefill.domain.refusal import Refusal
from surefill.domain.report import POSITION_OPEN, ClosedBy, Outcome
from tests.chaos.matrix.case import Aftermath, Check
from tests.chaos.matrix.events import held
from tests.chaos.matrix.scenario import SIGNAL


def ends(*allowed: Outcome, reason: Refusal | None = None, closed_by: ClosedBy | None = None) -> Check:
    """Ask for one of these outcomes, for this reason, and for this end of the position."""

    def check(aftermath: Aftermath) -> Iterable[str]:
        report = aftermath.report or aftermath.told
        if report is None:
            yield "there is no report"
            return
        if report.outcome not in allowed:
            names = " or ".join(outcome.name for outcome in allowed)
            yield f"the signal ended {report.outcome.name} ({report.reason}, {report.text}), not {names}"
        elif reason is not None and report.reason is not reason:
            yield f"the reason was {report.reason}, not {reason}"
        elif closed_by is not None and report.closed_by is not closed_by:
            yield f"the position was closed by {report.closed_by}, not by {closed_by}"

    return check


def alarms(*kinds: AlarmKind) -> Check:
    """Ask for these alarms."""

    def check(aftermath: Aftermath) -> Iterable[str]:
        rung = {alarm.kind for alarm in aftermath.alarms}
        for kind in kinds:
            if kind not in rung:
                yield f"no alarm said {kind.name}; there were {sorted(each.name for each in rung)}"

    return check


def both(*checks: Check) -> Check:
    """Ask for all of it."""
    return lambda aftermath: [problem for check in checks for problem in check(aftermath)]


def either(*checks: Check) -> Check:
    """Ask for one of them; what the first misses is told when all do."""

    def check(aftermath: Aftermath) -> Iterable[str]:
        problems = [list(each(aftermath)) for each in checks]
        return [] if not all(problems) else problems[0]

    return check


def fill_told(aftermath: Aftermath) -> Iterable[str]:
    """Ask that the report tells of exactly what the entry filled, and that an open position is what it says."""
    report = aftermath.report
    if report is None or not report.type.is_entry or report.outcome is Outcome.UNKNOWN or report.provisional:
        return
    exchange = aftermath.world.exchange
    ours = stem(exchange.namespace, SIGNAL) + Leg.ENTRY.value
    rows = (row for row in exchange.ledger.rows if row["kind"] == "fill")
    fills = (row for row in rows if str(row["client_order_id"]).startswith(ours))
    filled = sum((Decimal(str(row["quantity"])) for row in fills), Decimal(0))
    if report.filled_quantity != filled:
        yield f"the report tells of {report.filled_quantity} filled, the ledger of {filled}"
    forgetful = any(alarm.kind is AlarmKind.STORE_FAILED for alarm in aftermath.alarms)
    if report.outcome in POSITION_OPEN and not held(aftermath.world) and not forgetful:
        yield f"the report says {report.outcome.name}, and nothing is held"


def flat(aftermath: Aftermath) -> Iterable[str]:
    """Ask that nothing is held."""
    amount = held(aftermath.world)
    if amount:
        yield f"{amount} is held still"


def still_holds(aftermath: Aftermath) -> Iterable[str]:
    """Ask that the position is there."""
    if not held(aftermath.world):
        yield "nothing is held any more"


def nothing_sent(aftermath: Aftermath) -> Iterable[str]:
    """Ask that no order of the signal left."""
    for carried in aftermath.calls:
        if carried.call.method == "POST" and leg_letter(client_id_of(carried.call)) is not None:
            yield f"{client_id_of(carried.call)} was sent"
            return


def one_entry(aftermath: Aftermath) -> Iterable[str]:
    """Ask that the exchange saw one entry of the signal, and no more."""
    entries = {
        client_id_of(carried.call)
        for carried in aftermath.calls
        if carried.call.method == "POST" and leg_letter(client_id_of(carried.call)) == "E"
    }
    if len(entries) > 1:
        yield f"{len(entries)} entries were sent: {', '.join(sorted(entries))}"
