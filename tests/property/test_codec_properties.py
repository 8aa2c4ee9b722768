"""The journal's JSON, damaged in any way."""

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from surefill.domain.events import KINDS, decode, encode
from tests.unit.test_events import EXAMPLES

_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["NEW", "LONG", "0.1", "-1", "1e5", "2026-11-22T10:00:00", ""])
)
_JSON = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


def _places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value, the outermost left out."""
    items: list[tuple[Any, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [place for key, inner in items for place in ((*path, key), *_places(inner, (*path, key)))]


@given(st.sampled_from(sorted(KINDS)), _JSON, st.data())
def test_damage_is_read_or_refused(name: str, damage: object, data: st.DataObject) -> None:
    """A body with any one value replaced or removed is an event again or a ValueError, never another failure."""
    body = copy.deepcopy(encode(EXAMPLES[name])[1])
    *path, last = data.draw(st.sampled_from(_places(body)))
    spot: Any = body
    for key in path:
        spot = spot[key]
    if isinstance(spot, dict) and data.draw(st.booleans()):
        del spot[last]
    else:
        spot[last] = damage

    try:
        event = decode(name, body)
    except ValueError:
        return
    assert decode(*encode(event)) == event


@given(st.sampled_from(sorted(KINDS)), st.dictionaries(st.text(max_size=6), _JSON, max_size=4))
def test_unknown_fields_are_ignored(name: str, extra: dict[str, object]) -> None:
    """Whatever a later version adds beside the known fields, the event stays the same."""
    kind, body = encode(EXAMPLES[name])

    assert decode(kind, extra | json.loads(json.dumps(body))) == EXAMPLES[name]
