"""How one order of ours appears in a look."""

from decimal import Decimal

import pytest

from surefill.domain.ids import Leg
from surefill.domain.leg_view import LegView, view
from surefill.domain.order import OrderStatus
from surefill.domain.reply import ReplyKind
from surefill.domain.snapshot import Snapshot
from surefill.domain.timings import Timings
from tests.doubles import ONE, Tale, a_snapshot

_TIMINGS = Timings()
_GRACE, _HARD = _TIMINGS.visibility_grace_ms, _TIMINGS.protect_hard_ms


def _sent(kind: ReplyKind | None = ReplyKind.ACCEPTED, at_ms: int = 0) -> tuple[Tale, str]:
    tale = Tale()
    stop = tale.sends(Leg.STOP, ONE, at_ms)
    if kind is not None:
        tale.answered(stop, kind, at_ms)
    return tale, stop


def _view(tale: Tale, client_id: str, snapshot: Snapshot, now_ms: int | None = None) -> LegView:
    now = snapshot.at_ms if now_ms is None else now_ms
    return view(tale.state.legs[client_id], snapshot, now, _TIMINGS)


def _showing(tale: Tale, client_id: str, at_ms: int) -> Snapshot:
    order = tale.state.legs[client_id].order
    assert order is not None
    return a_snapshot(at_ms, orders=[order])


@pytest.mark.parametrize("kind", [ReplyKind.NOT_SENT, ReplyKind.REJECTED, ReplyKind.RETRYABLE])
def test_what_never_was_is_nothing(kind: ReplyKind) -> None:
    """An order that was refused needs no looking for."""
    assert _view(*_sent(kind), a_snapshot(10)) is LegView.NOTHING


@pytest.mark.parametrize(
    "status", [OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED]
)
def test_what_ended_has_ended(status: OrderStatus) -> None:
    """An order seen to its end is not looked for, even where a lagging list still shows it."""
    tale, stop = _sent()
    tale.seen(stop, status, 5)

    assert _view(tale, stop, a_snapshot(10, orders=[tale.order(stop)])) is LegView.ENDED


def test_what_is_shown_resting_is_live() -> None:
    """An order that this look shows as NEW is live, without any question asked."""
    tale, stop = _sent()
    tale.seen(stop, at_ms=10)

    assert _view(tale, stop, _showing(tale, stop, 10)) is LegView.LIVE
    assert _view(tale, stop, _showing(tale, stop, 99_999)) is LegView.LIVE


def test_an_answer_alone_shows_nothing() -> None:
    """A stop that was acknowledged as NEW but is not shown is asked for: acknowledged is not seen."""
    tale, stop = _sent(kind=None)
    tale.answered(stop, at_ms=0, order=tale.order(stop))

    assert _view(tale, stop, a_snapshot(10)) is LegView.ASK


@pytest.mark.parametrize("kind", [ReplyKind.ACCEPTED, ReplyKind.UNKNOWN, ReplyKind.EXISTS, None])
def test_what_should_be_there_is_asked_for(kind: ReplyKind | None) -> None:
    """An order that may rest but is not listed is asked for by id, at once."""
    assert _view(*_sent(kind), a_snapshot(10)) is LegView.ASK


def test_a_look_begun_before_the_answer_cannot_show_it() -> None:
    """A reading older than the answer, or than the intent while there is none, says nothing about the order."""
    answered = _sent(at_ms=20)
    unanswered = _sent(None, at_ms=20)

    assert _view(*answered, a_snapshot(19)) is LegView.WAIT
    assert _view(*answered, a_snapshot(20)) is LegView.ASK
    assert _view(*unanswered, a_snapshot(19)) is LegView.WAIT
    assert _view(*unanswered, a_snapshot(20)) is LegView.ASK


def test_one_question_a_look() -> None:
    """Asked since the look began and found resting, it is live though the list lags behind."""
    tale, stop = _sent()
    tale.seen(stop, at_ms=12)

    assert _view(tale, stop, a_snapshot(12)) is LegView.LIVE
    assert _view(tale, stop, a_snapshot(13)) is LegView.ASK


def test_not_found_is_waited_for_within_the_grace() -> None:
    """Asked for in vain it may still become visible, for as long as the grace after its answer lasts."""
    tale, stop = _sent()
    tale.missed(stop, 10)

    assert _view(tale, stop, a_snapshot(10)) is LegView.WAIT
    assert _view(tale, stop, a_snapshot(10), _GRACE - 1) is LegView.WAIT
    assert _view(tale, stop, a_snapshot(10), _GRACE) is LegView.LOST


def test_a_new_look_does_not_ask_again_at_once() -> None:
    """A later look, still without the order, decides by the last question, or the decision would never come."""
    tale, stop = _sent()
    tale.missed(stop, 10)

    assert _view(tale, stop, a_snapshot(300)) is LegView.WAIT
    assert _view(tale, stop, a_snapshot(_GRACE + 9)) is LegView.LOST
    assert _view(tale, stop, a_snapshot(_GRACE + 10)) is LegView.ASK


def test_until_the_hard_deadline_it_is_asked_for_once_a_second() -> None:
    """What was asked for in vain may still appear soon: a second after the last question it is asked for again."""
    tale, stop = _sent()
    tale.missed(stop, 0)
    tale.missed(stop, _HARD - 1)

    assert _view(tale, stop, a_snapshot(_HARD + _GRACE - 2)) is LegView.LOST
    assert _view(tale, stop, a_snapshot(_HARD + _GRACE - 1)) is LegView.ASK


def test_questions_become_rarer() -> None:
    """After the hard deadline a lost order is asked for only at the ages of the late watch, and at last no more."""
    tale, stop = _sent()
    tale.missed(stop, 0)
    tale.missed(stop, _HARD)

    first, last = _TIMINGS.late_watch_ms[0], _TIMINGS.late_watch_until_ms
    assert _view(tale, stop, a_snapshot(first - 1)) is LegView.LOST
    assert _view(tale, stop, a_snapshot(first)) is LegView.ASK

    tale.missed(stop, last)
    assert _view(tale, stop, a_snapshot(10 * last)) is LegView.LOST


def test_a_lost_order_may_come_back() -> None:
    """An order that appears after all is live again, and a later disappearance is asked about at once."""
    tale, stop = _sent()
    tale.missed(stop, 10)
    tale.seen(stop, at_ms=5_000)

    assert _view(tale, stop, _showing(tale, stop, 5_000)) is LegView.LIVE
    assert _view(tale, stop, a_snapshot(5_001)) is LegView.ASK


@pytest.mark.parametrize("status", [OrderStatus.TRIGGERING, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED])
def test_a_trigger_under_way_has_its_time(status: OrderStatus) -> None:
    """Between trigger and end an order protects nothing for sure: within 5 s it is waited for, after that stuck."""
    tale, stop = _sent()
    tale.seen(stop, status, 1_000, executed=Decimal(0))
    shown = _showing(tale, stop, 6_000)

    assert _view(tale, stop, shown, 6_000) is LegView.TRIGGERING
    assert _view(tale, stop, shown, 6_001) is LegView.STUCK


def test_an_order_shown_but_not_taken_in_counts_as_live() -> None:
    """A listed order of which nothing else is known rests, as far as the list says."""
    tale, stop = _sent()

    assert _view(tale, stop, a_snapshot(10, orders=[tale.order(stop)])) is LegView.LIVE
