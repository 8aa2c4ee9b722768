"""I3: no order of ours outlives what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import attrs

from surefill.domain.alarm import Alarm, AlarmKind
from surefill.testing.invariants.evidence import Carried
from surefill.testing.invariants.knowledge import Knowledge, id_not_shown, open_ids_shown, position_shown
from surefill.testing.invariants.row import EXACT, STEM_LENGTH, ZERO, Row, time_ms
from surefill.testing.invariants.standing import Key, Standing
from surefill.testing.invariants.violation import Violation


@attrs.define(kw_only=True)
class NoOrphans:
    """Within `clean_ms` our open orders of each kind add up to no more than the position they can close.

    Stops and targets are counted apart, for each of them may close all of it. On the side that would enlarge the
    position, and while there is none, that means no order at all; a market order of ours that stays open counts too.
    The time runs while somebody lives who can see the orders and act; a read or a cancel that fails starts it anew,
    and while a request about another symbol is long under way it stands still: a host may have but one thread. The
    legs of a signal whose caller was asked what to do (LEG_REMOVED) stay beside a position as they are.

    Attributes:
        clean_ms: how long a smaller order may stand beside the larger one it replaces.
        knowledge: what the living were shown; without it everything is known at once.
    """

    clean_ms: int = 10_000
    knowledge: Knowledge | None = None
    _since: dict[tuple[Key, str, str], int] = attrs.field(factory=dict[tuple[Key, str, str], int])
    _reported: set[tuple[Key, str, str]] = attrs.field(factory=set[tuple[Key, str, str]])
    _asked: set[str] = attrs.field(factory=set[str])

    @property
    def waiting(self) -> bool:
        """Whether anything is left over now."""
        return bool(self._since)

    def hear(self, alarm: Alarm, standing: Standing) -> Iterator[Violation]:
        """Take in an alarm."""
        if alarm.kind is AlarmKind.LEG_REMOVED and alarm.signal_id is not None:
            self._asked.add(alarm.signal_id)
            for key in {place[0] for place in self._since}:
                yield from self.at(alarm.at_ms, key, standing)

    def see(self, row: Row, key: Key, standing: Standing) -> Iterator[Violation]:
        """Judge the moment of *row*, which changed something at *key*."""
        yield from self.at(time_ms(row), key, standing)

    def at(self, now_ms: int, key: Key, standing: Standing) -> Iterator[Violation]:
        """Judge *key* as it stands now."""
        excess = self._excess(standing, key)
        if not excess and not self._since:
            return
        for place in [place for place in self._since if place[0] == key and place[1:] not in excess]:
            yield from self._judge(place, now_ms)
            del self._since[place]
            self._reported.discard(place)
        for kind, side in sorted(excess):
            self._since.setdefault((key, kind, side), now_ms)

    def unseen(self, carried: Carried, standing: Standing) -> Iterator[str]:
        """Yield the symbols on which an answer does not show what is left over: old orders or an old position."""
        conditional = carried.call.path.endswith("openAlgoOrders")
        for key, kind, side in self._since:
            left = [order for order in standing.orders(key) if (order.kind, order.side) == (kind, side)]
            if id_not_shown(carried) in {order.client_id for order in left}:
                yield key[0]
                continue
            shown = open_ids_shown(carried, key[0])
            if shown is not None and conditional == (kind != "market"):
                if any(order.client_id not in shown for order in left):
                    yield key[0]
                continue
            amount = position_shown(carried, key)
            if amount is not None and (amount > ZERO) == (side == "SELL"):
                size = sum((order.quantity for order in left), ZERO)
                if amount.copy_abs() >= size:
                    yield key[0]

    def until(self, now_ms: int) -> Iterator[Violation]:
        """Judge what is left over still, at *now_ms*."""
        for place in self._since:
            yield from self._judge(place, now_ms)

    def _judge(self, place: tuple[Key, str, str], now_ms: int) -> Iterator[Violation]:
        (symbol, _), kind, side = place
        due_ms = self._since[place] + self.clean_ms
        if self.knowledge is not None:
            if not self.knowledge.lives.alive:
                return
            from_ms = max(self._since[place], self.knowledge.free_ms(symbol))
            due_ms = self.knowledge.waited_ms(symbol, from_ms, from_ms + self.clean_ms)
            due_ms = self.knowledge.in_time_ms(symbol, due_ms, self.clean_ms)
        if now_ms > due_ms and place not in self._reported:
            self._reported.add(place)
            problem = f"for {self.clean_ms} ms more was open in {kind} orders of ours to {side} than they could close"
            yield Violation(invariant="I3", time_ms=due_ms, text=problem, symbol=symbol)

    def _excess(self, standing: Standing, key: Key) -> set[tuple[str, str]]:
        """Return the kinds and sides of which more is open than can be closed."""
        ours = standing.at_most(key)
        closing_side = "SELL" if ours > ZERO else "BUY"
        sizes = None if self.knowledge is None or not ours else self.knowledge.sizes
        spared = set[str]() if sizes is None else sizes.forgotten | sizes.waived
        if sizes is not None and self._asked:
            spared |= {sizes.stem_of(signal_id) or "" for signal_id in self._asked}
        open_sizes: dict[tuple[str, str], Decimal] = {}
        for order in standing.orders(key):
            if order.status == "TRIGGERING":
                continue  # it cannot be cancelled until it has become a market order, or nothing
            if spared and order.client_id[:STEM_LENGTH] in spared:
                continue  # of a lost journal, or of a caller who sees to them himself: they may protect something
            place = (order.kind, order.side)
            open_sizes[place] = EXACT.add(open_sizes.get(place, ZERO), order.quantity)
        closable = ours.copy_abs()
        return {place for place, size in open_sizes.items() if size > (closable if place[1] == closing_side else ZERO)}
