"""Exceptions by their kind, for the rare case that nobody knows how far the request came; with requests mocked."""

from __future__ import annotations

import socket
import ssl
from typing import NoReturn

import pytest
import requests
import responses
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError

from surefill.adapters.binance import channel
from surefill.adapters.binance.outcome import failure_of, words
from surefill.adapters.binance.reading import BadAnswerError
from surefill.adapters.wire.call import AnswerLostError, NotSentError, WireAnswer
from surefill.domain.reply import ReplyKind
from tests.binance.accounts import ORDER, carried, exchange, post, shown
from tests.canaries import API_KEY
from tests.wire_script import market_request, order_row

URL = "http://127.0.0.1:9"
LINE = HTTPConnection("h")
NEVER: dict[str, Exception] = {
    "connect timeout": requests.ConnectTimeout("x"),
    "TLS": requests.exceptions.SSLError("x"),
    "proxy": requests.exceptions.ProxyError("x"),
    "refused": requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(LINE, "x"))),  # type: ignore[arg-type]  # no pool is needed
    "name": requests.ConnectionError(MaxRetryError(None, "/", NameResolutionError("h", LINE, socket.gaierror()))),  # type: ignore[arg-type]  # likewise
}
PERHAPS: dict[str, Exception] = {
    "read timeout": requests.ReadTimeout("x"),
    "connection": requests.ConnectionError("x"),
    "reset": requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "x"))),
    "chunks": requests.exceptions.ChunkedEncodingError("x"),
    "packing": requests.exceptions.ContentDecodingError("x"),
    "retries": requests.exceptions.RetryError("x"),
    "redirects": requests.TooManyRedirects("x"),
    "header": requests.exceptions.InvalidHeader("x"),
    "timeout": requests.Timeout("x"),
    "something": ValueError("x"),
    "system": OSError("x"),
}


@pytest.mark.parametrize("error", NEVER.values(), ids=NEVER.keys())
def test_what_never_connected_was_never_sent(error: Exception) -> None:
    """The written list: connect timeout, TLS, proxy, refused, not resolved."""
    with responses.RequestsMock() as mock:
        mock.post(URL + ORDER, body=error)
        result = carried(URL)

    assert isinstance(result, NotSentError)
    assert isinstance(failure_of(error), NotSentError)


@pytest.mark.parametrize("error", PERHAPS.values(), ids=PERHAPS.keys())
def test_everything_else_may_have_arrived(error: Exception) -> None:
    """What is not on the list is a lost answer, and the request is not repeated."""
    with responses.RequestsMock() as mock:
        mock.post(URL + ORDER, body=error)
        result = carried(URL)
        assert len(mock.calls) == 1

    assert isinstance(result, AnswerLostError)


def test_an_error_that_wraps_itself_ends() -> None:
    """A chain of causes is followed for a few steps only."""
    error = requests.ConnectionError("x")
    error.args = (error, error)

    assert isinstance(failure_of(error), AnswerLostError)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError(f"of {API_KEY}"), "no answer in time"),
        (requests.ReadTimeout(f"of {API_KEY}"), "no answer in time"),
        (ConnectionRefusedError(API_KEY), "the connection was refused"),
        (socket.gaierror(API_KEY), "the host's name could not be resolved"),
        (ssl.SSLError(API_KEY), "TLS failed"),
        (BrokenPipeError(API_KEY), "the connection was cut"),
        (BadAnswerError("it was cut short"), "the answer cannot be believed: it was cut short"),
        (ValueError(API_KEY), "the connection failed (ValueError)"),
    ],
)
def test_words_hold_nothing_of_the_error(error: Exception, expected: str) -> None:
    """An error's text may hold the address with the signature; only its kind is told."""
    assert words(error) == expected


def test_a_mocked_answer_is_read_like_a_real_one() -> None:
    """The shapes can be tested with the library everybody mocks requests with."""
    with responses.RequestsMock() as mock:
        mock.post(URL + ORDER, json=order_row(), headers={"X-MBX-ORDER-COUNT-10S": "3"})
        result = carried(URL, post())

    assert result == WireAnswer(200, order_row(), {"x-mbx-order-count-10s": "3"})


def test_a_mocked_answer_may_be_too_long() -> None:
    """The limit on the size of an answer holds for it as well."""
    with responses.RequestsMock() as mock:
        mock.post(URL + ORDER, body=b"[" + b" " * 70_000 + b"]")
        result = carried(URL, post())

    assert isinstance(result, AnswerLostError)
    assert "too large" in str(result)


def test_an_answer_that_breaks_our_reading_is_a_lost_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong after the request has arrived, nobody knows what became of it."""

    def broken(*_: object, **__: object) -> NoReturn:
        raise ZeroDivisionError(API_KEY)

    monkeypatch.setattr(channel, "answer_of", broken)
    with responses.RequestsMock() as mock:
        mock.post(URL + ORDER, json=order_row())
        result = carried(URL)

    assert isinstance(result, AnswerLostError)
    assert str(result) == "the connection failed (ZeroDivisionError)"


def test_an_exchange_under_mocks() -> None:
    """A whole order through the port: the form is what was prepared, and the reply what was answered."""
    with responses.RequestsMock() as mock:
        mock.post(URL + ORDER, json=order_row())
        account = exchange(URL)
        reply = account.send(account.prepare(market_request()))
        account.close()
        body = str(mock.calls[0].request.body)

    assert reply.kind is ReplyKind.ACCEPTED
    assert "newOrderRespType=RESULT" in body
    assert "signature=" in body


def test_an_interrupt_passes() -> None:
    """Ctrl-C in the middle of a request is not swallowed, and what our frames show then holds no secret."""

    def interrupt(_: object) -> NoReturn:
        raise KeyboardInterrupt

    with responses.RequestsMock() as mock:
        mock.add_callback("POST", URL + ORDER, interrupt)
        with pytest.raises(KeyboardInterrupt) as caught:
            carried(URL)

    assert API_KEY not in shown(caught.value)
