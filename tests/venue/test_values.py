"""The small values of the exchange: exact numbers, settings, the ledger, triggers on the way."""

import json
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.venue import BasisPoints, FillModel, FixedTicks, Ledger, VenueSettings
from surefill.adapters.venue.exact import (
    decimal_of,
    divide_half_even,
    divide_up,
    negative,
    part_of,
    plain,
    rounded_money,
    share_of,
    text_of,
    total,
    units_below,
    units_of,
)
from surefill.adapters.venue.fill_model import Slippage
from surefill.adapters.venue.market import Market
from surefill.adapters.venue.state import State
from surefill.adapters.venue.symbol_rules import parse_rules
from tests.venue.desk import BTC, Desk, symbol_info

UNITS = st.integers(-(10**30), 10**30)


@given(UNITS, st.integers(0, 18), st.integers(0, 10))
def test_units_and_texts_are_exact(units: int, decimals: int, places: int) -> None:
    """Units become the same number as Decimal and as text, without exponent, in any ambient context."""
    with localcontext(Context(prec=2)):
        value, text = decimal_of(units, decimals), text_of(units, decimals, places)
        assert units_of(value, decimals) == units
        assert plain(value) == text_of(units, decimals)
    assert Fraction(text) == Fraction(units, 10**decimals) == Fraction(plain(value, places))
    assert "E" not in text
    assert len(text.partition(".")[2]) >= places


@given(UNITS, st.integers(1, 10**20))
def test_divisions_round_as_they_are_named(numerator: int, denominator: int) -> None:
    """Half-even is that of the built-in round, up is never below the quotient."""
    exact = Fraction(numerator, denominator)

    assert divide_half_even(numerator, denominator) == round(exact)
    assert 0 <= divide_up(numerator, denominator) - exact < 1


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(1, 2, 0), (3, 2, 2), (5, 2, 2), (-1, 2, 0), (-3, 2, -2), (7, 4, 2), (5, 4, 1)],
)
def test_ties_go_to_the_even_neighbour(numerator: int, denominator: int, expected: int) -> None:
    """A tie is rounded to the even integer, everything else to the nearest."""
    assert divide_half_even(numerator, denominator) == expected


@given(UNITS, st.decimals("-0.01", "0.01", places=8))
def test_shares_are_rounded_half_even_at_eight_decimals(units: int, ratio: Decimal) -> None:
    """A share of a notional is the exact product, rounded once."""
    expected = Fraction(round(Fraction(units, 10**16) * Fraction(ratio) * 10**8), 10**8)

    assert Fraction(share_of(units, 16, ratio)) == expected
    assert Fraction(rounded_money(decimal_of(units, 16))) == Fraction(round(Fraction(units, 10**8)), 10**8)


@given(st.lists(st.decimals(-(10**9), 10**9, places=8)), st.integers(0, 10**6))
def test_sums_and_parts_are_exact_in_any_context(values: list[Decimal], part: int) -> None:
    """Sums and opposites do not round in the host's context; a part is cut down at eight decimals."""
    with localcontext(Context(prec=3)):
        summed, opposite = total(values), [negative(value) for value in values]
        share = part_of(Decimal("123.45678901"), part, 10**6)
    assert Fraction(summed) == sum(map(Fraction, values), Fraction(0)) == -sum(map(Fraction, opposite), Fraction(0))
    exact = Fraction("123.45678901") * Fraction(part, 10**6)
    assert 0 <= exact - Fraction(share) < Fraction(1, 10**8)


def test_values_finer_than_a_unit() -> None:
    """units_of refuses them, units_below cuts them off."""
    with pytest.raises(ValueError, match="more than 2 decimals"):
        units_of(Decimal("1.234"), 2)
    assert units_below(Decimal("1.239"), 2) == 123


@given(
    st.integers(1, 10**12),
    st.integers(1, 10**6),
    st.one_of(st.builds(FixedTicks, st.integers(0, 50)), st.builds(BasisPoints, st.decimals("0", "500", places=4))),
)
def test_slippage_is_never_better_and_on_the_grid(price: int, tick: int, slippage: Slippage) -> None:
    """A buyer pays at least the price, a seller gets at most the price, both on multiples of the tick."""
    bought, sold = slippage.worsened(price, tick, 1), slippage.worsened(price, tick, -1)

    assert sold <= price <= bought
    assert bought % tick == sold % tick == 0


@pytest.mark.parametrize(
    "build",
    [
        lambda: FixedTicks(-1),
        lambda: BasisPoints(Decimal(-1)),
        lambda: BasisPoints(Decimal(10000)),
        lambda: BasisPoints(1.5),  # type: ignore[arg-type]  # a float is the point
        lambda: FillModel(synthetic_half_spread_ticks=-1),
        lambda: FillModel(synthetic_size=Decimal(-1)),
        lambda: FillModel(cost_buffer=Decimal(1)),
        lambda: VenueSettings(default_maintenance_ratio=Decimal("-0.004")),
        lambda: VenueSettings(taker_fee=Decimal(1)),
        lambda: VenueSettings(taker_fee=Decimal("NaN")),
        lambda: VenueSettings(taker_fee=0.0005),  # type: ignore[arg-type]  # a float is the point
        lambda: VenueSettings(taker_fee_by_symbol={BTC: Decimal(-1)}),
        lambda: VenueSettings(default_leverage=0),
        lambda: VenueSettings(default_leverage=126),
        lambda: VenueSettings(trigger_latency_ms=-1),
        lambda: VenueSettings(engine_latency_ms=-1),
        lambda: VenueSettings(open_algo_orders_max=-1),
    ],
)
def test_settings_cannot_exist_invalid(build: Callable[[], object]) -> None:
    """A setting outside its range raises when it is built."""
    with pytest.raises(ValueError):  # noqa: PT011  # attrs words its own range errors
        build()


def test_the_ledger_numbers_its_rows() -> None:
    """Rows count from one, views grow with the ledger, and slices and tails agree."""
    ledger = Ledger()
    rows = ledger.rows
    assert ledger.append("setting", 5, {"value": "a"}) == 1
    assert ledger.append("setting", 6, {"value": "ß"}) == 2

    assert [row["seq"] for row in rows] == [1, 2]
    assert rows[-1] == {"seq": 2, "time_ms": 6, "kind": "setting", "value": "ß"}
    assert rows[:1] == [rows[0]]
    assert list(ledger.since(1)) == [rows[1]]
    assert list(ledger.since(-5)) == list(rows)
    assert [json.loads(line) for line in ledger.to_jsonl()] == list(rows)
    assert next(ledger.to_jsonl()) == '{"seq":1,"time_ms":5,"kind":"setting","value":"a"}'


def test_requests_are_recorded_as_received_without_the_signature() -> None:
    """Every request and its answer are in the ledger, the signature is not."""
    desk = Desk()
    desk.call("GET", "/fapi/v3/balance", signature="abc", zulu=1, alpha="2")

    request, answer = desk.venue.ledger.since(1)
    assert request["params"] == f'{{"alpha":"2","timestamp":"{desk.venue.now_ms}","zulu":"1"}}'
    assert (request["method"], request["path"]) == ("GET", "/fapi/v3/balance")
    assert (answer["request_seq"], answer["status"], answer["code"]) == (request["seq"], 200, None)


def test_a_state_without_a_trigger_handler_says_so() -> None:
    """Parts that were not wired up fail loudly."""
    desk = Desk()
    state: State = desk.venue._state
    alone = State(state.settings, state.listing, state.account, state.brackets, state.ids, now_ms=0)

    with pytest.raises(LookupError, match="nothing handles triggers"):
        alone.on_trigger(1)


@attrs.frozen
class Edges:
    """The two numbers an idle tick may look at, and nothing to ask further."""

    above: int
    below: int


def test_idle_ticks_do_not_touch_resting_orders() -> None:
    """A price between the nearest triggers is compared with two numbers; the resting orders are not asked at all."""
    fired: list[int] = []
    market = Market(parse_rules(symbol_info()), FillModel(), on_trigger=fired.append)
    market.contract_triggers = Edges(above=70_000, below=50_000)  # type: ignore[assignment]  # less than an index

    market.trigger_tick(69_999)
    market.trigger_tick(50_001)

    assert (market.last, fired) == (50_001, [])
    with pytest.raises(AttributeError, match="fired"):
        market.trigger_tick(50_000)
