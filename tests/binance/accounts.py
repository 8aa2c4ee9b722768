"""An adapter on loopback, with keys that must never show, and clocks that do not wait."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable

from surefill.adapters.binance import BinanceFutures, Credentials, Environment, Patience
from surefill.adapters.binance.transport import HttpsTransport
from surefill.adapters.clock import SystemClock
from surefill.adapters.wire.call import Call, Result
from surefill.domain.order import Purpose
from tests.canaries import API_KEY, API_SECRET

QUICK = Patience(order_seconds=2.0, read_seconds=2.0, connect_seconds=1.0)
SHORT_SECONDS = 0.4
SHORT = Patience(order_seconds=SHORT_SECONDS, read_seconds=SHORT_SECONDS, connect_seconds=SHORT_SECONDS)
CA_FILE_UNUSED = ""

ORDER = "/fapi/v1/order"
READ = Call("GET", "/fapi/v3/balance", {"timestamp": "1"})
PUBLIC = Call("GET", "/fapi/v1/time", signed=False)


def post(purpose: Purpose = Purpose.ENTRY, **params: str) -> Call:
    """An order, as far as a transport is concerned."""
    return Call("POST", ORDER, params or {"symbol": "BTCUSDT", "timestamp": "1"}, purpose=purpose)


def credentials() -> Credentials:
    return Credentials.of(API_KEY, API_SECRET)


def transport(url: str, patience: Patience = QUICK, *, ca_file: str = CA_FILE_UNUSED) -> HttpsTransport:
    """A transport to the exchange at *url*."""
    return HttpsTransport(
        Environment.local(url), credentials(), SystemClock(), patience=patience, proxy=None, ca_file=ca_file
    )


def carried(url: str, call: Call | None = None, patience: Patience = QUICK) -> Result:
    """What comes of one request to *url*; the transport is closed afterwards."""
    carrier = transport(url, patience)
    try:
        (result,) = carrier.perform([post() if call is None else call])
    finally:
        carrier.close()
    return result


def exchange(url: str, **changes: object) -> BinanceFutures:
    """The port to the exchange at *url*; environment variables of the process do not reach it."""
    arguments: dict[str, object] = {"environ": {}, "patience": QUICK, "namespace": "test"}
    return BinanceFutures(
        API_KEY,
        API_SECRET,
        Environment.local(url),
        **(arguments | changes),  # type: ignore[arg-type]  # tests change single arguments by name
    )


def shown(error: BaseException) -> str:
    """Everything an error can show of itself and of its causes, the local variables of our frames included."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [frame for frame in told.stack if "/tests/" not in frame.filename]
    locals_of_ours = [str(frame.locals) for frame in ours]
    return "".join(
        [str(error), repr(error), *map(repr, error.args), *traceback.format_exception(error), *locals_of_ours]
    )


class Stopwatch:
    """Measures what a wait really took."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._started_ms = self._clock.monotonic_ms()

    def seconds(self) -> float:
        return (self._clock.monotonic_ms() - self._started_ms) / 1000


def until(happened: Callable[[], object]) -> None:
    """Wait until something in another thread has happened, for five seconds at most."""
    watch, pause = Stopwatch(), threading.Event()
    while not happened():
        assert watch.seconds() < 5
        pause.wait(0.001)
