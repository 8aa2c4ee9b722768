"""How much each signal of ours still holds, from the fills alone, and whose size needs no stop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import islice

import attrs

from surefill.domain.alarm import Alarm
from surefill.domain.events import Allotment, Claimed, Event, Intent, Reclaimed, Released, Waived
from surefill.testing.invariants.asked import Asked
from surefill.testing.invariants.row import EXACT, STEM_LENGTH, ZERO, Row, leg_of, number, text
from surefill.testing.invariants.standing import Key


@attrs.define(kw_only=True)
class Sizes:
    """Read fill by fill; which bracket an exit closes is taken from what the journal kept before it was sent.

    Attributes:
        asked: what the callers asked for, by stem.
        stems: the stems of client ids by signal id.
        bare: stems whose size needs no stop, for none was asked for.
        waived: stems whose caller took the stop away himself, by what the journal kept, or by the alarm that told him:
            a process knows of it also when its journal fails, the next one only what was kept.
        forgotten: stems of a journal that was lost, while their signals are not claimed again; those that are released
            before any of their orders was found are forgotten once more.
    """

    asked: Mapping[str, Asked] = attrs.field(factory=dict[str, Asked])
    stems: dict[str, str] = attrs.field(factory=dict[str, str])
    bare: set[str] = attrs.field(factory=set[str])
    waived: set[str] = attrs.field(factory=set[str])
    forgotten: set[str] = attrs.field(factory=set[str])
    _rung: set[str] = attrs.field(factory=set[str])
    _claimed_again: set[str] = attrs.field(factory=set[str])
    _open: dict[str, Decimal] = attrs.field(factory=dict[str, Decimal])
    _places: dict[str, Key] = attrs.field(factory=dict[str, Key])
    _by_key: dict[Key, dict[str, None]] = attrs.field(factory=dict[Key, dict[str, None]])
    _symbols: dict[str, str] = attrs.field(factory=dict[str, str])
    _allotted: dict[str, list[Allotment]] = attrs.field(factory=dict[str, list[Allotment]])
    _entries: dict[str, dict[str, str]] = attrs.field(factory=dict[str, dict[str, str]])
    _changes: dict[str, list[tuple[str, Decimal]]] = attrs.field(factory=dict[str, list[tuple[str, Decimal]]])
    _read: int = 0

    def open(self, stem: str) -> Decimal:
        """Return what a signal's fills leave open, base units; what others closed of it is not reckoned off."""
        return self._open.get(stem, ZERO)

    def place(self, stem: str) -> Key | None:
        """Return where a signal has traded; None when it never filled."""
        return self._places.get(stem)

    def symbol(self, stem: str) -> str | None:
        """Return the symbol of a signal's orders."""
        return self._symbols.get(stem)

    def holding(self, key: Key) -> Iterable[str]:
        """Return the stems with size there, oldest first."""
        return self._by_key.get(key, ())

    def keep(self, event: Event) -> None:
        """Take in what the journal kept."""
        if isinstance(event, Intent):
            stem = event.request.client_id[:STEM_LENGTH]
            self.stems[event.signal_id] = stem
            self._claimed_again.discard(stem)
            self._symbols[stem] = event.request.symbol
            if event.allotments:
                self._allotted[event.request.client_id] = list(event.allotments)
        elif isinstance(event, Waived):
            self.waived.add(self.stem_of(event.signal_id) or "")
            self._rung.discard(self.stem_of(event.signal_id) or "")
        elif isinstance(event, (Claimed, Reclaimed)):
            self._claim(self.stem_of(event.signal_id) or "")
        elif isinstance(event, Released) and (self.stem_of(event.signal_id) or "") in self._claimed_again:
            self.forgotten.add(self.stem_of(event.signal_id) or "")

    def hear(self, alarm: Alarm) -> None:
        """Take in that a caller was told he took the protection away, whether or not the journal keeps it."""
        stem = self.stem_of(alarm.signal_id or "") or ""
        if stem not in self.waived:
            self.waived.add(stem)
            self._rung.add(stem)

    def succeed(self) -> bool:
        """Let another owner begin: it owes a stop again where no waiver was kept; return whether there is such size."""
        lapsed = bool(self._rung)
        self.waived -= self._rung
        self._rung.clear()
        return lapsed

    def _claim(self, stem: str) -> None:
        if stem in self.forgotten:
            self.forgotten.discard(stem)
            self._claimed_again.add(stem)

    def is_exit(self, client_id: str) -> bool:
        """Whether it is the id of an exit that was about to be sent."""
        return client_id in self._allotted

    def stem_of(self, signal_id: str) -> str | None:
        """Return the stem of a signal, when it is known."""
        if len(self.asked) > self._read:
            for each, asked in islice(self.asked.items(), self._read, None):
                self.stems.setdefault(asked.signal_id, each)
            self._read = len(self.asked)
        return self.stems.get(signal_id)

    def entries(self, stem: str) -> Mapping[str, str]:
        """Return the entry orders of a signal that filled: their exchange ids by client id."""
        return self._entries.get(stem, {})

    def forget(self) -> None:
        """Note that the journal was lost: what is open now is known to nobody."""
        self.forgotten.update(self._symbols)

    def fill(self, row: Row) -> None:
        """Take in a fill."""
        client_id = text(row, "client_order_id")
        leg = leg_of(client_id)
        if leg is None:
            return
        stem, quantity = client_id[:STEM_LENGTH], number(row, "quantity")
        key = text(row, "symbol"), text(row, "position_side")
        self._changes.setdefault(client_id, [])
        if leg == "E":
            self._places[stem] = key
            self._symbols[stem] = key[0]
            self._entries.setdefault(stem, {})[client_id] = str(row.get("order_id", ""))
            self._change(client_id, stem, quantity)
            asked = self.asked.get(stem)
            if asked is not None and asked.stop is None:
                self.bare.add(stem)
        elif leg == "X":
            self._exit(client_id, key, quantity)
        else:
            self._change(client_id, stem, quantity.copy_negate())

    def undo(self, row: Row) -> None:
        """Take back the fills of an order that the exchange lost."""
        client_id = text(row, "client_order_id")
        for stem, by in self._changes.pop(client_id, []):
            self._changes[client_id] = []
            self._change(client_id, stem, by.copy_negate())

    def uncovered(self, key: Key) -> Decimal:
        """Return how much of our size there needs no stop of ours, base units."""
        size = ZERO
        if self.bare or self.waived or self.forgotten:
            for stem in self.holding(key):
                if stem in self.bare or stem in self.waived or stem in self.forgotten:
                    size = EXACT.add(size, self.open(stem))
        return size

    def _exit(self, client_id: str, key: Key, quantity: Decimal) -> None:
        """Spread an exit over the brackets it was meant for, then over its own signal, then over the oldest there."""
        left = quantity
        shares = self._allotted.get(client_id, [])
        while shares and left > ZERO:
            taken = min(left, shares[0].quantity)
            stem = self.stem_of(shares[0].signal_id)
            if stem is not None:
                self._change(client_id, stem, taken.copy_negate())
            left = EXACT.subtract(left, taken)
            rest = EXACT.subtract(shares[0].quantity, taken)
            shares[:1] = [Allotment(shares[0].signal_id, rest)] if rest > ZERO else []
        for stem in (client_id[:STEM_LENGTH], *tuple(self.holding(key))):
            taken = min(left, self.open(stem))
            if taken > ZERO:
                self._change(client_id, stem, taken.copy_negate())
                left = EXACT.subtract(left, taken)

    def _change(self, client_id: str, stem: str, by: Decimal) -> None:
        self._changes[client_id].append((stem, by))
        size = max(ZERO, EXACT.add(self.open(stem), by))
        self._open[stem] = size
        key = self._places.get(stem)
        if key is not None:
            if size > ZERO:
                self._by_key.setdefault(key, {})[stem] = None
            else:
                self._by_key.get(key, {}).pop(stem, None)
