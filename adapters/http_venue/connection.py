"""One client's connection: request after request, until it ends."""

from __future__ import annotations

import socket
from collections.abc import Callable

from ...ports.clock import Clock
from .limits import HttpLimits
from .message import HttpAnswer, HttpError, HttpRequest
from .reading import RequestReader


def converse(
    connection: socket.socket,
    respond: Callable[[HttpRequest], HttpAnswer | None],
    stopping: Callable[[], bool],
    limits: HttpLimits,
    clock: Clock,
) -> None:
    """Answer the requests of *connection* by *respond*; where that returns None the connection ends without a word.

    It also ends after what was no request, when the client wants it so, and when the server is *stopping*.
    """
    reader = RequestReader(connection, limits, clock)
    try:
        while _answer_next(connection, reader, respond, stopping, limits):
            continue
    except OSError:
        return  # the client is gone; whatever it asked for is done


def _answer_next(
    connection: socket.socket,
    reader: RequestReader,
    respond: Callable[[HttpRequest], HttpAnswer | None],
    stopping: Callable[[], bool],
    limits: HttpLimits,
) -> bool:
    """Answer one request; return whether the connection goes on."""
    try:
        request = reader.read()
        answer = None if request is None else respond(request)
        persistent = request is not None and request.persistent and not stopping()
    except HttpError as error:
        answer, persistent = HttpAnswer.of(error), False
    if answer is None:
        return False
    connection.settimeout(limits.write_ms / 1000)
    connection.sendall(answer.to_bytes(persistent=persistent))
    if not persistent:
        reader.linger()
    return persistent
