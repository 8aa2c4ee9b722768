"""The one decision: our brackets and what the exchange shows, in; what to do, as data, out.

The happy path, the guard, recovery after a crash and reconciliation all ask the same question: what is, against what
should be? So they all call `next_actions`, and there is no second code path that could disagree with the first.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from .actions import (
    Action,
    CancelLegs,
    CancelOrphans,
    Close,
    ExitNow,
    ExitWhy,
    Inquire,
    LookAgain,
    MarkCovered,
    MarkExposed,
    PlaceStop,
    PlaceTarget,
    Raise,
)
from .alarm import AlarmKind
from .bracket import Bracket
from .ids import Leg
from .leg_sets import covers, given_up, legs_of, of_size, removed_by_others
from .leg_state import Fate, LegState
from .leg_view import LegView
from .order import CANCELLABLE, ZERO, Order, OrderStatus
from .protection_policy import OnLateFill, OnUnprotected, ProtectionPolicy
from .refusal import Refusal
from .report import ClosedBy
from .side import Direction, Side, TriggerPrice, position_side
from .signal_state import SignalState
from .sizes import UNSETTLED, Sizes
from .snapshot import Snapshot
from .symbol_book import SymbolBook
from .timings import Timings


def next_actions(
    book: SymbolBook, snapshot: Snapshot, policy: ProtectionPolicy, now_ms: int, timings: Timings
) -> tuple[Action, ...]:
    """Return what to do now, in order; an empty tuple, or only `LookAgain` and `Raise`, when all is as it should be.

    Args:
        book: our signals on the symbol; what *snapshot* shows of their orders was taken in already.
        snapshot: what the exchange shows.
        policy: what the caller wishes when protection cannot be had.
        now_ms: exchange time.
        timings: the windows and deadlines.
    """
    look = _Look(book, snapshot, policy, now_ms, timings)
    actions: list[Action] = []
    for state in book.brackets:
        actions += look.bracket(state)
    actions += look.gone()
    actions += look.foreign()
    actions += look.orphans()
    return tuple(actions)


@attrs.frozen
class _Look(Sizes):
    """One look at one symbol."""

    def bracket(self, state: SignalState) -> list[Action]:
        """Decide for one bracket."""
        plan = state.bracket
        if plan is None or state.closed_by is not None:
            return []
        if state.open_quantity <= ZERO:
            return self._clear(state)
        if self.book.exit_in_flight(state.signal_id):  # a leg may have closed it meanwhile, and explain what is missing
            return [*self._asked(state, legs_of(state)), LookAgain(self.now_ms + self.timings.poll_ms)]
        exit_why = self._must_exit(state)
        if exit_why is not None:
            return self._leave(state, plan, [ExitNow(state.signal_id, state.open_quantity, exit_why)])
        if state.waived:
            return self._asked(state, legs_of(state))
        actions = self._stop(state, plan)
        if any(isinstance(action, ExitNow) for action in actions):
            return self._leave(state, plan, actions)
        return [*actions, *self._target(state, plan)]

    def orphans(self) -> list[Action]:
        """Cancel orders of ours that belong to nothing.

        Those of signals the journal does not know are spared while they may protect something.
        """
        open_orders = (*self.snapshot.conditionals, *self.snapshot.orders)
        doomed = set(self.book.orphan_ids)
        unknown = [order for order in open_orders if order.client_id in self.book.unknown_ids]
        spared = {order.client_id for order in unknown if self._may_close(order)}
        doomed |= {order.client_id for order in unknown} - spared
        keys = tuple(order.key for order in open_orders if order.client_id in doomed and order.status in CANCELLABLE)
        actions: list[Action] = [CancelOrphans(keys)] if keys else []
        if spared:
            actions.append(
                Raise(
                    AlarmKind.FOREIGN_CHANGE,
                    f"{self.book.symbol} has orders of ours ({', '.join(sorted(spared))}) of signals the "
                    "journal does not know; "
                    "execute those signals again to adopt them, or cancel the orders",
                )
            )
        return actions

    def _may_close(self, order: Order) -> bool:
        """Whether something is held that *order* could close."""
        direction = Direction.LONG if order.side is Side.SELL else Direction.SHORT
        return self.snapshot.held(direction, order.position_side) > ZERO

    def _must_exit(self, state: SignalState) -> ExitWhy | None:
        if self.book.flatten:
            return ExitWhy.HALT
        if state.unexpected_fill and self.policy.on_late_fill is OnLateFill.FLATTEN:
            return ExitWhy.LATE_FILL
        return None

    def _leave(self, state: SignalState, plan: Bracket, actions: list[Action]) -> list[Action]:
        """Exit only from what is held: a position that is gone, or not shown yet, leaves nothing to send."""
        due_ms = self._exit_due_ms(state)
        if self.now_ms < due_ms:
            return [LookAgain(due_ms) if isinstance(action, ExitNow) else action for action in actions]
        if self.snapshot.held(plan.direction, position_side(self.snapshot.mode, plan.direction)) > ZERO:
            return actions
        again = LookAgain(self.now_ms + self.timings.poll_ms)
        kept = [again if isinstance(action, ExitNow) else action for action in actions]
        return [*self._asked(state, legs_of(state)), *kept]

    def _exit_due_ms(self, state: SignalState) -> int:
        """When the next exit may be sent: those that come to nothing are sent ever more rarely."""
        failures, last_ms = 0, 0
        for leg in reversed(tuple(state.of(Leg.EXIT))):
            if leg.fate is not Fate.NOTHING:
                break
            failures += 1
            last_ms = last_ms or leg.answered_ms or leg.intent.at_ms
        return last_ms + min(self.timings.poll_ms << (failures - 1), self.timings.alarm_repeat_ms) if failures else 0

    def _stop(self, state: SignalState, plan: Bracket) -> list[Action]:
        if plan.stop_price is None:
            return []
        legs = tuple(state.of(Leg.STOP))
        asked = self._asked(state, legs)
        if asked:
            return asked
        views = [self._view(leg) for leg in legs]
        if LegView.STUCK in views:
            return [ExitNow(state.signal_id, state.open_quantity, ExitWhy.STOP_STUCK)]
        if LegView.TRIGGERING in views:  # it protects nothing until it has filled
            return [*self._cover(state, []), LookAgain(self.now_ms + self.timings.poll_ms)]
        live = self._live(legs)
        actions = self._cover(state, live)
        if any(leg.client_id in self.book.silent for leg in legs):  # who knows?
            return [*actions, LookAgain(self.now_ms + self.timings.poll_max_ms)]
        found = of_size(live, self._leg_size(state))
        if found is not None:
            return [*actions, *_cancel(state, [leg for leg in live if leg is not found], self.now_ms, self.timings)]
        return [*actions, *self._missing_stop(state, plan, legs, naked=not covers(live, state.open_quantity))]

    def _missing_stop(
        self, state: SignalState, plan: Bracket, legs: tuple[LegState, ...], *, naked: bool
    ) -> list[Action]:
        last = legs[-1] if legs else None
        if naked:
            why = self._stop_is_due(plan, last) or self._past_deadline(state)
            if why is not None:
                return [ExitNow(state.signal_id, state.open_quantity, why)]
        alarm = self._removed_too_often(state, legs, "stop")
        if alarm is not None:
            return [alarm]
        return self._place_or_wait(legs, PlaceStop(state.signal_id, self._leg_size(state)))

    def _stop_is_due(self, plan: Bracket, last: LegState | None) -> ExitWhy | None:
        if last is not None and last.order is not None and last.order.status is OrderStatus.REJECTED:
            return ExitWhy.STOP_REJECTED
        if last is not None and last.refusal is Refusal.STOP_CROSSED:
            return ExitWhy.STOP_DUE
        position = self.snapshot.position(plan.position_side)
        if position is None or position.mark_price is None or plan.trigger_on is not TriggerPrice.MARK:
            return None
        return ExitWhy.STOP_DUE if plan.beyond_stop(position.mark_price) else None

    def _past_deadline(self, state: SignalState) -> ExitWhy | None:
        since = state.naked_since_ms
        if since is None or self.policy.on_unprotected is not OnUnprotected.FLATTEN:
            return None
        return ExitWhy.UNPROTECTED if self.now_ms - since >= self.timings.protect_hard_ms else None

    def _cover(self, state: SignalState, live: list[LegState]) -> list[Action]:
        if covers(live, state.open_quantity):
            return [MarkCovered(state.signal_id)] if state.naked_since_ms is not None else []
        if state.naked_since_ms is None:
            return [MarkExposed(state.signal_id, self.snapshot.at_ms)]  # the lists are read first
        naked_ms = self.now_ms - state.naked_since_ms
        if naked_ms < self.timings.protect_soft_ms:
            return []
        text = (
            f"{state.open_quantity} {state.symbol} of signal {state.signal_id!r} has had no live stop for "
            f"{naked_ms} ms; "
            f"placing it is tried again ({self.policy.on_unprotected.value} at {self.timings.protect_hard_ms} ms)"
        )
        return [Raise(AlarmKind.UNPROTECTED, text, state.signal_id)]

    def _target(self, state: SignalState, plan: Bracket) -> list[Action]:
        if plan.target_price is None or state.target_waived:
            return []
        legs = tuple(state.of(Leg.TARGET))
        asked = self._asked(state, legs)
        if asked:
            return asked
        if any(self._view(leg) in (LegView.TRIGGERING, LegView.STUCK) for leg in legs):
            return [LookAgain(self.now_ms + self.timings.poll_ms)]
        live = self._live(legs)
        size = self._leg_size(state)
        found = of_size(live, size)
        if found is not None:
            return _cancel(state, [leg for leg in live if leg is not found], self.now_ms, self.timings)
        alarm = self._removed_too_often(state, legs, "target")
        if alarm is not None:
            return [alarm]
        if given_up(legs, size):
            return _cancel(state, live, self.now_ms, self.timings)
        return self._place_or_wait(legs, PlaceTarget(state.signal_id, size))

    def _leg_size(self, state: SignalState) -> Decimal:
        """What a stop or target is to be of: all of it, unless the step in force leaves a rest that no order can have.

        Such a rest stays naked, and its alarm goes on.
        """
        return self.book.leg_sizes.get(state.signal_id, state.open_quantity)

    def _place_or_wait(self, legs: tuple[LegState, ...], place: PlaceStop | PlaceTarget) -> list[Action]:
        if place.quantity <= ZERO:  # less than one step: no order can be of it
            return [LookAgain(self.now_ms + self.timings.alarm_repeat_ms)]
        if any(self._view(leg) is LegView.WAIT and leg.quantity == place.quantity for leg in legs):
            return [LookAgain(self.now_ms + self.timings.poll_ms)]
        failures = 0
        for leg in reversed(legs):
            if leg.quantity != place.quantity or not self._failed(leg):
                break
            failures += 1
        if failures == 0:
            return [place]
        last = legs[-1]
        wait_ms = min(self.timings.poll_ms << (failures - 1), self.timings.alarm_repeat_ms)
        due_ms = (last.intent.at_ms if last.answered_ms is None else last.answered_ms) + wait_ms
        return [place] if self.now_ms >= due_ms else [LookAgain(due_ms)]

    def _failed(self, leg: LegState) -> bool:
        """Whether it came to nothing; one that is expired over and over must not be sent over and over at once."""
        seen = self._view(leg)
        return seen in (LegView.NOTHING, LegView.LOST) or (seen is LegView.ENDED and leg.executed <= ZERO)

    def _removed_too_often(self, state: SignalState, legs: tuple[LegState, ...], name: str) -> Raise | None:
        removed = sum(1 for leg in legs if removed_by_others(leg))
        if removed <= self.policy.leg_replacements_max:
            return None
        return Raise(
            AlarmKind.LEG_REMOVED,
            f"the {name} of signal {state.signal_id!r} was cancelled {removed} times by somebody else; it is "
            "not put back again: "
            "close the position, or cancel_all_orders to say that it is meant so",
            state.signal_id,
        )

    def _clear(self, state: SignalState) -> list[Action]:
        """The position is gone, or never was: take the remaining orders away, then close the books."""
        if state.open_questions or self.book.exit_in_flight(state.signal_id):
            return []
        legs = legs_of(state)
        hidden = [leg for leg in legs if self._view(leg) is LegView.LOST and leg.cancel_asked_ms is None]
        going = [*self._live(legs), *hidden]  # a cancel reaches an order that the lists do not show yet
        unfinished = [*self._asked(state, legs), *_cancel(state, going, self.now_ms, self.timings)]
        if unfinished:
            return unfinished
        waits = [wait for leg in state.legs.values() for wait in self._watch(leg)]
        if waits:
            return [min(waits, key=lambda wait: wait.at_ms)]
        if state.released or not state.legs or _under_way(state):
            return []
        return [Close(state.signal_id, closed_by(state))]

    def _watch(self, leg: LegState) -> list[LookAgain]:
        """When an order that cannot be found, or has not ended, is looked at next."""
        seen = self._view(leg) if leg.intent.leg in (Leg.STOP, Leg.TARGET) else None
        if seen in UNSETTLED or seen is LegView.LIVE:
            return [LookAgain(self.now_ms + self.timings.poll_ms)]
        since = leg.missing_since_ms if seen is LegView.LOST else leg.absent_ms if leg.fate is Fate.ABSENT else None
        if since is None:
            return []
        due = self.timings.next_watch_ms(self.now_ms - since)
        if due is None:
            return []
        fresh = leg.intent.leg is Leg.ENTRY and self.now_ms - since < self.timings.late_look_ms
        return [LookAgain(min(since + due, self.now_ms + self.timings.guard_ms) if fresh else since + due)]

    def _asked(self, state: SignalState, legs: tuple[LegState, ...]) -> list[Action]:
        asking = (leg.client_id for leg in legs if self._view(leg) is LegView.ASK)
        ids = tuple(client_id for client_id in asking if client_id not in self.book.silent)
        return [Inquire(state.signal_id, ids)] if ids else []

    def _live(self, legs: tuple[LegState, ...]) -> list[LegState]:
        return [leg for leg in legs if self._view(leg) is LegView.LIVE]


def closed_by(state: SignalState) -> ClosedBy:
    """Return what ended the position of a signal."""
    if state.executed(Leg.ENTRY) <= ZERO:
        return ClosedBy.NOT_FILLED
    if state.executed(Leg.STOP) > ZERO:
        return ClosedBy.STOP_LOSS
    if state.executed(Leg.TARGET) > ZERO:
        return ClosedBy.TAKE_PROFIT
    return ClosedBy.EXIT if state.written_off <= ZERO else ClosedBy.ELSEWHERE


def _under_way(state: SignalState) -> bool:
    """Whether nothing has come of the signal yet, and its next attempt may be about to be sent."""
    refused = any(leg.refused_for_good for leg in state.of(Leg.ENTRY))
    return not state.took_effect and state.report is None and not refused


def _cancel(state: SignalState, legs: list[LegState], now_ms: int, timings: Timings) -> list[Action]:
    """Ask for the cancellation of *legs*, but not again before the last asking had time to show."""
    ids = tuple(
        leg.client_id
        for leg in legs
        if leg.cancel_asked_ms is None or now_ms - leg.cancel_asked_ms >= timings.visibility_grace_ms
    )
    if ids:
        return [CancelLegs(state.signal_id, ids)]
    return [LookAgain(now_ms + timings.poll_ms)] if legs else []
