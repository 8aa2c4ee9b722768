"""What is right after a fault of the wire, in checks that cases combine."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from surefill.adapters.simulated.fault import client_id_of
from surefill.adapters.wire.call import Call
from surefill.domain.alarm import AlarmKind
from surefill.domain.events import Answered
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from surefill.domain.report import Outcome
from tests.chaos.matrix.case import Aftermath, Check
from tests.chaos.matrix.steps import SENDS


def refused(*reasons: Refusal) -> Check:
    """Ask that no entry took effect, for one of these reasons, and that the id was given back."""

    def check(aftermath: Aftermath) -> Iterable[str]:
        if aftermath.report is not None:
            yield f"the signal must be refused and its id given back, was {aftermath.report.outcome.name}"
        told = aftermath.told
        if told is None or told.outcome is not Outcome.REFUSED or told.reason not in reasons:
            yield f"it must be refused for {' or '.join(each.name for each in reasons)}, was told {_said(aftermath)}"

    return check


def rejected(*reasons: Refusal) -> Check:
    """Ask that the exchange's refusal is the signal's end."""

    def check(aftermath: Aftermath) -> Iterable[str]:
        report = aftermath.report
        if report is None or report.outcome is not Outcome.REJECTED or report.reason not in reasons:
            yield f"it must be rejected for {' or '.join(each.name for each in reasons)}, was {_said(aftermath)}"

    return check


def not_filled(aftermath: Aftermath) -> Iterable[str]:
    """Ask for NOT_FILLED, provisional, and under watch."""
    report = aftermath.report
    if report is None or report.outcome is not Outcome.NOT_FILLED or not report.provisional:
        yield f"it must be NOT_FILLED and provisional, was {_said(aftermath)}"


def sound(aftermath: Aftermath) -> Iterable[str]:
    """Ask that it was refused, or opened, protected and in the end closed: by its stop, or because it was told to."""
    if aftermath.report is None:
        told = aftermath.told
        if told is None or told.outcome is not Outcome.REFUSED:
            yield f"without a report it must have been refused, was told {_said(aftermath)}"
    elif aftermath.report.outcome is not Outcome.CLOSED:
        yield f"it must have been closed in the end, was {_said(aftermath)}"


def closed(aftermath: Aftermath) -> Iterable[str]:
    """Ask that it was opened and closed in the end: the fault kept nobody out."""
    if aftermath.report is None or aftermath.report.outcome is not Outcome.CLOSED:
        yield f"it must have been opened and closed, was {_said(aftermath)}"


def alarmed(*kinds: AlarmKind) -> Check:
    """Ask for an alarm of one of these kinds."""

    def check(aftermath: Aftermath) -> Iterable[str]:
        heard = {alarm.kind for alarm in aftermath.alarms}
        if not heard & set(kinds):
            yield f"{' or '.join(kind.name for kind in kinds)} must ring, heard {sorted(each.name for each in heard)}"

    return check


def quiet(aftermath: Aftermath) -> Iterable[str]:
    """Ask that nobody was alarmed: the fault is no danger."""
    if aftermath.alarms:
        yield f"no alarm must ring, heard {sorted({alarm.kind.name for alarm in aftermath.alarms})}"


def understood(kind: ReplyKind) -> Check:
    """Ask what the first answer to the step's order was taken for, as the journal has it; other steps have none."""

    def check(aftermath: Aftermath) -> Iterable[str]:
        if aftermath.step not in SENDS:
            return
        ids = {client_id_of(each.call) for each in aftermath.calls if aftermath.step.concerns(each.call)}
        answers = [each.event for each in aftermath.world.notebook.kept if isinstance(each.event, Answered)]
        first = next((answer.reply for answer in answers if answer.client_id in ids), None)
        if first is None or first.kind is not kind:
            yield f"the first answer must be taken for {kind.name}, was {first and (first.kind.name, first.text)}"

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


def _said(aftermath: Aftermath) -> str:
    report = aftermath.report or aftermath.told
    if report is None:
        return "nothing"
    reason = "" if report.reason is None else f" ({report.reason.name}: {report.text})"
    return f"{report.outcome.name}{', provisional' if report.provisional else ''}{reason}"
