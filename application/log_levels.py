"""How loud each kind of audit line is in the log."""

from __future__ import annotations

from collections.abc import Mapping

from ..domain.audit_record import AuditType

LEVELS: Mapping[AuditType, str] = {
    AuditType.SIGNAL_CLAIMED: "INFO",
    AuditType.SIGNAL_REFUSED: "ERROR",
    AuditType.ORDER_PLACED: "INFO",
    AuditType.ORDER_REJECTED: "ERROR",
    AuditType.ORDER_UPDATED: "INFO",
    AuditType.RETRY_ATTEMPT: "WARNING",
    AuditType.RATE_LIMIT: "WARNING",
    AuditType.API_ERROR: "WARNING",
    AuditType.OUTCOME_UNKNOWN: "ERROR",
    AuditType.OUTCOME_RESOLVED: "INFO",
    AuditType.PROTECTION_PLACED: "INFO",
    AuditType.UNPROTECTED: "DEBUG",  # the alarm itself is told by the alerts, CRITICAL
    AuditType.FLATTENED: "WARNING",
    AuditType.ORPHAN_CANCELLED: "WARNING",
    AuditType.ORDERS_CANCELLED: "INFO",
    AuditType.LATE_FILL: "WARNING",
    AuditType.BRACKET_CLOSED: "INFO",
    AuditType.REPORTED: "INFO",
    AuditType.ALARM: "DEBUG",  # as above
    AuditType.CONFIG_CHANGED: "INFO",
    AuditType.HALTED: "WARNING",
    AuditType.RESUMED: "INFO",
    AuditType.STARTED: "INFO",
    AuditType.STOPPED: "INFO",
}
"""Every kind has its level; a test holds this table against the enumeration."""
