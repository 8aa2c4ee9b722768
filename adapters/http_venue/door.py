"""The HTTP door of the Venue: who asks is checked, faults strike, and the exchange answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.utils import formatdate

from ..simulated.encounter import Encounter
from ..simulated.fault import FaultKind
from ..simulated.faults import FaultPlan
from ..simulated.timeline import Timeline
from ..wire.call import Call, WireAnswer
from .driver import TimeDriver
from .form import read_form
from .hosts import Hosts
from .keyring import Keyring
from .message import HttpAnswer, HttpError, HttpRequest
from .received import Record

_LOST_ON_THE_WAY = (FaultKind.UNREACHABLE, FaultKind.REQUEST_LOST)


class HttpDoor:
    """Turns requests into answers. Safe to call from many threads; the exchange takes them one after the other."""

    def __init__(
        self,
        timeline: Timeline,
        driver: TimeDriver,
        keyring: Keyring,
        faults: FaultPlan,
        record: Record,
        wait: Callable[[float], bool],
    ) -> None:
        self._timeline = timeline
        self._driver = driver
        self._keyring = keyring
        self._faults = faults
        self._record = record
        self._wait = wait

    def respond(self, request: HttpRequest, hosts: Hosts) -> HttpAnswer | None:
        """Return the answer to *request*, None when none ever comes.

        REQUEST_LOST and UNREACHABLE end it unread: what has been read cannot be known as not sent to whoever sent it;
        `VenueServer.unreachable` refuses connections. REPLY_LOST and DRIP end it executed. LATENCY keeps it waiting.

        Raises:
            HttpError: 421 for a request that is meant for another host.
        """
        if not hosts.are_ours(request.header("host")):
            raise HttpError(421, f"this is {hosts.url}, and the Host header must say so")
        form = read_form(request.query, request.body)
        call = Call(request.method, request.path, form.params)
        with self._timeline:
            self._driver.keep_up(self._timeline)
            encounter = Encounter.of(self._faults, call, self._timeline.now_ms)
        if encounter.meets(*_LOST_ON_THE_WAY) or not self._arrives(encounter):
            self._record.add(self._timeline.now_ms, request, None)
            return None
        venue = self._timeline.venue
        signed = venue.is_signed(request.method, request.path) or False
        denial = self._keyring.denial(request, form, signed=signed)
        with self._timeline:
            self._driver.keep_up(self._timeline)
            given = encounter.answer(
                self._timeline, lambda: venue.handle(request.method, request.path, form.params, denial)
            )
            lost = encounter.loses_reply
            self._record.add(self._timeline.now_ms, request, None if lost else given.status)
            garbled = encounter.meets(FaultKind.GARBLED)
            return None if lost else _answer_of(given, self._timeline.now_ms, garbled=garbled)

    def _arrives(self, encounter: Encounter) -> bool:
        delay_ms = encounter.delay_ms
        return delay_ms == 0 or self._driver.travel(self._timeline, delay_ms, self._wait)


def _answer_of(given: WireAnswer, now_ms: int, *, garbled: bool) -> HttpAnswer:
    body = json.dumps(given.body, separators=(",", ":"), ensure_ascii=False).encode()
    if garbled:
        body = body[: len(body) // 2]
    return HttpAnswer(given.status, body, {"Date": formatdate(now_ms / 1000, usegmt=True), **given.headers})
