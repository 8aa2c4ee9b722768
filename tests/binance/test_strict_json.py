"""What is JSON, and what only looks like it."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.binance.strict_json import DEPTH_MAX, JsonError, parse, parse_large

plain_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**38), 10**38) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@given(plain_json)
def test_ordinary_json_is_itself(value: object) -> None:
    """Without decimals and floods, both readings give what json gives."""
    data = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")

    assert parse(data) == parse_large(data) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_refused(data: bytes) -> None:
    """Nothing but `JsonError` is ever raised, and it does not show the bytes."""
    for read in (parse, parse_large):
        try:
            read(data)
        except JsonError as error:
            assert str(error) in {  # noqa: PT017 - the point is that nothing else is raised
                "it was not UTF-8",
                "it was no JSON",
                "it was nested too deeply",
                "a name stood in it twice",
                "a number in it was not finite",
                "a number in it was too long",
            }
            assert error.__cause__ is None  # noqa: PT017 - likewise


@pytest.mark.parametrize("read", [parse, parse_large])
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no JSON"),
        (b"<html>", "no JSON"),
        (b'{"a": 1', "no JSON"),
        (b'{"a": 1} x', "no JSON"),
        (b"{'a': 1}", "no JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "no JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": NaN}', "not finite"),
        (b'{"a": Infinity}', "not finite"),
        (b"[-Infinity]", "not finite"),
        (b'{"a": 1.' + b"1" * 50 + b"}", "too long"),
        (b'{"a": 1e9999}', "too long"),
        (b'{"a": 1E-1000}', "too long"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_what_is_refused(read: object, data: bytes, problem: str) -> None:
    """Not UTF-8, cut, followed by something, not finite, too long or too deep: named, without the bytes."""
    with pytest.raises(JsonError, match=problem):
        read(data)  # type: ignore[operator]  # one of the two readings


def test_names_stand_once() -> None:
    """The last of two values wins in json; here nobody wins, at any depth."""
    for data in (b'{"a": 1, "a": 1}', b'[{"b": {"a": 1, "a": 2}}]'):
        with pytest.raises(JsonError, match="twice"):
            parse(data)
    assert parse_large(b'{"a": 1, "a": 2}') == {"a": 2}


def test_numbers_are_exact_and_bounded() -> None:
    """Decimals are never floats; an integer of forty digits is read, a longer one is not."""
    value = parse(b'{"a": 0.1, "b": 1e3, "c": 12345678901234567890}')

    assert value == {"a": Decimal("0.1"), "b": Decimal("1e3"), "c": 12345678901234567890}
    assert isinstance(value, dict)
    assert [type(each) for each in value.values()] == [Decimal, Decimal, int]
    assert parse(b"9" * 40) == int("9" * 40)
    with pytest.raises(JsonError, match="too long"):
        parse(b"9" * 41)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_the_depth_is_bounded(opening: str, closing: str) -> None:
    """Thirty-two levels are read, thirty-three are not."""
    parse((opening * 32 + "1" + closing * 32).encode())
    with pytest.raises(JsonError, match="deeply"):
        parse((opening * 33 + "1" + closing * 33).encode())


def test_a_long_list_is_not_a_deep_one() -> None:
    """Depth is bounded, not how many objects stand side by side."""
    rows = [{"orderId": number, "fills": []} for number in range(5 * DEPTH_MAX)]

    assert parse(json.dumps(rows).encode()) == rows
