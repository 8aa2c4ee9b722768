"""I1: a signal enters at most once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import attrs

from surefill.domain.alarm import Alarm, AlarmKind
from surefill.testing.invariants.asked import Asked
from surefill.testing.invariants.knowledge import Knowledge
from surefill.testing.invariants.row import EXACT, STEM_LENGTH, ZERO, Row, amount, leg_of, number, text, time_ms
from surefill.testing.invariants.violation import Violation


@attrs.define(kw_only=True)
class _Excess:
    """More than was asked for, because the network delivered one request twice."""

    since_ms: int
    symbol: str


@attrs.define(kw_only=True)
class AtMostOnce:
    """Of each signal's entry orders at most one fills, and no more than was asked for, whatever was lost or restarted.

    One thing can break that without any fault of ours: a middlebox that delivers one request twice. Then an
    EXCESS_FILL alarm follows within `alarm_ms`, and the excess is closed within `converge_ms`.

    Attributes:
        asked: what the callers asked for, by stem; otherwise the first request is held to be it.
        knowledge: who lives, and what is left of whose size; without it an excess is never excused.
    """

    asked: Mapping[str, Asked] = attrs.field(factory=dict[str, Asked])
    knowledge: Knowledge | None = None
    alarm_ms: int = 10_000
    converge_ms: int = 60_000
    _filled: dict[str, dict[str, Decimal]] = attrs.field(factory=dict[str, dict[str, Decimal]])
    _sent: dict[str, tuple[str, int, Decimal]] = attrs.field(factory=dict[str, tuple[str, int, Decimal]])
    _first: dict[str, Decimal] = attrs.field(factory=dict[str, Decimal])
    _alarms: dict[str, list[int]] = attrs.field(factory=dict[str, list[int]])
    _excess: dict[str, _Excess] = attrs.field(factory=dict[str, _Excess])
    _reported: set[str] = attrs.field(factory=set[str])

    @property
    def waiting(self) -> bool:
        """Whether more is open than was asked for."""
        return bool(self._excess)

    def hear(self, alarm: Alarm) -> None:
        """Take in an alarm."""
        if alarm.kind is AlarmKind.EXCESS_FILL and alarm.symbol is not None:
            self._alarms.setdefault(alarm.symbol, []).append(alarm.at_ms)

    def request(self, row: Row, sent: Mapping[str, str]) -> None:
        """Note an entry that reached the exchange."""
        client_id = sent.get("newClientOrderId", "")
        if leg_of(client_id) == "E":
            params = text(row, "params")
            before, times, _ = self._sent.get(client_id, ("", 0, ZERO))
            quantity = amount(sent.get("quantity"))
            self._sent[client_id] = params, times + 1 if before in ("", params) else 1, quantity
            self._first.setdefault(client_id[:STEM_LENGTH], quantity)

    def fill(self, row: Row) -> Iterator[Violation]:
        """Judge a fill."""
        client_id = text(row, "client_order_id")
        if leg_of(client_id) != "E":
            return
        stem, order_id = client_id[:STEM_LENGTH], str(row.get("order_id", client_id))
        filled = self._filled.setdefault(stem, {})
        filled[order_id] = EXACT.add(filled.get(order_id, ZERO), number(row, "quantity"))
        total = sum(filled.values(), ZERO)
        allowed = self._allowed(stem)
        if (len(filled) <= 1 and (allowed is None or total <= allowed)) or stem in self._reported:
            return
        if self._twice(client_id, filled):
            self._excess.setdefault(stem, _Excess(since_ms=time_ms(row), symbol=text(row, "symbol")))
            return
        self._reported.add(stem)
        what = f"{len(filled)} orders" if len(filled) > 1 else f"the order {client_id}"
        text_of = f"{what} filled {total}; {'one order' if allowed is None else allowed} was asked for"
        yield self._violation(stem, time_ms(row), text(row, "symbol"), text_of)

    def until(self, now_ms: int) -> Iterator[Violation]:
        """Judge what is too much still, at *now_ms*."""
        if not self._excess or self.knowledge is None or not self.knowledge.lives.alive:
            return
        for stem, excess in tuple(self._excess.items()):
            began_ms = max(excess.since_ms, self.knowledge.free_ms(excess.symbol))
            closed = self.knowledge.sizes.open(stem) <= (self._allowed(stem) or ZERO)
            told = any(at_ms >= excess.since_ms for at_ms in self._alarms.get(excess.symbol, ()))
            if told and closed:
                del self._excess[stem]
            elif not told and now_ms > began_ms + self.alarm_ms:
                del self._excess[stem]
                problem = "one request was delivered twice, and no alarm said so"
                yield self._violation(stem, began_ms + self.alarm_ms, excess.symbol, problem)
            elif not closed and now_ms > began_ms + self.converge_ms:
                del self._excess[stem]
                problem = "one request was delivered twice, and what was too much stayed open"
                yield self._violation(stem, began_ms + self.converge_ms, excess.symbol, problem)

    def _allowed(self, stem: str) -> Decimal | None:
        asked = self.asked.get(stem)
        return self._first.get(stem) if asked is None else asked.quantity

    def _twice(self, client_id: str, filled: Mapping[str, Decimal]) -> bool:
        """Whether the same bytes arrived as often as orders filled: the network did that, not we."""
        _, times, quantity = self._sent.get(client_id, ("", 0, ZERO))
        return self.knowledge is not None and times >= len(filled) > 1 and all(q <= quantity for q in filled.values())

    def _violation(self, stem: str, at_ms: int, symbol: str, problem: str) -> Violation:
        asked = self.asked.get(stem)
        signal_id = None if asked is None else asked.signal_id
        return Violation(invariant="I1", time_ms=at_ms, text=f"{stem}: {problem}", symbol=symbol, signal_id=signal_id)
