"""Shorter ways to write the records a host writes most."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from ...domain.audit_record import AuditRecord, AuditType


class Shorthand(ABC):
    """Builds common records and hands them to `write`. Each method raises what `write` raises."""

    @abstractmethod
    def write(self, record: AuditRecord) -> None:
        """Keep one record."""

    def log_order_placed(
        self,
        *,
        at_ms: int,
        environment: str,
        symbol: str,
        order_data: Mapping[str, object],
        response: Mapping[str, object],
        operation: str = "place_order",
        signal_id: str | None = None,
        client_order_id: str | None = None,
    ) -> None:
        """Record that the exchange took an order."""
        self.write(
            AuditRecord(
                at_ms=at_ms,
                type=AuditType.ORDER_PLACED,
                operation=operation,
                environment=environment,
                symbol=symbol,
                order_data=order_data,
                response=response,
                signal_id=signal_id,
                client_order_id=client_order_id,
            )
        )

    def log_order_rejected(
        self,
        *,
        at_ms: int,
        environment: str,
        symbol: str,
        order_data: Mapping[str, object],
        response: Mapping[str, object],
        operation: str = "place_order",
        signal_id: str | None = None,
        client_order_id: str | None = None,
    ) -> None:
        """Record that the exchange refused an order; *response* says with which code and words."""
        self.write(
            AuditRecord(
                at_ms=at_ms,
                type=AuditType.ORDER_REJECTED,
                operation=operation,
                environment=environment,
                symbol=symbol,
                order_data=order_data,
                response=response,
                signal_id=signal_id,
                client_order_id=client_order_id,
            )
        )

    def log_retry_attempt(
        self,
        *,
        at_ms: int,
        environment: str,
        operation: str,
        attempt: int,
        wait_ms: int,
        error: str,
        symbol: str | None = None,
        signal_id: str | None = None,
        client_order_id: str | None = None,
    ) -> None:
        """Record that *attempt*, counted from 1, of *operation* failed with *error*; the next comes after *wait_ms*."""
        self.write(
            AuditRecord(
                at_ms=at_ms,
                type=AuditType.RETRY_ATTEMPT,
                operation=operation,
                environment=environment,
                symbol=symbol,
                response={"attempt": attempt, "wait_ms": wait_ms, "error": error},
                signal_id=signal_id,
                client_order_id=client_order_id,
            )
        )
