"""The property tests and state machines as a part of the proof: pytest runs them, with more examples than usual."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable

from tests.chaos.layer import Found
from tests.chaos.scoreboard import ROOT

LAYER = "properties"
EXAMPLES = 10


def run_properties(workers: int, *, seed: int, say: Callable[[str], None]) -> Found:
    """Run everything that hypothesis drives, seeded; what pytest prints is shown when something was found."""
    examples = os.environ.get("SUREFILL_EXAMPLES", str(EXAMPLES))
    say(f"properties: {examples} examples of each property and machine, seed {seed}")
    words = [sys.executable, "-m", "pytest", "-q", "-m", "hypothesis or chaos", "-p", "no:cacheprovider", "--timeout=0"]
    words += ["-n", str(workers), f"--hypothesis-seed={seed}", "tests"]
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "deep", "SUREFILL_EXAMPLES": examples}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    passed = re.search(r"(\d+) passed", done.stdout)
    count = 0 if passed is None else int(passed[1])
    say(f"properties: {count} held, each with up to {examples} examples")
    broken = () if done.returncode == 0 and count else (f"properties: pytest said\n{done.stdout}{done.stderr}",)
    return Found(layer=LAYER, counts={"properties": count}, violations=broken)
