"""What only an examination asks of an account: key, modes, conditional orders of all symbols, and the way there."""

from __future__ import annotations

from typing import Final

import attrs

from ...domain.order import Order, OrderKey
from ...domain.side import PositionMode
from ...ports.clock import Clock
from . import calls
from .accounts import parse_position_mode
from .call import Call
from .codes import CANCEL_REJECTED, NO_SUCH_ORDER
from .fields import Fields, ParseError
from .orders import parse_algo_orders
from .session import Session

ACCOUNT_CONFIG_PATH: Final = "/fapi/v1/accountConfig"
TIME_PATH: Final = "/fapi/v1/time"
TIME_READINGS: Final = 3
"""The first one may have to open a connection, and a handshake is no measure of the way: the quickest counts."""

_NOBODYS: Final = OrderKey(symbol="", client_id="doctor-nobody-has-this-order", conditional=True)
"""No id of ours: those begin with another prefix. Whether somebody took it all the same is looked up first."""


@attrs.frozen
class ClockReading:
    """The exchange's clock beside another one.

    Attributes:
        ahead_ms: how far the other clock is ahead of the exchange's; negative when it is behind.
        round_trip_ms: how long question and answer took; the reading is wrong by half of it at most.
    """

    ahead_ms: int
    round_trip_ms: int


@attrs.frozen
class AccountConfig:
    """How the account is set (Binance docs: Futures Account Configuration).

    Attributes:
        can_trade: whether the account may trade at all.
        can_withdraw: whether it may be withdrawn from; the account, not the key: no futures endpoint tells of the key.
        mode: one-way or hedge.
        multi_assets: whether all assets of the wallet are margin for every position.
    """

    can_trade: bool
    can_withdraw: bool
    mode: PositionMode
    multi_assets: bool


class Inspection:
    """Reads beside the Exchange port. They raise what the port's reads raise, are not retried, and change nothing.

    Args:
        session: the conversation with the account.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def clock_beside(self, machine: Clock) -> ClockReading:
        """Hold the exchange's clock against *machine*; needs no key."""
        return min((self._clock_reading(machine) for _ in range(TIME_READINGS)), key=lambda each: each.round_trip_ms)

    def account(self) -> AccountConfig:
        """Return how the account is set; one request that weighs 5 tells what three others would."""
        return self._session.fetch(Call("GET", ACCOUNT_CONFIG_PATH), _parse_account_config)

    def try_trading_right(self) -> bool:
        """Try whether the key may trade, by cancelling an order that nobody has.

        Reading needs another right than trading, so no read can tell. That the exchange looks at the right before it
        looks for the order is unconfirmed: a refusal for want of the right is certain, its absence only a good sign.

        Returns:
            whether it was tried: not when the exchange shows an order with that id, for it must never be touched.

        Raises:
            AuthenticationError: it may not trade, or not from this address.
        """
        seen = self._session.ask(calls.order_of(_NOBODYS), frozenset({NO_SUCH_ORDER}))
        if seen.ok:
            return False
        self._session.ask(calls.cancel_order(_NOBODYS), frozenset({CANCEL_REJECTED, NO_SUCH_ORDER}))
        return True

    def open_conditionals(self) -> tuple[Order, ...]:
        """Return the open conditional orders of all symbols, anybody's; weighs 40."""
        algos = self._session.fetch(calls.open_algo_orders(None), parse_algo_orders)
        return tuple(algo.order for algo in algos)

    def _clock_reading(self, machine: Clock) -> ClockReading:
        sent_ms = machine.monotonic_ms()
        exchange_ms = self._session.fetch(Call("GET", TIME_PATH, signed=False), _parse_time)
        round_trip_ms = machine.monotonic_ms() - sent_ms
        return ClockReading(machine.now_ms() - round_trip_ms // 2 - exchange_ms, round_trip_ms)


def _parse_time(body: object) -> int:
    return Fields(body, "time").integer("serverTime")


def _parse_account_config(body: object) -> AccountConfig:
    fields = Fields(body, "account configuration")
    for name in ("canTrade", "canWithdraw", "multiAssetsMargin"):
        if not fields.has(name):
            raise ParseError(f"account configuration.{name}: was missing")
    return AccountConfig(
        can_trade=fields.flag("canTrade"),
        can_withdraw=fields.flag("canWithdraw"),
        mode=parse_position_mode(body),
        multi_assets=fields.flag("multiAssetsMargin"),
    )
