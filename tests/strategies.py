"""What the properties are tried on: numbers, grids, instruments, and the decimal contexts a host may have set."""

import decimal
from decimal import Decimal

from hypothesis import strategies as st

from surefill.domain.grid import LotSize, TickSize
from surefill.domain.instrument import Instrument

ODD_INCREMENTS = tuple(
    Decimal(text) for text in ("0.10", "0.05", "0.5", "3", "7", "1", "10", "1E+2", "0.00025", "0.0125", "1E-8", "1.1")
)
"""Increments that rounding to a number of decimals gets wrong, besides a few that it gets right."""


def scaled_decimals(
    min_units: int, max_units: int, *, decimals_max: int = 10, exponent_max: int = 0
) -> st.SearchStrategy[Decimal]:
    """Integers in that range, the point moved up to *decimals_max* to the left or *exponent_max* to the right."""
    return st.builds(
        lambda units, exponent: Decimal(units).scaleb(exponent),
        st.integers(min_units, max_units),
        st.integers(-decimals_max, exponent_max),
    )


def prices() -> st.SearchStrategy[Decimal]:
    """Prices greater than zero, of up to ten decimals, tiny to huge."""
    return scaled_decimals(1, 10**12)


def increments() -> st.SearchStrategy[Decimal]:
    """Increments of all sorts."""
    return st.one_of(
        st.sampled_from(ODD_INCREMENTS),
        scaled_decimals(1, 1, decimals_max=8, exponent_max=2),
        scaled_decimals(1, 99_999, decimals_max=8),
    )


def offsets() -> st.SearchStrategy[Decimal]:
    """Minimums of a filter: none, or any."""
    return st.one_of(st.just(Decimal(0)), scaled_decimals(1, 10**6, decimals_max=9))


def tick_sizes() -> st.SearchStrategy[TickSize]:
    """Grids of prices, with and without an offset."""
    return st.builds(TickSize, increments(), offsets())


@st.composite
def lot_sizes(draw: st.DrawFn) -> LotSize:
    """Grids of quantities with their bounds; the minimum need not be a multiple of the step, and bounds may be 0."""
    step = draw(increments())
    minimum = draw(offsets())
    maximum = draw(st.one_of(st.just(Decimal(0)), scaled_decimals(0, 10**9).map(lambda room: minimum + step + room)))
    return LotSize(step, minimum, maximum)


@st.composite
def instruments(draw: st.DrawFn) -> Instrument:
    """Tradeable instruments of every sort of grid, mostly with the same step for both lots as the exchange has it."""
    lot = draw(lot_sizes())
    market_lot = draw(st.one_of(st.just(lot), lot_sizes()))
    return Instrument(
        symbol=draw(st.sampled_from(["BTCUSDT", "1000SATSUSDT", "测试USDT", "BTCUSDT_261225"])),
        status="TRADING",
        contract_type="PERPETUAL",
        base_asset="BTC",
        quote_asset="USDT",
        margin_asset="USDT",
        tick=draw(tick_sizes()),
        price_precision=draw(st.integers(0, 10)),
        lot=lot,
        market_lot=market_lot,
        quantity_precision=draw(st.integers(0, 10)),
        min_notional=draw(st.one_of(st.none(), st.just(Decimal(5)))),
        order_types=frozenset({"LIMIT", "MARKET", "STOP_MARKET", "TAKE_PROFIT_MARKET"}),
    )


def any_decimal_contexts() -> st.SearchStrategy[decimal.Context]:
    """Contexts a host program may have left behind: any precision, rounding, range and traps. For `localcontext`."""
    signals = (
        decimal.Clamped,
        decimal.DivisionByZero,
        decimal.FloatOperation,
        decimal.Inexact,
        decimal.InvalidOperation,
        decimal.Overflow,
        decimal.Rounded,
        decimal.Subnormal,
        decimal.Underflow,
    )
    roundings = (
        decimal.ROUND_05UP,
        decimal.ROUND_CEILING,
        decimal.ROUND_DOWN,
        decimal.ROUND_FLOOR,
        decimal.ROUND_HALF_DOWN,
        decimal.ROUND_HALF_EVEN,
        decimal.ROUND_HALF_UP,
        decimal.ROUND_UP,
    )
    return st.builds(
        decimal.Context,
        prec=st.sampled_from([1, 2, 5, 28, 60]),
        rounding=st.sampled_from(roundings),
        Emin=st.sampled_from([0, -1, -999_999]),
        Emax=st.sampled_from([0, 1, 999_999]),
        capitals=st.sampled_from([0, 1]),
        clamp=st.sampled_from([0, 1]),
        traps=st.lists(st.sampled_from(signals), unique=True),
    )


def names() -> st.SearchStrategy[str]:
    """What may name a signal, a namespace or a symbol: printable, without blanks at its ends."""
    printable = st.characters(exclude_categories=["C", "Z"])
    return st.text(printable, min_size=1, max_size=30)
