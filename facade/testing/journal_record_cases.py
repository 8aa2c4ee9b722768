"""Cases J01 to J13 of the journal's contract: what is recorded, and what is told of it."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal

import pytest

from surefill.domain.errors import JournalError, ValidationError
from surefill.domain.events import Closed, Event, Halted, Reclaimed, Released, Resumed
from surefill.domain.halt import HaltLevel
from surefill.domain.report import ClosedBy
from surefill.ports.journal import Journal
from surefill.testing.journal_bench import THREADS, JournalBench, at_once, same
from surefill.testing.sample_events import claim, every_kind, remark


class RecordCases(JournalBench):
    """Claims, batches, order."""

    def test_j01_a_new_id_is_claimed(self, journal: Journal) -> None:
        """J01 A first claim is ours, and is found by its signal, among the open and in the list of ids."""
        with closing(journal):
            same(journal.claim(claim("a")), None)
            same(journal.events_of("a"), (claim("a"),))
            same(list(journal.scan_open()), [claim("a")])
            same(journal.signal_ids(), ("a",))

    def test_j02_a_second_claim_gets_the_first(self, journal: Journal) -> None:
        """J02 A claim of a taken id returns the first claim, whatever it says itself, and records nothing."""
        with closing(journal):
            journal.claim(claim("a", 1))
            same(journal.claim(claim("a", 2, quantity=Decimal(5))), claim("a", 1))
            journal.append([Closed(3, "a", ClosedBy.EXIT)])
            same(journal.claim(claim("a", 4)), claim("a", 1))
            same(journal.events_of("a"), (claim("a", 1), Closed(3, "a", ClosedBy.EXIT)))

    def test_j03_one_of_many_threads_wins_a_claim(self, journal: Journal) -> None:
        """J03 Of threads that claim one id at once, one wins, and all others get the winner's claim."""
        with closing(journal):
            answers = at_once(lambda number: journal.claim(claim("a", number)))
            winners = [number for number, answer in enumerate(answers) if answer is None]
            same(len(winners), 1)
            others = [answer for answer in answers if answer is not None]
            same(others, [claim("a", winners[0])] * (THREADS - 1))
            same(journal.events_of("a"), (claim("a", winners[0]),))

    def test_j04_threads_do_not_disturb_each_other(self, journal: Journal) -> None:
        """J04 Threads that write at once lose nothing, keep their own order, and never mix their batches."""

        def write(number: int) -> None:
            name = f"signal-{number}"
            journal.claim(claim(name, number))
            for step in range(5):
                journal.append([remark(name, step), Resumed(step, name), Halted(step, HaltLevel.NO_ENTRIES, name)])

        with closing(journal):
            at_once(write)
            batches = [event for event in journal.scan_open() if isinstance(event, Resumed | Halted)]
            same(len(batches), 2 * 5 * THREADS)
            for resumed, halted in zip(batches[::2], batches[1::2], strict=True):
                same((halted.at_ms, halted.reason), (resumed.at_ms, resumed.reason))
            for number in range(THREADS):
                name = f"signal-{number}"
                same([event.at_ms for event in journal.events_of(name)], [number, 0, 1, 2, 3, 4])

    def test_j05_events_come_back_in_order_of_recording(self, journal: Journal) -> None:
        """J05 Order is that of recording, across signals, whatever the times say."""
        written: list[Event] = [claim("a", 9), claim("b", 8), remark("b", 7), Resumed(6, "x"), remark("a", 5)]
        with closing(journal):
            journal.claim(written[0])
            journal.claim(written[1])
            journal.append(written[2:4])
            journal.append(written[4:])
            same(list(journal.scan_open()), written)
            same(journal.events_of("a"), (written[0], written[4]))

    def test_j06_a_batch_is_kept_as_a_whole_or_not(self, journal: Journal) -> None:
        """J06 When one event of a batch is refused, none of the batch is kept, and the journal goes on."""
        with closing(journal):
            journal.claim(claim("a"))
            with pytest.raises((JournalError, ValidationError)):
                journal.append([remark("a", 1), Released(2, "a"), remark("never claimed", 3)])
            same(list(journal.scan_open()), [claim("a")])
            same(journal.events_of("never claimed"), ())
            journal.append([remark("a", 4)])
            same(journal.events_of("a"), (claim("a"), remark("a", 4)))

    def test_j07_only_a_claim_claims(self, journal: Journal) -> None:
        """J07 Another event cannot claim, and a claim cannot slip in among appended events."""
        with closing(journal):
            with pytest.raises(ValidationError):
                journal.claim(Reclaimed(1, "a"))
            with pytest.raises(ValidationError):
                journal.append([claim("a")])
            same((journal.signal_ids(), list(journal.scan_open()), journal.created_ms), ((), [], None))

    def test_j08_a_closed_signal_is_not_open(self, journal: Journal) -> None:
        """J08 The open events are those of open signals and of none; a closed signal keeps its own."""
        closed = Closed(3, "b", ClosedBy.TAKE_PROFIT)
        with closing(journal):
            journal.claim(claim("a"))
            journal.claim(claim("b"))
            journal.append([Resumed(2, "x"), closed, remark("a", 4)])
            same(list(journal.scan_open()), [claim("a"), Resumed(2, "x"), remark("a", 4)])
            same(journal.events_of("b"), (claim("b"), closed))

    def test_j09_a_reopened_signal_comes_back_whole(self, journal: Journal) -> None:
        """J09 A signal that is opened again is open with its whole past."""
        past: list[Event] = [claim("a"), remark("a", 2), Released(3, "a"), Reclaimed(4, "a"), remark("a", 5)]
        with closing(journal):
            journal.claim(past[0])
            journal.append(past[1:3])
            same(list(journal.scan_open()), [])
            journal.append(past[3:])
            same(list(journal.scan_open()), past)

    def test_j10_an_unknown_signal_has_no_events(self, journal: Journal) -> None:
        """J10 Of a signal never claimed there are no events, and asking for them claims nothing."""
        with closing(journal):
            same(journal.events_of("a"), ())
            same(journal.claim(claim("a")), None)

    def test_j11_ids_are_listed_oldest_first(self, journal: Journal) -> None:
        """J11 Every id ever claimed is listed in order of its claim, closed ones included."""
        names = ["zebra", "apple", "Apple", "mango"]
        with closing(journal):
            for name in names:
                journal.claim(claim(name))
            journal.append([Closed(2, "apple", ClosedBy.EXIT)])
            same(journal.signal_ids(), tuple(names))

    def test_j12_a_journal_knows_when_it_began(self, journal: Journal) -> None:
        """J12 The beginning is the time of the first event, whichever it is; none while empty."""
        with closing(journal):
            same(journal.created_ms, None)
            journal.append([Resumed(500, "x")])
            journal.claim(claim("a", 400))
            same(journal.created_ms, 500)

    def test_j13_every_kind_of_event_comes_back_equal(self, journal: Journal) -> None:
        """J13 No kind of event loses or changes anything."""
        with closing(journal):
            journal.claim(claim("a"))
            journal.append(every_kind("a"))
            ours = [event for event in every_kind("a") if event.signal_id is not None]
            same(list(journal.events_of("a")), [claim("a"), *ours])
            same(list(journal.scan_open()), [event for event in every_kind("a") if event.signal_id is None])
