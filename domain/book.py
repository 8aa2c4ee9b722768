"""All signals not yet closed, folded from the journal: what should be, to hold against what the exchange shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import attrs

from .bracket import Bracket
from .events import (
    Allotment,
    Answered,
    Claimed,
    Event,
    Exited,
    Frozen,
    Halted,
    Intent,
    Resumed,
    Seen,
    SignalEvent,
    Thawed,
)
from .halt import HaltLevel
from .leg_state import LegState
from .numbers import EXACT
from .signal_state import SignalState


@attrs.define
class Book:
    """The state of one namespace.

    `apply` is the only way to change it, with events that are in the journal already; so a restart, which applies
    them again, arrives at the same state.

    Attributes:
        signals: by id, in order of claim.
        halt_level: the kill switch.
        halt_reason: why it was set.
        halt_outside: it was set from outside, and is released when the outer switch is.
        own_halt: the halt set from inside, which stands again once the outer switch is released.
        frozen: symbols closed to entries by an explicit freeze, with the reason.
    """

    signals: dict[str, SignalState] = attrs.field(factory=dict[str, SignalState])
    halt_level: HaltLevel = HaltLevel.NONE
    halt_reason: str = ""
    halt_outside: bool = False
    own_halt: Halted | None = None
    frozen: dict[str, str] = attrs.field(factory=dict[str, str])

    @classmethod
    def of(cls, events: Iterable[Event]) -> Book:
        """Fold *events*, oldest first."""
        book = cls()
        for event in events:
            book.apply(event)
        return book

    def apply(self, event: Event) -> None:
        """Take in one fact."""
        match event:
            case Halted():
                self.halt_level, self.halt_reason, self.halt_outside = event.level, event.reason, event.outside
                self.own_halt = self.own_halt if event.outside else event
            case Resumed():
                self.halt_level, self.halt_reason, self.halt_outside = HaltLevel.NONE, "", False
                self.own_halt = None
            case Frozen():
                self.frozen[event.symbol] = event.reason
            case Thawed():
                self.frozen.pop(event.symbol, None)
            case Claimed():
                self.signals[event.signal_id] = SignalState(event)
            case _:
                self._apply_to_signal(event)

    def forget(self, signal_id: str) -> None:
        """Drop a closed signal from memory; the journal keeps it."""
        self.signals.pop(signal_id, None)

    def symbols(self) -> tuple[str, ...]:
        """Return every symbol with something open, in order of first claim."""
        return tuple(dict.fromkeys(state.symbol for state in self.signals.values() if not state.released))

    def _apply_to_signal(self, event: SignalEvent) -> None:
        state = self.signals.get(event.signal_id)
        if state is None:
            return  # closed and forgotten; the journal keeps the fact
        state.apply(event)

    def consequences(self, event: Event, before: Sequence[Event] = ()) -> tuple[Exited, ...]:
        """Return the facts that follow from *event* for the brackets whose size an exit order closes.

        They are written together with it, so that what a bracket lost survives the closing of the signal that closed
        it. *before* is written in front of it, together with it, and not taken in yet.
        """
        if not isinstance(event, (Answered, Seen)):
            return ()
        state = self.signals.get(event.signal_id)
        leg = None if state is None else state.legs.get(event.client_id) or _intended(event.client_id, before)
        order = event.reply.order if isinstance(event, Answered) else event.order
        if leg is None or order is None or not leg.intent.allotments:
            return ()
        truest = order if leg.order is None else leg.order.seen_again(order)
        if truest.executed_quantity == leg.executed:
            return ()
        return tuple(
            Exited(event.at_ms, share.signal_id, event.client_id, share.quantity)
            for share in allot(leg.intent.allotments, truest.executed_quantity)
        )


def _intended(client_id: str, events: Iterable[Event]) -> LegState | None:
    intents = (event for event in events if isinstance(event, Intent))
    return next((LegState(intent) for intent in intents if intent.request.client_id == client_id), None)


def allot(allotments: Iterable[Allotment], executed: Decimal) -> tuple[Allotment, ...]:
    """Spread what an exit filled over the brackets it was meant for, first come first served."""
    shares: list[Allotment] = []
    for allotment in allotments:
        taken = min(executed, allotment.quantity)
        executed = EXACT.subtract(executed, taken)
        shares.append(Allotment(allotment.signal_id, taken))
    return tuple(shares)


def plan_of(state: SignalState) -> Bracket:
    """Return the plan of a bracket."""
    if state.bracket is None:
        raise ValueError(f"signal {state.signal_id!r} has no bracket")
    return state.bracket
