"""What the cases of the journal's contract share: how they compare, start threads, and look at a journal as a whole."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from surefill.domain.events import Event
from surefill.ports.journal import Journal

T = TypeVar("T")
THREADS = 8


class JournalBench:
    """Where the cases get their journals from: a folder of their own, and whoever opens the journal in it."""

    def open(self, folder: Path) -> Journal:
        """Open the journal in *folder*, or begin one."""
        raise NotImplementedError(
            "no journal to judge: let surefill.testing.journal_contract(factory) make the class, or define open()"
        )

    @pytest.fixture
    def journal(self, tmp_path: Path) -> Journal:
        """A new journal; the case closes it."""
        return self.open(tmp_path)


def same(actual: T, expected: T) -> None:
    """Fail the case unless both are equal."""
    if actual != expected:
        pytest.fail(f"expected {expected!r}, was {actual!r}")


def at_once(work: Callable[[int], T]) -> list[T]:
    """Run *work* with the numbers 0 to `THREADS` - 1, in threads started together; return the answers in order."""
    start = threading.Barrier(THREADS)
    answers: dict[int, T] = {}

    def run(number: int) -> None:
        start.wait()
        answers[number] = work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(THREADS)]


def seen(journal: Journal) -> tuple[int | None, tuple[str, ...], list[Event], tuple[tuple[Event, ...], ...]]:
    """Return everything a journal tells."""
    ids = journal.signal_ids()
    return journal.created_ms, ids, list(journal.scan_open()), tuple(journal.events_of(name) for name in ids)
