"""What Binance does now and then, on command: fills that stop short, orders that hide, accounts that may not trade."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, TypeAlias

import attrs

Concerns: TypeAlias = Callable[[str], bool]
"""Says of a client id whether its order is concerned."""

ENDS: Final = frozenset({"EXPIRED", "EXPIRED_IN_MATCH"})
INACTIVE: Final = -4109
REGIMES: Final = frozenset({INACTIVE, -4192, -4400})
"""An inactive account, a cooling-off period, a breach of the quantitative rules (Binance docs: Error Codes)."""


@attrs.frozen(kw_only=True)
class Curb:
    """Market orders that fill less than the book could give.

    Of each order that *concerns* names, *most* is filled at once (base units, rounded down to the lot). The rest fills
    after *rest_after_ms*, the order being PARTIALLY_FILLED until then; with None it never does and the order ends
    EXPIRED or EXPIRED_IN_MATCH, as *ends_as* says. Raises `ValueError` for a size that is no finite Decimal of 0 or
    more, a time that is not above 0, or another end.
    """

    concerns: Concerns
    most: Decimal = Decimal(0)
    ends_as: str = attrs.field(default="EXPIRED", validator=attrs.validators.in_(ENDS))
    rest_after_ms: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.gt(0)))

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.most, Decimal) or not self.most.is_finite() or self.most < 0:
            raise ValueError(f"most must be a Decimal of 0 or more, was {self.most!r}")


def _is_regime(_: object, attribute: "attrs.Attribute[int | None]", value: int | None) -> None:
    if value is not None and value not in REGIMES:
        raise ValueError(f"{attribute.name} must be None or one of {sorted(REGIMES)}, was {value!r}")


@attrs.define(kw_only=True)
class Switches:
    """All off at first; `reset` puts them back, and what happened meanwhile stays.

    Attributes:
        curb: how market orders, children of conditional ones included, stop short.
        sticks: conditional orders that stay TRIGGERING for good when they fire, as was seen on the real exchange.
        rejects: conditional orders that are REJECTED when they fire, for lack of margin: nothing checks it before
            (Binance change log 2025-11-06).
        hides: orders of either service that neither queries nor lists show, nor cancels find; they work all the same.
        trades_late_ms: how long fills stay out of GET userTrades.
        regime: why the account may open nothing; -4109 refuses every order, -4192 and -4400 let what closes pass (for
            -4192 unconfirmed; the simulation's choice).
        may_trade: False when the key has lost its right to trade: what changes anything is refused with -2015.
        struck: how many times any of them changed what happened.
    """

    curb: Curb | None = None
    sticks: Concerns | None = None
    rejects: Concerns | None = None
    hides: Concerns | None = None
    trades_late_ms: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    regime: int | None = attrs.field(default=None, validator=_is_regime)
    may_trade: bool = True
    struck: int = 0

    def reset(self) -> None:
        """Put every switch back; `struck` goes on counting."""
        self.curb = self.sticks = self.rejects = self.hides = self.regime = None
        self.trades_late_ms = 0
        self.may_trade = True

    def curbs(self, client_id: str) -> Curb | None:
        """Return what holds back the market order *client_id*."""
        return self.curb if self.curb is not None and self._strikes(self.curb.concerns, client_id) else None

    def is_stuck(self, client_id: str) -> bool:
        """Say whether that conditional order, which just fired, goes no further."""
        return self._strikes(self.sticks, client_id)

    def is_rejected(self, client_id: str) -> bool:
        """Say whether that conditional order, which fired, is refused by the book."""
        return self._strikes(self.rejects, client_id)

    def is_hidden(self, client_id: str) -> bool:
        """Say whether that order is kept from sight."""
        return self._strikes(self.hides, client_id)

    def is_late(self, time_ms: int, now_ms: int) -> bool:
        """Say whether a fill of *time_ms* is not shown yet."""
        return self._note(now_ms - time_ms < self.trades_late_ms)

    def refusal(self, *, closing: bool) -> int:
        """Return the code with which the account's regime refuses an order, 0 when it does not."""
        if self.regime is None or (closing and self.regime != INACTIVE):
            return 0
        self._note(strikes=True)
        return self.regime

    def is_denied(self, method: str) -> bool:
        """Say whether the key may not make a request of that method."""
        return self._note(not self.may_trade and method != "GET")

    def _strikes(self, concerns: Concerns | None, client_id: str) -> bool:
        return self._note(concerns is not None and concerns(client_id))

    def _note(self, strikes: bool) -> bool:  # noqa: FBT001 - it passes the answer through
        if strikes:
            self.struck += 1
        return strikes
