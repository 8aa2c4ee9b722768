from decimal import Decimal

import attrs
import pytest

from surefill.domain.report import ClosedBy, Outcome
from surefill.testing.invariants import EndState, converged, differences, same_end, unmoved
from surefill.testing.invariants.row import Row
from surefill.testing.invariants.standing import Standing
from tests.invariants.facts import report
from tests.invariants.rows import STEM, SYMBOL, algo, fill, our_id, request

ROWS: list[Row] = [
    *fill(1, our_id("E"), "BUY", "2", "2"),
    {**algo(2, "S", "SELL", "2"), "trigger_price": "90"},
    algo(2, "T", "SELL", "2"),
    *fill(3, "mine", "BUY", "1", "1", position_side="LONG"),
    *fill(4, "mine", "SELL", "1", "0", position_side="LONG"),
]


def end(rows: list[Row], **reports: Outcome) -> EndState:
    standing = Standing()
    for row in rows:
        standing.apply(row)
    given = {signal_id: report(outcome, filled="2.0") for signal_id, outcome in reports.items()}
    return EndState.of(standing, reports={**given, "none": None}, open_signals=["s"])


def test_an_end_is_what_is_held_and_open_and_was_said() -> None:
    """Flat places, and signals without a report, are left out."""
    found = end(ROWS, s=Outcome.PROTECTED)

    assert found.positions == {(SYMBOL, "BOTH"): Decimal(2)}
    assert found.orders == (
        (f"{STEM}S", f"{SYMBOL}/BOTH", "stop", "SELL", "NEW", Decimal(2), Decimal(90)),
        (f"{STEM}T", f"{SYMBOL}/BOTH", "target", "SELL", "NEW", Decimal(2), None),
    )
    assert found.reports == {"s": ("PROTECTED", Decimal(2), None, False)}
    assert found.open_signals == {"s"}


def test_attempts_and_times_make_no_difference() -> None:
    """Two runs that reach the same by other ids, at other times, in another order of things, end alike."""
    later = [
        *ROWS[:2],
        algo(800, "T", "SELL", "2.0", number=9),
        {**algo(900, "S", "SELL", "2"), "trigger_price": "90.0"},
    ]

    assert same_end(end(ROWS, s=Outcome.CLOSED), end(later, s=Outcome.CLOSED))
    assert differences(end(ROWS), end(later)) == ()


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ([*ROWS, *fill(9, "mine", "BUY", "1", "3")], "positions"),
        (ROWS[:3], "orders"),
        ([*ROWS[:2], {**ROWS[2], "trigger_price": "91"}, *ROWS[3:]], "orders"),
        ([*ROWS[:2], {**ROWS[2], "quantity": "1"}, *ROWS[3:]], "orders"),
        ([*ROWS[:2], {**ROWS[2], "status": "TRIGGERING"}, *ROWS[3:]], "orders"),
        ([*ROWS, {**ROWS[2], "client_algo_id": our_id("S", 2)}], "orders"),
    ],
)
def test_another_position_or_order_is_another_end(rows: list[Row], name: str) -> None:
    """Size, trigger, status and number of what is open count."""
    ((found),) = differences(end(ROWS), end(rows))

    assert found.startswith(f"{name}: ")
    assert not same_end(end(ROWS), end(rows))


def test_other_words_are_another_end() -> None:
    """Outcome, filled quantity, what closed it, whether it is provisional, and what the journal holds open count."""
    one = report(Outcome.CLOSED, filled="2", closed_by=ClosedBy.STOP_LOSS)
    others = [
        report(Outcome.REDUCED, filled="2", closed_by=ClosedBy.STOP_LOSS),
        report(Outcome.CLOSED, filled="1", closed_by=ClosedBy.STOP_LOSS),
        report(Outcome.CLOSED, filled="2", closed_by=ClosedBy.EXIT),
        report(Outcome.CLOSED, filled="2"),
        report(Outcome.CLOSED, filled="2", closed_by=ClosedBy.STOP_LOSS, provisional=True),
    ]
    ends = [EndState.of(Standing(), reports={"s": each}, open_signals=()) for each in (one, *others)]

    assert [same_end(ends[0], each) for each in ends] == [True, False, False, False, False, False]
    assert not same_end(ends[0], attrs.evolve(ends[0], open_signals=frozenset({"s"})))
    assert "open_signals: {} against {s}" in differences(ends[0], attrs.evolve(ends[0], open_signals=frozenset({"s"})))


def test_one_undisturbed_end_like_it_is_enough() -> None:
    """An end that no undisturbed run had is found, with what is nearest to it."""
    here, near, far = end(ROWS), end(ROWS[:3]), end(ROWS[:3], s=Outcome.CLOSED)

    assert converged(here, [far, near, here], now_ms=9) == ()
    ((found),) = converged(here, [far, near], now_ms=9)
    assert (found.invariant, found.time_ms) == ("I5", 9)
    assert "orders: " in found.text
    assert "reports: " not in found.text
    assert "none to compare" in converged(here, [], now_ms=9)[0].text


def test_a_restart_at_rest_moves_nothing() -> None:
    """Reads are free; whatever changes the end, or is sent to change something, is found."""
    here, other = end(ROWS), end(ROWS[:3])
    reads = [request("E", method="GET"), *ROWS]

    assert unmoved(here, here, reads, now_ms=9) == ()
    (changed,) = unmoved(here, other, reads, now_ms=9)
    assert "it changed orders" in changed.text
    (sent,) = unmoved(
        here,
        here,
        [
            request("S"),
        ][:1],
        now_ms=9,
    )
    assert sent.invariant == "I5"
    assert f"it sent POST /fapi/v1/algoOrder {our_id('S')}" in sent.text
    (swept,) = unmoved(here, here, [{**request("S", method="DELETE"), "params": "{}"}], now_ms=9)
    assert swept.text.endswith("it sent DELETE /fapi/v1/algoOrder")
