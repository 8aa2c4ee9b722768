"""I13: what is not ours is left alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

import attrs

from surefill.testing.invariants.evidence import Called
from surefill.testing.invariants.row import Row, leg_of, number, text, time_ms
from surefill.testing.invariants.standing import Key, Standing
from surefill.testing.invariants.violation import Violation

EVERYTHING: Final = "only_ours=False"
"""Stands in the verb of a call by which a caller asks to cancel everybody's orders."""
_ALL: Final = frozenset({"allOpenOrders", "algoOpenOrders"})


@attrs.define(kw_only=True)
class MindYourOwn:
    """No cancel of ours names an order that is not ours; everything on a symbol is cancelled only when the caller
    asked for that; and exits of ours never close more than is ours, or was until `race_ms` ago.

    Attributes:
        race_ms: how long an order of ours may be on its way, or rest, after somebody else closed what it was for.
    """  # noqa: D205 - the sentence is the invariant

    race_ms: int = 20_000
    _asked: list[tuple[int, int]] = attrs.field(factory=list[tuple[int, int]])
    _sweeps: list[tuple[int, str]] = attrs.field(factory=list[tuple[int, str]])
    _recent: dict[Key, deque[tuple[int, Decimal]]] = attrs.field(factory=dict[Key, deque[tuple[int, Decimal]]])
    _exchange_ids: set[str] = attrs.field(factory=set[str])

    def call(self, called: Called) -> None:
        """Note that a caller asked to cancel everybody's orders."""
        if EVERYTHING in called.verb:
            self._asked.append((called.began_ms, called.ended_ms))

    def row(self, row: Row) -> None:
        """Note which exchange ids are ours."""
        name = "algo_id" if row["kind"] == "algo" else "order_id"
        owner = "client_algo_id" if row["kind"] == "algo" else "client_order_id"
        if name in row and leg_of(text(row, owner)) is not None:
            self._exchange_ids.add(text(row, name))

    def request(self, row: Row, sent: Mapping[str, str]) -> Iterator[Violation]:
        """Judge a cancel that reached the exchange."""
        if row["method"] != "DELETE":
            return
        symbol = sent.get("symbol", "")
        if text(row, "path").rpartition("/")[2] in _ALL:
            self._sweeps.append((time_ms(row), symbol))
            return
        named = sent.get("origClientOrderId") or sent.get("clientAlgoId")
        exchange_id = sent.get("orderId") or sent.get("algoId") or ""
        if (leg_of(named) is None) if named else (exchange_id not in self._exchange_ids):
            problem = f"{row['method']} {row['path']} names {named or exchange_id or 'nothing'}, which is not ours"
            yield Violation(invariant="I13", time_ms=time_ms(row), text=problem, symbol=symbol)

    def before_fill(self, row: Row, standing: Standing) -> Iterator[Violation]:
        """Judge a fill of ours, while *standing* is still as it was before."""
        client_id = text(row, "client_order_id")
        if leg_of(client_id) in (None, "E"):
            return
        key = text(row, "symbol"), text(row, "position_side")
        now_ms, quantity = time_ms(row), number(row, "quantity")
        sizes = [standing.at_most(key).copy_abs()]
        sizes += [size for at_ms, size in self._recent.get(key, ()) if at_ms >= now_ms - self.race_ms]
        if quantity > max(sizes):
            problem = f"{client_id} closed {quantity}; no more than {max(sizes)} was ours"
            yield Violation(invariant="I13", time_ms=now_ms, text=problem, symbol=key[0])

    def after(self, row: Row, key: Key, before: Decimal) -> None:
        """Note what was ours at *key* before *row* changed it."""
        recent = self._recent.setdefault(key, deque())
        now_ms = time_ms(row)
        recent.append((now_ms, before.copy_abs()))
        while recent[0][0] < now_ms - self.race_ms:
            recent.popleft()

    def until(self, now_ms: int) -> Iterator[Violation]:
        """Judge the sweeps seen so far, now that the calls they belong to are known."""
        for at_ms, symbol in self._sweeps:
            if not any(began_ms <= at_ms <= ended_ms for began_ms, ended_ms in self._asked):
                problem = "everybody's orders were cancelled, and no caller had asked for it"
                yield Violation(invariant="I13", time_ms=at_ms, text=problem, symbol=symbol)
        self._sweeps.clear()
        self._asked = [asked for asked in self._asked if asked[1] > now_ms - self.race_ms]
