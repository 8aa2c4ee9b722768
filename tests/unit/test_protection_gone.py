"""Size that is missing, and size that is not ours."""

from decimal import Decimal

import pytest

from surefill.domain.actions import Action, CancelLegs, LookAgain, Raise, WriteOff
from surefill.domain.alarm import AlarmKind
from surefill.domain.events import Allotment
from surefill.domain.ids import Leg
from surefill.domain.order import ZERO, OrderStatus
from surefill.domain.reply import ReplyKind
from surefill.domain.side import Direction, PositionMode
from tests.doubles import ONE, Tale, a_book, a_look, a_tale, decisions

_CONFIRM = 3_000
_SINCE = 10_000
_SURE = _SINCE + _CONFIRM
_UNEXPLAINED, _DENIED = 60_000, 900_000
_ALL = Decimal(1_000_000)


def _decide(
    *tales: Tale, held: list[str], now_ms: int = _SURE, since_ms: int = _SINCE, lost: Decimal | None = _ALL
) -> tuple[Action, ...]:
    """The size has been seen missing since *since_ms*; fills of others took *lost* of it, None when nobody knows."""
    book = a_book(
        *tales,
        missing_since_ms=dict.fromkeys(Direction, since_ms),
        lost_elsewhere={} if lost is None else dict.fromkeys(Direction, lost),
    )
    return decisions(*tales, book=book, held=held, now_ms=now_ms)


def test_size_that_stays_missing_is_written_off() -> None:
    """A position seen gone for as long as the confirmation takes is believed gone."""
    assert _decide(a_tale(), held=[]) == (WriteOff("s1", ONE),)


def test_missing_size_is_confirmed_first() -> None:
    """One look that shows less may be a replica that lags behind: nothing is written off before its time."""
    assert _decide(a_tale(), held=[], now_ms=_SURE - 1) == (LookAgain(_SURE),)


def test_what_was_not_known_to_be_missing_counts_from_now() -> None:
    """Without an earlier sight of the gap the confirmation starts with this look."""
    assert decisions(a_tale(), held=[], now_ms=_SURE) == (LookAgain(_SURE + _CONFIRM),)


@pytest.mark.parametrize(
    ("held", "lost"),
    [
        ("2.5", []),
        ("2", ["0.5"]),
        ("1.5", ["1"]),
        ("1", ["1", "0.5"]),
        ("0.2", ["1", "0.5", "0.8"]),
        ("-1", ["1", "0.5", "1"]),
    ],
)
def test_the_oldest_brackets_lose_first(held: str, lost: list[str]) -> None:
    """What is missing is taken from the oldest bracket until it has none, then from the next, no more than missing."""
    tales = [a_tale("a"), a_tale("b", quantity=Decimal("0.5")), a_tale("c")]

    written_off = [action for action in _decide(*tales, held=[held]) if isinstance(action, WriteOff)]

    expected = [WriteOff(name, Decimal(size)) for name, size in zip("abc", lost, strict=False)]
    assert written_off == expected


def test_hedge_directions_lose_separately() -> None:
    """A long that is gone costs the short beside it nothing."""
    long = a_tale("long", mode=PositionMode.HEDGE)
    short = a_tale("short", mode=PositionMode.HEDGE, direction=Direction.SHORT)

    assert _decide(long, short, held=["-1"]) == (WriteOff("long", ONE),)


@pytest.mark.parametrize("leg", [Leg.STOP, Leg.TARGET])
@pytest.mark.parametrize("status", [OrderStatus.TRIGGERING, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED])
def test_a_leg_under_way_explains_the_gap(leg: Leg, status: OrderStatus) -> None:
    """A leg in its trigger probably took the size: its fill is waited for, and not written off beside it."""
    tale = a_tale()
    tale.seen(tale.newest(leg), status, _SURE)

    assert not any(isinstance(action, WriteOff) for action in _decide(tale, held=[]))


@pytest.mark.parametrize("leg", [Leg.STOP, Leg.TARGET])
def test_a_leg_that_must_be_asked_for_may_explain_the_gap(leg: Leg) -> None:
    """A leg that is not where it should be is asked for before anything is believed."""
    tale = a_tale()
    book = a_book(tale, missing_since_ms={Direction.LONG: _SINCE})
    snapshot = a_look(tale, at_ms=_SURE, held=[], hidden=[tale.newest(leg)])

    actions = decisions(tale, book=book, snapshot=snapshot, now_ms=_SURE)

    assert not any(isinstance(action, WriteOff) for action in actions)


@pytest.mark.parametrize("kind", [None, ReplyKind.UNKNOWN, ReplyKind.ACCEPTED])
@pytest.mark.parametrize("leg", [Leg.ENTRY, Leg.EXIT])
def test_an_open_question_may_explain_the_gap(leg: Leg, kind: ReplyKind | None) -> None:
    """While nobody knows what an entry or exit of the bracket did, nothing is written off."""
    tale = a_tale()
    client_id = tale.sends(leg)
    if kind is not None:
        tale.answered(client_id, kind)

    assert not any(isinstance(action, WriteOff) for action in _decide(tale, held=[]))


def test_an_exit_of_another_signal_may_explain_the_gap() -> None:
    """A close's exit that may still fill keeps the brackets it is meant for from being written off."""
    tale, close = a_tale(), Tale("close")
    close.sends(Leg.EXIT, ONE, for_others=(Allotment("s1", ONE),))

    assert _decide(tale, close, held=[]) == (LookAgain(_SURE + 250),)


def test_one_unsettled_bracket_holds_back_the_direction() -> None:
    """Whose size is missing is not known while one of several brackets is unsettled."""
    settled, unsettled = a_tale("a"), a_tale("b")
    unsettled.seen(unsettled.newest(Leg.STOP), OrderStatus.TRIGGERING, _SURE)

    assert not any(isinstance(action, WriteOff) for action in _decide(settled, unsettled, held=["1"]))


def _foreign(actions: tuple[Action, ...]) -> list[str]:
    return [action.text for action in actions if isinstance(action, Raise) and action.kind is AlarmKind.FOREIGN_CHANGE]


@pytest.mark.parametrize(
    ("held", "words"),
    [(["1.5"], "0.5 LONG"), (["-2"], "2 SHORT")],
)
def test_foreign_size_is_told_and_left_alone(held: list[str], words: str) -> None:
    """Size beyond ours raises an alarm with how much and which way; no order touches it."""
    (text,) = _foreign(decisions(a_tale(), held=held, now_ms=_SURE))

    assert text.startswith(f"BTCUSDT holds {words} that is not ours; it is left alone")


def test_foreign_size_alone_changes_nothing_else() -> None:
    """The alarm is all that comes of it."""
    assert [type(action) for action in decisions(a_tale(), held=["1.5"], now_ms=_SURE)] == [Raise]


def test_our_own_size_is_not_foreign() -> None:
    """Exactly what the brackets add up to is ours."""
    assert _foreign(decisions(a_tale("a"), a_tale("b"), now_ms=_SURE)) == []


def test_a_symbol_without_brackets_is_not_ours_to_judge() -> None:
    """Where we hold no plan, whatever is held there is no news."""
    assert decisions(held=["5"], now_ms=_SURE) == ()


@pytest.mark.parametrize(("age_ms", "told"), [(_CONFIRM - 1, False), (_CONFIRM, True)])
def test_size_just_after_our_own_fill_may_still_be_ours(age_ms: int, *, told: bool) -> None:
    """Shortly after a fill of ours the position may be shown as it was before: no false alarm."""
    tale = a_tale()
    tale.seen(tale.newest(Leg.STOP), OrderStatus.EXPIRED, _SURE, executed="0.5", updated_ms=_SURE)

    actions = decisions(tale, held=["1"], now_ms=_SURE + age_ms)

    assert bool(_foreign(actions)) is told


def test_size_is_not_foreign_while_an_entry_is_in_question() -> None:
    """More than we know of may be our own entry whose answer was lost."""
    tale = a_tale()
    asking = Tale("asking")
    asking.answered(asking.sends(Leg.ENTRY), ReplyKind.UNKNOWN)

    assert _foreign(decisions(tale, asking, held=["2"], now_ms=_SURE)) == []


def test_a_bracket_written_off_is_cleared_next() -> None:
    """Once its size is written off the bracket is flat, and its legs are cancelled."""
    tale = a_tale()
    tale.written_off(ONE)

    assert decisions(tale, held=[]) == (CancelLegs("s1", (tale.newest(Leg.STOP), tale.newest(Leg.TARGET))),)


@pytest.mark.parametrize(("lost", "wait_ms"), [(None, _UNEXPLAINED), (ZERO, _DENIED)])
def test_size_that_no_fill_explains_is_waited_for(lost: Decimal | None, wait_ms: int) -> None:
    """A position read may lag far behind: nothing is given up for a minute; far longer if the fills deny the loss."""
    late = _SINCE + wait_ms
    assert _decide(a_tale(), held=[], lost=lost) == (LookAgain(_SURE + 1_000),)
    assert _decide(a_tale(), held=[], lost=lost, now_ms=late - 1) == (LookAgain(late - 1 + 1_000),)
    assert _decide(a_tale(), held=[], lost=lost, now_ms=late) == (WriteOff("s1", ONE),)


def test_what_fills_explain_is_written_off_first() -> None:
    """Of one that is missing, fills of others explain a part: that part goes, the rest waits."""
    part = Decimal("0.4")
    assert _decide(a_tale(), held=[], lost=part) == (WriteOff("s1", part), LookAgain(_SURE + 1_000))
