"""The seeded swarm: from a number, a world, its weather and its script; and what it found, cut down to what matters."""

from surefill.testing.swarm.seed import SIGNALS_PER_SEED, SeedResult, run_script, run_seed
from surefill.testing.swarm.story import story
from surefill.testing.swarm.weather import FAULTS, Weather

__all__ = ["FAULTS", "SIGNALS_PER_SEED", "SeedResult", "Weather", "run_script", "run_seed", "story"]
