"""How loud each kind of audit line is in the log."""

from surefill.application.log_levels import LEVELS
from surefill.domain.audit_record import AuditType


def test_every_kind_of_audit_line_has_a_level() -> None:
    """No kind can be noted without a level that loguru knows."""
    assert set(LEVELS) == set(AuditType)
    assert set(LEVELS.values()) <= {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
