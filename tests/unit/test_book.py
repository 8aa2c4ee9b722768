"""The book: all signals of a namespace, folded from the journal."""

from decimal import Decimal

import attrs
import pytest

from surefill.domain.book import Book, allot, plan_of
from surefill.domain.events import (
    Allotment,
    Answered,
    Closed,
    Event,
    Exited,
    Frozen,
    Halted,
    Intent,
    Missed,
    Released,
    Resumed,
    Seen,
    Thawed,
)
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg
from surefill.domain.order import Order, OrderStatus
from surefill.domain.reply import Reply, ReplyKind
from surefill.domain.report import ClosedBy
from surefill.domain.side import SignalType
from tests.doubles import ONE, SYMBOL, Tale, a_bracket, a_claim, a_claimed_state, a_tale, an_order

_CLOSE = a_claim("close", type=SignalType.CLOSE_LONG, stop_loss=None, take_profit=None)


def _part(text: str) -> Decimal:
    return Decimal(text)


def _three_signals() -> list[Event]:
    """Two protected brackets told in turns, a close of both, and a halt in between."""
    first, second = a_tale("first"), a_tale("second", quantity=_part("0.5"))
    told: list[Event] = [event for pair in zip(first.events, second.events, strict=True) for event in pair]
    shares = (Allotment("first", ONE), Allotment("second", _part("0.5")))
    close = Tale("close")
    exit_id = close.sends(Leg.EXIT, "1.5", for_others=shares)
    filled = close.order(exit_id, OrderStatus.FILLED, "1.2")
    return [
        *told,
        Halted(50, HaltLevel.NO_ENTRIES, "x"),
        _CLOSE,
        close.events[-1],
        Seen(60, "close", exit_id, filled),
        Exited(60, "first", exit_id, ONE),
        Exited(60, "second", exit_id, _part("0.2")),
        Closed(70, "first", ClosedBy.EXIT),
    ]


def test_every_prefix_of_a_journal_folds_as_it_was_lived() -> None:
    """A restart at any point arrives at exactly the state that was built fact by fact."""
    events = _three_signals()
    lived = Book()

    for count, event in enumerate(events, 1):
        lived.apply(event)
        assert Book.of(events[:count]) == lived


def test_what_three_signals_add_up_to() -> None:
    """The exit took all of the oldest bracket and a part of the next."""
    book = Book.of(_three_signals())

    assert [state.open_quantity for state in book.signals.values() if state.bracket] == [Decimal(0), _part("0.3")]
    assert book.signals["first"].closed_by is ClosedBy.EXIT
    assert book.halt_level is HaltLevel.NO_ENTRIES


def test_halts_and_freezes() -> None:
    """A halt stands with its reason and source until it is released, a freeze until the symbol is thawed."""
    book = Book.of([Halted(1, HaltLevel.FLATTEN_OURS, "by hand", outside=True), Frozen(2, SYMBOL, "unknown")])
    assert (book.halt_level, book.halt_reason, book.halt_outside) == (HaltLevel.FLATTEN_OURS, "by hand", True)
    assert book.frozen == {SYMBOL: "unknown"}

    for event in (Resumed(3, "done"), Thawed(4, SYMBOL), Thawed(5, SYMBOL)):
        book.apply(event)
    assert book == Book()


def test_the_latest_halt_counts() -> None:
    """A halt set from within replaces one from outside, with its own level and reason."""
    book = Book.of([Halted(1, HaltLevel.FLATTEN_OURS, "a", outside=True), Halted(2, HaltLevel.NO_ENTRIES, "b")])

    assert (book.halt_level, book.halt_reason, book.halt_outside) == (HaltLevel.NO_ENTRIES, "b", False)


def test_facts_about_forgotten_signals_are_let_pass() -> None:
    """A closed signal may be dropped from memory; what is still learnt about it stays in the journal only."""
    book = Book.of(a_tale().events)
    book.forget("s1")
    book.forget("s1")

    book.apply(Missed(9, "s1", "sf-x"))

    assert book.signals == {}


def test_symbols_with_something_open() -> None:
    """Each symbol once, in order of the first claim, without those of released signals."""
    book = Book.of(
        [
            a_claim("1", symbol="ETHUSDT"),
            a_claim("2"),
            a_claim("3", symbol="ETHUSDT"),
            a_claim("4", symbol="XRPUSDT"),
            Released(1, "4"),
        ]
    )

    assert book.symbols() == ("ETHUSDT", SYMBOL)


def _closing(*, allotted: bool = True) -> tuple[Book, str, Order]:
    shares = (Allotment("a", _part("0.4")), Allotment("b", _part("0.6"))) if allotted else ()
    close = Tale("close")
    exit_id = close.sends(Leg.EXIT, ONE, for_others=shares)
    intent = close.events[-1]
    assert isinstance(intent, Intent)
    if not allotted:
        intent = attrs.evolve(intent, allotments=())
    return Book.of([_CLOSE, intent]), exit_id, close.order(exit_id, OrderStatus.PARTIALLY_FILLED, "0.5")


@pytest.mark.parametrize("by_answer", [True, False])
def test_what_an_exit_closed_is_written_for_each_bracket(*, by_answer: bool) -> None:
    """Each answer or sight that shows more filled says, together with it, what every bracket lost by it so far."""
    book, exit_id, order = _closing()
    event = (
        Answered(5, "close", exit_id, Reply(ReplyKind.ACCEPTED, order=order))
        if by_answer
        else Seen(5, "close", exit_id, order)
    )

    assert book.consequences(event) == (
        Exited(5, "a", exit_id, _part("0.4")),
        Exited(5, "b", exit_id, _part("0.1")),
    )


def test_an_exit_written_together_with_its_intent_has_its_consequences() -> None:
    """Orders taken over are written in one go: the intent in front tells whose size the exit closed."""
    known, exit_id, order = _closing()
    (intent,) = (leg.intent for leg in known.signals["close"].legs.values())
    book, seen = Book.of([_CLOSE]), Seen(5, "close", exit_id, order)

    assert book.consequences(seen, [intent]) == known.consequences(seen)
    assert book.consequences(seen, [seen]) == ()
    assert book.consequences(seen, [attrs.evolve(intent, request=a_bracket().exit(ONE, 7))]) == ()


def test_nothing_follows_from_what_tells_nothing_new() -> None:
    """No new fill, no order, an unknown signal or leg, an exit for nobody, another kind of event: no consequence."""
    book, exit_id, order = _closing()
    nothing_filled = attrs.evolve(order, executed_quantity=Decimal(0), status=OrderStatus.NEW)
    seen = Seen(5, "close", exit_id, order)

    assert book.consequences(Seen(5, "close", exit_id, nothing_filled)) == ()
    assert book.consequences(Answered(5, "close", exit_id, Reply(ReplyKind.UNKNOWN))) == ()
    assert book.consequences(Seen(5, "who", exit_id, order)) == ()
    assert book.consequences(Seen(5, "close", "sf-other", order)) == ()
    assert book.consequences(Missed(5, "close", exit_id)) == ()
    assert _closing(allotted=False)[0].consequences(seen) == ()

    book.apply(seen)
    assert book.consequences(seen) == ()


def test_a_stale_sight_of_an_exit_takes_nothing_back() -> None:
    """A replica that lags behind and shows less filled has no consequence; one that shows more has."""
    book, exit_id, order = _closing()
    book.apply(Seen(5, "close", exit_id, order))

    less = attrs.evolve(order, executed_quantity=_part("0.3"))
    more = attrs.evolve(order, executed_quantity=_part("0.9"))
    assert book.consequences(Seen(6, "close", exit_id, less)) == ()
    assert [event.quantity for event in book.consequences(Seen(6, "close", exit_id, more))] == [
        _part("0.4"),
        _part("0.5"),
    ]


@pytest.mark.parametrize(
    ("executed", "shares"),
    [("0", "0 0 0"), ("0.1", "0.1 0 0"), ("0.5", "0.3 0.2 0"), ("1", "0.3 0.3 0.4"), ("2", "0.3 0.3 0.4")],
)
def test_exits_are_allotted_oldest_first(executed: str, shares: str) -> None:
    """What was filled goes to the first bracket until its share is full, then to the next, and never beyond."""
    wanted = tuple(Allotment(name, _part(size)) for name, size in zip("abc", ("0.3", "0.3", "0.4"), strict=True))

    assert [share.quantity for share in allot(wanted, _part(executed))] == [_part(size) for size in shares.split()]


def test_a_plan_is_there_or_it_is_an_error() -> None:
    """Asking a claim without a plan for it names the signal."""
    assert plan_of(a_tale().state) == a_bracket()
    with pytest.raises(ValueError, match="signal 's1' has no bracket"):
        plan_of(a_claimed_state())


def test_orders_of_other_legs_have_no_consequences() -> None:
    """A stop's fill concerns its own bracket and is read from the stop itself."""
    tale = a_tale()
    stop = tale.state.last(Leg.STOP)
    assert stop is not None
    book = Book.of(tale.events)

    filled = an_order(stop.intent.request, status=OrderStatus.FILLED, executed_quantity=ONE)

    assert book.consequences(Seen(5, "s1", stop.client_id, filled)) == ()
