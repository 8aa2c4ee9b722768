"""What happens in a seed, step by step, drawn before it begins: so it can be printed, cut down and played again."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Final, Protocol

import attrs

from surefill.domain.halt import HaltLevel
from surefill.testing.swarm.events import (
    CancelAll,
    CancelLeg,
    Die,
    Down,
    Halt,
    LoseJournal,
    Move,
    SetLeverage,
    Start,
    Trade,
    Wait,
)
from surefill.testing.swarm.signals import Again, Close, Conflict, Enter
from surefill.testing.swarm.weather import Weather
from surefill.testing.world import SYMBOLS, World


class Step(Protocol):
    """One thing that happens; its repr is the code that makes it again."""

    def run(self, world: World) -> None:
        """Let it happen."""
        ...


SIZES: Final = {"AAAUSDT": Decimal("0.001"), "BBBUSDT": Decimal("0.1"), "测试USDT": Decimal(10)}
"""The grain of the quantities drawn, base units, by symbol: each grain is worth more than the exchange's minimum."""
SIGNALS = (Enter, Close, Again, Conflict)


@attrs.define
class Author:
    """Writes the script of one seed; it keeps in mind roughly what should be open, to write mostly sensible signals."""

    weather: Weather
    random: Random
    _open: dict[str, bool] = attrs.field(factory=dict[str, bool])
    _ids: list[str] = attrs.field(factory=list[str])

    def write(self, signals: int) -> tuple[Step, ...]:
        """Return a script with so many signals."""
        steps: list[Step] = []
        for _ in range(signals):
            steps += self._trouble()
            steps.append(self._signal())
            steps += self._passing()
        return tuple(steps)

    def _signal(self) -> Step:
        dice = self.random.random()
        if self._ids and dice < 0.42:
            return Again(id=self.random.choice(self._ids[-8:]))
        if self._ids and dice < 0.45:
            return Conflict(id=self.random.choice(self._ids[-8:]))
        closes = self._open and (len(self._open) == len(SYMBOLS) or dice < 0.72)
        self._ids.append(f"s{len(self._ids) + 1}")
        return self._close(self._ids[-1]) if closes else self._enter(self._ids[-1])

    def _enter(self, signal_id: str) -> Step:
        random = self.random
        flat = [symbol for symbol in SYMBOLS if symbol not in self._open]
        symbol = random.choice(SYMBOLS if not flat or random.random() < 0.15 else flat)
        is_long, too_late = random.random() < 0.5, random.random() < 0.06
        if not too_late:
            self._open[symbol] = is_long
        return Enter(
            id=signal_id,
            symbol=symbol,
            is_long=is_long,
            quantity=SIZES[symbol] * random.randint(1, 50),
            stop_percent=Decimal(random.choice(("0.3", "1", "2.37", "5"))),
            target_percent=None if random.random() < 0.2 else Decimal(random.choice(("0.4", "1.5", "4"))),
            too_late=too_late,
        )

    def _close(self, signal_id: str) -> Step:
        random = self.random
        symbol = random.choice(sorted(self._open))
        part = random.random() < 0.2
        is_long = self._open[symbol] if part else self._open.pop(symbol)
        quantity = SIZES[symbol] * random.randint(1, 10) if part else None
        return Close(id=signal_id, symbol=symbol, is_long=is_long, quantity=quantity)

    def _passing(self) -> list[Step]:
        """What passes between two signals: ticks, and time."""
        random = self.random
        steps: list[Step] = []
        if random.random() < 0.6:
            steps.append(Move(symbol=random.choice(SYMBOLS), percent=Decimal(random.randint(-60, 60)).scaleb(-2)))
        if random.random() < self.weather.jumps:
            steps.append(Move(symbol=random.choice(SYMBOLS), percent=Decimal(random.choice((-7, -3, 3, 7)))))
        if random.random() < 0.5:
            steps.append(Wait(seconds=random.choice((0.3, 1, 2, 6))))
        return steps

    def _trouble(self) -> list[Step]:
        random, weather = self.random, self.weather
        steps: list[Step] = []
        if random.random() < weather.crash:
            steps.append(Die(after=random.randint(1, 60)))
            if random.random() < 0.3:
                steps.append(Start(dies_after=random.randint(1, 40)))
        if random.random() < weather.down:
            steps.append(Down(seconds=random.choice((2, 45, 600, 7_200))))
        if random.random() < weather.hands:
            symbol = random.choice(SYMBOLS)
            trade = Trade(symbol=symbol, side=random.choice(("BUY", "SELL")), quantity=SIZES[symbol] * 3)
            steps.append(random.choice((trade, CancelLeg(symbol=symbol, place=random.randint(0, 3)))))
        if random.random() < weather.drills:
            steps.append(self._drill())
        if random.random() < weather.forgets:
            steps += [LoseJournal(), *(Again(id=each) for each in self._ids[-6:])]
        return steps

    def _drill(self) -> Step:
        random = self.random
        level = random.choice((HaltLevel.NO_ENTRIES, HaltLevel.CANCEL_ENTRIES, HaltLevel.FLATTEN_OURS))
        if level is HaltLevel.FLATTEN_OURS:
            self._open.clear()
        symbol = random.choice(SYMBOLS)
        leverage = SetLeverage(symbol=symbol, leverage=random.choice((5, 10, 20)))
        return random.choice((Halt(level=level, seconds=6), leverage, CancelAll(symbol=symbol)))


def script_of(weather: Weather, signals: int) -> tuple[Step, ...]:
    """Write the script of a seed; the same weather and number, the same script."""
    return Author(weather, Random(f"script {weather.seed}")).write(signals)
