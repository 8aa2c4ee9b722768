"""Hard pre-trade limits: evaluated last, in one place, and not to be bypassed. All are off by default."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import attrs

from .errors import ValidationError
from .numbers import EXACT, Number, magnitude, positive
from .order import ZERO
from .refusal import Declined, Refusal
from .side import Direction


def _amount(value: Number | None, field: str) -> Decimal | None:
    return None if value is None else positive(value, field)


def _max_order_quantity(value: Number | None) -> Decimal | None:
    return _amount(value, "max_order_quantity")


def _max_order_notional(value: Number | None) -> Decimal | None:
    return _amount(value, "max_order_notional")


def _max_position_notional(value: Number | None) -> Decimal | None:
    return _amount(value, "max_position_notional")


def _max_gross_exposure(value: Number | None) -> Decimal | None:
    return _amount(value, "max_gross_exposure")


def _price_collar(value: Number | None) -> Decimal | None:
    return _amount(value, "price_collar")


def _max_stop_distance(value: Number | None) -> Decimal | None:
    return _amount(value, "max_stop_distance")


def _max_daily_loss(value: Number | None) -> Decimal | None:
    return _amount(value, "max_daily_loss")


def _symbols(value: Iterable[str] | None) -> frozenset[str] | None:
    if isinstance(value, str):
        raise ValidationError("symbols", f"must be a set of symbols, was one string, {value!a:.60}")
    return None if value is None else frozenset(value)


_count = attrs.validators.optional([attrs.validators.instance_of(int), attrs.validators.gt(0)])


@attrs.frozen(kw_only=True)
class RiskLimits:
    """Limits on entries; None means off. They are values: a running manager cannot raise them.

    Attributes:
        symbols: only these may be traded.
        max_order_quantity: base units.
        max_order_notional: quantity times mark, quote units.
        max_position_notional: of one symbol after the entry, everybody's size included, quote units.
        max_gross_exposure: sum over all symbols after the entry, quote units.
        max_leverage: in force on the symbol.
        price_collar: mark and last trade may differ by this fraction at most.
        max_stop_distance: the stop may lie this fraction of the mark away at most.
        max_orders_per_minute: entries started in any 60 s.
        duplicate_window_seconds: the same symbol, direction and quantity under another id within this time is refused.
        max_daily_loss: realised since midnight UTC, in the quote asset; entries stop once it is reached.
        max_signal_age_seconds: since `created_at`, which then is required.
    """

    symbols: frozenset[str] | None = attrs.field(default=None, converter=_symbols)
    max_order_quantity: Decimal | None = attrs.field(default=None, converter=_max_order_quantity)
    max_order_notional: Decimal | None = attrs.field(default=None, converter=_max_order_notional)
    max_position_notional: Decimal | None = attrs.field(default=None, converter=_max_position_notional)
    max_gross_exposure: Decimal | None = attrs.field(default=None, converter=_max_gross_exposure)
    max_leverage: int | None = attrs.field(default=None, validator=_count)
    price_collar: Decimal | None = attrs.field(default=None, converter=_price_collar)
    max_stop_distance: Decimal | None = attrs.field(default=None, converter=_max_stop_distance)
    max_orders_per_minute: int | None = attrs.field(default=None, validator=_count)
    duplicate_window_seconds: int | None = attrs.field(default=None, validator=_count)
    max_daily_loss: Decimal | None = attrs.field(default=None, converter=_max_daily_loss)
    max_signal_age_seconds: int | None = attrs.field(default=None, validator=_count)

    @property
    def needs_exposure(self) -> bool:
        """Whether the positions on all symbols must be read."""
        return self.max_gross_exposure is not None

    @property
    def needs_leverage(self) -> bool:
        """Whether the leverage in force must be read."""
        return self.max_leverage is not None

    def check(self, entry: EntryFacts) -> Declined | None:
        """Return the first limit that forbids *entry*, or None."""
        return next((declined for declined in self._verdicts(entry) if declined is not None), None)

    def _verdicts(self, entry: EntryFacts) -> Iterable[Declined | None]:
        notional = EXACT.multiply(entry.quantity, entry.mark)
        position = EXACT.add(EXACT.multiply(magnitude(entry.held), entry.mark), notional)
        if self.symbols is not None and entry.symbol not in self.symbols:
            yield _forbidden("symbols", f"{entry.symbol} is not on the list")
        yield _above("max_order_quantity", entry.quantity, self.max_order_quantity)
        yield _above("max_order_notional", notional, self.max_order_notional)
        yield _above("max_position_notional", position, self.max_position_notional)
        yield _above("max_gross_exposure", EXACT.add(entry.exposure, notional), self.max_gross_exposure)
        if entry.leverage is not None:
            yield _above("max_leverage", Decimal(entry.leverage), _number(self.max_leverage))
        yield _beyond_fraction("price_collar", entry.mark, entry.last, self.price_collar)
        if entry.stop_price is not None:
            yield _beyond_fraction("max_stop_distance", entry.mark, entry.stop_price, self.max_stop_distance)
        yield _above(
            "max_orders_per_minute", Decimal(entry.entries_last_minute + 1), _number(self.max_orders_per_minute)
        )
        if self.max_daily_loss is not None and entry.realized_today <= self.max_daily_loss.copy_negate():
            yield _forbidden("max_daily_loss", f"{entry.realized_today} was realised today")
        yield from self._timing(entry)

    def _timing(self, entry: EntryFacts) -> Iterable[Declined | None]:
        window, age_max = self.duplicate_window_seconds, self.max_signal_age_seconds
        if window is not None and entry.twin_age_ms is not None and entry.twin_age_ms < window * 1000:
            yield _forbidden(
                "duplicate_window_seconds",
                f"the same {entry.direction.value} {entry.quantity} {entry.symbol} was entered "
                f"{entry.twin_age_ms} ms ago under another id",
            )
        if age_max is not None and (entry.signal_age_ms is None or entry.signal_age_ms > age_max * 1000):
            age = "no created_at" if entry.signal_age_ms is None else f"an age of {entry.signal_age_ms} ms"
            yield Declined(Refusal.STALE, f"max_signal_age_seconds is {age_max}, the signal has {age}")


@attrs.frozen(kw_only=True)
class EntryFacts:
    """What the limits are held against.

    Attributes:
        held: signed size on the symbol now, everybody's, base units.
        exposure: sum of absolute notionals on all symbols now, quote units.
        leverage: in force on the symbol; None when not read.
        entries_last_minute: entries of ours started in the last 60 s.
        twin_age_ms: since the newest entry of the same symbol, direction and quantity under another id; None when
            there is none.
        realized_today: realised profit and loss since midnight UTC, quote units.
        signal_age_ms: since `created_at`; None when not given.
    """

    symbol: str
    direction: Direction
    quantity: Decimal
    mark: Decimal
    last: Decimal
    stop_price: Decimal | None = None
    held: Decimal = ZERO
    exposure: Decimal = ZERO
    leverage: int | None = None
    entries_last_minute: int = 0
    twin_age_ms: int | None = None
    realized_today: Decimal = ZERO
    signal_age_ms: int | None = None


def _number(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _forbidden(name: str, text: str) -> Declined:
    return Declined(Refusal.LIMIT, f"{name}: {text}")


def _above(name: str, value: Decimal, limit: Decimal | None) -> Declined | None:
    return None if limit is None or value <= limit else _forbidden(name, f"the limit is {limit}, this would be {value}")


def _beyond_fraction(name: str, base: Decimal, other: Decimal, limit: Decimal | None) -> Declined | None:
    if limit is None:
        return None
    distance = magnitude(EXACT.subtract(base, other))
    if distance <= EXACT.multiply(limit, base):
        return None
    return _forbidden(name, f"{other} lies more than {limit} of {base} away")
