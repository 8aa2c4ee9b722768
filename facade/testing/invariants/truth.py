"""I11: no report claims more than the evidence supports, and none changes in secret."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import attrs

from surefill.domain.alarm import Alarm, AlarmKind
from surefill.domain.events import Claimed, Intent, Reported
from surefill.domain.report import ExecutionReport, Outcome
from surefill.testing.invariants.evidence import Carried, Kept, Told
from surefill.testing.invariants.knowledge import live_legs_shown
from surefill.testing.invariants.row import EXACT, STEM_LENGTH, ZERO, Row, leg_of, number, text, time_ms
from surefill.testing.invariants.sizes import Sizes
from surefill.testing.invariants.standing import Key, Standing
from surefill.testing.invariants.violation import Violation

_DENIALS: Final = frozenset({Outcome.NOT_FILLED, Outcome.REJECTED, Outcome.REFUSED})
_LAST: Final = frozenset({Outcome.CLOSED, Outcome.REDUCED, Outcome.ALREADY_FLAT, Outcome.NOT_FILLED, Outcome.REJECTED})
"""After these nothing more is expected; only a new correction may change them."""


@attrs.define(kw_only=True)
class _Denied:
    """An entry order that a report said had no effect."""

    signal_id: str
    outcome: Outcome
    provisional: bool


@attrs.define(kw_only=True)
class Truth:
    """Holds each report against the ledger as it stood when the report was written.

    The filled quantity is never more than was executed, at a price within those of the fills. PROTECTED needs a stop
    of the size (and the target asked for) that an answer showed resting. CLOSED needs the size to be gone,
    ALREADY_FLAT that none is there; what stood in a journal that was lost is beyond anybody's knowledge. After
    NOT_FILLED that is not provisional no entry ever fills; after a provisional one, REJECTED or REFUSED only with a
    LATE_FILL alarm or a correction behind it. A last word changes only with a new correction.
    """

    sizes: Sizes
    _executed: dict[tuple[str, str], Decimal] = attrs.field(factory=dict[tuple[str, str], Decimal])
    _filled_ids: set[str] = attrs.field(factory=set[str])
    _prices: dict[tuple[str, str], tuple[Decimal, Decimal]] = attrs.field(
        factory=dict[tuple[str, str], tuple[Decimal, Decimal]]
    )
    _rested: dict[tuple[str, str], Decimal] = attrs.field(factory=dict[tuple[str, str], Decimal])
    _shown: set[str] = attrs.field(factory=set[str])
    _quantities: dict[str, Decimal] = attrs.field(factory=dict[str, Decimal])
    _entries: dict[str, list[str]] = attrs.field(factory=dict[str, list[str]])
    _denied: dict[str, _Denied] = attrs.field(factory=dict[str, _Denied])
    _uncorrected: dict[str, int] = attrs.field(factory=dict[str, int])
    _last: dict[str, ExecutionReport] = attrs.field(factory=dict[str, ExecutionReport])
    seen_by_answers: bool = False

    def hear(self, alarm: Alarm) -> None:
        """Take in an alarm: a late fill that is told is corrected."""
        if alarm.kind is AlarmKind.LATE_FILL and alarm.signal_id is not None:
            self._uncorrected.pop(alarm.signal_id, None)
            for client_id in self._entries.get(self.sizes.stem_of(alarm.signal_id) or "", ()):
                self._denied.pop(client_id, None)

    def row(self, row: Row) -> Iterator[Violation]:
        """Take in what happened to orders of ours."""
        if row["kind"] == "algo" and row["status"] == "NEW":
            client_id = text(row, "client_algo_id")
            self._quantities[client_id] = number(row, "quantity")
            if not self.seen_by_answers:
                self._rest(client_id)
        elif row["kind"] == "fill":
            yield from self._fill(row)

    def ask(self, carried: Carried, name: str) -> None:
        """Take in which stops and targets an answer shows resting; *name* is the last part of its path."""
        if name not in ("openAlgoOrders", "algoOrder"):
            return
        for client_id in live_legs_shown(carried):
            if client_id not in self._shown:
                self._shown.add(client_id)
                self._rest(client_id)

    def keep(self, kept: Kept, standing: Standing) -> Iterator[Violation]:
        """Judge a report that the journal kept, and note entries that are about to be sent."""
        event = kept.event
        if isinstance(event, Intent):
            if event.leg.value == "E":
                stem = event.request.client_id[:STEM_LENGTH]
                self._entries.setdefault(stem, []).append(event.request.client_id)
        elif isinstance(event, Claimed):
            # a first claim: what was sent and said before stood in a journal that was lost
            self._last.pop(event.signal_id, None)
            self._entries.pop(self.sizes.stem_of(event.signal_id) or "", None)
        elif isinstance(event, Reported):
            yield from self._judge(event.report, kept.at_ms, standing, fresh=True)

    def tell(self, told: Told, standing: Standing) -> Iterator[Violation]:
        """Judge a report that a caller was given; one that was written earlier is held against the past."""
        yield from self._judge(told.report, told.at_ms, standing, fresh=told.report.at_ms == told.at_ms)

    def at_rest(self, now_ms: int) -> Iterator[Violation]:
        """Judge what should have been corrected by now."""
        for signal_id, at_ms in self._uncorrected.items():
            problem = "an entry reported as without effect was filled, and nothing corrected the report"
            yield self._violation(at_ms, problem, "", signal_id)
        self._uncorrected.clear()

    def _fill(self, row: Row) -> Iterator[Violation]:
        client_id = text(row, "client_order_id")
        leg = leg_of(client_id)
        if leg is None:
            return
        place = client_id[:STEM_LENGTH], leg
        price = number(row, "price")
        self._filled_ids.add(client_id)
        self._executed[place] = EXACT.add(self._executed.get(place, ZERO), number(row, "quantity"))
        low, high = self._prices.get(place, (price, price))
        self._prices[place] = min(low, price), max(high, price)
        denied = self._denied.get(client_id)
        if denied is None:
            return
        if denied.outcome is Outcome.NOT_FILLED and not denied.provisional:
            problem = f"{client_id} filled after the report said for good that it did not"
            yield self._violation(time_ms(row), problem, text(row, "symbol"), denied.signal_id)
        else:
            self._uncorrected.setdefault(denied.signal_id, time_ms(row))

    def _rest(self, client_id: str) -> None:
        leg = leg_of(client_id)
        if leg in ("S", "T"):
            place = client_id[:STEM_LENGTH], leg
            self._rested[place] = max(self._rested.get(place, ZERO), self._quantities.get(client_id, ZERO))

    def _judge(self, report: ExecutionReport, at_ms: int, standing: Standing, *, fresh: bool) -> Iterator[Violation]:
        stem = self.sizes.stem_of(report.signal_id)
        problems = [*self._changed(report), *self._filled(report, stem or "")]
        if fresh:
            problems += self._outcome(report, stem or "", standing)
        for problem in problems:
            yield self._violation(at_ms, problem, report.symbol, report.signal_id)
        if report.type.is_entry and report.outcome in _DENIALS:
            for client_id in self._entries.get(stem or "", ()):
                self._denied[client_id] = _Denied(
                    signal_id=report.signal_id, outcome=report.outcome, provisional=report.provisional
                )
        elif report.corrections or not report.type.is_entry or self._executed.get((stem or "", "E")):
            self._uncorrected.pop(report.signal_id, None)

    def _changed(self, report: ExecutionReport) -> Iterator[str]:
        before = self._last.get(report.signal_id)
        if report.outcome is not Outcome.REFUSED:
            self._last[report.signal_id] = report
        if before is None or before.outcome not in _LAST or len(report.corrections) > len(before.corrections):
            return
        if report.outcome is not before.outcome:
            yield f"{before.outcome.value} became {report.outcome.value} without a correction"
        elif report.filled_quantity < before.filled_quantity:
            yield f"the filled quantity shrank from {before.filled_quantity} to {report.filled_quantity}"

    def _filled(self, report: ExecutionReport, stem: str) -> Iterator[str]:
        place = stem, "E" if report.type.is_entry else "X"
        executed = self._executed.get(place, ZERO)
        if report.filled_quantity > executed:
            yield f"{report.outcome.value} claims {report.filled_quantity} filled, executed was {executed}"
        elif report.average_price is not None and place in self._prices:
            low, high = self._prices[place]
            grain = Decimal((0, (1,), -5))
            if not low - grain <= report.average_price <= high + grain:
                yield f"the average price {report.average_price} lies outside the fills, {low} to {high}"

    def _outcome(self, report: ExecutionReport, stem: str, standing: Standing) -> Iterator[str]:
        if report.outcome is Outcome.PROTECTED:
            yield from self._unrested(stem, standing, ("S", "T"))
        elif report.outcome is Outcome.PROTECTED_WITHOUT_TAKE_PROFIT:
            yield from self._unrested(stem, standing, ("S",))
        elif report.outcome in _DENIALS and report.type.is_entry and not report.provisional:
            for client_id in self._entries.get(stem, ()):
                if client_id in self._filled_ids:
                    yield f"{report.outcome.value} although {client_id} was executed"
        elif report.outcome is Outcome.CLOSED and report.type.is_entry:
            key = self.sizes.place(stem)
            left = ZERO if key is None else self._left(stem, key, standing)
            if left > ZERO:
                yield f"CLOSED although {left} of it is open"
        elif report.outcome in (Outcome.CLOSED, Outcome.ALREADY_FLAT) and not report.type.is_entry:
            left = self._left_in(report, standing)
            if left > ZERO:
                yield f"{report.outcome.value} although {left} of ours is open in that direction"

    def _unrested(self, stem: str, standing: Standing, legs: tuple[str, ...]) -> Iterator[str]:
        """Yield which of the legs asked for no answer ever showed resting, at the size that is left."""
        asked, key = self.sizes.asked.get(stem), self.sizes.place(stem)
        size = ZERO if key is None else self._left(stem, key, standing)
        for leg, name in (("S", "stop"), ("T", "target")):
            wanted = leg == "S" or (asked is not None and asked.target is not None)
            if leg in legs and wanted and self._rested.get((stem, leg), ZERO) < size:
                yield f"PROTECTED although no {name} of {size} was seen resting"

    def _left(self, stem: str, key: Key, standing: Standing) -> Decimal:
        """Return what must still be open of a signal, however others may have reduced the position."""
        open_sizes = (self.sizes.open(each) for each in self.sizes.holding(key))
        lost = EXACT.subtract(sum(open_sizes, ZERO), standing.ours(key).copy_abs())
        return EXACT.subtract(self.sizes.open(stem), max(ZERO, lost))

    def _left_in(self, report: ExecutionReport, standing: Standing) -> Decimal:
        """Return what is open of ours in the direction that a close is about, as far as its owner can remember."""
        is_long = report.type.direction.value == "LONG"
        size = ZERO
        for side in ("BOTH", report.type.direction.value):
            key = report.symbol, side
            ours = standing.ours(key)
            if ours and (ours > ZERO) == is_long:
                forgotten = (self.sizes.open(each) for each in self.sizes.holding(key) if each in self.sizes.forgotten)
                size = EXACT.add(size, EXACT.subtract(ours.copy_abs(), sum(forgotten, ZERO)))
        return size

    def _violation(self, at_ms: int, problem: str, symbol: str, signal_id: str) -> Violation:
        return Violation(invariant="I11", time_ms=at_ms, text=problem, symbol=symbol, signal_id=signal_id)
