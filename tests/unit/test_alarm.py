"""Alarms: which of them mean money at risk."""

from surefill.domain.alarm import Alarm, AlarmKind, Severity


def test_money_at_risk_is_critical() -> None:
    """These kinds are critical and all others warnings; a new kind must be put on one side."""
    loud = {kind.name for kind in AlarmKind if Alarm(kind, 0, "x").severity is Severity.CRITICAL}
    quiet = {kind.name for kind in AlarmKind if Alarm(kind, 0, "x").severity is Severity.WARNING}

    assert loud == {
        "UNPROTECTED",
        "OUTCOME_UNKNOWN",
        "LATE_FILL",
        "STORE_FAILED",
        "EXCESS_FILL",
        "NOT_ALLOWED",
        "EXCHANGE_UNREACHABLE",
    }
    assert quiet == {"FOREIGN_CHANGE", "LEG_REMOVED", "WAIVED", "DUTY_OVERDUE", "HALTED"}
