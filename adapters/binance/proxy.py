"""Proxies that connect us by CONNECT: they see where we go, and nothing of what is said there."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import unquote, urlsplit

import attrs

from .deadline import DeadlineSocket
from .secret import Secret

_ANSWER_MAX = 8_192
_OPEN = re.compile(rb"HTTP/1\.[01] 200[ \r]", re.ASCII)


class TunnelRefusedError(OSError):
    """The proxy did not connect us."""


@attrs.frozen
class Proxy:
    """A proxy on the way to the exchange.

    Attributes:
        host: its name or address.
        port: its port.
        login: ``user:password``, None when it wants none.
    """

    host: str
    port: int
    login: Secret | None = None


def proxy_at(address: Secret) -> Proxy | None:
    """Return the proxy at ``http://user:password@host:port``; None when *address* is none of that form."""
    try:
        parts = urlsplit(address.reveal())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme != "http" or not host or not port or parts.path.strip("/") or parts.query or parts.fragment:
        return None
    login = parts.netloc.rpartition("@")[0]
    return Proxy(host, port, Secret(unquote(login)) if login else None)


def open_tunnel(line: DeadlineSocket, proxy: Proxy, host: str, port: int) -> None:
    """Ask *proxy* to connect us; its answer is read byte by byte, since what follows belongs to TLS.

    Raises:
        TunnelRefusedError: it did not.
    """
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.login is not None:
        lines.append(f"Proxy-Authorization: Basic {b64encode(proxy.login.reveal().encode()).decode('ascii')}")
    line.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    answer = bytearray()
    while not answer.endswith(b"\r\n\r\n"):
        byte = line.recv(1)
        if not byte or len(answer) >= _ANSWER_MAX:
            raise TunnelRefusedError("the proxy's answer had no end")
        answer += byte
    if not _OPEN.match(answer):
        raise TunnelRefusedError("the proxy refused")
