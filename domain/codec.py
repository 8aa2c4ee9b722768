"""Domain values to JSON and back, for the journal: exact, typed, and refusing what it does not know."""

from __future__ import annotations

import types
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs

from .numbers import decimal_of, text

T = TypeVar("T")
_ITSELF = frozenset({str, int, bool, type(None)})
"""What is its own JSON form; a class derived from one of these, as some enums are, need not be."""


def to_json(value: object) -> object:
    """Return *value* built of dict, list, str, int, bool and None only.

    Decimals become text, enums their names, times ISO 8601.
    """
    if type(value) in _ITSELF:
        return value
    if isinstance(value, Enum):  # first: an IntEnum is an int too
        return value.name
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [to_json(item) for item in cast("tuple[object, ...]", value)]
    if attrs.has(type(value)):
        return fields_to_json(cast("attrs.AttrsInstance", value))
    raise TypeError(f"no JSON form for {type(value).__name__}")


def fields_to_json(value: attrs.AttrsInstance) -> dict[str, object]:
    """Return the fields of an attrs value as a JSON object."""
    encoded: dict[str, object] = {}
    for name in _names(type(value)):
        item = getattr(value, name)
        encoded[name] = item if type(item) in _ITSELF else to_json(item)
    return encoded


@cache
def _names(kind: type[attrs.AttrsInstance]) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(kind))


def from_json(kind: type[T], data: object) -> T:
    """Rebuild a value of *kind*. Fields added later with a default may be missing; unknown fields are ignored.

    Raises:
        ValueError: the data does not have the shape of *kind*.
    """
    return cast("T", _build(kind, data))


def _build(kind: Any, data: object) -> object:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _build_optional(kind, data)
    if origin is tuple:
        return tuple(_build(get_args(kind)[0], item) for item in _list(data))
    if kind is Decimal:
        return decimal_of(data, "number")
    if kind is datetime:
        return datetime.fromisoformat(_of(str, data))
    if kind in (str, int, bool):
        return _of(kind, data)
    if issubclass(kind, Enum):
        return _member(kind, _of(str, data))
    return _build_attrs(kind, data)


def _build_optional(kind: Any, data: object) -> object:
    if data is None:
        return None
    (inner,) = (argument for argument in get_args(kind) if argument is not type(None))
    return _build(inner, data)


def _build_attrs(kind: Any, data: object) -> object:
    if not isinstance(data, Mapping):
        raise ValueError(f"{kind.__name__}: expected an object, was {type(data).__name__}")
    fields = cast("Mapping[str, object]", data)
    hints = _hints(kind)
    required = (field.name for field in attrs.fields(kind) if field.init and field.default is attrs.NOTHING)
    missing = [name for name in required if name not in fields]
    if missing:
        raise ValueError(f"{kind.__name__}: lacks {', '.join(missing)}")
    return kind(**{name: _build(hint, fields[name]) for name, hint in hints.items() if name in fields})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in attrs.fields(kind) if field.init}


def _member(kind: type[Enum], name: str) -> Enum:
    if name not in kind.__members__:
        raise ValueError(f"{kind.__name__}: expected one of its names, was {name!r}")
    return kind[name]


def _of(kind: type, data: object) -> Any:
    if type(data) is not kind:
        raise ValueError(f"expected {kind.__name__}, was {type(data).__name__}")
    return data


def _list(data: object) -> list[object]:
    if not isinstance(data, list):
        raise ValueError(f"expected a list, was {type(data).__name__}")
    return cast("list[object]", data)
