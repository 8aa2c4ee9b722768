"""I7: every number that was sent is on the filter in force, in plain notation, and never looser than asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

import attrs

from surefill.testing.invariants.asked import Asked
from surefill.testing.invariants.filters import Filters
from surefill.testing.invariants.row import EXACT, STEM_LENGTH, Row, leg_of, time_ms
from surefill.testing.invariants.violation import Violation

_PLAIN: Final = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
_PRICES: Final = ("price", "stopPrice", "triggerPrice", "activatePrice")
_SENDING: Final = ("/order", "/algoOrder")


@attrs.define(kw_only=True)
class NumbersSent:
    """Of every order of ours that was sent: numbers in plain fixed point, prices on the tick, sizes on the step.

    Against what the caller asked for: a long's stop is not below it, a short's not above it; targets the other way
    round; sizes are not larger; and rounding moved nothing by a whole grain.

    Attributes:
        filters: of every symbol traded; without them only the notation and what was asked for are judged.
        asked: entries by the stem of their client ids.
    """

    filters: Mapping[str, Filters] = attrs.field(factory=dict[str, Filters])
    asked: Mapping[str, Asked] = attrs.field(factory=dict[str, Asked])

    def request(self, row: Row, sent: Mapping[str, str]) -> Iterator[Violation]:
        """Judge a request whose parameters are *sent*; what is no order of ours is passed over."""
        if row["method"] != "POST" or not str(row["path"]).endswith(_SENDING):
            return
        client_id = sent.get("newClientOrderId") or sent.get("clientAlgoId") or ""
        leg = leg_of(client_id)
        if leg is None:
            return
        asked = self.asked.get(client_id[:STEM_LENGTH])
        for fault in self._faults(sent, leg, asked):
            yield Violation(
                invariant="I7",
                time_ms=time_ms(row),
                text=f"{client_id}: {fault}",
                symbol=sent.get("symbol", ""),
                signal_id=None if asked is None else asked.signal_id,
            )

    def _faults(self, sent: Mapping[str, str], leg: str, asked: Asked | None) -> Iterator[str]:
        filters = self.filters.get(sent.get("symbol", ""))
        for name in ("quantity", *_PRICES):
            if name not in sent:
                continue
            if _PLAIN.fullmatch(sent[name]) is None:
                yield f"{name} was {sent[name]!a}, which is no plain number"
                continue
            value = Decimal(sent[name])
            if filters is not None:
                fault = filters.quantity_fault(value) if name == "quantity" else filters.price_fault(value)
                if fault is not None:
                    yield f"{name}: {fault}"
            if asked is not None:
                yield from _against(asked, leg, name, value, filters)


def _against(asked: Asked, leg: str, name: str, value: Decimal, filters: Filters | None) -> Iterator[str]:
    """Yield in what way *value* betrays what was asked."""
    if leg == "X":
        return  # an exit closes what is there, of as many signals as there are
    if name == "quantity":
        grain = None if filters is None or leg != "E" else filters.quantity_grain
        yield from _rounded("the size", value, asked.quantity, up=False, grain=grain)
        return
    wish = {"S": asked.stop, "T": asked.target}.get(leg)
    if wish is None or name != "triggerPrice":
        return
    what = "the stop" if leg == "S" else "the target"
    grain = None if filters is None else filters.price_grain
    # Toward the entry: a long's stop is rounded up and its target down, a short's the other way round.
    yield from _rounded(what, value, wish, up=asked.is_long == (leg == "S"), grain=grain)


def _rounded(what: str, value: Decimal, wish: Decimal, *, up: bool, grain: Decimal | None) -> Iterator[str]:
    moved = EXACT.subtract(value, wish) if up else EXACT.subtract(wish, value)
    if moved < 0:
        yield f"{what} {value} is looser than the {wish} asked for"
    elif grain is not None and moved >= grain:
        yield f"{what} {value} is a whole step or more away from the {wish} asked for"
