"""Hard limits: each alone, below, at and above."""

from decimal import Decimal
from typing import Any

import pytest

from surefill.domain.errors import ValidationError
from surefill.domain.limits import EntryFacts, RiskLimits
from surefill.domain.refusal import Refusal
from surefill.domain.side import Direction

_ENORMOUS: dict[str, Any] = {
    "quantity": Decimal(10**9),
    "last": Decimal(1),
    "stop_price": Decimal(1),
    "held": Decimal(10**9),
    "exposure": Decimal(10**12),
    "leverage": 125,
    "entries_last_minute": 10_000,
    "twin_age_ms": 0,
    "realized_today": Decimal(-(10**9)),
}


def _facts(**changes: Any) -> EntryFacts:
    fields: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "direction": Direction.LONG,
        "quantity": Decimal(2),
        "mark": Decimal(100),
        "last": Decimal(100),
    }
    return EntryFacts(**(fields | changes))


def test_nothing_is_limited_by_default() -> None:
    """Without limits even an absurd entry passes, and nothing more than usual must be read."""
    limits = RiskLimits()

    assert limits.check(_facts(**_ENORMOUS)) is None
    assert (limits.needs_exposure, limits.needs_leverage) == (False, False)


@pytest.mark.parametrize(
    ("limit", "fact", "below", "at", "above"),
    [
        ({"max_order_quantity": 2}, "quantity", "1.999", "2", "2.001"),
        ({"max_order_notional": 200}, "quantity", "1.999", "2", "2.001"),
        ({"max_position_notional": 500}, "held", "2.9", "3", "3.1"),  # 200 more to come
        ({"max_position_notional": 500}, "held", "-2.9", "-3", "-3.1"),  # the size counts, whichever way it is held
        ({"max_gross_exposure": 500}, "exposure", "299", "300", "301"),
        ({"max_leverage": 20}, "leverage", 19, 20, 21),
        ({"price_collar": "0.01"}, "last", "100.99", "101", "101.01"),
        ({"price_collar": "0.01"}, "last", "99.01", "99", "98.99"),
        ({"max_stop_distance": "0.1"}, "stop_price", "90.1", "90", "89.9"),
        ({"max_stop_distance": "0.1"}, "stop_price", "109.9", "110", "110.1"),
        ({"max_orders_per_minute": 5}, "entries_last_minute", 3, 4, 5),  # this entry is one more
    ],
)
def test_each_limit_holds_alone(limit: dict[str, Any], fact: str, below: Any, at: Any, above: Any) -> None:
    """Below and at the limit an entry passes; above it is refused, naming the limit and the value."""
    limits = RiskLimits(**limit)
    (name,) = limit

    def verdict(value: Any) -> object:
        return limits.check(_facts(**{fact: Decimal(value) if isinstance(value, str) else value}))

    assert verdict(below) is None
    assert verdict(at) is None
    declined = limits.check(_facts(**{fact: Decimal(above) if isinstance(above, str) else above}))
    assert declined is not None
    assert declined.refusal is Refusal.LIMIT
    assert declined.text.startswith(f"{name}: ")


@pytest.mark.parametrize(("realized", "allowed"), [("1", True), ("-49.99", True), ("-50", False), ("-50.01", False)])
def test_the_daily_loss_stops_entries_once_reached(realized: str, *, allowed: bool) -> None:
    """A loss of the limit or more stops entries until midnight; a gain never does."""
    declined = RiskLimits(max_daily_loss=Decimal(50)).check(_facts(realized_today=Decimal(realized)))

    assert (declined is None) is allowed
    assert declined is None or "max_daily_loss" in declined.text


@pytest.mark.parametrize(("symbol", "allowed"), [("BTCUSDT", True), ("ETHUSDT", False)])
def test_only_listed_symbols_trade(symbol: str, *, allowed: bool) -> None:
    """A list of symbols admits those on it."""
    declined = RiskLimits(symbols=frozenset({"BTCUSDT", "XRPUSDT"})).check(_facts(symbol=symbol))

    assert (declined is None) is allowed
    assert declined is None or declined.text == "symbols: ETHUSDT is not on the list"


@pytest.mark.parametrize(("age_ms", "allowed"), [(None, True), (0, False), (4_999, False), (5_000, True)])
def test_twins_are_refused_within_the_window(age_ms: int | None, *, allowed: bool) -> None:
    """The same entry under another id is refused while the window of its twin lasts."""
    declined = RiskLimits(duplicate_window_seconds=5).check(_facts(twin_age_ms=age_ms))

    assert (declined is None) is allowed
    assert declined is None or (declined.refusal is Refusal.LIMIT and "LONG 2 BTCUSDT" in declined.text)


@pytest.mark.parametrize(
    ("age_ms", "text"),
    [(0, None), (5_000, None), (5_001, "an age of 5001 ms"), (None, "no created_at")],
)
def test_old_signals_are_stale(age_ms: int | None, text: str | None) -> None:
    """A signal older than the limit, or one that does not say how old it is, is stale."""
    declined = RiskLimits(max_signal_age_seconds=5).check(_facts(signal_age_ms=age_ms))

    assert (declined is None) is (text is None)
    assert declined is None or (declined.refusal is Refusal.STALE and declined.text.endswith(text or ""))


def test_what_is_not_known_is_not_held_against_the_entry() -> None:
    """Leverage that was not read and a stop that was not asked for break no limit."""
    assert RiskLimits(max_leverage=1, max_stop_distance=Decimal("0.0001")).check(_facts()) is None


def test_a_single_string_is_no_list_of_symbols() -> None:
    """Read as a set of letters it would forbid every symbol there is."""
    with pytest.raises(ValidationError, match="symbols: must be a set of symbols, was one string, 'BTCUSDT'"):
        RiskLimits(symbols="BTCUSDT")


def test_what_must_be_read_for_the_limits() -> None:
    """Positions on all symbols are read only for the gross exposure, the leverage only for its own limit."""
    exposure, leverage = RiskLimits(max_gross_exposure=Decimal(1)), RiskLimits(max_leverage=1)

    assert (exposure.needs_exposure, exposure.needs_leverage) == (True, False)
    assert (leverage.needs_exposure, leverage.needs_leverage) == (False, True)


def test_the_first_limit_in_order_is_named() -> None:
    """With several limits broken the answer is always the same one."""
    limits = RiskLimits(symbols=[], max_order_quantity=Decimal(1), max_daily_loss=Decimal(1), max_signal_age_seconds=1)
    declined = limits.check(_facts(realized_today=Decimal(-5)))

    assert declined is not None
    assert declined.text.startswith("symbols: ")


@pytest.mark.parametrize(
    "limit",
    [
        {"max_order_quantity": 0},
        {"max_order_notional": -1},
        {"max_position_notional": 1.5},
        {"max_gross_exposure": "1e5"},
        {"price_collar": Decimal("NaN")},
        {"max_daily_loss": "-50"},
    ],
)
def test_amounts_go_through_the_one_gate(limit: dict[str, Any]) -> None:
    """A limit that is no positive exact number cannot be set, and the error names it."""
    (name,) = limit
    with pytest.raises(ValidationError, match=name):
        RiskLimits(**limit)


@pytest.mark.parametrize("name", ["max_leverage", "max_orders_per_minute", "duplicate_window_seconds"])
@pytest.mark.parametrize("value", [0, -1, "5", 2.5])
def test_counts_are_whole_and_positive(name: str, value: Any) -> None:
    """A count of nothing, a fraction or a text cannot be set, and the error names it."""
    with pytest.raises((ValueError, TypeError), match=name):
        RiskLimits(**{name: value})
