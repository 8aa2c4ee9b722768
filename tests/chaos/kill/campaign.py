"""One campaign: an exchange, a process that trades on it, and the system that kills that process again and again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from queue import Empty, SimpleQueue
from random import Random
from threading import Thread
from typing import IO, Final

import attrs

from surefill.adapters.clock import SystemClock
from surefill.adapters.http_venue import RealTimeDriver
from surefill.testing.http_venue_fixture import HttpVenue, running_venue
from tests.chaos.kill import trades
from tests.chaos.kill.trades import BASES, Trade, fast_clock

ROOT: Final = Path(__file__).resolve().parents[3]
TRADES: Final = 8
POINTS_MAX: Final = 25
"""A process is killed at a point up to this one, or at a moment of its own."""
MOMENT_MAX_S: Final = 0.6
SILENCE_MAX_S: Final = 60.0
"""A process that says nothing for so long has hung."""
BEAT_S: Final = 0.05
LAST_LOOKS: Final = 20
"""So often the last process works off what is due before it is judged: 10 s of its clock, as long as I3 allows.

What is gone since before its time it believes only once it has seen it missing for `flat_confirm_ms` itself.
"""
JUMP: Final = Decimal("0.016")
DRIFT: Final = Decimal("0.003")


@attrs.define(kw_only=True)
class Campaign:
    """What happened in one.

    Attributes:
        seed: of all that is drawn.
        folder: where the processes keep what outlives them.
        wanted: what they were to carry out.
        kills: where each killed process stood.
        lives: how many processes there were.
        problem: why it did not come to its end; None when it did.
    """

    seed: int
    folder: Path
    wanted: tuple[Trade, ...]
    kills: list[str] = attrs.field(factory=list[str])
    lives: int = 0
    problem: str | None = None


@attrs.define
class Crowd:
    """Everybody else on the market: prices wander, jump now and then through stops and targets, and come back."""

    venue: HttpVenue
    random: Random
    is_gone: bool = False

    def beat(self) -> None:
        """Let one symbol trade elsewhere."""
        if self.is_gone:
            return
        symbol = self.random.choice(tuple(BASES))
        width = JUMP if self.random.random() < 0.04 else DRIFT
        steps = self.random.randrange(-10, 11)
        price = BASES[symbol] * (1 + width * steps / 10)
        self.venue.move(symbol, price.quantize(Decimal("0.1")))


@contextmanager
def campaign(
    seed: int, kills: int, folder: Path, *, full_at: int = 0, count: int = TRADES
) -> Iterator[tuple[Campaign, HttpVenue]]:
    """Let processes trade in *folder* and kill up to *kills* of them, until one of them is done.

    The first of them finds no room for files beyond *full_at* bytes, if that is above 0; it is not the last.

    Yields:
        what happened, and the exchange, which still stands.
    """
    random = Random(seed)
    result = Campaign(seed=seed, folder=folder, wanted=trades.trades(seed, count))
    trades.write(folder / "trades.json", result.wanted)
    with running_venue(prices=BASES, time=RealTimeDriver(fast_clock()), seed=seed) as venue:
        crowd = Crowd(venue, Random(f"crowd {seed}"))  # how often it draws depends on the machine: no kill may
        if full_at:
            _live(result, venue, crowd, random, may_be_killed=False, full_at=full_at)
        while result.problem is None:
            if _live(result, venue, crowd, random, may_be_killed=len(result.kills) < kills):
                rest(result, venue)
                break
        yield result, venue


def rest(result: Campaign, venue: HttpVenue, *, looks: int = LAST_LOOKS) -> None:
    """Let a last process live in a quiet market, and guard for so many *looks*: it must come to rest."""
    nothing = Random(result.seed)
    _live(result, venue, Crowd(venue, nothing, is_gone=True), nothing, may_be_killed=False, looks=looks)


def _live(
    result: Campaign,
    venue: HttpVenue,
    crowd: Crowd,
    random: Random,
    *,
    may_be_killed: bool,
    full_at: int = 0,
    looks: int = 0,
) -> bool:
    """Let one process live until it is killed or done; return whether it was done."""
    result.lives += 1
    at_point = random.randrange(1, POINTS_MAX + 1) if may_be_killed and random.random() < 0.7 else 0
    moment_s = random.random() * MOMENT_MAX_S if may_be_killed and not at_point else None
    numbers = (str(at_point), str(full_at), str(looks))
    arguments = (venue.url, venue.api_key, venue.api_secret, str(result.folder), *numbers)
    command = [sys.executable, "-m", "tests.chaos.kill.child", *arguments]
    with (result.folder / f"errors-{result.lives}.txt").open("wb") as errors:
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)  # noqa: S603 - ours
    with child:
        said: SimpleQueue[str] = SimpleQueue()
        reader = Thread(target=_listen, args=(child.stdout, said), daemon=True)
        reader.start()
        try:
            return _watch(result, child, said, crowd, moment_s)
        finally:
            child.kill()
            child.wait()
            reader.join()


def _watch(
    result: Campaign, child: subprocess.Popen[str], said: SimpleQueue[str], crowd: Crowd, moment_s: float | None
) -> bool:
    clock, last = SystemClock(), ""
    heard_ms, kill_ms = clock.monotonic_ms(), None
    while True:
        crowd.beat()
        now_ms = clock.monotonic_ms()
        if kill_ms is not None and now_ms >= kill_ms:
            result.kills.append(f"a moment after {last!r}")
            return False
        try:
            last = said.get(timeout=BEAT_S)
        except Empty:
            if child.poll() is not None and said.empty():
                result.problem = f"process {result.lives} ended by itself after {last!r}: {_errors(result)}"
                return False
            if now_ms - heard_ms > SILENCE_MAX_S * 1000:
                result.problem = f"process {result.lives} said nothing for {SILENCE_MAX_S} s after {last!r}"
                return False
            continue
        heard_ms = now_ms
        if last.startswith("halted "):
            result.kills.append(last.removeprefix("halted "))
            return False
        if last == "trading" and moment_s is not None:
            kill_ms = now_ms + round(moment_s * 1000)
        if last == "done":
            child.wait()
            return True


def _listen(output: IO[str] | None, said: SimpleQueue[str]) -> None:
    for line in output or ():
        said.put(line.rstrip("\n"))


def _errors(result: Campaign) -> str:
    return (result.folder / f"errors-{result.lives}.txt").read_text(encoding="utf-8", errors="replace")[-2_000:]
