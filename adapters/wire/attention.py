"""How long the requests of one thread may take while somebody attends to something more urgent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import local

from .call import Call


class Attention:
    """Keeps, for each thread, who is asked before each of its requests; nobody by default."""

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

    def _asked(self) -> Callable[[], int | None] | None:
        found: Callable[[], int | None] | None = getattr(self._of_thread, "asked", None)
        return found
