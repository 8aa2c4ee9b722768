"""What the core needs from an exchange, in trading verbs and domain types only.

Every verb that reads, sets or cancels raises one of `OrderExecutionError`'s children, or `AuthenticationError`, when
it cannot answer; `send` and `send_together` never raise for what the exchange or the network did: everything that can
happen to a sent request is a `Reply`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Protocol

import attrs

from ..domain.budget import Capacity
from ..domain.instrument import Instrument
from ..domain.order import Order, OrderKey, OrderRequest
from ..domain.reply import Reply
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
from .clock import Clock


@attrs.frozen
class Prepared:
    """A request made ready, not yet sent; the very same bytes are sent once or never.

    Attributes:
        request: what it asks for.
        digest: of all parameters but the signature, as text: it joins the journal's INTENT with what the exchange
            received.
        timestamp_ms: exchange time stamped into it.
        not_after_ms: exchange time after which the exchange refuses it.
        parameters: in the exchange's own names, in the order sent; opaque to the core.
    """

    request: OrderRequest
    digest: str
    timestamp_ms: int
    not_after_ms: int
    parameters: Mapping[str, str] = attrs.field(repr=False)


class Exchange(Protocol):
    """An exchange account. Safe to call from many threads."""

    @property
    def clock(self) -> Clock:
        """Exchange time."""
        ...

    @property
    def namespace(self) -> str:
        """The name under which this account's signal ids are unique; it outlives keys."""
        ...

    @property
    def environment(self) -> str:
        """``paper``, ``local``, ``testnet`` or ``live``: for people and for the audit log."""
        ...

    @property
    def real_time(self) -> bool:
        """Whether it moves on its own. If so, entries need somebody who watches, and a durable journal."""
        ...

    @property
    def direct(self) -> Exchange:
        """The same account without any retries of reads: for work that has a deadline and asks again by itself."""
        ...

    def attended(self, patience_ms: Callable[[], int | None]) -> AbstractContextManager[None]:
        """Make the requests of this thread keep to somebody's hurry, while the block lasts.

        *patience_ms* is called before each of them, with no lock held, and may do what cannot wait; a request whose
        answer is not here after so many milliseconds counts as unanswered. None leaves it at the usual.
        """
        ...

    def telling(self, told: Callable[[tuple[Order, ...]], None]) -> AbstractContextManager[None]:
        """Tell what a longer read of this thread has shown so far, while the block lasts.

        `snapshot` tells the open conditional orders, `history` the orders: as soon as they are read, with no lock held.
        What is read after them may hang, or fail, and what was shown must not be lost by that.
        """
        ...

    def prepare(self, request: OrderRequest) -> Prepared:
        """Stamp and number *request* without any I/O.

        Called right before the INTENT is written; the timestamp is never refreshed afterwards.
        """
        ...

    def send(self, prepared: Prepared) -> Reply:
        """Send once. NOT_SENT when more than half of the window between timestamp and `not_after_ms` has passed."""
        ...

    def send_together(self, prepared: Sequence[Prepared]) -> tuple[Reply, ...]:
        """Send each once, in that order; a later one need not wait for the answer to an earlier one."""
        ...

    def find(self, keys: Sequence[OrderKey]) -> Mapping[str, Order]:
        """Return by client id those of *keys* that the exchange shows now; when an id was used twice, the newest.

        What is missing is *not visible now*: neither refused nor cancelled.
        """
        ...

    def history(self, symbol: str, since: Watermark | None = None) -> History:
        """Return regular orders and fills after *since*; without it only the newest watermark."""
        ...

    def snapshot(self, symbol: str) -> Snapshot:
        """Return position and open orders of *symbol* as of one moment."""
        ...

    def open_orders(self, symbol: str | None = None) -> tuple[Order, ...]:
        """Return open regular and conditional orders, of one symbol or of all."""
        ...

    def positions(self) -> tuple[Position, ...]:
        """Return every open position; an empty tuple when flat."""
        ...

    def balance(self) -> tuple[Balance, ...]:
        """Return the balances of the futures wallet, one per asset."""
        ...

    def reference(self, symbol: str) -> Reference:
        """Return the prices to judge a signal by."""
        ...

    def instrument(self, symbol: str, *, refresh: bool = False) -> Instrument:
        """Return the trading rules in force.

        Raises:
            OrderRejectedError: with UNKNOWN_SYMBOL, or SYMBOL_CLOSED for rules nobody can trade by.
        """
        ...

    def settings(self, symbol: str) -> SymbolSettings:
        """Return leverage and margin type in force."""
        ...

    def configure(self, symbol: str, *, leverage: int | None = None, margin_type: MarginType | None = None) -> None:
        """Set leverage, margin type or both; "already so" is success."""
        ...

    def cancel(self, keys: Sequence[OrderKey]) -> tuple[CancelOutcome, ...]:
        """Cancel each order, in whichever service holds it now. An order already gone is reported, not raised."""
        ...

    def cancel_everything(self, symbol: str) -> None:
        """Cancel every open order on *symbol*, regular and conditional, whoever placed it."""
        ...

    def income(self, since_ms: int) -> Decimal:
        """Return what was realised since *since_ms*, fees and funding included, in quote units of the wallet."""
        ...

    def capacity(self) -> Capacity:
        """Return the request budget. No I/O."""
        ...
