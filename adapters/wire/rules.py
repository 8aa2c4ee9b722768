"""The trading rules in force: exchangeInfo, read when needed and kept for a while."""

from __future__ import annotations

from threading import Lock

import attrs

from ...domain.errors import OrderRejectedError, ValidationError
from ...domain.instrument import Instrument
from ...domain.refusal import Refusal
from . import calls
from .instruments import ExchangeInfo, parse_exchange_info
from .meter import limiters_of
from .session import Session

HOUR_MS = 3_600_000
CACHE_HOURS = 24
REREAD_AFTER_MS = 60_000
"""An unknown symbol makes us read the rules anew, for it may be a new listing; but not more often than this."""


@attrs.frozen
class _Kept:
    info: ExchangeInfo
    read_ms: int


class Rules:
    """Instruments by symbol. Safe to call from many threads."""

    def __init__(self, session: Session, *, cache_hours: int = CACHE_HOURS) -> None:
        self._session = session
        self._age_max_ms = cache_hours * HOUR_MS
        self._kept: _Kept | None = None
        self._lock = Lock()

    def instrument(self, symbol: str, *, refresh: bool) -> Instrument:
        """Return the rules of *symbol*, read anew when asked to, when too old, or when the symbol is unknown.

        Raises:
            OrderRejectedError: UNKNOWN_SYMBOL, or SYMBOL_CLOSED for rules nobody can trade by.
        """
        kept = self._current(0 if refresh else self._age_max_ms)
        if symbol not in kept.info.symbols():
            kept = self._current(REREAD_AFTER_MS)
        if symbol not in kept.info.symbols():
            raise OrderRejectedError(f"the exchange does not list {symbol!a}", refusal=Refusal.UNKNOWN_SYMBOL)
        try:
            return kept.info.instrument(symbol)
        except ValidationError as error:
            raise OrderRejectedError(str(error), refusal=Refusal.SYMBOL_CLOSED) from error

    def _current(self, age_max_ms: int) -> _Kept:
        now_ms = self._session.clock.monotonic_ms()
        with self._lock:
            kept = self._kept
        if kept is not None and now_ms - kept.read_ms < age_max_ms:
            return kept
        info = self._session.fetch(calls.exchange_info(), parse_exchange_info)
        self._session.meter.set_limiters(limiters_of(info.rate_limits))
        kept = _Kept(info, self._session.clock.monotonic_ms())
        with self._lock:
            self._kept = kept
        return kept
