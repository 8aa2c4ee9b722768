"""Probes every broken build: first healthy, where the probe must be green, then broken, where it must not be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from tests.chaos.layer import Found
from tests.chaos.teeth.broken_build import BrokenBuild, Catch, Finding
from tests.chaos.teeth.builds import BUILDS

LAYER = "teeth"


@attrs.frozen(kw_only=True)
class Verdict:
    """What became of one broken build.

    Attributes:
        build: the build.
        healthy: what the probe finds without the break: nothing, or the probe proves nothing.
        catch: how it was caught; None when it survived.
    """

    build: BrokenBuild
    healthy: tuple[Finding, ...]
    catch: Catch | None

    @property
    def complaints(self) -> tuple[str, ...]:
        """What is wrong with it, as texts one can act on."""
        found = [
            f"{self.build.name}: its probe is red without the break, by {each.by}: {each.text}" for each in self.healthy
        ]
        if self.catch is None:
            claims = ", ".join(sorted(self.build.claims))
            found.append(f"{self.build.name}: survived; {self.build.broken}, and {claims} did not notice")
        return tuple(found)


def judge(build: BrokenBuild) -> Verdict:
    """Probe one build."""
    return Verdict(build=build, healthy=build.found(), catch=build.caught())


def run(share: int, of: int, seeds: range, progress: Callable[[int, int], None]) -> Found:
    """Probe every *of*-th build from the *share*-th on; *seeds* play no part."""
    del seeds
    verdicts = verdicts_of(BUILDS[share::of], progress)
    return Found(
        layer=LAYER,
        counts={
            "broken_builds": len(verdicts),
            "broken_builds_caught": sum(1 for verdict in verdicts if not verdict.complaints),
        },
        violations=tuple(complaint for verdict in verdicts for complaint in verdict.complaints),
    )


def verdicts_of(builds: Sequence[BrokenBuild], progress: Callable[[int, int], None]) -> tuple[Verdict, ...]:
    """Probe *builds* one after the other."""
    verdicts: list[Verdict] = []
    for build in builds:
        progress(len(verdicts), len(builds))
        verdicts.append(judge(build))
    progress(len(builds), len(builds))
    return tuple(verdicts)
