"""Shorter ways to write the records a host writes most."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NotRequired, TypedDict, Unpack

from ...domain.audit_record import AuditRecord, AuditType


class OrderAnswered(TypedDict):
    """What is recorded of an order and its answer; the names are those of `AuditRecord`.

    Without an `operation` it is called ``place_order``.
    """

    at_ms: int
    environment: str
    symbol: str
    order_data: Mapping[str, object]
    response: Mapping[str, object]
    operation: NotRequired[str]
    signal_id: NotRequired[str | None]
    client_order_id: NotRequired[str | None]


class Shorthand(ABC):
    """Builds common records and hands them to `write`. Each method raises what `write` raises."""

    @abstractmethod
    def write(self, record: AuditRecord) -> None:
        """Keep one record."""

    def log_order_placed(self, **order: Unpack[OrderAnswered]) -> None:
        """Record that the exchange took an order."""
        self._log_order(AuditType.ORDER_PLACED, order)

    def log_order_rejected(self, **order: Unpack[OrderAnswered]) -> None:
        """Record that the exchange refused an order; its *response* says with which code and words."""
        self._log_order(AuditType.ORDER_REJECTED, order)

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

    def _log_order(self, kind: AuditType, order: OrderAnswered) -> None:
        order.setdefault("operation", "place_order")
        self.write(AuditRecord(type=kind, **order))
