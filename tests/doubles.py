"""Builders of valid domain values: each test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import attrs

from surefill.domain.actions import Action
from surefill.domain.bracket import Bracket
from surefill.domain.events import (
    Absent,
    Allotment,
    Answered,
    CancelAsked,
    Claimed,
    Covered,
    Exited,
    Exposed,
    Intent,
    Missed,
    Planned,
    Seen,
    SignalEvent,
    Waived,
    WrittenOff,
)
from surefill.domain.grid import LotSize, TickSize
from surefill.domain.ids import Leg
from surefill.domain.instrument import Instrument
from surefill.domain.order import ZERO, Order, OrderRequest, OrderStatus
from surefill.domain.protection import next_actions
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.reply import Reply, ReplyKind
from surefill.domain.side import Direction, PositionMode, PositionSide, SignalType, TriggerPrice, position_side
from surefill.domain.signal import Signal
from surefill.domain.signal_state import SignalState
from surefill.domain.snapshot import Position, Reference, Snapshot
from surefill.domain.symbol_book import SymbolBook
from surefill.domain.timings import Timings

SYMBOL = "BTCUSDT"
NAMESPACE = "bot-7"
ONE = Decimal(1)
MARK = Decimal(100)
_TYPES = {Direction.LONG: SignalType.LONG_ENTRY, Direction.SHORT: SignalType.SHORT_ENTRY}


def an_instrument(**changes: Any) -> Instrument:
    """A symbol with ticks of 0.10 and steps of 0.001, quoted around 100."""
    lot = LotSize("0.001", "0.001", "1000")
    fields: dict[str, Any] = {
        "symbol": SYMBOL,
        "status": "TRADING",
        "contract_type": "PERPETUAL",
        "base_asset": "BTC",
        "quote_asset": "USDT",
        "margin_asset": "USDT",
        "tick": TickSize("0.10"),
        "price_precision": 2,
        "lot": lot,
        "market_lot": lot,
        "quantity_precision": 3,
        "min_notional": Decimal(5),
        "max_price": Decimal(1000),
    }
    return Instrument(**(fields | changes))


def a_reference(mark: Decimal | str = MARK, last: Decimal | str | None = None) -> Reference:
    """Prices of this moment; mark and last agree unless told."""
    return Reference(SYMBOL, Decimal(mark), Decimal(mark if last is None else last), at_ms=0, age_ms=0)


def a_signal(**changes: Any) -> Signal:
    """A long entry with its stop at 90 and its target at 120."""
    fields: dict[str, Any] = {
        "id": "s1",
        "symbol": SYMBOL,
        "type": SignalType.LONG_ENTRY,
        "stop_loss": Decimal(90),
        "take_profit": Decimal(120),
    }
    return Signal(**(fields | changes))


def a_bracket(**changes: Any) -> Bracket:
    """The plan of `a_signal` for a quantity of 1; a SHORT has its stop at 110 and its target at 80."""
    is_long = changes.get("direction", Direction.LONG) is Direction.LONG
    fields: dict[str, Any] = {
        "namespace": NAMESPACE,
        "signal_id": "s1",
        "symbol": SYMBOL,
        "direction": Direction.LONG,
        "mode": PositionMode.ONE_WAY,
        "quantity": ONE,
        "stop_price": Decimal(90 if is_long else 110),
        "target_price": Decimal(120 if is_long else 80),
        "trigger_on": TriggerPrice.MARK,
    }
    return Bracket(**(fields | changes))


def an_order(request: OrderRequest | None = None, **changes: Any) -> Order:
    """What the exchange shows of *request*, by default the stop of `a_bracket`: resting, nothing executed."""
    asked = a_bracket().stop(ONE, 1) if request is None else request
    fields: dict[str, Any] = {
        "client_id": asked.client_id,
        "exchange_id": f"x-{asked.client_id}",
        "symbol": asked.symbol,
        "side": asked.side,
        "kind": asked.kind,
        "status": OrderStatus.NEW,
        "quantity": asked.quantity,
        "executed_quantity": ZERO,
        "average_price": None,
        "reduce_only": asked.reduce_only,
        "position_side": asked.position_side,
        "trigger_price": asked.trigger_price,
        "trigger_on": asked.trigger_on,
        "conditional": asked.kind.conditional,
    }
    return Order(**(fields | changes))


def a_claim(signal_id: str = "s1", direction: Direction = Direction.LONG, **changes: Any) -> Claimed:
    """The claim of an entry; its prices are those of `a_bracket`."""
    plan = a_bracket(direction=direction)
    prices: dict[str, Any] = {"stop_loss": plan.stop_price, "take_profit": plan.target_price}
    signal = a_signal(id=signal_id, **({"type": _TYPES[direction]} | prices | changes))
    return Claimed(0, signal_id, signal.digest(ONE), signal, ONE)


def an_intent(request: OrderRequest, leg: Leg, at_ms: int = 0, **changes: Any) -> Intent:
    """The intent to send *request*, with a window of five seconds."""
    fields: dict[str, Any] = {
        "at_ms": at_ms,
        "signal_id": "s1",
        "leg": leg,
        "attempt": 1,
        "request": request,
        "digest": "d",
        "timestamp_ms": at_ms,
        "not_after_ms": at_ms + 5_000,
    }
    return Intent(**(fields | changes))


class Tale:
    """The life of one signal, told event by event: every line goes through the fold, as from the journal.

    Times are milliseconds. Quantities default to what is open, or to the plan's before the entry.
    """

    def __init__(self, signal_id: str = "s1", **plan: Any) -> None:
        self.plan = a_bracket(signal_id=signal_id, **plan)
        self.signal_id = signal_id
        claim = a_claim(signal_id, self.plan.direction)
        self.state = SignalState(claim)
        self.events: list[SignalEvent] = [claim]
        self.tell(Planned(0, signal_id, self.plan))

    def tell(self, *events: SignalEvent) -> None:
        """Take facts in."""
        for event in events:
            self.events.append(event)
            self.state.apply(event)

    def sends(
        self, leg: Leg, quantity: str | Decimal | None = None, at_ms: int = 0, *, for_others: tuple[Allotment, ...] = ()
    ) -> str:
        """An order is about to be sent; an exit closes this bracket unless *for_others*. Return its client id."""
        attempt = self.state.next_attempt(leg)
        size = Decimal(quantity) if quantity is not None else self.state.open_quantity or self.plan.quantity
        plan = self.plan
        if leg is Leg.ENTRY:
            request = attrs.evolve(plan.entry(attempt), quantity=size)
        else:
            make = {Leg.STOP: plan.stop, Leg.TARGET: plan.target, Leg.EXIT: plan.exit}[leg]
            request = make(size, attempt)
        shares = for_others or ((Allotment(self.signal_id, size),) if leg is Leg.EXIT else ())
        self.tell(an_intent(request, leg, at_ms, signal_id=self.signal_id, attempt=attempt, allotments=shares))
        return request.client_id

    def request(self, client_id: str) -> OrderRequest:
        """The request that carries that id."""
        return self.state.legs[client_id].intent.request

    def order(self, client_id: str, status: OrderStatus = OrderStatus.NEW, executed: str | Decimal = "0") -> Order:
        """What the exchange shows of it."""
        filled = Decimal(executed)
        return an_order(
            self.request(client_id),
            status=status,
            executed_quantity=filled,
            average_price=MARK if filled > ZERO else None,
        )

    def answered(
        self,
        client_id: str,
        kind: ReplyKind = ReplyKind.ACCEPTED,
        at_ms: int = 0,
        *,
        refusal: Refusal | None = None,
        order: Order | None = None,
    ) -> None:
        """The reply to the one send came."""
        self.tell(Answered(at_ms, self.signal_id, client_id, Reply(kind, refusal, order=order)))

    def seen(
        self,
        client_id: str,
        status: OrderStatus = OrderStatus.NEW,
        at_ms: int = 0,
        *,
        executed: str | Decimal = "0",
        updated_ms: int = 0,
    ) -> None:
        """A reading that began at *at_ms* showed it so."""
        order = attrs.evolve(self.order(client_id, status, executed), updated_ms=updated_ms)
        self.tell(Seen(at_ms, self.signal_id, client_id, order))

    def missed(self, client_id: str, at_ms: int) -> None:
        """A question by id, begun at *at_ms*, found nothing."""
        self.tell(Missed(at_ms, self.signal_id, client_id))

    def absent(self, client_id: str, at_ms: int) -> None:
        """It is believed never to have been executed."""
        self.tell(Absent(at_ms, self.signal_id, client_id))

    def cancel_asked(self, client_id: str, at_ms: int, *, for_good: bool = False) -> None:
        """We are about to ask for its cancellation."""
        self.tell(CancelAsked(at_ms, self.signal_id, client_id, for_good))

    def covered(self, at_ms: int = 0) -> None:
        """The stop was seen live."""
        self.tell(Covered(at_ms, self.signal_id))

    def exposed(self, at_ms: int) -> None:
        """The position was found naked."""
        self.tell(Exposed(at_ms, self.signal_id))

    def waived(self) -> None:
        """The caller cancelled the protection."""
        self.tell(Waived(0, self.signal_id))

    def exited(self, client_id: str, quantity: str | Decimal) -> None:
        """An exit has closed so much of it."""
        self.tell(Exited(0, self.signal_id, client_id, Decimal(quantity)))

    def written_off(self, quantity: str | Decimal) -> None:
        """So much is gone by no order of ours."""
        self.tell(WrittenOff(0, self.signal_id, Decimal(quantity)))

    def entered(self, quantity: str | Decimal | None = None, at_ms: int = 0) -> str:
        """The entry is filled whole, or for *quantity* with its remainder expired. Return its client id."""
        client_id = self.sends(Leg.ENTRY, at_ms=at_ms)
        filled = self.plan.quantity if quantity is None else Decimal(quantity)
        status = OrderStatus.FILLED if filled == self.plan.quantity else OrderStatus.EXPIRED
        self.answered(client_id, at_ms=at_ms)
        self.seen(client_id, status, at_ms, executed=filled)
        return client_id

    def rests(self, leg: Leg, quantity: str | Decimal | None = None, at_ms: int = 0) -> str:
        """A stop or target is sent, accepted, and seen resting. Return its client id."""
        client_id = self.sends(leg, quantity, at_ms)
        self.answered(client_id, at_ms=at_ms)
        self.seen(client_id, at_ms=at_ms)
        return client_id

    def protected(self, at_ms: int = 0) -> tuple[str, ...]:
        """Stop and target, as far as they are planned, rest, and are known to. Return their client ids."""
        prices = {Leg.STOP: self.plan.stop_price, Leg.TARGET: self.plan.target_price}
        ids = tuple(self.rests(leg, at_ms=at_ms) for leg, price in prices.items() if price is not None)
        self.covered(at_ms)
        return ids

    def newest(self, leg: Leg) -> str:
        """The client id of the newest order of one leg."""
        return [state.client_id for state in self.state.of(leg)][-1]


def a_tale(signal_id: str = "s1", **plan: Any) -> Tale:
    """A signal whose entry is filled whole, whose stop and target rest, and of which nothing is to be done."""
    tale = Tale(signal_id, **plan)
    tale.entered()
    tale.protected()
    return tale


def a_claimed_state(signal_id: str = "s1") -> SignalState:
    """A signal of which only the claim is known."""
    return SignalState(a_claim(signal_id))


def a_position(
    amount: str | Decimal, mode: PositionMode = PositionMode.ONE_WAY, mark: Decimal | None = MARK
) -> Position:
    """An open position of that signed size."""
    size = Decimal(amount)
    direction = Direction.LONG if size > ZERO else Direction.SHORT
    return Position(SYMBOL, size, MARK, position_side(mode, direction), mark)


def a_snapshot(
    at_ms: int = 0,
    *,
    held: str | Decimal | Iterable[str | Decimal] = (),
    orders: Iterable[Order] = (),
    mode: PositionMode = PositionMode.ONE_WAY,
    mark: Decimal | str | None = MARK,
) -> Snapshot:
    """What the exchange shows: signed sizes *held*, and open orders of either service."""
    sizes = (held,) if isinstance(held, (str, Decimal)) else tuple(held)
    price = None if mark is None else Decimal(mark)
    shown = tuple(orders)
    return Snapshot(
        SYMBOL,
        at_ms,
        mode,
        positions=tuple(a_position(size, mode, price) for size in sizes),
        orders=tuple(order for order in shown if not order.conditional),
        conditionals=tuple(order for order in shown if order.conditional),
    )


def a_look(
    *tales: Tale,
    at_ms: int = 0,
    held: str | Decimal | Iterable[str | Decimal] | None = None,
    hidden: Iterable[str] = (),
    mark: Decimal | str | None = MARK,
    others: Iterable[Order] = (),
) -> Snapshot:
    """A snapshot in which everything is as the *tales* tell it, but for the *hidden* orders; *held* overrides."""
    mode = tales[0].plan.mode if tales else PositionMode.ONE_WAY
    legs = [leg for tale in tales for leg in tale.state.legs.values()]
    open_orders = [leg.order for leg in legs if leg.order is not None and not leg.order.final]
    shown = [order for order in open_orders if order.client_id not in set(hidden)]
    return a_snapshot(
        at_ms, held=_held(tales) if held is None else held, orders=(*shown, *others), mode=mode, mark=mark
    )


def a_book(*tales: Tale, **changes: Any) -> SymbolBook:
    """Our side of the symbol: these signals."""
    return SymbolBook(symbol=SYMBOL, signals=tuple(tale.state for tale in tales), **changes)


def _held(tales: tuple[Tale, ...]) -> list[Decimal]:
    sizes: dict[PositionSide, Decimal] = {}
    for tale in tales:
        side = tale.plan.position_side
        sizes[side] = sizes.get(side, ZERO) + tale.plan.direction.sign * tale.state.open_quantity
    return [size for size in sizes.values() if size != ZERO]


def decisions(
    *tales: Tale,
    now_ms: int = 0,
    policy: ProtectionPolicy | None = None,
    book: SymbolBook | None = None,
    snapshot: Snapshot | None = None,
    **look: Any,
) -> tuple[Action, ...]:
    """What is decided at *now_ms* when the exchange shows what the *tales* tell; `a_look` takes the rest."""
    return next_actions(
        a_book(*tales) if book is None else book,
        a_look(*tales, at_ms=now_ms, **look) if snapshot is None else snapshot,
        ProtectionPolicy() if policy is None else policy,
        now_ms,
        Timings(),
    )
