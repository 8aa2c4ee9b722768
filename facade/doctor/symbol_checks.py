"""Checks of one symbol: the filters in force, leverage and margin type."""

from __future__ import annotations

from typing import Final

from surefill.adapters.wire.account import WireExchange
from surefill.doctor.finding import Finding, ok, problem, warning
from surefill.domain.errors import OrderRejectedError
from surefill.domain.instrument import Instrument
from surefill.domain.numbers import plain

LEVERAGE_WARNING: Final = 50
"""From here on the liquidation price is less than 2 % away, and a stop may lie behind it."""


def filters_name(symbol: str) -> str:
    """Return the name of the check of a symbol's filters."""
    return f"filters {symbol}"


def settings_name(symbol: str) -> str:
    """Return the name of the check of a symbol's margin type and leverage."""
    return f"margin {symbol}"


def check_filters(exchange: WireExchange, symbol: str) -> Finding:
    """Which prices and sizes the exchange takes; needs no key."""
    name = filters_name(symbol)
    try:
        instrument = exchange.instrument(symbol)
    except OrderRejectedError as error:
        return problem(name, str(error), "write the symbol as the exchange lists it, such as BTCUSDT")
    text = _words(instrument)
    if instrument.untradeable_reason is not None:
        return problem(name, f"{instrument.untradeable_reason}; {text}", "trade another symbol; closing may still work")
    return ok(name, text)


def check_settings(exchange: WireExchange, symbol: str) -> Finding:
    """Margin type and leverage in force."""
    settings = exchange.settings(symbol)
    name, text = settings_name(symbol), f"{settings.margin_type.value}, leverage {settings.leverage}"
    if settings.leverage >= LEVERAGE_WARNING:
        advice = f"set a lower one: at {settings.leverage} the liquidation may come before the stop"
        return warning(name, text, advice)
    return ok(name, text)


def _words(instrument: Instrument) -> str:
    market = instrument.market_lot
    parts = [
        f"tick {plain(instrument.tick.increment)}",
        f"step {plain(market.step)}",
        f"at least {plain(market.minimum)}",
    ]
    if market.maximum:
        parts.append(f"at most {plain(market.maximum)} {instrument.base_asset} at market")
    if instrument.min_notional is not None:
        parts.append(f"worth at least {plain(instrument.min_notional)} {instrument.quote_asset}")
    return ", ".join(parts)
