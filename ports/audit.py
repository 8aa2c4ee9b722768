"""The audit log: what happened, for people. The journal alone is the truth."""

from __future__ import annotations

from typing import Protocol

from ..domain.audit_record import AuditRecord


class Audit(Protocol):
    """Takes records in the order they happened. Safe to call from many threads."""

    def write(self, record: AuditRecord) -> None:
        """Keep one record.

        Raises:
            JournalError: it could not be kept. No trade without audit: entries stop; protection and exits go on.
        """
        ...

    def close(self) -> None:
        """Flush and release the file; closing twice is harmless."""
        ...
