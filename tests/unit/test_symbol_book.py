"""Our side of one symbol against what the exchange shows."""

from decimal import Decimal

import pytest

from surefill.domain.events import Allotment
from surefill.domain.ids import Leg
from surefill.domain.order import OrderStatus
from surefill.domain.reply import ReplyKind
from surefill.domain.side import Direction, PositionMode
from tests.doubles import ONE, Tale, a_book, a_snapshot, a_tale

_LONG, _SHORT = Direction.LONG, Direction.SHORT


def _sizes(**directions: str) -> dict[Direction, Decimal]:
    return {Direction[name.upper()]: Decimal(size) for name, size in directions.items()}


def test_holding_is_per_direction_oldest_first() -> None:
    """Only brackets with something open in the direction hold it, in order of their claims."""
    second, first = a_tale("b"), a_tale("a", quantity=Decimal("0.5"))
    short = a_tale("c", direction=_SHORT)
    gone = a_tale("d")
    gone.written_off(ONE)
    book = a_book(second, first, short, gone, Tale("e"))

    assert [state.signal_id for state in book.holding(_LONG)] == ["b", "a"]
    assert [state.signal_id for state in book.holding(_SHORT)] == ["c"]
    assert (book.open_quantity(_LONG), book.open_quantity(_SHORT)) == (Decimal("1.5"), ONE)


def test_the_oldest_is_whose_entry_is_oldest() -> None:
    """Signals of a lost journal come back in any order; the exchange knows which entry came first."""
    late, early = a_tale("late"), a_tale("early")
    for tale, at_ms in ((late, 900), (early, 100)):
        tale.seen(tale.newest(Leg.ENTRY), OrderStatus.FILLED, 1_000, executed=ONE, updated_ms=at_ms)

    assert [state.signal_id for state in a_book(late, early).holding(_LONG)] == ["early", "late"]


@pytest.mark.parametrize(
    ("mode", "held", "missing", "foreign"),
    [
        (PositionMode.ONE_WAY, ["1"], {}, {}),
        (PositionMode.ONE_WAY, [], _sizes(long="1"), {}),
        (PositionMode.ONE_WAY, ["0.4"], _sizes(long="0.6"), {}),
        (PositionMode.ONE_WAY, ["1.5"], {}, _sizes(long="0.5")),
        (PositionMode.ONE_WAY, ["-2"], _sizes(long="1"), _sizes(short="2")),
        (PositionMode.HEDGE, ["1", "-2"], {}, _sizes(short="2")),
        (PositionMode.HEDGE, ["-1"], _sizes(long="1"), _sizes(short="1")),
    ],
)
def test_missing_and_foreign_size(
    mode: PositionMode, held: list[str], missing: dict[Direction, Decimal], foreign: dict[Direction, Decimal]
) -> None:
    """What we hold and the exchange does not show is missing, what it shows beyond that is not ours."""
    book = a_book(a_tale(mode=mode))
    snapshot = a_snapshot(held=held, mode=mode)

    assert book.missing(snapshot) == missing
    assert book.foreign(snapshot) == foreign


@pytest.mark.parametrize(
    ("kind", "in_flight"),
    [
        (None, True),
        (ReplyKind.UNKNOWN, True),
        (ReplyKind.ACCEPTED, True),
        (ReplyKind.REJECTED, False),
    ],
)
def test_an_exit_is_in_flight_until_its_end_is_known(kind: ReplyKind | None, *, in_flight: bool) -> None:
    """Whoever sent it, an exit meant for a bracket may still trade until it is known to have ended or never been."""
    held, close = a_tale("held"), Tale("close")
    exit_id = close.sends(Leg.EXIT, ONE, for_others=(Allotment("held", ONE),))
    if kind is not None:
        close.answered(exit_id, kind)
    book = a_book(held, close)

    assert book.exit_in_flight("held") is in_flight
    assert not book.exit_in_flight("close")


@pytest.mark.parametrize("settled_by", ["sight", "absence"])
def test_an_exit_that_ended_or_is_believed_absent_is_not_in_flight(settled_by: str) -> None:
    """After its end, or the belief that it never was, another exit may be sent."""
    tale = a_tale()
    exit_id = tale.sends(Leg.EXIT)
    if settled_by == "sight":
        tale.seen(exit_id, OrderStatus.EXPIRED)
    else:
        tale.absent(exit_id, 5)

    assert not a_book(tale).exit_in_flight("s1")


def test_questions_are_outcomes_nobody_knows() -> None:
    """An accepted entry is not a question but a matter of waiting; an unanswered one is a question."""
    waiting, asking = Tale("waiting"), Tale("asking")
    waiting.answered(waiting.sends(Leg.ENTRY))
    question = asking.sends(Leg.ENTRY)
    asking.answered(asking.sends(Leg.STOP, ONE), ReplyKind.UNKNOWN)

    assert [leg.client_id for leg in a_book(waiting, asking).questions] == [question]
