"""API keys: where they come from, which environment they belong to, and that nobody sees them."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from typing import NoReturn

import attrs

from ...domain.errors import ConfigurationError
from .environment import Environment
from .secret import Secret, Variables
from .signing import Signer, is_pem, signer_of

KEY_VARIABLE = "BINANCE_API_KEY"
SECRET_VARIABLE = "BINANCE_API_SECRET"  # noqa: S105 - the variable's name, not a secret
FILE_VARIABLE = "SUREFILL_KEY_FILE"
MARK_VARIABLE = "SUREFILL_KEY_ENVIRONMENT"
MARKS = ("testnet", "live", "local")
"""The environments a key can be marked for."""
FILE_SIZE_MAX = 16_384
TEXT_LENGTH_MAX = 8_192


@attrs.frozen(repr=False, eq=False)
class Credentials:
    """An API key and what signs for it. Has no repr, no equality, no pickle and no copy that shows anything.

    Attributes:
        api_key: goes into a header of every signed request.
        signer: HMAC-SHA256, RSA or Ed25519.
        mark: the environment the key is marked for; None is a key that is not marked, hence never live.
    """

    api_key: Secret
    signer: Signer
    mark: str | None = None

    def __attrs_post_init__(self) -> None:
        _check(self.api_key, "the API key")  # it becomes a line of the request's head
        if self.mark is not None and self.mark not in MARKS:
            raise ConfigurationError(f"a key is marked for one of {', '.join(MARKS)}, was {self.mark[:20]!a}")

    @classmethod
    def of(cls, api_key: str | Secret, api_secret: str | Secret, mark: str | None = None) -> Credentials:
        """Return the credentials of a key.

        Args:
            api_key: as Binance shows it.
            api_secret: the secret of an HMAC key, or the private key (PEM, PKCS#8) of an RSA or Ed25519 key.
            mark: the environment the key belongs to.

        Raises:
            ConfigurationError: one of them cannot be what it should be. Its text is not repeated.
        """
        key, secret = Secret.of(api_key), Secret.of(api_secret)
        del api_key, api_secret  # so that no traceback can show them
        _check(key, "the API key")
        _check(secret, "the API secret", pem=True)
        return cls(key, signer_of(secret), mark)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Credentials:
        """Return the credentials in a file that nobody else can read.

        The file holds a JSON object with ``api_key``, ``api_secret`` and, optionally, ``environment``.

        Raises:
            ConfigurationError: it cannot be read, is a symbolic link, belongs to somebody else, is open to others
                (chmod 600), or is no such object.
        """
        row = _read_private(path)
        mark = row["environment"].reveal() if "environment" in row else None
        return cls.of(row["api_key"], row["api_secret"], mark)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | Variables) -> Credentials | None:
        """Return the credentials that environment variables name, or None when they name none.

        A file named by ``SUREFILL_KEY_FILE`` comes before ``BINANCE_API_KEY`` and ``BINANCE_API_SECRET``;
        ``SUREFILL_KEY_ENVIRONMENT`` marks the latter.

        Raises:
            ConfigurationError: one of key and secret is missing, or the file is unusable.
        """
        variables = Variables.of(environ)
        del environ  # so that no traceback can show it
        path = variables.text(FILE_VARIABLE)
        if path is not None:
            return cls.from_file(path)
        key, secret = variables.get(KEY_VARIABLE), variables.get(SECRET_VARIABLE)
        if key is not None and secret is not None:
            return cls.of(key, secret, variables.text(MARK_VARIABLE))
        if key is None and secret is None:
            return None
        alone = KEY_VARIABLE if secret is None else SECRET_VARIABLE
        raise ConfigurationError(f"{KEY_VARIABLE} and {SECRET_VARIABLE} belong together; only {alone} is set")

    def check(self, environment: Environment) -> None:
        """Refuse the key at another environment's host, before anything is sent there.

        Raises:
            ConfigurationError: the key does not belong to *environment*.
        """
        if self.mark is None and environment.name != "live":
            return
        if self.mark != environment.name:
            marked = "not marked" if self.mark is None else f"marked {self.mark}"
            raise ConfigurationError(
                f"the key is {marked}, the environment is {environment.name}: it is not sent there. Set "
                f"{MARK_VARIABLE}={environment.name} (or key_environment=) only if the key really belongs there"
            )

    def __repr__(self) -> str:
        return f"Credentials(mark={self.mark!r})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("credentials are neither copied nor pickled")


def _check(secret: Secret, what: str, *, pem: bool = False) -> None:
    problem = _problem(secret.reveal(), pem=pem)
    if problem:
        raise ConfigurationError(f"{what}: {problem}")


def _problem(text: object, *, pem: bool) -> str:
    """Say what is wrong with *text* without showing any of it."""
    if not isinstance(text, str):
        return f"must be a text, was {type(text).__name__}"
    if not 1 <= len(text) <= TEXT_LENGTH_MAX:
        return f"must have 1 to {TEXT_LENGTH_MAX} characters, was {len(text)}"
    if not text.isascii():
        return "must be ASCII"
    if pem and is_pem(text):
        return ""
    if not text.isprintable() or " " in text:
        return "must not contain blanks or line breaks; was it copied with the line's end?"
    return ""


def _read_private(path: str | os.PathLike[str]) -> dict[str, Secret]:
    name = os.fspath(path)
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise ConfigurationError(f"{name}: the key file cannot be opened, or is a link: {error.strerror}") from None
    try:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            raise ConfigurationError(f"{name}: the key file must be a plain file")
        if about.st_uid != os.geteuid():
            raise ConfigurationError(f"{name}: the key file must belong to the user who runs this")
        if stat.S_IMODE(about.st_mode) & 0o077:
            raise ConfigurationError(f"{name}: the key file is open to others; run: chmod 600 {name}")
        row = _rows(os.read(fd, FILE_SIZE_MAX + 1))
    finally:
        os.close(fd)
    if row is None:
        raise ConfigurationError(
            f'{name}: the key file must hold one JSON object of texts: "api_key", "api_secret" and maybe "environment"'
        )
    return row


def _rows(content: bytes) -> dict[str, Secret] | None:
    try:
        row = json.loads(content)
    except (ValueError, RecursionError):
        return None
    needed = {"api_key", "api_secret"}
    if not isinstance(row, dict) or not needed <= set(row) <= {*needed, "environment"}:
        return None
    if not all(isinstance(value, str) for value in row.values()):
        return None
    return {name: Secret(value) for name, value in row.items()}
