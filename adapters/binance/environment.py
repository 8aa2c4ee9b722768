"""Where requests may go: a closed list of hosts, and the loopback."""

from __future__ import annotations

from ipaddress import ip_address
from typing import ClassVar
from urllib.parse import urlsplit

import attrs

from ...domain.errors import ConfigurationError

_HOSTS = {
    "testnet": "https://demo-fapi.binance.com",  # Binance docs: General Info, copy of 2026-05-27
    "live": "https://fapi.binance.com",
}
LOCALHOST = "localhost"


@attrs.frozen
class Environment:
    """One of Binance's own environments, or an exchange on this machine: `TESTNET`, `LIVE` or `local(url)`.

    Attributes:
        name: ``testnet``, ``live`` or ``local``.
        base_url: scheme, host and port.

    Raises:
        ConfigurationError: the address is not the one that belongs to the name.
    """

    name: str
    base_url: str

    TESTNET: ClassVar[Environment]
    LIVE: ClassVar[Environment]

    def __attrs_post_init__(self) -> None:
        if self.name == "local":
            _check_loopback(self.base_url)
        elif _HOSTS.get(self.name) != self.base_url:
            raise ConfigurationError(
                "an environment is Environment.TESTNET, Environment.LIVE or Environment.local(url) with an address of "
                "this machine; there are no others"
            )

    @classmethod
    def local(cls, url: str) -> Environment:
        """Return the exchange that listens at *url* on this machine: 127.0.0.0/8, [::1] or localhost.

        Raises:
            ConfigurationError: it is no such address.
        """
        return cls("local", url.removesuffix("/"))

    @property
    def secure(self) -> bool:
        """Whether the connection is encrypted; only a local one may not be."""
        return self.base_url.startswith("https://")

    @property
    def host(self) -> str:
        """The host's name or address, without brackets."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def port(self) -> int:
        """The port."""
        return urlsplit(self.base_url).port or (443 if self.secure else 80)


Environment.TESTNET = Environment("testnet", _HOSTS["testnet"])
Environment.LIVE = Environment("live", _HOSTS["live"])


def _check_loopback(url: str) -> None:
    """Refuse every address that could leave this machine. The text is not repeated: it may hold a password."""
    try:
        parts = urlsplit(url)
        usable = (
            parts.scheme in ("http", "https")
            and parts.port != 0
            and url.isascii()
            and url == f"{parts.scheme}://{parts.netloc}"
            and "@" not in parts.netloc
            and (parts.hostname == LOCALHOST or ip_address(parts.hostname or "").is_loopback)
        )
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            "a local exchange has an address like http://127.0.0.1:8080: http or https, 127.0.0.0/8, [::1] or "
            "localhost, and nothing behind the port"
        )
