"""The trading rules in force: exchangeInfo, read when needed, kept for a while, and renewed before that is over."""

from __future__ import annotations

from threading import Lock

import attrs
from loguru import logger

from ...domain.errors import AuthenticationError, OrderExecutionError, OrderRejectedError, ValidationError
from ...domain.instrument import Instrument
from ...domain.numbers import EXACT
from ...domain.order import ZERO, OrderKind
from ...domain.refusal import Refusal
from ...domain.snapshot import Position, Snapshot
from . import calls
from .instruments import ExchangeInfo, parse_exchange_info
from .meter import limiters_of
from .session import Session

HOUR_MS = 3_600_000
CACHE_HOURS = 24
REREAD_AFTER_MS = 60_000
"""An unknown symbol makes us read the rules anew, for it may be a new listing; but not more often than this."""
EARLY_PERCENT = 90
"""From this share of their time on, the rules are renewed as soon as nothing waits for an answer."""
EARLY_RETRY_MS = 600_000
"""An early renewal that failed is tried again after this: there is time, and a slow answer holds somebody up."""
BUSY_MS = 10_000
"""For so long after an order, or a question for a symbol's rules, more orders may follow: nothing is renewed early."""
PRESSING_MS = 1_000
"""What follows a look at an open position within this time may protect or close it, and waits for nothing."""


@attrs.frozen
class _Kept:
    info: ExchangeInfo
    read_ms: int


class Rules:
    """Instruments by symbol. Safe to call from many threads.

    Rules that are too old are read anew in front of an entry, never in front of what protects or closes a position:
    an order of an old grid may be refused, an order that waits is not there.
    """

    def __init__(self, session: Session, *, cache_hours: int = CACHE_HOURS) -> None:
        self._session = session
        self._age_max_ms = cache_hours * HOUR_MS
        self._early_ms = self._age_max_ms * EARLY_PERCENT // 100
        self._kept: _Kept | None = None
        self._lock = Lock()
        self._busy_until_ms: int | None = None
        self._tried_ms: int | None = None
        self._pressing_until_ms: dict[str, int] = {}

    def instrument(self, symbol: str, *, refresh: bool) -> Instrument:
        """Return the rules of *symbol*, read anew when asked to, when too old, or when the symbol is unknown.

        Rules that are too old are good enough right after an order on *symbol*, or a look at a position there.

        Raises:
            OrderRejectedError: UNKNOWN_SYMBOL, or SYMBOL_CLOSED for rules nobody can trade by.
        """
        now_ms = self._session.clock.monotonic_ms()
        with self._lock:
            kept = self._kept
            self._busy_until_ms = now_ms + BUSY_MS
            pressing = now_ms < self._pressing_until_ms.get(symbol, now_ms)
        if kept is None or refresh or not (pressing or now_ms - kept.read_ms < self._age_max_ms):
            kept = self._read()
        if not kept.info.lists(symbol) and self._session.clock.monotonic_ms() - kept.read_ms >= REREAD_AFTER_MS:
            kept = self._read()
        if not kept.info.lists(symbol):
            raise OrderRejectedError(f"the exchange does not list {symbol!a}", refusal=Refusal.UNKNOWN_SYMBOL)
        try:
            return kept.info.instrument(symbol)
        except ValidationError as error:
            raise OrderRejectedError(str(error), refusal=Refusal.SYMBOL_CLOSED) from error

    def ordered(self, symbol: str) -> None:
        """Take note of an order on *symbol* that was just sent: others may have to follow it at once."""
        until_ms = self._session.clock.monotonic_ms() + BUSY_MS
        with self._lock:
            self._busy_until_ms = self._pressing_until_ms[symbol] = until_ms

    def looked(self, snapshot: Snapshot) -> None:
        """Take note of what a look showed: what is missing comes at once, and if nothing is, there is time to renew."""
        if snapshot.positions:
            until_ms = self._session.clock.monotonic_ms() + PRESSING_MS
            with self._lock:
                before_ms = self._pressing_until_ms.get(snapshot.symbol, until_ms)
                self._pressing_until_ms[snapshot.symbol] = max(before_ms, until_ms)
        if all(_covered(held, snapshot) for held in snapshot.positions):
            self.renew_early()

    def renew_early(self) -> None:
        """Read rules anew that will soon be too old, if no order is on its way or about to be.

        Called after reads that no order waits for. When it fails, the old rules stay in force.
        """
        now_ms = self._session.clock.monotonic_ms()
        with self._lock:
            if self._kept is None or now_ms - self._kept.read_ms < self._early_ms:
                return
            if self._busy_until_ms is not None and now_ms < self._busy_until_ms:
                return
            if self._tried_ms is not None and now_ms - self._tried_ms < EARLY_RETRY_MS:
                return
            self._tried_ms = now_ms
        try:
            self._read()
        except (OrderExecutionError, AuthenticationError) as error:
            logger.warning("the trading rules were not renewed early, the old ones stay in force: {}", error)

    def _read(self) -> _Kept:
        info = self._session.fetch(calls.exchange_info(), _read_whole)
        self._session.meter.set_limiters(limiters_of(info.rate_limits))
        kept = _Kept(info, self._session.clock.monotonic_ms())
        with self._lock:
            self._kept = kept
        return kept


def _read_whole(raw: object) -> ExchangeInfo:
    """Return the answer with its symbols counted: what is no list of symbols must not replace one."""
    info = parse_exchange_info(raw)
    info.symbols()
    return info


def _covered(position: Position, snapshot: Snapshot) -> bool:
    """Whether stops that rest at the exchange are as large as *position*: then nothing has to be sent at once."""
    resting = ZERO
    for order in snapshot.conditionals:
        if order.kind is OrderKind.STOP and order.resting and order.side is position.direction.exit_side:
            resting = EXACT.add(resting, order.quantity)
    return resting >= position.quantity
