"""One signal, folded from its events."""

from decimal import Decimal

import pytest

from surefill.domain.events import (
    Closed,
    Intent,
    Reclaimed,
    Released,
    Reported,
    SignalEvent,
)
from surefill.domain.ids import Leg
from surefill.domain.order import OrderStatus
from surefill.domain.reply import ReplyKind
from surefill.domain.report import ClosedBy, ExecutionReport, Outcome
from surefill.domain.side import SignalType
from surefill.domain.signal_state import SignalState, total
from surefill.domain.symbol_book import SymbolBook
from tests.doubles import ONE, SYMBOL, Tale, a_claim, a_claimed_state, a_signal, a_tale, an_intent

_ZERO = Decimal(0)


def test_a_claim_alone() -> None:
    """Claimed and nothing more: the signal is open, holds nothing, asks nothing and has no plan."""
    state = a_claimed_state()

    assert (state.signal_id, state.symbol) == ("s1", SYMBOL)
    assert (state.bracket, state.legs, state.report, state.closed_by) == (None, {}, None, None)
    assert (state.open_quantity, state.open_questions, state.took_effect) == (_ZERO, (), False)


def test_a_protected_entry() -> None:
    """After the entry the plan's size is open; stop and target change nothing of it while they rest."""
    tale = Tale()
    entry = tale.entered(at_ms=7)
    stop, target = tale.protected(at_ms=9)

    state = tale.state
    assert list(state.legs) == [entry, stop, target]
    assert (state.open_quantity, state.executed(Leg.ENTRY), state.executed(Leg.STOP)) == (ONE, ONE, _ZERO)
    assert (state.fill_known_ms, state.covered_ms, state.naked_since_ms) == (7, 9, None)


def test_the_fill_may_be_known_from_the_answer() -> None:
    """An answer that shows the fill starts the clock of the naked time, before any reading."""
    tale = Tale()
    entry = tale.sends(Leg.ENTRY)
    tale.answered(entry, at_ms=7, order=tale.order(entry, OrderStatus.FILLED, ONE))
    tale.seen(entry, OrderStatus.FILLED, 20, executed=ONE)

    assert (tale.state.fill_known_ms, tale.state.naked_since_ms) == (7, 7)


def test_no_fill_starts_no_clock() -> None:
    """An entry that ended without a fill leaves nothing naked, and neither does a stop that fills."""
    tale = Tale()
    tale.entered(quantity=_ZERO)
    stop = tale.sends(Leg.STOP, ONE)
    tale.seen(stop, OrderStatus.FILLED, executed=ONE)

    assert (tale.state.fill_known_ms, tale.state.naked_since_ms) == (None, None)


@pytest.mark.parametrize(
    ("stop", "target", "exited", "written_off", "left"),
    [
        ("0", "0", "0", "0", "1"),
        ("0.1", "0.2", "0.3", "0.15", "0.25"),
        ("1", "0", "0", "0", "0"),
        ("0", "0.5", "0", "0.5", "0"),
        ("0.6", "0.6", "0", "0", "0"),  # both legs triggered: never less than nothing
        ("0", "0", "1", "1", "0"),
    ],
)
def test_what_is_open_is_the_entry_less_everything_that_left(
    stop: str, target: str, exited: str, written_off: str, left: str
) -> None:
    """Open is the entry less stop, target, exits and what was written off, and never below zero."""
    tale = a_tale()
    for leg, executed in ((Leg.STOP, stop), (Leg.TARGET, target)):
        tale.seen(tale.rests(leg, ONE), OrderStatus.EXPIRED, executed=executed)
    tale.exited("x1", exited)
    tale.written_off(written_off)

    assert tale.state.open_quantity == Decimal(left)


def test_exits_count_by_order_and_write_offs_add_up() -> None:
    """An exit that fills further replaces what it had closed before; each write-off is a new loss."""
    tale = a_tale()
    tale.exited("x1", "0.1")
    tale.exited("x1", "0.3")
    tale.exited("x2", "0.2")
    tale.written_off("0.1")
    tale.written_off("0.1")

    assert (tale.state.exited, tale.state.written_off) == (Decimal("0.5"), Decimal("0.2"))
    assert tale.state.open_quantity == Decimal("0.3")


def test_legs_are_counted_from_one() -> None:
    """Each leg counts its own attempts; the newest is found and the oldest comes first."""
    tale = Tale()
    tale.entered()
    first, second = tale.rests(Leg.STOP), tale.rests(Leg.STOP)

    assert [leg.client_id for leg in tale.state.of(Leg.STOP)] == [first, second]
    assert [tale.state.next_attempt(leg) for leg in (Leg.ENTRY, Leg.STOP, Leg.TARGET)] == [2, 3, 1]
    assert tale.state.last(Leg.TARGET) is None
    newest = tale.state.last(Leg.STOP)
    assert newest is not None
    assert newest.client_id == second


@pytest.mark.parametrize(
    ("leg", "kind", "asked"),
    [
        (Leg.ENTRY, None, True),
        (Leg.ENTRY, ReplyKind.UNKNOWN, True),
        (Leg.ENTRY, ReplyKind.ACCEPTED, True),
        (Leg.ENTRY, ReplyKind.REJECTED, False),
        (Leg.EXIT, ReplyKind.UNKNOWN, True),
        (Leg.STOP, ReplyKind.UNKNOWN, False),  # another stop can be sent, so nothing hangs on the answer
        (Leg.TARGET, ReplyKind.ACCEPTED, False),
    ],
)
def test_open_questions_are_entries_and_exits_without_an_end(leg: Leg, kind: ReplyKind | None, *, asked: bool) -> None:
    """A question is open while nobody knows how much an entry or exit will have traded in the end."""
    tale = Tale()
    client_id = tale.sends(leg)
    if kind is not None:
        tale.answered(client_id, kind)

    assert [each.client_id for each in tale.state.open_questions] == ([client_id] if asked else [])


def test_absence_and_an_end_settle_the_question() -> None:
    """A question ends with the belief in absence, or with the sight of the end."""
    tale = Tale()
    tale.absent(tale.sends(Leg.ENTRY), 5)
    tale.seen(tale.sends(Leg.ENTRY), OrderStatus.FILLED, executed=ONE)

    assert tale.state.open_questions == ()


@pytest.mark.parametrize(
    ("kind", "effect"),
    [
        (None, True),
        (ReplyKind.UNKNOWN, True),
        (ReplyKind.ACCEPTED, True),
        (ReplyKind.REJECTED, False),
        (ReplyKind.RETRYABLE, False),
        (ReplyKind.NOT_SENT, False),
    ],
)
@pytest.mark.parametrize("leg", [Leg.ENTRY, Leg.EXIT])
def test_a_decision_took_effect_unless_it_surely_did_not(kind: ReplyKind | None, leg: Leg, *, effect: bool) -> None:
    """An entry signal takes effect by its entry, a close by its exit; doubt counts as effect."""
    tale = Tale()
    if leg is Leg.EXIT:
        close = a_signal(type=SignalType.CLOSE_LONG, stop_loss=None, take_profit=None)
        tale.state = SignalState(a_claim(type=close.type, stop_loss=None, take_profit=None))
    client_id = tale.sends(leg)
    if kind is not None:
        tale.answered(client_id, kind)

    assert tale.state.took_effect is effect


@pytest.mark.parametrize(("leg", "effect"), [(Leg.ENTRY, True), (Leg.EXIT, False)])
def test_absence_is_effect_for_an_entry_and_none_for_a_close(leg: Leg, *, effect: bool) -> None:
    """An absent entry is never sent again, for it might fill twice; an exit is, for it can only reduce."""
    tale = Tale()
    if leg is Leg.EXIT:
        tale.state = SignalState(a_claim(type=SignalType.CLOSE_LONG, stop_loss=None, take_profit=None))
    tale.absent(tale.sends(leg), 5)

    assert tale.state.took_effect is effect


def test_attempts_are_counted_from_the_highest_known() -> None:
    """Of orders taken over, those between may have been used and be found nowhere: their numbers are not used again."""
    tale = Tale()
    tale.tell(
        an_intent(tale.plan.stop(ONE, 9), Leg.STOP, attempt=9), an_intent(tale.plan.stop(ONE, 4), Leg.STOP, attempt=4)
    )

    assert [tale.state.next_attempt(leg) for leg in (Leg.STOP, Leg.TARGET)] == [10, 1]


def test_an_exit_is_no_effect_of_an_entry() -> None:
    """An entry signal whose entry was refused took no effect, whatever was sent in its name to close."""
    tale = Tale()
    tale.answered(tale.sends(Leg.ENTRY), ReplyKind.REJECTED)
    tale.sends(Leg.EXIT, ONE)

    assert not tale.state.took_effect


@pytest.mark.parametrize(
    ("status", "missed", "cleared"),
    [
        (OrderStatus.NEW, False, False),
        (OrderStatus.TRIGGERING, False, False),
        (OrderStatus.NEW, True, True),  # lost: it is watched for, but keeps nobody waiting
        (OrderStatus.CANCELED, False, True),
    ],
)
@pytest.mark.parametrize("leg", [Leg.STOP, Leg.TARGET])
def test_a_signal_is_cleared_when_nothing_of_it_is_known_to_be_open(
    leg: Leg, status: OrderStatus, *, missed: bool, cleared: bool
) -> None:
    """Cleared means no size, and no stop or target that is known to rest or to be under way."""
    tale = Tale()
    tale.entered()
    client_id = tale.rests(leg)
    tale.seen(client_id, status)
    if missed:
        tale.missed(client_id, 5)
    assert tale.state.cleared is False

    tale.written_off(ONE)
    assert tale.state.cleared is cleared


def test_a_late_fill_is_unexpected() -> None:
    """Only an entry believed absent and then filled is unexpected; its fill starts the clock."""
    tale = Tale()
    entry = tale.sends(Leg.ENTRY)
    tale.absent(entry, 5)
    believed_absent = tale.state.unexpected_fill
    tale.seen(entry, OrderStatus.FILLED, 99, executed=ONE)

    assert (believed_absent, tale.state.unexpected_fill) == (False, True)
    assert tale.state.fill_known_ms == 99
    assert not a_tale().state.unexpected_fill


def test_questions_in_vain_are_remembered() -> None:
    """The first question in vain starts the absence, each one is noted, and a sight ends it."""
    tale = Tale()
    stop = tale.sends(Leg.STOP)
    tale.missed(stop, 10)
    tale.missed(stop, 20)
    leg = tale.state.legs[stop]
    assert (leg.missing_since_ms, leg.inquired_ms) == (10, 20)

    tale.seen(stop, at_ms=30)
    assert [leg.missing_since_ms, leg.inquired_ms] == [None, 30]


def test_answers_and_cancels_are_noted_with_their_times() -> None:
    """When an answer came and when a cancel was asked is kept with the order."""
    tale = Tale()
    stop = tale.sends(Leg.STOP)
    tale.answered(stop, ReplyKind.ACCEPTED, 10)
    tale.cancel_asked(stop, 20)

    leg = tale.state.legs[stop]
    assert (leg.answered_ms, leg.cancel_asked_ms) == (10, 20)
    assert leg.reply is not None
    assert leg.reply.kind is ReplyKind.ACCEPTED


def test_cover_and_exposure() -> None:
    """The first cover is the one that counts for the report; exposure starts the naked time anew."""
    tale = Tale()
    tale.entered(at_ms=5)
    tale.covered(at_ms=8)
    tale.exposed(at_ms=20)
    assert (tale.state.covered_ms, tale.state.naked_since_ms) == (8, 20)

    tale.covered(at_ms=30)
    assert [tale.state.covered_ms, tale.state.naked_since_ms] == [8, None]


def test_waivers_reports_and_the_end() -> None:
    """A waiver, the latest report and what ended the signal are kept; a closed signal is not naked."""
    tale = Tale()
    tale.entered()
    report = ExecutionReport(signal_id="s1", symbol=SYMBOL, type=SignalType.LONG_ENTRY, outcome=Outcome.UNPROTECTED)
    tale.waived()
    tale.tell(Reported(1, "s1", report), Closed(2, "s1", ClosedBy.EXIT))

    state = tale.state
    assert (state.waived, state.report, state.closed_by, state.naked_since_ms) == (True, report, ClosedBy.EXIT, None)


def test_what_is_gone_by_the_callers_wish_is_waived() -> None:
    """Wished away is not gone: only when it is seen cancelled; a later sight of it at rest ends the wish."""
    tale = a_tale()
    stop, target = tale.newest(Leg.STOP), tale.newest(Leg.TARGET)

    tale.cancel_asked(target, 5, for_good=True)
    assert (tale.state.waived, tale.state.target_waived) == (False, False)
    tale.seen(target, OrderStatus.CANCELED)
    assert (tale.state.waived, tale.state.target_waived) == (False, True)

    tale.cancel_asked(stop, 5, for_good=True)
    tale.seen(stop, OrderStatus.NEW)
    tale.seen(stop, OrderStatus.CANCELED)
    assert (tale.state.waived, tale.state.target_waived) == (False, True)


@pytest.mark.parametrize("ended", [OrderStatus.FILLED, OrderStatus.EXPIRED])
def test_a_wish_that_came_too_late_waives_nothing(ended: OrderStatus) -> None:
    """What ended by itself was not cancelled by the caller."""
    tale = a_tale()
    tale.cancel_asked(tale.newest(Leg.STOP), 5, for_good=True)
    tale.seen(tale.newest(Leg.STOP), ended, executed="1" if ended is OrderStatus.FILLED else "0")

    assert not tale.state.waived


def test_a_wish_is_about_the_newest_stop_and_all_of_them() -> None:
    """While another stands nothing is waived; and the guard's own cancel of an order that was spared waives nothing."""
    tale = a_tale()
    first = tale.newest(Leg.STOP)
    tale.cancel_asked(first, 5, for_good=True)
    second = tale.rests(Leg.STOP)
    tale.seen(first, OrderStatus.CANCELED)
    assert not tale.state.waived

    tale.cancel_asked(second, 6, for_good=True)
    tale.cancel_asked(second, 7)
    tale.seen(second, OrderStatus.CANCELED)
    assert not tale.state.waived

    third, fourth = tale.rests(Leg.STOP), tale.rests(Leg.STOP)
    tale.cancel_asked(fourth, 8, for_good=True)
    tale.seen(fourth, OrderStatus.CANCELED)
    assert not tale.state.waived
    tale.seen(third, OrderStatus.EXPIRED)
    assert tale.state.waived


@pytest.mark.parametrize(
    ("events", "released"),
    [
        ((Released(1, "s1"),), True),
        ((Released(1, "s1"), Reclaimed(2, "s1")), False),
        ((Released(1, "s1"), a_claim()), False),
        ((Reclaimed(2, "s1"),), False),
    ],
)
def test_an_id_is_released_until_it_is_claimed_again(events: tuple[SignalEvent, ...], *, released: bool) -> None:
    """A release gives the id back; the next claim takes it again."""
    tale = Tale()
    tale.tell(*events)

    assert tale.state.released is released


def test_attempts_go_on_after_a_release() -> None:
    """A second try of a released id never repeats an id that was sent before."""
    tale = Tale()
    tale.answered(tale.sends(Leg.ENTRY), ReplyKind.REJECTED)
    tale.tell(Released(1, "s1"), Reclaimed(2, "s1"))
    again = tale.sends(Leg.ENTRY)

    intents = [event for event in tale.events if isinstance(event, Intent)]
    assert [intent.attempt for intent in intents] == [1, 2]
    assert again.endswith("E2")


def test_sums_are_exact() -> None:
    """Adding up loses no digit, whatever the ambient precision."""
    assert total((Decimal("1E+20"), Decimal("1E-20"))) == Decimal("100000000000000000000.00000000000000000001")
    assert total(()) == _ZERO


def test_a_book_of_one_symbol_is_made_of_states() -> None:
    """Signals without a plan, such as closes, are in the book but are no brackets."""
    held, claimed = a_tale("held"), a_claimed_state("close")
    book = SymbolBook(symbol=SYMBOL, signals=(held.state, claimed))

    assert list(book.brackets) == [held.state]
