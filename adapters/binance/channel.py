"""One warm connection under requests: signs a call, sends it once, and believes only a strict answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast
from urllib.parse import unquote

import attrs
import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout

from ...domain.errors import ConfigurationError
from ..wire.call import AnswerLostError, Call, NotSentError, Result, WireAnswer
from .answer import answer_of
from .credentials import Credentials
from .deadline import Deadline
from .line import Headers, Line
from .outcome import failure_of, words
from .reading import HttpAnswer
from .signing import encoded, signed

LARGE_PATH: Final = "/fapi/v1/exchangeInfo"
BODY_MAX: Final = 65_536
"""The longest answer to an order, a cancel or a setting, in bytes."""
READ_BODY_MAX: Final = 4 * 1024 * 1024
"""The longest answer to a read; a page of a thousand orders has about half a megabyte."""
LARGE_BODY_MAX: Final = 32 * 1024 * 1024
"""The longest exchangeInfo; today's has two megabytes."""
_NO_TIMEOUT: Final = Timeout()
"""The deadline is ours; a value made once spares requests making one for each request."""
_SCRUBBED: Final = b"(hidden)"
_SCRUBBED_LENGTH_MIN: Final = 8
"""A shorter key is a plaything, and taking it out of an answer might change a number."""


@attrs.frozen
class Trip:
    """What a request needs to know besides itself.

    Attributes:
        deadline: how long it may take.
        on_sent: whom to tell once it is sent.
        size_max: the longest answer.
    """

    deadline: Deadline
    on_sent: Callable[[], None]
    size_max: int


class _Pool(HTTPConnectionPool):
    """A pool of exactly one connection, ours: nothing is looked up, retried, redirected or logged."""

    def __init__(self, line: Line, host: str, port: int) -> None:
        super().__init__(host, port, maxsize=1)
        self.line = line
        self.trip: Trip | None = None

    def urlopen(  # type: ignore[override]  # the rest of urllib3's parameters is about what we never do
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> BaseHTTPResponse:
        """Send one request and return an `HttpAnswer`, which is all that our adapter looks at."""
        if self.trip is None:
            raise NotSentError("the connection was not prepared")
        trip = self.trip
        answer = self.line.ask(method, url, cast("Headers", headers), body, trip.deadline, trip.on_sent, trip.size_max)
        return cast("BaseHTTPResponse", answer)


class _Answered(requests.Response):
    """What we look at of an answer: its status and itself. The rest of requests' class is left out, for speed."""

    def __init__(self, request: requests.PreparedRequest, raw: Any) -> None:
        self.status_code = raw.status
        self.raw = raw
        self.request = request


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
        """Return what we look at of an answer; one that is not ours comes from a library that mocks requests."""
        return _Answered(req, resp) if isinstance(resp, HttpAnswer) else super().build_response(req, resp)


class Channel:
    """Used by one thread at a time; `Lane` sees to that.

    Args:
        base_url: scheme, host and port.
        line: the connection.
        credentials: None for market data only.
    """

    def __init__(self, base_url: str, line: Line, credentials: Credentials | None) -> None:
        self._base_url = base_url
        self._credentials = credentials
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
        self._pool.trip = Trip(deadline, on_sent, _size_max(call))
        try:
            result = self._ask(call, request, signature)
        except (NotSentError, AnswerLostError) as failure:
            result = type(failure)(*failure.args)  # another one, without the traceback and what it holds
        finally:
            self._pool.trip = None
        if not isinstance(result, WireAnswer):
            self._line.drop()
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
            response = self._adapter.send(request, stream=True, timeout=_NO_TIMEOUT)  # type: ignore[arg-type]  # documented, but not in its types
        except (NotSentError, AnswerLostError):
            raise
        except Exception as error:  # noqa: BLE001 - what is not on the list of `failure_of` means: it may have arrived
            return failure_of(error)
        size_max = _size_max(call)
        try:
            headers, data = _contents(response.raw, size_max)
            if call.signed and self._credentials is not None:
                data = _scrubbed(data, signature, self._credentials)
            large = call.path == LARGE_PATH
            answer = answer_of(response.status_code, headers, data, size_max=size_max, large=large)
        except Exception as error:  # noqa: BLE001 - whatever it was, the request has arrived and its answer is lost
            return AnswerLostError(words(error))
        return answer


def _size_max(call: Call) -> int:
    if call.changes:
        return BODY_MAX
    return LARGE_BODY_MAX if call.path == LARGE_PATH else READ_BODY_MAX


def _contents(raw: Any, size_max: int) -> tuple[Iterable[tuple[str, str]], bytes]:
    """Return headers, names in lower case, and body; one that is not ours comes from a library that mocks requests."""
    if isinstance(raw, HttpAnswer):
        return raw.headers, raw.body
    return [(name.lower(), value) for name, value in raw.headers.items()], bytes(raw.read(size_max + 1))


def _scrubbed(data: bytes, signature: str, credentials: Credentials) -> bytes:
    """Return *data* without our key and signature, should an answer repeat them: what it says may end up in a log."""
    plain = unquote(signature) if "%" in signature else signature
    for secret in {signature, plain, credentials.api_key.reveal()}:
        if len(secret) >= _SCRUBBED_LENGTH_MIN:
            data = data.replace(secret.encode("ascii"), _SCRUBBED)
    return data
