"""Absence: each condition alone is not enough."""

from decimal import Decimal

import pytest

from surefill.domain.ids import Leg
from surefill.domain.order import Trade
from surefill.domain.resolution import Round, absent, trades_after, unexplained_trades, window_closed_ms
from surefill.domain.side import Side
from surefill.domain.snapshot import History, Watermark
from surefill.domain.timings import Timings
from tests.doubles import ONE, SYMBOL, a_bracket, an_intent, an_order

_TIMINGS = Timings(quiet_rounds=3, quiet_ms=6_000, clock_margin_ms=1_000)
_INTENT = an_intent(a_bracket().entry(1), Leg.ENTRY, not_after_ms=5_000)
_CLOSED = 6_000


def _rounds(*began: int, dirty: int | None = None) -> tuple[Round, ...]:
    return tuple(Round(each, each != dirty) for each in began)


def test_the_window_closes_after_the_margin() -> None:
    """The exchange's own clocks may disagree by the margin, so it is added."""
    assert window_closed_ms(_INTENT, _TIMINGS) == _CLOSED


@pytest.mark.parametrize(
    ("rounds", "verdict"),
    [
        (_rounds(6_001, 9_000, 12_001), True),
        (_rounds(), False),
        (_rounds(6_001, 12_001), False),  # too few rounds
        (_rounds(6_001, 9_000, 12_000), False),  # too short a quiet
        (_rounds(6_000, 9_000, 12_000), False),  # the first began before the window had closed
        (_rounds(1_000, 2_000, 3_000, 4_000, 5_000, 6_000), False),  # many, and all too early
        (_rounds(6_001, 9_000, 12_001, dirty=9_000), False),
        (_rounds(6_001, 9_000, 12_001, dirty=6_001), False),
        (_rounds(6_001, 9_000, 12_001, dirty=12_001), False),
        (_rounds(6_001, 7_000, 8_000, 11_000, 14_000, dirty=7_000), True),  # quiet anew since then
        (_rounds(6_001, 9_000, 12_001, 13_000, dirty=13_000), False),
        (_rounds(5_000, 6_001, 9_000, 12_001), True),  # early rounds neither help nor hurt
    ],
)
def test_absence_needs_all_of_it(rounds: tuple[Round, ...], *, verdict: bool) -> None:
    """Enough clean rounds in a row, all after the window closed, over the whole quiet: only then absent."""
    assert absent(_INTENT, rounds, _TIMINGS) is verdict


def _trade(order_id: str) -> Trade:
    return Trade(1, order_id, SYMBOL, Side.BUY, Decimal(100), ONE, 0)


def test_fills_of_orders_not_shown_are_unexplained() -> None:
    """A fill whose order the history does not show yet may be ours: nothing can be believed absent beside it."""
    known = an_order(exchange_id="1")

    assert not unexplained_trades(History((known,), (_trade("1"), _trade("1")), Watermark()), Watermark())
    assert not unexplained_trades(History((), (), Watermark()), Watermark())
    assert unexplained_trades(History((known,), (_trade("1"), _trade("2")), Watermark()), Watermark())


@pytest.mark.parametrize(("order_id", "later"), [("9", False), ("10", False), ("11", True)])
def test_fills_of_orders_before_the_mark_are_no_news(order_id: str, *, later: bool) -> None:
    """The mark's newest fill may lag behind its newest order: fills up to that order were there before."""
    history = History((), (_trade(order_id),), Watermark(order_id=11, trade_id=1))
    mark = Watermark(order_id=10, trade_id=0)

    assert trades_after(history, mark) == (history.trades if later else ())
    assert unexplained_trades(history, mark) is later
