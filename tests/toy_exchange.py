"""A tiny model of an exchange and of the work around the one decision: enough to let the decision run in circles."""

from __future__ import annotations

from decimal import Decimal

import attrs

from surefill.domain.actions import (
    Action,
    CancelLegs,
    CancelOrphans,
    Close,
    ExitNow,
    Inquire,
    LookAgain,
    MarkCovered,
    MarkExposed,
    PlaceStop,
    PlaceTarget,
    Raise,
    WriteOff,
)
from surefill.domain.events import CancelAsked, Closed, Exited, Seen
from surefill.domain.ids import Leg
from surefill.domain.order import ZERO, Order, OrderRequest, OrderStatus
from surefill.domain.protection import next_actions
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from surefill.domain.side import Direction, PositionMode, PositionSide
from surefill.domain.snapshot import Snapshot
from surefill.domain.symbol_book import SymbolBook
from surefill.domain.timings import Timings
from tests.doubles import MARK, SYMBOL, Tale, a_snapshot, an_order

_STEP_MS = 40


@attrs.frozen
class ToyFaults:
    """What goes wrong with the first sends, one entry each, and how far the list of open orders lags behind.

    Attributes:
        lost: the request never arrives, and its answer is unknown.
        unheard: the request is executed, and its answer is unknown.
        refused: the exchange refuses it for now.
        lag_ms: orders younger than this are neither listed nor found.
    """

    lost: tuple[bool, ...] = ()
    unheard: tuple[bool, ...] = ()
    refused: tuple[bool, ...] = ()
    lag_ms: int = 0


@attrs.define
class _Kept:
    """An order at the exchange."""

    order: Order
    since_ms: int
    ends: tuple[int, OrderStatus, Decimal] | None = None


class ToyTale(Tale):
    """A tale that remembers whether its entry was believed absent before it filled."""

    late = False


class ToyDesk:
    """Decides, acts on a model of the exchange, and takes what it shows back into the tales."""

    def __init__(self, mode: PositionMode, policy: ProtectionPolicy, faults: ToyFaults) -> None:
        self.mode, self.policy, self.faults = mode, policy, faults
        self.now_ms = 0
        self.tales: list[ToyTale] = []
        self.never_added_exposure = True
        self._kept: dict[str, _Kept] = {}
        self._held: dict[PositionSide, Decimal] = {}
        self._missing_since: dict[Direction, int] = {}
        self._taken = ZERO
        self._sends = 0
        self._flatten = False
        self._refusing = False

    def enter(self, signal_id: str, direction: Direction, size: Decimal, *, with_target: bool, late: bool) -> None:
        """A bracket's entry fills; *late* after it was believed absent."""
        plan = {} if with_target else {"target_price": None}
        tale = ToyTale(signal_id, direction=direction, mode=self.mode, quantity=size, **plan)
        entry = tale.sends(Leg.ENTRY)
        tale.late = late
        if late:
            tale.absent(entry, 0)
        tale.seen(entry, OrderStatus.FILLED, executed=size)
        self._move(tale.plan.position_side, size * direction.sign)
        self.tales.append(tale)

    def tale(self, signal_id: str) -> ToyTale:
        """The tale of a signal."""
        return next(tale for tale in self.tales if tale.signal_id == signal_id)

    # looking and deciding

    def decide(self) -> tuple[Action, ...]:
        """Look once, ask for what is not shown, and decide."""
        snapshot = self._look()
        actions = self._next(snapshot)
        while asked := [action for action in actions if isinstance(action, Inquire)]:
            for action in asked:
                self._inquire(action)
            actions = self._next(snapshot)
        assert self._next(snapshot) == actions, "the same book and the same look must give the same decision"
        return actions

    def perform(self, actions: tuple[Action, ...]) -> None:
        """Do what was decided, one after the other, then wait as long as was asked for, or for the next guard."""
        for action in actions:
            self._do(action)
            self.now_ms += _STEP_MS
        waits = [action.at_ms for action in actions if isinstance(action, LookAgain)]
        self.now_ms = max(self.now_ms + _STEP_MS, min(waits, default=self.now_ms + (2_000 if not actions else 250)))

    def _next(self, snapshot: Snapshot) -> tuple[Action, ...]:
        open_tales = [tale for tale in self.tales if tale.state.closed_by is None]
        book = SymbolBook(
            symbol=SYMBOL,
            signals=tuple(tale.state for tale in open_tales),
            missing_since_ms=self._missing_since,
            lost_elsewhere=dict.fromkeys(Direction, self._taken),
            flatten=self._flatten,
        )
        return next_actions(book, snapshot, self.policy, self.now_ms, Timings(loss_denied_ms=20_000))

    def _look(self) -> Snapshot:
        for client_id, kept in self._kept.items():
            if kept.ends is not None and kept.ends[0] <= self.now_ms:
                self._end(client_id, *kept.ends[1:])
        listed = [kept.order for kept in self._kept.values() if not kept.order.final and self._visible(kept)]
        held = [size for size in self._held.values() if size != ZERO]
        snapshot = a_snapshot(self.now_ms, held=held, orders=listed, mode=self.mode, mark=MARK)
        for tale in self.tales:
            for order in listed:
                if order.client_id in tale.state.legs:
                    tale.tell(Seen(self.now_ms, tale.signal_id, order.client_id, order))
        book = SymbolBook(symbol=SYMBOL, signals=tuple(t.state for t in self.tales if t.state.closed_by is None))
        gaps = book.missing(snapshot)
        self._missing_since = {way: self._missing_since.get(way, self.now_ms) for way in gaps}
        self.now_ms += _STEP_MS
        return snapshot

    def _inquire(self, action: Inquire) -> None:
        tale = self.tale(action.signal_id)
        for client_id in action.client_ids:
            kept = self._kept.get(client_id)
            if kept is not None and self._visible(kept):
                tale.tell(Seen(self.now_ms, tale.signal_id, client_id, kept.order))
            else:
                tale.missed(client_id, self.now_ms)
        self.now_ms += _STEP_MS

    def _visible(self, kept: _Kept) -> bool:
        return self.now_ms - kept.since_ms >= self.faults.lag_ms

    # acting

    def _do(self, action: Action) -> None:
        match action:
            case PlaceStop() | PlaceTarget():
                self._place(action)
            case CancelLegs():
                self._cancel(action)
            case ExitNow():
                self._exit(self.tale(action.signal_id), action.quantity)
            case WriteOff():
                self.tale(action.signal_id).written_off(action.quantity)
                self._taken -= min(action.quantity, self._taken)
            case MarkCovered():
                self.tale(action.signal_id).covered(self.now_ms)
            case MarkExposed():
                self.tale(action.signal_id).exposed(action.since_ms)
            case Close():
                self.tale(action.signal_id).tell(Closed(self.now_ms, action.signal_id, action.closed_by))
            case CancelOrphans() | Inquire() | Raise() | LookAgain():
                return

    def _place(self, action: PlaceStop | PlaceTarget) -> None:
        tale = self.tale(action.signal_id)
        leg = Leg.STOP if isinstance(action, PlaceStop) else Leg.TARGET
        client_id = tale.sends(leg, action.quantity, self.now_ms)
        request = tale.request(client_id)
        self._check(request)
        number, self._sends = self._sends, self._sends + 1
        refused = self._refusing and leg is Leg.STOP
        if refused or _strikes(self.faults.refused, number):
            tale.answered(client_id, ReplyKind.RETRYABLE, self.now_ms, refusal=Refusal.OVERLOADED)
            return
        if not _strikes(self.faults.lost, number):
            self._kept[client_id] = _Kept(an_order(request, updated_ms=self.now_ms), self.now_ms)
        unheard = _strikes(self.faults.lost, number) or _strikes(self.faults.unheard, number)
        tale.answered(client_id, ReplyKind.UNKNOWN if unheard else ReplyKind.ACCEPTED, self.now_ms)

    def _cancel(self, action: CancelLegs) -> None:
        tale = self.tale(action.signal_id)
        for client_id in action.client_ids:
            tale.tell(CancelAsked(self.now_ms, tale.signal_id, client_id))
            if client_id not in self._kept:
                continue  # it never arrived
            if self._kept[client_id].order.resting:
                self._end(client_id, OrderStatus.CANCELED)
            tale.tell(Seen(self.now_ms, tale.signal_id, client_id, self._kept[client_id].order))

    def _exit(self, tale: ToyTale, wanted: Decimal) -> None:
        side = tale.plan.position_side
        size = min(wanted, abs(self._held_in(tale)))
        if size <= ZERO:
            return
        client_id = tale.sends(Leg.EXIT, size, self.now_ms)
        self._check(tale.request(client_id))
        self._move(side, -size * tale.plan.direction.sign)
        tale.seen(client_id, OrderStatus.FILLED, self.now_ms, executed=size, updated_ms=self.now_ms)
        tale.tell(Exited(self.now_ms, tale.signal_id, client_id, size))

    def _check(self, request: OrderRequest) -> None:
        if not request.reduce_only and request.position_side is PositionSide.BOTH:
            self.never_added_exposure = False

    # what the world does

    def trigger(self, leg: Leg, number: int, delay_ms: int) -> None:
        """The price reaches a resting stop or target; it fills at once, and shows it after a delay."""
        resting = [
            (tale, self._kept[state.client_id])
            for tale in self.tales
            for state in tale.state.of(leg)
            if state.client_id in self._kept and self._kept[state.client_id].order.resting
        ]
        if not resting:
            return
        tale, kept = resting[number % len(resting)]
        size = min(kept.order.quantity, abs(self._held_in(tale)))
        status = OrderStatus.FILLED if size == kept.order.quantity else OrderStatus.EXPIRED
        self._move(tale.plan.position_side, -size * tale.plan.direction.sign)
        kept.order = attrs.evolve(kept.order, status=OrderStatus.TRIGGERING)
        kept.ends = (self.now_ms + delay_ms, status, size)

    def close_by_hand(self, size: Decimal) -> None:
        """A person closes so much of whatever is held."""
        for side, held in self._held.items():
            self._taken += min(size, abs(held))
            self._held[side] = held - min(size, abs(held)) * (1 if held > ZERO else -1)

    def close_partly(self, size: Decimal) -> None:
        """A close signal takes so much of the oldest open bracket."""
        for tale in self.tales:
            if tale.state.open_quantity > ZERO:
                self._exit(tale, min(size, tale.state.open_quantity))
                return

    def remove_a_leg(self) -> None:
        """A person cancels the oldest resting order."""
        for client_id, kept in self._kept.items():
            if kept.order.resting:
                self._end(client_id, OrderStatus.CANCELED)
                return

    def halt(self) -> None:
        """Everything of ours is to be flattened."""
        self._flatten = True

    def heal(self) -> None:
        """From now on nothing is lost or refused any more; lists still lag behind."""
        self.faults = ToyFaults(lag_ms=self.faults.lag_ms)

    def refuse_every_stop(self) -> None:
        """From now on the exchange takes no stop."""
        self._refusing = True

    # what is there

    def held(self, signal_id: str) -> Decimal:
        """What is held where the signal holds, without its sign."""
        return abs(self._held_in(self.tale(signal_id)))

    def sums_agree(self) -> bool:
        """Whether what the tales add up to is what is held, in each direction."""
        ours: dict[PositionSide, Decimal] = {}
        for tale in self.tales:
            side = tale.plan.position_side
            ours[side] = ours.get(side, ZERO) + tale.plan.direction.sign * tale.state.open_quantity
        return all(ours.get(side, ZERO) == self._held.get(side, ZERO) for side in PositionSide)

    def live_orders(self, signal_id: str) -> list[Order]:
        """The open orders of a signal at the exchange."""
        mine = self.tale(signal_id).state.legs
        return [kept.order for name, kept in self._kept.items() if name in mine and not kept.order.final]

    def live_stops(self, signal_id: str) -> list[Decimal]:
        """The sizes of a signal's stops at the exchange."""
        legs = self.tale(signal_id).state.legs
        return [o.quantity for o in self.live_orders(signal_id) if legs[o.client_id].intent.leg is Leg.STOP]

    def _end(self, client_id: str, status: OrderStatus, executed: Decimal = ZERO) -> None:
        kept = self._kept[client_id]
        if not kept.order.final:
            average = MARK if executed > ZERO else None
            kept.order = attrs.evolve(
                kept.order,
                status=status,
                executed_quantity=executed,
                average_price=average,
                updated_ms=self.now_ms,
            )

    def _held_in(self, tale: ToyTale) -> Decimal:
        held = self._held.get(tale.plan.position_side, ZERO)
        return held if held * tale.plan.direction.sign > ZERO else ZERO

    def _move(self, side: PositionSide, change: Decimal) -> None:
        self._held[side] = self._held.get(side, ZERO) + change


def _strikes(plan: tuple[bool, ...], number: int) -> bool:
    return number < len(plan) and plan[number]
