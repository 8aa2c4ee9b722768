"""A client that signs on its own: it shares no line with the server, nor with the adapter for the real exchange."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any, Self
from urllib.parse import quote, urlsplit

import attrs

from surefill.adapters.http_venue import VenueServer
from surefill.testing.http_venue_fixture import API_KEY, API_SECRET

ORDER = "/fapi/v1/order"
ALGO = "/fapi/v1/algoOrder"
PATIENCE_SECONDS = 10
MARKET = {"symbol": "AAAUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010", "newOrderRespType": "RESULT"}


def encoded(params: Mapping[str, str]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params.items())


def signature(text: str, secret: str = API_SECRET) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


@attrs.frozen
class Response:
    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> int:
        return int(self.body["code"])


class Client:
    """One connection, kept alive; requests are dated by the exchange's own clock."""

    def __init__(self, server: VenueServer, key: str | None = API_KEY) -> None:
        self.server = server
        self.key = key
        self.connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def dated(self, params: Mapping[str, str]) -> dict[str, str]:
        return {**params, "recvWindow": "60000", "timestamp": str(self.server.timeline.now_ms)}

    def raw(
        self, method: str, target: str, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        given = {} if self.key is None else {"X-MBX-APIKEY": self.key}
        if body is not None:
            given["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, target, body, {**given, **(headers or {})})
        response = self.connection.getresponse()
        data = response.read()
        is_json = response.headers.get("Content-Type") == "application/json"
        return Response(response.status, json.loads(data) if is_json else data.decode(), dict(response.headers))

    def call(self, method: str, path: str, **params: str) -> Response:
        """A signed request, all of it in the query string."""
        query = encoded(self.dated(params))
        return self.raw(method, f"{path}?{query}&signature={signature(query)}")

    def post(self, path: str, **params: str) -> Response:
        """A signed request, all of it in the body."""
        body = encoded(self.dated(params))
        return self.raw("POST", path, f"{body}&signature={signature(body)}")

    def buy(self, **changes: str) -> Response:
        return self.call("POST", ORDER, **{**MARKET, **changes})


def exchange_bytes(server: VenueServer, data: bytes, *, finish: bool = False) -> bytes:
    """Send *data* as it is on a new connection, and return all that comes until the server closes it."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE_SECONDS) as raw:
        raw.sendall(data)
        if finish:
            raw.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := raw.recv(65536):
            received += chunk
    return received


def head(*lines: str, host: str) -> bytes:
    """Request line and headers, with a Host that is right."""
    return "\r\n".join([lines[0], f"Host: {host}", *lines[1:], "", ""]).encode("latin-1")


def host_of(server: VenueServer) -> str:
    return server.url.removeprefix("http://")
