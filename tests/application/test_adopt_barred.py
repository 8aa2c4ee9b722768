"""A signal that was traded before the journal was lost, and a shut gate: it is taken over, and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import pytest

from surefill.adapters.simulated import Fault
from surefill.application.execute import UNASKED, execute_entry
from surefill.domain.errors import AuthenticationError, ExchangeUnavailableError
from surefill.domain.halt import HaltLevel
from surefill.domain.order import Order, OrderKey
from surefill.domain.refusal import Refusal
from surefill.domain.report import ExecutionReport, Outcome
from surefill.domain.signal import Signal
from surefill.domain.timings import Timings
from tests.application.journals import DurableMemory
from tests.application.test_gate import WRONGS
from tests.application.test_takeover import adopted_ids
from tests.papers import (
    FLAT,
    Desk,
    arrived,
    begun,
    close,
    entry,
    entry_orders_filled,
    held,
    moment,
    names,
    paper_desk,
    paper_exchange,
    resting,
)

TIMES = Timings()
SHUT = [refusal for refusal in WRONGS if refusal not in UNASKED]
"""What keeps an entry from starting, and not from being asked for."""


def forgetful(*, host_guards: bool = True) -> Desk:
    """A live account on which s1 was traded, and a manager with an empty journal on it."""
    exchange = paper_exchange(real_time=True)
    before = paper_desk(exchange=exchange, journal=DurableMemory(), host_guards=True)
    before.execute(signal_of("s1", before))
    before.wait(10)
    return paper_desk(exchange=exchange, journal=DurableMemory(), host_guards=host_guards)


def signal_of(signal_id: str, desk: Desk) -> Signal:
    """An entry that is valid for five seconds from now."""
    return entry(signal_id, valid_until=moment(desk, 5))


def shut(desk: Desk, why: Refusal) -> Callable[[], None]:
    """Let the gate be shut; return what opens it again."""
    return WRONGS[why](desk)


def handed_in(desk: Desk, signal_id: str = "s1", *, late: bool = False) -> ExecutionReport:
    """Hand in a signal, *late* after its time, past the doorkeeper of the manager itself: straight to the gate."""
    signal = entry(signal_id, valid_until=moment(desk, -5 if late else 60))
    desk.exchange.verbs.clear()
    return execute_entry(desk.manager._desk, signal, Decimal(1), signal.digest(Decimal(1)))


@pytest.mark.parametrize("why", SHUT)
def test_what_was_traded_before_is_taken_over_through_a_shut_gate(why: Refusal) -> None:
    """It is no new entry: its position is known and guarded from now on, and nothing of it is sent again."""
    desk = forgetful()
    opens = shut(desk, why)

    report = handed_in(desk, late=why is Refusal.STALE)
    opens()
    desk.guard(20)

    assert (report.outcome, report.reason) == (Outcome.PROTECTED, None)
    assert adopted_ids(desk) == ["E1", "S1", "T1"]
    assert names(desk.exchange) == ["E1", "S1", "T1"]
    assert entry_orders_filled(desk.exchange, "s1") == 1
    desk.execute(close(), None)
    assert (held(desk.exchange), resting(desk.exchange)) == FLAT


@pytest.mark.parametrize("why", SHUT)
def test_a_shut_gate_lets_nothing_new_in(why: Refusal) -> None:
    """The exchange knows no entry of it: refused for the same reason as ever, not claimed, nothing sent."""
    desk = forgetful()
    shut(desk, why)

    report = handed_in(desk, "s2", late=why is Refusal.STALE)

    assert (report.outcome, report.reason) == (Outcome.REFUSED, why)
    assert desk.exchange.verbs.count("find") == 4
    assert desk.journal.events_of("s2") == ()
    assert names(desk.exchange) == ["E1", "S1", "T1"]


@pytest.mark.parametrize("why", [each for each in WRONGS if each in UNASKED])
def test_where_nobody_could_keep_or_guard_it_nothing_is_asked(why: Refusal) -> None:
    """Closing, banned, without a journal, or with nobody who watches: the traded signal is refused, unasked."""
    desk = forgetful(host_guards=why is not Refusal.UNGUARDED)
    shut(desk, why)

    report = handed_in(desk)

    assert (report.outcome, report.reason) == (Outcome.REFUSED, why)
    assert desk.exchange.verbs.count("find") == 0
    assert desk.journal.events_of("s1") == ()


def test_those_four_and_no_other_are_not_asked() -> None:
    """The list is part of the promise."""
    expected = {Refusal.CLOSING, Refusal.BANNED, Refusal.BREAKER, Refusal.STORE_FAILED, Refusal.UNGUARDED}
    assert expected == UNASKED


@pytest.mark.parametrize("error", [ExchangeUnavailableError("no answer"), AuthenticationError("key revoked")])
def test_an_unanswered_question_leaves_the_refusal(error: Exception) -> None:
    """Nobody can say whether it was traded: refused as halted, and taken over when there is an answer."""
    desk = forgetful()
    opens = shut(desk, Refusal.HALTED)

    def find(_: object, __: object) -> Mapping[str, Order]:
        raise error

    desk.exchange.script["find"] = find
    report = handed_in(desk)
    kept = desk.journal.signal_ids()
    desk.exchange.script.clear()
    again = handed_in(desk)
    opens()

    assert (report.outcome, report.reason, kept) == (Outcome.REFUSED, Refusal.HALTED, ())
    assert again.outcome is Outcome.PROTECTED
    assert names(desk.exchange) == ["E1", "S1", "T1"]


def test_a_question_that_takes_too_long_leaves_the_refusal() -> None:
    """Every answer takes three seconds: what is not known in time is not waited for."""
    desk = forgetful()
    shut(desk, Refusal.HALTED)
    desk.exchange.faults.add(Fault.latency(3_000, method="GET"))
    began = desk.now_ms()

    report = handed_in(desk, "s2")

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.HALTED)
    assert desk.now_ms() - began <= TIMES.preflight_ms + 1_500


def test_what_is_found_once_and_then_not_is_refused() -> None:
    """A lagging exchange denies the entry it has just shown: it stays refused, its id free, and nothing is sent."""
    desk = forgetful()
    opens = shut(desk, Refusal.HALTED)
    asked: list[int] = []

    def find(
        itself: Callable[[Sequence[OrderKey]], Mapping[str, Order]], keys: Sequence[OrderKey]
    ) -> Mapping[str, Order]:
        asked.append(len(keys))
        return itself(keys) if len(asked) == 1 else {}

    desk.exchange.script["find"] = find
    report = handed_in(desk)
    desk.exchange.script.clear()
    again = handed_in(desk)
    opens()

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.HALTED)
    assert again.outcome is Outcome.PROTECTED
    assert names(desk.exchange) == ["E1", "S1", "T1"]


def test_a_signal_younger_than_the_journal_is_not_asked_for() -> None:
    """It cannot have been traded before: the gate's word is the last."""
    desk = paper_desk()
    created = begun(desk)
    desk.manager.halt(HaltLevel.NO_ENTRIES, reason="a test")
    desk.exchange.verbs.clear()

    report = desk.execute(entry(created_at=created))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, Refusal.HALTED)
    assert "find" not in desk.exchange.verbs


def test_a_traded_signal_is_taken_over_into_a_halt_that_flattens() -> None:
    """What is ours again is closed like everything that is: once it is known, nothing of it may stay."""
    desk = forgetful()
    desk.manager.halt(HaltLevel.FLATTEN_OURS, reason="a test")

    handed_in(desk)
    desk.guard(10)

    assert (held(desk.exchange), resting(desk.exchange)) == FLAT
    assert [one.name for one in arrived(desk.exchange, "POST")] == ["E1", "S1", "T1", "X1"]
