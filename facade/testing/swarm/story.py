"""What a failing seed prints: enough to see it, and to see it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from surefill.testing.swarm.script import Step, script_of
from surefill.testing.swarm.seed import SIGNALS_PER_SEED, Play
from surefill.testing.swarm.shrink import TRIALS_MAX, shrink
from surefill.testing.swarm.states import both_states
from surefill.testing.swarm.weather import Weather


def story(seed: int, signals: int = SIGNALS_PER_SEED, *, commit: str = "unknown", trials_max: int = TRIALS_MAX) -> str:
    """Return the whole story of a failing seed as text; a seed that holds tells so.

    It plays the seed again until the first violation, cuts the script down to what is needed for it, and shows what
    the ledger says and what the journal believes at that moment.

    Args:
        seed: which.
        signals: as it was run.
        commit: of the code that fails.
        trials_max: how much work the cutting down may be, in plays.
    """
    weather = Weather.of(seed)
    script = script_of(weather, signals)
    return "\n".join(_lines(weather, script, shrink(weather, script, trials_max), commit))


def _lines(weather: Weather, script: Sequence[Step], short: Sequence[Step], commit: str) -> Iterator[str]:
    play = Play(weather, short)
    play.safety(stop_at_first=True)
    if play.failed_after is None:
        play.liveness()
    yield f"seed {weather.seed}, commit {commit}"
    first = play.first
    if first is None:
        yield "nothing is broken"
        return
    yield f"first broken: {first.invariant} at {first.time_ms} {first.symbol} {first.text}"
    yield f"weather: {weather!r}"
    yield f"script, {len(short)} of {len(script)} steps; play it with run_script(Weather.of({weather.seed}), script):"
    yield from (f"    {step!r}," for step in short)
    yield from both_states(play.world)
