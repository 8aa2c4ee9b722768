"""An instrument: what may be traded, in which sizes and at which prices.

Every rule is one of the exchange's filters (Binance docs: Exchange Information and Common Definition). Checks return
what is wrong as `Violation` values, in the order in which the exchange is taken to check: symbol, precision, grid,
bounds, price band, notional. They raise `ValidationError` only for what is no number at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from attrs import Attribute, Factory, field, frozen
from attrs.validators import optional as or_none

from .errors import ValidationError
from .grid import LotSize, TickSize
from .numbers import (
    EXACT,
    MAX_EXPONENT,
    Number,
    decimal_of,
    decimal_places,
    non_negative,
    plain,
    positive,
    text,
)
from .refusal import Refusal
from .side import Direction, Side

TRADING: Final = "TRADING"
"""The one status in which positions may be opened (Binance docs: Common Definition, contract status)."""
UNCONTROLLED: Final = "NONE"
"""The one `positionControlSide` known to restrict nothing."""
_MARKET: Final = "MARKET"
_ZERO: Final = Decimal(0)


@frozen
class Violation:
    """One rule that a price, a quantity or an order breaks.

    Attributes:
        refusal: its kind, as the exchange's refusal would be called.
        field: the name of the offending value.
        text: what the rule asks for, and what the value was.
    """

    refusal: Refusal
    field: str
    text: str


def _price_precision(value: int) -> int:
    return _precision(value, "price_precision")


def _quantity_precision(value: int) -> int:
    return _precision(value, "quantity_precision")


def _precision(value: object, field: str) -> int:
    if not isinstance(value, int) or not 0 <= value <= MAX_EXPONENT:
        raise ValidationError(field, f"must be an int from 0 to {MAX_EXPONENT}, was {value!a:.60}")
    return value


def _is_name(_: object, attribute: Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValidationError(attribute.name, f"must be a printable text that is not empty, was {value!a:.60}")


def _is_word(_: object, attribute: Attribute[str], value: object) -> None:
    if not isinstance(value, str):
        raise ValidationError(attribute.name, f"must be a text, was a {type(value).__name__!a}")


def _is_amount(_: object, attribute: Attribute[Decimal], value: object) -> None:
    if type(value) is not Decimal:
        raise ValidationError(attribute.name, f"must be a Decimal, was a {type(value).__name__!a}")
    non_negative(value, attribute.name)


def _is_multiplier(instrument: object, attribute: Attribute[Decimal], value: object) -> None:
    _is_amount(instrument, attribute, value)
    positive(value, attribute.name)


def _is_count(_: object, attribute: Attribute[int], value: object) -> None:
    if not isinstance(value, int) or value < 0:
        raise ValidationError(attribute.name, f"must be an int of zero or more, was {value!a:.60}")


def _prices_of(instrument: Instrument) -> TickSize:
    """Return the prices that keep tick and precision both; those of the tick alone where no price does."""
    return instrument.tick.limited_to(instrument.price_precision) or instrument.tick


def _sizes_of(instrument: Instrument) -> LotSize:
    """Return the sizes that keep step and precision both; those of the step alone where no size does."""
    return instrument.lot.shared_with(_every_size(instrument.quantity_precision)) or instrument.lot


def _market_sizes_of(instrument: Instrument) -> LotSize:
    """Return the sizes accepted of market orders.

    The docs give market orders their own filter; whether the other one holds too is unconfirmed, so both are kept, and
    the stricter bound of each. Should the two exclude each other, the market's own decides.
    """
    own = instrument.market_lot.shared_with(_every_size(instrument.quantity_precision)) or instrument.market_lot
    return own.shared_with(instrument.lot) or own


def _every_size(decimals_max: int) -> LotSize:
    return LotSize(step=Decimal((0, (1,), -decimals_max)))


@frozen(kw_only=True)
class Instrument:
    """One symbol and the rules in force on it. None stands for a filter that the exchange does not list.

    Attributes:
        symbol: as the exchange lists it, for example ``BTCUSDT``.
        status: the exchange's word; only TRADING accepts new positions.
        contract_type: the exchange's word, such as PERPETUAL; empty before trading begins.
        base_asset: what quantities are counted in.
        quote_asset: what prices are counted in.
        margin_asset: what profit, loss and fees are settled in.
        tick: the grid of prices.
        min_price: the lowest price accepted, quote units; 0 is no bound.
        max_price: the highest price accepted, quote units; 0 is no bound.
        price_precision: the most decimals of a price accepted, whatever the tick.
        lot: sizes accepted, base units.
        market_lot: sizes accepted of market orders, and so of stops and targets that become market orders.
        quantity_precision: the most decimals of a quantity accepted, whatever the step.
        min_notional: the smallest price times quantity, quote units; reduce-only orders are exempt.
        multiplier_up: a BUY may not be priced above mark times this.
        multiplier_down: a SELL may not be priced below mark times this.
        max_open_orders: how many orders may be open on the symbol at a time.
        market_take_bound: how far from the mark a market order may trade, as a fraction of the mark.
        trigger_protect: how far mark and last may differ when a price-protected order triggers, as a fraction.
        liquidation_fee: the fee of a liquidation, as a fraction.
        position_control_side: NONE, or a restriction whose meaning is unconfirmed; then nothing is opened.
        order_types: the types the exchange lists for the symbol; conditional ones go to its algo service all the same.
    """

    symbol: str = field(validator=_is_name)
    status: str = field(validator=_is_word)
    contract_type: str = field(validator=_is_word)
    base_asset: str = field(validator=_is_word)
    quote_asset: str = field(validator=_is_word)
    margin_asset: str = field(validator=_is_word)
    tick: TickSize
    min_price: Decimal = field(default=_ZERO, validator=_is_amount)
    max_price: Decimal = field(default=_ZERO, validator=_is_amount)
    price_precision: int = field(converter=_price_precision)
    lot: LotSize
    market_lot: LotSize
    quantity_precision: int = field(converter=_quantity_precision)
    min_notional: Decimal | None = field(default=None, validator=or_none(_is_amount))
    multiplier_up: Decimal | None = field(default=None, validator=or_none(_is_multiplier))
    multiplier_down: Decimal | None = field(default=None, validator=or_none(_is_multiplier))
    max_open_orders: int | None = field(default=None, validator=or_none(_is_count))
    market_take_bound: Decimal | None = field(default=None, validator=or_none(_is_amount))
    trigger_protect: Decimal | None = field(default=None, validator=or_none(_is_amount))
    liquidation_fee: Decimal | None = field(default=None, validator=or_none(_is_amount))
    position_control_side: str = field(default=UNCONTROLLED, validator=_is_word)
    order_types: frozenset[str] = frozenset()
    _prices: TickSize = field(init=False, eq=False, repr=False, default=Factory(_prices_of, takes_self=True))
    _sizes: LotSize = field(init=False, eq=False, repr=False, default=Factory(_sizes_of, takes_self=True))
    _market_sizes: LotSize = field(init=False, eq=False, repr=False, default=Factory(_market_sizes_of, takes_self=True))

    def __attrs_post_init__(self) -> None:
        if self.max_price and self.max_price < self.min_price:
            problem = f"must be 0 or at least the lowest price {plain(self.min_price)}, was {plain(self.max_price)}"
            raise ValidationError("max_price", problem)

    @property
    def tradeable(self) -> bool:
        """True when positions may be opened."""
        return self.untradeable_reason is None

    @property
    def untradeable_reason(self) -> str | None:
        """Why no position may be opened; None when one may. Closing what is open may still be possible."""
        if self.status != TRADING:
            return f"only {TRADING} accepts new positions, the status was {self.status!a}"
        if self.position_control_side != UNCONTROLLED:
            return f"its positions are restricted by the exchange, the control side was {self.position_control_side!a}"
        if self.order_types and _MARKET not in self.order_types:
            return f"no market orders are accepted, the order types were {', '.join(sorted(self.order_types))}"
        return None

    def price_violations(
        self, price: Decimal, *, field: str = "price", mark: Decimal | None = None, side: Side | None = None
    ) -> tuple[Violation, ...]:
        """Return the rules that *price*, of a limit or a trigger, breaks.

        The band around *mark* is checked when *mark* and *side* are given; it holds for limit prices alone
        (Binance docs: PERCENT_PRICE).
        """
        value = decimal_of(price, field)
        if mark is None and self._is_price(value):
            return ()
        return tuple(
            Violation(refusal, field, f"{problem}, was {plain(value)}")
            for refusal, problem in (*self._wrong_price(value), *self._outside_band(value, mark, side))
        )

    def quantity_violations(self, quantity: Decimal, *, market: bool, field: str = "quantity") -> tuple[Violation, ...]:
        """Return the rules that *quantity* breaks, of a market order or of any other."""
        value = decimal_of(quantity, field)
        sizes = self._market_sizes if market else self._sizes
        if self._is_size(value, sizes):
            return ()
        return tuple(
            Violation(refusal, field, f"{problem}, was {plain(value)}")
            for refusal, problem in self._wrong_quantity(value, sizes)
        )

    def order_violations(
        self, side: Side, quantity: Decimal, *, mark: Decimal, reduce_only: bool
    ) -> tuple[Violation, ...]:
        """Return the rules that a market order of *quantity* breaks while the mark price is *mark*.

        A reduce-only order passes whatever forbids to open a position, and the minimum notional; the exchange's answer
        decides there. Either *side* is held to the same rules: what a position control allows is unconfirmed.
        """
        found = list(self.quantity_violations(quantity, market=True))
        if reduce_only:
            return tuple(found)
        reason = self.untradeable_reason
        if reason is not None:
            found.insert(0, Violation(Refusal.SYMBOL_CLOSED, "symbol", f"{self.symbol}: {reason}"))
        notional = EXACT.multiply(positive(mark, "mark"), decimal_of(quantity, "quantity"))
        if self.min_notional is not None and notional < self.min_notional:
            problem = (
                f"{side.value} of {plain(quantity)} at mark {plain(mark)} is worth {plain(notional)} {self.quote_asset}"
                f", must be worth at least {plain(self.min_notional)}"
            )
            found.append(Violation(Refusal.TOO_SMALL, "quantity", problem))
        return tuple(found)

    def floor_quantity(self, quantity: Decimal, *, market: bool = True) -> Decimal:
        """Return the largest size accepted that is not above *quantity*; 0 when that is less than the minimum.

        A size above the maximum is left as it is, for `quantity_violations` to name.
        """
        sizes = self._market_sizes if market else self._sizes
        size = sizes.floor(quantity)
        return size if size >= sizes.minimum else EXACT.multiply(size, _ZERO)

    def stop_price(self, direction: Direction, price: Decimal) -> Decimal:
        """Return the trigger for a stop at *price*, rounded toward the entry: up for LONG, down for SHORT."""
        value = positive(price, "price")
        return self._prices.ceil(value) if direction is Direction.LONG else self._prices.floor(value)

    def target_price(self, direction: Direction, price: Decimal) -> Decimal:
        """Return the trigger for a target at *price*, rounded toward the entry: down for LONG, up for SHORT."""
        return self.stop_price(direction.opposite, price)

    def format_price(self, price: Number) -> str:
        """Return *price*, rounded down, in fixed point with the grid's decimals: ``64210.5`` for a tick of 0.10."""
        return text(self._prices.floor(non_negative(price, "price")))

    def format_quantity(self, quantity: Number) -> str:
        """Return *quantity*, rounded down, in fixed point with the grid's decimals: ``0.010`` for a step of 0.001."""
        return text(self._market_sizes.floor(non_negative(quantity, "quantity")))

    def _is_price(self, value: Decimal) -> bool:
        """Whether nothing is wrong with a price, told at once: every order's stop and target pass here."""
        prices = self._prices
        if prices.decimals > self.price_precision or value <= _ZERO or value < self.min_price:
            return False
        return not (self.max_price and value > self.max_price) and prices.is_on_grid(value)

    def _is_size(self, value: Decimal, sizes: LotSize) -> bool:
        """Whether nothing is wrong with a quantity, told at once: every order's passes here."""
        if sizes.decimals > self.quantity_precision or value <= _ZERO or value < sizes.minimum:
            return False
        return not (sizes.maximum and value > sizes.maximum) and sizes.is_on_grid(value)

    def _wrong_price(self, value: Decimal) -> Iterator[tuple[Refusal, str]]:
        if value <= _ZERO:
            yield Refusal.PRICE_BAND, "must be greater than zero"
        if decimal_places(value) > self.price_precision:
            yield Refusal.OFF_GRID, f"must have at most {self.price_precision} decimals (pricePrecision)"
        if value >= _ZERO and not self.tick.is_on_grid(value):
            increment, origin = plain(self.tick.increment), plain(self.tick.minimum)
            yield Refusal.OFF_GRID, f"must lie on the grid of {increment} from {origin} (tickSize)"
        if value < self.min_price:
            yield Refusal.PRICE_BAND, f"must be at least {plain(self.min_price)} (minPrice)"
        if self.max_price and value > self.max_price:
            yield Refusal.PRICE_BAND, f"must be at most {plain(self.max_price)} (maxPrice)"

    def _outside_band(self, value: Decimal, mark: Decimal | None, side: Side | None) -> Iterator[tuple[Refusal, str]]:
        if mark is None or side is None:
            return
        if side is Side.BUY and self.multiplier_up is not None:
            highest = EXACT.multiply(positive(mark, "mark"), self.multiplier_up)
            if value > highest:
                yield Refusal.PRICE_BAND, f"a BUY must be priced at most {plain(highest)} (multiplierUp)"
        if side is Side.SELL and self.multiplier_down is not None:
            lowest = EXACT.multiply(positive(mark, "mark"), self.multiplier_down)
            if value < lowest:
                yield Refusal.PRICE_BAND, f"a SELL must be priced at least {plain(lowest)} (multiplierDown)"

    def _wrong_quantity(self, value: Decimal, sizes: LotSize) -> Iterator[tuple[Refusal, str]]:
        if value <= _ZERO:
            yield Refusal.TOO_SMALL, "must be greater than zero"
        if decimal_places(value) > self.quantity_precision:
            yield Refusal.OFF_GRID, f"must have at most {self.quantity_precision} decimals (quantityPrecision)"
        if value > _ZERO and not sizes.is_on_grid(value):
            step, origin = plain(sizes.step), plain(sizes.minimum)
            yield Refusal.OFF_GRID, f"must lie on the grid of {step} from {origin} (stepSize)"
        if value < sizes.minimum:
            yield Refusal.TOO_SMALL, f"must be at least {plain(sizes.minimum)} (minQty)"
        if sizes.maximum and value > sizes.maximum:
            yield Refusal.TOO_LARGE, f"must be at most {plain(sizes.maximum)} (maxQty)"
