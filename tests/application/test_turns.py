"""One thread at a time on each name, others side by side, and nobody waits for himself."""

from __future__ import annotations

import threading

import pytest

from surefill.application.turns import Turns
from surefill.domain.errors import ConfigurationError


def test_a_turn_is_given_back() -> None:
    """Taken while the block lasts, free after it, also when it ends with an error."""
    turns = Turns()

    with turns.of("A"):
        assert turns.taken("A")
        assert not turns.taken("B")
    assert not turns.taken("A")
    with pytest.raises(RuntimeError), turns.of("A"):
        raise RuntimeError
    assert not turns.taken("A")


def test_the_same_thread_does_not_wait_for_itself() -> None:
    """It is told what it did wrong; other names are open to it, and the turn it has stays its own."""
    turns = Turns()

    with turns.of("A"):
        with pytest.raises(ConfigurationError, match="for A while"), turns.of("A"):
            pass
        with turns.of("B"):
            assert turns.taken("B")
        assert turns.taken("A")


def test_another_thread_waits_for_its_turn() -> None:
    """Two threads are never inside together, and both get in."""
    turns = Turns()
    inside: list[str] = []
    entered, leave, waiting = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with turns.of("A"):
            inside.append("first")
            entered.set()
            leave.wait(10)
            inside.append("first leaves")

    def second() -> None:
        waiting.set()
        with turns.of("A"):
            inside.append("second")

    threads = [threading.Thread(target=work) for work in (first, second)]
    threads[0].start()
    assert entered.wait(10)
    threads[1].start()
    assert waiting.wait(10)
    with turns.of("B"):
        leave.set()
    for thread in threads:
        thread.join(10)

    assert inside == ["first", "first leaves", "second"]


def test_whoever_waits_for_others_does_not_wait_for_himself() -> None:
    """Nobody has a turn, or only this thread: it goes on at once."""
    turns = Turns()

    turns.wait_for_others()
    with turns.of("A"):
        turns.wait_for_others()
        assert turns.taken("A")


def test_waiting_for_others_lasts_until_the_last_turn_is_given_back() -> None:
    """Two threads have a turn each; the one who waits goes on after both are done."""
    turns = Turns()
    done: list[str] = []
    entered, leave = threading.Barrier(3), {name: threading.Event() for name in "AB"}

    def work(name: str) -> None:
        with turns.of(name):
            entered.wait(10)
            leave[name].wait(10)
            done.append(name)

    def wait() -> None:
        turns.wait_for_others()
        done.append("waited")

    workers = [threading.Thread(target=work, args=(name,)) for name in "AB"]
    for worker in workers:
        worker.start()
    entered.wait(10)
    waiter = threading.Thread(target=wait)
    waiter.start()
    for worker, name in zip(workers, "AB", strict=True):
        leave[name].set()
        worker.join(10)
    waiter.join(10)

    assert done == ["A", "B", "waited"]
