"""A whole world in one process: an exchange, its faults, an owner that can die and come back, and a judge of it all."""

from surefill.testing.world.lifeline import Killed, Lifeline
from surefill.testing.world.market import PRICES, SYMBOLS
from surefill.testing.world.world import World

__all__ = ["PRICES", "SYMBOLS", "Killed", "Lifeline", "World"]
