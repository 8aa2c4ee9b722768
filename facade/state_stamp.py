"""A state directory belongs to one environment: what was true on the test exchange must not decide about real money."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import attrs

from surefill.domain.errors import ConfigurationError

NAME: Final = "journal.sqlite.environment"
ENVIRONMENTS: Final = ("paper", "local", "testnet", "live")
_BYTES_MAX: Final = 100


@attrs.frozen
class StateStamp:
    """The name of the environment, in a file beside the journal.

    Attributes:
        folder: the state directory.
    """

    folder: Path

    def read(self) -> str | None:
        """Return the environment the folder belongs to; None when it belongs to none yet.

        Raises:
            ConfigurationError: the file cannot be read, or names none.
        """
        path = self.folder / NAME
        try:
            with path.open("rb") as file:
                name = file.read(_BYTES_MAX).decode("ascii", "replace").strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
        if name not in ENVIRONMENTS:
            raise ConfigurationError(f"{path} names no environment; write one of {', '.join(ENVIRONMENTS)} into it")
        return name

    def check(self, environment: str) -> None:
        """Refuse the folder when it belongs to another environment.

        Raises:
            ConfigurationError: it does; or as `read` says.
        """
        owner = self.read()
        if owner not in (None, environment):
            raise ConfigurationError(
                f"{self.folder} belongs to the environment {owner}, and this is {environment}: journals of two "
                "environments are never mixed. Name another state directory"
            )

    def bind(self, environment: str) -> None:
        """Let the folder belong to *environment* from now on. Called while its journal is owned.

        Raises:
            ConfigurationError: it belongs to another one; or the file cannot be read or written.
        """
        self.check(environment)
        path = self.folder / NAME
        if path.exists():
            return
        part = path.with_name(f"{NAME}.part")
        try:
            fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(fd, "w", encoding="ascii") as file:
                file.write(f"{environment}\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
