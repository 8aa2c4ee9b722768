"""Every error surefill raises, split by what the caller may do next.

::

    SurefillError
    ├── ValidationError          the input was wrong: mend it; nothing was claimed, nothing sent
    ├── SignalConflict           this signal id was used before with other contents
    ├── ConfigurationError       the wiring or the environment was wrong
    ├── AuthenticationError      the exchange refused the key
    ├── JournalError             the durable store failed: entries stop, protection goes on
    └── OrderExecutionError      the exchange's answer to a read, a setting, a cancel or a signal
        ├── OrderRejectedError       final: the same request would be refused again
        ├── OutcomeUnknownError      it may or may not have happened: look before acting
        ├── RateLimitedError         wait for `retry_after_ms`
        ├── ExchangeUnavailableError not reachable or overloaded: try again later
        └── ClockSkewError           our clock and the exchange's disagree

Every error carries its facts as attributes, never only as text, and never a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .refusal import Refusal


class SurefillError(Exception):
    """The root of every error raised by surefill."""


class ValidationError(SurefillError, ValueError):
    """An input was unusable.

    Attributes:
        field: the name of the offending argument or field.
        problem: what was wrong with it, in words.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class SignalConflict(SurefillError):
    """A signal id was replayed with other contents; the first contents stand.

    Attributes:
        signal_id: the id that was used twice.
    """

    def __init__(self, signal_id: str) -> None:
        super().__init__(
            f"signal id {signal_id!r} was claimed before with other contents; give a new decision a new id"
        )
        self.signal_id = signal_id


class ConfigurationError(SurefillError):
    """The parts were put together in a way that cannot keep the promise."""


class AuthenticationError(SurefillError):
    """The exchange refused the key, its permissions or its address.

    Attributes:
        code: the exchange's own error code, when it gave one.
    """

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class JournalError(SurefillError):
    """The durable store could not be read, written or synced."""


class OrderExecutionError(SurefillError):
    """The exchange did not do what was asked.

    Attributes:
        refusal: why, in the core's own words; None when nobody knows.
        code: the exchange's own error code, when it gave one.
        signal_id: the signal concerned, when there is one.
    """

    def __init__(
        self,
        message: str,
        *,
        refusal: Refusal | None = None,
        code: int | None = None,
        signal_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.refusal = refusal
        self.code = code
        self.signal_id = signal_id


class OrderRejectedError(OrderExecutionError):
    """The request was refused for good: repeating it unchanged is useless."""


class OutcomeUnknownError(OrderExecutionError):
    """The request may or may not have taken effect."""


class RateLimitedError(OrderExecutionError):
    """The exchange, or our own budget, allows no call now.

    Attributes:
        retry_after_ms: how long to wait, in milliseconds; None when nobody said.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_ms: int | None = None,
        refusal: Refusal | None = None,
        code: int | None = None,
        signal_id: str | None = None,
    ) -> None:
        super().__init__(message, refusal=refusal, code=code, signal_id=signal_id)
        self.retry_after_ms = retry_after_ms


class ExchangeUnavailableError(OrderExecutionError):
    """The exchange could not be reached, or was overloaded; nothing was done."""


class ClockSkewError(OrderExecutionError):
    """The request's timestamp lay outside the window the exchange accepts."""
