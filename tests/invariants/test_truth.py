from decimal import Decimal

import attrs
import pytest

from surefill.domain.alarm import Alarm, AlarmKind
from surefill.domain.report import Correction, Outcome
from surefill.domain.side import SignalType
from tests.invariants.facts import ASKED, Scene, algo_body, answer, claimed, intent, report
from tests.invariants.rows import STEM, SYMBOL, algo, fill, our_id, request

CLOSE = SignalType.CLOSE_LONG


def bought(quantity: str = "2") -> Scene:
    scene = Scene()
    scene.live(0)
    scene.keep(intent("E"), 900)
    scene.add(*fill(1000, our_id("E"), "BUY", quantity, quantity))
    return scene


def protected() -> Scene:
    """A bracket of which answers showed both legs resting."""
    scene = bought()
    scene.add(algo(1100, "S", "SELL", "2"), algo(1100, "T", "SELL", "2"))
    scene.ask("openAlgoOrders", answer([algo_body("S", "2"), algo_body("T", "2")]), 1200)
    return scene


def test_a_protected_position_is_reported_as_it_is() -> None:
    """Filled as executed, at the price of the fill, with both legs seen resting."""
    scene = protected()
    scene.keep_report(report(Outcome.PROTECTED, filled="2", average_price=Decimal(100)), 1300)
    scene.tell(report(Outcome.PROTECTED, filled="2"), 1300)

    assert scene.found("I11", 2000) == []


@pytest.mark.parametrize(("claimed_size", "sound"), [("2", True), ("1.5", True), ("2.001", False)])
def test_no_more_is_claimed_than_was_executed(*, claimed_size: str, sound: bool) -> None:
    """Evidence may lag behind the exchange, never run ahead of it."""
    scene = protected()
    scene.keep_report(report(Outcome.PROTECTED, filled=claimed_size), 1300)

    assert (scene.found("I11", 2000) == []) is sound


def test_a_report_is_held_against_the_ledger_of_its_time() -> None:
    """A fill that came after the report does not make it true."""
    scene = Scene()
    scene.live(0)
    scene.keep(intent("E"), 900)
    scene.tell(report(Outcome.OPEN, filled="2"), 950)
    scene.add(*fill(1000, our_id("E"), "BUY", "2", "2"))

    assert scene.times("I11", 2000) == [950]


@pytest.mark.parametrize(("price", "sound"), [("100", True), ("100.000009", True), ("99.9", False), ("101", False)])
def test_an_average_lies_within_the_fills(*, price: str, sound: bool) -> None:
    """What was paid on average is neither above nor below every single price."""
    scene = protected()
    scene.keep_report(report(Outcome.PROTECTED, filled="2", average_price=Decimal(price)), 1300)

    assert (scene.found("I11", 2000) == []) is sound


@pytest.mark.parametrize(
    ("legs", "outcome", "problems"),
    [
        (("S",), Outcome.PROTECTED, ["target"]),
        (("T",), Outcome.PROTECTED, ["stop"]),
        (("T",), Outcome.PROTECTED_WITHOUT_TAKE_PROFIT, ["stop"]),
        (("S",), Outcome.PROTECTED_WITHOUT_TAKE_PROFIT, []),
        ((), Outcome.UNPROTECTED, []),
    ],
)
def test_protection_is_claimed_only_when_it_was_seen(
    legs: tuple[str, ...], outcome: Outcome, problems: list[str]
) -> None:
    """A leg that was acknowledged, and that no reading has shown, is not seen."""
    scene = bought()
    scene.add(algo(1100, "S", "SELL", "2"), algo(1100, "T", "SELL", "2"))
    scene.ask("algoOrder", answer(algo_body("S", "2")), 1150, method="POST")
    scene.ask("openAlgoOrders", answer([algo_body(leg, "2") for leg in legs]), 1200)
    scene.keep_report(report(outcome, filled="2"), 1300)

    found = [text for _, text in scene.found("I11", 2000)]
    assert [word for word in ("stop", "target") for text in found if word in text] == problems


def test_a_stop_too_small_or_shown_triggering_does_not_protect() -> None:
    """It must have rested (NEW), at the size that is open."""
    for body in (algo_body("S", "2", "TRIGGERING"), None):
        scene = bought()
        scene.add(algo(1100, "S", "SELL", "1.9" if body is None else "2"), algo(1100, "T", "SELL", "2"))
        shown = [algo_body("S", "1.9") if body is None else body, algo_body("T", "2")]
        scene.ask("openAlgoOrders", answer(shown), 1200)
        scene.keep_report(report(Outcome.PROTECTED, filled="2"), 1300)

        assert len(scene.found("I11", 2000)) == 1


def test_a_target_that_is_shown_triggering_is_there() -> None:
    """It was so fast that no answer showed it resting; it is about to close the position."""
    scene = bought()
    scene.add(algo(1100, "S", "SELL", "2"), algo(1100, "T", "SELL", "2"))
    scene.ask("openAlgoOrders", answer([algo_body("S", "2"), algo_body("T", "2", "TRIGGERING")]), 1200)
    scene.keep_report(report(Outcome.PROTECTED, filled="2"), 1300)

    assert scene.found("I11", 2000) == []


def test_without_a_look_at_answers_the_ledger_must_do() -> None:
    """When nobody tapped the wire, a leg that rests at the exchange counts as seen."""
    scene = bought()
    scene.add(algo(1100, "S", "SELL", "2"), algo(1100, "T", "SELL", "2"))
    scene.keep_report(report(Outcome.PROTECTED, filled="2"), 1300)

    assert scene.found("I11", 2000) == []


def test_no_target_is_missed_that_was_not_asked_for() -> None:
    """A bracket of a stop alone is protected by it."""
    scene = bought()
    scene.asked[STEM] = attrs.evolve(ASKED, target=None)
    scene.add(algo(1100, "S", "SELL", "2"))
    scene.ask("openAlgoOrders", answer([algo_body("S", "2")]), 1200)
    scene.keep_report(report(Outcome.PROTECTED, filled="2"), 1300)

    assert scene.found("I11", 2000) == []


def test_what_others_closed_needs_no_stop_any_more() -> None:
    """After a part was closed by hand a smaller stop protects what is left."""
    scene = bought()
    scene.add(*fill(1050, "mine", "SELL", "0.5", "1.5"))
    scene.add(algo(1100, "S", "SELL", "1.5"), algo(1100, "T", "SELL", "1.5"))
    scene.ask("openAlgoOrders", answer([algo_body("S", "1.5"), algo_body("T", "1.5")]), 1200)
    scene.keep_report(report(Outcome.PROTECTED, filled="2"), 1300)

    assert scene.found("I11", 2000) == []


def test_closed_means_that_it_is_gone() -> None:
    """By our own order or by somebody else's; while a part is open it is not closed."""
    scene = protected()
    scene.add(*fill(1400, our_id("S"), "SELL", "1.5", "0.5"))
    scene.keep_report(report(Outcome.CLOSED, filled="2"), 1500)
    assert scene.times("I11", 1600) == [1500]
    scene.add(*fill(1700, "mine", "SELL", "0.5", "0"))
    scene.keep_report(report(Outcome.CLOSED, filled="2"), 1800)

    assert scene.found("I11", 2000) == []


@pytest.mark.parametrize("outcome", [Outcome.CLOSED, Outcome.ALREADY_FLAT])
def test_a_close_that_says_flat_leaves_nothing_of_ours(outcome: Outcome) -> None:
    """In the direction it was about, whoever's bracket it was."""
    scene = protected()
    scene.keep_report(report(outcome, signal_id="c", kind=CLOSE), 1500)
    scene.keep_report(report(outcome, signal_id="d", kind=SignalType.CLOSE_SHORT), 1500)
    assert scene.times("I11", 1600) == [1500]
    scene.add(*fill(1700, our_id("S"), "SELL", "2", "0"))
    scene.keep_report(report(outcome, signal_id="e", kind=CLOSE), 1800)

    assert scene.found("I11", 2000) == []


def test_an_old_close_told_again_is_held_against_its_own_time() -> None:
    """A replayed report speaks of the moment it was written in, not of what was opened since."""
    scene = protected()
    scene.add(*fill(1400, our_id("S"), "SELL", "2", "0"))
    given = report(Outcome.ALREADY_FLAT, signal_id="c", kind=CLOSE, at_ms=1500)
    scene.keep(intent("E", stem="sf-" + "b" * 28, signal_id="b"), 1600)
    scene.add(*fill(1700, our_id("E", stem="sf-" + "b" * 28), "BUY", "1", "1"))
    scene.tell(given, 1800)
    scene.told[-1] = attrs.evolve(scene.told[-1], report=given)

    assert scene.found("I11", 2000) == []


def test_a_lost_journal_makes_flat_what_nobody_remembers() -> None:
    """A new owner on an empty journal cannot know of size that no signal has claimed again."""
    scene = protected()
    scene.live(1300, alive=False)
    scene.live(1400, owner=2, lost=True)
    scene.keep_report(report(Outcome.ALREADY_FLAT, signal_id="c", kind=CLOSE), 1500)
    assert scene.found("I11", 1600) == []
    scene.keep(claimed(), 1700)
    scene.keep_report(report(Outcome.ALREADY_FLAT, signal_id="d", kind=CLOSE), 1800)

    assert scene.times("I11", 2000) == [1800]


@pytest.mark.parametrize("outcome", [Outcome.NOT_FILLED, Outcome.REJECTED, Outcome.REFUSED])
def test_nothing_that_was_executed_is_denied(outcome: Outcome) -> None:
    """A filled entry is neither unfilled nor refused; only a provisional absence may still be wrong."""
    scene = bought()
    scene.tell(report(outcome), 1300)
    assert scene.times("I11", 1400) == [1300]

    unsure = bought()
    unsure.tell(report(Outcome.NOT_FILLED, provisional=True), 1300)
    assert unsure.found("I11", 1400) == []


def test_after_a_final_denial_nothing_fills() -> None:
    """NOT_FILLED that is not provisional holds for ever."""
    scene = Scene()
    scene.live(0)
    scene.keep(intent("E"), 900)
    scene.keep_report(report(Outcome.NOT_FILLED), 950)
    scene.add(*fill(99_000, our_id("E"), "BUY", "2", "2"))

    assert scene.times("I11", 99_500) == [99_000]


def denied(outcome: Outcome, *, provisional: bool = False) -> Scene:
    """An entry that filled long after the report that denied it."""
    scene = Scene()
    scene.live(0)
    scene.keep(intent("E"), 900)
    scene.tell(report(outcome, provisional=provisional), 950)
    scene.add(*fill(5000, our_id("E"), "BUY", "2", "2"))
    assert scene.found("I11", 6000) == []
    return scene


def at_rest(scene: Scene) -> list[int]:
    return [each.time_ms for each in scene.watch.truth.at_rest(99_000)]


DENIALS = [(Outcome.NOT_FILLED, True), (Outcome.REJECTED, False), (Outcome.REFUSED, False)]


@pytest.mark.parametrize(("outcome", "provisional"), DENIALS)
def test_a_denial_that_turns_out_wrong_is_corrected(*, outcome: Outcome, provisional: bool) -> None:
    """By a LATE_FILL alarm for that signal, or by a report with a correction; without either it is found at the end."""
    assert at_rest(denied(outcome, provisional=provisional)) == [5000]

    alarmed = denied(outcome, provisional=provisional)
    alarmed.alarms.append(Alarm(AlarmKind.LATE_FILL, 7000, "late", SYMBOL, "s"))
    assert alarmed.found("I11", 8000) == []
    assert at_rest(alarmed) == []

    corrected = denied(outcome, provisional=provisional)
    correction = Correction(7000, Outcome.UNPROTECTED, "was NOT_FILLED")
    corrected.keep_report(report(Outcome.UNPROTECTED, filled="2", corrections=(correction,)), 7000)
    assert corrected.found("I11", 8000) == []
    assert at_rest(corrected) == []

    other = denied(outcome, provisional=provisional)
    other.alarms += [
        Alarm(AlarmKind.LATE_FILL, 7000, "late", SYMBOL, "another"),
        Alarm(AlarmKind.LATE_FILL, 7000, "late", SYMBOL),
        Alarm(AlarmKind.OUTCOME_UNKNOWN, 7000, "?", SYMBOL, "s"),
    ]
    other.keep_report(report(Outcome.NOT_FILLED, provisional=True), 7500)
    other.judge(8000)
    assert at_rest(other) == [5000]
    assert at_rest(other) == []


def test_a_refused_signal_may_be_tried_again() -> None:
    """A refusal speaks of the attempts before it; the next one may fill."""
    scene = Scene()
    scene.live(0)
    scene.tell(report(Outcome.REFUSED), 900)
    scene.keep(intent("E"), 950)
    scene.tell(report(Outcome.REFUSED), 970)
    scene.keep(intent("E", number=2), 980)
    scene.add(*fill(1000, our_id("E", 2), "BUY", "2", "2"))
    scene.tell(report(Outcome.UNPROTECTED, filled="2"), 1100)

    assert scene.found("I11", 2000) == []
    assert at_rest(scene) == []


LAST = [Outcome.CLOSED, Outcome.REDUCED, Outcome.ALREADY_FLAT, Outcome.NOT_FILLED, Outcome.REJECTED]


@pytest.mark.parametrize("outcome", LAST)
def test_a_last_word_changes_only_with_a_correction(outcome: Outcome) -> None:
    """Silence is as bad as a lie here; the same word again is none."""
    scene = Scene()
    correction = Correction(1, Outcome.UNKNOWN, "was said too soon")
    scene.keep_report(report(outcome, kind=CLOSE), 1000)
    scene.tell(report(outcome, kind=CLOSE), 1100)
    scene.keep_report(report(Outcome.UNKNOWN, kind=CLOSE, corrections=(correction,)), 1200)
    scene.keep_report(report(outcome, kind=CLOSE, corrections=(correction,)), 1300)
    assert scene.found("I11", 1400) == []
    scene.keep_report(report(Outcome.UNKNOWN, kind=CLOSE, corrections=(correction,)), 1500)

    ((at_ms, problem),) = scene.found("I11", 2000)
    assert (at_ms, problem) == (1500, f"{outcome.value} became UNKNOWN without a correction")


def test_what_was_filled_does_not_shrink() -> None:
    """A last word keeps its quantity."""
    scene = bought()
    scene.keep(intent("X"), 1050)
    scene.add(*fill(1100, our_id("X"), "SELL", "2", "0"))
    scene.keep_report(report(Outcome.CLOSED, filled="2", kind=CLOSE), 1200)
    assert scene.found("I11", 1250) == []
    scene.keep_report(report(Outcome.CLOSED, filled="1", kind=CLOSE), 1300)

    assert len(scene.found("I11", 2000)) == 1


def test_outcomes_on_the_way_may_follow_each_other() -> None:
    """UNKNOWN, UNPROTECTED and PROTECTED are no last words; nor is a refusal, which uses no id up."""
    scene = protected()
    for outcome in (Outcome.UNKNOWN, Outcome.UNPROTECTED, Outcome.PROTECTED, Outcome.UNPROTECTED):
        scene.keep_report(report(outcome, filled="2"), 1300)
    scene.tell(report(Outcome.REFUSED, signal_id="r"), 1300)
    scene.keep_report(report(Outcome.UNKNOWN, signal_id="r"), 1400)

    assert scene.found("I11", 2000) == []


def test_a_first_claim_begins_anew() -> None:
    """On an empty journal nobody remembers what was said."""
    scene = Scene()
    scene.keep_report(report(Outcome.REJECTED), 1000)
    scene.keep(claimed(), 2000)
    scene.keep_report(report(Outcome.NOT_FILLED, provisional=True), 3000)

    assert scene.found("I11", 4000) == []


def test_nobody_is_blamed_for_what_stood_in_a_lost_journal() -> None:
    """A signal claimed for the first time again may be refused although an earlier owner had entered it."""
    scene = bought()
    scene.keep(claimed(at_ms=2000), 2000)
    scene.tell(report(Outcome.REFUSED), 2100)
    assert scene.found("I11", 2500) == []
    scene.keep(intent("E"), 2600)
    scene.tell(report(Outcome.REFUSED), 2700)

    assert scene.times("I11", 3000) == [2700]


def test_fills_of_others_and_of_strangers_change_nothing() -> None:
    """Only what carries our mark, and was not placed by hand, is ours to report."""
    scene = Scene()
    scene.keep(intent("E"), 900)
    scene.keep_report(report(Outcome.NOT_FILLED), 950)
    scene.by_hand(request("E"), *fill(1000, our_id("E"), "BUY", "2", "2"))

    assert scene.found("I11", 2000) == []
