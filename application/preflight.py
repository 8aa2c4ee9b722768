"""What an entry must know is read in time, or it is not sent: a decision carried out late is another decision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..domain.errors import OrderExecutionError
from ..domain.refusal import Refusal
from .desk import Desk
from .unprotected import patience_ms


@contextmanager
def reading_in_time(desk: Desk, within_ms: int) -> Iterator[None]:
    """Let no read of the block begin later than *within_ms* from now.

    Raises:
        OrderExecutionError: with UNREACHABLE, out of the read that would have begun too late.
    """
    until_ms = desk.now_ms() + within_ms

    def patience() -> int | None:
        if desk.now_ms() >= until_ms:
            problem = f"the exchange is too slow: what the entry must know was not read within {within_ms} ms"
            raise OrderExecutionError(problem, refusal=Refusal.UNREACHABLE)
        return patience_ms(desk, until_ms=until_ms)

    with desk.exchange.attended(patience):
        yield
