"""The paper exchange keeps the contract of the Exchange port, alone and behind the decorator for reads."""

from __future__ import annotations

from decimal import Decimal

import attrs

from surefill.adapters.retrying import Retrying
from surefill.adapters.simulated import SimulatedExchange
from surefill.adapters.venue import VenueSettings
from surefill.domain.retry_policy import RetryPolicy
from surefill.domain.side import PositionMode
from surefill.testing import ExchangeHarness, exchange_contract
from tests.exchange_info import START_MS, WALLET, made_exchange_info


def paper_account(mode: PositionMode) -> ExchangeHarness:
    """A fresh paper account on two symbols."""
    settings = VenueSettings(hedge_mode=mode is PositionMode.HEDGE)
    exchange = SimulatedExchange.from_exchange_info(
        made_exchange_info(), balances=WALLET, start_ms=START_MS, settings=settings
    )

    def move(symbol: str, price: Decimal) -> None:
        exchange.tick(symbol, last=price, mark=price)

    def change_tick(symbol: str, increment: Decimal) -> None:
        exchange.venue.change_filters(
            symbol,
            [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": str(increment),
                    "maxPrice": "4500000",
                    "tickSize": str(increment),
                }
            ],
        )

    move("BTCUSDT", Decimal("64000.0"))
    move("ETHUSDT", Decimal("2500.00"))
    return ExchangeHarness(
        exchange=exchange,
        symbol="BTCUSDT",
        price=Decimal("64000.0"),
        other_symbol="ETHUSDT",
        other_price=Decimal("2500.00"),
        move=move,
        change_tick=change_tick,
        taker_fee=settings.taker_fee,
    )


def retrying_account(mode: PositionMode) -> ExchangeHarness:
    """The same account behind the decorator that tries reads again."""
    harness = paper_account(mode)
    return attrs.evolve(harness, exchange=Retrying(harness.exchange, RetryPolicy()))


TestSimulatedExchange = exchange_contract(paper_account)
TestRetryingExchange = exchange_contract(retrying_account)
