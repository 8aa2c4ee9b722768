"""How one order of ours appears when the exchange is looked at."""

from __future__ import annotations

from enum import Enum

from .leg_state import Fate, LegState
from .order import OrderStatus
from .snapshot import Snapshot
from .timings import Timings


class LegView(Enum):
    """What a look at the exchange says about an order of ours."""

    NOTHING = "NOTHING"  # it never was
    ENDED = "ENDED"  # it ended
    LIVE = "LIVE"  # it was seen resting, in this very look
    TRIGGERING = "TRIGGERING"  # its trigger is under way
    STUCK = "STUCK"  # and has been for too long
    ASK = "ASK"  # it should be there and is not: ask for it by id
    WAIT = "WAIT"  # it was sent so shortly ago that it may not be visible yet
    LOST = "LOST"  # it was sent, and cannot be found


def view(leg: LegState, snapshot: Snapshot, now_ms: int, timings: Timings) -> LegView:
    """Judge *leg*, into which the orders of *snapshot* were taken already, by what that look shows."""
    fate = leg.fate
    if fate in (Fate.NOTHING, Fate.ENDED):
        return LegView.NOTHING if fate is Fate.NOTHING else LegView.ENDED
    shown = snapshot.open_order(leg.client_id) is not None
    if not shown:
        answered = leg.intent.at_ms if leg.answered_ms is None else leg.answered_ms
        if snapshot.at_ms < answered:
            return LegView.WAIT
        if leg.inquired_ms < snapshot.at_ms and _ask_due(leg, now_ms, timings):
            return LegView.ASK
        if leg.missing_since_ms is not None:
            return LegView.WAIT if now_ms - answered < timings.visibility_grace_ms else LegView.LOST
    return _under_way(leg, now_ms, timings)


def _under_way(leg: LegState, now_ms: int, timings: Timings) -> LegView:
    if leg.order is None or leg.order.status is OrderStatus.NEW:
        return LegView.LIVE
    if leg.triggering_since_ms is not None and now_ms - leg.triggering_since_ms > timings.triggering_max_ms:
        return LegView.STUCK
    return LegView.TRIGGERING


def _ask_due(leg: LegState, now_ms: int, timings: Timings) -> bool:
    """Whether to ask for *leg* by id: at once, then as often as it may still appear, then ever more rarely."""
    if leg.missing_since_ms is None:
        return True
    age_ms = leg.inquired_ms - leg.missing_since_ms
    if age_ms < timings.protect_hard_ms:
        return now_ms - leg.inquired_ms >= timings.visibility_grace_ms
    due_ms = timings.next_watch_ms(age_ms)
    return due_ms is not None and now_ms >= leg.missing_since_ms + due_ms
