"""Market data for the simulated exchange: candle files, raw stream files, seeded random walks, hand-made ticks."""

from .candles import CandleCsv, candle_csv
from .check import FeedSummary, check
from .errors import FeedError
from .hand import hand_ticks
from .stream import RawStream, raw_stream
from .walk import random_walk

__all__ = [
    "CandleCsv",
    "FeedError",
    "FeedSummary",
    "RawStream",
    "candle_csv",
    "check",
    "hand_ticks",
    "random_walk",
    "raw_stream",
]
