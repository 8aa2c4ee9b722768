"""Reads that are tried again: a decorator around any exchange.

The waiting and the deciding are ours, the loop is stamina's; this is the one file that imports it. stamina always
waits with the machine's own sleep, and ours has to be `exchange.clock.sleep`, which moves a simulated market: so
stamina is told to wait for no time at all, and the wait is made here before the next attempt.

stamina's switches belong to the whole process: a host that calls ``stamina.set_active(False)`` turns these retries
off, ``stamina.set_testing`` changes how many there are, and stamina reports each retry to its own hooks too (standard
`logging`, logger ``stamina``, unless ``stamina.instrumentation.set_on_retry_hooks`` says otherwise).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import TypeVar

import attrs
import stamina
from loguru import logger

from ..domain.budget import Capacity
from ..domain.errors import (
    ClockSkewError,
    ExchangeUnavailableError,
    OrderExecutionError,
    RateLimitedError,
)
from ..domain.instrument import Instrument
from ..domain.order import Order, OrderKey, OrderRequest
from ..domain.pace import Pace
from ..domain.reply import Reply
from ..domain.retry_policy import RetryPolicy
from ..domain.side import MarginType
from ..domain.snapshot import (
    Balance,
    CancelOutcome,
    History,
    Position,
    Reference,
    Snapshot,
    SymbolSettings,
    Watermark,
)
from ..ports.clock import Clock
from ..ports.exchange import Exchange, Prepared

T = TypeVar("T")

WORTH_ANOTHER = (RateLimitedError, ExchangeUnavailableError, ClockSkewError)
"""The errors that say "not now". After a clock skew the adapter has set its clock right; the others need time."""


@attrs.frozen
class ReadRetry:
    """A read that failed and is about to be tried again.

    Attributes:
        at_ms: exchange time, UTC milliseconds.
        operation: the verb of the port.
        attempt: the attempt that failed, from 1.
        wait_seconds: how long the next one is put off.
        error: what it failed with.
        symbol: what was asked about, when it was one symbol.
    """

    at_ms: int
    operation: str
    attempt: int
    wait_seconds: float
    error: OrderExecutionError
    symbol: str | None = None


class Retrying:
    """An `Exchange` whose reads and settings survive a short outage.

    What fails with one of `WORTH_ANOTHER` is tried again after the policy's wait, or the exchange's own when that is
    longer, for as many attempts as the policy has. A call waits *waiting_seconds_max* altogether at most: the thread
    that waits may be the one that protects a position, so a longer ban is reported at once. In the end the last error
    is raised.

    Waits adapt: each call given up doubles those of the next ones, up to `pace.STRETCH_MAX` times, and the first
    success takes that back.

    `send`, `send_together`, `cancel` and `cancel_everything` go straight through, once: what may have been done is
    never done again here. So do `prepare` and `capacity`, which do no I/O.

    Args:
        exchange: the exchange itself.
        policy: how often, and after which waits.
        on_retry: told of each retry before its wait; what it raises is logged, and the read goes on.
        waiting_seconds_max: the longest sum of waits in one call.
    """

    def __init__(
        self,
        exchange: Exchange,
        policy: RetryPolicy,
        *,
        on_retry: Callable[[ReadRetry], None] | None = None,
        waiting_seconds_max: float = 10.0,
    ) -> None:
        self._exchange = exchange
        self._policy = policy
        self._on_retry = on_retry
        self._waiting_seconds_max = waiting_seconds_max
        self._pace = Pace()  # replaced as a whole; two threads that fail at once may count as one
        self._caller = stamina.RetryingCaller(
            attempts=policy.attempts_max,
            timeout=None,
            wait_initial=0.0,
            wait_max=0.0,
            wait_jitter=0.0,
            wait_exp_base=1.0,
        )

    # --- what is the exchange's own -----------------------------------------------------------------------------------

    @property
    def clock(self) -> Clock:
        """The exchange's clock."""
        return self._exchange.clock

    @property
    def namespace(self) -> str:
        """The exchange's namespace."""
        return self._exchange.namespace

    @property
    def environment(self) -> str:
        """The exchange's environment."""
        return self._exchange.environment

    @property
    def real_time(self) -> bool:
        """Whether the exchange moves on its own."""
        return self._exchange.real_time

    @property
    def direct(self) -> Exchange:
        """The exchange without these retries: for work that has its own deadline."""
        return self._exchange.direct

    def attended(self, patience_ms: Callable[[], int | None]) -> AbstractContextManager[None]:
        """Ask *patience_ms* before each request of this thread, while the block lasts."""
        return self._exchange.attended(patience_ms)

    def telling(self, told: Callable[[tuple[Order, ...]], None]) -> AbstractContextManager[None]:
        """Tell *told* what a longer read of this thread has shown so far, once for each attempt."""
        return self._exchange.telling(told)

    # --- once, whatever happens ---------------------------------------------------------------------------------------

    def prepare(self, request: OrderRequest) -> Prepared:
        """Stamp and number *request*."""
        return self._exchange.prepare(request)

    def send(self, prepared: Prepared) -> Reply:
        """Send once."""
        return self._exchange.send(prepared)

    def send_together(self, prepared: Sequence[Prepared]) -> tuple[Reply, ...]:
        """Send each once."""
        return self._exchange.send_together(prepared)

    def cancel(self, keys: Sequence[OrderKey]) -> tuple[CancelOutcome, ...]:
        """Cancel, asking once."""
        return self._exchange.cancel(keys)

    def cancel_everything(self, symbol: str) -> None:
        """Cancel everything, asking once."""
        self._exchange.cancel_everything(symbol)

    def capacity(self) -> Capacity:
        """Return the request budget."""
        return self._exchange.capacity()

    # --- again, when it helps -----------------------------------------------------------------------------------------

    def find(self, keys: Sequence[OrderKey]) -> Mapping[str, Order]:
        """Return those of *keys* that the exchange shows now."""
        return self._patiently("find", lambda: self._exchange.find(keys))

    def history(self, symbol: str, since: Watermark | None = None) -> History:
        """Return orders and fills after *since*."""
        return self._patiently("history", lambda: self._exchange.history(symbol, since), symbol)

    def snapshot(self, symbol: str) -> Snapshot:
        """Return position and open orders of *symbol*."""
        return self._patiently("snapshot", lambda: self._exchange.snapshot(symbol), symbol)

    def open_orders(self, symbol: str | None = None) -> tuple[Order, ...]:
        """Return open orders."""
        return self._patiently("open_orders", lambda: self._exchange.open_orders(symbol), symbol)

    def positions(self) -> tuple[Position, ...]:
        """Return open positions."""
        return self._patiently("positions", self._exchange.positions)

    def balance(self) -> tuple[Balance, ...]:
        """Return balances."""
        return self._patiently("balance", self._exchange.balance)

    def reference(self, symbol: str) -> Reference:
        """Return the prices to judge a signal by."""
        return self._patiently("reference", lambda: self._exchange.reference(symbol), symbol)

    def instrument(self, symbol: str, *, refresh: bool = False) -> Instrument:
        """Return the trading rules in force."""
        return self._patiently("instrument", lambda: self._exchange.instrument(symbol, refresh=refresh), symbol)

    def income(self, since_ms: int) -> Decimal:
        """Return what trading earned and cost since *since_ms*."""
        return self._patiently("income", lambda: self._exchange.income(since_ms))

    def settings(self, symbol: str) -> SymbolSettings:
        """Return leverage and margin type."""
        return self._patiently("settings", lambda: self._exchange.settings(symbol), symbol)

    def configure(self, symbol: str, *, leverage: int | None = None, margin_type: MarginType | None = None) -> None:
        """Set leverage, margin type or both; setting the same again changes nothing."""
        self._patiently(
            "configure", lambda: self._exchange.configure(symbol, leverage=leverage, margin_type=margin_type), symbol
        )

    def _patiently(self, operation: str, call: Callable[[], T], symbol: str | None = None) -> T:
        patience = _Patience(
            policy=self._policy,
            stretch=self._pace.stretch,
            clock=self._exchange.clock,
            operation=operation,
            symbol=symbol,
            on_retry=self._on_retry,
            seconds_left=self._waiting_seconds_max,
        )

        def attempt() -> T:
            patience.wait()
            return call()

        try:
            answer = self._caller(patience.worth_another, attempt)
        except WORTH_ANOTHER:
            self._pace = self._pace.failed()
            raise
        self._pace = self._pace.succeeded()
        return answer


@attrs.define(kw_only=True)
class _Patience:
    """The waits of one call: decided after a failure, made before the next attempt."""

    policy: RetryPolicy
    stretch: int
    clock: Clock
    operation: str
    symbol: str | None
    on_retry: Callable[[ReadRetry], None] | None
    seconds_left: float
    failures: int = 0
    pending: tuple[float, OrderExecutionError] | None = None

    def worth_another(self, error: Exception) -> bool:
        """Whether to try again after *error*; if so, the wait is due."""
        if not isinstance(error, WORTH_ANOTHER):
            return False
        self.failures += 1
        seconds = min(self.policy.delay_seconds(self.failures) * self.stretch, self.policy.max_delay)
        if isinstance(error, RateLimitedError) and error.retry_after_ms is not None:
            seconds = max(seconds, error.retry_after_ms / 1000)
        if seconds > self.seconds_left:
            return False
        self.seconds_left -= seconds
        self.pending = seconds, error
        return True

    def wait(self) -> None:
        """Make the wait that is due, on the exchange's clock; none before the first attempt."""
        if self.pending is None:
            return
        (seconds, error), self.pending = self.pending, None
        logger.warning(
            "{} failed ({}: {}); attempt {} of {} follows in {} s",
            self.operation,
            type(error).__name__,
            error,
            self.failures + 1,
            self.policy.attempts_max,
            seconds,
        )
        self._tell(ReadRetry(self.clock.now_ms(), self.operation, self.failures, seconds, error, self.symbol))
        self.clock.sleep(seconds)

    def _tell(self, retry: ReadRetry) -> None:
        if self.on_retry is None:
            return
        try:
            self.on_retry(retry)
        except Exception as error:  # noqa: BLE001 - whoever listens must not end the read that somebody waits for
            logger.error("the retry of {} could not be told: {}: {}", retry.operation, type(error).__name__, error)
