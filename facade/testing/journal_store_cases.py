"""Cases J14 to J22 of the journal's contract: what the store behind it withstands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from surefill.domain.errors import JournalError
from surefill.domain.events import Closed, Event, Halted, Resumed
from surefill.domain.halt import HaltLevel
from surefill.domain.report import ClosedBy
from surefill.ports.journal import Journal
from surefill.testing.journal_bench import JournalBench, at_once, same, seen
from surefill.testing.sample_events import claim, remark


class StoreCases(JournalBench):
    """Names, numbers, durability, ownership, threads."""

    @pytest.mark.parametrize(
        "name", ["é", "e\u0301", "测试USDT", "a b", "'; DROP TABLE event; --", "%s{0}\\n", "😀", "x" * 256]
    )
    def test_j14_any_id_is_only_an_id(self, journal: Journal, name: str) -> None:
        """J14 An id is compared character by character and means nothing to the store."""
        with closing(journal):
            journal.claim(claim("other"))
            same(journal.claim(claim(name)), None)
            same(journal.claim(claim(name, 2)), claim(name))
            journal.append([remark(name, 3)])
            same(journal.events_of(name), (claim(name), remark(name, 3)))
            same(journal.signal_ids(), ("other", name))

    def test_j15_a_thousand_events_stay_in_order(self, journal: Journal) -> None:
        """J15 Many events are kept like few."""
        with closing(journal):
            journal.claim(claim("a", 0))
            journal.append([remark("a", number) for number in range(1, 1_000)])
            same([event.at_ms for event in journal.events_of("a")], list(range(1_000)))
            same([event.at_ms for event in journal.scan_open()], list(range(1_000)))

    def test_j16_nothing_appended_is_nothing_changed(self, journal: Journal) -> None:
        """J16 An empty batch is no event."""
        with closing(journal):
            journal.append([])
            same((journal.created_ms, list(journal.scan_open())), (None, []))

    def test_j17_a_scan_shows_one_moment(self, journal: Journal) -> None:
        """J17 What is written while somebody walks through the open events does not appear in that walk."""
        with closing(journal):
            journal.claim(claim("a"))
            walk = journal.scan_open()
            journal.append([remark("a", 2), Closed(3, "a", ClosedBy.EXIT)])
            same(list(walk), [claim("a")])

    def test_j18_what_is_durable_survives(self, tmp_path: Path) -> None:
        """J18 A durable journal opened again knows everything; one that is not durable says so and knows nothing."""
        journal = self.open(tmp_path)
        with closing(journal):
            journal.claim(claim("a", 1))
            journal.claim(claim("b", 2))
            journal.append([Resumed(3, "x"), Closed(4, "b", ClosedBy.EXIT), remark("a", 5)])
            everything = seen(journal)
        with closing(self.open(tmp_path)) as again:
            same(seen(again), everything if journal.durable else (None, (), [], ()))
            same(again.claim(claim("a", 9)), claim("a", 1) if journal.durable else None)

    def test_j19_a_journal_has_one_owner(self, tmp_path: Path) -> None:
        """J19 A durable journal refuses a second owner until the first has closed it; others share nothing."""
        first = self.open(tmp_path)
        with closing(first):
            first.claim(claim("a"))
            if first.durable:
                with pytest.raises(JournalError):
                    self.open(tmp_path)
            else:
                with closing(self.open(tmp_path)) as second:
                    same(second.signal_ids(), ())
            first.append([remark("a", 2)])
        with closing(self.open(tmp_path)) as next_owner:
            same(len(next_owner.events_of("a")), 2 if first.durable else 0)

    def test_j20_a_closed_journal_keeps_nothing(self, journal: Journal) -> None:
        """J20 Closing twice is harmless; afterwards every verb raises, so that nobody believes in a claim not kept."""
        journal.claim(claim("a"))
        journal.close()
        journal.close()
        verbs: Sequence[Callable[[], object]] = (
            lambda: journal.claim(claim("b")),
            lambda: journal.append([remark("a", 2)]),
            lambda: list(journal.scan_open()),
            lambda: journal.events_of("a"),
            journal.signal_ids,
        )
        for verb in verbs:
            with pytest.raises(JournalError):
                verb()

    def test_j21_readers_see_whole_batches(self, journal: Journal) -> None:
        """J21 A reader never sees a part of a batch that is being written."""
        torn: list[int] = []

        def work(number: int) -> None:
            for step in range(10):
                if number % 2:
                    journal.append([Resumed(step, "x")] * 3)
                else:
                    torn.extend(count for count in (len(list(journal.scan_open())),) if count % 3)

        with closing(journal):
            at_once(work)
            same(torn, [])

    def test_j22_an_enormous_event_is_refused_or_kept(self, journal: Journal) -> None:
        """J22 An event too large is refused without harm; what is not refused comes back exactly."""
        large = Halted(1, HaltLevel.NO_ENTRIES, "x" * 5_000_000)
        with closing(journal):
            try:
                journal.append([large])
                kept: list[Event] = [large]
            except JournalError:
                kept = []
            journal.append([Resumed(2, "x")])
            same(list(journal.scan_open()), [*kept, Resumed(2, "x")])
