"""Preparing an order and sending it once."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import attrs

from ...domain.errors import ConfigurationError, RateLimitedError
from ...domain.order import OrderRequest, Purpose
from ...domain.refusal import Refusal
from ...domain.reply import Reply, ReplyKind
from ...ports.exchange import Prepared
from .call import AnswerLostError, Call, NotSentError, Result
from .classify import classify
from .parameters import digest, order_call, order_path, stamped
from .problem import retry_after_ms
from .session import Session
from .settings import Settings

ORDER_WINDOW_MS = 3_000
"""recvWindow of orders: short, for it bounds how long a delayed copy can still be accepted."""


class Sending:
    """Turns requests into sent orders and answers into replies."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session = session
        self._settings = settings
        self._sent: dict[str, int] = {}
        self._forgot_ms = 0
        self._sent_lock = Lock()

    def prepare(self, request: OrderRequest) -> Prepared:
        """Stamp *request*; no I/O."""
        timestamp_ms = self._session.stamp()
        params = stamped(order_call(request).params, timestamp_ms, ORDER_WINDOW_MS)
        return Prepared(
            request=request,
            digest=digest(params),
            timestamp_ms=timestamp_ms,
            not_after_ms=timestamp_ms + ORDER_WINDOW_MS,
            parameters=params,
        )

    def send(self, prepared: Sequence[Prepared]) -> tuple[Reply, ...]:
        """Send each once, in order.

        Raises:
            ConfigurationError: one of them was sent before. Nothing was sent now.
        """
        self._mark_sent(prepared)
        calls = [_call_of(one) for one in prepared]
        refusals = (self._refused(one, call) for one, call in zip(prepared, calls, strict=True))
        replies = {index: reply for index, reply in enumerate(refusals) if reply is not None}
        going = [index for index in range(len(prepared)) if index not in replies]
        results = self._session.carry([calls[index] for index in going]) if going else ()
        for index, result in zip(going, results, strict=True):
            replies[index] = self._reply(prepared[index].request, result)
        return tuple(replies[index] for index in range(len(prepared)))

    def _mark_sent(self, prepared: Sequence[Prepared]) -> None:
        """Remember what was sent for as long as the exchange could take it again."""
        now_ms = self._session.clock.now_ms()
        with self._sent_lock:
            if now_ms - self._forgot_ms > ORDER_WINDOW_MS:
                self._forgot_ms, oldest_ms = now_ms, now_ms - ORDER_WINDOW_MS
                self._sent = {key: not_after for key, not_after in self._sent.items() if not_after >= oldest_ms}
            for one in prepared:
                if one.digest in self._sent:
                    raise ConfigurationError(
                        f"{one.request.client_id} was sent before; a prepared order is sent once: prepare a new one"
                    )
                self._sent[one.digest] = one.not_after_ms

    def _refused(self, prepared: Prepared, call: Call) -> Reply | None:
        """Return why *prepared* must not go out now, or None."""
        now_ms = self._session.clock.now_ms()
        age_ms, window_ms = now_ms - prepared.timestamp_ms, prepared.not_after_ms - prepared.timestamp_ms
        if 2 * age_ms > window_ms:
            text = f"prepared {age_ms} ms ago, more than half of its window of {window_ms} ms; prepare it anew"
            return Reply(ReplyKind.NOT_SENT, refusal=Refusal.CLOCK, text=text)
        barrier = self._session.barrier(call)
        if barrier is None:
            return None
        wait_ms = barrier.retry_after_ms if isinstance(barrier, RateLimitedError) else None
        return Reply(ReplyKind.NOT_SENT, refusal=barrier.refusal, text=str(barrier), retry_after_ms=wait_ms)

    def _reply(self, request: OrderRequest, result: Result) -> Reply:
        if isinstance(result, NotSentError):
            return Reply(ReplyKind.NOT_SENT, refusal=Refusal.UNREACHABLE, text=str(result))
        if isinstance(result, AnswerLostError):
            return Reply(ReplyKind.UNKNOWN, text=str(result))
        reply = classify(result.status, result.body, request)
        if reply.refusal is Refusal.POSITION_MODE:
            self._settings.doubt_mode()
        if reply.kind is not ReplyKind.RETRYABLE:
            return reply
        wait_ms = retry_after_ms(result, self._session.clock.now_ms())
        if wait_ms is None and self._session.breakers is not None and request.purpose is Purpose.ENTRY:
            wait_ms = self._session.breakers.pace_ms()
        return attrs.evolve(reply, retry_after_ms=wait_ms)


def _call_of(prepared: Prepared) -> Call:
    request = prepared.request
    return Call("POST", order_path(request), prepared.parameters, purpose=request.purpose)
