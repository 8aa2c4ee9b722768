"""A simulated exchange on loopback with keys that must never show, and the search for them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from loguru import logger

from surefill.adapters.binance.signing import HmacSigner
from surefill.adapters.http_venue import VenueServer
from surefill.wiring import demo_exchange_info, local_exchange

API_KEY = "sim-canary-Zb7Qm2Xw9Lr4Tn6Vc1Kp8Hs3Jd5Fg0Ay"
API_SECRET = "canary-secret-Uq3Ws8Ed2Rf7Tg1Yh6Uj5Ik0Ol9Pz4"  # noqa: S105 - worthless, made to be found
HINT = "…g0Ay"
A, CJK = "AAAUSDT", "测试USDT"


@contextmanager
def local_server(keys: dict[str, str] | None = None) -> Iterator[VenueServer]:
    """An exchange in real time, AAAUSDT at 60,000, with 10,000 USDT in the wallet."""
    server = local_exchange(
        demo_exchange_info(), keys=keys or {API_KEY: API_SECRET}, balances={"USDT": Decimal(10_000)}, seed=1
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


class _Sink(logging.Handler):
    """Keeps everything that the standard library's logging is told."""

    def __init__(self) -> None:
        super().__init__(level=0)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def canaries(monkeypatch: pytest.MonkeyPatch, folder: Path, printed: list[str]) -> Iterator[list[str]]:
    """Fail if key, secret or a signature made in the block is in a log, in *printed*, or in a file below *folder*."""
    secrets = [API_KEY, API_SECRET]
    sign = HmacSigner.signature

    def noted(signer: HmacSigner, payload: bytes) -> str:
        signature = sign(signer, payload)
        secrets.append(signature)
        return signature

    monkeypatch.setattr(HmacSigner, "signature", noted)
    lines: list[str] = []
    logger.enable("surefill")
    logger.add(lambda line: lines.append(str(line)), level="TRACE", diagnose=True, backtrace=True, serialize=True)
    sink, root = _Sink(), logging.getLogger()
    root.addHandler(sink)
    try:
        yield secrets
    finally:
        root.removeHandler(sink)
    files = [path.read_bytes().decode("utf-8", "replace") for path in folder.rglob("*") if path.is_file()]
    found = [text for text in (*lines, *sink.lines, *printed, *files) if any(secret in text for secret in secrets)]
    assert found == []
