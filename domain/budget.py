"""How many requests are left, and what they may be spent on."""

from __future__ import annotations

import attrs

from .order import Purpose

SPACING_MS = ((80, 2_000), (65, 1_000), (50, 500))
"""From which share of the request weight, in per cent, two looks are how far apart: what is left must last a minute."""


@attrs.frozen
class Cost:
    """What some requests cost: units of request weight, and orders."""

    weight: int = 0
    orders: int = 0

    def __add__(self, other: Cost) -> Cost:
        """Return what both cost together."""
        return Cost(self.weight + other.weight, self.orders + other.orders)

    def less(self, other: Cost) -> Cost:
        """Return what is left without *other*; never below nothing."""
        return Cost(max(0, self.weight - other.weight), max(0, self.orders - other.orders))


ENTRY_WORST_CASE = Cost(weight=120, orders=12)
"""Entry, stop and target with every retry, the evidence rounds of an unknown outcome, and the flattening.

An entry starts only if all of it is affordable.
"""


@attrs.frozen
class Allowance:
    """One limiter of the exchange over one window.

    Attributes:
        name: for people, for example ``weight/1m``.
        used: spent in the window in force, with what is under way.
        limit: allowed in it.
        counts_orders: whether it counts orders; otherwise request weight.
    """

    name: str
    used: int
    limit: int
    counts_orders: bool

    @property
    def left(self) -> int:
        """What remains; never negative."""
        return max(0, self.limit - self.used)

    @property
    def percent(self) -> int:
        """The share that is used, rounded down; above 100 when the limit was overrun."""
        return self.used * 100 // self.limit if self.limit else 100


@attrs.frozen
class Spent:
    """What this process spent for one purpose in the last minute, by its own count."""

    purpose: Purpose
    cost: Cost


@attrs.frozen
class Capacity:
    """The exchange's limiters as last told by its own headers.

    Attributes:
        allowances: every limiter in force; empty when the exchange has none.
        hard_percent: the share of each limit past which no entry starts.
        banned_until_ms: no call at all before that time.
        entries_paused_until_ms: only protection and exits before that time (after a 429).
        warning_percent: the share of each limit past which a warning is logged.
        spent: by purpose, what this process itself spent; empty when nobody counts.
        entries_broken_until_ms: a circuit breaker keeps entries from starting before that time.
        conditionals_max: how many conditional orders the account may have open, anybody's; None when nobody knows.
    """

    allowances: tuple[Allowance, ...] = ()
    hard_percent: int = 90
    banned_until_ms: int | None = None
    entries_paused_until_ms: int | None = None
    warning_percent: int = 80
    spent: tuple[Spent, ...] = ()
    entries_broken_until_ms: int | None = None
    conditionals_max: int | None = None

    def affords(self, purpose: Purpose, cost: Cost, now_ms: int) -> bool:
        """Whether *cost* may be spent for *purpose*; entries leave the reserve to protection and exits."""
        if self.banned_until_ms is not None and now_ms < self.banned_until_ms:
            return False
        entry = purpose is Purpose.ENTRY
        if entry and self.entries_paused_until_ms is not None and now_ms < self.entries_paused_until_ms:
            return False
        return all(self._fits(allowance, cost, reserved=entry) for allowance in self.allowances)

    @property
    def spacing_ms(self) -> int:
        """How far apart two looks should be for the request weight to last; zero while there is plenty of it.

        Looks have no ceiling of their own, for what they are made for must not wait: they get rarer instead.
        """
        used = max((allowance.percent for allowance in self.allowances if not allowance.counts_orders), default=0)
        return next((spacing_ms for percent, spacing_ms in SPACING_MS if used >= percent), 0)

    def _fits(self, allowance: Allowance, cost: Cost, *, reserved: bool) -> bool:
        ceiling = allowance.limit * self.hard_percent // 100 if reserved else allowance.limit
        return allowance.used + (cost.orders if allowance.counts_orders else cost.weight) <= ceiling
