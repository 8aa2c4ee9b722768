"""One line of the audit log: its fields, its limits, and what hostile values cannot do to it."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surefill.adapters.audit.line import FIELDS, FIRST_PREV_HASH, LINE_BYTES_MAX, day_of, line_of
from surefill.domain.audit_record import AuditRecord, AuditType
from surefill.domain.errors import JournalError
from surefill.domain.halt import HaltLevel

AT_MS = 1_795_305_600_123  # 2026-11-22T00:00:00.123Z


def _record(**named: Any) -> AuditRecord:  # any field of the record
    values: dict[str, Any] = {
        "at_ms": AT_MS,
        "type": AuditType.ORDER_PLACED,
        "operation": "execute_signal",
        "environment": "paper",
    }
    return AuditRecord(**(values | named))


def _fields(record: AuditRecord) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line_of(record, 1, FIRST_PREV_HASH))
    return found


def test_a_line_is_exactly_this() -> None:
    """The form of a line is a promise to whoever reads it: fields, order, spelling."""
    record = _record(
        symbol="BTCUSDT",
        order_data={"side": "BUY", "quantity": "0.010"},
        response={"orderId": 7, "ok": True, "none": None},
        signal_id="s1",
        client_order_id="sf-1",
    )

    assert line_of(record, 3, "ab" * 32) == (
        b'{"timestamp":"2026-11-22T00:00:00.123Z","event_type":"order_placed","operation":"execute_signal",'
        b'"symbol":"BTCUSDT","order_data":{"side":"BUY","quantity":"0.010"},'
        b'"response":{"orderId":7,"ok":true,"none":null},"signal_id":"s1","client_order_id":"sf-1",'
        b'"environment":"paper","seq":3,"prev_hash":"' + b"ab" * 32 + b'"}\n'
    )


@pytest.mark.parametrize(
    ("at_ms", "day"),
    [(AT_MS, "2026-11-22"), (AT_MS - 124, "2026-11-21"), (0, "1970-01-01"), (253_402_300_799_999, "9999-12-31")],
)
def test_a_day_begins_at_midnight_utc(at_ms: int, day: str) -> None:
    """The day is the record's, in UTC, to the millisecond."""
    assert day_of(at_ms) == day


@pytest.mark.parametrize("at_ms", [10**18, -(10**18)])
def test_a_time_outside_the_calendar_has_no_line(at_ms: int) -> None:
    """A record that has no date cannot be kept."""
    with pytest.raises(JournalError, match="needs a time within the calendar"):
        line_of(_record(at_ms=at_ms), 1, FIRST_PREV_HASH)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("64210.50"), "64210.50"),
        (0.1, "0.1"),
        (float("nan"), "nan"),
        (HaltLevel.NO_ENTRIES, "NO_ENTRIES"),
        (AuditType.HALTED, "HALTED"),
        (2**63 - 1, 2**63 - 1),
        (2**20_000, "<integer of 20001 bits>"),
        ((1, [2, "x"]), [1, [2, "x"]]),
        ({1: "x"}, {"<int>": "x"}),
        ({"a", "b"}, "<set>"),
        (b"secret", "<bytes>"),
        (ValueError("secret"), "<ValueError>"),
        ([[[[[[[[["deep"]]]]]]]]], [[[[[[["<nested too deeply>"]]]]]]]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_value_has_a_form(value: object, shown: object) -> None:
    """Numbers stay exact as text, and what JSON cannot hold is named by its type and never by its content."""
    assert _fields(_record(response={"value": value}))["response"] == {"value": shown}


@pytest.mark.parametrize(
    "hostile",
    ["a\nb", "a\r\n{}", "\x00\x1b[2J\x7f", "\u2028\u2029\u202e\ufeff", "\ud800", "测试\x85"],
    ids=["newline", "crlf", "control", "bidi", "surrogate", "cjk"],
)
def test_no_value_leaves_its_line(hostile: str) -> None:
    """Whatever a value holds, the line is printable ASCII with one newline, at its end, and gives the value back."""
    record = _record(symbol=hostile, order_data={hostile: hostile}, signal_id=hostile)
    line = line_of(record, 1, FIRST_PREV_HASH)

    assert line.endswith(b"}\n")
    assert all(0x20 <= byte < 0x7F for byte in line[:-1])
    fields = _fields(record)
    assert (fields["symbol"], fields["order_data"], fields["signal_id"]) == (hostile, {hostile: hostile}, hostile)


@pytest.mark.parametrize(
    ("response", "note"),
    [
        ({"body": "x" * 1_000_000}, "<truncated, 1000000 characters>"),
        ({"body": "\U0001f600" * 20_000}, "<truncated, 20000 characters>"),
        ({"rows": ["x" * 100] * 10_000}, "<truncated, 10000 items>"),
        ({str(number): "x" * 40 for number in range(5_000)}, "5000 entries"),
        ({"x" * 1_000_000: 1}, "<truncated, 1000000 characters>"),
        ({str(number): ["\U0001f600" * 128] * 16 for number in range(16)}, "the record was "),
    ],
    ids=["text", "astral text", "list", "entries", "key", "everything"],
)
def test_a_long_record_is_cut_visibly(response: dict[str, object], note: str) -> None:
    """No line is longer than the limit; what was cut away is named, and the order's own data stays when it can."""
    record = _record(response=response, order_data={"side": "BUY"}, signal_id="s1")
    line = line_of(record, 1, FIRST_PREV_HASH)

    assert len(line) <= LINE_BYTES_MAX
    assert note.encode() in line
    assert json.loads(line)["signal_id"] == "s1"
    assert (json.loads(line)["order_data"] == {"side": "BUY"}) == (note != "the record was ")


def test_names_are_cut_too() -> None:
    """The texts beside the data cannot make a line too long either."""
    huge = "\U0001f600" * 100_000
    line = line_of(
        _record(operation=huge, symbol=huge, signal_id=huge, client_order_id=huge, environment=huge), 1, FIRST_PREV_HASH
    )

    assert len(line) <= LINE_BYTES_MAX


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=8,
)


@settings(max_examples=50)  # large, slow examples
@given(st.dictionaries(st.text(), _VALUES), st.text(), st.none() | st.text())
def test_any_record_makes_one_valid_line(data: dict[str, object], text: str, name: str | None) -> None:
    """Whatever a record holds, its line is one JSON object with the fields in order."""
    line = line_of(_record(order_data=data, operation=text, symbol=name), 7, FIRST_PREV_HASH)

    assert line.count(b"\n") == 1
    assert len(line) <= LINE_BYTES_MAX
    assert tuple(json.loads(line)) == FIELDS
