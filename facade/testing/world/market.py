"""The market of a world: the three made-up symbols that ship with surefill, and where their prices begin."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

START_MS: Final = 1_795_300_000_000
WALLET: Final[Mapping[str, Decimal]] = {"USDT": Decimal(1_000_000)}
SYMBOLS: Final = ("AAAUSDT", "BBBUSDT", "测试USDT")
PRICES: Final[Mapping[str, Decimal]] = {
    "AAAUSDT": Decimal(60_000),
    "BBBUSDT": Decimal(3_000),
    "测试USDT": Decimal("0.5"),
}
"""Quote units."""
