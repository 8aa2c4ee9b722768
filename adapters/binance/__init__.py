"""The real exchange: Binance USDⓈ-M futures over HTTPS."""

from .credentials import Credentials
from .environment import Environment
from .exchange import BinanceFutures
from .transport import Patience

__all__ = ["BinanceFutures", "Credentials", "Environment", "Patience"]
