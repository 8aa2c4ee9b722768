from surefill.testing.invariants import Violation, Watch, check
from surefill.testing.invariants.row import Row
from tests.invariants.rows import algo, fill, order, our_id

STOPPED: list[Row] = [
    *fill(10_000, our_id("E"), "BUY", "2", "2"),
    algo(10_100, "S", "SELL", "2"),
    algo(10_100, "T", "SELL", "2"),
    *fill(20_000, our_id("S"), "SELL", "2", "0"),
    algo(20_000, "S", "SELL", "2", status="FINISHED"),
]


def of_orphans(violations: tuple[Violation, ...]) -> list[int]:
    return [violation.time_ms for violation in violations if violation.invariant == "I3"]


def test_leftovers_taken_away_in_time_break_nothing() -> None:
    """A target cancelled within ten seconds after the stop closed the position is no orphan."""
    rows = [*STOPPED, algo(30_000, "T", "SELL", "2", status="CANCELED")]

    assert of_orphans(check(rows, now_ms=99_999)) == []


def test_an_order_that_outlives_its_position_is_a_violation() -> None:
    """From ten seconds on an order without a position to close is an orphan, reported once."""
    watch = Watch()

    assert of_orphans(watch.look(STOPPED, now_ms=30_000)) == []
    assert of_orphans(watch.look([], now_ms=30_001)) == [30_000]
    assert of_orphans(watch.look([], now_ms=40_000)) == []
    assert of_orphans(watch.look([algo(50_000, "T", "SELL", "2", status="CANCELED")], now_ms=60_000)) == []


def test_an_orphan_that_went_before_anybody_looked_is_found() -> None:
    """The sweep is over time, not over the moments of looking."""
    rows = [*STOPPED, algo(30_001, "T", "SELL", "2", status="CANCELED")]

    assert of_orphans(check(rows, now_ms=99_999)) == [30_000]


def test_stops_must_not_add_up_to_more_than_the_position() -> None:
    """After a part is closed, the larger stop may stand beside the smaller for ten seconds, no longer."""
    rows = [
        *fill(10_000, our_id("E"), "BUY", "2", "2"),
        algo(10_100, "S", "SELL", "2"),
        *fill(20_000, our_id("X"), "SELL", "1", "1"),
        algo(20_100, "S", "SELL", "1", number=2),
    ]

    assert of_orphans(check([*rows, algo(29_000, "S", "SELL", "2", status="CANCELED")], now_ms=99_999)) == []
    assert of_orphans(check(rows, now_ms=99_999)) == [30_000]


def test_stop_and_target_may_each_close_all() -> None:
    """A bracket at rest has twice the position in orders, and that is as it should be."""
    assert of_orphans(check(STOPPED[:4], now_ms=9_999_999)) == []


def test_orders_that_would_enlarge_the_position_are_orphans() -> None:
    """After a flip an old stop lies on the side of the new position."""
    rows = [*fill(10_000, our_id("E"), "SELL", "2", "-2"), algo(10_100, "S", "SELL", "1", number=7)]

    assert of_orphans(check(rows, now_ms=99_999)) == [20_100]


def test_a_market_order_that_stays_open_is_an_orphan() -> None:
    """Market orders end at once; one that lingers while there is no position is left over."""
    rows = [order(10_000, our_id("E"), "BUY", "1", "NEW")]

    assert of_orphans(check([*rows, order(10_000, our_id("E"), "BUY", "1", "FILLED")], now_ms=99_999)) == []
    assert of_orphans(check(rows, now_ms=99_999)) == [20_000]


def test_orders_of_others_are_none_of_our_business() -> None:
    """Orders without our mark are nobody's orphans here, and rows about nothing at all are passed over."""
    rows: list[Row] = [
        algo(10_000, "S", "SELL", "2", client_id="mine"),
        {"kind": "setting", "time_ms": 10_001, "symbol": "BTCUSDT"},
    ]

    assert check(rows, now_ms=99_999) == ()
