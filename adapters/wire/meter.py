"""The exchange's limiters as its own headers tell them, and the pauses it asked for."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import attrs

from ...domain.budget import Allowance, Capacity
from ...domain.errors import ConfigurationError, RateLimitedError
from ...domain.order import Purpose
from ...domain.refusal import Refusal
from .call import Call, WireAnswer
from .calls import TICKER_PRICE_PATH
from .classify import BANNED, TOO_MANY_REQUESTS
from .instruments import RateLimit
from .problem import problem_of, retry_after_ms

HARD_PERCENT = 90
MINUTE_MS = 60_000
BAN_SHORTEST_MS = 2 * MINUTE_MS
"""The shortest ban (Binance docs: General Info); assumed when an answer names no end."""
_UNITS = (("D", 1_440 * MINUTE_MS), ("H", 60 * MINUTE_MS), ("M", MINUTE_MS), ("S", 1_000))


@attrs.frozen
class Limiter:
    """One limiter: its *name* for people, the *header* that tells its use, its *window* and its *limit*."""

    name: str
    header: str
    window_ms: int
    limit: int
    counts_orders: bool


STANDARD_LIMITERS = (
    Limiter("weight/1m", "X-MBX-USED-WEIGHT-1M", MINUTE_MS, 2400, counts_orders=False),
    Limiter("orders/10s", "X-MBX-ORDER-COUNT-10S", 10_000, 300, counts_orders=True),
    Limiter("orders/1m", "X-MBX-ORDER-COUNT-1M", MINUTE_MS, 1200, counts_orders=True),
)
"""In force until exchangeInfo has told the account's own (Binance docs: General Info, limits)."""


def limiters_of(rate_limits: Sequence[RateLimit]) -> tuple[Limiter, ...]:
    """Return the limiters of *rate_limits* that we count; the standard ones when there are none of a known kind."""
    found: list[Limiter] = []
    for rate_limit in rate_limits:
        if rate_limit.kind not in ("REQUEST_WEIGHT", "ORDERS"):
            continue
        is_orders, window = rate_limit.kind == "ORDERS", _window_name(rate_limit.interval_ms)
        name = f"{'orders' if is_orders else 'weight'}/{window.lower()}"
        header = f"{'X-MBX-ORDER-COUNT' if is_orders else 'X-MBX-USED-WEIGHT'}-{window}"
        found.append(Limiter(name, header, rate_limit.interval_ms, rate_limit.limit, is_orders))
    return tuple(found) or STANDARD_LIMITERS


@attrs.frozen
class _Reading:
    used: int
    at_ms: int


class Meter:
    """What is left of the request budget. Safe to call from many threads.

    The headers are the truth, for another process may share the address. A count read is believed for one whole window
    after it was read, although the exchange's window may have begun before: the error is on the careful side.
    """

    def __init__(self, *, hard_percent: int = HARD_PERCENT) -> None:
        if not 1 <= hard_percent <= 100:
            raise ConfigurationError(f"hard_percent: must be 1 to 100, was {hard_percent}")
        self._hard_percent = hard_percent
        self._limiters: tuple[Limiter, ...] = STANDARD_LIMITERS
        self._readings: dict[str, _Reading] = {}
        self._banned_until_ms: int | None = None
        self._paused_until_ms: int | None = None
        self._lock = Lock()

    def set_limiters(self, limiters: tuple[Limiter, ...]) -> None:
        """Take over the limiters that the exchange lists."""
        with self._lock:
            self._limiters = limiters

    def note(self, call: Call, answer: WireAnswer, now_ms: int) -> None:
        """Read the counts off an answer's headers, and the pause or ban it may order."""
        headers = {name.lower(): value for name, value in answer.headers.items()}
        with self._lock:
            for limiter in self._limiters:
                value = headers.get(limiter.header.lower(), "")
                inaccurate = call.path == TICKER_PRICE_PATH and not limiter.counts_orders
                if value.isascii() and value.isdigit() and len(value) <= 9 and not inaccurate:
                    self._readings[limiter.name] = _Reading(int(value), now_ms)
            if answer.ok:
                return
            if answer.status == BANNED or problem_of(answer.body).banned_until_ms is not None:
                wait_ms = retry_after_ms(answer, now_ms)
                self._banned_until_ms = now_ms + (BAN_SHORTEST_MS if wait_ms is None else wait_ms)
            elif answer.status == TOO_MANY_REQUESTS:
                wait_ms = retry_after_ms(answer, now_ms)
                rest_of_window_ms = MINUTE_MS - now_ms % MINUTE_MS
                self._paused_until_ms = now_ms + (rest_of_window_ms if wait_ms is None else wait_ms)

    def barrier(self, purpose: Purpose, now_ms: int) -> RateLimitedError | None:
        """Return why no request of *purpose* may go out now, or None: nothing does in a ban, no entry in a pause."""
        with self._lock:
            banned_until_ms, paused_until_ms = self._banned_until_ms, self._paused_until_ms
        if banned_until_ms is not None and now_ms < banned_until_ms:
            return _barred("the exchange has banned this address", Refusal.BANNED, banned_until_ms - now_ms)
        if purpose is Purpose.ENTRY and paused_until_ms is not None and now_ms < paused_until_ms:
            return _barred("the exchange asked for a pause", Refusal.RATE_LIMITED, paused_until_ms - now_ms)
        return None

    def capacity(self, now_ms: int) -> Capacity:
        """Return the budget as last told."""
        with self._lock:
            return Capacity(
                allowances=tuple(self._allowance(limiter, now_ms) for limiter in self._limiters),
                hard_percent=self._hard_percent,
                banned_until_ms=_future(self._banned_until_ms, now_ms),
                entries_paused_until_ms=_future(self._paused_until_ms, now_ms),
            )

    def _allowance(self, limiter: Limiter, now_ms: int) -> Allowance:
        reading = self._readings.get(limiter.name)
        used = 0 if reading is None or now_ms - reading.at_ms >= limiter.window_ms else reading.used
        return Allowance(limiter.name, used, limiter.limit, limiter.counts_orders)


def _window_name(interval_ms: int) -> str:
    letter, unit_ms = next(unit for unit in _UNITS if interval_ms % unit[1] == 0)
    return f"{interval_ms // unit_ms}{letter}"


def _barred(why: str, refusal: Refusal, wait_ms: int) -> RateLimitedError:
    return RateLimitedError(f"{why}; try again in {wait_ms} ms", retry_after_ms=wait_ms, refusal=refusal)


def _future(at_ms: int | None, now_ms: int) -> int | None:
    return at_ms if at_ms is not None and at_ms > now_ms else None
