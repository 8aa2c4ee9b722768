"""Who may trade here: keys that are worth nothing anywhere else."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from hashlib import sha256

from ...domain.errors import ConfigurationError
from ..venue.refusals import Refused
from .form import SIGNATURE, Form, signed_bytes
from .message import HttpRequest

KEY_HEADER = "x-mbx-apikey"
KEY_PREFIX = "sim-"

_KEY = re.compile(r"sim-[A-Za-z0-9_-]{1,60}")
_HINT = f"This exchange is simulated and takes only keys that begin with {KEY_PREFIX}"


class Keyring:
    """Checks keys and signatures (HMAC-SHA256) of requests.

    Args:
        keys: secret by API key. Keys begin with ``sim-``, so that a real one is recognised as out of place.

    Raises:
        ConfigurationError: there is no key, or one that could be real, or an empty secret.
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        if not keys:
            raise ConfigurationError("keys: name at least one API key and its secret")
        for key, secret in keys.items():
            if not _KEY.fullmatch(key):
                raise ConfigurationError(
                    f"keys: a key of the simulated exchange begins with {KEY_PREFIX} and goes on with 1 to 60 letters, "
                    f"digits, - or _; was one of {len(key)} characters, which is not shown: it might be real"
                )
            if not secret:
                raise ConfigurationError(f"keys: the secret of {key} was empty")
        self._secrets = {key: secret.encode() for key, secret in keys.items()}

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._secrets)})"

    def denial(self, request: HttpRequest, form: Form, *, signed: bool) -> Refused | None:
        """Return why *request* is not authentic, None when it is; only a *signed* path needs key and signature.

        In this order (unconfirmed; the simulation's choice): -2014 a key that is missing or of another kind, -2015 one
        that is not known, the form's own problem, -1102 no signature, -1022 one that is not last or not right.
        """
        key = request.header(KEY_HEADER)
        if looks_real(request):
            return Refused(-2014, hint=_HINT)
        if not signed:
            return form.problem
        if key is None:
            return Refused(-2014, hint=_HINT)
        secret = self._secrets.get(key)
        if secret is None:
            return Refused(-2015)
        if form.problem is not None:
            return form.problem
        if not form.signature:
            return Refused(-1102, SIGNATURE)
        payload = signed_bytes(request.query, request.body)
        if payload is None:
            return Refused(-1022)
        wanted = hmac.new(secret, payload, sha256).hexdigest()
        return None if hmac.compare_digest(wanted.encode(), form.signature.lower().encode()) else Refused(-1022)


def looks_real(request: HttpRequest) -> bool:
    """Whether *request* carries a key of another exchange than this one: perhaps a real one, gone astray."""
    key = request.header(KEY_HEADER)
    return key is not None and not _KEY.fullmatch(key)
