"""What became of a signal: a typed outcome, never a bare boolean."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import attrs

from .errors import (
    AuthenticationError,
    ClockSkewError,
    ExchangeUnavailableError,
    OrderExecutionError,
    OrderRejectedError,
    OutcomeUnknownError,
    RateLimitedError,
    SurefillError,
)
from .order import ZERO, Order
from .refusal import Refusal
from .side import SignalType
from .snapshot import Position


class Outcome(Enum):
    """How a signal stands."""

    PROTECTED = "PROTECTED"  # filled, and the stop (and target, if asked) was seen live
    PROTECTED_WITHOUT_TAKE_PROFIT = "PROTECTED_WITHOUT_TAKE_PROFIT"  # the stop is live, the target asked for is not
    UNPROTECTED = "UNPROTECTED"  # filled, and no live stop was seen: an alarm repeats
    OPEN = "OPEN"  # filled, and no stop was asked for
    CLOSED = "CLOSED"  # the position, or what was asked to be closed, is gone
    REDUCED = "REDUCED"  # a part was closed
    ALREADY_FLAT = "ALREADY_FLAT"  # there was nothing to close
    NOT_FILLED = "NOT_FILLED"  # the order ended, or was found absent, without a fill
    REJECTED = "REJECTED"  # the exchange refused the order for good
    REFUSED = "REFUSED"  # no order was sent, or none took effect; the id is not used up
    UNKNOWN = "UNKNOWN"  # nobody knows yet; the symbol is frozen and the question stays open


class ClosedBy(Enum):
    """What ended a position."""

    STOP_LOSS = "STOP_LOSS"
    TAKE_PROFIT = "TAKE_PROFIT"
    EXIT = "EXIT"
    ELSEWHERE = "ELSEWHERE"  # by hand, by another program, or by a liquidation
    NOT_FILLED = "NOT_FILLED"  # there never was a position


POSITION_OPEN = frozenset({Outcome.PROTECTED, Outcome.PROTECTED_WITHOUT_TAKE_PROFIT, Outcome.UNPROTECTED, Outcome.OPEN})
"""Outcomes after which a position of the signal is open."""


@attrs.frozen
class Correction:
    """A later, truer finding: at `at_ms` the outcome became `outcome`, because of `text`."""

    at_ms: int
    outcome: Outcome
    text: str


@attrs.frozen(kw_only=True)
class ExecutionReport:
    """What became of one signal, as far as the evidence goes.

    Attributes:
        signal_id: the signal's id.
        symbol: the signal's symbol.
        type: the signal's type.
        outcome: how it stands.
        reason: why it was refused or rejected.
        text: a sentence for a person.
        filled_quantity: of the entry (entries) or of the exit (closes), base units.
        average_price: of that fill, quote units; None without a fill, or while unknown.
        entry: the entry order as last seen.
        stop_loss: the stop in force, or the last one seen.
        take_profit: the target in force, or the last one seen.
        exit: the order that closed it at market.
        closed_by: what ended the position, once it is gone.
        position: the account's position on the symbol when this was written, ours and others'; None when flat or not
            read.
        naked_seconds: from the first answer that showed the fill to the first sight of the live stop; None while
            there was none.
        provisional: the outcome rests on absence of evidence. An entry is still being watched, and corrected if it
            filled; a close stays so, for an exit believed absent is not asked for again once the close is told.
        corrections: earlier outcomes were replaced for these reasons, oldest first.
        at_ms: exchange time of writing.
    """

    signal_id: str
    symbol: str
    type: SignalType
    outcome: Outcome
    reason: Refusal | None = None
    text: str = ""
    filled_quantity: Decimal = ZERO
    average_price: Decimal | None = None
    entry: Order | None = None
    stop_loss: Order | None = None
    take_profit: Order | None = None
    exit: Order | None = None
    closed_by: ClosedBy | None = None
    position: Position | None = None
    naked_seconds: Decimal | None = None
    provisional: bool = False
    corrections: tuple[Correction, ...] = ()
    at_ms: int = 0

    def raise_for_outcome(self) -> ExecutionReport:
        """Return the report itself, or raise if the signal was rejected, refused or has an unknown outcome.

        Raises:
            OrderRejectedError: REJECTED, and REFUSED for any reason of our own.
            AuthenticationError: refused because the key may not do it.
            RateLimitedError, ExchangeUnavailableError, ClockSkewError: REFUSED for that reason.
            OutcomeUnknownError: UNKNOWN.
        """
        if self.outcome is Outcome.UNKNOWN:
            raise OutcomeUnknownError(self._sentence(), refusal=self.reason, signal_id=self.signal_id)
        if self.outcome in (Outcome.REJECTED, Outcome.REFUSED):
            raise self._refusal_error()
        return self

    def _refusal_error(self) -> SurefillError:
        if self.reason is Refusal.NOT_ALLOWED:
            return AuthenticationError(self._sentence())
        return _ERROR_OF_REFUSAL.get(self.reason, OrderRejectedError)(
            self._sentence(), refusal=self.reason, signal_id=self.signal_id
        )

    def _sentence(self) -> str:
        why = "" if self.reason is None else f" ({self.reason.name}: {self.reason.value})"
        return (
            f"signal {self.signal_id!r} on {self.symbol} ended "
            f"{self.outcome.value}{why}{': ' if self.text else ''}{self.text}"
        )


_ERROR_OF_REFUSAL: dict[Refusal | None, type[OrderExecutionError]] = {
    Refusal.RATE_LIMITED: RateLimitedError,
    Refusal.BANNED: RateLimitedError,
    Refusal.BUDGET: RateLimitedError,
    Refusal.OVERLOADED: ExchangeUnavailableError,
    Refusal.UNREACHABLE: ExchangeUnavailableError,
    Refusal.BREAKER: ExchangeUnavailableError,
    Refusal.CLOCK: ClockSkewError,
}
