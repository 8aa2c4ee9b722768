"""The settings of the simulated exchange: what the market or the account decides, and what Binance leaves open."""

from collections.abc import Mapping
from decimal import Decimal

import attrs

from .fill_model import FillModel


def _rate(instance: object, attribute: "attrs.Attribute[Decimal]", value: Decimal) -> None:
    if not isinstance(value, Decimal) or not value.is_finite() or not -1 < value < 1:
        raise ValueError(f"{attribute.name} must be a Decimal above -1 and below 1, was {value!r}")


def _share(instance: object, attribute: "attrs.Attribute[Decimal]", value: Decimal) -> None:
    _rate(instance, attribute, value)
    if value < 0:
        raise ValueError(f"{attribute.name} must not be negative, was {value}")


@attrs.frozen
class VenueSettings:
    """Every switch of the exchange, with its default.

    Rates are fractions, times are milliseconds. The switches after *fill* decide what Binance does not document; the
    default is the simulation's choice, the stricter reading where one exists.
    """

    taker_fee: Decimal = attrs.field(default=Decimal("0.0005"), validator=_rate)
    maker_fee: Decimal = attrs.field(default=Decimal("0.0002"), validator=_rate)
    taker_fee_by_symbol: Mapping[str, Decimal] = attrs.field(
        factory=dict, validator=attrs.validators.deep_mapping(attrs.validators.instance_of(str), _rate)
    )
    default_leverage: int = attrs.field(default=20, validator=[attrs.validators.ge(1), attrs.validators.le(125)])
    hedge_mode: bool = False
    trigger_latency_ms: int = attrs.field(default=20, validator=attrs.validators.ge(0))
    engine_latency_ms: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    enforce_limits: bool = True
    open_algo_orders_max: int = attrs.field(default=200, validator=attrs.validators.ge(0))
    default_maintenance_ratio: Decimal = attrs.field(default=Decimal("0.004"), validator=_share)
    liquidate: bool = True
    fill: FillModel = FillModel()
    average_price_in_answers: bool = False
    """POST and DELETE order answer with avgPrice and cumQuote, as before 2026-07-15 (no longer documented)."""
    reduce_only_algos_expire_with_position: bool = False
    """Plain reduce-only conditional orders expire when the position closes; else they stay NEW (reports conflict)."""
    refuse_reduce_only_algo_while_flat: bool = False
    """A reduce-only conditional order without a position is refused (-2022) rather than rejected at trigger."""
    algo_cap_per_symbol: bool = False
    """The cap of -4045 counts per symbol instead of over the account (Binance change log 2025-12-29 is ambiguous)."""
    algo_orders_block_settings: bool = True
    """Resting conditional orders count as open orders for -4047 and -4067 (unconfirmed)."""

    def taker_fee_of(self, symbol: str) -> Decimal:
        """Return the taker rate of *symbol*: its own, or the common one."""
        return self.taker_fee_by_symbol.get(symbol, self.taker_fee)
