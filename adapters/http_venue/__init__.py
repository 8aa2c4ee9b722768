"""The simulated Binance behind real HTTP, in Binance's own API: the second door of the Venue."""

from .driver import HandDriver, RealTimeDriver, TimeDriver
from .limits import HttpLimits
from .message import HttpRequest
from .received import Received
from .retiming import retimed
from .server import VenueServer

__all__ = [
    "HandDriver",
    "HttpLimits",
    "HttpRequest",
    "RealTimeDriver",
    "Received",
    "TimeDriver",
    "VenueServer",
    "retimed",
]
