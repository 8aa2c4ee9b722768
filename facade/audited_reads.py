"""Reads that are tried again, each retry a line in the audit log."""

from __future__ import annotations

from surefill.adapters.audit import JsonLinesAudit, MemoryAudit
from surefill.adapters.retrying import ReadRetry, Retrying
from surefill.domain.retry_policy import RetryPolicy
from surefill.ports.exchange import Exchange


def audited_reads(exchange: Exchange, policy: RetryPolicy, audit: JsonLinesAudit | MemoryAudit) -> Retrying:
    """Return *exchange* with its reads retried as *policy* says, each retry written to *audit* before its wait.

    A line that cannot be kept is only logged, by `Retrying`: the read goes on, and the manager's own next line to the
    same audit log is what stops entries.
    """

    def note(retry: ReadRetry) -> None:
        audit.log_retry_attempt(
            at_ms=retry.at_ms,
            environment=exchange.environment,
            operation=retry.operation,
            attempt=retry.attempt,
            wait_ms=round(retry.wait_seconds * 1000),
            error=f"{type(retry.error).__name__}: {retry.error}",
            symbol=retry.symbol,
        )

    return Retrying(exchange, policy, on_retry=note)
