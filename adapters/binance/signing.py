"""Signatures over the very bytes that are sent (Binance docs: General Info, signed endpoints)."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable, Mapping
from typing import NoReturn, Protocol
from urllib.parse import quote

from ...domain.errors import ConfigurationError
from .secret import HIDDEN, Secret

_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*", re.ASCII)
_PEM_BEGIN = "-----BEGIN"
_INSTALL = "RSA and Ed25519 keys need the package cryptography: pip install 'surefill[rsa]'"


class Signer(Protocol):
    """Signs with a key that never leaves it. Safe to call from many threads."""

    def signature(self, payload: bytes) -> str:
        """Return the signature of *payload*, percent-encoded as far as a parameter's value has to be."""
        ...


def encoded(params: Mapping[str, str]) -> str:
    """Return *params* in their order as a query string: UTF-8, percent-encoded but for letters, digits and ``-._~``.

    Raises:
        ValueError: a text is not Unicode (half of a surrogate pair).
    """
    if _UNRESERVED.fullmatch("".join((*params, *params.values()))):
        return "&".join([f"{name}={value}" for name, value in params.items()])
    return "&".join([f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params.items()])


def signed(params: Mapping[str, str], signer: Signer) -> tuple[str, str]:
    """Return *params* as a query string with the signature last, and the signature itself."""
    payload = encoded(params)
    signature = signer.signature(payload.encode("ascii"))
    return f"{payload}&signature={signature}", signature


class _Hidden:
    """What holds a key shows nothing of it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}{HIDDEN}"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a signing key is neither copied nor pickled")


class HmacSigner(_Hidden):
    """HMAC-SHA256, in hexadecimal. The key is worked in once; what is kept is the state of the hash, not the key."""

    __slots__ = ("_keyed",)

    def __init__(self, secret: Secret) -> None:
        self._keyed = hmac.new(secret.reveal().encode("ascii"), digestmod="sha256")

    def signature(self, payload: bytes) -> str:
        """Return the signature of *payload*."""
        digest = self._keyed.copy()
        digest.update(payload)
        return digest.hexdigest()


class KeySigner(_Hidden):
    """RSASSA-PKCS1-v1_5 with SHA-256, or Ed25519, in base64. Needs the package cryptography.

    Ed25519 is documented for the WebSocket API; Binance's own client signs REST requests with it, too. Unconfirmed.

    Raises:
        ConfigurationError: the package is missing, or the text is no unencrypted private key of these kinds.
    """

    __slots__ = ("_sign",)

    _sign: Callable[[bytes], bytes]

    def __init__(self, pem: Secret) -> None:
        try:
            from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - the extra's package
            from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa  # noqa: PLC0415 - likewise
        except ImportError:
            raise ConfigurationError(_INSTALL) from None
        try:
            key = serialization.load_pem_private_key(pem.reveal().encode("ascii"), password=None)
        except (ValueError, TypeError):
            key = None
        if isinstance(key, rsa.RSAPrivateKey):
            rsa_key = key
            self._sign = lambda payload: rsa_key.sign(payload, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ed25519.Ed25519PrivateKey):
            self._sign = key.sign
        else:
            raise ConfigurationError(
                "the private key must be an unencrypted RSA or Ed25519 key in PEM form (PKCS#8, BEGIN PRIVATE KEY)"
            )

    def signature(self, payload: bytes) -> str:
        """Return the signature of *payload*."""
        return quote(base64.b64encode(self._sign(payload)).decode("ascii"), safe="")


def signer_of(secret: Secret) -> Signer:
    """Return the signer for *secret*: a private key in PEM form, else the secret of an HMAC key.

    Raises:
        ConfigurationError: it is neither.
    """
    return KeySigner(secret) if is_pem(secret.reveal()) else HmacSigner(secret)


def is_pem(text: str) -> bool:
    """Whether *text* is a key in PEM form, by its first line."""
    return text.lstrip().startswith(_PEM_BEGIN)
