"""The public face is what `__all__` says."""

import types

import surefill


def test_all_names_exactly_what_is_public() -> None:
    """Every public name of the package stands in `__all__`, once, and nothing else does."""
    public = [
        name
        for name, value in vars(surefill).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    ]

    assert sorted(surefill.__all__) == sorted([*public, "__version__"])


def test_public_things_are_documented() -> None:
    """Each public class and function says what it is in a docstring of its own."""
    things = [getattr(surefill, name) for name in surefill.__all__ if name != "__version__"]

    assert [
        thing.__name__ for thing in things if callable(thing) and not vars(thing).get("__doc__", thing.__doc__)
    ] == []
