"""I10: exits only ever shrink a position, and nothing grows beyond what was allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import cast

import attrs

from surefill.testing.invariants.row import EXACT, ZERO, Row, leg_of, number, signed, text, time_ms
from surefill.testing.invariants.standing import Key
from surefill.testing.invariants.violation import Violation


@attrs.define(kw_only=True)
class BoundedExposure:
    """No stop, target or exit of ours opens, enlarges or flips a position, or is sent without saying so.

    Attributes:
        max_position: the largest position allowed by symbol, base units; symbols not named have no bound.
    """

    max_position: Mapping[str, Decimal] = attrs.field(factory=dict[str, Decimal])
    _held: dict[Key, Decimal] = attrs.field(factory=dict[Key, Decimal])

    def see(self, row: Row) -> Iterator[Violation]:
        """Judge a fill or a request; other rows are passed over."""
        if row["kind"] == "fill":
            yield from self._fill(row)
        elif row["kind"] == "request" and row["method"] == "POST":
            yield from _request(row)

    def _fill(self, row: Row) -> Iterator[Violation]:
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
        bound = self.max_position.get(key[0])
        if leg == "E" and bound is not None and after.copy_abs() > bound:
            yield _violation(row, f"{client_id} took the position to {after}; no more than {bound} is allowed")


def _request(row: Row) -> Iterator[Violation]:
    sent = cast("dict[str, str]", json.loads(text(row, "params")))
    client_id = sent.get("newClientOrderId") or sent.get("clientAlgoId") or ""
    if leg_of(client_id) in (None, "E") or sent.get("reduceOnly") == "true" or sent.get("closePosition") == "true":
        return
    closing = {"LONG": "SELL", "SHORT": "BUY"}.get(sent.get("positionSide", "BOTH"))
    if closing != sent.get("side"):
        problem = f"{client_id} was sent without reduceOnly and without the side of a position it would close"
        yield Violation(invariant="I10", time_ms=time_ms(row), text=problem, symbol=sent.get("symbol", ""))


def _violation(row: Row, problem: str) -> Violation:
    return Violation(invariant="I10", time_ms=time_ms(row), text=problem, symbol=text(row, "symbol"))
