"""What the caller asked for, to hold what was sent against it."""

from __future__ import annotations

from decimal import Decimal

import attrs

from surefill.domain.signal import Signal


@attrs.frozen(kw_only=True)
class Asked:
    """One entry as its caller wished it.

    Attributes:
        signal_id: the signal's id.
        is_long: whether it buys.
        quantity: base units.
        stop: trigger of the stop, quote units.
        target: trigger of the target, quote units.
    """

    signal_id: str
    is_long: bool
    quantity: Decimal
    stop: Decimal | None
    target: Decimal | None

    @classmethod
    def of(cls, signal: Signal, quantity: Decimal) -> Asked:
        """Take down an entry signal."""
        return cls(
            signal_id=signal.id,
            is_long=signal.type.side.value == "BUY",
            quantity=quantity,
            stop=signal.stop_loss,
            target=signal.take_profit,
        )
