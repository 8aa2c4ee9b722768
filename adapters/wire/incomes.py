"""What the account earned and paid (Binance docs: Get Income History)."""

from __future__ import annotations

from collections.abc import Iterable
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
SPAN_MAX_MS = 7 * 86_400_000
"""The longest time asked for at once."""


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


def parse_income(body: object) -> tuple[Income, ...]:
    """Return the rows of one page."""
    return tuple(_income(row) for row in rows(body, "income"))


def income_since(session: Session, since_ms: int) -> Decimal:
    """Return the sum of what trading earned and cost since *since_ms*.

    Whether a page that is too short for its time span holds the oldest or the newest rows is not documented: so a full
    page is not believed, and its span is read again in two halves.

    Raises:
        RateLimitedError: there are more rows than it is sensible to read before an order.
    """
    found: dict[tuple[str, str], Income] = {}
    spans = _spans(since_ms, session.clock.now_ms())
    for _ in range(PAGES_MAX):
        start_ms, end_ms = spans.pop()
        page = session.fetch(calls.income(start_ms, end_ms), parse_income)
        if len(page) < calls.PAGE_SIZE:
            found.update((row.key, row) for row in page)
        else:
            middle_ms = (start_ms + end_ms) // 2
            spans += [(start_ms, middle_ms), (min(middle_ms + 1, end_ms), end_ms)]
        if not spans:
            return _total(found.values())
    raise RateLimitedError(f"more income since {since_ms} than {PAGES_MAX} requests show; the sum was not read")


def _spans(since_ms: int, now_ms: int) -> list[tuple[int, int]]:
    """Cut the time from *since_ms* to *now_ms* into spans that may be asked for at once."""
    starts = range(since_ms, max(since_ms, now_ms) + 1, SPAN_MAX_MS)
    return [(start_ms, max(start_ms, min(start_ms + SPAN_MAX_MS - 1, now_ms))) for start_ms in starts]


def _total(incomes: Iterable[Income]) -> Decimal:
    total = ZERO
    for income in incomes:
        if income.type in TRADING_TYPES:
            total = EXACT.add(total, income.amount)
    return total


def _income(row: object) -> Income:
    fields = Fields(row, "income")
    kind = fields.text("incomeType")
    return Income(key=(fields.identifier("tranId"), kind), type=kind, amount=fields.decimal("income"))
