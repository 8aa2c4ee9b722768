"""Replacing a piece of the running code by a broken one, and putting the whole one back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias, cast

_HERE = "tests.chaos.teeth."

Patch: TypeAlias = Callable[[], AbstractContextManager[None]]


def attribute(owner: object, name: str, broken: object) -> Patch:
    """Replace what *owner*, a module or a class, has under *name*; a class may have it from one that it extends."""
    holders = owner.__mro__ if isinstance(owner, type) else (owner,)
    holder = next((each for each in holders if name in vars(each)), None)
    if holder is None:
        raise AttributeError(f"{owner!r} has no {name!r} any more: break its successor")

    @contextmanager
    def replaced() -> Iterator[None]:
        whole = vars(holder)[name]
        setattr(holder, name, broken)
        try:
            yield
        finally:
            setattr(holder, name, whole)

    return replaced


def function(whole: object, broken: object) -> Patch:
    """Replace a function wherever a module knows it by a name: importing by name makes copies of the name."""

    @contextmanager
    def replaced() -> Iterator[None]:
        _swap(whole, broken)
        try:
            yield
        finally:
            _swap(broken, whole)  # found anew: a module may have been loaded meanwhile

    return replaced


def entry(table: object, key: object, broken: object) -> Patch:
    """Replace what a dictionary holds under *key*, or add it."""
    values = cast("dict[object, object]", table)

    @contextmanager
    def replaced() -> Iterator[None]:
        before = dict(values)
        values[key] = broken
        try:
            yield
        finally:
            values.clear()
            values.update(before)

    return replaced


def _swap(old: object, new: object) -> None:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in ("surefill", "tests") or name.startswith(_HERE):
            continue  # whoever breaks a function still knows the whole one
        names = cast("dict[str, object]", vars(module))
        for known in [known for known, value in names.items() if value is old]:
            names[known] = new
