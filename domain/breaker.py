"""Circuit breakers: when to stop starting what is bound to fail.

Both are values, and both speak about entries and settings only: what protects, closes, cancels or resolves an open
question is never theirs to stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import attrs

_positive = attrs.validators.gt(0)
REMEMBERED_MAX = 256
"""So many refused requests are remembered; the one that was refused longest ago is forgotten first."""


class BreakerState(Enum):
    """CLOSED lets everything pass, OPEN nothing, HALF_OPEN a single request whose fate decides."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@attrs.frozen(kw_only=True)
class BreakerPolicy:
    """How patient a breaker is.

    Attributes:
        failures_max: so many failures in a row open it.
        pause_ms: how long it stays open the first time; each further time twice as long.
        pause_max_ms: but no longer than this.
    """

    failures_max: int = attrs.field(default=5, validator=_positive)
    pause_ms: int = attrs.field(default=5_000, validator=_positive)
    pause_max_ms: int = attrs.field(default=60_000, validator=_positive)

    def pause_after(self, openings: int) -> int:
        """Return how long the *openings*-th opening in a row lasts, counted from 1."""
        return min(self.pause_ms << min(openings - 1, 20), max(self.pause_ms, self.pause_max_ms))


@attrs.frozen(kw_only=True)
class Breaker:
    """Counts failures in a row; any success closes it.

    Attributes:
        policy: how patient it is.
        failures: in a row.
        openings: in a row without a success between them.
        opened_ms: when it opened last; None while closed.
        probing: the single request of the half-open state is under way.
    """

    policy: BreakerPolicy = BreakerPolicy()
    failures: int = 0
    openings: int = 0
    opened_ms: int | None = None
    probing: bool = False

    def state(self, now_ms: int) -> BreakerState:
        """Return how it stands."""
        if self.opened_ms is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self.wait_ms(now_ms) else BreakerState.HALF_OPEN

    def wait_ms(self, now_ms: int) -> int:
        """Return how long it stays open; 0 when it lets a request pass, or would if none were under way."""
        if self.opened_ms is None:
            return 0
        return max(0, self.opened_ms + self.policy.pause_after(self.openings) - now_ms)

    def admits(self, now_ms: int) -> bool:
        """Whether a request may start; who starts one in the half-open state says so with `probed`."""
        state = self.state(now_ms)
        return state is BreakerState.CLOSED or (state is BreakerState.HALF_OPEN and not self.probing)

    def probed(self, now_ms: int) -> Breaker:
        """Note that a request has started; in the half-open state no other may."""
        return attrs.evolve(self, probing=True) if self.state(now_ms) is BreakerState.HALF_OPEN else self

    def failed(self, now_ms: int) -> Breaker:
        """Note a failure: it opens a breaker that is closed long enough, and opens a half-open one for longer.

        While it is open, failures of what it may not stop neither prolong the pause nor count.
        """
        failures = self.failures + 1
        state = self.state(now_ms)
        if state is BreakerState.OPEN or (state is BreakerState.CLOSED and failures < self.policy.failures_max):
            return attrs.evolve(self, failures=failures)
        return attrs.evolve(self, failures=failures, openings=self.openings + 1, opened_ms=now_ms, probing=False)

    def succeeded(self) -> Breaker:
        """Note a success."""
        return Breaker(policy=self.policy)


@attrs.frozen
class Repeat:
    """One request that was refused: with which code, last when, and the breaker that counts."""

    code: int
    at_ms: int
    breaker: Breaker


@attrs.frozen(kw_only=True)
class Repeats:
    """Which requests were refused again and again in the same way.

    A request is told from others by a *key*: a fingerprint of all that makes it that request, without its time and its
    client id.
    """

    policy: BreakerPolicy = BreakerPolicy(failures_max=5, pause_ms=10_000, pause_max_ms=300_000)
    seen: Mapping[str, Repeat] = attrs.field(factory=dict[str, Repeat])

    def wait_ms(self, key: str, now_ms: int) -> int:
        """Return how long that request must not be repeated; 0 when it may."""
        repeat = self.seen.get(key)
        return 0 if repeat is None else repeat.breaker.wait_ms(now_ms)

    def refused(self, key: str, code: int, now_ms: int) -> Repeats:
        """Note a refusal; another code than before starts the count anew."""
        before = self.seen.get(key)
        breaker = before.breaker if before is not None and before.code == code else Breaker(policy=self.policy)
        seen = {**self.seen, key: Repeat(code, now_ms, breaker.failed(now_ms))}
        if len(seen) > REMEMBERED_MAX:
            del seen[min(seen, key=lambda one: seen[one].at_ms)]
        return attrs.evolve(self, seen=seen)

    def accepted(self, key: str) -> Repeats:
        """Note that the request was not refused: it is forgotten."""
        if key not in self.seen:
            return self
        return attrs.evolve(self, seen={one: repeat for one, repeat in self.seen.items() if one != key})
