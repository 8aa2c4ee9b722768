"""Taking in whom the environment variables name, even if nothing can be built from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from surefill.adapters.binance import Credentials
from surefill.adapters.clock import SystemClock
from surefill.doctor.patient import Patient
from surefill.domain.errors import ConfigurationError
from surefill.settings import Settings
from surefill.wiring import environment_of, exchange_from_env

SHOWN_CHARACTERS: Final = 4
"""As many of an API key's last characters tell it from others; Binance's keys have 64."""
_SHORTEST_SHOWN: Final = 16


@contextmanager
def admitted(environ: Mapping[str, str]) -> Iterator[Patient]:
    """Build the exchange that *environ* names, for as long as the block lasts; what does not fit is a finding later.

    Raises:
        ConfigurationError: a variable is wrong in itself.
    """
    settings = Settings.from_env(environ)
    environment = environment_of(settings)
    credentials, exchange, failure = None, None, ""
    try:
        credentials = Credentials.from_environ(environ)
        exchange = exchange_from_env(environ)
    except ConfigurationError as error:
        failure = str(error)
    try:
        yield Patient(
            exchange=exchange,
            machine=SystemClock(),
            environment=environment.name,
            host=environment.base_url,
            key=None if credentials is None else key_hint(credentials),
            key_environment=None if credentials is None else credentials.mark,
            failure=failure,
        )
    finally:
        if exchange is not None:
            exchange.close()


def key_hint(credentials: Credentials) -> str:
    """Return what may be shown of the API key: its last characters, if it is long enough to keep the rest."""
    key = credentials.api_key.reveal()
    return f"…{key[-SHOWN_CHARACTERS:]}" if len(key) >= _SHORTEST_SHOWN else "(too short to show)"
