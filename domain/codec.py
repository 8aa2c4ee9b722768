"""Domain values to JSON and back, for the journal: exact, typed, and refusing what it does not know.

What is to be done with a type is found out once and kept as a function: the journal encodes, decodes and compares every
event.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache, partial
from operator import attrgetter
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs

from .numbers import decimal_of, text

T = TypeVar("T")
_ITSELF = frozenset({str, int, bool, type(None)})
"""What is its own JSON form; a class derived from one of these, as some enums are, need not be."""
_NAME: Callable[[Enum], str] = attrgetter("_name_")
"""The same as `name`, which is a function of enum's and three times as slow."""


def to_json(value: object) -> object:
    """Return *value* built of dict, list, str, int, bool and None only.

    Decimals become text, enums their names, times ISO 8601.
    """
    kind: Any = type(value)
    return value if kind in _ITSELF else _writer(kind)(value)


def fields_to_json(value: attrs.AttrsInstance) -> dict[str, object]:
    """Return the fields of an attrs value as a JSON object."""
    encoded: dict[str, object] = {}
    for name in _names(type(value)):
        item = getattr(value, name)
        kind: Any = type(item)
        encoded[name] = item if kind in _ITSELF else _writer(kind)(item)
    return encoded


def from_json(kind: type[T], data: object) -> T:
    """Rebuild a value of *kind*. Fields added later with a default may be missing; unknown fields are ignored.

    Raises:
        ValueError: the data does not have the shape of *kind*.
    """
    return cast("T", _reader(cast("Any", kind))(data))


@cache
def _names(kind: type[attrs.AttrsInstance]) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(kind))


@cache
def _writer(kind: type) -> Callable[[Any], object]:
    if issubclass(kind, Enum):  # first: an IntEnum is an int too
        return _NAME
    if issubclass(kind, (str, int)):
        return _unchanged
    if issubclass(kind, Decimal):
        return text
    if issubclass(kind, datetime):
        return datetime.isoformat
    if issubclass(kind, tuple):
        return _items
    if attrs.has(kind):
        return fields_to_json
    raise TypeError(f"no JSON form for {kind.__name__}")


def _unchanged(value: object) -> object:
    return value


def _items(value: tuple[object, ...]) -> list[object]:
    return [to_json(item) for item in value]


@cache
def _reader(kind: Any) -> Callable[[object], object]:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in get_args(kind) if argument is not type(None))
        return partial(_optional, _reader(inner))
    if origin is tuple:
        return partial(_tuple, _reader(get_args(kind)[0]))
    if kind is Decimal:
        return _decimal
    if kind is datetime:
        return _datetime
    if kind in (str, int, bool):
        return partial(_of, kind)
    if issubclass(kind, Enum):
        return partial(_member, kind, dict(kind.__members__))
    return _attrs_reader(kind)


def _itself(kind: Any) -> frozenset[type]:
    """Return the types whose JSON values stand for themselves in a field of that kind."""
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    return frozenset(kinds) & _ITSELF


def _attrs_reader(kind: Any) -> Callable[[object], object]:
    hints, fields = get_type_hints(kind), [field for field in attrs.fields(kind) if field.init]
    readers = [(field.name, _itself(hints[field.name]), _reader(hints[field.name])) for field in fields]
    required = frozenset(field.name for field in fields if field.default is attrs.NOTHING)

    def read(data: object) -> object:
        if type(data) is not dict and not isinstance(data, Mapping):
            raise ValueError(f"{kind.__name__}: expected an object, was {type(data).__name__}")
        found = cast("Mapping[str, object]", data)
        if not required <= found.keys():
            missing = [field.name for field in fields if field.name in required - found.keys()]
            raise ValueError(f"{kind.__name__}: lacks {', '.join(missing)}")
        values: dict[str, object] = {}
        for name, itself, read_field in readers:
            if name in found:
                item = found[name]
                values[name] = item if type(item) in itself else read_field(item)
        return kind(**values)

    return read


def _optional(read: Callable[[object], object], data: object) -> object:
    return None if data is None else read(data)


def _tuple(read: Callable[[object], object], data: object) -> tuple[object, ...]:
    if not isinstance(data, list):
        raise ValueError(f"expected a list, was {type(data).__name__}")
    return tuple([read(item) for item in cast("list[object]", data)])


def _decimal(data: object) -> Decimal:
    return decimal_of(data, "number")


def _datetime(data: object) -> datetime:
    return datetime.fromisoformat(cast("str", _of(str, data)))


def _member(kind: type[Enum], members: Mapping[str, Enum], data: object) -> Enum:
    name = cast("str", _of(str, data))
    if name not in members:
        raise ValueError(f"{kind.__name__}: expected one of its names, was {name!r}")
    return members[name]


def _of(kind: type, data: object) -> object:
    if type(data) is not kind:
        raise ValueError(f"expected {kind.__name__}, was {type(data).__name__}")
    return data
