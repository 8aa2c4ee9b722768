"""Binance USDⓈ-M futures: the Exchange port over its REST API."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import NoReturn, Self

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from ...domain.breaker import BreakerPolicy
from ...domain.errors import ConfigurationError
from ...ports.clock import Clock
from ..clock import SystemClock
from ..wire.account import WireExchange
from ..wire.breakers import Breakers
from ..wire.meter import HARD_PERCENT, WARNING_PERCENT
from ..wire.rules import CACHE_HOURS
from .clock import ServerClock, TimeReading
from .credentials import MARK_VARIABLE, Credentials
from .environment import Environment
from .proxy import Proxy, proxy_at
from .secret import Secret, Variables
from .timekeeper import Timekeeper
from .transport import HttpsTransport, Patience

LIVE_VARIABLE = "SUREFILL_LIVE"
LIVE_WORDS = "I-UNDERSTAND"


class BinanceFutures(WireExchange):
    """One account at Binance, or at an exchange on this machine that speaks its API. Safe to call from many threads.

    Nothing is opened before the first request. A request is sent once: no retry, no redirect, and nothing is taken from
    the proxy or certificate variables of the process.

    Trading with real money needs three things at once: ``environment=Environment.LIVE``, a key marked live, and the
    words ``I-UNDERSTAND``. Advice: a key that may trade futures and nothing else, bound to this machine's address.

    Args:
        api_key: as Binance shows it; without one, what `Credentials.from_environ` finds; market data needs none.
        api_secret: the secret of an HMAC key, or the private key (PEM) of an RSA or Ed25519 key.
        environment: Binance's test exchange unless told otherwise.
        credentials: instead of key and secret, for example from `Credentials.from_file`.
        key_environment: what the key is marked for, ``testnet``, ``live`` or ``local``; ``SUREFILL_KEY_ENVIRONMENT``
            unless given.
        live: ``I-UNDERSTAND`` to trade with real money; ``SUREFILL_LIVE`` unless given.
        namespace: the name under which this account's signal ids are unique; a constant, never the key.
        cache_hours: how long the trading rules are believed, in hours.
        hard_percent: the share of each request limit past which no entry starts.
        warning_percent: the share of each request limit past which a warning is logged.
        patience: how long requests may take.
        proxy: ``http://user:password@host:port``, a proxy that connects by CONNECT.
        ca_file: certificate authorities to trust, PEM, instead of those that come with requests.
        health_breaker, repeat_breaker: how patient the circuit breakers are.
        machine: this machine's clock.
        environ: environment variables; the process's own unless given.

    Raises:
        ConfigurationError: something is missing or does not fit; it says what.
    """

    def __init__(
        self,
        api_key: str | Secret | None = None,
        api_secret: str | Secret | None = None,
        environment: Environment = Environment.TESTNET,
        *,
        credentials: Credentials | None = None,
        key_environment: str | None = None,
        live: str | None = None,
        namespace: str = "default",
        cache_hours: int = CACHE_HOURS,
        hard_percent: int = HARD_PERCENT,
        warning_percent: int = WARNING_PERCENT,
        patience: Patience | None = None,
        proxy: str | None = None,
        ca_file: str | None = None,
        health_breaker: BreakerPolicy | None = None,
        repeat_breaker: BreakerPolicy | None = None,
        machine: Clock | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        key = None if api_key is None else Secret.of(api_key)
        secret = None if api_secret is None else Secret.of(api_secret)
        way = None if proxy is None else Secret(proxy)
        variables = Variables(os.environ if environ is None else environ)
        del api_key, api_secret, proxy, environ  # so that no traceback can show them
        self._title = f"BinanceFutures(environment={environment.name!r}, namespace={namespace!r})"
        if credentials is None:
            credentials = _credentials(key, secret, key_environment, variables)
        _check_live(environment, credentials, variables.text(LIVE_VARIABLE) if live is None else live)
        if credentials is not None:
            credentials.check(environment)
        machine = SystemClock() if machine is None else machine
        self._server_clock = ServerClock(machine)
        self._transport = HttpsTransport(
            environment,
            credentials,
            machine,
            patience=Patience() if patience is None else patience,
            proxy=None if way is None else _proxy(way, environment),
            ca_file=DEFAULT_CA_BUNDLE_PATH if ca_file is None else ca_file,
        )
        self._timekeeper = Timekeeper(
            self._server_clock,
            lambda calls: self._session.carry(calls),  # noqa: PLW0108 - the session is made below
            lambda call: self._session.barrier(call) is None,
        )
        super().__init__(
            self._transport,
            self._server_clock,
            namespace=namespace,
            environment=environment.name,
            real_time=True,
            cache_hours=cache_hours,
            hard_percent=hard_percent,
            warning_percent=warning_percent,
            breakers=Breakers(health_breaker, repeat_breaker),
            before_asking=self._timekeeper.keep,
            after_carrying=self._timekeeper.watch,
        )

    @property
    def clock(self) -> ServerClock:
        """Exchange time."""
        return self._server_clock

    def synchronise(self) -> TimeReading | None:
        """Ask for the exchange's time now; None when there was no answer that can be believed."""
        return self._timekeeper.synchronise()

    def close(self) -> None:
        """Close the connections; closing again does nothing. Requests made afterwards are not sent."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return self._title

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("an exchange with its key and connections is neither copied nor pickled")


def _credentials(
    key: Secret | None, secret: Secret | None, mark: str | None, variables: Variables
) -> Credentials | None:
    if (key is None) != (secret is None):
        raise ConfigurationError("api_key and api_secret belong together; only one of them was given")
    marked = mark or variables.text(MARK_VARIABLE)
    if key is not None and secret is not None:
        return Credentials.of(key, secret, marked)
    found = Credentials.from_environ(variables)
    if found is None or mark is None or mark == found.mark:
        return found
    if found.mark is None:
        return Credentials(found.api_key, found.signer, mark)
    raise ConfigurationError(f"the key is marked {found.mark}, but key_environment was {mark[:20]!a}")


def _check_live(environment: Environment, credentials: Credentials | None, words: str | None) -> None:
    """Let nobody trade with real money by mistake."""
    if environment.name != "live":
        return
    missing: list[str] = []
    if credentials is None:
        missing.append("a key (BINANCE_API_KEY and BINANCE_API_SECRET, or api_key and api_secret)")
    if credentials is None or credentials.mark != "live":
        missing.append(f"a key marked live ({MARK_VARIABLE}=live, or key_environment='live')")
    if words != LIVE_WORDS:
        missing.append(f"your word ({LIVE_VARIABLE}={LIVE_WORDS}, or live='{LIVE_WORDS}')")
    if missing:
        raise ConfigurationError(f"trading with real money also needs {' and '.join(missing)}")


def _proxy(address: Secret, environment: Environment) -> Proxy:
    if not environment.secure:
        raise ConfigurationError("a proxy is of no use on the way to this machine over plain HTTP; leave it out")
    proxy = proxy_at(address)
    if proxy is None:
        raise ConfigurationError("a proxy has an address like http://host:3128, or http://user:password@host:3128")
    return proxy
