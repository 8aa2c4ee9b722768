"""What the account earned and paid (Binance docs: Get Income History)."""

from __future__ import annotations

from decimal import Decimal

import attrs

from ...domain.errors import RateLimitedError
from ...domain.numbers import EXACT
from ...domain.order import ZERO
from . import calls
from .fields import Fields, rows
from .session import Session

TRADING_TYPES = frozenset({"REALIZED_PNL", "COMMISSION", "FUNDING_FEE", "INSURANCE_CLEAR"})
"""Transfers, rebates and bonuses are no result of trading."""
PAGES_MAX = 20


@attrs.frozen
class Income:
    """One row of the account's income.

    Attributes:
        key: what makes the row one of a kind: the exchange's transaction id and type.
        amount: positive is earned.
    """

    key: tuple[str, str]
    type: str
    amount: Decimal
    time_ms: int


def parse_income(body: object) -> tuple[Income, ...]:
    """Return the rows of one page."""
    return tuple(_income(row) for row in rows(body, "income"))


def income_since(session: Session, since_ms: int) -> Decimal:
    """Return the sum of what trading earned and cost since *since_ms*, page by page.

    Raises:
        RateLimitedError: there are more rows than it is sensible to read before an order.
    """
    found: dict[tuple[str, str], Income] = {}
    start_ms, end_ms = since_ms, session.clock.now_ms()
    for _ in range(PAGES_MAX):
        page = session.fetch(calls.income(start_ms, end_ms), parse_income)
        found.update((row.key, row) for row in page)
        newest_ms = max((row.time_ms for row in page), default=start_ms)
        if len(page) < calls.PAGE_SIZE or newest_ms <= start_ms:
            total = ZERO
            for row in found.values():
                total = EXACT.add(total, row.amount if row.type in TRADING_TYPES else ZERO)
            return total
        start_ms = newest_ms
    raise RateLimitedError(
        f"more than {PAGES_MAX * calls.PAGE_SIZE} income rows since {since_ms}; the sum was not read"
    )


def _income(row: object) -> Income:
    fields = Fields(row, "income")
    kind = fields.text("incomeType")
    return Income(
        key=(fields.identifier("tranId"), kind),
        type=kind,
        amount=fields.decimal("income"),
        time_ms=fields.integer("time"),
    )
