"""Waiting for an accepted order to come to its end, and for its price."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import attrs
import pytest

from surefill.adapters.simulated import Fault
from surefill.domain.errors import AuthenticationError, ExchangeUnavailableError
from surefill.domain.order import Order, OrderStatus
from surefill.domain.reply import Reply, ReplyKind
from surefill.domain.report import Outcome
from tests.papers import ACME, begun, entry, held, paper_desk, resting, rows

Find = Callable[[object], Mapping[str, Order]]


def _unfinished(itself: Callable[[object], Reply], prepared: object) -> Reply:
    """An answer that acknowledges the order and does not tell of its fill yet."""
    reply = itself(prepared)
    if reply.order is None or reply.order.conditional:
        return reply
    order = attrs.evolve(
        reply.order, status=OrderStatus.NEW, executed_quantity=Decimal(0), average_price=None, updated_ms=0
    )
    return attrs.evolve(reply, order=order)


def test_an_acknowledged_order_is_asked_for_until_it_is_final() -> None:
    """Accepted and not filled as far as the answer goes: it is looked up, and then protected for what it filled."""
    desk = paper_desk()
    desk.exchange.script["send"] = _unfinished

    report = desk.execute(entry())

    assert (report.outcome, report.filled_quantity) == (Outcome.PROTECTED, Decimal(1))


@pytest.mark.parametrize("error", [ExchangeUnavailableError("no answer"), AuthenticationError("key revoked")])
def test_an_order_that_does_not_settle_stays_a_question(error: Exception) -> None:
    """Nobody answers while it is asked for: UNKNOWN, its symbol frozen, no exception; later it is settled."""
    desk = paper_desk()
    created = begun(desk)
    desk.exchange.script["send"] = _unfinished

    def find(_: Find, __: object) -> Mapping[str, Order]:
        raise error

    desk.exchange.script["find"] = find
    report = desk.execute(entry(created_at=created))

    assert report.outcome is Outcome.UNKNOWN
    assert [symbol for symbol, _ in desk.manager.status().frozen] == [ACME]
    desk.exchange.script.clear()
    desk.guard(10)
    mended = desk.report()
    assert (mended.outcome, mended.filled_quantity) == (Outcome.PROTECTED, Decimal(1))


def test_a_missing_price_is_waited_for_after_the_protection() -> None:
    """The answer to a send carries no price: stop and target go first, then it is asked for."""
    desk = paper_desk()

    report = desk.execute(entry())

    asked = [
        row for row in rows(desk.exchange, "request") if row["path"] == "/fapi/v1/order" and row["method"] == "GET"
    ]
    placed = [row for row in rows(desk.exchange, "request") if row["path"] == "/fapi/v1/algoOrder"]
    assert report.average_price is not None
    assert int(asked[-1]["seq"] or 0) > int(placed[-1]["seq"] or 0)


def test_a_price_that_never_comes_does_not_hold_up_the_report() -> None:
    """The key is revoked right after the fill: the report comes, without a price, and without an exception."""
    desk = paper_desk()
    created = begun(desk)
    began = desk.now_ms()

    def find(_: Find, __: object) -> Mapping[str, Order]:
        raise AuthenticationError("key revoked")

    desk.exchange.script["find"] = find
    report = desk.execute(entry(created_at=created))

    assert (report.outcome, report.average_price) == (Outcome.PROTECTED, None)
    assert desk.now_ms() - began <= 15_000
    assert (held(desk.exchange), resting(desk.exchange)) == (Decimal(1), ["S1", "T1"])


def test_a_rejected_entry_needs_no_settling() -> None:
    """Known not to have been: nothing is waited for."""
    desk = paper_desk(Fault.refused(-2019, leg="E"))
    began = desk.now_ms()

    assert desk.execute(entry()).outcome is Outcome.REJECTED
    assert desk.now_ms() - began < 2_000
    assert ReplyKind.REJECTED.value in {line.response.get("kind") for line in desk.audit.records}  # type: ignore[attr-defined]  # a memory audit
