"""How long the requests of one thread may take, and who hears at once what they show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import local

from ...domain.order import Order
from .call import Call


class Attention:
    """Keeps, for each thread, who is asked before each of its requests, and who is told of parts; nobody by default."""

    def __init__(self) -> None:
        self._of_thread = local()

    @contextmanager
    def of(self, patience_ms: Callable[[], int | None]) -> Iterator[None]:
        """Ask *patience_ms* before each request of this thread while the block lasts; the innermost block counts."""
        before = self._asked()
        self._of_thread.asked = patience_ms
        try:
            yield
        finally:
            self._of_thread.asked = before

    @contextmanager
    def telling(self, told: Callable[[tuple[Order, ...]], None]) -> Iterator[None]:
        """Tell *told* what a longer read of this thread has shown so far, while the block lasts."""
        before = self._told()
        self._of_thread.told = told
        try:
            yield
        finally:
            self._of_thread.told = before

    def tell(self, orders: tuple[Order, ...]) -> None:
        """Tell whoever wants to hear it that the read under way has shown *orders*."""
        told = self._told()
        if told is not None:
            told(orders)

    def given_to(self, calls: Sequence[Call]) -> Sequence[Call]:
        """Return *calls*, each with the time it may take; unchanged when nobody attends."""
        patience_ms = self.patience_ms()
        if patience_ms is None:
            return calls
        return [call.within(patience_ms) for call in calls]

    def patience_ms(self) -> int | None:
        """Return how long the next request of this thread may take; None when nothing presses."""
        asked = self._asked()
        return None if asked is None else asked()

    def _told(self) -> Callable[[tuple[Order, ...]], None] | None:
        found: Callable[[tuple[Order, ...]], None] | None = getattr(self._of_thread, "told", None)
        return found

    def _asked(self) -> Callable[[], int | None] | None:
        found: Callable[[], int | None] | None = getattr(self._of_thread, "asked", None)
        return found
