"""The simulated exchange's time, and the requests that are still on their way when nobody waits for them any more."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import count
from threading import RLock
from types import TracebackType

from ..venue.answer import Answer
from ..venue.quotes import Candle, Quote
from ..venue.venue import Venue
from ..wire.call import Call


class Timeline:
    """Moves a Venue through time, one thread at a time; `with timeline:` holds it over several steps."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self._late: list[tuple[int, int, Call]] = []
        self._order = count()
        self._lock = RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._lock.release()

    @property
    def now_ms(self) -> int:
        """Exchange time."""
        return self.venue.now_ms

    def deliver(self, call: Call) -> Answer:
        """Hand *call* to the exchange now."""
        with self._lock:
            return self.venue.handle(call.method, call.path, call.params)

    def deliver_later(self, at_ms: int, call: Call) -> None:
        """Let *call* arrive at *at_ms*; its answer goes nowhere."""
        with self._lock:
            heapq.heappush(self._late, (at_ms, next(self._order), call))

    def advance_to(self, at_ms: int) -> None:
        """Let time pass until *at_ms*, with all that happens on the way; a time already past changes nothing."""
        with self._lock:
            while self._late and self._late[0][0] <= at_ms:
                self._deliver_next()
            if at_ms > self.venue.now_ms:
                self.venue.advance_to(at_ms)

    def tick(self, quote: Quote) -> None:
        """Let time pass until the quote, and take it in."""
        with self._lock:
            self.advance_to(quote.at_ms)
            self.venue.tick(quote)

    def load(self, feed: Iterable[Quote | Candle]) -> None:
        """Let *feed* drive the market from now on."""
        with self._lock:
            self.venue.load(feed)

    def step(self) -> bool:
        """Advance to the next thing that happens and do it; False when nothing will."""
        with self._lock:
            due_ms = self.venue.next_event_ms()
            if self._late and (due_ms is None or self._late[0][0] < due_ms):
                self._deliver_next()
                return True
            return self.venue.step()

    def _deliver_next(self) -> None:
        at_ms, _, call = heapq.heappop(self._late)
        if at_ms > self.venue.now_ms:
            self.venue.advance_to(at_ms)
        self.venue.handle(call.method, call.path, call.params)
