"""Where a server may listen, and which names of it a client may use."""

from __future__ import annotations

import ipaddress
import re

from ...domain.errors import ConfigurationError

_AUTHORITY = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?")


class Hosts:
    """The address of one server.

    A Host header must name it: a page in a browser that had its own name resolved to the loopback address gets nowhere.
    """

    def __init__(self, host: str, port: int, *, remote: bool) -> None:
        self._host = host
        self._port = port
        self._remote = remote

    @property
    def url(self) -> str:
        """What clients are given; without a slash at the end."""
        return f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self._port}"

    def are_ours(self, header: str | None) -> bool:
        """Whether a Host header names this server: by its address, as localhost, or, if remote, by any address."""
        match = _AUTHORITY.fullmatch(header or "")
        if match is None or int(match[2] or 80) != self._port:
            return False
        name = match[1].strip("[]").lower()
        if name in (self._host, "localhost"):
            return True
        return self._remote and _address(name) is not None


def listening_host(host: str, *, remote: bool) -> str:
    """Return the address to bind for *host*.

    Raises:
        ConfigurationError: it is no address, or one that other machines reach, and *remote* does not allow that.
    """
    if host == "localhost":
        return "127.0.0.1"
    address = _address(host)
    if address is None:
        raise ConfigurationError(f"host: must be an address such as 127.0.0.1 or ::1, was {host[:60]!a}")
    if not address.is_loopback and not remote:
        raise ConfigurationError(
            f"host: {host} can be reached from other machines, and this exchange is made for one; "
            "listen on 127.0.0.1, or pass allow_remote=True if you mean it"
        )
    return str(address)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
