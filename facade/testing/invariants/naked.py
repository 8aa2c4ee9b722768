"""I2: no position of ours is naked in silence."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping
from decimal import Decimal

import attrs

from surefill.domain.alarm import Alarm, AlarmKind
from surefill.testing.invariants.row import EXACT, ZERO, Row, leg_of, text, time_ms
from surefill.testing.invariants.standing import Key, Standing
from surefill.testing.invariants.violation import Violation


@attrs.define
class _Spell:
    """A stretch of time without enough stop: when it began, and whether it was reported."""

    since_ms: int
    known_ms: int
    reported: bool = False


@attrs.define(kw_only=True)
class NoSilentNakedPosition:
    """Whenever we hold size, live stops on the closing side cover it; or it is known for less than `protect_ms`; or an
    UNPROTECTED alarm is younger than `alarm_ms`.

    A stop is live while it rests (NEW): one that is triggering protects nothing until it has filled. Positions of
    signals that never asked for a stop count as naked too.

    Attributes:
        protect_ms: from the first knowledge of the fill to the first alarm.
        look_ms: what one look at the exchange may take on top.
        alarm_ms: how old an alarm may be.
        known_ms: by client id, when the first answer that showed a fill arrived; the moment of the fill unless given.
        longest_ms: the longest stretch without cover so far, counted from the fill.
    """  # noqa: D205 - the sentence is the invariant

    protect_ms: int = 3_000
    look_ms: int = 1_000
    alarm_ms: int = 10_000
    known_ms: Mapping[str, int] = attrs.field(factory=dict[str, int])
    longest_ms: int = 0
    _alarms: dict[str, list[int]] = attrs.field(factory=dict[str, list[int]])
    _spells: dict[Key, _Spell] = attrs.field(factory=dict[Key, _Spell])
    _latest_known: dict[Key, int] = attrs.field(factory=dict[Key, int])

    def hear(self, alarm: Alarm) -> None:
        """Take in an alarm; all up to a moment come before the rows of that moment."""
        if alarm.kind is AlarmKind.UNPROTECTED and alarm.symbol is not None:
            insort(self._alarms.setdefault(alarm.symbol, []), alarm.at_ms)

    def see(self, row: Row, key: Key, standing: Standing) -> Iterator[Violation]:
        """Judge the moment of *row*, which changed something at *key*."""
        now_ms = time_ms(row)
        if row["kind"] == "fill" and leg_of(text(row, "client_order_id")) is not None:
            self._latest_known[key] = self.known_ms.get(text(row, "client_order_id"), now_ms)
        is_naked = stop_size(standing, key) < standing.ours(key).copy_abs()
        spell = self._spells.get(key)
        if is_naked and spell is None:
            self._spells[key] = _Spell(now_ms, max(now_ms, self._latest_known.get(key, now_ms)))
        elif not is_naked and spell is not None:
            yield from self._judge(key, spell, now_ms)
            del self._spells[key]

    def until(self, now_ms: int) -> Iterator[Violation]:
        """Judge what is naked still, at *now_ms*."""
        for key, spell in self._spells.items():
            yield from self._judge(key, spell, now_ms)

    def _judge(self, key: Key, spell: _Spell, now_ms: int) -> Iterator[Violation]:
        self.longest_ms = max(self.longest_ms, now_ms - spell.since_ms)
        silent_ms = self._silence(key[0], spell.known_ms, now_ms)
        if silent_ms is not None and not spell.reported:
            spell.reported = True
            problem = f"no live stop covered the position from {spell.since_ms} on, and no alarm said so"
            yield Violation(invariant="I2", time_ms=silent_ms, text=problem, symbol=key[0])

    def _silence(self, symbol: str, known_ms: int, end_ms: int) -> int | None:
        """Return the first moment up to *end_ms* that neither the grace nor an alarm covers."""
        heard_until_ms = known_ms + self.protect_ms + self.look_ms
        for alarm_ms in self._alarms.get(symbol, ()):
            if alarm_ms > heard_until_ms:
                break
            heard_until_ms = max(heard_until_ms, alarm_ms + self.alarm_ms)
        return heard_until_ms if end_ms > heard_until_ms else None


def stop_size(standing: Standing, key: Key) -> Decimal:
    """Return what the live stops against our position add up to, base units."""
    closing_side = "SELL" if standing.ours(key) > ZERO else "BUY"
    size = ZERO
    for order in standing.orders(key):
        if (order.kind, order.side, order.status) == ("stop", closing_side, "NEW"):
            size = EXACT.add(size, order.quantity)
    return size
