"""What is right after a fault, in checks that cases combine."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from surefill.adapters.wire.call import Call
from surefill.domain.alarm import AlarmKind
from surefill.domain.refusal import Refusal
from surefill.domain.report import ClosedBy, Outcome
from tests.chaos.matrix.case import Aftermath, Check


def ended(*outcomes: Outcome) -> Check:
    """Ask that the signal under test ended in one of these ways."""

    def check(aftermath: Aftermath) -> Iterable[str]:
        found = None if aftermath.report is None else aftermath.report.outcome
        if found not in outcomes:
            yield f"the signal must end {' or '.join(each.name for each in outcomes)}, was {found and found.name}"

    return check


def refused(*reasons: Refusal) -> Check:
    """Ask that no entry took effect, for one of these reasons, and that the id was given back."""

    def check(aftermath: Aftermath) -> Iterable[str]:
        if aftermath.report is not None:
            yield f"the signal must be refused and its id given back, was {aftermath.report.outcome.name}"
        told = aftermath.told
        if told is None or told.outcome is not Outcome.REFUSED or told.reason not in reasons:
            yield f"it must be refused for {' or '.join(each.name for each in reasons)}, was told {told}"

    return check


def stopped_out(aftermath: Aftermath) -> Iterable[str]:
    """Ask that the stop did its work: filled, protected, and closed by it when the market went through it."""
    report = aftermath.report
    if report is None or report.outcome is not Outcome.CLOSED or report.closed_by is not ClosedBy.STOP_LOSS:
        yield f"the stop must have closed it, was {report and (report.outcome.name, report.closed_by, report.reason)}"


def not_filled(aftermath: Aftermath) -> Iterable[str]:
    """Ask for NOT_FILLED, provisional, and under watch."""
    report = aftermath.report
    if report is None or report.outcome is not Outcome.NOT_FILLED or not report.provisional:
        yield f"it must be NOT_FILLED and provisional, was {report and (report.outcome.name, report.provisional)}"


def sound(aftermath: Aftermath) -> Iterable[str]:
    """Ask that it was refused, or opened, protected and in the end closed: by its stop, or because it was told to."""
    if aftermath.report is None:
        told = aftermath.told
        if told is None or told.outcome is not Outcome.REFUSED:
            yield f"without a report it must have been refused, was told {told}"
    elif aftermath.report.outcome is not Outcome.CLOSED:
        yield f"it must have been closed by its stop, was {aftermath.report.outcome.name}"


def alarmed(*kinds: AlarmKind) -> Check:
    """Ask for an alarm of one of these kinds."""

    def check(aftermath: Aftermath) -> Iterable[str]:
        heard = {alarm.kind for alarm in aftermath.alarms}
        if not heard & set(kinds):
            yield f"{' or '.join(kind.name for kind in kinds)} must ring, heard {sorted(each.name for each in heard)}"

    return check


def sent(count: int, concerns: Callable[[Call], bool], what: str) -> Check:
    """Ask for exactly so many requests."""

    def check(aftermath: Aftermath) -> Iterable[str]:
        found = sum(1 for carried in aftermath.calls if concerns(carried.call))
        if found != count:
            yield f"{what} must be sent {count} times, was {found}"

    return check


def sent_once(aftermath: Aftermath) -> Iterable[str]:
    """Ask that the step's request was made once: what may have been executed is not sent again."""
    return sent(1, aftermath.step.concerns, aftermath.step.value)(aftermath)


def every(*checks: Check) -> Check:
    """Ask for all of them."""

    def check(aftermath: Aftermath) -> Iterable[str]:
        for each in checks:
            yield from each(aftermath)

    return check
