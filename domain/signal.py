"""A signal: the caller's decision, named once and for all by its id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b

import attrs

from .errors import ValidationError
from .ids import checked_text
from .numbers import Number, plain, positive, text
from .side import SignalType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def _stop_loss(value: Number | None) -> Decimal | None:
    return None if value is None else positive(value, "stop_loss")


def _take_profit(value: Number | None) -> Decimal | None:
    return None if value is None else positive(value, "take_profit")


def _aware(_: object, field: attrs.Attribute[datetime | None], value: datetime | None) -> None:
    if value is None:
        return
    if not isinstance(value, datetime) or value.tzinfo is None or value.utcoffset() is None:
        raise ValidationError(field.name, f"must be an aware datetime (with a time zone), was {value!r}")


def _type(_: object, field: attrs.Attribute[SignalType], value: object) -> None:
    if not isinstance(value, SignalType):
        raise ValidationError(field.name, f"must be a SignalType, for example SignalType.LONG_ENTRY, was {value!a:.60}")


def _name(_: object, field: attrs.Attribute[str], value: object) -> None:
    checked_text(value, field.name)


@attrs.frozen(kw_only=True)
class Signal:
    """What to do, once.

    Attributes:
        id: the caller's key for this decision. The same id never trades twice, whatever happens in between; a new
            decision needs a new id.
        symbol: as the exchange lists it, for example ``BTCUSDT``.
        type: LONG_ENTRY, SHORT_ENTRY, CLOSE_LONG or CLOSE_SHORT.
        stop_loss: trigger price of the stop, quote units; entries only.
        take_profit: trigger price of the target, quote units; entries only.
        created_at: when the decision was made; aware. Needed for the age limit, and to tell a lost journal from a new
            signal.
        valid_until: when it is no longer wanted; aware.

    Raises:
        ValidationError: naming the field.
    """

    id: str = attrs.field(validator=_name)
    symbol: str = attrs.field(validator=_name)
    type: SignalType = attrs.field(validator=_type)
    stop_loss: Decimal | None = attrs.field(default=None, converter=_stop_loss)
    take_profit: Decimal | None = attrs.field(default=None, converter=_take_profit)
    created_at: datetime | None = attrs.field(default=None, validator=_aware)
    valid_until: datetime | None = attrs.field(default=None, validator=_aware)

    def __attrs_post_init__(self) -> None:
        if self.type.is_entry:
            self._check_order_of_prices()
        elif self.stop_loss is not None or self.take_profit is not None:
            raise ValidationError("stop_loss, take_profit", f"belong to entries, the type was {self.type.value}")

    def _check_order_of_prices(self) -> None:
        if self.stop_loss is None or self.take_profit is None:
            return
        stop_below = self.stop_loss < self.take_profit
        if self.stop_loss == self.take_profit or stop_below != (self.type is SignalType.LONG_ENTRY):
            raise ValidationError(
                "stop_loss, take_profit",
                f"a {self.type.value} needs its stop on the losing and its target on the winning side, "
                f"was stop {text(self.stop_loss)}, target {text(self.take_profit)}",
            )

    @property
    def created_ms(self) -> int | None:
        """`created_at` in UTC milliseconds."""
        return None if self.created_at is None else utc_ms(self.created_at)

    @property
    def valid_until_ms(self) -> int | None:
        """`valid_until` in UTC milliseconds."""
        return None if self.valid_until is None else utc_ms(self.valid_until)

    def digest(self, quantity: Decimal | None) -> str:
        """Return a fingerprint of everything that makes this decision what it is.

        The times are left out: a host that stamps its signal anew when it repeats it means the same decision.
        """
        parts = (
            self.id,
            self.symbol,
            self.type.value,
            _written(self.stop_loss),
            _written(self.take_profit),
            _written(quantity),
        )
        return blake2b("\x1f".join(parts).encode("utf-8"), digest_size=16).hexdigest()


def utc_ms(moment: datetime) -> int:
    """Return an aware datetime as UTC milliseconds, floored; no float in between."""
    return (moment - _EPOCH) // _MILLISECOND


def _written(value: Decimal | None) -> str:
    return "" if value is None else plain(value)
