"""Broken builds, and that breaking leaves nothing broken."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.chaos.teeth import patch
from tests.chaos.teeth.broken_build import BrokenBuild
from tests.chaos.teeth.builds import BUILDS
from tests.chaos.teeth.runner import judge

BUILDS_MIN = 28
QUICK = [build for build in BUILDS if all(claim.probe.layer == "judged scenario" for claim in build.claims)]


@pytest.mark.parametrize("build", QUICK, ids=lambda build: build.name)
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
    """What the patches of a build replaced is back afterwards, everywhere it is known by name."""
    whole = _everything()
    for build in BUILDS:
        with build.breaks():
            assert _everything() != whole, build.name
        assert _everything() == whole, build.name


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
