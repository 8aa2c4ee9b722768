"""What the exchange does later by itself: actions with a due time."""

import heapq
from collections.abc import Callable


class Timers:
    """Pending actions in the order of their due times; equal times run in the order they were added."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def add(self, due_ms: int, action: Callable[[], None]) -> None:
        """Let *action* run at *due_ms*."""
        self._count += 1
        heapq.heappush(self._heap, (due_ms, self._count, action))

    def next_ms(self) -> int | None:
        """Return the earliest due time, `None` when nothing is pending."""
        return self._heap[0][0] if self._heap else None

    def pop(self) -> Callable[[], None]:
        """Take out the earliest action; `IndexError` when nothing is pending."""
        return heapq.heappop(self._heap)[2]
