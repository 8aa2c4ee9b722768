"""A paper account for tests, with orders to trade on it."""

from __future__ import annotations

from decimal import Decimal

from surefill.adapters.simulated import FaultPlan, Latency, SimulatedExchange
from surefill.adapters.venue import VenueSettings
from surefill.domain.reply import Reply
from tests.exchange_info import START_MS, WALLET, made_exchange_info
from tests.wire_script import market_request, stop_request

ENTRY, STOP = market_request(), stop_request()


def paper(
    faults: FaultPlan | None = None, latency: Latency | None = None, settings: VenueSettings | None = None
) -> SimulatedExchange:
    """A fresh account on BTCUSDT at 64000 and ETHUSDT at 2500."""
    exchange = SimulatedExchange.from_exchange_info(
        made_exchange_info(),
        balances=WALLET,
        start_ms=START_MS,
        namespace="test",
        faults=faults,
        latency=latency,
        settings=settings,
    )
    exchange.tick("BTCUSDT", last=Decimal("64000.0"))
    exchange.tick("ETHUSDT", last=Decimal("2500.00"))
    return exchange


def enter(exchange: SimulatedExchange) -> Reply:
    """Send the entry."""
    return exchange.send(exchange.prepare(ENTRY))


def protect(exchange: SimulatedExchange) -> Reply:
    """Send the stop."""
    return exchange.send(exchange.prepare(STOP))
