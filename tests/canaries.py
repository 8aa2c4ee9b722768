"""Keys that are worth nothing and would be recognised anywhere: every test that needs credentials takes them here.

`tests/canary_guard.py` looks for them after every test, in everything the test has left.
"""

from __future__ import annotations

import re
from threading import Lock
from typing import Final

API_KEY: Final = "canary-key-Zb7Qm2Xw9Lr4Tn6Vc1Kp8Hs3Jd5Fg0Ay"
"""Looks like a real one: the simulated exchange refuses it."""
SIM_KEY: Final = "sim-canary-Zb7Qm2Xw9Lr4Tn6Vc1Kp8Hs3Jd5Fg0Ay"
"""The simulated exchange takes it, for it says that it is no real one."""
HINT: Final = "…g0Ay"
"""As much of either key as may be shown."""
API_SECRET: Final = "canary-secret-Uq3Ws8Ed2Rf7Tg1Yh6Uj5Ik0Ol9Pz4"  # noqa: S105 - worthless, made to be found
OTHER_SECRET: Final = "canary-secret-uQ3wS8eD2rF7tG1yH6uJ5iK0oL9pZ4"  # noqa: S105 - worthless, and a wrong one
SHIPPED_SECRET: Final = "worth-nothing"  # noqa: S105 - that of the fixture `http_venue`
SECRETS: Final = (API_SECRET, OTHER_SECRET, SHIPPED_SECRET)
KEY_FILES: Final = ("key.json", ".pem")
"""The ends of the names of files that hold a secret because they have to."""

_SECRETS: Final = re.compile("|".join(map(re.escape, SECRETS)))
_PRIVATE_KEY: Final = re.compile("-----BEGIN [A-Z ]*PRIVATE KEY-----")
_KEYS: Final = re.compile("|".join(map(re.escape, (API_KEY, SIM_KEY))))
_DIGEST: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class Signatures:
    """Every signature made since it was last emptied. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: set[str] = set()
        self._encoded: set[str] = set()

    def note(self, signature: str) -> None:
        """Keep one: hexadecimal, or percent-encoded base64."""
        with self._lock:
            (self._made if _DIGEST.fullmatch(signature) else self._encoded).add(signature)

    def all(self) -> frozenset[str]:
        with self._lock:
            return frozenset(self._made | self._encoded)

    def clear(self) -> None:
        with self._lock:
            self._made.clear()
            self._encoded.clear()

    def leak(self, text: str) -> str | None:
        """Name what *text* shows that nobody may see; None when it shows nothing."""
        if _SECRETS.search(text) or _PRIVATE_KEY.search(text):
            return "a secret"
        if _KEYS.search(text):
            return "an API key"
        with self._lock:
            made, encoded = self._made, self._encoded
            if made and any(each in made for each in _DIGEST.findall(text)):
                return "a signature"
            return "a signature" if any(each in text for each in encoded) else None


def leak_in_request(head: str, rest: str, authority: str) -> str | None:
    """Name what a request shows that it must not: a secret anywhere, a key elsewhere than in its one header.

    Args:
        head: all header lines but the request line, any line ends.
        rest: the request line and the body.
        authority: host and port of the server that received it; to no other may a key be addressed.
    """
    if _SECRETS.search(head) or _SECRETS.search(rest):
        return "a secret in a request"
    if _KEYS.search(rest):
        return "an API key in the request line or the body"
    lines = [line.partition(":") for line in head.splitlines()]
    carriers = {name.strip().lower() for name, _, value in lines if _KEYS.search(value)}
    if not carriers:
        return None
    if carriers != {"x-mbx-apikey"}:
        return f"an API key in the header {', '.join(sorted(carriers))}"
    hosts = [value.strip() for name, _, value in lines if name.strip().lower() == "host"]
    if [_loopback(host) for host in hosts] != [_loopback(authority)]:
        return f"an API key in a request addressed to {hosts}, at {authority}"
    return None


def _loopback(authority: str) -> str:
    return authority.replace("localhost", "127.0.0.1")
