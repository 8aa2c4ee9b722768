import attrs
import pytest

from surefill.application.duties import Duty, DutyKind
from surefill.application.status import Status
from surefill.domain.alarm import AlarmKind
from surefill.domain.budget import Capacity
from surefill.domain.halt import HaltLevel
from surefill.domain.reply import ReplyKind
from tests.invariants.facts import LOST, Scene, answer, answered, missing
from tests.invariants.rows import SYMBOL, unprotected

REST = Status(
    environment="paper",
    at_ms=0,
    halt_level=HaltLevel.NONE,
    halt_reason="",
    halt_outside=False,
    own_halt_level=HaltLevel.NONE,
    frozen=(),
    duties=(),
    capacity=Capacity(allowances=(), hard_percent=90),
    journal_failure=None,
    audit_failure=None,
    guarded=True,
    closing=False,
)


@pytest.mark.parametrize(("took_ms", "sound"), [(16_000, True), (16_001, False)])
def test_a_signal_whose_requests_were_all_answered_is_done_soon(*, took_ms: int, sound: bool) -> None:
    """Fifteen seconds, and one more for the request under way."""
    scene = Scene()
    scene.ask("order", answer({}), 1000, method="POST")
    scene.ask("order", missing(), 2000)
    scene.call("execute_signal", 0, took_ms)

    assert (scene.times("I12", 99_000) == []) is sound


@pytest.mark.parametrize(("took_ms", "sound"), [(31_000, True), (31_001, False)])
def test_an_unknown_outcome_takes_no_longer_than_half_a_minute(*, took_ms: int, sound: bool) -> None:
    """Whether the answer was lost, or was one of those that tell nothing."""
    lost, unclear = Scene(), Scene()
    lost.ask("order", LOST, 6000, method="POST")
    lost.call("execute_signal", 0, took_ms)
    unclear.keep(answered("E", ReplyKind.UNKNOWN, at_ms=1000), 1000)
    unclear.call("execute_signal", 0, took_ms)

    assert (lost.times("I12", 99_000) == []) is sound
    assert (unclear.times("I12", 99_000) == []) is sound


def test_no_call_takes_longer_than_the_longest() -> None:
    """Neither a signal whose reads fail, nor one behind the work on another symbol, nor any other call."""
    reads, two, other = Scene(), Scene(), Scene()
    reads.ask("order", answer({}, 503), 6000)
    two.ask("order", answer({}), 1000)
    two.ask("order", answer({}), 2000, symbol="ETHUSDT")
    for scene, verb in ((reads, "execute_signal"), (two, "execute_signal"), (other, "reconcile")):
        scene.call(verb, 0, 76_000)
        assert scene.found("I12", 99_000) == []
        scene.ask("order", answer({}, 503), 100_000)
        scene.ask("order", answer({}, 503), 100_100, symbol="ETHUSDT")
        scene.call(verb, 99_000, 99_000 + 76_001)
        assert scene.found("I12", 999_000) == [(174_000, f"{verb} took 76001 ms; 75000 ms is the limit")]
    assert other.watch.bounded.longest_ms == {"reconcile": 76_001}


def test_what_others_were_told_is_no_excuse() -> None:
    """Only the requests of that call count: of its owner, in its time."""
    scene = Scene()
    scene.ask("order", LOST, 6000, owner=2)
    scene.ask("order", LOST, 400_000)
    scene.ask("order", LOST, 700_000, sent_ms=690_000)
    scene.call("execute_signal", 0, 20_000)

    assert len(scene.found("I12", 800_000)) == 1


def rest(scene: Scene, *duties: Duty, frozen: tuple[tuple[str, str], ...] = ()) -> list[str]:
    scene.judge(1000)
    found = scene.watch.at_rest(attrs.evolve(REST, duties=duties, frozen=frozen), now_ms=1000)
    return [each.text for each in found if each.invariant == "I12"]


@pytest.mark.parametrize(
    ("kind", "sound"),
    [
        (DutyKind.GUARD, True),
        (DutyKind.LATE_WATCH, True),
        (DutyKind.PROTECT, False),
        (DutyKind.RESOLVE, False),
        (DutyKind.CLEAR, False),
    ],
)
def test_only_watching_goes_on_for_ever(*, kind: DutyKind, sound: bool) -> None:
    """At rest positions are guarded and absent orders watched; everything else should have ended."""
    assert (rest(Scene(), Duty(kind, SYMBOL, "s", 1)) == []) is sound


def test_a_frozen_symbol_is_no_rest() -> None:
    """A question that stays open keeps the symbol closed to entries."""
    assert rest(Scene(), frozen=((SYMBOL, "why"),)) == ["the symbol stayed frozen: why"]
    assert rest(Scene()) == []


def test_protection_that_somebody_keeps_removing_waits_for_a_person() -> None:
    """After LEG_REMOVED for that signal nothing more is expected of us, but its protection only."""
    scene = Scene()
    scene.alarms.append(attrs.evolve(unprotected(1, SYMBOL, AlarmKind.LEG_REMOVED), signal_id="s"))
    scene.alarms.append(attrs.evolve(unprotected(1, SYMBOL), signal_id="t"))
    found = rest(
        scene,
        Duty(DutyKind.PROTECT, SYMBOL, "s", 1),
        Duty(DutyKind.PROTECT, SYMBOL, "t", 1),
        Duty(DutyKind.CLEAR, SYMBOL, "s", 1),
    )

    assert found == ["the duty PROTECT never ended", "the duty CLEAR never ended"]
