"""Events: each kind there and back through the journal's JSON."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import pytest

from surefill.domain import events
from surefill.domain.events import KINDS, Event, decode, encode
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg
from surefill.domain.order import OrderStatus
from surefill.domain.refusal import Refusal
from surefill.domain.reply import Reply, ReplyKind
from surefill.domain.report import ClosedBy, Correction, ExecutionReport, Outcome
from surefill.domain.side import SignalType
from surefill.domain.snapshot import Watermark
from tests.doubles import ONE, SYMBOL, a_bracket, a_position, a_signal, an_order

_BRACKET = a_bracket()
_ORDER = an_order(
    status=OrderStatus.EXPIRED,
    executed_quantity=Decimal("0.4"),
    average_price=Decimal("89.95"),
    updated_ms=5,
    reason="no liquidity",
)
_REPORT = ExecutionReport(
    signal_id="s1",
    symbol=SYMBOL,
    type=SignalType.LONG_ENTRY,
    outcome=Outcome.CLOSED,
    reason=Refusal.MARGIN,
    text="“closed”",
    filled_quantity=ONE,
    average_price=Decimal("100.05"),
    entry=_ORDER,
    stop_loss=_ORDER,
    take_profit=_ORDER,
    exit=_ORDER,
    closed_by=ClosedBy.STOP_LOSS,
    position=a_position("0.6"),
    naked_seconds=Decimal("0.412"),
    provisional=True,
    corrections=(Correction(1, Outcome.NOT_FILLED, "first"), Correction(2, Outcome.PROTECTED, "then")),
    at_ms=9,
)
_SIGNAL = a_signal(created_at=datetime(2026, 11, 22, tzinfo=UTC), valid_until=datetime(2026, 11, 23, tzinfo=UTC))
EXAMPLES: dict[str, Event] = {
    type(event).__name__: event
    for event in (
        events.Claimed(1, "s1", "digest", _SIGNAL, ONE),
        events.Planned(2, "s1", _BRACKET),
        events.Intent(
            3, "s1", Leg.STOP, 2, _BRACKET.stop(ONE, 2), "d", 3, 8, Watermark(7, 8), (events.Allotment("s2", ONE),)
        ),
        events.Answered(4, "s1", "sf-1", Reply(ReplyKind.RETRYABLE, Refusal.RATE_LIMITED, -1003, "slow", _ORDER, 500)),
        events.Seen(5, "s1", "sf-1", _ORDER),
        events.Missed(6, "s1", "sf-1"),
        events.Absent(7, "s1", "sf-1"),
        events.CancelAsked(8, "s1", "sf-1", for_good=True),
        events.Covered(9, "s1"),
        events.Exposed(10, "s1"),
        events.Waived(11, "s1"),
        events.Exited(12, "s1", "sf-2", Decimal("0.10")),
        events.WrittenOff(13, "s1", Decimal("0.00000001")),
        events.Reported(14, "s1", _REPORT),
        events.Released(15, "s1"),
        events.Reclaimed(16, "s1"),
        events.Closed(17, "s1", ClosedBy.ELSEWHERE),
        events.Halted(18, HaltLevel.CANCEL_ENTRIES, "by hand", outside=True),
        events.Resumed(19, "all is well"),
        events.Frozen(20, SYMBOL, "an outcome is unknown"),
        events.Thawed(21, SYMBOL),
    )
}


def test_every_kind_has_an_example() -> None:
    """A new kind of event must be tried here, and be known to the type of all events."""
    assert set(EXAMPLES) == set(KINDS)
    assert set(KINDS.values()) == set(get_args(Event))
    assert all(name == kind.__name__ for name, kind in KINDS.items())


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_kind_comes_back(name: str) -> None:
    """Each kind survives the journal: to JSON text and back, equal in every field."""
    kind, body = encode(EXAMPLES[name])

    assert kind == name
    assert decode(kind, json.loads(json.dumps(body))) == EXAMPLES[name]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_empty_body_is_refused(name: str) -> None:
    """No kind can be rebuilt from nothing."""
    with pytest.raises(ValueError, match=f"{name}: lacks at_ms"):
        decode(name, {})


def test_a_cancel_of_an_earlier_version_may_be_undone() -> None:
    """A journal written before wishes were told apart is read as it was meant: the guard may replace the order."""
    body = {"at_ms": 8, "signal_id": "s1", "client_id": "sf-1"}
    assert decode("CancelAsked", body) == events.CancelAsked(8, "s1", "sf-1", for_good=False)


def test_unknown_kinds_are_refused() -> None:
    """An event of a later version is not skipped in silence: the journal cannot be read by this one."""
    with pytest.raises(ValueError, match="event kind 'Invented' is not known"):
        decode("Invented", {"at_ms": 1})


def test_the_kinds_are_these() -> None:
    """The names in existing journals stay readable."""
    assert sorted(KINDS) == sorted(
        [
            "Claimed",
            "Planned",
            "Intent",
            "Answered",
            "Seen",
            "Missed",
            "Absent",
            "CancelAsked",
            "Covered",
            "Exposed",
            "Waived",
            "Exited",
            "WrittenOff",
            "Reported",
            "Released",
            "Reclaimed",
            "Closed",
            "Halted",
            "Resumed",
            "Frozen",
            "Thawed",
        ]
    )


def test_which_events_open_and_close_a_signal() -> None:
    """A claim opens a signal for the journal, a release or a close closes it, nothing else does either."""
    verdicts = {name: kind.signal_open for name, kind in KINDS.items()}

    assert {name for name, verdict in verdicts.items() if verdict is True} == {"Claimed", "Reclaimed"}
    assert {name for name, verdict in verdicts.items() if verdict is False} == {"Released", "Closed"}


def test_which_events_concern_no_signal() -> None:
    """Halts and freezes concern no single signal."""
    assert {name for name, event in EXAMPLES.items() if event.signal_id is None} == {
        "Halted",
        "Resumed",
        "Frozen",
        "Thawed",
    }
