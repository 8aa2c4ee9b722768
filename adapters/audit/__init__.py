"""The audit log: JSON Lines in a folder, one file a day and process, numbered and chained."""

from .json_lines import JsonLinesAudit
from .memory import MemoryAudit
from .reading import audit_files, read
from .verdict import AuditVerdict, verify

__all__ = ["AuditVerdict", "JsonLinesAudit", "MemoryAudit", "audit_files", "read", "verify"]
