"""Request weight and order counts per window, and what exceeding them leads to (Binance docs: General Info, limits)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from .refusals import Refused

WEIGHT_PER_MINUTE: Final = 2400
ORDERS_PER_10_SECONDS: Final = 300
ORDERS_PER_MINUTE: Final = 1200
REFUSALS_UNTIL_BAN: Final = 10
"""Requests still sent after a 429 before the address is banned (unconfirmed; the simulation's choice)."""

BAN_FIRST_MS: Final = 120_000
BAN_MOST_MS: Final = 259_200_000
_INTERVAL_MS: Final = {"SECOND": 1_000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}


@attrs.define
class Window:
    """A counter that starts anew at each multiple of *length_ms*."""

    name: str
    length_ms: int
    most: int
    used: int = 0
    started_ms: int = 0

    def add(self, now_ms: int, amount: int) -> None:
        """Count *amount* in the window of *now_ms*."""
        start_ms = now_ms - now_ms % self.length_ms
        if start_ms != self.started_ms:
            self.started_ms, self.used = start_ms, 0
        self.used += amount

    @property
    def is_exceeded(self) -> bool:
        """Whether more was counted than allowed."""
        return self.used > self.most

    def seconds_left(self, now_ms: int) -> int:
        """Return the whole seconds until the window ends, at least one."""
        return max(1, -(-(self.started_ms + self.length_ms - now_ms) // 1000))


class Limits:
    """The limits of one address and one account.

    Exceeding one answers 429; going on after that gets the address banned (418), for two minutes at first, doubling
    up to three days. The numbers come from the listing's rate limits where it has them.
    """

    def __init__(self, rate_limits: Sequence[Mapping[str, Any]], *, enforced: bool) -> None:
        self._enforced = enforced
        self._weight = Window("1M", 60_000, _limit(rate_limits, "REQUEST_WEIGHT", 60_000, WEIGHT_PER_MINUTE))
        self._orders = (
            Window("10S", 10_000, _limit(rate_limits, "ORDERS", 10_000, ORDERS_PER_10_SECONDS)),
            Window("1M", 60_000, _limit(rate_limits, "ORDERS", 60_000, ORDERS_PER_MINUTE)),
        )
        self._banned_until_ms = 0
        self._ban_ms = BAN_FIRST_MS
        self._refusals = 0
        self._retry_after_seconds = 0

    def change(self, rate_limits: Sequence[Mapping[str, Any]]) -> None:
        """Put other limits in force; those not named are the documented ones. The counts go on."""
        self._weight.most = _limit(rate_limits, "REQUEST_WEIGHT", 60_000, WEIGHT_PER_MINUTE)
        for window, default in zip(self._orders, (ORDERS_PER_10_SECONDS, ORDERS_PER_MINUTE), strict=True):
            window.most = _limit(rate_limits, "ORDERS", window.length_ms, default)

    def charge(self, now_ms: int, weight: int, orders: int) -> None:
        """Count one request; -1003 or -1015 when it is one too many, with HTTP 429 or, banned, 418."""
        self._retry_after_seconds = 0
        if now_ms < self._banned_until_ms:
            self._refuse_banned(now_ms)
        self._weight.add(now_ms, weight)
        for window in self._orders:
            window.add(now_ms, orders)
        if not self._enforced:
            return
        if self._weight.is_exceeded:
            self._refuse_weight(now_ms)
        exceeded = [window for window in self._orders if window.is_exceeded] if orders else []
        if exceeded:
            window = exceeded[0]
            self._retry_after_seconds = window.seconds_left(now_ms)
            raise Refused(-1015, window.most, "TEN_SECONDS" if window.name == "10S" else "MINUTE")

    def headers(self, *, with_orders: bool) -> dict[str, str]:
        """Return the headers that tell a client what it used, and how long to wait after a refusal."""
        headers = {"X-MBX-USED-WEIGHT-1M": str(self._weight.used)}
        if with_orders:
            headers.update({f"X-MBX-ORDER-COUNT-{window.name}": str(window.used) for window in self._orders})
        if self._retry_after_seconds:
            headers["Retry-After"] = str(self._retry_after_seconds)
        return headers

    def order_limits(self) -> list[dict[str, str | int]]:
        """Return the body of GET rateLimit/order."""
        intervals = {"10S": ("SECOND", 10), "1M": ("MINUTE", 1)}
        return [
            {
                "rateLimitType": "ORDERS",
                "interval": intervals[window.name][0],
                "intervalNum": intervals[window.name][1],
                "limit": window.most,
            }
            for window in self._orders
        ]

    def _refuse_weight(self, now_ms: int) -> None:
        self._refusals += 1
        if self._refusals > REFUSALS_UNTIL_BAN:
            self._banned_until_ms = now_ms + self._ban_ms
            self._ban_ms = min(2 * self._ban_ms, BAN_MOST_MS)
            self._refusals = 0
            self._refuse_banned(now_ms)
        self._retry_after_seconds = self._weight.seconds_left(now_ms)
        raise Refused(-1003, f"Too many requests; current limit is {self._weight.most} requests per minute.")

    def _refuse_banned(self, now_ms: int) -> None:
        until_ms = self._banned_until_ms
        self._retry_after_seconds = max(1, -(-(until_ms - now_ms) // 1000))
        raise Refused(-1003, f"Way too many requests; IP banned until {until_ms}.", status=418)


def _limit(rate_limits: Sequence[Mapping[str, Any]], kind: str, length_ms: int, default: int) -> int:
    for entry in rate_limits:
        unit_ms = _INTERVAL_MS.get(str(entry.get("interval")), 0)
        if entry.get("rateLimitType") == kind and unit_ms * int(entry.get("intervalNum", 1)) == length_ms:
            return int(entry["limit"])
    return default
