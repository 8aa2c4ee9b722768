"""An audit log that keeps its records in memory: for tests, and for paper runs nobody will ask about."""

from __future__ import annotations

import threading

from ...domain.audit_record import AuditRecord
from ...domain.errors import JournalError
from .line import check_keepable
from .shorthand import Shorthand


class MemoryAudit(Shorthand):
    """Keeps every record as it came; refuses what the file could not keep. Safe to use from many threads."""

    failed = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[AuditRecord] = []
        self._closed = False

    @property
    def records(self) -> tuple[AuditRecord, ...]:
        """What was written, in order; still there after `close`."""
        with self._lock:
            return tuple(self._records)

    def write(self, record: AuditRecord) -> None:
        """Keep one record.

        Raises:
            JournalError: the log was closed, or the record has no place in time.
        """
        check_keepable(record)
        with self._lock:
            if self._closed:
                raise JournalError("the audit log was closed; open a new one")
            self._records.append(record)

    def close(self) -> None:
        """Take no more records; closing twice is harmless."""
        with self._lock:
            self._closed = True
