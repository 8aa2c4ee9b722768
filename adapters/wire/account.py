"""The Exchange port over anything that carries requests to Binance: in process, or over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal

import attrs

from ...domain.budget import Capacity
from ...domain.errors import ConfigurationError, ExchangeUnavailableError, ValidationError
from ...domain.ids import checked_text
from ...domain.instrument import Instrument
from ...domain.order import Order, OrderKey, OrderRequest
from ...domain.reply import Reply
from ...domain.side import MarginType
from ...domain.snapshot import (
    Balance,
    CancelOutcome,
    History,
    Position,
    Reference,
    Snapshot,
    SymbolSettings,
    Watermark,
)
from ...ports.clock import Clock
from ...ports.exchange import Prepared
from . import calls
from .accounts import parse_balances, parse_positions
from .breakers import Breakers
from .call import Call, Result, Transport
from .cancels import Cancels
from .incomes import income_since
from .inspection import Inspection
from .lookup import Lookup
from .meter import HARD_PERCENT, WARNING_PERCENT, Meter
from .prices import parse_last, parse_mark
from .rules import CACHE_HOURS, Rules
from .sending import Sending
from .session import Session, ignored, nothing
from .settings import Settings

CONDITIONALS_MAX = 200
"""Open conditional orders an account may have, stops and targets of every symbol (Binance docs: New Algo Order)."""


class WireExchange:
    """Implements `ports.exchange.Exchange`; what differs between exchanges is the transport and the clock.

    Args:
        transport: carries each request once.
        clock: exchange time.
        namespace: the name under which this account's signal ids are unique.
        environment: paper, local, testnet or live.
        real_time: whether the exchange moves on its own.
        cache_hours: how long the trading rules are believed, in hours.
        hard_percent: the share of each request limit past which no entry starts.
        warning_percent: the share of each request limit past which a warning is logged.
        conditionals_max: how many conditional orders the account may have open.
        breakers: circuit breakers; none by default.
        before_asking: called before a request is stamped, to set the clock right.
        after_carrying: told what came of each request.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        *,
        namespace: str,
        environment: str,
        real_time: bool,
        cache_hours: int = CACHE_HOURS,
        hard_percent: int = HARD_PERCENT,
        warning_percent: int = WARNING_PERCENT,
        conditionals_max: int = CONDITIONALS_MAX,
        breakers: Breakers | None = None,
        before_asking: Callable[[], None] = nothing,
        after_carrying: Callable[[Call, Result], None] = ignored,
    ) -> None:
        if cache_hours < 1:
            raise ConfigurationError(f"cache_hours: must be at least 1, was {cache_hours}")
        self._namespace = checked_text(namespace, "namespace")
        self._environment = environment
        self._real_time = real_time
        self._conditionals_max = conditionals_max
        self._session = Session(
            transport,
            clock,
            Meter(hard_percent=hard_percent, warning_percent=warning_percent),
            breakers=breakers,
            before_asking=before_asking,
            after_carrying=after_carrying,
        )
        self._settings = Settings(self._session)
        self._rules = Rules(self._session, cache_hours=cache_hours)
        self._lookup = Lookup(self._session)
        self._sending = Sending(self._session, self._settings)
        self._cancels = Cancels(self._session, self._lookup)

    @property
    def clock(self) -> Clock:
        """Exchange time."""
        return self._session.clock

    @property
    def namespace(self) -> str:
        """The name under which this account's signal ids are unique."""
        return self._namespace

    @property
    def environment(self) -> str:
        """``paper``, ``local``, ``testnet`` or ``live``."""
        return self._environment

    @property
    def real_time(self) -> bool:
        """Whether it moves on its own."""
        return self._real_time

    @property
    def direct(self) -> WireExchange:
        """The exchange itself: nothing is retried here."""
        return self

    def attended(self, patience_ms: Callable[[], int | None]) -> AbstractContextManager[None]:
        """Ask *patience_ms* before each request of this thread how long it may take, while the block lasts."""
        return self._session.attention.of(patience_ms)

    def telling(self, told: Callable[[tuple[Order, ...]], None]) -> AbstractContextManager[None]:
        """Tell *told* what `snapshot` and `history` of this thread have shown so far, while the block lasts."""
        return self._session.attention.telling(told)

    @property
    def inspection(self) -> Inspection:
        """What only an examination of the account asks."""
        return Inspection(self._session)

    def prepare(self, request: OrderRequest) -> Prepared:
        """Stamp and number *request* without any I/O; its window is 3 s."""
        return self._sending.prepare(request)

    def send(self, prepared: Prepared) -> Reply:
        """Send once. NOT_SENT when more than half of the window has passed.

        Raises:
            ConfigurationError: *prepared* was sent before.
        """
        return self._send([prepared])[0]

    def send_together(self, prepared: Sequence[Prepared]) -> tuple[Reply, ...]:
        """Send each once, in that order, without waiting in between.

        Raises:
            ConfigurationError: one of them was sent before; nothing was sent now.
        """
        return self._send(prepared)

    def find(self, keys: Sequence[OrderKey]) -> Mapping[str, Order]:
        """Return by client id those of *keys* that the exchange shows now."""
        return self._lookup.find(keys)

    def history(self, symbol: str, since: Watermark | None = None) -> History:
        """Return regular orders and fills after *since*; without it only the newest watermark."""
        return self._lookup.history(symbol, since)

    def snapshot(self, symbol: str) -> Snapshot:
        """Return open orders and positions of *symbol*.

        The orders are read before the positions: then a stop that is seen was there before the position is judged flat,
        and nobody takes the stop of a position opened meanwhile for an orphan.
        """
        at_ms = self.clock.now_ms()
        conditionals = self._lookup.open_conditionals(symbol)
        self._session.attention.tell(conditionals)
        orders = self._lookup.open_orders(symbol)
        positions = self._positions(symbol)
        snapshot = Snapshot(symbol, at_ms, self._settings.mode(), positions, orders, conditionals)
        self._rules.looked(snapshot)
        return snapshot

    def open_orders(self, symbol: str | None = None) -> tuple[Order, ...]:
        """Return open conditional and regular orders; without a symbol each of the two reads weighs 40."""
        found = (*self._lookup.open_conditionals(symbol), *self._lookup.open_orders(symbol))
        self._rules.renew_early()
        return found

    def positions(self) -> tuple[Position, ...]:
        """Return every open position."""
        found = self._positions(None)
        self._rules.renew_early()
        return found

    def balance(self) -> tuple[Balance, ...]:
        """Return the balances of the futures wallet."""
        found = self._session.fetch(calls.balance(), parse_balances)
        self._rules.renew_early()
        return found

    def reference(self, symbol: str) -> Reference:
        """Return mark and last price; the age is that of the older one."""
        mark = self._session.fetch(calls.premium_index(symbol), parse_mark)
        last = self._session.fetch(calls.ticker_price(symbol), parse_last)
        if mark.symbol != symbol or last.symbol != symbol:
            raise ExchangeUnavailableError(f"prices of {symbol}: the answer was for another symbol")
        now_ms = self.clock.now_ms()
        return Reference(symbol, mark.price, last.price, now_ms, max(0, now_ms - min(mark.at_ms, last.at_ms)))

    def instrument(self, symbol: str, *, refresh: bool = False) -> Instrument:
        """Return the trading rules in force."""
        return self._rules.instrument(symbol, refresh=refresh)

    def settings(self, symbol: str) -> SymbolSettings:
        """Return leverage and margin type in force."""
        return self._settings.of(symbol)

    def configure(self, symbol: str, *, leverage: int | None = None, margin_type: MarginType | None = None) -> None:
        """Set margin type, leverage or both; "already so" is success.

        Raises:
            ValidationError: the leverage was below 1.
        """
        if leverage is not None and leverage < 1:
            raise ValidationError("leverage", f"must be at least 1, was {leverage}")
        self._settings.configure(symbol, leverage, margin_type)

    def cancel(self, keys: Sequence[OrderKey]) -> tuple[CancelOutcome, ...]:
        """Cancel each order; the first error ends it, and repeating the call is harmless."""
        return tuple(self._cancels.cancel(key) for key in keys)

    def cancel_everything(self, symbol: str) -> None:
        """Cancel every open order on *symbol*, regular and conditional, whoever placed it."""
        self._cancels.cancel_everything(symbol)

    def income(self, since_ms: int) -> Decimal:
        """Return what trading earned and cost since *since_ms*; each page weighs 30."""
        return income_since(self._session, since_ms)

    def capacity(self) -> Capacity:
        """Return the request budget as the last answers told it, and until when a breaker stops entries. No I/O."""
        now_ms = self.clock.now_ms()
        breakers = self._session.breakers
        return attrs.evolve(
            self._session.meter.capacity(now_ms),
            entries_broken_until_ms=None if breakers is None else breakers.open_until_ms(now_ms),
            conditionals_max=self._conditionals_max,
        )

    def _positions(self, symbol: str | None) -> tuple[Position, ...]:
        found = self._session.fetch(calls.position_risk(symbol), parse_positions)
        return found if symbol is None else tuple(held for held in found if held.symbol == symbol)

    def _send(self, prepared: Sequence[Prepared]) -> tuple[Reply, ...]:
        replies = self._sending.send(prepared)
        for one in prepared:
            self._rules.ordered(one.request.symbol)
        return replies
