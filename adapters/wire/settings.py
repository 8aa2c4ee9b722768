"""Position mode, leverage and margin type: read from the account, and the last two set."""

from __future__ import annotations

from threading import Lock

from ...domain.errors import ExchangeUnavailableError, OrderRejectedError
from ...domain.refusal import Refusal
from ...domain.side import MarginType, PositionMode
from ...domain.snapshot import SymbolSettings
from . import calls
from .accounts import parse_position_mode, parse_symbol_settings
from .codes import ALREADY_SO
from .done import check_done
from .fields import Fields
from .session import Session

MODE_AGE_MAX_MS = 60_000
"""How long a position mode read is believed: the read weighs 30, and a refusal tells of a change at once."""


class Settings:
    """The account's settings, as far as orders depend on them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._mode: tuple[PositionMode, int] | None = None
        self._lock = Lock()

    def mode(self) -> PositionMode:
        """Return hedge or one-way, at most `MODE_AGE_MAX_MS` old."""
        now_ms = self._session.clock.monotonic_ms()
        with self._lock:
            known = self._mode
        if known is not None and now_ms - known[1] < MODE_AGE_MAX_MS:
            return known[0]
        mode = self._session.fetch(calls.position_mode(), parse_position_mode)
        with self._lock:
            self._mode = (mode, now_ms)
        return mode

    def doubt_mode(self) -> None:
        """Forget the mode: an order was refused for it."""
        with self._lock:
            self._mode = None

    def of(self, symbol: str) -> SymbolSettings:
        """Return leverage and margin type of *symbol*."""
        call = calls.symbol_config(symbol)
        found = self._session.fetch(call, lambda body: parse_symbol_settings(body, symbol))
        if found is None:
            raise ExchangeUnavailableError(f"{call.path}: the answer does not show {symbol}")
        return found

    def configure(self, symbol: str, leverage: int | None, margin_type: MarginType | None) -> None:
        """Set margin type, then leverage; "already so" is success. Each is one request: the first may stand alone.

        Raises:
            OrderRejectedError: the exchange refused, or echoed another leverage than was asked for.
            OutcomeUnknownError: the answer did not say that it is done.
        """
        if margin_type is not None:
            call = calls.set_margin_type(symbol, margin_type)
            answer = self._session.ask(call, ALREADY_SO)
            if answer.ok:
                check_done(call, answer.body)
        if leverage is None:
            return
        call = calls.set_leverage(symbol, leverage)
        echoed = self._session.fetch(call, lambda body: Fields(body, "leverage").integer("leverage"))
        if echoed != leverage:
            raise OrderRejectedError(
                f"{call.path}: asked for leverage {leverage}, was set to {echoed}", refusal=Refusal.LEVERAGE
            )
