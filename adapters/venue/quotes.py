"""What the market shows at one moment (`Quote`) or over one interval (`Candle`).

Both are checked when built, so whatever reaches the simulated exchange is finite, positive and consistent. Prices are
in the quote asset, quantities in the base asset, times in milliseconds since the Unix epoch.
"""

from decimal import ROUND_DOWN, Context, Decimal, Inexact, InvalidOperation
from typing import Final

import attrs

EXACT: Final = Context(prec=200, traps=[Inexact, InvalidOperation])
"""Wide enough for sums and products of accepted values; the host's ambient context is never used."""

MAGNITUDE_MAX: Final = 18
"""Accepted values are 0 or lie between 1e-18 and 1e19."""

LENGTH_MAX: Final = 40
"""The most characters that an accepted value takes to write."""

DEFAULT_PARTICIPATION: Final = Decimal("0.10")

_FINEST: Final = Decimal("1E-8")
_DOWN: Final = Context(prec=80, rounding=ROUND_DOWN, traps=[InvalidOperation])


@attrs.frozen
class Quote:
    """One change of market data.

    `None` means "unchanged" for *last*, *bid*, *ask* and *mark*. A symbol never quoted with *bid* or *ask* has a
    synthetic book around *last*. *liquidity* is the size on each side of that book; `None` leaves it to the fill model.
    It may be finer than the lot step: the book rounds it down. *renews_size* is False when this quote moves the price
    of a synthetic book but shows no new size: what earlier orders have taken stays taken.

    Raises `ValueError` when a value is not finite or not positive (quantities may be 0), when a bid or ask lacks its
    quantity, when the book is crossed, when *liquidity* stands beside a real book or without *last*, or when the quote
    says nothing at all; `TypeError` for a number that is not a Decimal.
    """

    at_ms: int
    symbol: str
    last: Decimal | None = None
    bid: Decimal | None = None
    bid_quantity: Decimal | None = None
    ask: Decimal | None = None
    ask_quantity: Decimal | None = None
    mark: Decimal | None = None
    liquidity: Decimal | None = None
    renews_size: bool = True

    def __attrs_post_init__(self) -> None:
        _check_time("at_ms", self.at_ms)
        _check_symbol(self.symbol)
        if self.last is not None:
            check_price("last", self.last)
        if self.mark is not None:
            check_price("mark", self.mark)
        if self.bid is not None or self.bid_quantity is not None:
            _check_side("bid", self.bid, self.bid_quantity)
        if self.ask is not None or self.ask_quantity is not None:
            _check_side("ask", self.ask, self.ask_quantity)
        if self.bid is not None and self.ask is not None and self.bid >= self.ask:
            raise ValueError(f"bid {self.bid} was not below ask {self.ask}")
        if self.liquidity is not None:
            check_quantity("liquidity", self.liquidity)
            if self.last is None or self.bid is not None or self.ask is not None:
                raise ValueError("liquidity describes a synthetic book: it needs last and neither bid nor ask")
        if self.last is None and self.bid is None and self.ask is None and self.mark is None:
            raise ValueError("a quote carries at least one of last, bid, ask, mark; this one was empty")


@attrs.frozen
class Candle:
    """The prices of one interval, from *open_ms* to *close_ms*, its last millisecond (open_ms + interval - 1).

    *volume* is in the base asset. *participation* is the share of it that our orders may take on each side, at most 1;
    `None` leaves the size to the fill model. Raises `ValueError` unless 0 < low <= open, close <= high and
    open_ms < close_ms.
    """

    open_ms: int
    close_ms: int
    symbol: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    participation: Decimal | None = DEFAULT_PARTICIPATION

    def __attrs_post_init__(self) -> None:
        _check_time("open_ms", self.open_ms)
        _check_time("close_ms", self.close_ms)
        if self.close_ms <= self.open_ms:
            raise ValueError(f"close_ms {self.close_ms} was not after open_ms {self.open_ms}")
        _check_symbol(self.symbol)
        check_price("open", self.open)
        check_price("high", self.high)
        check_price("low", self.low)
        check_price("close", self.close)
        check_quantity("volume", self.volume)
        if self.high < self.low:
            raise ValueError(f"high {self.high} was below low {self.low}")
        if not self.low <= self.open <= self.high:
            raise ValueError(f"open {self.open} was outside low {self.low} to high {self.high}")
        if not self.low <= self.close <= self.high:
            raise ValueError(f"close {self.close} was outside low {self.low} to high {self.high}")
        if self.participation is not None:
            check_participation(self.participation)

    @property
    def liquidity(self) -> Decimal | None:
        """What our orders may take on each side during this candle, in units of 1e-8 (rounded down); `None`: no limit.

        Volume times participation; Binance knows no finer quantity (Binance docs: Exchange Information).
        """
        if self.participation is None:
            return None
        return EXACT.multiply(self.volume, self.participation).quantize(_FINEST, context=_DOWN)


def check_price(name: str, value: Decimal) -> None:
    """Refuse all but a finite Decimal above 0, of bounded magnitude, by an error that names the field."""
    check_quantity(name, value)
    if not value:
        raise ValueError(f"{name} must be above 0, was {value}")


def check_quantity(name: str, value: Decimal) -> None:
    """Refuse all but a finite Decimal of 0 or more, of bounded magnitude, by an error that names the field."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{name} must be a Decimal, was {type(value).__name__}")
    if not value.is_finite():
        raise ValueError(f"{name} must be finite, was {value}")
    if value.is_signed():
        raise ValueError(f"{name} must not be negative, was {value}")
    if not -MAGNITUDE_MAX <= value.adjusted() <= MAGNITUDE_MAX or len(str(value)) > LENGTH_MAX:
        raise ValueError(
            f"{name} must lie between 1e-{MAGNITUDE_MAX} and 1e{MAGNITUDE_MAX + 1} and take at most {LENGTH_MAX} "
            f"characters, was {str(value)[: LENGTH_MAX + 1]}"
        )


def check_participation(value: Decimal) -> None:
    """Refuse a share of the volume that is not a finite Decimal from 0 to 1."""
    check_quantity("participation", value)
    if value > 1:
        raise ValueError(f"participation must be at most 1, was {value}")


def _check_side(name: str, price: Decimal | None, quantity: Decimal | None) -> None:
    if price is None or quantity is None:
        raise ValueError(f"{name} and {name}_quantity come together; one of them was missing")
    check_price(name, price)
    check_quantity(f"{name}_quantity", quantity)


def _check_time(name: str, value: int) -> None:
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} must be whole milliseconds since the epoch, was {value!r}")


def _check_symbol(value: str) -> None:
    if type(value) is not str or not value:
        raise ValueError(f"symbol must be a non-empty text, was {value!r}")
