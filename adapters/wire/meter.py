"""The exchange's limiters as its own headers tell them, and the pauses it asked for."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import attrs
from loguru import logger

from ...domain.budget import Allowance, Capacity, Cost
from ...domain.errors import ConfigurationError, RateLimitedError
from ...domain.order import Purpose
from ...domain.rate_budget import MINUTE_MS, TRICKLE_MAX_MS, RateBudget, Shares
from ...domain.rate_budget import Limiter as Limit
from ...domain.refusal import Refusal
from .call import AnswerLostError, Call, Result, WireAnswer
from .calls import TICKER_PRICE_PATH
from .classify import BANNED, TOO_MANY_REQUESTS
from .costs import cost_of
from .instruments import RateLimit
from .problem import problem_of, retry_after_ms

HARD_PERCENT = 90
WARNING_PERCENT = 80
BAN_SHORTEST_MS = 2 * MINUTE_MS
"""The shortest ban (Binance docs: General Info); assumed when an answer names no end."""
_UNITS = (("D", 1_440 * MINUTE_MS), ("H", 60 * MINUTE_MS), ("M", MINUTE_MS), ("S", 1_000))
_NOTHING = Cost()


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


class Meter:
    """Keeps the `RateBudget` of one address and account. Safe to call from many threads.

    Every request passes `reserve` before it is sent and `settle` afterwards.
    """

    def __init__(self, *, hard_percent: int = HARD_PERCENT, warning_percent: int = WARNING_PERCENT) -> None:
        try:
            shares = Shares(hard_percent=hard_percent, warning_percent=warning_percent)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        self._budget = RateBudget(limiters=(), shares=shares)
        self._limiters: dict[str, str] = {}  # names by header
        self._warned: frozenset[str] = frozenset()
        self._next_drop_ms = 0
        self._lock = Lock()
        self.set_limiters(STANDARD_LIMITERS)

    def set_limiters(self, limiters: tuple[Limiter, ...]) -> None:
        """Take over the limiters that the exchange lists."""
        limits = tuple(Limit(one.name, one.window_ms, one.limit, one.counts_orders) for one in limiters)
        with self._lock:
            self._limiters = {one.header.lower(): one.name for one in limiters}
            self._budget = attrs.evolve(self._budget, limiters=limits)

    def reserve(self, calls: Sequence[Call], now_ms: int) -> None:
        """Count *calls* before they are sent."""
        with self._lock:
            for call in calls:
                self._budget = self._budget.reserved(call.purpose, cost_of(call), now_ms)

    def settle(self, call: Call, result: Result, now_ms: int) -> None:
        """Take over what came of a call that was reserved; one whose answer was lost is believed to have counted."""
        if isinstance(result, WireAnswer):
            self.note(call, result, now_ms)
            return
        with self._lock:
            if isinstance(result, AnswerLostError):
                self._budget = self._budget.answered(cost_of(call), {}, now_ms)
            else:
                self._budget = self._budget.released(cost_of(call))

    def note(self, call: Call, answer: WireAnswer, now_ms: int) -> None:
        """Read the counts off an answer's headers, and the pause or ban it may order."""
        with self._lock:
            before, told = self._budget, self._told(answer)
            cost = cost_of(call)
            if call.path == TICKER_PRICE_PATH:  # what it tells is wrong; the next answer tells its cost, too
                told = {name: used for name, used in told.items() if name.startswith("orders")}
                self._budget, cost = self._budget.released(cost), _NOTHING
            self._budget = self._budget.answered(cost, told, now_ms)
            if not answer.ok:
                self._obey(answer, now_ms)
            after = self._budget
            news = self._news(now_ms) if told else ()
        # the log is the host's code: it runs without our lock
        if after.banned_until_ms != before.banned_until_ms:
            logger.critical("the exchange has banned this address until {} ms: nothing is sent", after.banned_until_ms)
        if after.paused_until_ms != before.paused_until_ms:
            logger.warning("the exchange asks for a pause until {} ms: no entry starts", after.paused_until_ms)
        for allowance in news:
            logger.warning("{}: {} of {} used", allowance.name, allowance.used, allowance.limit)

    def barrier(self, purpose: Purpose, now_ms: int, cost: Cost = _NOTHING) -> RateLimitedError | None:
        """Return why no request of *purpose* may go out now, or None.

        Nothing does in a ban. No entry does in a pause, or when it would take more than the hard share of a limit.
        """
        with self._lock:
            budget = self._budget
        banned_until_ms, paused_until_ms = budget.banned_until_ms, budget.paused_until_ms
        if banned_until_ms is not None and now_ms < banned_until_ms:
            return _barred("the exchange has banned this address", Refusal.BANNED, banned_until_ms - now_ms)
        if purpose is not Purpose.ENTRY:
            return None
        if paused_until_ms is not None and now_ms < paused_until_ms:
            return _barred("the exchange asked for a pause", Refusal.RATE_LIMITED, paused_until_ms - now_ms)
        wait_ms = budget.wait_ms(cost, now_ms)
        if wait_ms is None:
            return None
        return _barred("what is left of the request budget is for protection and exits", Refusal.BUDGET, wait_ms)

    def full(self, call: Call, now_ms: int) -> RateLimitedError | None:
        """Return why a read is not even sent, or None: there is no room for it before the window ends.

        The answer would be 429, and whoever goes on is banned. Orders and cancels are sent all the same: they weigh
        little or nothing, and to hold one back is worse.
        """
        with self._lock:
            wait_ms = self._budget.full_ms(cost_of(call), now_ms)
        return None if wait_ms is None else _barred("the request budget is spent", Refusal.BUDGET, wait_ms)

    def trickle_ms(self, call: Call, now_ms: int) -> int:
        """Return how long a read is to be held back, and take its place in the row of those that are.

        Past the hard share what is left is for orders; reads get it in drops.
        """
        with self._lock:
            drop_ms = self._budget.trickle_ms(cost_of(call), now_ms)
            if not drop_ms:
                return 0
            row_ms = max(now_ms, self._next_drop_ms) + drop_ms
            self._next_drop_ms = min(row_ms, now_ms + TRICKLE_MAX_MS)  # some in the row may not have waited for all
            return self._next_drop_ms - now_ms

    def capacity(self, now_ms: int) -> Capacity:
        """Return the budget as last told, with what is under way."""
        with self._lock:
            return self._budget.capacity(now_ms)

    def _news(self, now_ms: int) -> Sequence[Allowance]:
        """Return the limits that have come close to their end since they were last told."""
        close, warned = tuple(self._budget.warnings(now_ms)), self._warned
        if not close and not warned:
            return ()
        self._warned = frozenset(one.name for one in close)
        return [one for one in close if one.name not in warned]

    def _told(self, answer: WireAnswer) -> dict[str, int]:
        """Return the counts that the headers tell, by the limiter's name."""
        told: dict[str, int] = {}
        for name, value in answer.headers.items():
            limiter = self._limiters.get(name.lower())
            if limiter is not None and value.isascii() and value.isdigit() and len(value) <= 9:
                told[limiter] = int(value)
        return told

    def _obey(self, answer: WireAnswer, now_ms: int) -> None:
        wait_ms = retry_after_ms(answer, now_ms)
        if answer.status == BANNED or problem_of(answer.body).banned_until_ms is not None:
            until_ms = now_ms + (BAN_SHORTEST_MS if wait_ms is None else wait_ms)
            self._budget = attrs.evolve(self._budget, banned_until_ms=until_ms)
        elif answer.status == TOO_MANY_REQUESTS:
            until_ms = now_ms + (MINUTE_MS - now_ms % MINUTE_MS if wait_ms is None else wait_ms)
            self._budget = attrs.evolve(self._budget, paused_until_ms=until_ms)


def _window_name(interval_ms: int) -> str:
    letter, unit_ms = next(unit for unit in _UNITS if interval_ms % unit[1] == 0)
    return f"{interval_ms // unit_ms}{letter}"


def _barred(why: str, refusal: Refusal, wait_ms: int) -> RateLimitedError:
    return RateLimitedError(f"{why}; try again in {wait_ms} ms", retry_after_ms=wait_ms, refusal=refusal)
