"""The exchange's request limits as a value: what was told, what is under way, what may still start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from .budget import Allowance, Capacity, Cost, Spent
from .order import Purpose

MINUTE_MS = 60_000
TRICKLE_MAX_MS = 2_000
"""No single read is held back for longer, whatever it costs."""
_NOTHING = Cost()


@attrs.frozen
class Limiter:
    """One limit of the exchange: at most *limit* orders, or units of request weight, in *window_ms*."""

    name: str
    window_ms: int
    limit: int
    counts_orders: bool

    def units(self, cost: Cost) -> int:
        """Return what *cost* takes of this limit."""
        return cost.orders if self.counts_orders else cost.weight


@attrs.frozen
class Reading:
    """How much of a limit was used at some time, UTC milliseconds."""

    used: int
    at_ms: int


def _percent(_: object, attribute: attrs.Attribute[int], value: int) -> None:
    if not 1 <= value <= 100:
        raise ValueError(f"{attribute.name}: must be 1 to 100, was {value}")


@attrs.frozen(kw_only=True)
class Shares:
    """Shares of each limit, in per cent.

    Attributes:
        hard_percent: past this no entry starts; the rest is for protection and exits.
        warning_percent: past this a warning is due.
    """

    hard_percent: int = attrs.field(default=90, validator=_percent)
    warning_percent: int = attrs.field(default=80, validator=_percent)


@attrs.frozen(kw_only=True)
class RateBudget:
    """What may be asked of the exchange now. Every method returns another value.

    What the exchange tells is the truth, for another process may share the address. What it has not told yet is
    predicted: a request counts from before it is sent until its answer tells the new count. A count is believed for
    one whole window after it was told, although the exchange's window may have begun before: the error is on the
    careful side.

    Attributes:
        limiters: in force.
        shares: which parts of a limit mean what.
        readings: by the limiter's name, what was told last.
        under_way: what was sent and is not answered.
        spent: by purpose, what was spent since when; for people.
        banned_until_ms: nothing may be sent before.
        paused_until_ms: no entry may be sent before.
    """

    limiters: tuple[Limiter, ...]
    shares: Shares = Shares()
    readings: Mapping[str, Reading] = attrs.field(factory=dict)
    under_way: Cost = _NOTHING
    spent: Mapping[Purpose, tuple[int, Cost]] = attrs.field(factory=dict)
    banned_until_ms: int | None = None
    paused_until_ms: int | None = None

    def reserved(self, purpose: Purpose, cost: Cost, now_ms: int) -> RateBudget:
        """Count a request before it is sent."""
        since_ms, so_far = self.spent.get(purpose, (now_ms, _NOTHING))
        if now_ms - since_ms >= MINUTE_MS:
            since_ms, so_far = now_ms, _NOTHING
        spent = {**self.spent, purpose: (since_ms, so_far + cost)}
        return self._with(self.readings, self.under_way + cost, spent)

    def released(self, cost: Cost) -> RateBudget:
        """Take back what was reserved for a request that was never sent."""
        return self._with(self.readings, self.under_way.less(cost), self.spent)

    def answered(self, cost: Cost, told: Mapping[str, int], now_ms: int) -> RateBudget:
        """Take over the counts *told* by an answer; where it tells none, add the request's own cost to the last one."""
        readings = dict(self.readings)
        for limiter in self.limiters:
            now_used = told.get(limiter.name)
            if now_used is not None:
                readings[limiter.name] = Reading(now_used, now_ms)
            elif units := limiter.units(cost):
                used, at_ms = self._used(limiter, now_ms), now_ms
                if used:
                    at_ms = self.readings[limiter.name].at_ms
                readings[limiter.name] = Reading(used + units, at_ms)
        return self._with(readings, self.under_way.less(cost), self.spent)

    def capacity(self, now_ms: int) -> Capacity:
        """Return how it stands, for the core and for people."""
        return Capacity(
            allowances=tuple(self._allowance(limiter, now_ms) for limiter in self.limiters),
            hard_percent=self.shares.hard_percent,
            banned_until_ms=_future(self.banned_until_ms, now_ms),
            entries_paused_until_ms=_future(self.paused_until_ms, now_ms),
            warning_percent=self.shares.warning_percent,
            spent=tuple(
                Spent(purpose, cost)
                for purpose, (since_ms, cost) in self.spent.items()
                if now_ms - since_ms < MINUTE_MS
            ),
        )

    def warnings(self, now_ms: int) -> Iterator[Allowance]:
        """Yield the limits of which more than the warning share is used."""
        percent = self.shares.warning_percent
        for limiter in self.limiters:
            used = self._used(limiter, now_ms) + limiter.units(self.under_way)
            if used * 100 >= limiter.limit * percent:
                yield self._allowance(limiter, now_ms)

    def wait_ms(self, cost: Cost, now_ms: int) -> int | None:
        """Return how long an entry of *cost* has to wait for the end of a window, or None when it may start."""
        waits = [
            self._rest_ms(limiter, now_ms)
            for limiter in self.limiters
            if self._hard(limiter) < self._with_it(limiter, cost, now_ms)
        ]
        return max(waits, default=None)

    def trickle_ms(self, cost: Cost, now_ms: int) -> int:
        """Return how long a read of *cost* has to be held back: zero while it fits into the hard share.

        What is left beyond that share is for orders. Reads get it in drops, so that it lasts for a whole window.
        """
        waits = [
            limiter.window_ms * limiter.units(cost) // max(1, limiter.limit - self._hard(limiter))
            for limiter in self.limiters
            if self._hard(limiter) < self._with_it(limiter, cost, now_ms)
        ]
        return min(max(waits, default=0), TRICKLE_MAX_MS)

    def full_ms(self, cost: Cost, now_ms: int) -> int | None:
        """Return how long a request of *cost* would be refused for certain, or None when it may be taken.

        The exchange told so much of the limit in this very window that it does not fit. Its windows are taken to begin
        at whole multiples of their length (unconfirmed); one that begins otherwise answers 429, as it would without us.
        """
        waits = [
            limiter.window_ms - now_ms % limiter.window_ms
            for limiter in self.limiters
            if limiter.units(cost)
            and self._told_now(limiter, now_ms)
            and limiter.limit < self._with_it(limiter, cost, now_ms)
        ]
        return max(waits, default=None)

    def _told_now(self, limiter: Limiter, now_ms: int) -> bool:
        reading = self.readings.get(limiter.name)
        return reading is not None and reading.at_ms // limiter.window_ms == now_ms // limiter.window_ms

    def _with(
        self, readings: Mapping[str, Reading], under_way: Cost, spent: Mapping[Purpose, tuple[int, Cost]]
    ) -> RateBudget:
        """Return the same with other counts; every request passes here, and this is quicker than `attrs.evolve`."""
        return RateBudget(
            limiters=self.limiters,
            shares=self.shares,
            readings=readings,
            under_way=under_way,
            spent=spent,
            banned_until_ms=self.banned_until_ms,
            paused_until_ms=self.paused_until_ms,
        )

    def _hard(self, limiter: Limiter) -> int:
        return limiter.limit * self.shares.hard_percent // 100

    def _with_it(self, limiter: Limiter, cost: Cost, now_ms: int) -> int:
        """What is used once a request of *cost* is under way, too."""
        return self._used(limiter, now_ms) + limiter.units(self.under_way) + limiter.units(cost)

    def _allowance(self, limiter: Limiter, now_ms: int) -> Allowance:
        used = self._used(limiter, now_ms) + limiter.units(self.under_way)
        return Allowance(limiter.name, used, limiter.limit, limiter.counts_orders)

    def _used(self, limiter: Limiter, now_ms: int) -> int:
        reading = self.readings.get(limiter.name)
        return 0 if reading is None or now_ms - reading.at_ms >= limiter.window_ms else reading.used

    def _rest_ms(self, limiter: Limiter, now_ms: int) -> int:
        reading = self.readings.get(limiter.name)
        if reading is None:
            return limiter.window_ms
        return max(1, reading.at_ms + limiter.window_ms - now_ms)


def _future(at_ms: int | None, now_ms: int) -> int | None:
    return at_ms if at_ms is not None and at_ms > now_ms else None
