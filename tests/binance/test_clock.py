"""The exchange's clock, carried on by ours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.binance.clock import ServerClock, TimeReading
from surefill.adapters.binance.timekeeper import RESYNC_MS, RETRY_MS, TIME_PATH, WRONG_RETRY_MS, Timekeeper
from surefill.adapters.wire.call import AnswerLostError, Call, NotSentError, Result, WireAnswer
from surefill.domain.order import Purpose
from tests.binance.accounts import READ, until
from tests.wire_script import refusal


class Machine:
    """A machine's clock whose wall time is wrong and whose counter is moved by hand."""

    def __init__(self, wall_ms: int = 5_000_000, counter_ms: int = 100) -> None:
        self.wall_ms = wall_ms
        self.counter_ms = counter_ms
        self.slept: list[float] = []

    def now_ms(self) -> int:
        return self.wall_ms

    def monotonic_ms(self) -> int:
        return self.counter_ms

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def test_until_told_it_shows_the_machines_time() -> None:
    """Before the first reading it goes on from the machine's time, whatever the wall clock does afterwards."""
    machine = Machine()
    clock = ServerClock(machine)
    machine.wall_ms, machine.counter_ms = 0, 150
    clock.sleep(0.5)

    assert (clock.now_ms(), clock.monotonic_ms()) == (5_000_050, 150)
    assert (clock.error_ms, clock.age_ms, clock.ahead_ms) == (None, None, 0)
    assert machine.slept == [0.5]


@given(st.integers(0, 10**13), st.integers(0, 10**7), st.integers(0, 2_000), st.integers(0, 2_000))
def test_it_is_right_within_half_the_way(wall_ms: int, ahead_ms: int, there_ms: int, back_ms: int) -> None:
    """However the way splits into there and back, the error is at most half of it, as told."""
    machine = Machine(wall_ms)
    clock = ServerClock(machine)
    true_ms = wall_ms + ahead_ms + there_ms  # the exchange's time as it answers
    machine.counter_ms += there_ms + back_ms

    assert clock.learn(TimeReading(true_ms, 100, machine.counter_ms))
    assert clock.error_ms is not None
    assert abs(clock.now_ms() - (true_ms + back_ms)) <= clock.error_ms <= (there_ms + back_ms + 1) // 2
    assert clock.age_ms == 0


def learnt(*readings: tuple[int, int, int]) -> tuple[list[bool], ServerClock]:
    """A clock that heard these readings (exchange's time, sent, received), and which it believed."""
    machine = Machine()
    clock = ServerClock(machine)
    believed = []
    for exchange_ms, sent_ms, received_ms in readings:
        machine.counter_ms = received_ms
        believed.append(clock.learn(TimeReading(exchange_ms, sent_ms, received_ms)))
    return believed, clock


@pytest.mark.parametrize(
    ("second", "believed"),
    [
        ((70_000, 60_100, 60_120), True),
        ((70_025, 60_100, 60_120), True),  # within the errors and the drift of a minute
        ((10_010, 60_100, 60_120), False),  # the old answer again, out of a cache
        ((10_000, 60_100, 60_120), False),  # it went back
        ((75_000, 60_100, 60_120), False),  # it jumped ahead
        ((66_000, 60_100, 60_120), False),  # it fell behind
        ((10_010, 120, 140), True),  # at once, and it had not moved by a millisecond
        ((10_009, 120, 140), False),
    ],
)
def test_a_reading_must_follow_the_last(second: tuple[int, int, int], believed: bool) -> None:  # noqa: FBT001
    """A clock that stands, jumps, goes back or is read from a cache is not believed, and changes nothing."""
    told, clock = learnt((10_010, 100, 120), second)

    assert told == [True, believed]
    if not believed:
        assert clock.now_ms() - clock.monotonic_ms() == 10_010 - 110


def test_a_clock_that_really_was_set_is_believed_at_the_second_reading() -> None:
    """Two readings that bear each other out are the truth, also when it went back."""
    told, clock = learnt((100_000, 100, 120), (50_000, 60_100, 60_120), (50_040, 60_140, 60_160))

    assert told == [True, False, True]
    assert clock.now_ms() == 50_050
    told, _ = learnt((100_000, 100, 120), (50_000, 60_100, 60_120), (40_000, 60_140, 60_160), (40_040, 60_180, 60_200))
    assert told == [True, False, False, True]
    told, _ = learnt((100_000, 100, 120), (50_000, 60_100, 60_120), (50_000, 61_140, 61_160))
    assert told == [True, False, False]


# --- who asks, and when -----------------------------------------------------------------------------------------------


class Post:
    """Carries calls for a timekeeper: each takes 20 ms, and is answered as told."""

    def __init__(self, answer: Callable[[int], Result] | None = None, permitted: bool = True) -> None:  # noqa: FBT001, FBT002
        self.machine = Machine()
        self.clock = ServerClock(self.machine)
        self.carried: list[tuple[str, ...]] = []
        self.permitted: Callable[[Call], bool] = lambda _: permitted
        self._answer = answer or (lambda now_ms: WireAnswer(200, {"serverTime": now_ms}))
        self.keeper = Timekeeper(self.clock, self.carry, lambda call: self.permitted(call))  # noqa: PLW0108 - replaced by tests

    def carry(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        assert all((call.method, call.path, call.signed) == ("GET", TIME_PATH, False) for call in calls)
        self.carried.append(tuple(call.purpose.name for call in calls))
        self.machine.counter_ms += 20
        return tuple(self._answer(self.machine.counter_ms + 1_000_000 - 10) for _ in calls)


WARMING = ("ENTRY", "PROTECTION", "PROTECTION")
ONE = ("PROTECTION",)


def test_the_first_request_sets_the_clock_and_warms_the_lanes() -> None:
    """One connection for entries and two for legs are opened, then one request is timed; then nothing for a minute."""
    post = Post()
    post.keeper.keep()
    post.keeper.keep()

    assert post.carried == [WARMING, ONE]
    assert post.clock.now_ms() == post.machine.counter_ms + 1_000_000
    post.machine.counter_ms += RESYNC_MS - 1
    post.keeper.keep()
    assert len(post.carried) == 2
    post.machine.counter_ms += 1
    post.keeper.keep()
    assert post.carried[2:] == [WARMING, ONE]


@pytest.mark.parametrize(
    "answer",
    [
        NotSentError("x"),
        AnswerLostError("x"),
        WireAnswer(500, None),
        WireAnswer(200, {}),
        WireAnswer(200, {"serverTime": "soon"}),
        WireAnswer(200, []),
    ],
)
def test_an_attempt_that_fails_is_repeated_soon_but_not_at_once(answer: Result) -> None:
    """Nothing is raised and nothing is believed; the exchange is not asked again before five seconds have passed."""
    post = Post(lambda _: answer)
    post.keeper.keep()
    attempts = len(post.carried)
    post.machine.counter_ms += RETRY_MS - 1_000
    post.keeper.keep()

    assert len(post.carried) == attempts
    assert post.clock.age_ms is None
    assert post.keeper.synchronise() is None
    post.machine.counter_ms += RETRY_MS
    post.keeper.keep()
    assert len(post.carried) > 2 * attempts - 1


def test_a_refused_timestamp_makes_it_ask_at_once() -> None:
    """After -1021 the next stamp is right; but a clock that does not help is not asked with every refusal."""
    post = Post()
    post.keeper.keep()
    post.machine.counter_ms += WRONG_RETRY_MS
    post.keeper.watch(READ, refusal(-1021))
    assert len(post.carried) == 4
    post.keeper.watch(READ, refusal(-1021))
    assert len(post.carried) == 4
    post.machine.counter_ms += WRONG_RETRY_MS
    post.keeper.keep()
    assert len(post.carried) == 6


@pytest.mark.parametrize(
    ("call", "result"),
    [
        (READ, refusal(-2019)),
        (READ, NotSentError("x")),
        (READ, WireAnswer(200, {"code": -1021})),
        (Call("GET", TIME_PATH), refusal(-1021)),
    ],
)
def test_nothing_else_makes_it_ask(call: Call, result: Result) -> None:
    """Other refusals, lost answers, successes, and its own requests do not."""
    post = Post()
    post.keeper.watch(call, result)

    assert post.carried == []


def test_a_clock_that_was_set_is_asked_twice() -> None:
    """A reading that contradicts the last one is borne out, or not, by a second one at once."""
    jump = [0]
    post = Post(lambda now_ms: WireAnswer(200, {"serverTime": now_ms + jump[0]}))
    post.keeper.keep()
    jump[0] = 50_000
    reading = post.keeper.synchronise()

    assert post.carried[2:] == [WARMING, ONE, ONE]
    assert reading is not None
    assert post.clock.now_ms() == post.machine.counter_ms + 1_050_000
    answers = iter([7, 7, 7, 8_000_000, 9])
    odd = Post(lambda _: WireAnswer(200, {"serverTime": next(answers)}))
    odd.clock.learn(TimeReading(3_000_000, 100, 101))
    assert odd.keeper.synchronise() is None


def test_in_a_ban_nobody_asks_and_in_a_pause_no_entry_lane_is_warmed() -> None:
    """Setting the clock obeys the exchange's pauses like every other request."""
    banned = Post(permitted=False)
    banned.keeper.keep()
    assert banned.carried == []
    paused = Post()
    paused.permitted = lambda call: call.purpose is not Purpose.ENTRY
    paused.keeper.keep()
    assert paused.carried == [("PROTECTION", "PROTECTION"), ONE]
    late = Post()
    allowed = iter([True, True, True, False])
    late.permitted = lambda _: next(allowed)
    assert late.keeper.synchronise() is None
    assert late.carried == [WARMING]


def test_only_one_thread_asks() -> None:
    """While one thread asks, the others go on with the clock as it is; only before the first reading do they wait."""
    inside, release = threading.Event(), threading.Event()
    post = Post()
    post.keeper.keep()
    post.machine.counter_ms += RESYNC_MS
    carry = post.carry

    def slow(calls: Sequence[Call]) -> tuple[Result, ...]:
        inside.set()
        release.wait(5)
        return carry(calls)

    keeper = Timekeeper(post.clock, slow, lambda _: True)
    asking = threading.Thread(target=keeper.keep)
    asking.start()
    assert inside.wait(5)
    before = len(post.carried)
    keeper._tried_ms = None  # due again for whoever comes
    keeper.keep()
    assert len(post.carried) == before
    release.set()
    asking.join(5)


def test_who_waited_for_the_first_reading_does_not_ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second thread finds the clock set."""
    inside, release = threading.Event(), threading.Event()
    results: list[bool] = []
    post = Post()
    carry = post.carry

    def slow(calls: Sequence[Call]) -> tuple[Result, ...]:
        inside.set()
        release.wait(5)
        return carry(calls)

    keeper = Timekeeper(post.clock, slow, lambda _: True)
    due = keeper._due

    def noted() -> bool:
        results.append(due())
        return results[-1]

    monkeypatch.setattr(keeper, "_due", noted)
    threads = [threading.Thread(target=keeper.keep) for _ in range(2)]
    threads[0].start()
    assert inside.wait(5)
    keeper._tried_ms = None
    threads[1].start()
    until(lambda: len(results) >= 3)
    keeper._tried_ms = post.machine.counter_ms
    release.set()
    for thread in threads:
        thread.join(5)

    assert post.carried == [WARMING, ONE]
