"""I2: no position of ours is naked in silence."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

import attrs

from surefill.domain.alarm import Alarm, AlarmKind
from surefill.testing.invariants.evidence import Carried
from surefill.testing.invariants.knowledge import (
    Knowledge,
    answered,
    entries_shown,
    is_read,
    position_shown,
    stops_shown,
    trades_shown,
)
from surefill.testing.invariants.row import EXACT, STEM_LENGTH, ZERO, Row, leg_of, text, time_ms
from surefill.testing.invariants.standing import Key, Standing, stop_size
from surefill.testing.invariants.violation import Violation

_ELSE: Final = frozenset({AlarmKind.OUTCOME_UNKNOWN, AlarmKind.EXCHANGE_UNREACHABLE})
"""Alarms that tell of a position nobody can be sure of: enough while no answer says that it is ours."""


@attrs.define(kw_only=True)
class _Spell:
    """A stretch of time without enough stop, and what the present owner knows of it.

    Attributes:
        since_ms, since_seq: when it began.
        fresh: exchange ids by client id of the entries whose fill made it, as far as nobody knows of them.
        start_ms: when the present owner's share of it began.
        living: whether there is a present owner.
        known_ms: when it was shown to the present owner.
        told_ms: when an answer said that it is ours.
        asked, heard: a read was tried; one was answered.
        reported: whether it was found too long already.
    """

    since_ms: int
    since_seq: int
    fresh: dict[str, str]
    start_ms: int
    living: bool
    known_ms: int | None = None
    told_ms: int | None = None
    asked: bool = False
    heard: bool = False
    reported: bool = False


@attrs.define(kw_only=True)
class NoSilentNakedPosition:
    """Whenever we hold size, live stops on the closing side cover it; or it is known for less than `protect_ms`; or an
    UNPROTECTED alarm is younger than `alarm_ms`.

    A stop is live while it rests (NEW): one that is triggering protects nothing until it has filled. Positions of
    signals that never asked for a stop count as naked too, unless their callers' words are at hand.

    Known is what an answer *received by a living owner* shows: an order of ours that filled, the position, or, when a
    stop went, open orders without it. Who never looks knows all the same after `guard_ms`; who looks in vain must say
    so within `vain_ms`. While nobody lives nothing is known; the next owner's clock starts anew. Until an answer says
    that the position is ours, an alarm about an unknown outcome is as good.

    Attributes:
        protect_ms: from the first knowledge to the first alarm.
        look_ms: what one look at the exchange may take on top.
        alarm_ms: how old an alarm may be.
        guard_ms: how often an open position is to be looked at.
        vain_ms: how long reads may fail before an alarm.
        known_ms: by client id, when the first answer that showed a fill arrived; without a `knowledge` only.
        knowledge: what the living were shown; without it everything is known at once.
        longest_ms: the longest stretch without cover so far, counted from the fill.
        stretches: of each stretch that ended, how long it lasted from its first moment and from its being known, in
            milliseconds while somebody lived.
    """  # noqa: D205 - the sentence is the invariant

    protect_ms: int = 3_000
    look_ms: int = 1_000
    alarm_ms: int = 10_000
    guard_ms: int = 5_000
    vain_ms: int = 60_000
    known_ms: Mapping[str, int] = attrs.field(factory=dict[str, int])
    knowledge: Knowledge | None = None
    longest_ms: int = 0
    stretches: list[tuple[int, int]] = attrs.field(factory=list[tuple[int, int]])
    _alarms: dict[str | None, list[int]] = attrs.field(factory=dict[str | None, list[int]])
    _others: dict[str | None, list[int]] = attrs.field(factory=dict[str | None, list[int]])
    _spells: dict[Key, _Spell] = attrs.field(factory=dict[Key, _Spell])
    _latest_known: dict[Key, int] = attrs.field(factory=dict[Key, int])

    @property
    def waiting(self) -> bool:
        """Whether anything is naked now."""
        return bool(self._spells)

    def hear(self, alarm: Alarm) -> None:
        """Take in an alarm; all up to a moment come before the rows of that moment."""
        if alarm.kind is AlarmKind.UNPROTECTED and alarm.symbol is not None:
            insort(self._alarms.setdefault(alarm.symbol, []), alarm.at_ms)
        elif alarm.kind in _ELSE:
            insort(self._others.setdefault(alarm.symbol, []), alarm.at_ms)

    def fill(self, row: Row, key: Key) -> None:
        """Note when a fill is known; without a `knowledge` only."""
        if leg_of(text(row, "client_order_id")) is not None:
            self._latest_known[key] = self.known_ms.get(text(row, "client_order_id"), time_ms(row))

    def see(self, row: Row, key: Key, standing: Standing) -> Iterator[Violation]:
        """Judge the moment of *row*, which changed something at *key*."""
        yield from self.at(time_ms(row), int(str(row.get("seq", 0))), key, standing)

    def at(self, now_ms: int, seq: int, key: Key, standing: Standing) -> Iterator[Violation]:
        """Judge *key* as it stands now."""
        needed = self._needed(key, standing)
        is_naked = needed > ZERO and stop_size(standing, key) < needed
        spell = self._spells.get(key)
        if is_naked and spell is None:
            self._spells[key] = self._begin(now_ms, seq, key, standing)
        elif not is_naked and spell is not None:
            yield from self._judge(key, spell, now_ms)
            self._end(spell, now_ms)
            del self._spells[key]

    def ask(self, carried: Carried, standing: Standing) -> None:
        """Take in what came of a request: it may have shown what is naked."""
        if self.knowledge is None or carried.arrived_ms is None:
            return
        symbol = self.knowledge.symbol_of(carried)
        for key, spell in self._spells.items():
            if spell.living and symbol in (None, key[0]):
                self._show(carried, key, spell, standing)

    def live(self, at_ms: int, *, alive: bool) -> Iterator[Violation]:
        """Start the clocks anew with another owner, or judge what the last one left behind."""
        for key, spell in self._spells.items():
            yield from self._judge(key, spell, at_ms)
            spell.living, spell.start_ms = alive, at_ms
            spell.known_ms = spell.told_ms = None
            spell.asked = spell.heard = False
            if self.knowledge is not None:
                spell.fresh = {each: spell.fresh[each] for each in spell.fresh if each not in self.knowledge.known}

    def until(self, now_ms: int) -> Iterator[Violation]:
        """Judge what is naked still, at *now_ms*."""
        for key, spell in self._spells.items():
            yield from self._judge(key, spell, now_ms)

    def _begin(self, now_ms: int, seq: int, key: Key, standing: Standing) -> _Spell:
        fresh: dict[str, str] = {}
        known_ms: int | None = None
        if self.knowledge is None:
            known_ms = max(now_ms, self._latest_known.get(key, now_ms))
        else:
            covered = {order.client_id[:STEM_LENGTH] for order in standing.orders(key) if order.kind == "stop"}
            for stem in self.knowledge.sizes.holding(key):
                if stem not in covered:
                    fresh.update(self.knowledge.sizes.entries(stem))
            fresh = {each: fresh[each] for each in fresh if each not in self.knowledge.known}
        living = self.knowledge is None or self.knowledge.lives.alive
        return _Spell(
            since_ms=now_ms,
            since_seq=seq,
            fresh=fresh,
            start_ms=now_ms,
            living=living,
            known_ms=known_ms,
            told_ms=known_ms,
        )

    def _end(self, spell: _Spell, now_ms: int) -> None:
        if self.knowledge is None:
            self.stretches.append((now_ms - spell.since_ms, now_ms - spell.since_ms))
            return
        from_known = 0 if spell.known_ms is None else now_ms - spell.known_ms
        self.stretches.append((self.knowledge.lives.living_ms(spell.since_ms, now_ms), from_known))

    def _show(self, carried: Carried, key: Key, spell: _Spell, standing: Standing) -> None:
        now_ms = carried.arrived_ms or 0
        if carried.call.method == "POST" and carried.result is not None and not answered(carried):
            spell.start_ms = max(spell.start_ms, now_ms)  # it waited for this answer, in vain
        if is_read(carried):
            spell.asked = True
            spell.heard = spell.heard or answered(carried)
        if spell.told_ms is not None:
            return
        ours = standing.ours(key)
        if spell.fresh:
            is_ours = any(each in spell.fresh for each in entries_shown(carried))
            held = standing.held(key)
            shown = position_shown(carried, key)
            moved = shown is not None and shown * held > ZERO and shown.copy_abs() >= held.copy_abs()
            moved = moved or any(each in trades_shown(carried) for each in spell.fresh.values())
        else:
            cover = stops_shown(carried, key, "SELL" if ours > ZERO else "BUY")
            is_ours = cover is not None and carried.first_seq >= spell.since_seq and cover < self._needed(key, standing)
            moved = False
        if (is_ours or moved) and spell.known_ms is None:
            spell.known_ms = now_ms
        if is_ours:
            spell.told_ms = now_ms

    def _needed(self, key: Key, standing: Standing) -> Decimal:
        """Return how much of our size must be covered, base units."""
        ours = standing.ours(key).copy_abs()
        return ours if self.knowledge is None else EXACT.subtract(ours, self.knowledge.sizes.uncovered(key))

    def _judge(self, key: Key, spell: _Spell, now_ms: int) -> Iterator[Violation]:
        self.longest_ms = max(self.longest_ms, now_ms - spell.since_ms)
        if spell.reported or not spell.living:
            return
        symbol = key[0]
        if spell.known_ms is None and spell.asked:
            silent_ms = None if spell.heard else self._in_vain_ms(symbol, spell.start_ms)
            problem = f"for {self.vain_ms} ms nothing could be seen, and no alarm said so"
        else:
            silent_ms = self._silent_ms(symbol, spell)
            problem = f"no live stop covered the position from {spell.since_ms} on, and no alarm said so"
        if silent_ms is not None and now_ms > silent_ms:
            spell.reported = True
            yield Violation(invariant="I2", time_ms=silent_ms, text=problem, symbol=symbol)

    def _silent_ms(self, symbol: str, spell: _Spell) -> int:
        """Return the first moment that neither the grace nor an alarm covers."""
        known_ms = spell.known_ms
        if known_ms is None:
            known_ms = self._in_time_ms(symbol, spell.start_ms + self.guard_ms + self.look_ms)
        heard_until_ms = self._in_time_ms(symbol, known_ms + self.protect_ms + self.look_ms)
        told_ms = spell.told_ms
        spans = [(alarm_ms, self.alarm_ms) for alarm_ms in self._alarms.get(symbol, ())]
        if told_ms is None or told_ms > known_ms:
            others = (*self._others.get(symbol, ()), *self._others.get(None, ()))
            spans += [(alarm_ms, self.alarm_ms) for alarm_ms in others if told_ms is None or alarm_ms <= told_ms]
            spans += [] if told_ms is None else [(told_ms, self.protect_ms + self.look_ms)]
        for at_ms, lasts_ms in sorted(spans):
            if at_ms > self._in_time_ms(symbol, heard_until_ms):
                break
            heard_until_ms = max(heard_until_ms, at_ms + lasts_ms)
        return self._in_time_ms(symbol, heard_until_ms)

    def _in_vain_ms(self, symbol: str, start_ms: int) -> int | None:
        """Return until when an alarm should have said that nothing can be seen; None when one did."""
        due_ms = self._in_time_ms(symbol, start_ms + self.vain_ms + self.look_ms)
        alarms = (self._alarms.get(symbol, ()), self._others.get(symbol, ()), self._others.get(None, ()))
        heard = any(start_ms - self.alarm_ms <= alarm_ms <= due_ms for each in alarms for alarm_ms in each)
        return None if heard else due_ms

    def _in_time_ms(self, symbol: str, due_ms: int) -> int:
        return due_ms if self.knowledge is None else self.knowledge.in_time_ms(symbol, due_ms, self.look_ms)
