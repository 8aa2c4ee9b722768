"""A simulated exchange behind real loopback HTTP for a test, in one line.

::

    from surefill.testing import http_venue  # a pytest fixture

    def test_mine(http_venue):
        client = MyClient(http_venue.url, http_venue.api_key, http_venue.api_secret)
        http_venue.move("AAAUSDT", Decimal("59000"))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal

import attrs
import pytest

from surefill.adapters.http_venue import TimeDriver, VenueServer
from surefill.adapters.simulated import FaultPlan
from surefill.adapters.venue import Ledger, Venue, VenueSettings
from surefill.wiring import demo_exchange_info

API_KEY = "sim-testing"
API_SECRET = "worth-nothing"  # noqa: S105 - and says so
START_MS = 1_795_300_000_000
PRICES = {"AAAUSDT": Decimal(60_000), "BBBUSDT": Decimal(2_500), "测试USDT": Decimal("1.5")}
"""Where the demonstration's symbols stand at first."""


@attrs.frozen
class HttpVenue:
    """A running server and the keys to it.

    Attributes:
        server: for all that no client can do: time, faults, the bytes received.
        api_key, api_secret: the one pair it knows.
    """

    server: VenueServer
    api_key: str = API_KEY
    api_secret: str = attrs.field(default=API_SECRET, repr=False)

    @property
    def url(self) -> str:
        """The address for clients."""
        return self.server.url

    @property
    def faults(self) -> FaultPlan:
        """What goes wrong at the door; may be added to at any time."""
        return self.server.faults

    @property
    def ledger(self) -> Ledger:
        """Everything that happened at the exchange: the ground truth."""
        return self.server.ledger

    def move(self, symbol: str, price: Decimal) -> None:
        """Let last and mark price of *symbol* become *price*, now."""
        self.server.tick(symbol, last=price, mark=price)


@contextmanager
def running_venue(
    exchange_info: Mapping[str, object] | None = None,
    *,
    prices: Mapping[str, Decimal] | None = None,
    balances: Mapping[str, Decimal] | None = None,
    settings: VenueSettings | None = None,
    faults: FaultPlan | None = None,
    time: TimeDriver | None = None,
    seed: int = 1,
) -> Iterator[HttpVenue]:
    """Serve an exchange while the block lasts; no thread or socket is left behind.

    Args:
        exchange_info: the listing; the demonstration's unless given.
        prices: where symbols stand at first; `PRICES` for the demonstration's listing.
        balances: the opening wallet per margin asset; 10,000 USDT unless given.
        settings: fees, position mode and the other switches of the exchange.
        faults: what goes wrong at the door.
        time: what moves exchange time; the machine's clock unless given.
        seed: of the exchange's ids.
    """
    listing = demo_exchange_info() if exchange_info is None else exchange_info
    quoted = PRICES if prices is None and exchange_info is None else prices or {}
    venue = Venue(
        listing,
        balances={"USDT": Decimal(10_000)} if balances is None else balances,
        start_ms=START_MS,
        seed=seed,
        settings=VenueSettings() if settings is None else settings,
    )
    with VenueServer(venue, keys={API_KEY: API_SECRET}, faults=faults, time=time) as server:
        running = HttpVenue(server)
        for symbol, price in quoted.items():
            running.move(symbol, price)
        yield running


@pytest.fixture
def http_venue() -> Iterator[HttpVenue]:
    """A fresh exchange behind HTTP, in real time, on the demonstration's symbols."""
    with running_venue() as running:
        yield running
