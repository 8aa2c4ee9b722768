"""The simulated Binance USDⓈ-M futures exchange. It shares no code with what it judges and imports none of it."""

from .answer import Answer
from .fill_model import BasisPoints, FillModel, FixedTicks, NoSlippage, Slippage
from .ledger import Ledger
from .quotes import Candle, Quote
from .settings import VenueSettings
from .switches import Curb, Switches
from .venue import Venue

__all__ = [
    "Answer",
    "BasisPoints",
    "Candle",
    "Curb",
    "FillModel",
    "FixedTicks",
    "Ledger",
    "NoSlippage",
    "Quote",
    "Slippage",
    "Switches",
    "Venue",
    "VenueSettings",
]
