"""How often, and after which waits, something known not to have happened is tried again."""

from __future__ import annotations

import attrs

ATTEMPTS_CEILING = 20
DELAY_CEILING_SECONDS = 3600.0


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """A pure value: the default means up to four attempts, with waits of 1, 2 and 4 seconds between them.

    Attributes:
        max_retries: attempts after the first, 0 to 20.
        initial_delay: seconds before the second attempt.
        backoff_factor: each later wait is the one before times this, at least 1.
        max_delay: no wait is longer, seconds.

    Raises:
        ValueError: a field was out of range.
    """

    max_retries: int = attrs.field(
        default=3,
        validator=[attrs.validators.instance_of(int), attrs.validators.ge(0), attrs.validators.le(ATTEMPTS_CEILING)],
    )
    initial_delay: float = attrs.field(
        default=1.0, validator=[attrs.validators.gt(0), attrs.validators.le(DELAY_CEILING_SECONDS)]
    )
    backoff_factor: float = attrs.field(default=2.0, validator=[attrs.validators.ge(1), attrs.validators.le(100)])
    max_delay: float = attrs.field(
        default=30.0, validator=[attrs.validators.gt(0), attrs.validators.le(DELAY_CEILING_SECONDS)]
    )

    @property
    def attempts_max(self) -> int:
        """The first attempt and every retry."""
        return self.max_retries + 1

    def delay_seconds(self, attempt: int) -> float:
        """Return the wait after the *attempt*-th failure, counted from 1."""
        if attempt < 1:
            raise ValueError(f"attempt: counts from 1, was {attempt}")
        delay = self.initial_delay
        for _ in range(attempt - 1):
            delay = min(delay * self.backoff_factor, self.max_delay)
        return min(delay, self.max_delay)
