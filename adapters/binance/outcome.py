"""What an exception on the way lets us conclude: the request cannot have arrived, or it may have."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from socket import gaierror

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from ..wire.call import AnswerLostError, NotSentError
from .proxy import TunnelRefusedError
from .reading import BadAnswerError

_NEVER_CONNECTED = (requests.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.ProxyError)
_ROOTS = (NewConnectionError, NameResolutionError)
_CHAIN_MAX = 10


def failure_of(error: Exception) -> NotSentError | AnswerLostError:
    """Return what *error*, raised by requests, amounts to when nobody knows how far the request came.

    Only what is on the list cannot have arrived: a connection, a TLS handshake or a proxy tunnel that was never made.
    """
    if isinstance(error, _NEVER_CONNECTED):
        return NotSentError(words(error))
    if isinstance(error, requests.ConnectionError) and any(isinstance(each, _ROOTS) for each in _chain(error)):
        return NotSentError(words(error))
    return AnswerLostError(words(error))


def words(error: Exception) -> str:
    """Say what *error* was without its text: that may hold the address with the signature, or words of an enemy."""
    if isinstance(error, TimeoutError | requests.Timeout):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, gaierror):
        return "the host's name could not be resolved"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate was refused (OpenSSL code {error.verify_code}); do not send anything there"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "the connection was cut"
    if isinstance(error, BadAnswerError):
        return f"the answer cannot be believed: {error}"
    if isinstance(error, TunnelRefusedError):
        return "the proxy did not connect us"
    if isinstance(error, ssl.SSLError):
        return "TLS failed"
    return f"the connection failed ({type(error).__name__})"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions that *error* wraps; urllib3 keeps the reason in an attribute, requests in its arguments."""
    todo: list[object] = [error]
    for _ in range(_CHAIN_MAX):
        if not todo:
            return
        each = todo.pop()
        if isinstance(each, BaseException):
            yield each
            todo += [each.__cause__, getattr(each, "reason", None), *each.args]
