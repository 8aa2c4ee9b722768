"""One warm connection under requests: signs a call, sends it once, and believes only a strict answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.client import HTTPResponse
from typing import Any, Final, cast
from urllib.parse import unquote

import attrs
import requests
from loguru import logger
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, HTTPConnectionPool

from ...domain.errors import ConfigurationError
from ...ports.clock import Clock
from ..wire.call import AnswerLostError, Call, NotSentError, Result, WireAnswer
from .answer import answer_of
from .credentials import Credentials
from .deadline import Deadline
from .line import Headers, Line, read_whole
from .outcome import failure_of, words
from .signing import encoded, signed

LARGE_PATH: Final = "/fapi/v1/exchangeInfo"
BODY_MAX: Final = 65_536
"""The longest answer to an order, a cancel or a setting, in bytes."""
READ_BODY_MAX: Final = 4 * 1024 * 1024
"""The longest answer to a read; a page of a thousand orders has about half a megabyte."""
LARGE_BODY_MAX: Final = 32 * 1024 * 1024
"""The longest exchangeInfo; today's has two megabytes."""
_SCRUBBED: Final = b"(hidden)"
_SCRUBBED_LENGTH_MIN: Final = 8
"""A shorter key is a plaything, and taking it out of an answer might change a number."""


@attrs.frozen
class Trip:
    """What a request needs to know besides itself: how long it may take, and whom to tell once it is sent."""

    deadline: Deadline
    on_sent: Callable[[], None]


class _Pool(HTTPConnectionPool):
    """A pool of exactly one connection, ours: nothing is looked up, retried, redirected or logged."""

    def __init__(self, line: Line, host: str, port: int) -> None:
        super().__init__(host, port, maxsize=1)
        self.line = line
        self.trip: Trip | None = None

    def urlopen(  # type: ignore[override]  # the rest of urllib3's parameters is about what we never do
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> BaseHTTPResponse:
        """Send one request; the answer is http.client's own."""
        if self.trip is None:
            raise NotSentError("the connection was not prepared")
        trip = self.trip
        answer = self.line.ask(method, url, cast("Headers", headers), body, trip.deadline, trip.on_sent)
        return cast("BaseHTTPResponse", answer)


class _Adapter(HTTPAdapter):
    """requests' adapter without the look-ups that depend on things that never change here."""

    def __init__(self, pool: _Pool, base_url: str) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)
        self._pool = pool
        self._base_length = len(base_url)

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:
        """Return the one pool."""
        return self._pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave it to the connection, which verifies always."""

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        """Return path and query."""
        return (request.url or "")[self._base_length :]

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Return what we look at of an answer: status, headers and the unread body."""
        response = requests.Response()
        response.status_code = resp.status
        response.headers = resp.headers
        response.raw = resp
        response.request = req
        return response


class Channel:
    """Used by one thread at a time; `Lane` sees to that.

    Args:
        base_url: scheme, host and port.
        line: the connection.
        credentials: None for market data only.
        clock: measures how long answers take.
    """

    def __init__(self, base_url: str, line: Line, credentials: Credentials | None, clock: Clock) -> None:
        self._base_url = base_url
        self._credentials = credentials
        self._clock = clock
        self._line = line
        self._pool = _Pool(line, "surefill", 1)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.max_redirects = 0
        self._adapter = _Adapter(self._pool, base_url)
        self._session.mount(base_url, self._adapter)
        common = {"User-Agent": "surefill", "Accept": "application/json", "Accept-Encoding": "identity"}
        authority = base_url.partition("://")[2]
        self._public_headers = Headers({**common, "Accept-Encoding": "gzip"}, authority)
        key = {} if credentials is None else {"X-MBX-APIKEY": credentials.api_key.reveal()}
        self._read_headers = Headers({**common, **key}, authority)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        self._form_headers = Headers({**common, **key, **form}, authority)

    def carry(self, call: Call, deadline: Deadline, on_sent: Callable[[], None]) -> Result:
        """Send *call* once and return what came of it; nothing the exchange or the network does is raised.

        Raises:
            ConfigurationError: a signed call, but there is no key.
        """
        try:
            request, signature = self._request(call)
        except ValueError:
            return NotSentError("a parameter cannot be sent: it was no Unicode text")
        logger.debug("{} {} {}", call.method, call.path, _Shown(call))
        started_ms = self._clock.monotonic_ms()
        self._pool.trip = Trip(deadline, on_sent)
        try:
            result = self._ask(call, request, signature)
        except (NotSentError, AnswerLostError) as failure:
            result = type(failure)(*failure.args)  # another one, without the traceback and what it holds
        except BaseException:
            self._line.drop()
            raise
        finally:
            self._pool.trip = None
        if not isinstance(result, WireAnswer):
            self._line.drop()
        logger.debug(
            "{} {} after {} ms: {}",
            call.method,
            call.path,
            self._clock.monotonic_ms() - started_ms,
            f"HTTP {result.status}" if isinstance(result, WireAnswer) else result,
        )
        return result

    def close(self) -> None:
        """Close the connection."""
        self._line.drop()
        self._session.close()

    def _request(self, call: Call) -> tuple[requests.PreparedRequest, str]:
        """Return the request ready to send, and its signature, empty without one."""
        signature = ""
        if call.signed:
            if self._credentials is None:
                raise ConfigurationError(
                    f"{call.path} needs an API key; set BINANCE_API_KEY and BINANCE_API_SECRET, or pass them"
                )
            text, signature = signed(call.params, self._credentials.signer)
        else:
            text = encoded(call.params)
        request = requests.PreparedRequest()
        request.method = call.method
        request.url = f"{self._base_url}{call.path}"
        request.headers = self._read_headers if call.signed else self._public_headers
        if call.method == "POST":
            request.headers = self._form_headers
            request.body = text.encode("ascii")
        elif text:
            request.url = f"{request.url}?{text}"
        return request, signature

    def _ask(self, call: Call, request: requests.PreparedRequest, signature: str) -> Result:
        try:
            response = self._adapter.send(request, stream=True)
        except (NotSentError, AnswerLostError):
            raise
        except Exception as error:  # noqa: BLE001 - what is not on the list of `failure_of` means: it may have arrived
            return failure_of(error)
        large = call.path == LARGE_PATH
        size_max = BODY_MAX if call.changes else LARGE_BODY_MAX if large else READ_BODY_MAX
        try:
            data = self._body(response, size_max)
            if call.signed and self._credentials is not None:
                data = _scrubbed(data, signature, self._credentials)
            answer = answer_of(response.status_code, response.headers.items(), data, size_max=size_max, large=large)
        except Exception as error:  # noqa: BLE001 - whatever it was, the request has arrived and its answer is lost
            return AnswerLostError(words(error))
        return answer

    @staticmethod
    def _body(response: requests.Response, size_max: int) -> bytes:
        raw = response.raw
        if isinstance(raw, HTTPResponse):
            return read_whole(raw, size_max)
        return bytes(raw.read(size_max + 1))


@attrs.frozen
class _Shown:
    """The parameters of a call for the log, made into a text only if somebody listens; they hold no signature."""

    call: Call

    def __str__(self) -> str:
        return encoded(self.call.params)


def _scrubbed(data: bytes, signature: str, credentials: Credentials) -> bytes:
    """Return *data* without our key and signature, should an answer repeat them: what it says may end up in a log."""
    for secret in (signature, unquote(signature), credentials.api_key.reveal()):
        if len(secret) >= _SCRUBBED_LENGTH_MIN:
            data = data.replace(secret.encode("ascii"), _SCRUBBED)
    return data
