"""The swarm as a layer of the proof: seeds in, what they found out."""

from __future__ import annotations

import re
from collections.abc import Callable

from surefill.testing.swarm import SeedResult, run_seed, story
from tests.chaos.layer import Found

LAYER = "swarm"


def run(share: int, of: int, seeds: range, progress: Callable[[int, int], None]) -> Found:
    """Play the share's seeds."""
    chosen = seeds[share::of]
    results: list[SeedResult] = []
    for seed in chosen:
        results.append(run_seed(seed))
        progress(len(results), len(chosen))
    orders = ("PROTECTED", "PROTECTED_WITHOUT_TAKE_PROFIT", "UNPROTECTED", "CLOSED", "REDUCED")
    return Found(
        layer=LAYER,
        counts={
            "seeds": len(results),
            "signals": sum(result.signals for result in results),
            "signals_traded": sum(result.outcomes.get(name, 0) for result in results for name in orders),
            "swarm_deaths": sum(result.deaths for result in results),
            "swarm_faults_struck": sum(result.faults for result in results),
        },
        violations=tuple(_told(result) for result in results if result.violations),
        resolve_s=tuple(each for result in results for each in result.resolve_s),
        stop_s=tuple(each for result in results for each in result.stop_s),
        naked_s=tuple(result.naked_s for result in results),
    )


def story_of(violation: str, commit: str) -> str | None:
    """Return the whole story of a violation of this layer; None for those of others."""
    found = re.match(r"seed (\d+): ", violation)
    return None if found is None else story(int(found[1]), commit=commit, trials_max=120)


def _told(result: SeedResult) -> str:
    first = result.violations[0]
    return f"seed {result.seed}: {first.invariant} at {first.time_ms} {first.symbol} {first.text} (hash {result.hash})"
