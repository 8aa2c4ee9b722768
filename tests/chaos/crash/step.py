"""What happens in a scenario, one thing after the other: the host asks for something, or the outside does something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs

from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg, client_id
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal
from surefill.testing.world import World

AAA = "AAAUSDT"
BBB = "BBBUSDT"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@attrs.frozen
class Step:
    """One thing that happens.

    Attributes:
        do: makes it happen; with a dead process what the host wants does not.
        is_asked_again: a host whose process died over it asks for it again after the restart.
    """

    do: Callable[[World], object]
    is_asked_again: bool = False


def enter(
    name: str,
    quantity: str = "0.01",
    symbol: str = AAA,
    *,
    stop: str = "59000",
    target: str | None = "62000",
    is_long: bool = True,
    is_stamped: bool = True,
) -> Step:
    """The host hands in an entry signal; unless told otherwise it says when it was made."""
    bare = Signal(
        id=name,
        symbol=symbol,
        type=SignalType.LONG_ENTRY if is_long else SignalType.SHORT_ENTRY,
        stop_loss=Decimal(stop),
        take_profit=None if target is None else Decimal(target),
    )
    return Step(lambda world: _hand_in(world, bare, Decimal(quantity), is_stamped=is_stamped), is_asked_again=True)


def close(name: str, quantity: str | None = None, symbol: str = AAA, *, is_long: bool = True) -> Step:
    """The host hands in a close signal; without a quantity for all of ours."""
    bare = Signal(id=name, symbol=symbol, type=SignalType.CLOSE_LONG if is_long else SignalType.CLOSE_SHORT)
    size = None if quantity is None else Decimal(quantity)
    return Step(lambda world: _hand_in(world, bare, size, is_stamped=True), is_asked_again=True)


def cancel_all(symbol: str = AAA) -> Step:
    """The host takes all of our orders on a symbol away."""
    return Step(
        lambda world: world.call(lambda manager: manager.cancel_all_orders(symbol), "cancel_all_orders"),
        is_asked_again=True,
    )


def halt(level: HaltLevel) -> Step:
    """The host pulls the kill switch."""
    return Step(
        lambda world: world.call(lambda manager: manager.halt(level, reason="the drill"), "halt"), is_asked_again=True
    )


def wait(seconds: float) -> Step:
    """Time passes, the owner working off what is due."""
    return Step(lambda world: world.wait(seconds))


def price(last: str, symbol: str = AAA) -> Step:
    """The market trades at another price."""
    return Step(lambda world: world.tick(symbol, Decimal(last)))


def thin(ask: str, size: str, symbol: str = AAA) -> Step:
    """Only so much is offered, at *ask*."""
    return Step(
        lambda world: world.exchange.tick(symbol, bid=Decimal(ask) - 1, ask=Decimal(ask), ask_quantity=Decimal(size))
    )


def by_hand(method: str, path: str, params: Mapping[str, str]) -> Step:
    """Somebody else acts on the account."""
    return Step(lambda world: world.by_hand(method, path, params))


def leg_cancelled_by_hand(name: str, leg: Leg, attempt: int = 1) -> Step:
    """Somebody takes one of our legs away."""
    return Step(
        lambda world: world.by_hand(
            "DELETE",
            "/fapi/v1/algoOrder",
            {"clientAlgoId": client_id(world.exchange.namespace, name, leg, attempt)},
        )
    )


def filters(changes: Mapping[str, Mapping[str, str]], symbol: str = AAA) -> Step:
    """The exchange changes its trading rules."""
    entries = [{"filterType": kind, **values} for kind, values in changes.items()]
    return Step(lambda world: world.exchange.venue.change_filters(symbol, entries))


def lose_journal() -> Step:
    """The process ends, and its disk is lost."""
    return Step(lambda world: world.lose_journal())


def _hand_in(world: World, bare: Signal, quantity: Decimal | None, *, is_stamped: bool) -> None:
    """Hand a signal in; the second time it is the very same one."""
    if bare.id in world.signals:
        signal, quantity = world.signals[bare.id]
    else:
        signal = attrs.evolve(bare, created_at=_EPOCH + timedelta(milliseconds=world.now_ms)) if is_stamped else bare
    world.execute(signal, quantity)
