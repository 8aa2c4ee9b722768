"""Probes every broken build: first healthy, where the probes must be green, then broken, where they must not be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from tests.chaos.layer import Found
from tests.chaos.teeth.broken_build import BrokenBuild, Catch, Claim, Finding, Probe
from tests.chaos.teeth.builds import BUILDS

LAYER = "teeth"


@attrs.frozen(kw_only=True)
class Verdict:
    """What became of one claim.

    Attributes:
        build: the build.
        claim: the claim.
        healthy: what its probe finds without the break: nothing, or the probe proves nothing.
        catch: how the build was caught; None when it survived.
    """

    build: BrokenBuild
    claim: Claim
    healthy: tuple[Finding, ...]
    catch: Catch | None

    @property
    def complaints(self) -> tuple[str, ...]:
        """What is wrong with it, as texts one can act on."""
        name, layer = self.build.name, self.claim.probe.layer
        found = [f"{name}: the {layer} is red without the break, by {each.by}: {each.text}" for each in self.healthy]
        if self.catch is None:
            claims = ", ".join(sorted(self.claim.by))
            found.append(f"{name}: survived; {self.build.broken}, and {claims} ({layer}) did not notice")
        return tuple(found)


def judge(build: BrokenBuild, green: dict[Probe, tuple[Finding, ...]] | None = None) -> tuple[Verdict, ...]:
    """Probe one build by everybody who claims it; *green* remembers what was found in the healthy one."""
    known = {} if green is None else green
    for claim in build.claims:
        if claim.probe not in known:
            known[claim.probe] = claim.probe.found()
    with build.breaks():
        catches = [claim.catch() for claim in build.claims]
    return tuple(
        Verdict(build=build, claim=claim, healthy=known[claim.probe], catch=catch)
        for claim, catch in zip(build.claims, catches, strict=True)
    )


def run(share: int, of: int, seeds: range, progress: Callable[[int, int], None]) -> Found:
    """Probe every *of*-th build from the *share*-th on; *seeds* play no part."""
    del seeds
    judged = judge_all(BUILDS[share::of], progress)
    return Found(
        layer=LAYER,
        counts={
            "broken_builds": len(judged),
            "broken_builds_caught": sum(1 for verdicts in judged if is_caught(verdicts)),
        },
        violations=tuple(text for verdicts in judged for verdict in verdicts for text in verdict.complaints),
    )


def judge_all(builds: Sequence[BrokenBuild], progress: Callable[[int, int], None]) -> tuple[tuple[Verdict, ...], ...]:
    """Probe *builds* one after the other."""
    judged: list[tuple[Verdict, ...]] = []
    green: dict[Probe, tuple[Finding, ...]] = {}
    for build in builds:
        progress(len(judged), len(builds))
        judged.append(judge(build, green))
    progress(len(builds), len(builds))
    return tuple(judged)


def is_caught(verdicts: Sequence[Verdict]) -> bool:
    """Whether everybody who claims the build caught it, and none of them cries at the healthy one."""
    return not any(verdict.complaints for verdict in verdicts)
