"""I10: exits only ever shrink a position, and nothing grows beyond what was allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

import attrs

from surefill.domain.limits import RiskLimits
from surefill.testing.invariants.row import EXACT, ZERO, Row, amount, leg_of, number, signed, text, time_ms
from surefill.testing.invariants.standing import Key
from surefill.testing.invariants.violation import Violation

_SLACK: Final = Decimal("1.02")
"""Limits are held against the mark before the entry; the fill comes later, at the book's price."""


@attrs.define(kw_only=True)
class BoundedExposure:
    """No stop, target or exit of ours opens, enlarges or flips a position, or is sent without saying so.

    Attributes:
        max_position: the largest position allowed by symbol, base units; symbols not named have no bound.
        limits: the hard limits on entries in force.
    """

    max_position: Mapping[str, Decimal] = attrs.field(factory=dict[str, Decimal])
    limits: RiskLimits = attrs.field(factory=RiskLimits)
    _held: dict[Key, Decimal] = attrs.field(factory=dict[Key, Decimal])

    def request(self, row: Row, sent: Mapping[str, str]) -> Iterator[Violation]:
        """Judge a request whose parameters are *sent*."""
        client_id = sent.get("newClientOrderId") or sent.get("clientAlgoId") or ""
        leg = leg_of(client_id)
        if row["method"] != "POST" or leg is None:
            return
        problem = self._entry(sent) if leg == "E" else _exit(sent)
        if problem is not None:
            text_of = f"{client_id} was sent {problem}"
            yield Violation(invariant="I10", time_ms=time_ms(row), text=text_of, symbol=sent.get("symbol", ""))

    def position(self, row: Row) -> None:
        """Take over what the exchange says is held."""
        self._held[text(row, "symbol"), text(row, "position_side")] = number(row, "amount")

    def _entry(self, sent: Mapping[str, str]) -> str | None:
        """Return what limit an entry broke."""
        symbol, limits = sent.get("symbol", ""), self.limits
        if limits.symbols is not None and symbol not in limits.symbols:
            return f"for {symbol}, which is not on the list"
        if limits.max_order_quantity is not None and amount(sent.get("quantity")) > limits.max_order_quantity:
            return f"for {sent.get('quantity')}; no more than {limits.max_order_quantity} is allowed"
        return None

    def fill(self, row: Row) -> Iterator[Violation]:
        """Judge a fill."""
        key = (text(row, "symbol"), text(row, "position_side"))
        client_id = text(row, "client_order_id")
        before = self._held.get(key, ZERO)
        after = EXACT.add(before, signed(text(row, "side"), number(row, "quantity")))
        self._held[key] = after
        leg = leg_of(client_id)
        if leg is None:
            return
        if leg != "E" and (after.copy_abs() >= before.copy_abs() or (after and (after > ZERO) != (before > ZERO))):
            yield _violation(row, f"{client_id} took the position from {before} to {after}; an exit may only shrink it")
        if leg != "E":
            return
        bound = self.max_position.get(key[0])
        if bound is not None and after.copy_abs() > bound:
            yield _violation(row, f"{client_id} took the position to {after}; no more than {bound} is allowed")
        worth, most = EXACT.multiply(after.copy_abs(), number(row, "price")), self.limits.max_position_notional
        if most is not None and worth > EXACT.multiply(most, _SLACK):
            yield _violation(row, f"{client_id} took the position to a worth of {worth}; {most} is allowed")


def _exit(sent: Mapping[str, str]) -> str | None:
    """Return in what way an exit does not say that it only reduces."""
    if sent.get("reduceOnly") == "true" or sent.get("closePosition") == "true":
        return None
    closing = {"LONG": "SELL", "SHORT": "BUY"}.get(sent.get("positionSide", "BOTH"))
    if closing == sent.get("side"):
        return None
    return "without reduceOnly and without the side of a position it would close"


def _violation(row: Row, problem: str) -> Violation:
    return Violation(invariant="I10", time_ms=time_ms(row), text=problem, symbol=text(row, "symbol"))
