"""A simulated exchange on loopback, whose keys must never show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from surefill.adapters.http_venue import VenueServer
from surefill.wiring import demo_exchange_info, local_exchange
from tests.canaries import API_SECRET, SIM_KEY

A, CJK = "AAAUSDT", "测试USDT"


@contextmanager
def local_server(keys: dict[str, str] | None = None) -> Iterator[VenueServer]:
    """An exchange in real time, AAAUSDT at 60,000, with 10,000 USDT in the wallet."""
    server = local_exchange(
        demo_exchange_info(), keys=keys or {SIM_KEY: API_SECRET}, balances={"USDT": Decimal(10_000)}, seed=1
    )
    with server:
        server.tick(A, last=Decimal(60_000), mark=Decimal(60_000))
        server.tick(CJK, last=Decimal("1.5"), mark=Decimal("1.5"))
        yield server


def clear_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of whoever runs the tests say anything."""
    names = ("BINANCE_API_KEY", "BINANCE_API_SECRET", "AUDIT_LOG_DIR", "RATE_LIMIT_WARNING_THRESHOLD")
    ours = ("ENVIRONMENT", "KEY_ENVIRONMENT", "KEY_FILE", "LIVE", "NAMESPACE", "STATE_DIR")
    more = ("RATE_LIMIT_HARD_THRESHOLD", "EXCHANGE_INFO_CACHE_HOURS")
    for name in (*names, *more, *(f"SUREFILL_{each}" for each in ours)):
        monkeypatch.delenv(name, raising=False)
