"""The layer of real kills: campaigns until enough processes were killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.chaos.kill.campaign import campaign
from tests.chaos.kill.inquest import problems
from tests.chaos.layer import Found

KILLS: Final = 32
KILLS_PER_CAMPAIGN: Final = 4
FULL_DISK_EVERY: Final = 4
"""Every so many campaigns the first process finds a full disk."""
FULL_AT: Final = 120_000
KILLS_MORE: Final = 3
LONG_RUN_SEEDS: Final = 5_000
"""From so many seeds on a run is a long one: `KILLS_MORE` times as many."""


def run(share: int, of: int, seeds: range, progress: Callable[[int, int], None]) -> Found:
    """Do one share of the kills: its campaigns one after the other, each with a seed of its own."""
    kills = KILLS * (KILLS_MORE if len(seeds) >= LONG_RUN_SEEDS else 1)
    campaigns = -(-kills // KILLS_PER_CAMPAIGN)
    mine = [seeds.start + number for number in range(campaigns) if number % of == share]
    return hunt(mine, KILLS_PER_CAMPAIGN, progress)


def hunt(seeds: list[int], kills: int, progress: Callable[[int, int], None]) -> Found:
    """Run one campaign for each seed, with up to *kills* killed processes in each."""
    killed, full, violations = 0, 0, list[str]()
    for done, seed in enumerate(seeds):
        progress(done, len(seeds))
        full_at = FULL_AT if seed % FULL_DISK_EVERY == 0 else 0
        full += bool(full_at)
        with TemporaryDirectory() as folder, campaign(seed, kills, Path(folder), full_at=full_at) as (result, venue):
            with venue.server.timeline:
                rows, now_ms = tuple(venue.ledger.rows), venue.server.venue.now_ms
            killed += len(result.kills)
            where = f"kill: campaign {seed}, {result.lives} processes, killed {result.kills}"
            violations += [f"{where}: {problem}" for problem in problems(result, rows, now_ms)]
    progress(len(seeds), len(seeds))
    return Found(layer="kill", counts={"kills": killed, "full_disks": full}, violations=tuple(violations))
