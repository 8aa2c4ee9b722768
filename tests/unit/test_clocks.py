"""Clocks: the machine's, and the one that moves when told."""

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.clock import SystemClock, VirtualClock
from surefill.adapters.clock.system import since_boot_ns


class _Machine:
    """A machine whose wall clock, counter and sleep are in our hands."""

    def __init__(self) -> None:
        self.wall_ns = 1_700_000_000_000_000_000
        self.counter_ns = 5_000_000_000
        self.waits: list[float] = []

    def clock(self, offset_ms: int = 0) -> SystemClock:
        return SystemClock(
            offset_ms, wall_ns=lambda: self.wall_ns, counter_ns=lambda: self.counter_ns, wait=self.waits.append
        )


def test_the_system_clock_shows_wall_time_with_its_offset() -> None:
    """Time is the machine's at first, plus the offset."""
    assert _Machine().clock().now_ms() == 1_700_000_000_000
    assert _Machine().clock(-250).now_ms() == 1_699_999_999_750


def test_the_system_clock_is_carried_by_the_counter() -> None:
    """A wall clock that jumps moves nothing; the counter does."""
    machine = _Machine()
    clock = machine.clock()
    machine.wall_ns += 3_600_000_000_000
    machine.counter_ns += 1_500_000_000

    assert clock.now_ms() == 1_700_000_001_500
    assert clock.monotonic_ms() == 6_500


@pytest.mark.parametrize("step_ms", [750, 0, -750])
def test_a_correction_moves_the_time_and_not_the_counter(step_ms: int) -> None:
    """After a correction the clock shows the exchange's time and tells the step; durations go on unmoved."""
    machine = _Machine()
    clock = machine.clock()
    machine.counter_ns += 2_000_000

    assert clock.correct(1_700_000_000_002 + step_ms) == step_ms
    assert clock.now_ms() == 1_700_000_000_002 + step_ms
    assert clock.monotonic_ms() == 5_002


def test_the_system_clock_sleeps_as_the_machine_does() -> None:
    """Waiting is the machine's."""
    machine = _Machine()
    machine.clock().sleep(0.25)

    assert machine.waits == [0.25]


def test_the_machine_is_used_unless_told_otherwise() -> None:
    """Without sources of its own the clock reads the machine, in order."""
    clock = SystemClock()
    before_ns = since_boot_ns()
    clock.sleep(0)

    assert clock.now_ms() > 1_700_000_000_000
    assert before_ns // 1_000_000 <= clock.monotonic_ms() <= since_boot_ns() // 1_000_000
    with pytest.raises(ValueError, match="non-negative"):
        clock.sleep(-1)


def test_virtual_time_stands_still() -> None:
    """Nothing passes while nobody sleeps."""
    clock = VirtualClock(1_000)

    assert [clock.now_ms(), clock.monotonic_ms(), clock.now_ms()] == [1_000, 1_000, 1_000]


@given(st.lists(st.floats(0, 1e6), max_size=20))
def test_a_sleep_is_never_too_short(waits: list[float]) -> None:
    """Each sleep advances by at least its time, and by less than a millisecond more."""
    clock = VirtualClock(0)
    for seconds in waits:
        before_ms = clock.now_ms()
        clock.sleep(seconds)

        assert 0 <= clock.now_ms() - before_ms - seconds * 1000 < 1 + 1e-6


@pytest.mark.parametrize("seconds", [-0.001, math.nan, math.inf])
def test_an_impossible_sleep_is_refused(seconds: float) -> None:
    """A sleep is finite and not negative."""
    with pytest.raises(ValueError, match="finite and not negative, was"):
        VirtualClock(0).sleep(seconds)


def test_virtual_time_begins_at_or_after_zero() -> None:
    """A start before 1970 is refused."""
    with pytest.raises(ValueError, match="start_ms: must not be negative, was -1"):
        VirtualClock(-1)


def test_the_world_moves_before_the_clock_does() -> None:
    """Whoever simulates is told the moment to reach, may date its own events on the way, and ends where it was told."""
    seen: list[tuple[int, int]] = []

    def world(at_ms: int) -> None:
        clock.follow(1_200)
        seen.append((at_ms, clock.now_ms()))

    clock = VirtualClock(1_000, world)
    clock.sleep(0.5)

    assert seen == [(1_500, 1_200)]
    assert clock.now_ms() == 1_500


def test_virtual_time_never_goes_back() -> None:
    """A moment already past changes nothing and is not passed on, however it comes."""
    moments: list[int] = []
    clock = VirtualClock(1_000, moments.append)
    clock.advance_to(2_000)
    clock.advance_to(1_500)
    clock.advance_to(2_000)
    clock.follow(1_000)
    clock.sleep(0)

    assert (clock.now_ms(), moments) == (2_000, [2_000])


def test_a_world_with_a_lock_of_its_own_does_not_deadlock() -> None:
    """While one thread moves the world, another that holds the world's lock may read and move the clock."""
    world_lock = threading.Lock()
    inside, done = threading.Event(), threading.Event()

    def world(_: int) -> None:
        inside.set()
        assert done.wait(10)
        with world_lock:
            pass

    def other() -> None:
        assert inside.wait(10)
        with world_lock:
            assert clock.now_ms() == 0
            clock.follow(50)
        done.set()

    clock = VirtualClock(0, world)
    thread = threading.Thread(target=other)
    thread.start()
    clock.sleep(0.1)
    thread.join(10)

    assert (thread.is_alive(), clock.now_ms()) == (False, 100)
