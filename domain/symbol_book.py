"""Our side of one symbol, ready to be held against what the exchange shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import attrs

from .ids import Leg
from .leg_state import Fate, LegState
from .numbers import EXACT, negated
from .order import ZERO
from .side import Direction, position_side
from .signal_state import SignalState, total
from .snapshot import Snapshot


@attrs.frozen(kw_only=True)
class SymbolBook:
    """All our open signals on one symbol.

    Attributes:
        symbol: as the exchange lists it.
        signals: oldest first, closes included.
        orphan_ids: client ids of open orders that belong to signals of ours already closed.
        unknown_ids: client ids of open orders that carry our mark, of signals the journal does not know.
        missing_since_ms: since when less is held, per direction, than our signals add up to.
        lost_elsewhere: how much of that, per direction, fills of orders that are not ours explain, base units.
        leg_sizes: by signal id, the size of its stop and target where the step in force no longer fits what is open.
        excess: by signal id, what its entry filled beyond its one order, and is held still; base units.
        silent: client ids that were asked for in this look, without an answer.
        flatten: everything of ours is to be closed.
    """

    symbol: str
    signals: tuple[SignalState, ...] = ()
    orphan_ids: frozenset[str] = frozenset()
    unknown_ids: frozenset[str] = frozenset()
    missing_since_ms: Mapping[Direction, int] = attrs.field(factory=dict)
    lost_elsewhere: Mapping[Direction, Decimal] = attrs.field(factory=dict)
    leg_sizes: Mapping[str, Decimal] = attrs.field(factory=dict)
    excess: Mapping[str, Decimal] = attrs.field(factory=dict)
    silent: frozenset[str] = frozenset()
    flatten: bool = False

    @property
    def brackets(self) -> Iterator[SignalState]:
        """Yield the signals with a plan, oldest first."""
        return (state for state in self.signals if state.bracket is not None)

    @property
    def questions(self) -> tuple[LegState, ...]:
        """Return entries and exits sent of which nobody knows whether they were executed."""
        return tuple(leg for state in self.signals for leg in state.open_questions if leg.fate is Fate.OPEN_QUESTION)

    def holding(self, direction: Direction) -> tuple[SignalState, ...]:
        """Return the signals that should hold size in *direction*, by the time of their entries, oldest first.

        Not by when we heard of them: those of a lost journal come back in any order, and what closed a part of the
        position is likely to have closed its oldest part.
        """
        found = [
            state
            for state in self.signals
            if state.bracket is not None and state.bracket.direction is direction and state.open_quantity > ZERO
        ]
        return tuple(sorted(found, key=_entered_ms) if len(found) > 1 else found)

    def open_quantity(self, direction: Direction) -> Decimal:
        """Return what our signals should hold in *direction*, base units."""
        return total(tuple([state.open_quantity for state in self.holding(direction)]))

    def exit_in_flight(self, signal_id: str) -> bool:
        """Whether an exit meant for the signal's bracket has no known end yet."""
        return any(
            leg.fate in (Fate.OPEN, Fate.OPEN_QUESTION)
            and any(allotment.signal_id == signal_id for allotment in leg.intent.allotments)
            for leg in self._exits()
        )

    def missing(self, snapshot: Snapshot) -> dict[Direction, Decimal]:
        """Return per direction how much less is held than our signals add up to, base units; only what is missing."""
        return {direction: negated(balance) for direction, balance in self._balance(snapshot) if balance < ZERO}

    def foreign(self, snapshot: Snapshot) -> dict[Direction, Decimal]:
        """Return per direction how much more the exchange shows than we hold, base units; only what is not ours."""
        return {direction: balance for direction, balance in self._balance(snapshot) if balance > ZERO}

    def _balance(self, snapshot: Snapshot) -> Iterator[tuple[Direction, Decimal]]:
        """Yield per direction what is held beyond what our signals add up to; below zero, something is missing."""
        for direction in (Direction.LONG, Direction.SHORT):
            held = snapshot.held(direction, position_side(snapshot.mode, direction))
            yield direction, EXACT.subtract(held, self.open_quantity(direction))

    def _exits(self) -> Iterator[LegState]:
        return (leg for state in self.signals for leg in state.of(Leg.EXIT))


def _entered_ms(state: SignalState) -> int:
    """Return when the exchange last changed the entry that filled."""
    orders = (leg.order for leg in state.of(Leg.ENTRY) if leg.executed > ZERO)
    return min((order.updated_ms for order in orders if order is not None), default=0)
