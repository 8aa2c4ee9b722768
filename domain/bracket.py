"""A bracket: one entry with the stop and the target that belong to it, planned in full before anything is sent."""

from __future__ import annotations

from decimal import Decimal

import attrs

from .errors import ValidationError
from .ids import Leg, client_id
from .instrument import Instrument, Violation
from .numbers import text
from .order import PURPOSE_OF_LEG, OrderKind, OrderRequest
from .protection_policy import ProtectionPolicy
from .refusal import Declined, Refusal
from .side import Direction, PositionMode, PositionSide, Side, TriggerPrice, position_side
from .signal import Signal
from .snapshot import Reference


@attrs.frozen(kw_only=True)
class Bracket:
    """The plan of one entry signal: exact prices and sizes, and ids that any later process computes again.

    Attributes:
        namespace: together with the signal id it fixes every client id.
        signal_id: the signal this is the plan of.
        symbol: as the exchange lists it.
        direction: LONG or SHORT.
        mode: how the account keeps positions.
        quantity: of the entry, base units, on the grid.
        stop_price: trigger of the stop, on the grid, never looser than asked; None when no stop was asked for.
        target_price: trigger of the target, on the grid; None when none was asked for.
        trigger_on: the price both triggers are compared with.
    """

    namespace: str
    signal_id: str
    symbol: str
    direction: Direction
    mode: PositionMode
    quantity: Decimal
    stop_price: Decimal | None
    target_price: Decimal | None
    trigger_on: TriggerPrice

    @classmethod
    def plan(
        cls,
        signal: Signal,
        *,
        quantity: Decimal,
        instrument: Instrument,
        reference: Reference,
        mode: PositionMode,
        namespace: str,
        policy: ProtectionPolicy,
    ) -> Bracket | Declined:
        """Round, check and name everything, or say why not.

        The stop and the target round toward the entry and the quantity rounds down; both prices must lie on their
        side of the mark and of the last trade, before and after rounding.
        """
        direction = signal.type.direction
        size = instrument.floor_quantity(quantity, market=True)
        try:
            stop = None if signal.stop_loss is None else instrument.stop_price(direction, signal.stop_loss)
            target = None if signal.take_profit is None else instrument.target_price(direction, signal.take_profit)
        except ValidationError as error:  # the price lies below the grid: nothing the exchange would take is near
            return Declined(Refusal.OFF_GRID, str(error))
        declined = (
            _stop_missing(signal, policy)
            or _first(instrument.order_violations(direction.entry_side, size, mark=reference.mark, reduce_only=False))
            or _wrong_stop(direction, (signal.stop_loss, stop), reference)
            or _wrong_target(direction, (signal.take_profit, target), reference)
            or _off_limits(instrument, stop, target)
        )
        if declined is not None:
            return declined
        return cls(
            namespace=namespace,
            signal_id=signal.id,
            symbol=signal.symbol,
            direction=direction,
            mode=mode,
            quantity=size,
            stop_price=stop,
            target_price=target,
            trigger_on=policy.trigger_on,
        )

    @property
    def position_side(self) -> PositionSide:
        """The position its orders act on."""
        return position_side(self.mode, self.direction)

    def entry(self, attempt: int) -> OrderRequest:
        """Return the *attempt*-th entry order."""
        return OrderRequest(
            client_id=client_id(self.namespace, self.signal_id, Leg.ENTRY, attempt),
            symbol=self.symbol,
            side=self.direction.entry_side,
            kind=OrderKind.MARKET,
            quantity=self.quantity,
            purpose=PURPOSE_OF_LEG[Leg.ENTRY],
            reduce_only=False,
            position_side=self.position_side,
        )

    def stop(self, quantity: Decimal, attempt: int) -> OrderRequest:
        """Return the *attempt*-th stop, for *quantity*.

        Raises:
            ValueError: the plan has no stop.
        """
        return self._leg(Leg.STOP, OrderKind.STOP, quantity, attempt, self.stop_price)

    def target(self, quantity: Decimal, attempt: int) -> OrderRequest:
        """Return the *attempt*-th target, for *quantity*.

        Raises:
            ValueError: the plan has no target.
        """
        return self._leg(Leg.TARGET, OrderKind.TARGET, quantity, attempt, self.target_price)

    def exit(self, quantity: Decimal, attempt: int) -> OrderRequest:
        """Return the *attempt*-th order that closes *quantity* at market."""
        return exit_order(
            namespace=self.namespace,
            signal_id=self.signal_id,
            symbol=self.symbol,
            direction=self.direction,
            mode=self.mode,
            quantity=quantity,
            attempt=attempt,
        )

    def beyond_stop(self, mark: Decimal) -> bool:
        """Whether *mark* has reached the stop: it is due."""
        if self.stop_price is None:
            return False
        return mark <= self.stop_price if self.direction is Direction.LONG else mark >= self.stop_price

    def _leg(self, leg: Leg, kind: OrderKind, quantity: Decimal, attempt: int, price: Decimal | None) -> OrderRequest:
        if price is None:
            raise ValueError(f"{leg.name.lower()}: the bracket of signal {self.signal_id!r} has none")
        return OrderRequest(
            client_id=client_id(self.namespace, self.signal_id, leg, attempt),
            symbol=self.symbol,
            side=self.direction.exit_side,
            kind=kind,
            quantity=quantity,
            purpose=PURPOSE_OF_LEG[leg],
            reduce_only=self.mode is PositionMode.ONE_WAY,
            position_side=self.position_side,
            trigger_price=price,
            trigger_on=self.trigger_on,
        )


def exit_order(
    *,
    namespace: str,
    signal_id: str,
    symbol: str,
    direction: Direction,
    mode: PositionMode,
    quantity: Decimal,
    attempt: int,
) -> OrderRequest:
    """Return the order of *signal_id* that closes *quantity* held in *direction*; it can never add exposure."""
    return OrderRequest(
        client_id=client_id(namespace, signal_id, Leg.EXIT, attempt),
        symbol=symbol,
        side=direction.exit_side,
        kind=OrderKind.MARKET,
        quantity=quantity,
        purpose=PURPOSE_OF_LEG[Leg.EXIT],
        reduce_only=mode is PositionMode.ONE_WAY,
        position_side=position_side(mode, direction),
    )


def _stop_missing(signal: Signal, policy: ProtectionPolicy) -> Declined | None:
    if signal.stop_loss is None and policy.require_stop:
        return Declined(
            Refusal.NO_STOP, "the policy requires a stop; give stop_loss, or ProtectionPolicy(require_stop=False)"
        )
    return None


def _first(violations: tuple[Violation, ...]) -> Declined | None:
    return Declined(violations[0].refusal, f"{violations[0].field}: {violations[0].text}") if violations else None


def _wrong_stop(
    direction: Direction, prices: tuple[Decimal | None, Decimal | None], reference: Reference
) -> Declined | None:
    for price in prices:
        if price is not None and not _beyond(direction.exit_side, price, reference):
            return Declined(
                Refusal.STOP_CROSSED,
                f"stop_loss: {text(price)} is already crossed, or on the wrong side: {_shown(reference)}",
            )
    return None


def _wrong_target(
    direction: Direction, prices: tuple[Decimal | None, Decimal | None], reference: Reference
) -> Declined | None:
    for price in prices:
        if price is not None and not _beyond(direction.entry_side, price, reference):
            return Declined(
                Refusal.WRONG_SIDE,
                f"take_profit: {text(price)} is already reached, or on the wrong side: {_shown(reference)}",
            )
    return None


def _shown(reference: Reference) -> str:
    return f"mark {text(reference.mark)}, last {text(reference.last)}"


def _beyond(side: Side, price: Decimal, reference: Reference) -> bool:
    """Whether *price* lies strictly below (SELL) or above (BUY) both prices of the reference."""
    if side is Side.SELL:
        return price < reference.mark and price < reference.last
    return price > reference.mark and price > reference.last


def _off_limits(instrument: Instrument, stop: Decimal | None, target: Decimal | None) -> Declined | None:
    for field, price in (("stop_loss", stop), ("take_profit", target)):
        declined = None if price is None else _first(instrument.price_violations(price, field=field))
        if declined is not None:
            return declined
    return None
