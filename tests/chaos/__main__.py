"""``python -m tests.chaos``: the whole proof under fault, its scoreboard as the last line. ``make chaos`` calls it."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Sequence

from surefill.testing.swarm import story
from tests.chaos import readme, scoreboard, swarm_runner
from tests.chaos.plan import FULL_SEEDS, LAYERS
from tests.chaos.pool import Crew
from tests.chaos.properties import run_properties
from tests.chaos.show import Show

FULL_SECONDS = 590
CI_SECONDS = 300
STORIES_MAX = 2


def main(words: Sequence[str]) -> int:
    """Run what the command line asks for; 0 when no promise was broken."""
    asked = _parser().parse_args(words)
    if asked.readme:
        return readme.paste()
    if asked.story is not None:
        sys.stdout.write(story(asked.story, commit=scoreboard.commit()) + "\n")
        return 0
    began = time.monotonic()
    is_ci = asked.share == "ci"
    seeds = FULL_SEEDS if asked.seeds is None else asked.seeds
    seconds = asked.seconds or _seconds(is_ci=is_ci, is_long=asked.seeds is not None)
    names = [layer.name for layer in LAYERS] if asked.only is None else asked.only.split(",")
    with Show() as show:
        crew = Crew(asked.workers, began + seconds, show.at)
        if asked.only is None and not is_ci:  # CI has just run them as tests
            crew.found.append(run_properties(asked.workers, seed=seeds.start, say=show.say))
        layers = [layer for layer in LAYERS if layer.name in names]
        crew.work([part for layer in layers for part in layer.parts(ci=is_ci, seeds=seeds)])
    return _conclude(
        crew, is_whole=not is_ci and asked.only is None, seconds=time.monotonic() - began, share=asked.share
    )


def _conclude(crew: Crew, *, is_whole: bool, seconds: float, share: str) -> int:
    commit = scoreboard.commit()
    left = [f"{layer}: {count} parts were not begun in time" for layer, count in sorted(crew.left.items())]
    board = scoreboard.scoreboard(
        crew.found,
        {
            "share": share if not left else f"{share}, cut short",
            "seconds": round(seconds),
            "workers": crew.workers,
            "cpu_seconds": {layer: round(spent) for layer, spent in crew.cpu_s.items()},
            "commit": commit,
            "versions": scoreboard.versions(),
        },
    )
    broken = [each for found in crew.found for each in found.violations]
    for text in (*broken, *left):
        sys.stdout.write(text + "\n")
    stories = (swarm_runner.story_of(each, commit) for each in broken)
    for _, told in zip(range(STORIES_MAX), (each for each in stories if each is not None), strict=False):
        sys.stdout.write("\n" + told + "\n")
    if is_whole:
        scoreboard.write(board)
    sys.stdout.write(f"scoreboard {scoreboard.line(board)}\n")
    return 1 if broken or (left and is_whole) else 0


def _seconds(*, is_ci: bool, is_long: bool) -> float:
    if is_long:
        return math.inf
    return CI_SECONDS if is_ci else FULL_SECONDS


def _seeds(text: str) -> range:
    first, dots, last = text.partition("..")
    return range(int(first), int(last if dots else first) + 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", type=_seeds, help="of the swarm, a..b, both included; as long as it takes")
    parser.add_argument("--workers", type=int, default=2, help="processes at once")
    parser.add_argument("--seconds", type=float, help="after which no new part is begun")
    parser.add_argument("--share", choices=("full", "ci"), default="full", help="all of it, or two minutes of it")
    parser.add_argument("--only", help="layers, by comma, without the property tests")
    parser.add_argument("--story", type=int, metavar="SEED", help="tell the whole story of one seed of the swarm")
    parser.add_argument("--readme", action="store_true", help="paste the last scoreboard into the README")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
