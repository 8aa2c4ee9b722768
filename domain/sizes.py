"""What is held against what our signals add up to: size that is missing, and size that nobody explains."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from .actions import Action, ExitNow, ExitWhy, Inquire, LookAgain, Raise, WriteOff
from .alarm import AlarmKind
from .ids import Leg
from .leg_sets import legs_of
from .leg_state import Fate, LegState
from .leg_view import LegView, view
from .numbers import EXACT
from .order import ZERO
from .protection_policy import ProtectionPolicy
from .side import Direction, PositionMode
from .signal_state import SignalState
from .snapshot import Snapshot
from .symbol_book import SymbolBook
from .timings import Timings

UNSETTLED = frozenset({LegView.ASK, LegView.WAIT, LegView.TRIGGERING, LegView.STUCK})
"""Views that leave open what has become of an order."""


@attrs.frozen
class Sizes:
    """One look at one symbol: what we know, what the exchange shows, and when."""

    book: SymbolBook
    snapshot: Snapshot
    policy: ProtectionPolicy
    now_ms: int
    timings: Timings

    def gone(self) -> list[Action]:
        """Write off, oldest first, what is not held any more.

        Only once that was seen for long enough, and when no order of ours can explain it. A position read may lag far
        behind, and to give up a position that is there would leave it naked: without fills of others that explain it,
        it must be seen missing for much longer.
        """
        actions: list[Action] = self._netted()
        if actions:
            return actions
        for direction, gap in self.book.missing(self.snapshot).items():
            states = self.book.holding(direction)
            questions = [inquire for state in states for inquire in self._ask_lost(state)]
            if questions or any(self._unsettled(state) for state in states):
                actions += questions
                continue
            since = self.book.missing_since_ms.get(direction, self.now_ms)
            age_ms = self.now_ms - since
            if age_ms < self.timings.flat_confirm_ms:
                actions.append(LookAgain(since + self.timings.flat_confirm_ms))
            elif age_ms < self._belief_ms(direction):
                lost = min(gap, self.book.lost_elsewhere.get(direction, ZERO))
                actions += _write_off(states, lost)
                if lost < gap:
                    actions.append(LookAgain(self.now_ms + self.timings.poll_max_ms))
            else:
                actions += _write_off(states, gap)
        return actions

    def _ask_lost(self, state: SignalState) -> list[Action]:
        """Size is missing: a stop or target that could not be found may have taken it."""
        due_ms = self.now_ms - self.timings.visibility_grace_ms
        lost = (leg for leg in legs_of(state) if self._view(leg) is LegView.LOST and leg.inquired_ms <= due_ms)
        legs = [leg for leg in lost if leg.client_id not in self.book.silent]
        return [Inquire(state.signal_id, tuple(leg.client_id for leg in legs))] if legs else []

    def _netted(self) -> list[Action]:
        """On a one-way account our long and our short cannot stand side by side: the younger closed the older.

        Only if the rest of both is what is shown; otherwise something else has closed one of them.
        """
        if self.snapshot.mode is not PositionMode.ONE_WAY:
            return []
        cross = min(self.book.open_quantity(direction) for direction in Direction)
        missing = self.book.missing(self.snapshot)
        if any(missing.get(direction, ZERO) != cross for direction in Direction):
            return []
        return [
            action
            for direction in Direction
            if cross > ZERO
            for action in _write_off(self.book.holding(direction), cross)
        ]

    def _belief_ms(self, direction: Direction) -> int:
        """For how long size must be seen missing that no fill explains; much longer if the fills were read."""
        read = direction in self.book.lost_elsewhere
        return self.timings.loss_denied_ms if read else self.timings.loss_unexplained_ms

    def foreign(self) -> list[Action]:
        """Report size that is not ours; it is never touched. It may be an entry of ours that is believed absent."""
        excess_in = self.book.foreign(self.snapshot)
        doubled = self._doubled(excess_in)
        if doubled:
            return doubled
        doubtful = [
            leg for leg in self._absent_entries() if leg.intent.request.side in {w.entry_side for w in excess_in}
        ]
        if doubtful:
            return self._ask_absent(doubtful)
        if not any(self.book.brackets) or any(self._unsettled(state) for state in self.book.brackets):
            return []
        if self.snapshot.at_ms - self._last_change_ms() < self.timings.flat_confirm_ms:
            return []  # the position may still be shown as it was before our own last fill
        return [
            Raise(
                AlarmKind.FOREIGN_CHANGE,
                f"{self.book.symbol} holds {excess} {direction.value} that is not ours; it is left alone and is "
                "not protected by us",
            )
            for direction, excess in self.book.foreign(self.snapshot).items()
        ]

    def _doubled(self, excess_in: Mapping[Direction, Decimal]) -> list[Action]:
        """What an entry of ours filled twice is ours to close, and nobody's wish to keep."""
        actions: list[Action] = []
        for state in self.book.brackets:
            size = self.book.excess.get(state.signal_id, ZERO)
            if size <= ZERO or state.open_questions or size > max(excess_in.values(), default=ZERO):
                continue
            text = f"{size} {state.symbol} more than signal {state.signal_id!r} asked for was filled; it is closed"
            actions.append(Raise(AlarmKind.EXCESS_FILL, text, state.signal_id))
            actions.append(ExitNow(state.signal_id, size, ExitWhy.EXCESS))
        return actions

    def _absent_entries(self) -> list[LegState]:
        return [leg for state in self.book.brackets for leg in state.of(Leg.ENTRY) if leg.fate is Fate.ABSENT]

    def _ask_absent(self, legs: list[LegState]) -> list[Action]:
        """Size that nobody explains while an entry of ours is believed absent may be that entry: ask, and say so."""
        actions: list[Action] = []
        for leg in legs:
            signal_id = leg.intent.signal_id
            asked = leg.client_id in self.book.silent
            if not asked and self.now_ms - leg.inquired_ms >= self.timings.visibility_grace_ms:
                actions.append(Inquire(signal_id, (leg.client_id,)))
            text = (
                f"{self.book.symbol} holds size that nobody explains while {leg.client_id} of signal {signal_id!r} is "
                "believed not to have been executed; it is asked for again and again"
            )
            actions.append(Raise(AlarmKind.OUTCOME_UNKNOWN, text, signal_id))
        return [*actions, LookAgain(self.now_ms + self.timings.poll_max_ms)]

    def _last_change_ms(self) -> int:
        orders = [leg.order for state in self.book.signals for leg in state.legs.values()]
        return max((order.updated_ms for order in orders if order is not None), default=0)

    def _unsettled(self, state: SignalState) -> bool:
        if state.open_questions or self.book.exit_in_flight(state.signal_id):
            return True
        return any(self._view(leg) in UNSETTLED for leg in legs_of(state))

    def _view(self, leg: LegState) -> LegView:
        return view(leg, self.snapshot, self.now_ms, self.timings)


def _write_off(states: tuple[SignalState, ...], gap: Decimal) -> list[Action]:
    actions: list[Action] = []
    for state in states:
        lost = min(state.open_quantity, gap)
        if lost > ZERO:
            actions.append(WriteOff(state.signal_id, lost))
            gap = EXACT.subtract(gap, lost)
    return actions
