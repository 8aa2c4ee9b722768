"""The simulated Binance as a local web server: what a client of the real one talks to in tests and at home."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from types import TracebackType
from typing import Self, cast

from loguru import logger

from ...domain.errors import ConfigurationError
from ...domain.numbers import Number
from ...ports.clock import Clock
from ..clock.system import SystemClock
from ..simulated.faults import FaultPlan
from ..simulated.hand_quote import tick_by_hand
from ..simulated.timeline import Timeline
from ..venue.ledger import Ledger
from ..venue.quotes import Candle, Quote
from ..venue.settings import VenueSettings
from ..venue.venue import Venue
from .connection import converse
from .door import HttpDoor
from .driver import RealTimeDriver, TimeDriver
from .hosts import Hosts, listening_host
from .keyring import Keyring
from .limits import HttpLimits
from .listener import Listener
from .message import HttpAnswer, HttpRequest
from .received import Received, Record
from .retiming import retimed

_DEFAULT_LIMITS = HttpLimits()


class VenueServer:
    """Serves a `Venue` in Binance's own REST API, on the loopback interface.

    ::

        with VenueServer(venue, keys={"sim-me": "a secret"}) as server:
            print(server.url)

    It checks keys, signatures and the Host header, and never redirects. Requests are worked off one at a time, on as
    many connections as the limits allow. What tests need (time, prices, faults, the ledger, the bytes that came in) is
    reached from the same process only: there is no path for it.

    Args:
        venue: the exchange; from now on only the server may touch it, or who holds `timeline`.
        keys: secret by API key; keys begin with ``sim-``.
        host: the address to listen on.
        port: 0 takes one that is free.
        time: what moves exchange time: the machine's clock unless a `HandDriver` is given.
        faults: what goes wrong at this door; nothing by default. Here UNREACHABLE ends a request without an answer,
            as REQUEST_LOST does; `unreachable` refuses connections.
        limits: bounds of size, time and number.
        clock: measures those times; the machine's by default.
        allow_remote: whether *host* may be one that other machines reach.

    Raises:
        ConfigurationError: a key could be real, or the address is not on the loopback interface.
    """

    def __init__(
        self,
        venue: Venue,
        *,
        keys: Mapping[str, str],
        host: str = "127.0.0.1",
        port: int = 0,
        time: TimeDriver | None = None,
        faults: FaultPlan | None = None,
        limits: HttpLimits = _DEFAULT_LIMITS,
        clock: Clock | None = None,
        allow_remote: bool = False,
    ) -> None:
        if type(cast("object", port)) is not int or not 0 <= port <= 65_535:
            raise ConfigurationError(f"port: must be 0 to 65535, was {port!r}")
        self.timeline = Timeline(venue)
        self.faults = FaultPlan() if faults is None else faults
        self._clock = SystemClock() if clock is None else clock
        self._driver = RealTimeDriver(self._clock) if time is None else time
        self._limits = limits
        self._remote = allow_remote
        self._record = Record(limits.kept_requests)
        self._listener = Listener(listening_host(host, remote=allow_remote), port, self._serve, limits, self._clock)
        self._door = HttpDoor(
            self.timeline, self._driver, Keyring(keys), self.faults, self._record, self._listener.wait
        )
        self._hosts = Hosts(self._listener.host, port, remote=allow_remote)

    @classmethod
    def from_exchange_info(
        cls,
        source: Mapping[str, object],
        *,
        keys: Mapping[str, str],
        balances: Mapping[str, Decimal],
        port: int = 0,
        seed: int = 1,
        settings: VenueSettings | None = None,
    ) -> Self:
        """Build exchange and server from an exchangeInfo; the exchange's clock begins at this machine's time.

        Args:
            source: what ``GET /fapi/v1/exchangeInfo`` answers.
            keys: secret by API key; keys begin with ``sim-``.
            balances: the opening wallet per margin asset.
            port: 0 takes one that is free.
            seed: of ids.
            settings: fees, fill model and the switches of the simulated exchange.

        Raises:
            ConfigurationError: one of the parts makes no exchange.
        """
        machine = SystemClock()
        try:
            venue = Venue(
                source,
                balances=balances,
                start_ms=machine.now_ms(),
                seed=seed,
                settings=VenueSettings() if settings is None else settings,
            )
        except ValueError as error:
            raise ConfigurationError(f"no simulated exchange can be made of this: {error}") from error
        return cls(venue, keys=keys, port=port, clock=machine)

    def start(self) -> Self:
        """Listen, and let time run.

        Raises:
            ConfigurationError: it runs already, or the address cannot be had.
        """
        if self._listener.is_open:
            raise ConfigurationError(f"{self.url} is served already; start a server once")
        self._open()
        self._driver.start(self.timeline)
        return self

    def close(self) -> None:
        """Finish the requests under way, end all connections and threads; again is no error. Time stands still."""
        self._listener.close()
        self._driver.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The address for clients, such as ``http://127.0.0.1:40123``; with port 0 it is known once started."""
        return self._hosts.url

    @property
    def port(self) -> int:
        """The port; 0 until it is known."""
        return self._listener.port

    @property
    def venue(self) -> Venue:
        """The exchange; while the server runs, hold `timeline` to touch it."""
        return self.timeline.venue

    @property
    def ledger(self) -> Ledger:
        """Everything that happened at the exchange."""
        return self.timeline.venue.ledger

    @property
    def received(self) -> tuple[Received, ...]:
        """The latest requests that came in, as bytes, oldest first."""
        return self._record.all()

    @property
    def failure(self) -> Exception | None:
        """Why the market feed ended before its time, if it did."""
        return self._driver.failure

    def load(self, feed: Iterable[Quote | Candle]) -> None:
        """Let *feed* drive the market from now on, in its own times; what was left of an earlier one is dropped."""
        self.timeline.load(feed)

    def replay(self, feed: Iterable[Quote | Candle], speed: Decimal = Decimal(1)) -> None:
        """Let *feed* drive the market as if it began now and passed *speed* times as fast; see `retimed`.

        Raises:
            ValidationError: *speed* is not above 0.
        """
        with self.timeline:
            self.timeline.load(retimed(feed, self.timeline.now_ms, speed))

    def tick(
        self,
        symbol: str,
        last: Number | None = None,
        bid: Number | None = None,
        ask: Number | None = None,
        mark: Number | None = None,
        bid_quantity: Number | None = None,
        ask_quantity: Number | None = None,
    ) -> None:
        """Change the market by hand, now; what is None stays as it is. As `SimulatedExchange.tick`.

        Raises:
            ValidationError: a number was unusable, or the exchange does not list *symbol*.
        """
        with self.timeline:
            self._driver.keep_up(self.timeline)
            tick_by_hand(
                self.timeline,
                symbol,
                last=last,
                bid=bid,
                ask=ask,
                mark=mark,
                at_ms=None,
                bid_quantity=bid_quantity,
                ask_quantity=ask_quantity,
            )

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """Refuse connections meanwhile and end those that are open; the market goes on. Afterwards the URL is the same.

        Raises:
            ConfigurationError: somebody else has taken the port meanwhile.
        """
        self._listener.close()
        try:
            yield
        finally:
            self._open()

    def _open(self) -> None:
        try:
            self._listener.open()
        except OSError as error:
            raise ConfigurationError(
                f"{self.url} cannot be served ({error.strerror}); choose another port, or 0 for any that is free"
            ) from error
        self._hosts = Hosts(self._listener.host, self._listener.port, remote=self._remote)

    def _serve(self, connection: socket.socket) -> None:
        converse(connection, self._respond, lambda: self._listener.stopping, self._limits, self._clock)

    def _respond(self, request: HttpRequest) -> HttpAnswer | None:
        answer = self._door.respond(request, self._hosts)
        logger.debug("{} {} -> {}", request.method, request.path, "no answer" if answer is None else answer.status)
        return answer
