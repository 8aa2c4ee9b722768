"""One broken promise, with what is needed to find it in the ledger."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Violation:
    """One broken promise.

    Attributes:
        invariant: which, by its number: I2, I3, I7 or I10.
        time_ms: when it broke, exchange time.
        text: what was wrong, for a person.
        symbol: where.
        signal_id: whose, when it can be told.
    """

    invariant: str
    time_ms: int
    text: str
    symbol: str
    signal_id: str | None = None
