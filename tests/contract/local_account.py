"""An account on the simulated exchange that the adapter for Binance reaches over loopback HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal

from surefill.adapters.binance import BinanceFutures, Environment
from surefill.adapters.clock import VirtualClock
from surefill.adapters.http_venue import RealTimeDriver
from surefill.adapters.simulated import FaultPlan
from surefill.adapters.venue import VenueSettings
from surefill.domain.side import PositionMode
from surefill.testing.http_venue_fixture import START_MS, HttpVenue, running_venue

NAMESPACE = "bot-7"


@contextmanager
def local_account(
    mode: PositionMode = PositionMode.ONE_WAY,
    faults: FaultPlan | None = None,
    exchange_info: Mapping[str, object] | None = None,
    prices: Mapping[str, Decimal] | None = None,
) -> Iterator[tuple[BinanceFutures, HttpVenue]]:
    """Adapter and exchange share one virtual machine clock: sleeping takes no time, and moves the market."""
    machine = VirtualClock(START_MS)
    serving = running_venue(
        exchange_info,
        prices=prices,
        settings=VenueSettings(hedge_mode=mode is PositionMode.HEDGE),
        faults=faults,
        time=RealTimeDriver(machine),
    )
    with serving as served, binance(served, machine) as exchange:
        yield exchange, served


def binance(served: HttpVenue, machine: VirtualClock) -> BinanceFutures:
    """The adapter, pointed at the local exchange."""
    return BinanceFutures(
        served.api_key,
        served.api_secret,
        Environment.local(served.url),
        namespace=NAMESPACE,
        machine=machine,
        environ={},
    )
