"""Broken builds, and that breaking leaves nothing broken."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import attrs
import pytest

from tests.chaos.teeth import patch
from tests.chaos.teeth.broken_build import BrokenBuild, Catch, Claim, Finding, Probe
from tests.chaos.teeth.builds import BUILDS
from tests.chaos.teeth.runner import is_caught, judge, judge_all

BUILDS_MIN = 28
QUICK_LAYER = "judged scenario"


def _quick() -> Iterator[BrokenBuild]:
    """The builds that a scenario catches, claimed by nobody else: seconds for all of them together."""
    for build in BUILDS:
        claims = tuple(claim for claim in build.claims if claim.probe.layer == QUICK_LAYER)
        if claims:
            yield attrs.evolve(build, claims=claims)


@pytest.mark.parametrize("build", list(_quick()), ids=lambda build: build.name)
def test_a_broken_build_is_caught_by_who_claims_it(build: BrokenBuild) -> None:
    """Its probe is green on the healthy build, and red, by one of its claims, on the broken one."""
    assert [text for verdict in judge(build) for text in verdict.complaints] == []


def test_there_are_enough_and_none_twice() -> None:
    """Each build has a name of its own, says what it breaks, and somebody claims it."""
    assert len(BUILDS) >= BUILDS_MIN
    assert len({build.name for build in BUILDS}) == len(BUILDS)
    assert all(build.broken and build.patches and build.claims for build in BUILDS)


class _Whole:
    def works(self) -> bool:
        return True


def _broken(_: _Whole) -> bool:
    return False


def test_what_was_broken_is_whole_again() -> None:
    """A patch lasts as long as its block, also when that ends with an error."""
    table = {"a": 1}
    with patch.attribute(_Whole, "works", _broken)(), patch.entry(table, "b", 2)():
        assert not _Whole().works()
        assert table == {"a": 1, "b": 2}
    with pytest.raises(ZeroDivisionError), patch.attribute(_Whole, "works", _broken)():
        raise ZeroDivisionError

    assert _Whole().works()
    assert table == {"a": 1}


def test_a_build_is_broken_no_longer_than_it_should() -> None:
    """What the patches of the builds replaced is back afterwards, everywhere it is known by name."""
    whole = _everything()
    with BUILDS[0].breaks():
        assert _everything() != whole
    for build in BUILDS[1:]:
        with build.breaks():
            pass
    assert _everything() == whole


def test_what_is_there_no_more_cannot_be_broken() -> None:
    """A build whose place in the code is gone says so, rather than breaking nothing."""
    with pytest.raises(AttributeError, match="has no 'rests' any more"):
        patch.attribute(_Whole, "rests", _broken)


def _probe(*found: str) -> Probe:
    """A layer that always finds the same, one thing a unit."""
    return Probe(layer="a layer", unit="unit", run=lambda: iter([(Finding(by=each, text="x"),) for each in found]))


def _build(claim: Claim) -> BrokenBuild:
    return BrokenBuild(
        name="b", broken="nothing is", patches=(patch.attribute(_Whole, "works", _broken),), claims=(claim,)
    )


def _only_when_broken() -> Iterator[tuple[Finding, ...]]:
    yield ()
    yield () if _Whole().works() else (Finding(by="I1", text="twice"),)


def test_a_build_that_nobody_notices_survives() -> None:
    """What a probe does not find, and what somebody else than its claim finds, is a complaint."""
    (unseen,) = judge(_build(Claim({"I1"}, _probe())))
    (misnamed,) = judge(_build(Claim({"I1"}, _probe("I2"))))

    assert unseen.complaints == ("b: survived; nothing is, and I1 (a layer) did not notice",)
    assert [text.partition(";")[0] for text in misnamed.complaints] == [
        "b: the a layer is red without the break, by I2: x",
        "b: survived",
    ]


def test_a_probe_that_is_red_anyway_proves_nothing() -> None:
    """A finding on the healthy build is a complaint, though the broken one is caught, too."""
    (verdict,) = judge(_build(Claim({"I1"}, _probe("I1"))))

    assert verdict.catch is not None
    assert verdict.complaints == ("b: the a layer is red without the break, by I1: x",)


def test_a_catch_tells_after_how_many_units() -> None:
    """The unit that found it is counted, and the progress is told before each build and at the end."""
    told: list[tuple[int, int]] = []
    build = _build(Claim({"I1"}, Probe(layer="a layer", unit="unit", run=_only_when_broken)))

    ((verdict,), again) = judge_all([build, build], lambda done, planned: told.append((done, planned)))

    assert verdict.catch == Catch(by="I1", after=2, text="twice")
    assert is_caught((verdict,))
    assert is_caught(again)
    assert told == [(0, 2), (1, 2), (2, 2)]


def _everything() -> dict[tuple[str, ...], int]:
    """Which object each name stands for: in our modules, in their classes, and in their tables."""
    found: dict[tuple[str, ...], int] = {}
    for module, contents in _ours():
        for name, value in contents.items():
            found[module, name] = id(value)
            if isinstance(value, type) and value.__module__ == module:
                found |= {(module, name, inner): id(thing) for inner, thing in vars(value).items()}
            elif isinstance(value, dict) and not name.startswith("__"):
                found |= {(module, name, str(key)): id(thing) for key, thing in value.items()}
    return found


def _ours() -> Iterator[tuple[str, dict[str, object]]]:
    for module, loaded in list(sys.modules.items()):
        if module.partition(".")[0] == "surefill":
            yield module, vars(loaded)
