"""A build that is broken on purpose, and the layers that claim to catch it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import attrs

from tests.chaos.teeth.patch import Patch


@attrs.frozen(kw_only=True)
class Finding:
    """Something that a layer says is wrong.

    Attributes:
        by: which of its checks says so: an invariant by its number, a test or a cell of the matrix by its name.
        text: what is wrong.
    """

    by: str
    text: str


@attrs.frozen(kw_only=True)
class Probe:
    """The smallest piece of a layer that should catch a build.

    Attributes:
        layer: which layer.
        unit: what it is counted in, in the singular.
        run: does one unit at each step and yields what it finds.
    """

    layer: str
    unit: str
    run: Callable[[], Iterator[Sequence[Finding]]]

    def found(self) -> tuple[Finding, ...]:
        """Run all of it in this very process, broken or not."""
        return tuple(finding for findings in self.run() for finding in findings)


@attrs.frozen(kw_only=True)
class Catch:
    """How a broken build was caught: by whom, after how many units, and with which words."""

    by: str
    after: int
    text: str


@attrs.frozen
class Claim:
    """A layer's word that it catches a build.

    Attributes:
        by: the checks of which one must catch it; what others find does not count.
        probe: where they look.
    """

    by: Collection[str]
    probe: Probe

    def catch(self) -> Catch | None:
        """Run the probe, in a broken build, until one of the checks reports it; None when none does."""
        for after, findings in enumerate(self.probe.run(), 1):
            for finding in findings:
                if finding.by in self.by:
                    return Catch(by=finding.by, after=after, text=finding.text)
        return None


@attrs.frozen(kw_only=True)
class BrokenBuild:
    """A build that breaks one thing.

    Attributes:
        name: short.
        broken: what is broken, in one sentence.
        patches: what makes it so, undone together.
        claims: every one of them must catch it.
    """

    name: str
    broken: str
    patches: tuple[Patch, ...]
    claims: tuple[Claim, ...]

    @contextmanager
    def breaks(self) -> Iterator[None]:
        """Run the broken build while the block lasts."""
        with ExitStack() as stack:
            for patch in self.patches:
                stack.enter_context(patch())
            yield
