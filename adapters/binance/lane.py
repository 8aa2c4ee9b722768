"""A lane: warm connections for one kind of request, and the threads that carry several at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Lock

from ..wire.call import Call, NotSentError, Result
from .channel import Channel
from .deadline import Deadline

CHANNELS_MAX = 16
"""So many requests at once in one lane; another one is refused rather than made to wait."""
THREADS_MAX = 4


class Lane:
    """Requests of one lane never wait for those of another. Safe to call from many threads.

    Args:
        name: for the threads' names.
        make_channel: makes a connection's channel, without connecting.
    """

    def __init__(self, name: str, make_channel: Callable[[], Channel]) -> None:
        self._name = name
        self._make_channel = make_channel
        self._idle: list[Channel] = []  # the one used last is taken first: it is the warmest
        self._busy = 0
        self._closed = False
        self._threads: ThreadPoolExecutor | None = None
        self._lock = Lock()

    def carry(self, call: Call, deadline: Deadline, sent: Event | None = None) -> Result:
        """Carry one call in the caller's thread; *sent* is set once the request is out, or can no longer be."""
        announce = _nothing if sent is None else sent.set
        try:
            channel = self._take()
            if channel is None:
                return NotSentError("the exchange adapter is closed, or carries too many requests already")
            try:
                return channel.carry(call, deadline, announce)
            finally:
                self._give(channel)
        finally:
            announce()

    def begin(self, call: Call, deadline: Deadline) -> Future[Result]:
        """Carry one call in a thread of the lane's own, and return once its request is out, or its deadline over."""
        sent = Event()
        try:
            result = self._executor().submit(self.carry, call, deadline, sent)
        except RuntimeError:  # closed meanwhile, or the interpreter is shutting down
            refused: Future[Result] = Future()
            refused.set_result(NotSentError("the exchange adapter is closed"))
            return refused
        with suppress(TimeoutError):
            sent.wait(deadline.left_seconds())
        return result

    def close(self) -> None:
        """Close every connection that is idle now, and the others when they come back; wait for the threads."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            threads, self._threads = self._threads, None
        for channel in idle:
            channel.close()
        if threads is not None:
            threads.shutdown(wait=True)

    def _take(self) -> Channel | None:
        with self._lock:
            if self._closed or self._busy >= CHANNELS_MAX:
                return None
            self._busy += 1
            return self._idle.pop() if self._idle else self._make_channel()

    def _give(self, channel: Channel) -> None:
        with self._lock:
            self._busy -= 1
            if not self._closed:
                self._idle.append(channel)
                return
        channel.close()

    def _executor(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._closed:
                raise RuntimeError("closed")
            if self._threads is None:
                self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix=f"surefill-{self._name}")
            return self._threads


def _nothing() -> None:
    """Announce nothing."""
