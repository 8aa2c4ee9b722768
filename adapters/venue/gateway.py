"""The gateway: every request passes here, is written down, weighed, dated and answered."""

from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import Final

from .answer import Answer, Json
from .limits import Limits
from .parameters import Parameters
from .refusals import PATH_INVALID, Refused
from .routes import Route, Routes
from .state import State

RECV_WINDOW_DEFAULT_MS: Final = 5_000
RECV_WINDOW_MOST_MS: Final = 60_000
AHEAD_MOST_MS: Final = 1_000
"""A request dated this much ahead of the exchange's clock, or more, is refused (Binance docs: General Info, timing)."""


class Gateway:
    """Answers requests; checking keys and signatures is the door's business, and its denial is one more refusal."""

    def __init__(self, state: State, limits: Limits, routes: Routes) -> None:
        self._state = state
        self._limits = limits
        self._routes = routes
        self.older_reads: Routes = {}
        """Reads that are answered from before; see `Replica`."""

    def is_signed(self, method: str, path: str) -> bool | None:
        """Say whether that request must be signed; `None` when there is no such path."""
        route = self._routes.get((method, path))
        return None if route is None else route.signed

    def handle(self, method: str, path: str, params: Mapping[str, str], denial: Refused | None = None) -> Answer:
        """Answer one request arriving now; whatever is refused leaves no change but its ledger rows and its cost.

        *denial* is why the door holds the request unauthentic: it costs its weight, but counts as no order.
        """
        request_seq = self._record_request(method, path, params)
        route = self._routes.get((method, path))
        try:
            body = self._body(route, method, path, Parameters(params), denial)
        except Refused as refusal:
            refused = {"code": refusal.code, "msg": refusal.message}
            return self._answer(request_seq, route, refusal.status, refused, refusal.code, refusal.message)
        return self._answer(request_seq, route, 200, body, None, None)

    def _body(self, route: Route | None, method: str, path: str, params: Parameters, denial: Refused | None) -> Json:
        if route is None:
            self._limits.charge(self._state.now_ms, 0, 0)
            raise Refused(PATH_INVALID, path, method)
        self._limits.charge(self._state.now_ms, route.weight_of(params), 0 if denial else route.orders)
        if denial is not None:
            raise denial
        if route.signed and self._state.switches.is_denied(method):
            raise Refused(-2015)
        if route.signed:
            check_timing(self._state.now_ms, params)
        return self.older_reads.get((method, path), route).handler(params)

    def _answer(
        self, request_seq: int, route: Route | None, status: int, body: object, code: int | None, msg: str | None
    ) -> Answer:
        self._state.record("answer", request_seq=request_seq, status=status, code=code, msg=msg)
        return Answer(status, body, self._limits.headers(with_orders=route is not None and route.orders > 0))

    def _record_request(self, method: str, path: str, params: Mapping[str, str]) -> int:
        shown = [f"{quoted(name)}:{quoted(value)}" for name, value in sorted(params.items()) if name != "signature"]
        return self._state.record("request", method=method, path=path, params=f"{{{','.join(shown)}}}")


def check_timing(now_ms: int, params: Parameters) -> None:
    """Refuse with -1021 a request dated a second ahead or more, or older than its recvWindow."""
    timestamp_ms = params.integer("timestamp")
    window_ms = recv_window(params)
    if timestamp_ms >= now_ms + AHEAD_MOST_MS or now_ms - timestamp_ms > window_ms:
        raise Refused(-1021)


def recv_window(params: Parameters) -> int:
    """Return the recvWindow of a request in milliseconds; -1130 above the maximum."""
    window_ms = params.integer("recvWindow", RECV_WINDOW_DEFAULT_MS)
    if window_ms > RECV_WINDOW_MOST_MS:
        raise Refused(-1130, "recvWindow")
    return window_ms
