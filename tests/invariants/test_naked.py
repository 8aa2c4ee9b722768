from surefill.domain.alarm import AlarmKind
from surefill.testing.invariants import NoSilentNakedPosition, Violation, Watch, check
from tests.invariants.rows import algo, fill, our_id, unprotected

BOUGHT = fill(10_000, our_id("E"), "BUY", "2", "2")
GRACE_MS = 4_000
"""What a fill may be without cover: 3 s to the first alarm, 1 s for a look."""


def of_naked(violations: tuple[Violation, ...]) -> list[tuple[str, int]]:
    return [(violation.invariant, violation.time_ms) for violation in violations if violation.invariant == "I2"]


def test_a_stop_in_time_is_cover() -> None:
    """A position whose stop rests within the grace breaks nothing, however long it lasts."""
    rows = [*BOUGHT, algo(13_900, "S", "SELL", "2")]

    assert check(rows, now_ms=99_999_999) == ()


def test_a_position_without_stop_and_alarm_is_a_violation() -> None:
    """From the end of the grace on silence about a naked position is a violation, reported once."""
    watch = Watch()

    assert of_naked(watch.look(BOUGHT, now_ms=10_000 + GRACE_MS)) == []
    assert of_naked(watch.look([], now_ms=10_001 + GRACE_MS)) == [("I2", 14_000)]
    assert of_naked(watch.look([], now_ms=60_000)) == []
    assert watch.naked.longest_ms == 50_000


def test_alarms_must_not_pause() -> None:
    """Alarms excuse a naked position as long as none is older than ten seconds."""
    alarms = [unprotected(13_500), unprotected(22_000), unprotected(31_000)]

    assert of_naked(check(BOUGHT, alarms, now_ms=41_000)) == []
    assert of_naked(check(BOUGHT, alarms, now_ms=41_001)) == [("I2", 41_000)]
    assert of_naked(check(BOUGHT, [alarms[0], alarms[2]], now_ms=40_000)) == [("I2", 23_500)]


def test_other_alarms_do_not_excuse() -> None:
    """Only an UNPROTECTED alarm of that symbol speaks of the naked position."""
    alarms = [unprotected(13_500, "ETHUSDT"), unprotected(13_500, None), unprotected(13_500, kind=AlarmKind.HALTED)]

    assert of_naked(check(BOUGHT, alarms, now_ms=15_000)) == [("I2", 14_000)]


def test_what_does_not_cover() -> None:
    """A stop too small, on the wrong side, triggering, of somebody else, or a target: none of them is cover."""
    for row in (
        algo(10_100, "S", "SELL", "1.9"),
        algo(10_100, "S", "BUY", "2"),
        algo(10_100, "S", "SELL", "2", status="TRIGGERING"),
        algo(10_100, "S", "SELL", "2", client_id="mine"),
        algo(10_100, "T", "SELL", "2"),
        algo(10_100, "other", "SELL", "2", client_id=our_id("S")),
    ):
        assert of_naked(check([*BOUGHT, row], now_ms=20_000)) == [("I2", 14_000)], row


def test_several_stops_cover_together() -> None:
    """Each bracket has its own stop: together they have to reach the size of the position."""
    rows = [*BOUGHT, algo(10_100, "S", "SELL", "1.5"), algo(10_100, "S", "SELL", "0.5", number=2)]

    assert of_naked(check(rows, now_ms=20_000)) == []


def test_a_stop_that_goes_leaves_the_position_naked() -> None:
    """When a stop ends without closing the position, the clock begins to run."""
    rows = [*BOUGHT, algo(10_100, "S", "SELL", "2"), algo(50_000, "S", "SELL", "2", status="CANCELED")]

    assert of_naked(check(rows, now_ms=60_000)) == [("I2", 54_000)]


def test_a_position_that_goes_ends_the_spell() -> None:
    """What was naked too long is reported when it ends, and nothing is naked afterwards."""
    rows = [*BOUGHT, *fill(15_000, our_id("X"), "SELL", "2", "0")]

    assert of_naked(check(rows, now_ms=60_000)) == [("I2", 14_000)]
    assert of_naked(check([*BOUGHT, *fill(13_000, our_id("X"), "SELL", "2", "0")], now_ms=60_000)) == []


def test_shorts_are_covered_by_buying_stops() -> None:
    """A short needs a stop that buys."""
    sold = fill(10_000, our_id("E"), "SELL", "2", "-2")

    assert of_naked(check([*sold, algo(10_100, "S", "BUY", "2")], now_ms=20_000)) == []
    assert of_naked(check([*sold, algo(10_100, "S", "SELL", "2")], now_ms=20_000)) == [("I2", 14_000)]


def test_the_clock_starts_when_the_fill_is_known() -> None:
    """With a lost reply nobody can act before the fill is found: the grace begins then, the stretch at the fill."""
    known = {our_id("E"): 15_000}
    watch = Watch(naked=NoSilentNakedPosition(known_ms=known))

    assert of_naked(watch.look([*BOUGHT, algo(18_000, "S", "SELL", "2")], now_ms=20_000)) == []
    assert watch.naked.longest_ms == 8_000
    assert of_naked(check(BOUGHT, now_ms=20_000, known_ms=known)) == [("I2", 19_000)]


def test_size_of_others_is_not_ours() -> None:
    """Somebody else's position needs no stop of ours; and what somebody else closed of ours is gone."""
    foreign = fill(10_000, "mine", "BUY", "2", "2")
    closed = [*BOUGHT, *fill(12_000, "mine", "SELL", "2", "0"), *fill(12_500, "mine", "BUY", "1", "1")]

    assert of_naked(check(foreign, now_ms=60_000)) == []
    assert of_naked(check(closed, now_ms=60_000)) == []


def test_positions_are_kept_apart_by_side() -> None:
    """On a hedge account a stop of the short does not cover the long."""
    rows = fill(10_000, our_id("E"), "BUY", "2", "2", position_side="LONG")

    assert of_naked(check([*rows, algo(10_100, "S", "SELL", "2")], now_ms=20_000)) == [("I2", 14_000)]
