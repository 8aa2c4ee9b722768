"""Keys that would be recognised anywhere, and a search for them in every sink after every test."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from loguru import logger

from surefill.adapters.binance.signing import HmacSigner
from tests.binance.accounts import API_KEY, API_SECRET


class _Sink(logging.Handler):
    """Keeps everything that the standard library's logging is told, whatever its level."""

    def __init__(self) -> None:
        super().__init__(level=0)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(autouse=True)
def canaries(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[list[str]]:
    """The secrets of a test: key, secret, and every signature made; none may be in a log or on the terminal."""
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
    level = root.level
    root.addHandler(sink)
    root.setLevel(logging.DEBUG)
    yield secrets
    root.removeHandler(sink)
    root.setLevel(level)
    printed = "".join(capfd.readouterr())
    found = [each for each in [*lines, *sink.lines, printed] if any(secret in each for secret in secrets)]
    assert found == []
