"""What the market does while nobody is there to see it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from surefill.testing.world import World
from tests.chaos.crash.step import AAA

TRIGGER_S: Final = 0.1


@attrs.frozen(kw_only=True)
class Meanwhile:
    """What happens between a death and the next start.

    Attributes:
        name: what a person calls it.
        prices: what AAAUSDT trades at, one after the other.
        seconds: how long nobody is there after each.
    """

    name: str
    prices: tuple[Decimal, ...] = ()
    seconds: float = 0

    def happen(self, world: World) -> None:
        """Let it happen, with nobody there.

        Time that passes and nothing else finds an owner who lives asleep, as on a machine that is suspended.
        """
        for last in self.prices:
            world.tick(AAA, last)
            world.wait(self.seconds)
        if not self.prices:
            world.exchange.clock.sleep(self.seconds)

    def strike(self, world: World) -> None:
        """Let the market move in this very moment, in the middle of a call, with the time that triggers need."""
        for last in self.prices:
            world.tick(AAA, last)
            world.exchange.clock.sleep(TRIGGER_S)


NOTHING: Final = Meanwhile(name="nothing")
THROUGH_STOP: Final = Meanwhile(name="the price falls through the stop", prices=(Decimal(58_500),), seconds=2)
THROUGH_TARGET: Final = Meanwhile(name="the price rises through the target", prices=(Decimal(62_500),), seconds=2)
THERE_AND_BACK: Final = Meanwhile(
    name="the price falls through the stop and comes back", prices=(Decimal(58_500), Decimal(60_000)), seconds=1
)
AN_HOUR: Final = Meanwhile(name="an hour passes", seconds=3600)
MEANWHILES: Final = (THROUGH_STOP, THROUGH_TARGET, THERE_AND_BACK, AN_HOUR)
