"""The codec: exact there and back, and a refusal of everything it does not know."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs
import pytest

from surefill.domain.codec import fields_to_json, from_json, to_json
from surefill.domain.halt import HaltLevel


class _Colour(Enum):
    RED = "#f00"


@attrs.frozen
class _Part:
    name: str
    weight: Decimal


@attrs.frozen
class _Thing:
    colour: _Colour
    level: HaltLevel
    price: Decimal
    count: int
    good: bool
    at: datetime
    part: _Part
    parts: tuple[_Part, ...] = ()
    maker: _Part | None = None
    note: str | None = None
    derived: int = attrs.field(init=False, default=7)


_THING = _Thing(
    colour=_Colour.RED,
    level=HaltLevel.FLATTEN_OURS,
    price=Decimal("64210.50"),
    count=-3,
    good=True,
    at=datetime(2026, 11, 22, 10, 0, 0, 123_456, tzinfo=UTC),
    part=_Part("测试 \x00 \U0001f600", Decimal("0.00000001")),
    parts=(_Part("a", Decimal(1)), _Part("b", Decimal(2))),
)
_BODY: dict[str, Any] = {
    "colour": "RED",
    "level": "FLATTEN_OURS",
    "price": "64210.50",
    "count": -3,
    "good": True,
    "at": "2026-11-22T10:00:00.123456+00:00",
    "part": {"name": "测试 \x00 \U0001f600", "weight": "0.00000001"},
    "parts": [{"name": "a", "weight": "1"}, {"name": "b", "weight": "2"}],
    "maker": None,
    "note": None,
    "derived": 7,
}


def test_a_value_becomes_this_json() -> None:
    """Decimals are text that keeps its scale, enums their names, times ISO 8601, tuples lists."""
    assert fields_to_json(_THING) == to_json(_THING) == _BODY


def test_a_value_comes_back_exactly() -> None:
    """Through the text of JSON and back nothing is lost, not even a trailing zero."""
    back = from_json(_Thing, json.loads(json.dumps(_BODY)))

    assert back == _THING
    assert str(back.price) == "64210.50"


def test_fields_of_a_later_version_are_ignored() -> None:
    """What a newer version wrote beside the known fields does not keep an older one from reading."""
    assert from_json(_Thing, _BODY | {"invented_later": {"deep": [1]}}) == _THING


def test_fields_added_later_may_be_missing() -> None:
    """What an older version did not write takes its default."""
    old = {name: value for name, value in _BODY.items() if name not in {"parts", "maker", "note", "derived"}}

    assert from_json(_Thing, old) == attrs.evolve(_THING, parts=())


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "GREEN"},
        {"colour": "#f00"},  # the name counts, not the value
        {"colour": None},
        {"level": 3},
        {"price": 64210.5},
        {"price": "1e5"},
        {"price": "NaN"},
        {"price": None},
        {"count": "3"},
        {"count": 3.0},
        {"count": True},
        {"good": 1},
        {"at": 1_795_300_000_000},
        {"at": "yesterday"},
        {"part": "a"},
        {"part": ["name", "a"]},
        {"part": {}},
        {"part": {"name": "a"}},
        {"part": {"name": 1, "weight": "1"}},
        {"parts": {"name": "a", "weight": "1"}},
        {"parts": [None]},
        {"parts": "ab"},
        {"maker": []},
        {"note": 5},
    ],
)
def test_wrong_shapes_are_value_errors(change: dict[str, Any]) -> None:
    """Each field with a value of another shape is refused with a ValueError that a reader of a journal can handle."""
    with pytest.raises(ValueError, match=r"."):
        from_json(_Thing, _BODY | change)


@pytest.mark.parametrize("name", ["colour", "price", "part"])
def test_missing_fields_are_named(name: str) -> None:
    """A body without a field that has no default is refused, naming class and field."""
    with pytest.raises(ValueError, match=f"_Thing: lacks {name}"):
        from_json(_Thing, {field: value for field, value in _BODY.items() if field != name})


@pytest.mark.parametrize("data", [None, [], "RED", 5])
def test_what_is_no_object_is_refused(data: object) -> None:
    """Only an object can become a value with fields."""
    with pytest.raises(ValueError, match="_Thing: expected an object, was "):
        from_json(_Thing, data)


@pytest.mark.parametrize("value", [1.5, b"x", {"a": 1}, [1], {1}, object()])
def test_what_has_no_exact_json_is_refused(value: object) -> None:
    """Floats above all: a value without an exact form is a programming error, and said so."""
    with pytest.raises(TypeError, match=f"no JSON form for {type(value).__name__}"):
        to_json(value)


class _Word(str):
    __slots__ = ()


class _Letter(str, Enum):  # noqa: UP042 both at once is the point
    A = "first"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), (True, True), (7, 7), ("x", "x"), (_Word("x"), "x"), (_Letter.A, "A"), (HaltLevel.NONE, "NONE")],
)
def test_plain_values_are_their_own_json(value: object, expected: object) -> None:
    """Text, whole numbers, truth and nothing stay what they are; an enum is its name, whatever else it is too."""
    assert to_json(value) == expected
