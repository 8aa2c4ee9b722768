"""Everything known of one signal, folded from the journal's events."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import assert_never

import attrs

from .bracket import Bracket
from .events import (
    Absent,
    Answered,
    CancelAsked,
    Claimed,
    Closed,
    Covered,
    Exited,
    Exposed,
    Intent,
    Missed,
    Planned,
    Reclaimed,
    Released,
    Reported,
    Seen,
    SignalEvent,
    Waived,
    WrittenOff,
)
from .ids import Leg
from .leg_state import Fate, LegState
from .numbers import EXACT, negated
from .order import ZERO
from .report import ClosedBy, ExecutionReport

_OVER = frozenset({Fate.NOTHING, Fate.ENDED, Fate.ABSENT})


@attrs.define
class SignalState:
    """One signal: its claim, its plan, its orders, and what they add up to.

    Attributes:
        claim: the decision.
        bracket: the plan; None for closes, and before it is made.
        legs: every order of the signal by client id, in order of intent.
        exits: what exit orders closed of it, by their client id, base units.
        written_off: gone without any order of ours, base units.
        fill_known_ms: when the first answer that shows a fill of the entry came.
        covered_ms: when the stop was first seen live after that.
        naked_since_ms: since when there is a position without a live stop; None while there is none.
        waiver: people were told that the caller cancelled the protection himself.
        released: no order took effect; the id may be used again.
        closed_by: what ended it; None while it is open.
        report: the latest report.
        open_quantity: what should still be open of this signal's position, base units; never negative. Reckoned once
            with each fact, for every decision asks for it many times over.
    """

    claim: Claimed
    bracket: Bracket | None = None
    legs: dict[str, LegState] = attrs.field(factory=dict)
    exits: dict[str, Decimal] = attrs.field(factory=dict)
    written_off: Decimal = ZERO
    fill_known_ms: int | None = None
    covered_ms: int | None = None
    naked_since_ms: int | None = None
    waiver: bool = False
    released: bool = False
    closed_by: ClosedBy | None = None
    report: ExecutionReport | None = None
    open_quantity: Decimal = attrs.field(default=ZERO, init=False)

    @property
    def signal_id(self) -> str:
        """The signal's id."""
        return self.claim.signal_id

    @property
    def symbol(self) -> str:
        """The signal's symbol."""
        return self.claim.signal.symbol

    def of(self, leg: Leg) -> Iterator[LegState]:
        """Yield the orders of one leg, oldest first."""
        return (state for state in self.legs.values() if state.intent.leg is leg)

    def last(self, leg: Leg) -> LegState | None:
        """Return the newest order of one leg."""
        return next((state for state in reversed(self.legs.values()) if state.intent.leg is leg), None)

    def next_attempt(self, leg: Leg) -> int:
        """Return the number of the next order of one leg, from 1."""
        return 1 + max((state.intent.attempt for state in self.of(leg)), default=0)

    def executed(self, leg: Leg) -> Decimal:
        """Return what the orders of one leg filled together, base units."""
        return total(state.executed for state in self.of(leg))

    @property
    def exited(self) -> Decimal:
        """What market exits closed of it, base units."""
        return total(tuple(self.exits.values()))

    @property
    def open_questions(self) -> tuple[LegState, ...]:
        """Entries and exits of which nobody knows whether they were executed."""
        return tuple(
            state
            for state in self.legs.values()
            if state.intent.leg in (Leg.ENTRY, Leg.EXIT) and state.fate in (Fate.OPEN_QUESTION, Fate.OPEN)
        )

    @property
    def doubtful_entries(self) -> Iterator[LegState]:
        """Entries sent of which nobody knows whether they were executed."""
        return (state for state in self.of(Leg.ENTRY) if state.fate is Fate.OPEN_QUESTION)

    @property
    def cleared(self) -> bool:
        """Whether neither size of the signal nor any order known to be open is left; lost orders are still watched."""
        legs = (*self.of(Leg.STOP), *self.of(Leg.TARGET))
        shown = (leg for leg in legs if leg.missing_since_ms is None)
        return self.open_quantity <= ZERO and not any(leg.fate is Fate.OPEN for leg in shown)

    @property
    def took_effect(self) -> bool:
        """Whether an order that carries the decision out was, or may have been, taken by the exchange.

        That is the entry of an entry signal, and the exit of a close. An entry believed absent counts, for it is never
        sent again; an exit believed absent does not, for to send it again can only reduce.
        """
        if self.claim.signal.type.is_entry:
            return any(state.fate is not Fate.NOTHING for state in self.of(Leg.ENTRY))
        return any(state.fate not in (Fate.NOTHING, Fate.ABSENT) for state in self.of(Leg.EXIT))

    @property
    def unexpected_fill(self) -> bool:
        """Whether an entry believed absent was filled after all."""
        return any(state.absent_ms is not None and state.executed > ZERO for state in self.of(Leg.ENTRY))

    @property
    def waived(self) -> bool:
        """Whether the caller cancelled the protection himself: it is not put back.

        So it is from the moment on at which the stop is known to be gone, also if the process died right there.
        """
        return self.waiver or self._renounced(Leg.STOP)

    @property
    def target_waived(self) -> bool:
        """Whether the caller cancelled the target himself, whatever became of the stop: it is not put back."""
        return self._renounced(Leg.TARGET)

    @property
    def needs_stop(self) -> bool:
        """Whether a position of it is open that should have a live stop."""
        plan = self.bracket
        return plan is not None and plan.stop_price is not None and self.open_quantity > ZERO and not self.waived

    def _renounced(self, kind: Leg) -> bool:
        last = self.last(kind)
        return last is not None and last.renounced and all(is_over(leg) for leg in self.of(kind))

    def apply(self, event: SignalEvent) -> None:
        """Take in one fact about this signal."""
        match event:
            case Planned():
                self.bracket = event.bracket
            case Intent():
                # a new dict: whoever looks at the old one from another thread goes on undisturbed
                self.legs = {**self.legs, event.request.client_id: LegState(event)}
            case Answered() | Seen() | Missed() | Absent() | CancelAsked():
                self._apply_to_leg(event)
            case Covered() | Exposed():
                self._apply_cover(event)
            case Exited():
                self.exits = {**self.exits, event.client_id: event.quantity}
            case WrittenOff():
                self.written_off = EXACT.add(self.written_off, event.quantity)
            case Waived():
                self.waiver = True
            case Reported():
                self.report = event.report
            case Claimed() | Reclaimed() | Released():
                self.released = isinstance(event, Released)
            case Closed():
                self.closed_by = event.closed_by
                self.naked_since_ms = None
            case _ as unreachable:
                assert_never(unreachable)
        self.open_quantity = max(ZERO, self._balance())

    @property
    def overclosed(self) -> Decimal:
        """What its orders closed beyond its own size, base units: a leg that filled before it could be made smaller.

        The exchange knows one position: the rest of it, which another signal had opened, paid for that.
        """
        return max(ZERO, negated(self._balance()))

    def _balance(self) -> Decimal:
        opened, closed = ZERO, self.written_off
        for state in self.legs.values():
            filled, leg = state.executed, state.intent.leg
            if leg is Leg.ENTRY:
                opened = EXACT.add(opened, filled)
            elif leg is not Leg.EXIT:  # what exits closed stands in `exits`
                closed = EXACT.add(closed, filled)
        return EXACT.subtract(opened, EXACT.add(closed, self.exited)) if opened else ZERO

    def _apply_to_leg(self, event: Answered | Seen | Missed | Absent | CancelAsked) -> None:
        leg = self.legs[event.client_id]
        match event:
            case Answered():
                leg.reply, leg.answered_ms = event.reply, event.at_ms
                if event.reply.order is not None:
                    leg.take(event.reply.order, event.at_ms)
            case Seen():
                leg.sight(event.order, event.at_ms)
            case Missed():
                leg.inquired_ms = max(leg.inquired_ms, event.at_ms)
                leg.missing_since_ms = event.at_ms if leg.missing_since_ms is None else leg.missing_since_ms
            case Absent():
                leg.absent_ms = event.at_ms
            case CancelAsked():
                leg.cancel_asked_ms, leg.for_good = event.at_ms, event.for_good
            case _ as unreachable:
                assert_never(unreachable)
        if leg.intent.leg is Leg.ENTRY and leg.executed > ZERO and self.fill_known_ms is None:
            self.fill_known_ms = self.naked_since_ms = event.at_ms

    def _apply_cover(self, event: Covered | Exposed) -> None:
        if isinstance(event, Exposed):
            self.naked_since_ms = event.at_ms
            return
        self.naked_since_ms = None
        if self.covered_ms is None:
            self.covered_ms = event.at_ms


def is_over(leg: LegState) -> bool:
    """Whether nothing is to be expected of it: it never was, has ended, or was never answered and cannot be found."""
    return leg.fate in _OVER or (leg.fate is Fate.OPEN_QUESTION and leg.missing_since_ms is not None)


def total(values: Iterator[Decimal] | tuple[Decimal, ...]) -> Decimal:
    """Return the exact sum."""
    result = ZERO
    for value in values:
        result = EXACT.add(result, value)
    return result
