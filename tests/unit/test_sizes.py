"""Size beyond what can be read off one position: opposite sizes, absent entries, lost legs, and ids filled twice."""

from decimal import Decimal

import pytest

from surefill.domain.actions import Action, ExitNow, ExitWhy, Inquire, LookAgain, Raise, WriteOff
from surefill.domain.alarm import AlarmKind
from surefill.domain.ids import Leg
from surefill.domain.reply import ReplyKind
from surefill.domain.side import Direction, PositionMode
from tests.doubles import ONE, Tale, a_book, a_tale, decisions

_NOW = 100_000
_GRACE, _POLL_MAX = 1_000, 1_000


def _short(signal_id: str, size: str = "1", mode: PositionMode = PositionMode.ONE_WAY) -> Tale:
    return a_tale(signal_id, direction=Direction.SHORT, quantity=Decimal(size), mode=mode)


def _long(signal_id: str, size: str = "1", mode: PositionMode = PositionMode.ONE_WAY) -> Tale:
    return a_tale(signal_id, quantity=Decimal(size), mode=mode)


def _lost(actions: tuple[Action, ...]) -> dict[str, str]:
    """What is written off, by signal."""
    return {action.signal_id: str(action.quantity) for action in actions if isinstance(action, WriteOff)}


# --- opposite sizes of ours -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("longs", "shorts", "lost"),
    [
        (["1"], ["1"], {"l0": "1", "s0": "1"}),
        (["1"], ["3"], {"l0": "1", "s0": "1"}),
        (["3"], ["1"], {"l0": "1", "s0": "1"}),
        (["1", "1"], ["1.5"], {"l0": "1", "l1": "0.5", "s0": "1.5"}),
        (["2"], ["0.5", "0.5"], {"l0": "1.0", "s0": "0.5", "s1": "0.5"}),
    ],
)
def test_on_a_one_way_account_opposite_sizes_cancel_each_other(
    longs: list[str], shorts: list[str], lost: dict[str, str]
) -> None:
    """They cannot stand side by side: the smaller of both sums is gone on each side, oldest first, at once."""
    tales = [_long(f"l{number}", size) for number, size in enumerate(longs)]
    tales += [_short(f"s{number}", size) for number, size in enumerate(shorts)]

    assert _lost(decisions(*tales, now_ms=_NOW)) == lost


@pytest.mark.parametrize(
    ("held", "netted"), [(["-2"], True), ([], False), (["-3"], False), (["1"], False), (["-1"], False)]
)
def test_sizes_are_netted_only_if_the_rest_of_both_is_shown(held: list[str], *, netted: bool) -> None:
    """A long of one and a short of three leave a short of two; anything else was brought about by something else."""
    actions = decisions(_long("l"), _short("s", "3"), held=held, now_ms=_NOW)

    assert _lost(actions) == ({"l": "1", "s": "1"} if netted else {})
    assert any(isinstance(action, LookAgain) for action in actions) is not netted


def test_on_a_hedge_account_opposite_sizes_stand_side_by_side() -> None:
    """A long and a short there are two positions."""
    tales = (_long("l", mode=PositionMode.HEDGE), _short("s", mode=PositionMode.HEDGE))

    assert decisions(*tales, now_ms=_NOW) == ()


# --- a lost leg may have taken the size -------------------------------------------------------------------------------


def _with_a_lost_stop(asked_ms: int) -> tuple[Tale, str]:
    """A covered bracket with a further stop that was sent long ago, and for which nobody answered at *asked_ms*."""
    tale = a_tale()
    lost = tale.sends(Leg.STOP)
    tale.missed(lost, 1_000)
    tale.missed(lost, asked_ms)
    return tale, lost


@pytest.mark.parametrize(("age_ms", "asks"), [(_GRACE, True), (_GRACE - 1, False)])
def test_missing_size_is_asked_of_a_lost_leg_first(age_ms: int, *, asks: bool) -> None:
    """It may have filled unseen: asked for by id, once a second; just after a question the loss takes its time."""
    now_ms = 20_000
    tale, lost = _with_a_lost_stop(now_ms - age_ms)
    book = a_book(tale, missing_since_ms={Direction.LONG: now_ms - 3_000}, lost_elsewhere={Direction.LONG: ONE})

    actions = decisions(tale, book=book, held=[], now_ms=now_ms)

    assert (Inquire("s1", (lost,)) in actions) is asks
    assert _lost(actions) == ({} if asks else {"s1": "1"})


def test_while_nothing_is_missing_a_lost_leg_is_not_asked_for() -> None:
    """The watch has its own times."""
    tale, lost = _with_a_lost_stop(18_000)

    assert Inquire("s1", (lost,)) not in decisions(tale, now_ms=20_000)


# --- an entry believed absent -----------------------------------------------------------------------------------------


def _absent(direction: Direction = Direction.LONG, asked_ms: int = 0) -> tuple[Tale, str]:
    """An entry that is believed absent, and was last asked for at *asked_ms*."""
    tale = Tale("gone", direction=direction)
    entry = tale.sends(Leg.ENTRY)
    tale.answered(entry, ReplyKind.UNKNOWN)
    tale.missed(entry, asked_ms)
    tale.absent(entry, asked_ms)
    return tale, entry


@pytest.mark.parametrize(
    ("direction", "held", "doubtful"),
    [
        (Direction.LONG, "1", True),
        (Direction.SHORT, "-1", True),
        (Direction.LONG, "-1", False),
        (Direction.SHORT, "1", False),
    ],
)
def test_size_nobody_explains_may_be_an_absent_entry(direction: Direction, held: str, *, doubtful: bool) -> None:
    """In its direction it is asked for and rings; in the other it is somebody else's, and told as such."""
    tale, entry = _absent(direction)

    actions = decisions(tale, held=held, now_ms=_NOW)

    kinds = [action.kind for action in actions if isinstance(action, Raise)]
    assert (Inquire("gone", (entry,)) in actions) is doubtful
    assert kinds == [AlarmKind.OUTCOME_UNKNOWN if doubtful else AlarmKind.FOREIGN_CHANGE]
    assert (LookAgain(_NOW + _POLL_MAX) in actions) is doubtful


@pytest.mark.parametrize(("age_ms", "asks"), [(_GRACE - 1, False), (_GRACE, True)])
def test_an_absent_entry_is_asked_for_once_a_second(age_ms: int, *, asks: bool) -> None:
    """Not in every look of the second; the alarm and the next look stay."""
    tale, entry = _absent(asked_ms=_NOW - age_ms)

    actions = decisions(tale, held="1", now_ms=_NOW)

    assert (Inquire("gone", (entry,)) in actions) is asks
    (text,) = [action.text for action in actions if isinstance(action, Raise)]
    assert entry in text
    assert "asked for again and again" in text
    assert LookAgain(_NOW + _POLL_MAX) in actions


def test_a_known_entry_is_not_doubted_for_foreign_size() -> None:
    """Beside a bracket that is filled, more size is foreign; the sum of ours and an absent one is asked about."""
    known = a_tale("known")
    tale, entry = _absent()

    assert Inquire("gone", (entry,)) not in decisions(known, tale, held="1", now_ms=_NOW)
    assert Inquire("gone", (entry,)) in decisions(known, tale, held="2", now_ms=_NOW)


# --- an id filled twice -----------------------------------------------------------------------------------------------


def _decide(tale: Tale, held: str, excess: str) -> tuple[Action, ...]:
    return decisions(tale, book=a_book(tale, excess={"s1": Decimal(excess)}), held=held, now_ms=_NOW)


def test_what_a_copy_filled_is_told_and_closed() -> None:
    """Its size exactly, with an alarm of its own; nothing is called foreign beside it."""
    told, leaving = _decide(a_tale(), "2", "1")

    assert isinstance(told, Raise)
    assert (told.kind, told.signal_id) == (AlarmKind.EXCESS_FILL, "s1")
    assert told.text == "1 BTCUSDT more than signal 's1' asked for was filled; it is closed"
    assert leaving == ExitNow("s1", ONE, ExitWhy.EXCESS)


def test_no_more_than_is_held_is_called_excess() -> None:
    """The copy's fill is no longer there, or not all of it: nothing is closed on an old story."""
    assert not any(isinstance(action, ExitNow) for action in _decide(a_tale(), "1.5", "1"))
    assert _decide(a_tale(), "1", "1") == ()


def test_excess_is_not_closed_while_an_exit_is_in_question() -> None:
    """The one that was sent for it may have filled: not twice."""
    tale = a_tale()
    tale.answered(tale.sends(Leg.EXIT, ONE, for_others=()), ReplyKind.UNKNOWN)

    assert not any(isinstance(action, ExitNow) for action in _decide(tale, "2", "1"))


def test_without_excess_more_size_is_foreign() -> None:
    """Nothing was filled under our id beyond its one order."""
    (told,) = _decide(a_tale(), "2", "0")

    assert isinstance(told, Raise)
    assert told.kind is AlarmKind.FOREIGN_CHANGE


# --- asked for in this look, without an answer ------------------------------------------------------------------------


def test_an_absent_entry_that_nobody_answers_for_rings_all_the_same() -> None:
    """It is not asked for twice in one look; the alarm and the next look stay."""
    tale, entry = _absent()

    actions = decisions(tale, book=a_book(tale, silent=frozenset({entry})), held="1", now_ms=_NOW)

    assert not any(isinstance(action, Inquire) for action in actions)
    assert [action.kind for action in actions if isinstance(action, Raise)] == [AlarmKind.OUTCOME_UNKNOWN]
    assert LookAgain(_NOW + _POLL_MAX) in actions


def test_a_lost_leg_that_nobody_answers_for_is_not_asked_for_twice_in_a_look() -> None:
    """The rest of the decision is made without it."""
    tale, lost = _with_a_lost_stop(18_000)
    book = a_book(tale, missing_since_ms={Direction.LONG: 17_000}, silent=frozenset({lost}))

    assert not any(isinstance(action, Inquire) for action in decisions(tale, book=book, held=[], now_ms=20_000))
