"""Both journals keep the contract, and the contract notices a journal that does not."""

import pathlib
from collections.abc import Callable, Iterator, Sequence

import pytest

from surefill.adapters.journal import MemoryJournal, SqliteJournal
from surefill.domain.errors import JournalError
from surefill.domain.events import KINDS, Claimed, Event
from surefill.testing import journal_contract
from surefill.testing.journal_suite import JournalContract
from surefill.testing.sample_events import every_kind

TestSqliteJournal = journal_contract(lambda folder: SqliteJournal(folder / "journal.db"))
TestMemoryJournal = journal_contract(lambda _: MemoryJournal())


class _Forgetful(MemoryJournal):
    """Lets every claim win."""

    def claim(self, event: Event) -> Event | None:
        super().claim(event)
        return None


class _LastWord(MemoryJournal):
    """Answers a second claim with the second claim."""

    def claim(self, event: Event) -> Event | None:
        return None if super().claim(event) is None else event


class _OneByOne(MemoryJournal):
    """Keeps the beginning of a batch that fails later."""

    def append(self, events: Sequence[Event]) -> None:
        for event in events:
            super().append([event])


class _Unsorted(MemoryJournal):
    """Shows open events by their time."""

    def scan_open(self) -> Iterator[Event]:
        return iter(sorted(super().scan_open(), key=lambda event: event.at_ms))


class _Everything(MemoryJournal):
    """Takes closed signals for open."""

    def scan_open(self) -> Iterator[Event]:
        return iter([event for name in self.signal_ids() for event in self.events_of(name)])


class _Boastful(MemoryJournal):
    """Says it survives, and does not."""

    @property
    def durable(self) -> bool:
        return True


class _Immortal(MemoryJournal):
    """Goes on after it was closed."""

    def close(self) -> None:
        return


_BROKEN: list[tuple[type[MemoryJournal], Callable[[JournalContract, MemoryJournal], None]]] = [
    (_Forgetful, JournalContract.test_j02_a_second_claim_gets_the_first),
    (_Forgetful, JournalContract.test_j03_one_of_many_threads_wins_a_claim),
    (_LastWord, JournalContract.test_j02_a_second_claim_gets_the_first),
    (_OneByOne, JournalContract.test_j06_a_batch_is_kept_as_a_whole_or_not),
    (_Unsorted, JournalContract.test_j05_events_come_back_in_order_of_recording),
    (_Everything, JournalContract.test_j08_a_closed_signal_is_not_open),
    (_Immortal, JournalContract.test_j20_a_closed_journal_keeps_nothing),
]


@pytest.mark.parametrize(("broken", "case"), _BROKEN)
def test_a_broken_journal_is_noticed(
    broken: type[MemoryJournal], case: Callable[[JournalContract, MemoryJournal], None]
) -> None:
    """A journal that breaks one promise fails the case about that promise."""
    with pytest.raises(pytest.fail.Exception):
        case(JournalContract(), broken())


def test_a_journal_that_only_claims_to_be_durable_is_noticed(tmp_path: pathlib.Path) -> None:
    """A journal that loses everything although it says it survives fails the cases about durability and ownership."""
    contract = journal_contract(lambda _: _Boastful())()

    with pytest.raises(pytest.fail.Exception):
        contract.test_j18_what_is_durable_survives(tmp_path)
    with pytest.raises(pytest.fail.Exception):
        contract.test_j19_a_journal_has_one_owner(tmp_path)


def test_a_journal_in_memory_never_fails_and_never_lasts() -> None:
    """It says that it is not durable and did not fail, and `with` closes it."""
    with MemoryJournal() as journal:
        assert (journal.durable, journal.failed) == (False, False)

    with pytest.raises(JournalError, match="was closed"):
        journal.signal_ids()


def test_the_samples_are_of_every_kind() -> None:
    """Case J13 covers each kind of event there is."""
    assert {type(event) for event in every_kind("a")} | {Claimed} == set(KINDS.values())


def test_a_contract_without_a_journal_says_so(tmp_path: pathlib.Path) -> None:
    """The cases alone open nothing: they say what to do about it."""
    with pytest.raises(NotImplementedError, match=r"let surefill\.testing\.journal_contract\(factory\) make the class"):
        JournalContract().open(tmp_path)
